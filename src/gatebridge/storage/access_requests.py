"""The request queue: apps that somebody tried to use here uninstalled, and users who ask to be let into an app."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.access_requests import QUIET, AccessRequest, RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.storage import sorting
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.dialects import Id, Moment, Text, folded, for_update, insert_new
from gatebridge.storage.matching import one_of
from gatebridge.storage.metadata import metadata
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx

access_requests = sa.Table(
    "access_requests",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),  # app: it is not installed; user: nobody has approved the user for it
    sa.Column("app_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False, server_default=""),  # empty where nobody had signed in
    sa.Column("state", sa.String(12), nullable=False),  # open, approved, refused, blocked
    sa.Column("scopes", Text, nullable=False, server_default=""),  # of the last attempt
    sa.Column("flow", sa.String(24), nullable=False, server_default=""),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("words", Text, nullable=False, server_default=""),  # why the user asks, in the user's own words
    sa.Column("count", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("first_at", Moment, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.String(18)),
    sa.Column("reason", Text, nullable=False, server_default=""),  # why it was decided so
    sa.Column("ends_at", Moment),  # until when an approval holds
    sa.Index(None, "org_id", "state", "id"),
)

# One open request for each app and user, however often somebody tries.
_OPEN = sa.text("state = 'open'")
sa.Index(
    "uq_access_requests_open",
    access_requests.c.org_id,
    access_requests.c.kind,
    access_requests.c.app_id,
    access_requests.c.user_id,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody tried or asks for. `words` are a user's own; an attempt has none."""

    org_id: str
    kind: RequestKind
    app_id: str
    user_id: str | None = None
    scopes: str = ""
    flow: str = ""
    address: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an admin decides about an open request."""

    state: RequestState
    by: str
    reason: str = ""
    ends_at: datetime | None = None


class RequestOrder(StrEnum):
    """By what a list of requests is sorted."""

    AGE = "age"
    LAST = "last"  # when it was last asked
    APP = "app"


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A request with the names of what it is about, whichever org the app belongs to: whoever decides must know what it is."""

    request: AccessRequest
    app: str
    consumer_key: str
    publisher: str
    of_this_org: bool
    user: str  # as people know it; empty where nobody had signed in
    username: str
    decided_by: str


def count_up(tx: Tx, wanted: Wanted, times: int = 1) -> bool:
    """Count an attempt on the open request for the same, or on one that was refused lately; else open one. True for a new one."""
    if _counted(tx, wanted, times):
        return False
    return _opened(tx, wanted, times) or not _counted(tx, wanted, times)  # somebody else opened it in this very moment


def latest(tx: Tx, org_id: str, kind: RequestKind, app_id: str, user_id: str | None) -> AccessRequest | None:
    """The newest request of this kind for this app and user."""
    here = access_requests.c
    of_both = (here.org_id == org_id, here.kind == kind, here.app_id == app_id, here.user_id == (user_id or ""))
    row = tx.connection.execute(sa.select(access_requests).where(*of_both).order_by(here.id.desc()).limit(1)).one_or_none()
    return _of_row(row) if row else None


def hold(tx: Tx, org_id: str, app_id: str) -> None:
    """Nobody else decides or repeats what is asked about this app until the end.

    Held before all else by who decides, in the order of their ids: with one of them comes the app's installation, and with that the rest.
    """
    here = access_requests.c
    waiting = sa.select(here.id).where(here.org_id == org_id, here.app_id == app_id, here.state == RequestState.OPEN).order_by(here.id)
    tx.connection.execute(for_update(waiting, tx.connection))


def decide(tx: Tx, org_id: str, request_id: str, decision: Decision) -> bool:
    """Decide an open request. False when it is not open any more: somebody else was first."""
    return bool(_decided(tx, decision, access_requests.c.org_id == org_id, access_requests.c.id == request_id))


def decide_all(tx: Tx, org_id: str, app_id: str, decision: Decision) -> list[AccessRequest]:
    """Decide every open request for the app itself, and return them as they are then."""
    here = access_requests.c
    return _decided(tx, decision, here.org_id == org_id, here.app_id == app_id, here.kind == RequestKind.APP)


def by_id(tx: Tx, org_id: str, request_id: str) -> ListedRequest | None:
    """The request of this id in the org."""
    row = tx.connection.execute(_listed(org_id).where(access_requests.c.id == request_id)).one_or_none()
    return _listed_of_row(row) if row else None


def page(
    tx: Tx,
    org_id: str,
    *,
    after: str | None = None,
    limit: int,
    state: RequestState | None = None,
    kind: RequestKind | None = None,
    app_id: str | None = None,
    user_id: str | None = None,
    by: RequestOrder = RequestOrder.AGE,
    descending: bool = True,
) -> list[ListedRequest]:
    """The requests behind the one with the id `after`, that fit every filter given; newest first, or in the given order."""
    here = access_requests.c
    given = {"state": state, "kind": kind, "app_id": app_id, "user_id": user_id}
    wanted = [here[name] == value for name, value in given.items() if value is not None]
    # First only the ids: of thousands a few are shown, and only those are read with their names.
    among, key = _keyed(org_id, by)
    found = sorting.page(tx, among, *wanted, record_id=here.id, key=key, descending=descending, after=after, limit=limit)
    ids = [row.id for row in found]
    read = {row.id: row for row in tx.connection.execute(_listed(org_id).where(one_of(tx.connection, here.id, ids)))} if ids else {}
    return [_listed_of_row(read[each]) for each in ids]


def _keyed(org_id: str, by: RequestOrder) -> tuple[sa.Select[Any], sa.ColumnElement[Any] | None]:
    """The ids of all requests of an org, and by what they are sorted; nothing: by age."""
    here = access_requests.c
    among: sa.FromClause = access_requests
    if by is RequestOrder.APP:
        among = among.outerjoin(app_directory, app_directory.c.app_id == here.app_id)
        among = among.outerjoin(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
    keys: dict[RequestOrder, sa.ColumnElement[Any]] = {
        RequestOrder.LAST: here.last_at,
        RequestOrder.APP: sa.func.coalesce(folded(apps.c.label), ""),
    }
    return sa.select(here.id).select_from(among).where(here.org_id == org_id), keys.get(by)


def waiting(tx: Tx, org_id: str, most: int) -> int:
    """How many requests wait for an answer; no more than `most` are counted."""
    here = access_requests.c
    first = sa.select(here.id).where(here.org_id == org_id, here.state == RequestState.OPEN).limit(most).subquery()
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(first)).scalar_one())


def _counted(tx: Tx, wanted: Wanted, times: int) -> bool:
    here = access_requests.c
    lately = sa.and_(here.state == RequestState.REFUSED, here.decided_at > tx.now - QUIET)
    seen = {"scopes": wanted.scopes, "flow": wanted.flow, "address": wanted.address} | ({"words": wanted.words} if wanted.words else {})
    counted = tx.connection.execute(
        sa.update(access_requests)
        .where(
            here.org_id == wanted.org_id,
            here.kind == wanted.kind,
            here.app_id == wanted.app_id,
            here.user_id == (wanted.user_id or ""),
            sa.or_(here.state == RequestState.OPEN, lately),
        )
        .values(count=here.count + times, last_at=tx.now, **seen)
    )
    return bool(counted.rowcount)


def _opened(tx: Tx, wanted: Wanted, times: int) -> bool:
    opened = tx.connection.execute(
        insert_new(tx.connection, access_requests).values(
            org_id=wanted.org_id,
            id=tx.new_id(Prefix.REQUEST),
            kind=wanted.kind,
            app_id=wanted.app_id,
            user_id=wanted.user_id or "",
            state=RequestState.OPEN,
            scopes=wanted.scopes,
            flow=wanted.flow,
            address=wanted.address,
            words=wanted.words,
            count=times,
            first_at=tx.now,
            last_at=tx.now,
        )
    )
    return bool(opened.rowcount)


def _decided(tx: Tx, decision: Decision, *which: sa.ColumnElement[bool]) -> list[AccessRequest]:
    statement = (
        sa.update(access_requests)
        .where(access_requests.c.state == RequestState.OPEN, *which)
        .values(state=decision.state, decided_at=tx.now, decided_by=decision.by, reason=decision.reason, ends_at=decision.ends_at)
        .returning(access_requests)
    )
    return sorted((_of_row(row) for row in tx.connection.execute(statement)), key=lambda request: request.id)


def _listed(org_id: str) -> sa.Select[Any]:
    here, decider = access_requests.c, users.alias("decider")
    among = (
        access_requests.outerjoin(app_directory, app_directory.c.app_id == here.app_id)
        .outerjoin(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .outerjoin(orgs, orgs.c.id == apps.c.org_id)
        .outerjoin(users, sa.and_(users.c.org_id == here.org_id, users.c.id == here.user_id))
        .outerjoin(decider, sa.and_(decider.c.org_id == here.org_id, decider.c.id == here.decided_by))
    )
    return (
        sa.select(
            access_requests,
            *(apps.c.label, apps.c.consumer_key, apps.c.org_id.label("owning_org"), orgs.c.name.label("publisher")),
            *(column.label(f"user_{column.name}") for column in (users.c.username, users.c.first_name, users.c.last_name)),
            *(column.label(f"decider_{column.name}") for column in (decider.c.username, decider.c.first_name, decider.c.last_name)),
        )
        .select_from(among)
        .where(here.org_id == org_id)
    )


def _listed_of_row(row: Any) -> ListedRequest:
    return ListedRequest(
        request=_of_row(row),
        app=row.label or "",
        consumer_key=row.consumer_key or "",
        publisher=row.publisher or "",
        of_this_org=row.owning_org == row.org_id,
        user=_name(row.user_username, row.user_first_name, row.user_last_name),
        username=row.user_username or "",
        # Who is no user has a kind, such as the operator of the machine.
        decided_by=_name(row.decider_username, row.decider_first_name, row.decider_last_name) or row.decided_by or "",
    )


def _name(username: str | None, first: str | None, last: str | None) -> str:
    return f"{first or ''} {last or ''}".strip() or username or ""


def _of_row(row: Any) -> AccessRequest:
    return AccessRequest(
        id=row.id,
        org_id=row.org_id,
        kind=RequestKind(row.kind),
        app_id=row.app_id,
        user_id=row.user_id or None,
        state=RequestState(row.state),
        first_at=row.first_at,
        last_at=row.last_at,
        count=row.count,
        scopes=tuple(row.scopes.split()),
        flow=row.flow,
        address=row.address,
        words=row.words,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        ends_at=row.ends_at,
    )
