"""People and their flows: sessions, codes, refresh tokens, approvals, and what identity scopes tell of a user.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import json
import re

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HTTPS_ORIGIN = re.compile(r"https://[^/?#]+")


def upgrade() -> None:
    for table in ("orgs", "apps", "installations"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("epoch_at", dialects.Moment, nullable=True))

    with op.batch_alter_table("app_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("require_secret_for_web_server", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("require_secret_for_refresh", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("rotate_refresh_tokens", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("id_token_minutes", sa.Integer(), server_default="2", nullable=False))
        batch_op.add_column(sa.Column("assertion_audiences", dialects.Json, server_default="[]", nullable=False))

    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scopes", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("last_used_at", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("session_id", dialects.Id, nullable=True))
        batch_op.add_column(sa.Column("level", sa.String(length=16), server_default="standard", nullable=False))
        batch_op.add_column(sa.Column("methods", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("authenticated_at", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("nonce", sa.Text(), nullable=True))
        batch_op.drop_index(batch_op.f("uq_grants_service"), sqlite_where=sa.text("flow = 'client_credentials' AND ended_at IS NULL"))
        batch_op.create_index(
            "uq_grants_shared",
            ["org_id", "installation_id", "user_id", "flow"],
            unique=True,
            sqlite_where=sa.text("flow IN ('client_credentials', 'jwt_bearer') AND ended_at IS NULL"),
            postgresql_where=sa.text("flow IN ('client_credentials', 'jwt_bearer') AND ended_at IS NULL"),
        )

    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("refresh_policies", dialects.Json, server_default='["idle:30:days","absolute:365:days"]', nullable=False)
        )
        batch_op.add_column(sa.Column("refresh_exception_reason", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("refresh_exception_until", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("refresh_grace_seconds", sa.Integer(), server_default="10", nullable=False))
        batch_op.add_column(sa.Column("authorization_code_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("max_grants_per_user", sa.Integer(), nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email_verified_at", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("locale", sa.String(length=35), server_default="en_US", nullable=False))
        batch_op.add_column(sa.Column("timezone", sa.String(length=64), server_default="UTC", nullable=False))
        batch_op.add_column(sa.Column("phone", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("street", sa.String(length=255), server_default="", nullable=False))
        batch_op.add_column(sa.Column("city", sa.String(length=80), server_default="", nullable=False))
        batch_op.add_column(sa.Column("region", sa.String(length=80), server_default="", nullable=False))
        batch_op.add_column(sa.Column("postal_code", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("country", sa.String(length=80), server_default="", nullable=False))
        batch_op.add_column(sa.Column("updated_at", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("password_changed_at", dialects.Moment, nullable=True))
        batch_op.add_column(sa.Column("epoch_at", dialects.Moment, nullable=True))

    op.create_table(
        "authorization_codes",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("session_id", dialects.Id, nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("callback_sent", sa.Boolean(), nullable=False),
        sa.Column("challenge", sa.String(length=128), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("methods", sa.String(length=64), nullable=False),
        sa.Column("authenticated_at", dialects.Moment, nullable=False),
        sa.Column("tells_auth_time", sa.Boolean(), nullable=False),
        sa.Column("org_epoch", sa.BigInteger(), nullable=False),
        sa.Column("app_epoch", sa.BigInteger(), nullable=False),
        sa.Column("installation_epoch", sa.BigInteger(), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.Column("grant_id", dialects.Id, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_authorization_codes")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_authorization_codes_org_id_digest")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "interactions",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("browser", dialects.Digest, nullable=False),
        sa.Column("parameters", dialects.Json, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("finished_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "digest", name=op.f("pk_interactions")),
    )
    op.create_index(op.f("ix_interactions_org_id_expires_at"), "interactions", ["org_id", "expires_at"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("grant_id", dialects.Id, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("issued_at", dialects.Moment, nullable=False),
        sa.Column("org_epoch", sa.BigInteger(), nullable=False),
        sa.Column("app_epoch", sa.BigInteger(), nullable=False),
        sa.Column("installation_epoch", sa.BigInteger(), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), nullable=False),
        sa.Column("grant_epoch", sa.BigInteger(), nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.Column("used_from", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("org_id", "digest", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("org_id", "grant_id", "generation", name=op.f("uq_refresh_tokens_org_id_grant_id_generation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", dialects.Moment, nullable=False),
        sa.Column("last_at", dialects.Moment, nullable=False),
        sa.Column("locked_until", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "kind", "key", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_org_id_last_at"), "sign_in_failures", ["org_id", "last_at"], unique=False)
    op.create_table(
        "custom_permissions",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("api_name", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_custom_permissions_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_custom_permissions")),
        sa.UniqueConstraint("org_id", "api_name", name=op.f("uq_custom_permissions_org_id_api_name")),
    )
    op.create_table(
        "custom_permission_holders",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("holder_id", dialects.Id, nullable=False),
        sa.Column("custom_permission_id", dialects.Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "custom_permission_id"],
            ["custom_permissions.org_id", "custom_permissions.id"],
            name=op.f("fk_custom_permission_holders_org_id_custom_permission_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "holder_id", "custom_permission_id", name=op.f("pk_custom_permission_holders")),
    )
    op.create_index(
        op.f("ix_custom_permission_holders_org_id_custom_permission_id"),
        "custom_permission_holders",
        ["org_id", "custom_permission_id"],
        unique=False,
    )
    op.create_table(
        "approvals",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("renewed_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "installation_id"], ["installations.org_id", "installations.id"], name=op.f("fk_approvals_org_id_installation_id")
        ),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_approvals_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("org_id", "installation_id", "user_id", name=op.f("uq_approvals_org_id_installation_id_user_id")),
    )
    op.create_index(op.f("ix_approvals_org_id_user_id"), "approvals", ["org_id", "user_id"], unique=False)
    op.create_table(
        "password_resets",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_password_resets_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_password_resets_org_id_digest")),
    )
    op.create_index(op.f("ix_password_resets_org_id_user_id"), "password_resets", ["org_id", "user_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("methods", sa.String(length=64), nullable=False),
        sa.Column("authenticated_at", dialects.Moment, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("last_seen_at", dialects.Moment, nullable=False),
        sa.Column("org_epoch", sa.BigInteger(), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), nullable=False),
        sa.Column("browser", dialects.Digest, nullable=True),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("user_agent", sa.String(length=512), server_default="", nullable=False),
        sa.Column("ended_at", dialects.Moment, nullable=True),
        sa.Column("ended_because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_sessions_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_sessions_org_id_digest")),
    )
    op.create_index(op.f("ix_sessions_org_id_user_id_id"), "sessions", ["org_id", "user_id", "id"], unique=False)
    op.create_table(
        "app_origins",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"], name=op.f("fk_app_origins_org_id_app_id")),
        sa.PrimaryKeyConstraint("org_id", "app_id", "origin", name=op.f("pk_app_origins")),
    )
    op.create_index(op.f("ix_app_origins_origin"), "app_origins", ["origin"], unique=False)
    op.create_table(
        "approval_callbacks",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("approval_id", dialects.Id, nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "approval_id"], ["approvals.org_id", "approvals.id"], name=op.f("fk_approval_callbacks_org_id_approval_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "approval_id", "callback", name=op.f("pk_approval_callbacks")),
    )
    op.create_table(
        "approval_scopes",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("approval_id", dialects.Id, nullable=False),
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "approval_id"], ["approvals.org_id", "approvals.id"], name=op.f("fk_approval_scopes_org_id_approval_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "approval_id", "scope", name=op.f("pk_approval_scopes")),
    )

    _fill_app_origins()


def _fill_app_origins() -> None:
    """The web origins of the apps that are there already, from their callbacks."""
    connection = op.get_bind()
    found = set()
    for row in connection.execute(sa.text("SELECT org_id, app_id, callbacks FROM app_settings")):
        callbacks = json.loads(row.callbacks) if isinstance(row.callbacks, str) else row.callbacks
        origins = [_HTTPS_ORIGIN.match(callback) for callback in callbacks]
        found |= {(row.org_id, row.app_id, origin[0].removesuffix(":443")) for origin in origins if origin}
    for org_id, app_id, origin in sorted(found):
        values = {"org_id": org_id, "app_id": app_id, "origin": origin}
        connection.execute(sa.text("INSERT INTO app_origins (org_id, app_id, origin) VALUES (:org_id, :app_id, :origin)"), values)
