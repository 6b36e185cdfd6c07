"""How much hangs from a setting of a whole org: apps by flow and scope, users by second factor, certificates by end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.factors import FactorKind
from gatebridge.rules.people import UserState
from gatebridge.storage.apps import app_directory, app_settings, apps
from gatebridge.storage.credentials import certificates
from gatebridge.storage.factors import factors
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.people import users
from gatebridge.storage.tokens import access_tokens
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class NamedApp:
    """An app in use in the org."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class EndingCertificate:
    """A certificate of an app of the org that was not retired, and when it ends."""

    app_id: str
    app: str
    name: str
    key_type: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Without:
    """How many users have no second factor. Not `everybody`: there are more users than were looked at."""

    number: int
    everybody: bool


def apps_by_flow(tx: Tx, org_id: str, flows: Collection[str]) -> dict[str, list[NamedApp]]:
    """The apps in use in the org that have each of these flows."""
    return _apps_by(tx, org_id, app_settings.c.flows, flows)


def apps_by_scope(tx: Tx, org_id: str, scopes: Collection[str]) -> dict[str, list[NamedApp]]:
    """The apps in use in the org to which each of these scopes is assigned."""
    return _apps_by(tx, org_id, app_settings.c.scopes, scopes)


def factors_by_kind(tx: Tx, org_id: str) -> dict[FactorKind, int]:
    """How many second factors of each kind users have that work."""
    found = (
        sa.select(factors.c.kind, sa.func.count().label("number"))
        .where(factors.c.org_id == org_id, factors.c.confirmed_at.is_not(None))
        .group_by(factors.c.kind)
    )
    return {FactorKind(row.kind): row.number for row in tx.connection.execute(found)}


def without_factor(tx: Tx, org_id: str, most: int) -> Without:
    """How many of the active users have no second factor that works; of the first `most` users, where there are more."""
    looked_at = (
        sa.select(users.c.id).where(users.c.org_id == org_id, users.c.state == UserState.ACTIVE).order_by(users.c.id).limit(most).subquery()
    )
    has_one = sa.exists().where(factors.c.org_id == org_id, factors.c.user_id == looked_at.c.id, factors.c.confirmed_at.is_not(None))
    found = tx.connection.execute(sa.select(sa.func.count(sa.case((sa.not_(has_one), 1))), sa.func.count()).select_from(looked_at)).one()
    return Without(found[0], found[1] < most)


def certificates_by_end(tx: Tx, org_id: str, limit: int) -> list[EndingCertificate]:
    """The certificates of the org's apps that were not retired, the one that ends first in front."""
    found = (
        sa.select(apps.c.id, apps.c.label, certificates.c.name, certificates.c.key_type, certificates.c.not_after)
        .join_from(certificates, apps, sa.and_(apps.c.org_id == certificates.c.org_id, apps.c.id == certificates.c.app_id))
        .where(
            certificates.c.org_id == org_id,
            certificates.c.retired_at.is_(None),
            certificates.c.try_id.is_(None),
            apps.c.deleted_at.is_(None),
        )
        .order_by(certificates.c.not_after, certificates.c.id)
        .limit(limit)
    )
    return [EndingCertificate(row.id, row.label, row.name, row.key_type, row.not_after) for row in tx.connection.execute(found)]


@dataclass(frozen=True, slots=True)
class Signed:
    """How many tokens are alive. Not `exact`: so many were found among the newest candidates, and older ones were not looked at."""

    tokens: int
    exact: bool


def jwts_alive(tx: Tx, org_id: str, algorithm: str, since: datetime, before: datetime, most: int) -> Signed:
    """The JWT access tokens that were issued in a span to apps whose tokens are signed by this algorithm, and that have not run out."""
    issued = access_tokens.c
    candidates = (
        sa.select(issued.app_id, issued.format, issued.expires_at, issued.ended_at)
        .where(
            issued.org_id == org_id,
            issued.id >= ids.floor(ids.Prefix.RECEIPT, since),
            issued.id < ids.floor(ids.Prefix.RECEIPT, before),
        )
        .order_by(issued.id.desc())
        .limit(most)
        .subquery()
    )
    alive = sa.and_(
        candidates.c.format == TokenFormat.JWT,
        candidates.c.expires_at > tx.now,
        candidates.c.ended_at.is_(None),
        app_settings.c.signing_algorithm == algorithm,
    )
    found = tx.connection.execute(
        sa.select(sa.func.count(sa.case((alive, 1))), sa.func.count())
        .select_from(candidates)
        .outerjoin(app_directory, app_directory.c.app_id == candidates.c.app_id)
        .outerjoin(app_settings, sa.and_(app_settings.c.org_id == app_directory.c.org_id, app_settings.c.app_id == app_directory.c.app_id))
    ).one()
    return Signed(found[0], found[1] < most)


def _apps_by(tx: Tx, org_id: str, column: sa.Column[list[str]], words: Collection[str]) -> dict[str, list[NamedApp]]:
    found: dict[str, list[NamedApp]] = {word: [] for word in words}
    if not words:
        return found
    # The text only narrows; what counts is the list that is read from it.
    text = sa.cast(column, sa.Text)
    statement = (
        sa.select(apps.c.id, apps.c.label, column.label("words"))
        .select_from(installations)
        .join(app_directory, app_directory.c.app_id == installations.c.app_id)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .join(app_settings, sa.and_(app_settings.c.org_id == apps.c.org_id, app_settings.c.app_id == apps.c.id))
        .where(
            installations.c.org_id == org_id,
            in_use(tx.now),
            apps.c.deleted_at.is_(None),
            sa.or_(*(text.contains(f'"{word}"', autoescape=True) for word in words)),
        )
        .order_by(apps.c.id)
    )
    for row in tx.connection.execute(statement):
        for word in found.keys() & set(row.words):
            found[word].append(NamedApp(row.id, row.label))
    return found
