"""Users; and the tables of what they hold: profiles, permission sets, who holds which, and invitations."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.storage import rows
from gatebridge.storage.dialects import Digest, Id, Json, Moment, SortKey, Text, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("login_ranges", Json, nullable=False),
    sa.Column("session_minutes", sa.Integer),
    sa.Column("monitored_ranges", Json, nullable=False, server_default="[]"),
    sa.Column("login_hours", Json, nullable=False, server_default="[]"),
    sa.Column("required_level", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("level_action", sa.String(16), nullable=False, server_default="raise"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "name"),
)

permission_sets = sa.Table(
    "permission_sets",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("label", sa.String(80), nullable=False),
    sa.Column("api_name", sa.String(80), nullable=False),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "api_name"),
)

_ENDED, _NO_FACTOR = sa.text("epoch > 0"), sa.text("factor_count = 0")
# What their list is narrowed by.
_NARROWED_BY = "found_by", "profile_id", "state", "frozen"

users = sa.Table(
    "users",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("username", sa.String(120), nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("first_name", sa.String(80), nullable=False, server_default=""),
    sa.Column("last_name", sa.String(80), nullable=False, server_default=""),
    sa.Column("profile_id", Id, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("password_hash", Text),
    sa.Column("external_id", sa.String(255)),
    sa.Column("email_verified_at", Moment),
    sa.Column("locale", sa.String(35), nullable=False, server_default="en_US"),
    sa.Column("timezone", sa.String(64), nullable=False, server_default="UTC"),
    sa.Column("phone", sa.String(40), nullable=False, server_default=""),
    sa.Column("street", sa.String(255), nullable=False, server_default=""),
    sa.Column("city", sa.String(80), nullable=False, server_default=""),
    sa.Column("region", sa.String(80), nullable=False, server_default=""),
    sa.Column("postal_code", sa.String(20), nullable=False, server_default=""),
    sa.Column("country", sa.String(80), nullable=False, server_default=""),
    sa.Column("updated_at", Moment),
    sa.Column("password_changed_at", Moment),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("epoch_at", Moment),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("sort_name", SortKey, nullable=False, server_default=""),
    sa.Column("found_by", SortKey, nullable=False, server_default=""),
    sa.Column("factor_count", sa.Integer, nullable=False, server_default="0"),  # of second factors that work; `storage/factors` keeps it
    sa.UniqueConstraint("org_id", "username"),
    sa.ForeignKeyConstraint(["org_id", "profile_id"], ["profiles.org_id", "profiles.id"]),
    # In either order of a list, who is found by a text and by what a list is narrowed by is found in the index alone.
    sa.Index("ix_users_in_order_of_age", "org_id", "id", *_NARROWED_BY),
    sa.Index("ix_users_in_order_of_name", "org_id", "sort_name", "id", *_NARROWED_BY),
    # The same of those who have no second factor: that all of a hundred thousand have one is seen without a look at any of them.
    sa.Index("ix_users_unsecured_by_age", "org_id", "id", *_NARROWED_BY, sqlite_where=_NO_FACTOR, postgresql_where=_NO_FACTOR),
    sa.Index(
        "ix_users_unsecured_by_name", "org_id", "sort_name", "id", *_NARROWED_BY, sqlite_where=_NO_FACTOR, postgresql_where=_NO_FACTOR
    ),
    # Those of whom everything was ended once: what is alive is counted without a look at all the others.
    sa.Index("ix_users_ended", "org_id", "id", "epoch", "epoch_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
    sa.Index(None, "org_id", "profile_id", "id"),
)

# Of whom everything was ended once; as `ix_users_ended` has it.
ENDED_ONCE = users.c.epoch > sa.literal_column("0")
# Who has no second factor that works; as `ix_users_unsecured_by_age` has it.
UNSECURED = users.c.factor_count == sa.literal_column("0")

permission_set_assignments = sa.Table(
    "permission_set_assignments",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("permission_set_id", Id, primary_key=True),
    sa.Column("expires_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.ForeignKeyConstraint(["org_id", "permission_set_id"], ["permission_sets.org_id", "permission_sets.id"]),
    sa.Index(None, "org_id", "permission_set_id"),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.UniqueConstraint("org_id", "digest"),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
)


class NameTaken(Exception):  # noqa: N818 - an answer, not an error
    """Another record of the org has this name. Nothing was written, and the transaction goes on."""


def insert(tx: Tx, user: User, password_hash: str | None = None) -> bool:
    """Add a user. False when the org already has one with this username."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, users).values(
            org_id=user.org_id,
            id=user.id,
            username=user.username,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            profile_id=user.profile_id,
            state=user.state,
            frozen=user.frozen,
            password_hash=password_hash,
            external_id=user.external_id,
            email_verified_at=user.email_verified_at,
            updated_at=user.updated_at,
            password_changed_at=user.password_changed_at,
            **_contact(user),
            epoch=user.epoch,
            version=user.version,
            created_at=user.created_at,
            sort_name=user.sort_name,
            found_by=user.found_by,
        )
    )
    return bool(inserted.rowcount)


def by_id(tx: Tx, org_id: str, user_id: str) -> User | None:
    return _one(tx, sa.select(users).where(users.c.org_id == org_id, users.c.id == user_id))


def by_username(tx: Tx, org_id: str, username: str) -> User | None:
    """The user of the org with this username, byte for byte (X-JB-06)."""
    return _one(tx, sa.select(users).where(users.c.org_id == org_id, users.c.username == username))


_ID_OF_USERNAME = sa.select(users.c.id).where(users.c.org_id == sa.bindparam("org_id"), users.c.username == sa.bindparam("username"))


def id_of_username(tx: Tx, org_id: str, username: str) -> str | None:
    """The id of the user with this username, byte for byte."""
    return tx.connection.execute(_ID_OF_USERNAME, {"org_id": org_id, "username": username}).scalar_one_or_none()


def update(tx: Tx, user: User) -> bool:
    """Write who a user is over the version that it was read in. False when that version is no more.

    State, freeze, password and epoch have functions of their own. Raises NameTaken for another user's username.
    """
    statement = (
        sa.update(users)
        .where(users.c.org_id == user.org_id, users.c.id == user.id, users.c.version == user.version)
        .values(
            username=user.username,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            sort_name=user.sort_name,
            found_by=user.found_by,
            profile_id=user.profile_id,
            external_id=user.external_id,
            updated_at=tx.now,
            # An address that nobody has answered from yet is not verified.
            email_verified_at=sa.case((users.c.email == user.email, users.c.email_verified_at), else_=None),
            **_contact(user),
            version=users.c.version + 1,
        )
    )
    return bool(unless_name_taken(tx, statement))


def unless_name_taken(tx: Tx, statement: sa.Update) -> int:
    """How many rows the statement changed. Raises NameTaken when it would give one name to two records."""
    try:
        with tx.connection.begin_nested():  # PostgreSQL gives up the whole transaction otherwise
            return tx.connection.execute(statement).rowcount
    except IntegrityError as error:
        raise NameTaken from error


def change_state(tx: Tx, org_id: str, user_id: str, before: Iterable[UserState], after: UserState) -> bool:
    """Bring a user from one of the states `before` into `after`. False when it was in none of them: somebody else was first."""
    return _changed(tx, org_id, user_id, users.c.state.in_(list(before)), state=after)


def change_frozen(tx: Tx, org_id: str, user_id: str, frozen: bool) -> bool:
    """Freeze or unfreeze a user. False when it was so already."""
    return _changed(tx, org_id, user_id, users.c.frozen.is_(not frozen), frozen=frozen)


def set_password_hash(tx: Tx, org_id: str, user_id: str, password_hash: str) -> bool:
    """Store the hash of a new password. False when there is no such user."""
    return _changed(tx, org_id, user_id, sa.true(), password_hash=password_hash, password_changed_at=tx.now)


def replace_password_hash(tx: Tx, org_id: str, user_id: str, old: str, new: str) -> bool:
    """Store another hash of the same password. False when the password was changed meanwhile: that one stays."""
    statement = sa.update(users).where(users.c.org_id == org_id, users.c.id == user_id, users.c.password_hash == old)
    return bool(tx.connection.execute(statement.values(password_hash=new)).rowcount)


def verify_email(tx: Tx, org_id: str, user_id: str, email: str) -> bool:
    """The user has answered from this address. False when it is not the user's any more."""
    verified = sa.update(users).where(users.c.org_id == org_id, users.c.id == user_id, users.c.email == email)
    return bool(tx.connection.execute(verified.values(email_verified_at=tx.now)).rowcount)


def password_hash(tx: Tx, org_id: str, user_id: str) -> str | None:
    """The stored hash, for whoever checks a password. None: no such user, or one who has no password."""
    return tx.connection.execute(
        sa.select(users.c.password_hash).where(users.c.org_id == org_id, users.c.id == user_id)
    ).scalar_one_or_none()


def anybody_holds(tx: Tx, org_id: str, rights: Iterable[Permission]) -> bool:
    """Whether at least one active user who is not frozen holds all these rights for good: a set that will run out gives none.

    Which profiles and sets give a right is found here and not in SQL: there are few of them, and JSON is searched differently by each
    database. Three statements, however many users there are.
    """
    by_profile = _givers(tx, sa.select(profiles.c.id, profiles.c.permissions).where(profiles.c.org_id == org_id))
    by_set = _givers(tx, sa.select(permission_sets.c.id, permission_sets.c.permissions).where(permission_sets.c.org_id == org_id))
    held = permission_set_assignments
    statement = sa.select(users.c.id).where(users.c.org_id == org_id, users.c.state == UserState.ACTIVE, users.c.frozen.is_(False)).limit(1)
    for right in rights:
        through_set = sa.exists().where(
            held.c.org_id == users.c.org_id,
            held.c.user_id == users.c.id,
            held.c.expires_at.is_(None),
            held.c.permission_set_id.in_([giver for giver, given in by_set if right in given]),
        )
        statement = statement.where(sa.or_(users.c.profile_id.in_([giver for giver, given in by_profile if right in given]), through_set))
    return tx.connection.execute(statement).one_or_none() is not None


def _givers(tx: Tx, statement: sa.Select[Any]) -> list[tuple[str, frozenset[Permission]]]:
    return [(row.id, rows.permissions(row.permissions)) for row in tx.connection.execute(statement)]


def _contact(user: User) -> dict[str, str]:
    return {
        "locale": user.locale,
        "timezone": user.timezone,
        "phone": user.phone,
        "street": user.street,
        "city": user.city,
        "region": user.region,
        "postal_code": user.postal_code,
        "country": user.country,
    }


def _changed(tx: Tx, org_id: str, user_id: str, condition: sa.ColumnElement[bool], **values: object) -> bool:
    statement = (
        sa.update(users).where(users.c.org_id == org_id, users.c.id == user_id, condition).values(version=users.c.version + 1, **values)
    )
    return bool(tx.connection.execute(statement).rowcount)


def _one(tx: Tx, statement: sa.Select[Any]) -> User | None:
    row = tx.connection.execute(statement).one_or_none()
    return rows.user(row) if row else None
