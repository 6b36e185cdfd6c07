"""All SQL, and only here. Functions take an open `Tx` and answer with frozen dataclasses; none of them ever commits."""
