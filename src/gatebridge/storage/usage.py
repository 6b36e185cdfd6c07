"""OAuth usage, rolled up from the login history by the worker; nothing hot is updated by every request.

What is rolled up ends at a cursor, an id in the history; a reader adds the tail behind it. Counts and cursor move in one transaction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage import leases
from gatebridge.storage.dialects import Id, Moment, upsert
from gatebridge.storage.login_history import login_history
from gatebridge.storage.matching import one_of
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# One row per app and subject: the app itself, one of its users, one of its secrets, one of its certificates.
usage = sa.Table(
    "usage",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("subject_id", Id, primary_key=True),
    # Refusals do not move first and last use: a stranger who guesses must not make a forgotten app look alive.
    sa.Column("first_at", Moment),
    sa.Column("last_at", Moment),
    sa.Column("last_refused_at", Moment),
    sa.Column("granted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refused", sa.BigInteger, nullable=False, server_default="0"),
    # Of a secret: when a page in a browser presented it last. Of an app: when an access token of it came in an address last.
    sa.Column("browser_at", Moment),
    # How many users an app had lately is counted in the index alone.
    sa.Index(None, "org_id", "app_id", "last_at", "subject_id"),
    # Few were ever seen in the open, and they are asked for with every look at an app.
    sa.Index(
        "ix_usage_in_the_open",
        "org_id",
        "app_id",
        sqlite_where=sa.text("browser_at IS NOT NULL"),
        postgresql_where=sa.text("browser_at IS NOT NULL"),
    ),
    # Apps are sorted by their use: of millions of rows those thousands that are of an app itself.
    sa.Index(
        "ix_usage_of_apps", "org_id", "app_id", sqlite_where=sa.text("subject_id = app_id"), postgresql_where=sa.text("subject_id = app_id")
    ),
)

# A line gets its id when the request comes in, and is there for readers when its transaction has committed, up to this much later.
# The cursor stays so far behind, or it would pass lines that nobody can see yet.
SETTLED_AFTER = timedelta(minutes=5)

# Whose usage a line of the history counts for.
SUBJECTS = (login_history.c.app_id, login_history.c.user_id, login_history.c.credential_id)

# Those endpoints that take a token from an address, by the name of their lines.
TELLS_OF_ADDRESSES = ("identity", "userinfo")


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a subject was let through and refused, and when first and last. Refusals folded into a counting row are not in it."""

    app_id: str
    subject_id: str  # the app's own id, or that of a user, secret or certificate
    first_at: datetime | None  # of the successes
    last_at: datetime | None
    last_refused_at: datetime | None
    granted: int
    refused: int

    def __add__(self, later: "Usage") -> "Usage":
        """This and what came after it, of the same subject."""
        return Usage(
            self.app_id,
            self.subject_id,
            self.first_at or later.first_at,
            later.last_at or self.last_at,
            later.last_refused_at or self.last_refused_at,
            self.granted + later.granted,
            self.refused + later.refused,
        )


def roll_up(tx: Tx, org_id: str, limit: int) -> int:
    """Take the next `limit` lines of the history into the counts, and tell how many there were. Running twice at once counts once."""
    name = _name(org_id)
    after = _cursor(leases.lock_progress(tx, name))
    settled = ids.floor(Prefix.RECEIPT, tx.now - SETTLED_AFTER)
    chunk = (
        sa.select(login_history.c.id)
        .where(login_history.c.org_id == org_id, login_history.c.id > after, login_history.c.id < settled)
        .order_by(login_history.c.id)
        .limit(limit)
        .subquery()
    )
    taken, upto = tx.connection.execute(sa.select(sa.func.count(), sa.func.max(chunk.c.id))).one()
    if taken:
        _add(tx, org_id, _sums(tx, org_id, after, upto).values())
        _mark_pages(tx, org_id, after, upto)
        _mark_addresses(tx, org_id, after, upto)
        leases.set_progress(tx, name, {"after": upto})
    return int(taken)


def _add(tx: Tx, org_id: str, found: Iterable[Usage]) -> None:
    """Add what was found to what is there, in one statement: on SQLite everybody who writes waits for it."""
    rows = [{"org_id": org_id} | {name: getattr(each, name) for name in Usage.__slots__} for each in found]
    statement = upsert(tx.connection.dialect.name, usage)
    new = statement.excluded
    added = statement.on_conflict_do_update(
        index_elements=["org_id", "app_id", "subject_id"],
        set_={
            "first_at": sa.func.coalesce(usage.c.first_at, new.first_at),
            "last_at": sa.func.coalesce(new.last_at, usage.c.last_at),
            "last_refused_at": sa.func.coalesce(new.last_refused_at, usage.c.last_refused_at),
            "granted": usage.c.granted + new.granted,
            "refused": usage.c.refused + new.refused,
        },
    )
    if rows:
        tx.connection.execute(added, rows)


def seen_in_the_open(tx: Tx, org_id: str, app_ids: Collection[str]) -> dict[str, datetime]:
    """Those secrets of these apps that a page in a browser has ever presented, and those of the apps of which a token came in an address;
    each with when that was last, as far as the roll-up has come."""
    if not app_ids:
        return {}
    found = sa.select(usage.c.subject_id, usage.c.browser_at).where(
        usage.c.org_id == org_id, usage.c.app_id.in_(sorted(app_ids)), usage.c.browser_at.is_not(None)
    )
    return {row.subject_id: row.browser_at for row in tx.connection.execute(found)}


def _mark_pages(tx: Tx, org_id: str, after: str, upto: str) -> None:
    """Keep which secrets came from a page, by the origin that the receipt repeats."""
    history = login_history.c
    from_page = history.receipt[("request", "origin")].as_string().is_not(None)
    of_secret = sa.and_(history.credential_id > str(Prefix.SECRET), history.credential_id <= Prefix.SECRET + "z" * 12)
    found = (
        sa.select(history.app_id, history.credential_id, sa.func.max(history.at))
        .where(history.org_id == org_id, history.id > after, history.id <= upto, of_secret, from_page)
        .group_by(history.app_id, history.credential_id)
    )
    for app_id, secret_id, at in tx.connection.execute(found).all():
        _mark(tx, org_id, app_id, secret_id, at)


def _mark_addresses(tx: Tx, org_id: str, after: str, upto: str) -> None:
    """Keep of which apps a token came in an address: only then does one of these endpoints leave a line of a success."""
    history = login_history.c
    found = (
        sa.select(history.app_id, sa.func.max(history.at))
        .where(history.org_id == org_id, history.id > after, history.id <= upto)
        .where(history.event.in_(TELLS_OF_ADDRESSES), history.outcome == "success", history.app_id != "")
        .group_by(history.app_id)
    )
    for app_id, at in tx.connection.execute(found).all():
        _mark(tx, org_id, app_id, app_id, at)


def _mark(tx: Tx, org_id: str, app_id: str, subject_id: str, at: datetime) -> None:
    marked = sa.update(usage).where(usage.c.org_id == org_id, usage.c.app_id == app_id, usage.c.subject_id == subject_id)
    tx.connection.execute(marked.values(browser_at=at))


def of_apps(tx: Tx, org_id: str, app_ids: list[str]) -> dict[str, Usage]:
    """The usage of these apps as wholes, the tail included; what was never used is not there. Read it in a snapshot."""
    rolled = _rolled(tx, org_id, one_of(tx.connection, usage.c.app_id, app_ids), usage.c.subject_id == usage.c.app_id)
    tail = _sums(tx, org_id, _reached(tx, org_id), None, app_ids, subjects=(login_history.c.app_id,))
    return {key[0]: found for key, found in _joined(rolled, tail).items()}


def of_subjects(tx: Tx, org_id: str, app_id: str, prefix: Prefix, *, after: str = "", limit: int) -> list[Usage]:
    """The usage of an app by its users, secrets or certificates, by ascending id behind `after`. Read it in a snapshot."""
    first, last = max(after, str(prefix)), prefix + "z" * 12
    narrowed = (usage.c.app_id == app_id, usage.c.subject_id > first, usage.c.subject_id <= last)
    rolled = _rolled(tx, org_id, *narrowed, limit=limit)
    tail = {key: found for key, found in _sums(tx, org_id, _reached(tx, org_id), None, [app_id]).items() if first < key[1] <= last}
    return sorted(_joined(rolled, tail).values(), key=lambda found: found.subject_id)[:limit]


def _joined(rolled: Mapping[tuple[str, str], Usage], tail: Mapping[tuple[str, str], Usage]) -> dict[tuple[str, str], Usage]:
    both = dict(rolled)
    for key, found in tail.items():
        both[key] = both[key] + found if key in both else found
    return both


def _rolled(tx: Tx, org_id: str, *wanted: sa.ColumnElement[bool], limit: int | None = None) -> dict[tuple[str, str], Usage]:
    columns = [usage.c[name] for name in Usage.__slots__]
    statement = sa.select(*columns).where(usage.c.org_id == org_id, *wanted).order_by(usage.c.subject_id).limit(limit)
    return {(row.app_id, row.subject_id): Usage(*row) for row in tx.connection.execute(statement)}


def _sums(
    tx: Tx,
    org_id: str,
    after: str,
    upto: str | None,
    app_ids: list[str] | None = None,
    subjects: Sequence[sa.ColumnElement[Any]] = SUBJECTS,
) -> dict[tuple[str, str], Usage]:
    """The usage of every subject in the lines behind `after`, up to and with `upto`."""
    history = login_history.c
    wanted = [history.org_id == org_id, history.id > after]
    wanted.append(history.id <= upto if upto is not None else sa.true())
    wanted.append(one_of(tx.connection, history.app_id, app_ids) if app_ids is not None else history.app_id != "")
    lines = sa.union_all(
        *(
            sa.select(history.app_id, one.label("subject_id"), history.at, history.outcome).where(*wanted, one.is_not(None))
            for one in subjects
        )
    ).subquery()
    success, refusal = lines.c.outcome == "success", lines.c.outcome == "refused"
    statement = sa.select(
        lines.c.app_id,
        lines.c.subject_id,
        sa.func.min(sa.case((success, lines.c.at))),
        sa.func.max(sa.case((success, lines.c.at))),
        sa.func.max(sa.case((refusal, lines.c.at))),
        sa.func.count(sa.case((success, 1))),
        sa.func.count(sa.case((refusal, 1))),
    ).group_by(lines.c.app_id, lines.c.subject_id)
    return {(row[0], row[1]): Usage(*row) for row in tx.connection.execute(statement)}


def _reached(tx: Tx, org_id: str) -> str:
    return _cursor(leases.progress(tx, _name(org_id)))


def _name(org_id: str) -> str:
    return f"usage:{org_id}"


def _cursor(progress: Mapping[str, Any]) -> str:
    return str(progress.get("after", ""))
