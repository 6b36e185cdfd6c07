"""Statements that are compiled once in a run, and not again for each database that a test opens.

Each engine of SQLAlchemy keeps what it has compiled for itself. A server opens one engine, and a run of the tests some thousands, most
of which live for a few statements.
"""

from collections.abc import Hashable
from typing import Any

# More than there are statements in the product; queries that are made up by tests come on top.
MOST = 3_000


class _Compiled(dict[tuple[Hashable, ...], Any]):
    """What was compiled for one kind of database. The first part of a key is the engine's own dialect object, which says no more."""

    def get(self, key: tuple[Hashable, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Hashable, ...], compiled: Any) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key[1:], compiled)


def compile_once() -> None:
    """From here on, engines of the product share what they have compiled, by the kind of their database."""
    from gatebridge.storage import dialects

    make, kept = dialects.make_engine, dict[str, _Compiled]()

    def made(url: str, **given: int) -> Any:
        engine = make(url, **given)
        engine.update_execution_options(compiled_cache=kept.setdefault(engine.dialect.name, _Compiled()))
        return engine

    dialects.make_engine = made
