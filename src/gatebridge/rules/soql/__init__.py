"""SOQL, as far as it is read here: what a query says, which objects there are, and whether the one fits the other."""
