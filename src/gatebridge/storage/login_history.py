"""Login history: one row per sign-in and token outcome, with its receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

_REFUSED = sa.text("outcome = 'refused'")
_OF_A_FLOW = sa.text("flow IS NOT NULL")

login_history = sa.Table(
    "login_history",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),  # the receipt's id, the operation's id, and for a token its `jti`
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.String(24), nullable=False),  # token, introspection, revocation, api
    sa.Column("outcome", sa.String(8), nullable=False),  # success or refused
    sa.Column("reason", sa.String(48)),  # of a refusal
    sa.Column("app_id", Id, nullable=False, server_default=""),  # empty where a stranger named none that exists
    sa.Column("installation_id", Id),
    sa.Column("grant_id", Id),
    sa.Column("user_id", Id),
    sa.Column("flow", sa.String(24)),
    sa.Column("scopes_asked", Text),
    sa.Column("scopes_given", Text),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("user_agent", sa.String(512), nullable=False, server_default=""),
    sa.Column("auth_method", sa.String(24)),
    sa.Column("credential_id", Id),  # the secret or certificate that proved the client
    sa.Column("would_refuse", sa.String(48)),  # the reason with which a monitored rule would have refused what went through
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("receipt", Json, nullable=False),
    sa.Index(None, "org_id", "app_id", "id"),
    sa.Index(None, "org_id", "user_id", "id"),
    # Successes are the many; only refusals are ever looked for by their reason.
    sa.Index(
        "ix_login_history_refusals",
        "org_id",
        "reason",
        "id",
        sqlite_where=_REFUSED,
        postgresql_where=_REFUSED,
    ),
    sa.Index("ix_login_history_refused", "org_id", "id", sqlite_where=_REFUSED, postgresql_where=_REFUSED),
    sa.Index("ix_login_history_refused_of_app", "org_id", "app_id", "id", sqlite_where=_REFUSED, postgresql_where=_REFUSED),
    # What an address or a flow was about, for a month as for a day.
    sa.Index("ix_login_history_by_flow", "org_id", "flow", "id", sqlite_where=_OF_A_FLOW, postgresql_where=_OF_A_FLOW),
    sa.Index("ix_login_history_refused_of_flow", "org_id", "flow", "id", sqlite_where=_REFUSED, postgresql_where=_REFUSED),
    sa.Index("ix_login_history_by_address", "org_id", "address", "id"),
    # Few are looked for among many, and only while somebody tries out a rule.
    sa.Index(
        "ix_login_history_would_refuse",
        "org_id",
        "id",
        sqlite_where=sa.text("would_refuse IS NOT NULL"),
        postgresql_where=sa.text("would_refuse IS NOT NULL"),
    ),
)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One outcome of a sign-in or token request, as recorded."""

    org_id: str
    id: str
    at: datetime
    event: str
    outcome: str
    status: int
    address: str
    user_agent: str
    receipt: Mapping[str, object]  # findings and what was compared
    reason: str | None = None
    app_id: str = ""
    installation_id: str | None = None
    grant_id: str | None = None
    user_id: str | None = None
    flow: str | None = None
    scopes_asked: str | None = None
    scopes_given: str | None = None
    auth_method: str | None = None
    credential_id: str | None = None
    would_refuse: str | None = None


def insert_many(tx: Tx, lines: Sequence[HistoryLine]) -> None:
    """Record outcomes in one statement."""
    tx.connection.execute(sa.insert(login_history), [{name: getattr(line, name) for name in HistoryLine.__slots__} for line in lines])


def first_id_behind(tx: Tx, org_id: str, behind_id: str) -> str | None:
    """The smallest id of a line behind this id, or None."""
    wanted = (login_history.c.org_id == org_id, login_history.c.id > behind_id)
    found: str | None = tx.connection.scalar(sa.select(login_history.c.id).where(*wanted).order_by(login_history.c.id).limit(1))
    return found


def stretch(tx: Tx, org_id: str, behind_id: str, up_to_id: str, columns: Sequence[str], limit: int) -> Sequence[sa.Row[tuple[object, ...]]]:
    """These columns of the lines behind one id and up to another, in the order of their ids, at most `limit` lines.

    The receipt is the text as which the database keeps it, which takes a third of the time of reading it and writing it down anew.
    """
    wanted = (login_history.c.org_id == org_id, login_history.c.id > behind_id, login_history.c.id <= up_to_id)
    chosen = sa.select(*(sa.cast(each, Text) if each.name == "receipt" else each for each in (login_history.c[name] for name in columns)))
    return tx.connection.execute(chosen.where(*wanted).order_by(login_history.c.id).limit(limit)).all()


def forget(tx: Tx, org_id: str, up_to_id: str, limit: int) -> int:
    """Remove the lines up to this id, the oldest first, at most `limit`, and tell how many there were."""
    doomed = (
        sa.select(login_history.c.id)
        .where(login_history.c.org_id == org_id, login_history.c.id <= up_to_id)
        .order_by(login_history.c.id)
        .limit(limit)
    )
    gone = sa.delete(login_history).where(login_history.c.org_id == org_id, login_history.c.id.in_(doomed))
    return int(tx.connection.execute(gone).rowcount)


def count(tx: Tx, org_id: str, up_to_id: str) -> int:
    """How many lines there are up to this id."""
    wanted = (login_history.c.org_id == org_id, login_history.c.id <= up_to_id)
    return int(tx.connection.execute(sa.select(sa.func.count()).where(*wanted)).scalar_one())
