"""What is recorded: the login history, the setup audit trail, and the sessions that live."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.actors import ActorKind
from gatebridge.rules.audit import Change, sentence
from gatebridge.rules.events import Event
from gatebridge.rules.hours import open_now
from gatebridge.rules.levels import Level
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.sessions import absolute, idle_minutes
from gatebridge.rules.soql.matching import fold
from gatebridge.rules.soql.objects_of_records import AT_A_BROWSER, BROWSERS, BY_AN_APP, LOGIN_SUB_TYPES, PLATFORMS, SUCCESS, UNKNOWN
from gatebridge.rules.soql.query import Comparison, In, Op
from gatebridge.storage import orgs as stored_orgs
from gatebridge.storage import rows
from gatebridge.storage.audit_trail import audit_trail
from gatebridge.storage.dialects import folded
from gatebridge.storage.login_history import login_history
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import profiles, users
from gatebridge.storage.sessions import sessions
from gatebridge.storage.sobjects.apps import labels
from gatebridge.storage.sobjects.columns import Clause, Column, Labelled, Leaf, MintedAt, Number, Plain, Same, Sql, Text, Told
from gatebridge.storage.sobjects.people import optional
from gatebridge.storage.sobjects.sources import Source
from gatebridge.storage.tx import Tx

# Written into the statement and not bound to it: only then the databases see that the index of the refusals serves.
_SUCCEEDED = login_history.c.outcome == sa.literal_column("'success'")
_REFUSED = login_history.c.outcome == sa.literal_column("'refused'")
_AT_A_BROWSER = ("sign_in", "session_ended")


def of_login_history(tx: Tx, org_id: str) -> Source:
    line = login_history.c
    host = sa.select(orgs.c.host).where(orgs.c.id == org_id).scalar_subquery()
    sub_type = sa.case({flow.value: name for flow, name in LOGIN_SUB_TYPES.items()}, value=line.flow, else_="")
    columns: dict[str, Column] = {
        "Id": Plain(line.id),
        "UserId": Plain(line.user_id, line.user_id.is_(None)),
        "LoginTime": MintedAt(line.id),
        "LoginType": Text(sa.case((line.event.in_(_AT_A_BROWSER), AT_A_BROWSER), else_=BY_AN_APP)),
        "LoginSubType": optional(sub_type),
        "SourceIp": Text(line.address),
        "LoginUrl": Text(host),
        "Browser": Text(_first_sign(line.user_agent, BROWSERS)),
        "Platform": Text(_first_sign(line.user_agent, PLATFORMS)),
        "Status": Status(),
        "Application": Labelled(line.app_id, lambda: labels(tx, org_id)),
        "ClientVersion": Same(None),
        "ApiType": Same(None),
        "ApiVersion": Same(None),
        "CountryIso": Same(None),
        "ConnectedApplicationId": Plain(line.app_id, line.app_id == ""),
        "Event": Text(line.event),
        "Flow": optional(sa.func.coalesce(line.flow, "")),
        "UserAgent": Told(str, line.user_agent),
    }
    return Source(login_history, (line.org_id == org_id,), columns, (line.id,), line.id, newest_first=True, wide=True)


class Status(Text):
    """Success, or the code of the reason of a refusal. Asked for exactly, it is found by the index of the refusals."""

    def __init__(self) -> None:
        super().__init__(sa.case((_SUCCEEDED, SUCCESS), else_=sa.func.coalesce(login_history.c.reason, "")))

    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        if isinstance(leaf, In):
            values, negated = set(leaf.values), leaf.negated
        elif isinstance(leaf, Comparison) and leaf.op in (Op.EQ, Op.NE) and leaf.value is not None:
            values, negated = {leaf.value}, leaf.op is Op.NE
        else:
            return super().test(leaf, wanted=wanted)
        codes = {fold(str(value)) for value in values}
        others = sorted(codes - {fold(SUCCESS)})
        refused = sa.and_(_REFUSED, login_history.c.reason.in_(others)) if others else sa.false()
        if wanted is not negated:
            return sa.or_(_SUCCEEDED, refused) if len(others) < len(codes) else refused
        refused_otherwise = sa.and_(_REFUSED, login_history.c.reason.not_in(others)) if others else _REFUSED
        return refused_otherwise if len(others) < len(codes) else sa.or_(_SUCCEEDED, refused_otherwise)


def _first_sign(user_agent: Sql, signs: Iterable[tuple[str, str]]) -> Sql:
    said = folded(user_agent)
    return sa.case(*((said.contains(sign, autoescape=True), shown) for sign, shown in signs), else_=UNKNOWN)


def of_audit_trail(_: Tx, org_id: str) -> Source:
    line = audit_trail.c
    user_id = sa.case((line.actor_kind == ActorKind.USER, line.actor_id))
    columns: dict[str, Column] = {
        "Id": Plain(line.id),
        "Action": Text(line.event),
        "Section": Text(line.target_kind),
        "Display": Told(_told, line.target_name, line.changes),
        "CreatedById": Plain(user_id, user_id.is_(None)),
        "CreatedByContext": Told(str, line.actor_name),
        "CreatedDate": Plain(line.at),
        "TargetId": Plain(line.target_id, line.target_id == ""),
        "SourceIp": optional(line.address),
    }
    changes = line.event != Event.LOGIN_HISTORY_SEALED  # that an hour of the login history was sealed is none
    return Source(audit_trail, (line.org_id == org_id, changes), columns, (line.id,), line.id, newest_first=True)


def _told(target_name: str, changes: Iterable[Mapping[str, Any]]) -> str:
    """What was changed, and how: the lines that the audit trail shows."""
    said = [sentence(Change(str(each["field"]), each["before"], each["after"])) for each in changes]
    return f"{target_name}: {'; '.join(said)}" if said else target_name


def of_sessions(tx: Tx, org_id: str) -> Source:
    """The sessions that live, as `rules.sessions.over` says: what it asks of a profile is asked here, once for each."""
    session, user = sessions.c, users.c
    org = stored_orgs.by_id(tx, org_id)
    if org is None:
        raise ValueError("The org is gone")
    held = [rows.profile(row) for row in tx.connection.execute(sa.select(profiles).where(profiles.c.org_id == org_id))]
    ids_by_life: dict[timedelta, list[str]] = {}
    for profile in held:
        if Permission.API_ONLY not in profile.permissions and open_now(profile.login_hours, org.settings.timezone, tx.now):
            life = timedelta(minutes=idle_minutes(profile=profile.session_minutes, org=org.settings.session_minutes))
            ids_by_life.setdefault(life, []).append(profile.id)
    in_use = [sa.and_(user.profile_id.in_(listed), session.last_seen_at > tx.now - life) for life, listed in ids_by_life.items()]
    # As large as a number in a query may be, or PostgreSQL would refuse to compare the two.
    seconds = [
        (user.profile_id.in_(listed), sa.literal(life // timedelta(seconds=1), sa.BigInteger)) for life, listed in ids_by_life.items()
    ]
    columns: dict[str, Column] = {
        "Id": Plain(session.id),
        "UsersId": Plain(session.user_id),
        "UserType": Same("Standard"),
        "SessionType": Same("UI"),
        "SessionSecurityLevel": Text(sa.case((session.level == Level.HIGH, "HIGH_ASSURANCE"), else_="STANDARD")),
        "LoginType": Same(AT_A_BROWSER),
        "SourceIp": optional(session.address),
        "NumSecondsValid": Number(sa.case(*seconds, else_=0)) if seconds else Same(0),
        "CreatedDate": Plain(session.created_at),
        "LastModifiedDate": Plain(session.last_seen_at),
    }
    where = (
        *(session.org_id == org_id, session.ended_at.is_(None), session.org_epoch == org.epoch, session.user_epoch == user.epoch),
        *(user.state == UserState.ACTIVE, user.frozen.is_(False), session.authenticated_at > tx.now - absolute(org.settings)),
        sa.or_(*in_use) if in_use else sa.false(),
    )
    table = sessions.join(users, sa.and_(user.org_id == session.org_id, user.id == session.user_id))
    return Source(table, where, columns, (session.id,), session.id)
