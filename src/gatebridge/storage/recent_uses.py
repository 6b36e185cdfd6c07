"""Who used an app lately, from what is kept per app, user and grant: a few bounded statements, however long the history is."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.storage.grants import ONE_LIVE_GRANT, grants, of_row
from gatebridge.storage.people import permission_set_assignments, users
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import usage


@dataclass(frozen=True, slots=True)
class RecentUse:
    """That a user was let through to an app, and when last."""

    app_id: str
    user_id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Among:
    """Of whom: the users of one app, or those with one profile or permission set, or one user. What is None narrows nothing."""

    app_id: str | None = None
    installation_id: str | None = None  # of that app
    profile_id: str | None = None
    set_id: str | None = None
    user_id: str | None = None


def rolled_up(tx: Tx, org_id: str, since: datetime, among: Among, most: int) -> list[RecentUse]:
    """Each app and user of whom the roll-up knows a success not before `since`, the latest first. The newest lines are not in it yet."""
    counted = usage.c
    wanted = [counted.org_id == org_id, counted.last_at >= since]
    wanted += [counted.subject_id > str(Prefix.USER), counted.subject_id <= Prefix.USER + "z" * 12]
    if among.app_id is not None:
        wanted.append(counted.app_id == among.app_id)
    if among.user_id is not None:
        wanted.append(counted.subject_id == among.user_id)
    if among.profile_id is not None:
        wanted.append(counted.subject_id.in_(_of_profile(org_id, among.profile_id)))
    if among.set_id is not None:
        wanted.append(counted.subject_id.in_(_of_set(org_id, among.set_id)))
    columns = (counted.app_id, counted.subject_id, counted.last_at)
    rows = tx.connection.execute(sa.select(*columns).where(*wanted).order_by(counted.last_at.desc(), *columns[:2]).limit(most))
    return [RecentUse(*row) for row in rows]


def live_grants(tx: Tx, org_id: str, since: datetime, among: Among, most: int) -> list[Grant]:
    """The live grants that were used not before `since`, the newest first; and those that all tokens of a service share, used or not."""
    table = grants.c
    recently = sa.func.coalesce(table.last_used_at, table.created_at) >= since
    wanted = [table.org_id == org_id, table.ended_at.is_(None), sa.or_(recently, table.flow.in_(sorted(ONE_LIVE_GRANT)))]
    if among.installation_id is not None:
        wanted.append(table.installation_id == among.installation_id)
    if among.user_id is not None:
        wanted.append(table.user_id == among.user_id)
    if among.profile_id is not None:
        wanted.append(table.user_id.in_(_of_profile(org_id, among.profile_id)))
    if among.set_id is not None:
        wanted.append(table.user_id.in_(_of_set(org_id, among.set_id)))
    return [of_row(row) for row in tx.connection.execute(sa.select(grants).where(*wanted).order_by(table.id.desc()).limit(most))]


def _of_profile(org_id: str, profile_id: str) -> sa.Select[tuple[str]]:
    return sa.select(users.c.id).where(users.c.org_id == org_id, users.c.profile_id == profile_id)


def _of_set(org_id: str, set_id: str) -> sa.Select[tuple[str]]:
    held = permission_set_assignments.c
    return sa.select(held.user_id).where(held.org_id == org_id, held.permission_set_id == set_id)


def anybody(tx: Tx, org_id: str, holder_ids: list[str]) -> bool:
    """Whether any active user has one of these profiles, or holds one of these permission sets at this moment."""
    if not holder_ids:
        return False
    held = permission_set_assignments.c
    by_set = sa.select(held.user_id).where(
        held.org_id == org_id,
        held.permission_set_id.in_(holder_ids),
        sa.or_(held.expires_at.is_(None), held.expires_at > tx.now),
    )
    holds = sa.or_(users.c.profile_id.in_(holder_ids), users.c.id.in_(by_set))
    there = sa.exists().where(users.c.org_id == org_id, users.c.state == "active", users.c.frozen.is_(False), holds)
    return bool(tx.connection.execute(sa.select(there)).scalar_one())
