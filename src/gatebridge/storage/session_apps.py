"""Which apps hang from browser sessions: what was approved there and is alive."""

from collections.abc import Collection

import sqlalchemy as sa

from gatebridge.storage.apps import apps
from gatebridge.storage.grants import grants
from gatebridge.storage.installations import installations
from gatebridge.storage.matching import one_of
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx


def labels(tx: Tx, org_id: str, session_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The labels of the apps that have a live grant from one of these sessions of the org, by session; the others are not there."""
    if not session_ids:
        return {}
    # The sessions are few, and so is what was approved in one of them: each grant is looked at with all that it can have ended with.
    joined = (
        grants.join(orgs, orgs.c.id == grants.c.org_id)
        .join(apps, apps.c.id == grants.c.app_id)
        .join(installations, sa.and_(installations.c.org_id == grants.c.org_id, installations.c.id == grants.c.installation_id))
        .join(users, sa.and_(users.c.org_id == grants.c.org_id, users.c.id == grants.c.user_id))
    )
    alive = [sa.or_(table.c.epoch_at.is_(None), grants.c.created_at > table.c.epoch_at) for table in (orgs, apps, installations, users)]
    of_sessions = (grants.c.org_id == org_id, one_of(tx.connection, grants.c.session_id, session_ids), grants.c.ended_at.is_(None))
    statement = sa.select(grants.c.session_id, apps.c.label).distinct().select_from(joined).where(*of_sessions, *alive)
    found: dict[str, tuple[str, ...]] = {}
    for session_id, label in tx.connection.execute(statement.order_by(apps.c.label)):
        found[session_id] = (*found.get(session_id, ()), label)
    return found
