"""Copying a live database whole. On SQLite the copy is of one moment; PostgreSQL has its own tools for it (docs/guides/operate.md)."""

import os
from pathlib import Path

from gatebridge.storage import dialects
from gatebridge.storage.database import Database


class NotCopied(Exception):  # noqa: N818 - said to whoever runs the command
    """No copy was made; the message says why, and what to do instead."""


def copy_to(database: Database, target: Path) -> int:
    """Write a copy of the database into a new file, and return its size in bytes once it was found whole. Raises NotCopied.

    Requests go on meanwhile: the copy is what one reader sees, so it is of one moment and never torn (X-RL-05).
    """
    if not database.is_sqlite:
        raise NotCopied("This database is PostgreSQL: use pg_dump or base backups, and `gatebridge db restored` after a restore.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Its owner's alone from the beginning: the copy is long under way before it is whole. SQLite fills a file that is empty.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise NotCopied(f"{target} exists and is not overwritten.") from None
    except OSError as error:
        raise NotCopied(f"The copy could not be written: {error}") from None
    # The driver's own connection, since SQLite refuses this inside a transaction.
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    except dialects.driver.Error as error:
        target.unlink(missing_ok=True)
        raise NotCopied(f"The copy could not be written: {error}") from None
    finally:
        connection.close()
    found = check(target)
    if found != "ok":
        target.unlink()
        raise NotCopied(f"The copy is not whole and was thrown away: {found}")
    return target.stat().st_size


def check(file: Path) -> str:
    """`ok` for an SQLite file that is whole, else what SQLite says of it."""
    connection = dialects.driver.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()
