"""The ground floor: orgs, people, apps, credentials, grants, tokens, records."""

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=True),
        sa.Column("grant_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("flow", sa.String(length=24), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("issued_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("org_epoch", sa.BigInteger(), nullable=False),
        sa.Column("app_epoch", sa.BigInteger(), nullable=False),
        sa.Column("installation_epoch", sa.BigInteger(), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), nullable=False),
        sa.Column("grant_epoch", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("ended_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_access_tokens_org_id_digest")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "app_directory",
        sa.Column("consumer_key", sa.String(length=128), nullable=False),
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.PrimaryKeyConstraint("consumer_key", name=op.f("pk_app_directory")),
        sa.UniqueConstraint("app_id", name=op.f("uq_app_directory_app_id")),
    )
    op.create_table(
        "audit_trail",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("at", dialects.Moment, nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", dialects.Id, nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("actor_app_id", dialects.Id, nullable=True),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("operation_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("target_kind", sa.String(length=32), nullable=False),
        sa.Column("target_id", dialects.Id, nullable=False),
        sa.Column("target_name", sa.Text(), nullable=False),
        sa.Column("changes", dialects.Json, nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("group_id", dialects.Id, nullable=True),
        sa.Column("algorithm", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("mac", dialects.Digest, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "sequence", name=op.f("pk_audit_trail")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_audit_trail_org_id_id")),
    )
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_trail_org_id_target_id_sequence"), ["org_id", "target_id", "sequence"], unique=False)

    op.create_table(
        "grants",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("flow", sa.String(length=24), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("ended_at", dialects.Moment, nullable=True),
        sa.Column("ended_because", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_grants")),
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_grants_org_id_installation_id_user_id"), ["org_id", "installation_id", "user_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_grants_org_id_user_id"), ["org_id", "user_id"], unique=False)
        batch_op.create_index(
            "uq_grants_service",
            ["org_id", "installation_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("flow = 'client_credentials' AND ended_at IS NULL"),
            postgresql_where=sa.text("flow = 'client_credentials' AND ended_at IS NULL"),
        )

    op.create_table(
        "idempotency_keys",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("actor_id", dialects.Id, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("request", dialects.Digest, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", dialects.Json, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "actor_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", dialects.Moment, nullable=False),
        sa.Column("progress", dialects.Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "login_history",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("at", dialects.Moment, nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=True),
        sa.Column("app_id", dialects.Id, server_default="", nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=True),
        sa.Column("grant_id", dialects.Id, nullable=True),
        sa.Column("user_id", dialects.Id, nullable=True),
        sa.Column("flow", sa.String(length=24), nullable=True),
        sa.Column("scopes_asked", sa.Text(), nullable=True),
        sa.Column("scopes_given", sa.Text(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=512), server_default="", nullable=False),
        sa.Column("auth_method", sa.String(length=24), nullable=True),
        sa.Column("credential_id", dialects.Id, nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("receipt", dialects.Json, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_login_history")),
    )
    with op.batch_alter_table("login_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_history_org_id_app_id_id"), ["org_id", "app_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_history_org_id_user_id_id"), ["org_id", "user_id", "id"], unique=False)
        batch_op.create_index(
            "ix_login_history_refusals",
            ["org_id", "reason", "id"],
            unique=False,
            sqlite_where=sa.text("outcome = 'refused'"),
            postgresql_where=sa.text("outcome = 'refused'"),
        )

    op.create_table(
        "node_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_numbers")),
    )
    op.create_table(
        "orgs",
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=False),
        sa.Column("settings", dialects.Json, nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orgs")),
        sa.UniqueConstraint("host", name=op.f("uq_orgs_host")),
        sa.UniqueConstraint("issuer", name=op.f("uq_orgs_issuer")),
    )
    op.create_table(
        "outbox",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", dialects.Json, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", dialects.Moment, nullable=False),
        sa.Column("sent_at", dialects.Moment, nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_waiting",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )

    op.create_table(
        "revocations",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", dialects.Moment, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("token_id", dialects.Id, nullable=True),
        sa.Column("grant_id", dialects.Id, nullable=True),
        sa.Column("app_id", dialects.Id, nullable=True),
        sa.Column("user_id", dialects.Id, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "sequence", name=op.f("pk_revocations")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("public_jwk", dialects.Json, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("signs_from", dialects.Moment, nullable=False),
        sa.Column("retired_at", dialects.Moment, nullable=True),
        sa.Column("removed_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "stranger_counts",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("window_start", dialects.Moment, nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", dialects.Moment, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "window_start", "reason", "network", name=op.f("pk_stranger_counts")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_stranger_counts_org_id_id")),
    )
    op.create_table(
        "usage",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("subject_id", dialects.Id, nullable=False),
        sa.Column("first_at", dialects.Moment, nullable=True),
        sa.Column("last_at", dialects.Moment, nullable=True),
        sa.Column("last_refused_at", dialects.Moment, nullable=True),
        sa.Column("granted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("org_id", "app_id", "subject_id", name=op.f("pk_usage")),
    )
    op.create_table(
        "used_assertions",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("use", sa.String(length=16), nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "use", "app_id", "digest", name=op.f("pk_used_assertions")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("used_assertions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_used_assertions_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "audit_heads",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mac", dialects.Digest, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_audit_heads_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "installations",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("installed_at", dialects.Moment, nullable=False),
        sa.Column("uninstalled_at", dialects.Moment, nullable=True),
        sa.Column("blocked_at", dialects.Moment, nullable=True),
        sa.Column("blocked_because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_installations_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_installations")),
        sa.UniqueConstraint("org_id", "app_id", name=op.f("uq_installations_org_id_app_id")),
    )
    op.create_table(
        "permission_sets",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("api_name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("permissions", dialects.Json, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_permission_sets_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_permission_sets")),
        sa.UniqueConstraint("org_id", "api_name", name=op.f("uq_permission_sets_org_id_api_name")),
    )
    op.create_table(
        "profiles",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("permissions", dialects.Json, nullable=False),
        sa.Column("login_ranges", dialects.Json, nullable=False),
        sa.Column("session_minutes", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_profiles_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_profiles_org_id_name")),
    )
    op.create_table(
        "revocation_heads",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_revocation_heads_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_revocation_heads")),
    )
    op.create_table(
        "permits",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("holder_id", dialects.Id, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "installation_id"], ["installations.org_id", "installations.id"], name=op.f("fk_permits_org_id_installation_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "installation_id", "holder_id", name=op.f("pk_permits")),
    )
    with op.batch_alter_table("permits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_permits_org_id_holder_id"), ["org_id", "holder_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("username", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("first_name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("last_name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("profile_id", dialects.Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id", "profile_id"], ["profiles.org_id", "profiles.id"], name=op.f("fk_users_org_id_profile_id")),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_users_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("org_id", "username", name=op.f("uq_users_org_id_username")),
    )
    op.create_table(
        "apps",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("api_name", sa.String(length=80), nullable=False),
        sa.Column("consumer_key", sa.String(length=128), nullable=False),
        sa.Column("dialect", sa.String(length=16), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("info_url", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("owner_id", dialects.Id, nullable=False),
        sa.Column("backup_owner_id", dialects.Id, nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("deleted_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "backup_owner_id"], ["users.org_id", "users.id"], name=op.f("fk_apps_org_id_backup_owner_id")),
        sa.ForeignKeyConstraint(["org_id", "owner_id"], ["users.org_id", "users.id"], name=op.f("fk_apps_org_id_owner_id")),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_apps_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_apps")),
        sa.UniqueConstraint("org_id", "api_name", name=op.f("uq_apps_org_id_api_name")),
    )
    op.create_table(
        "invitations",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_invitations_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_invitations_org_id_digest")),
    )
    op.create_table(
        "permission_set_assignments",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("permission_set_id", dialects.Id, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "permission_set_id"],
            ["permission_sets.org_id", "permission_sets.id"],
            name=op.f("fk_permission_set_assignments_org_id_permission_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_permission_set_assignments_org_id_user_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "user_id", "permission_set_id", name=op.f("pk_permission_set_assignments")),
    )
    with op.batch_alter_table("permission_set_assignments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_permission_set_assignments_org_id_permission_set_id"), ["org_id", "permission_set_id"], unique=False
        )

    op.create_table(
        "policies",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("permitted_users", sa.String(length=24), nullable=False),
        sa.Column("ip_relaxation", sa.String(length=32), nullable=False),
        sa.Column("access_token_minutes", sa.Integer(), nullable=True),
        sa.Column("jwt_access_token_minutes", sa.Integer(), nullable=True),
        sa.Column("run_as_user_id", dialects.Id, nullable=True),
        sa.Column("may_administer", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "installation_id"], ["installations.org_id", "installations.id"], name=op.f("fk_policies_org_id_installation_id")
        ),
        sa.ForeignKeyConstraint(["org_id", "run_as_user_id"], ["users.org_id", "users.id"], name=op.f("fk_policies_org_id_run_as_user_id")),
        sa.PrimaryKeyConstraint("org_id", "installation_id", name=op.f("pk_policies")),
    )
    op.create_table(
        "app_settings",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("flows", dialects.Json, nullable=False),
        sa.Column("scopes", dialects.Json, nullable=False),
        sa.Column("full_scope_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("callbacks", dialects.Json, nullable=False),
        sa.Column("native", sa.Boolean(), nullable=False),
        sa.Column("auth_methods", dialects.Json, nullable=False),
        sa.Column("pkce_required", sa.Boolean(), nullable=False),
        sa.Column("access_token_format", sa.String(length=8), nullable=False),
        sa.Column("signing_algorithm", sa.String(length=8), nullable=False),
        sa.Column("audience", sa.String(length=512), server_default="", nullable=False),
        sa.Column("legacy_audience", sa.Boolean(), nullable=False),
        sa.Column("introspect_all_tokens", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"], name=op.f("fk_app_settings_org_id_app_id")),
        sa.PrimaryKeyConstraint("org_id", "app_id", name=op.f("pk_app_settings")),
    )
    op.create_table(
        "certificates",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key_type", sa.String(length=40), nullable=False),
        sa.Column("algorithms", dialects.Json, nullable=False),
        sa.Column("public_pem", sa.Text(), nullable=False),
        sa.Column("not_before", dialects.Moment, nullable=False),
        sa.Column("not_after", dialects.Moment, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("created_by", dialects.Id, nullable=False),
        sa.Column("retired_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"], name=op.f("fk_certificates_org_id_app_id")),
        sa.PrimaryKeyConstraint("org_id", "app_id", "id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("org_id", "app_id", "fingerprint", name=op.f("uq_certificates_org_id_app_id_fingerprint")),
    )
    op.create_table(
        "secrets",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=24), nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("created_by", dialects.Id, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=True),
        sa.Column("retired_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"], name=op.f("fk_secrets_org_id_app_id")),
        sa.PrimaryKeyConstraint("org_id", "app_id", "id", name=op.f("pk_secrets")),
    )
    op.execute("INSERT INTO node_numbers (id, last) VALUES (1, 0)")
