"""Grants: the authorization events from which tokens hang."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.levels import Level
from gatebridge.storage.dialects import Id, Moment, Text, for_update, insert_new
from gatebridge.storage.installations import installations
from gatebridge.storage.metadata import metadata
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("flow", sa.String(24), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("scopes", Text, nullable=False, server_default=""),
    sa.Column("last_used_at", Moment),
    sa.Column("session_id", Id),
    sa.Column("level", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("methods", sa.String(64), nullable=False, server_default=""),
    sa.Column("authenticated_at", Moment),
    sa.Column("nonce", Text),
    sa.Column("activated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("userinfo_claims", Text, nullable=False, server_default=""),
    sa.Column("id_token_claims", Text, nullable=False, server_default=""),
    sa.Column("ended_at", Moment),
    sa.Column("ended_because", Text, nullable=False, server_default=""),
    sa.Index(None, "org_id", "installation_id", "user_id"),
    sa.Index(None, "org_id", "user_id"),
)

# Client credentials and JWT bearer have one live grant per installation and user (docs/decisions/0008).
ONE_LIVE_GRANT = frozenset({Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER})
_SHARED = sa.text("flow IN ('client_credentials', 'jwt_bearer') AND ended_at IS NULL")
sa.Index(
    "uq_grants_shared",
    grants.c.org_id,
    grants.c.installation_id,
    grants.c.user_id,
    grants.c.flow,
    unique=True,
    sqlite_where=_SHARED,
    postgresql_where=_SHARED,
)

# The live grants of an app from the newest on, and of how many users they are.
_LIVE = sa.text("ended_at IS NULL")
sa.Index(
    "ix_grants_live",
    grants.c.org_id,
    grants.c.installation_id,
    grants.c.id,
    grants.c.user_id,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)

# Those that ended, from the first on: what hung from them is forgotten a while later.
sa.Index(
    "ix_grants_ended",
    grants.c.org_id,
    grants.c.ended_at,
    grants.c.id,
    sqlite_where=grants.c.ended_at.is_not(None),
    postgresql_where=grants.c.ended_at.is_not(None),
)

# Which apps are to hear that a session has ended.
sa.Index(
    "ix_grants_session",
    grants.c.org_id,
    grants.c.session_id,
    sqlite_where=grants.c.session_id.is_not(None),
    postgresql_where=grants.c.session_id.is_not(None),
)


def of_row(row: Any) -> Grant:
    return Grant(
        id=row.id,
        org_id=row.org_id,
        app_id=row.app_id,
        installation_id=row.installation_id,
        user_id=row.user_id,
        flow=Flow(row.flow),
        epoch=row.epoch,
        created_at=row.created_at,
        ended_at=row.ended_at,
        scopes=tuple(row.scopes.split()),
        address=row.address,
        last_used_at=row.last_used_at,
        session_id=row.session_id,
        level=Level(row.level),
        methods=tuple(row.methods.split()),
        authenticated_at=row.authenticated_at,
        nonce=row.nonce,
        activated=row.activated,
        userinfo_claims=tuple(row.userinfo_claims.split()),
        id_token_claims=tuple(row.id_token_claims.split()),
    )


_BY_ID = sa.select(grants).where(grants.c.org_id == sa.bindparam("org_id"), grants.c.id == sa.bindparam("id"))
_SERVICE_GRANT = sa.select(grants).where(
    grants.c.org_id == sa.bindparam("org_id"),
    grants.c.installation_id == sa.bindparam("installation_id"),
    grants.c.user_id == sa.bindparam("user_id"),
    grants.c.flow == sa.bindparam("flow"),
    grants.c.ended_at.is_(None),
)


def by_id(tx: Tx, org_id: str, grant_id: str) -> Grant | None:
    row = tx.connection.execute(_BY_ID, {"org_id": org_id, "id": grant_id}).one_or_none()
    return of_row(row) if row else None


def shared_grant(tx: Tx, org_id: str, installation_id: str, user_id: str, flow: Flow) -> Grant | None:
    """The one live grant of this flow, of those in ONE_LIVE_GRANT, for this installation and user, if there is one yet."""
    values = {"org_id": org_id, "installation_id": installation_id, "user_id": user_id, "flow": flow}
    row = tx.connection.execute(_SERVICE_GRANT, values).one_or_none()
    return of_row(row) if row else None


def insert_if_first(tx: Tx, grant: Grant) -> bool:
    """Add a grant unless the live shared grant that it would be is there already; True when this one was first."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, grants).values(
            org_id=grant.org_id,
            id=grant.id,
            app_id=grant.app_id,
            installation_id=grant.installation_id,
            user_id=grant.user_id,
            flow=grant.flow,
            epoch=grant.epoch,
            created_at=grant.created_at,
            address=grant.address,
            scopes=" ".join(grant.scopes),
            last_used_at=grant.last_used_at,
            session_id=grant.session_id,
            level=grant.level,
            methods=" ".join(grant.methods),
            authenticated_at=grant.authenticated_at,
            nonce=grant.nonce,
            activated=grant.activated,
            userinfo_claims=" ".join(grant.userinfo_claims),
            id_token_claims=" ".join(grant.id_token_claims),
            ended_because="",
        )
    )
    return bool(inserted.rowcount)


def end(tx: Tx, org_id: str, grant_id: str, because: str) -> bool:
    """End one grant and everything that hangs from it. False when it had ended before."""
    ended = tx.connection.execute(
        sa.update(grants)
        .where(grants.c.org_id == org_id, grants.c.id == grant_id, grants.c.ended_at.is_(None))
        .values(ended_at=tx.now, ended_because=because, epoch=grants.c.epoch + 1)
    )
    return bool(ended.rowcount)


# What a user has approved at a browser or a device. Of these a user has so many per app, and one more ends the least recently used.
OF_USERS = (Flow.WEB_SERVER, Flow.DEVICE, Flow.USER_AGENT)
_TOUCH = (
    sa.update(grants)
    .where(grants.c.org_id == sa.bindparam("of_org"), grants.c.id == sa.bindparam("grant_id"))
    .values(last_used_at=sa.bindparam("moment"))
)


def touch_many(tx: Tx, used: Sequence[tuple[str, str]]) -> None:
    """These grants, as pairs of org and id, are in use at this moment."""
    # In one order, so that two workers that touch the same ones do not wait for each other.
    values = [{"of_org": org_id, "grant_id": grant_id, "moment": tx.now} for org_id, grant_id in sorted(set(used))]
    tx.connection.execute(_TOUCH, values)


def end_beyond(tx: Tx, org_id: str, installation_id: str, user_id: str, limit: int) -> list[Grant]:
    """End the least recently used of the user's grants of an app until at most `limit` live, and return those that were ended.

    The user's row is held until the transaction ends, so that of two who add a grant at once the second sees the first.
    """
    tx.connection.execute(for_update(sa.select(users.c.id).where(users.c.org_id == org_id, users.c.id == user_id), tx.connection))
    of_user = (grants.c.org_id == org_id, grants.c.installation_id == installation_id, grants.c.user_id == user_id)
    recently = sa.func.coalesce(grants.c.last_used_at, grants.c.created_at).desc()
    wanted = sa.select(grants).where(*of_user, grants.c.flow.in_(OF_USERS), grants.c.ended_at.is_(None))
    beyond = [of_row(row) for row in tx.connection.execute(wanted.order_by(recently, grants.c.id.desc()).offset(limit))]
    return [grant for grant in beyond if end(tx, org_id, grant.id, "more grants than the limit")]


def live_of_user(tx: Tx, org_id: str, user_id: str, installation_id: str | None = None) -> list[Grant]:
    """The live grants of a user, of one installation or of all, oldest first."""
    wanted = [grants.c.org_id == org_id, grants.c.user_id == user_id, grants.c.ended_at.is_(None)]
    if installation_id is not None:
        wanted.append(grants.c.installation_id == installation_id)
    return [of_row(row) for row in tx.connection.execute(sa.select(grants).where(*wanted).order_by(grants.c.id))]


def users_of(tx: Tx, org_id: str, installation_id: str, but: str = "") -> int:
    """How many users, `but` one, have a live grant of this installed app that they have approved."""
    of_app = (grants.c.org_id == org_id, grants.c.installation_id == installation_id, grants.c.user_id != but)
    wanted = sa.select(sa.func.count(grants.c.user_id.distinct())).where(*of_app, grants.c.flow.in_(OF_USERS), grants.c.ended_at.is_(None))
    return int(tx.connection.execute(wanted).scalar_one())


def any_of_app(tx: Tx, app_id: str) -> bool:
    """Whether anybody, in any org, ever granted this app anything; its dialect is frozen from then on."""
    # By its installations, since no index of the grants, which are many more, begins with the app.
    of_app = sa.and_(grants.c.org_id == installations.c.org_id, grants.c.installation_id == installations.c.id)
    found = sa.exists().where(installations.c.app_id == app_id, of_app)
    return bool(tx.connection.execute(sa.select(found)).scalar_one())
