"""The web origins of apps, as their https callbacks name them: from which pages a browser may read what our endpoints answer (CORS)."""

from collections.abc import Iterable

import sqlalchemy as sa

from gatebridge.rules.callbacks import origin_of
from gatebridge.storage.dialects import Id
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

app_origins = sa.Table(
    "app_origins",
    metadata,
    sa.Column("org_id", Id, primary_key=True),  # the owning org
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("origin", sa.String(300), primary_key=True),
    sa.Index(None, "origin"),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)


def replace(tx: Tx, org_id: str, app_id: str, callbacks: Iterable[str]) -> None:
    """These are the app's callbacks now."""
    tx.connection.execute(sa.delete(app_origins).where(app_origins.c.org_id == org_id, app_origins.c.app_id == app_id))
    origins = sorted({origin for callback in callbacks if (origin := origin_of(callback)) is not None})
    if origins:
        tx.connection.execute(sa.insert(app_origins), [{"org_id": org_id, "app_id": app_id, "origin": origin} for origin in origins])


def known(tx: Tx, org_id: str, origin: str) -> bool:
    """Whether an app that this org owns or has installed has a callback at this origin."""
    # An app that only some users may use is not installed, and its pages redeem their codes like those of any other.
    here_too = sa.or_(in_use(tx.now), installations.c.holders_only)
    installed = sa.and_(installations.c.org_id == org_id, installations.c.app_id == app_origins.c.app_id, here_too)
    here = sa.or_(app_origins.c.org_id == org_id, sa.exists().where(installed))
    return bool(tx.connection.execute(sa.select(sa.exists().where(app_origins.c.origin == origin, here))).scalar_one())
