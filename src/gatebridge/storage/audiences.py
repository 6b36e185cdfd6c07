"""Which apps have an audience: what their tokens are for."""

import sqlalchemy as sa

from gatebridge.storage.apps import app_directory, app_settings, apps
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.tx import Tx


def named_by_others(tx: Tx, org_id: str, audience: str, user_id: str | None) -> bool:
    """Whether an app that is in use in the org has this audience, and is another org's or one for which this user does not answer."""
    of_app = sa.and_(app_directory.c.org_id == apps.c.org_id, app_directory.c.app_id == apps.c.id)
    theirs = sa.and_(app_settings.c.org_id == apps.c.org_id, app_settings.c.app_id == apps.c.id)
    own = sa.and_(apps.c.org_id == org_id, sa.or_(apps.c.owner_id == user_id, sa.func.coalesce(apps.c.backup_owner_id, "") == user_id))
    found = (
        sa.select(apps.c.id)
        .select_from(installations)
        .join(app_directory, app_directory.c.app_id == installations.c.app_id)
        .join(apps, of_app)
        .join(app_settings, theirs)
        .where(installations.c.org_id == org_id, in_use(tx.now), apps.c.deleted_at.is_(None))
        .where(app_settings.c.audience == audience, sa.not_(own))
        .limit(1)
    )
    return tx.connection.execute(found).one_or_none() is not None
