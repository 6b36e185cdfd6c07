"""Everything that one app is in one org, in one statement: found by its consumer key or by its id."""

from typing import Any

import sqlalchemy as sa

from gatebridge.storage import apps, installations


class Part:
    """The columns of one table in a row that joins several, under their own names."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Any, table: sa.Table) -> None:
        self._row = row
        self._prefix = f"{table.name}_"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, self._prefix + name)


# Everything that one app is in one org, in one statement. The app and its settings are its owner's, the rest is the host's.
_APP_FROM_ORG = (
    sa.select(
        *(column for column in apps.apps.c if column is not apps.apps.c.logo),
        (apps.apps.c.logo.is_not(None)).label("apps_has_logo"),
        apps.app_settings,
        installations.installations,
        installations.policies,
    )
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    .select_from(apps.app_directory)
    .join(apps.apps, sa.and_(apps.apps.c.org_id == apps.app_directory.c.org_id, apps.apps.c.id == apps.app_directory.c.app_id))
    .join(
        apps.app_settings,
        sa.and_(apps.app_settings.c.org_id == apps.app_directory.c.org_id, apps.app_settings.c.app_id == apps.app_directory.c.app_id),
    )
    .outerjoin(
        installations.installations,
        sa.and_(
            installations.installations.c.org_id == sa.bindparam("org_id"),
            installations.installations.c.app_id == apps.app_directory.c.app_id,
        ),
    )
    .outerjoin(
        installations.policies,
        sa.and_(
            installations.policies.c.org_id == installations.installations.c.org_id,
            installations.policies.c.installation_id == installations.installations.c.id,
        ),
    )
)
# An app is known where it is owned or installed, and nowhere else (data.md), but for the one that is everybody's.
_APP_IN_ORG = _APP_FROM_ORG.where(
    sa.or_(apps.app_directory.c.org_id == sa.bindparam("org_id"), installations.installations.c.id.is_not(None), apps.known_everywhere)
)
BY_CONSUMER_KEY = _APP_IN_ORG.where(apps.app_directory.c.consumer_key == sa.bindparam("consumer_key"))
BY_APP_ID = _APP_IN_ORG.where(apps.app_directory.c.app_id == sa.bindparam("app_id"))
BY_APP_IDS = _APP_IN_ORG.where(apps.app_directory.c.app_id.in_(sa.bindparam("app_ids", expanding=True)))
# The exception: whoever has earned to hear that an app is not installed here (docs/decisions/0018). A deleted app is nobody's business.
BY_CONSUMER_KEY_ANYWHERE = _APP_FROM_ORG.where(
    apps.app_directory.c.consumer_key == sa.bindparam("consumer_key"), apps.apps.c.deleted_at.is_(None)
)
