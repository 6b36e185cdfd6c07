"""`gatebridge doctor`: what is in order on this machine and what is not, a line each, changing nothing."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gatebridge.cli.exits import Exit, Stop

if TYPE_CHECKING:  # what it examines is imported where it is looked at, like in `local`
    from gatebridge.storage.tx import Tx


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is, and what to do where it is not well."""

    name: str
    state: State
    words: str


LITTLE_SPACE = 1_000_000_000
NO_SPACE = 100_000_000
SKEW_WARN_SECONDS = 1.0
SKEW_FAIL_SECONDS = 30.0


def examine(environ: Mapping[str, str]) -> list[Check]:
    """Every check that can be made; what depends on one that failed is left out."""
    return list(_checks(environ))


def _checks(environ: Mapping[str, str]) -> Iterator[Check]:
    from gatebridge import bootstrap
    from gatebridge.settings.load import SettingsRefused, load

    try:
        settings = load(environ)
    except SettingsRefused as refused:
        for problem in refused.problems:
            yield Check("settings", State.FAIL, problem)
        return
    yield Check("settings", State.OK, f"{settings.environment}, {settings.base_url}")
    yield _https(settings.base_url, settings.environment)
    yield _sqlite_version(settings.database_url)
    yield _disk(settings.var_directory)
    if settings.make_master_key_at and not (settings.master_key or settings.master_key_file or settings.make_master_key_at.exists()):
        # Looking must not make one.
        yield Check("master key", State.WARN, f"There is none yet; the first start makes one at {settings.make_master_key_at}.")
        return
    try:
        keys = bootstrap.find_keys(settings)
    except (ValueError, OSError) as error:
        yield Check("master key", State.FAIL, str(error))
        return
    yield Check("master key", State.OK, f"current {keys.current.id}, {len(keys.all) - 1} older")
    if settings.database_url.startswith("sqlite") and not Path(settings.database_url.removeprefix("sqlite:///")).exists():
        yield Check("database", State.WARN, "There is no database file yet; `gatebridge db upgrade` makes it.")
        return
    database = bootstrap.open_at(settings, keys)
    try:
        yield from _database(database)
    finally:
        database.close()


def _database(database: object) -> Iterator[Check]:
    from gatebridge.storage import migrate
    from gatebridge.storage.database import Database, utc_now
    from gatebridge.storage.dialects import is_outage

    if not isinstance(database, Database):
        raise TypeError("a database is needed")
    try:
        found, newest = migrate.revision(database), migrate.head()
        if found != newest:
            yield Check(
                "database", State.FAIL, f"It stands at migration {found or 'none'}, this version needs {newest}: gatebridge db upgrade"
            )
            return
        yield Check("database", State.OK, f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, migration {found}")
        differences = migrate.differences(database)
        if differences:
            yield Check("schema", State.FAIL, f"The tables differ from this version's: {differences[0]}")
        with database.snapshot() as tx:
            yield _skew(abs((tx.now - utc_now()).total_seconds()))
            yield _signing_keys(tx)
    except Exception as error:
        if not is_outage(error):
            raise
        yield Check("database", State.FAIL, f"It does not answer ({type(error).__name__}).")


def _signing_keys(tx: "Tx") -> Check:
    """Whether there is a key that signs, and whether the master keys at hand open those of every org: a server starts without it."""
    from gatebridge.crypto import sealing
    from gatebridge.setup.signing_keys import PURPOSE
    from gatebridge.storage import names, signing_keys

    if not signing_keys.that_sign(tx, 1):
        return Check("signing keys", State.WARN, "No org has a key that signs: gatebridge first-admin sets the first org up.")
    found = [key for org_id in names.of_orgs(tx) for key in signing_keys.published(tx, org_id) if key.retired_at is None]
    for key in found:
        try:
            sealing.open_(tx.keys, PURPOSE, key.sealed, context=f"{key.org_id} {key.id}")
        except sealing.SealBroken as broken:
            words = f"Key {key.id} does not open, so its org signs nothing. {broken}: is it in GATEBRIDGE_OLDER_MASTER_KEYS?"
            return Check("signing keys", State.FAIL, words)
    return Check("signing keys", State.OK, f"There is a key that signs, and all {len(found)} open.")


def _skew(seconds: float) -> Check:
    if seconds > SKEW_FAIL_SECONDS:
        return Check(
            "clock", State.FAIL, f"This machine and the database are {seconds:.0f} s apart; tokens would begin or end at the wrong time."
        )
    if seconds > SKEW_WARN_SECONDS:
        return Check("clock", State.WARN, f"This machine and the database are {seconds:.1f} s apart.")
    return Check("clock", State.OK, "This machine and the database agree.")


def _https(base_url: str, environment: str) -> Check:
    if base_url.startswith("https://"):
        return Check("address", State.OK, "https")
    state = State.FAIL if environment == "production" else State.WARN
    return Check("address", state, "Plain http, which is fit for trying out on this machine alone.")


def _sqlite_version(database_url: str) -> Check:
    from gatebridge.storage import dialects

    version = ".".join(map(str, dialects.sqlite_version()))
    if not database_url.startswith("sqlite"):
        return Check("SQLite", State.OK, f"{version}, not used")
    if dialects.wal_is_safe():
        return Check("SQLite", State.OK, f"{version}, write-ahead log")
    return Check("SQLite", State.WARN, f"{version} can corrupt a write-ahead log, so the slower TRUNCATE journal is used; 3.51.3 is sound.")


def _disk(directory: Path) -> Check:
    place = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    return Check("disk", State.FAIL if free < NO_SPACE else State.WARN if free < LITTLE_SPACE else State.OK, words)


def conclude(checks: list[Check], say: Callable[[Check], None]) -> None:
    """Say each check; raises Stop when one has failed."""
    for check in checks:
        say(check)
    failed = [check for check in checks if check.state is State.FAIL]
    if failed:
        raise Stop(Exit.REFUSED, f"{len(failed)} of {len(checks)} checks failed.")
