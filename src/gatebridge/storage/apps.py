"""Connected apps, their settings, and the installation-wide directory of consumer keys."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.apps import PLATFORM_CLI, App
from gatebridge.storage import app_origins, rows
from gatebridge.storage.dialects import Blob, Id, Json, Moment, Text, folded, for_update, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# The only table without an org in front: a consumer key is unique in the whole installation and is looked up before
# anything else is known.
app_directory = sa.Table(
    "app_directory",
    metadata,
    sa.Column("consumer_key", sa.String(128), primary_key=True),
    sa.Column("org_id", Id, nullable=False),
    sa.Column("app_id", Id, nullable=False, unique=True),
)

# What every org knows, whether it uses it or not: the one app whose consumer key is no secret of a publisher's (docs/decisions/0029).
known_everywhere = app_directory.c.consumer_key == PLATFORM_CLI

apps = sa.Table(
    "apps",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("label", sa.String(80), nullable=False),
    sa.Column("api_name", sa.String(80), nullable=False),
    sa.Column("consumer_key", sa.String(128), nullable=False),
    sa.Column("dialect", sa.String(16), nullable=False),
    sa.Column("contact_email", sa.String(254), nullable=False),
    sa.Column("contact_phone", sa.String(40), nullable=False, server_default=""),
    sa.Column("info_url", sa.String(2000), nullable=False, server_default=""),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("purpose", Text, nullable=False, server_default=""),
    sa.Column("owner_id", Id, nullable=False),
    sa.Column("backup_owner_id", Id),
    sa.Column("review_on", sa.String(10), nullable=False, server_default=""),
    sa.Column("logo", Blob),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("epoch_at", Moment),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("deleted_at", Moment),
    sa.UniqueConstraint("org_id", "api_name"),
    sa.ForeignKeyConstraint(["org_id", "owner_id"], ["users.org_id", "users.id"]),
    sa.ForeignKeyConstraint(["org_id", "backup_owner_id"], ["users.org_id", "users.id"]),
)
sa.Index("ix_apps_by_name", folded(apps.c.label), apps.c.id)  # of all orgs: a list holds apps of its own org and of others

app_settings = sa.Table(
    "app_settings",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("flows", Json, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("full_scope_reason", Text, nullable=False, server_default=""),
    sa.Column("callbacks", Json, nullable=False),
    sa.Column("native", sa.Boolean, nullable=False),
    sa.Column("auth_methods", Json, nullable=False),
    sa.Column("pkce_required", sa.Boolean, nullable=False),
    sa.Column("access_token_format", sa.String(8), nullable=False),
    sa.Column("signing_algorithm", sa.String(8), nullable=False),
    sa.Column("audience", sa.String(512), nullable=False, server_default=""),
    sa.Column("legacy_audience", sa.Boolean, nullable=False),
    sa.Column("introspect_all_tokens", sa.Boolean, nullable=False),
    sa.Column("require_secret_for_web_server", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("require_secret_for_refresh", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("rotate_refresh_tokens", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("id_token_minutes", sa.Integer, nullable=False, server_default="2"),
    sa.Column("assertion_audiences", Json, nullable=False, server_default="[]"),
    sa.Column("post_logout_redirect_uris", Json, nullable=False, server_default="[]"),
    sa.Column("backchannel_logout_uri", Text, nullable=False, server_default=""),
    sa.Column("custom_attributes", Json, nullable=False, server_default="[]"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)

# What `rows.app` reads. The picture itself is read only to be shown.
COLUMNS = (*(column for column in apps.c if column is not apps.c.logo), apps.c.logo.is_not(None).label("has_logo"))


def insert(tx: Tx, app: App, settings: AppSettings) -> bool:
    """Add an app with its settings and its place in the directory. False when another app of the org has its API name."""
    added = tx.connection.execute(
        insert_new(tx.connection, apps).values(
            org_id=app.org_id,
            id=app.id,
            consumer_key=app.consumer_key,
            created_at=app.created_at,
            epoch=app.epoch,
            version=app.version,
            **_identity(app),
        )
    )
    if not added.rowcount:
        return False
    tx.connection.execute(sa.insert(app_directory).values(consumer_key=app.consumer_key, org_id=app.org_id, app_id=app.id))
    tx.connection.execute(
        sa.insert(app_settings).values(org_id=app.org_id, app_id=app.id, version=settings.version, **_settings_values(settings))
    )
    app_origins.replace(tx, app.org_id, app.id, settings.callbacks)
    return True


def by_id(tx: Tx, org_id: str, app_id: str, *, hold: bool = False) -> App | None:
    """The app of this id that the org owns, deleted ones too. `hold`: nobody else changes it or its credentials until the end."""
    statement = sa.select(*COLUMNS).where(apps.c.org_id == org_id, apps.c.id == app_id)
    return _app_or_none(tx, for_update(statement, tx.connection) if hold else statement)


def by_api_name(tx: Tx, org_id: str, api_name: str) -> App | None:
    """The app that the org's configuration calls so, deleted ones too."""
    return _app_or_none(tx, sa.select(*COLUMNS).where(apps.c.org_id == org_id, apps.c.api_name == api_name))


def by_consumer_key(tx: Tx, consumer_key: str) -> App | None:
    """The app with this consumer key, whichever org owns it: who knows the key was told of the app."""
    listed = sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id)
    return _app_or_none(tx, sa.select(*COLUMNS).join_from(app_directory, apps, listed).where(app_directory.c.consumer_key == consumer_key))


def by_id_anywhere(tx: Tx, app_id: str) -> App | None:
    """The app of this id, whichever org owns it: for whoever was refused with it, and so was told of it."""
    listed = sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id)
    return _app_or_none(tx, sa.select(*COLUMNS).join_from(app_directory, apps, listed).where(app_directory.c.app_id == app_id))


def update(tx: Tx, app: App) -> bool:
    """Save identity, owners, dialect and deletion as the version after `app.version`. False when that is not the one that stands."""
    saved = tx.connection.execute(
        sa.update(apps)
        .where(apps.c.org_id == app.org_id, apps.c.id == app.id, apps.c.version == app.version)
        .values(version=app.version + 1, **_identity(app))
    )
    return bool(saved.rowcount)


def settings_of(tx: Tx, org_id: str, app_id: str) -> AppSettings | None:
    """The settings of an app that the org owns."""
    statement = sa.select(app_settings).where(app_settings.c.org_id == org_id, app_settings.c.app_id == app_id)
    row = tx.connection.execute(statement).one_or_none()
    return rows.settings(row) if row else None


def update_settings(tx: Tx, org_id: str, settings: AppSettings) -> bool:
    """Save the settings as the version after `settings.version`. False when that is not the one that stands."""
    saved = tx.connection.execute(
        sa.update(app_settings)
        .where(
            app_settings.c.org_id == org_id,
            app_settings.c.app_id == settings.app_id,
            app_settings.c.version == settings.version,
        )
        .values(version=settings.version + 1, **_settings_values(settings))
    )
    if saved.rowcount:
        app_origins.replace(tx, org_id, settings.app_id, settings.callbacks)
    return bool(saved.rowcount)


def release_name(tx: Tx, org_id: str, app_id: str) -> None:
    """Let go of the API name of an app that is deleted for good. Its id takes the place: beginning with a digit, it is no API name."""
    tx.connection.execute(
        sa.update(apps).where(apps.c.org_id == org_id, apps.c.id == app_id, apps.c.deleted_at.is_not(None)).values(api_name=app_id)
    )


def logo(tx: Tx, org_id: str, app_id: str) -> bytes | None:
    """The picture of an app that the org owns, as PNG; None where it has none."""
    statement = sa.select(apps.c.logo).where(apps.c.org_id == org_id, apps.c.id == app_id)
    found = tx.connection.execute(statement).scalar_one_or_none()
    return bytes(found) if found is not None else None


def set_logo(tx: Tx, org_id: str, app_id: str, picture: bytes | None) -> None:
    """Keep a picture, as PNG, or none, in a new version of the app."""
    tx.connection.execute(
        sa.update(apps).where(apps.c.org_id == org_id, apps.c.id == app_id).values(logo=picture, version=apps.c.version + 1)
    )


def _app_or_none(tx: Tx, statement: sa.Select[Any]) -> App | None:
    row = tx.connection.execute(statement).one_or_none()
    return rows.app(row) if row else None


def _identity(app: App) -> dict[str, str | datetime | None]:
    return {
        "label": app.label,
        "api_name": app.api_name,
        "dialect": app.dialect,
        "contact_email": app.contact_email,
        "contact_phone": app.contact_phone,
        "info_url": app.info_url,
        "description": app.description,
        "purpose": app.purpose,
        "owner_id": app.owner_id,
        "backup_owner_id": app.backup_owner_id,
        "review_on": app.review_on,
        "deleted_at": app.deleted_at,
    }


def _settings_values(settings: AppSettings) -> dict[str, object]:
    return {
        "flows": sorted(settings.flows),
        "scopes": list(settings.scopes),
        "full_scope_reason": settings.full_scope_reason,
        "callbacks": list(settings.callbacks),
        "native": settings.native,
        "auth_methods": sorted(settings.auth_methods),
        "pkce_required": settings.pkce_required,
        "access_token_format": settings.access_token_format,
        "signing_algorithm": settings.signing_algorithm,
        "audience": settings.audience,
        "legacy_audience": settings.legacy_audience,
        "introspect_all_tokens": settings.introspect_all_tokens,
        "require_secret_for_web_server": settings.require_secret_for_web_server,
        "require_secret_for_refresh": settings.require_secret_for_refresh,
        "rotate_refresh_tokens": settings.rotate_refresh_tokens,
        "id_token_minutes": settings.id_token_minutes,
        "assertion_audiences": list(settings.assertion_audiences),
        "post_logout_redirect_uris": list(settings.post_logout_redirect_uris),
        "backchannel_logout_uri": settings.backchannel_logout_uri,
        "custom_attributes": [list(attribute) for attribute in settings.custom_attributes],
    }
