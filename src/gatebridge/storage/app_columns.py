"""What a list tells of many apps beside what they are: their flows, who used them lately, and what of them ends first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.storage.apps import app_directory, app_settings
from gatebridge.storage.credentials import certificates, secrets
from gatebridge.storage.matching import one_of
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import usage

MOST_USERS = 1_000  # that are counted of one app


@dataclass(frozen=True, slots=True)
class Users:
    """How many users an app had. Not `exact`: there are more."""

    number: int
    exact: bool


def flows_of(tx: Tx, app_ids: Collection[str]) -> dict[str, frozenset[Flow]]:
    """The flows of these apps, whichever org owns them: for whoever was shown that they are there."""
    if not app_ids:
        return {}
    settings = sa.and_(app_settings.c.org_id == app_directory.c.org_id, app_settings.c.app_id == app_directory.c.app_id)
    statement = sa.select(app_settings.c.app_id, app_settings.c.flows).join_from(app_directory, app_settings, settings)
    found = tx.connection.execute(statement.where(one_of(tx.connection, app_directory.c.app_id, app_ids)))
    return {row.app_id: frozenset(map(Flow, row.flows)) for row in found}


def users_of(tx: Tx, org_id: str, app_ids: Collection[str], since: datetime) -> dict[str, Users]:
    """How many users each of these apps let in since a moment, as far as the roll-up has come; of each at most `MOST_USERS`."""
    if not app_ids:
        return {}
    found = sa.select(app_directory.c.app_id, _lately(org_id, since)).where(one_of(tx.connection, app_directory.c.app_id, app_ids))
    return {row[0]: Users(min(row[1], MOST_USERS), row[1] <= MOST_USERS) for row in tx.connection.execute(found) if row[1]}


def ends_of(tx: Tx, org_id: str, app_ids: Collection[str]) -> dict[str, datetime]:
    """When the first of the secrets and certificates of each of these apps ends, or ended; what has neither is not there."""
    if not app_ids:
        return {}
    return {row.app_id: row.at for row in tx.connection.execute(first_ends(tx, org_id, app_ids))}


def first_ends(tx: Tx, org_id: str, app_ids: Collection[str] | None = None) -> sa.Select[Any]:
    """For each app of the org, or of these, with a secret or certificate that ends: when the first of them does."""
    ending = sa.union_all(
        *(
            sa.select(table.c.app_id, moment.label("at")).where(
                table.c.org_id == org_id,
                table.c.retired_at.is_(None),
                table.c.try_id.is_(None),
                moment.is_not(None),
                one_of(tx.connection, table.c.app_id, app_ids) if app_ids is not None else sa.true(),
            )
            for table, moment in ((secrets, secrets.c.expires_at), (certificates, certificates.c.not_after))
        )
    ).subquery("ending")
    return sa.select(ending.c.app_id, sa.func.min(ending.c.at).label("at")).group_by(ending.c.app_id)


def _lately(org_id: str, since: datetime) -> sa.ScalarSelect[int]:
    """How many users the app of the statement around it had; no more than `MOST_USERS` + 1 are looked at."""
    users = sa.and_(usage.c.subject_id > str(Prefix.USER), usage.c.subject_id <= Prefix.USER + "z" * 12)
    here = sa.and_(usage.c.org_id == org_id, usage.c.app_id == app_directory.c.app_id, usage.c.last_at >= since)
    found = sa.select(usage.c.subject_id).where(here, users).correlate(app_directory).limit(MOST_USERS + 1).subquery()
    return sa.select(sa.func.count()).select_from(found).scalar_subquery()
