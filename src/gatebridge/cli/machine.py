"""This machine's own server: its settings, master keys and database, for the commands that need no API."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gatebridge.cli.exits import Exit, Stop
from gatebridge.crypto.sealing import MasterKeys
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.settings.catalogue import Settings
from gatebridge.settings.load import SettingsRefused, load
from gatebridge.storage.database import Database
from gatebridge.storage.dialects import is_outage
from gatebridge.storage.tx import Tx

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a local command works with."""

    settings: Settings
    keys: MasterKeys
    database: Database

    def in_each_org(self, act: Callable[[Tx, Actor], Result]) -> list[Result]:
        """Do something in every org, as the operator of this machine, in one transaction."""
        from gatebridge.storage import names

        with self.database.transaction() as tx:
            return [act(tx, operator(org_id)) for org_id in sorted(names.of_orgs(tx))]


def operator(org_id: str) -> Actor:
    """Whoever runs a command on the machine itself, with the database and the master key in hand."""
    return Actor(ActorKind.OPERATOR, org_id, "the operator of this machine", EVERY_POWER)


def settings() -> Settings:
    """The settings of the environment. Raises Stop with every problem at once."""
    try:
        return load(os.environ)
    except SettingsRefused as refused:
        raise Stop(Exit.USAGE, "\n".join(refused.problems)) from None


@contextmanager
def opened(*, make: bool = True) -> Iterator[Machine]:
    """Settings, keys and database, closed at the end. A database that is away ends the command and shows no traceback.

    Without `make`, a database file that is not there is not made: a command that only looks must not leave anything behind.
    """
    from gatebridge import bootstrap  # the whole server hangs from it, and most commands of the client never need it

    found = settings()
    file = Path(found.database_url.removeprefix("sqlite:///"))
    if not make and found.database_url.startswith("sqlite:///") and not file.exists():
        raise Stop(Exit.UNREACHABLE, f"There is no database at {file}. Is this the directory that the server is started in?")
    try:
        keys = bootstrap.find_keys(found)
    except (ValueError, OSError) as error:
        raise Stop(Exit.USAGE, str(error)) from None
    database = bootstrap.open_at(found, keys)
    try:
        yield Machine(found, keys, database)
    except Exception as error:
        if is_outage(error):
            raise Stop(Exit.UNREACHABLE, "The database does not answer, or was never migrated: gatebridge doctor says more.") from None
        raise
    finally:
        database.close()
