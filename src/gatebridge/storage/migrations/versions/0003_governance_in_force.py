"""Governance in force: factors, verifications, requests, loosenings, and the policies of networks, hours and levels.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_requests",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, server_default="", nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("flow", sa.String(length=24), server_default="", nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("first_at", dialects.Moment, nullable=False),
        sa.Column("last_at", dialects.Moment, nullable=False),
        sa.Column("decided_at", dialects.Moment, nullable=True),
        sa.Column("decided_by", sa.String(length=18), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("ends_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_access_requests")),
    )
    with op.batch_alter_table("access_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_requests_org_id_state_id"), ["org_id", "state", "id"], unique=False)
        batch_op.create_index(
            "uq_access_requests_open",
            ["org_id", "kind", "app_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "loosenings",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("exposure", sa.String(length=48), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ends_at", dialects.Moment, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("created_by", sa.String(length=18), nullable=False),
        sa.Column("told_at", dialects.Moment, nullable=True),
        sa.Column("closed_at", dialects.Moment, nullable=True),
        sa.Column("outcome", sa.String(length=12), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_loosenings")),
    )
    with op.batch_alter_table("loosenings", schema=None) as batch_op:
        batch_op.create_index(
            "uq_loosenings_open",
            ["org_id", "app_id", "exposure"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_loosenings_running",
            ["org_id", "ends_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "verifications",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=True),
        sa.Column("browser", dialects.Digest, nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("state", dialects.Json, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "digest", name=op.f("pk_verifications")),
    )
    op.create_table(
        "activated_browsers",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("browser", dialects.Digest, nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("user_agent", sa.String(length=512), server_default="", nullable=False),
        sa.Column("activated_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_activated_browsers_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "user_id", "browser", name=op.f("pk_activated_browsers")),
    )
    op.create_table(
        "factors",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=True),
        sa.Column("transports", sa.String(length=64), server_default="", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("confirmed_at", dialects.Moment, nullable=True),
        sa.Column("last_used_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_factors_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_factors")),
        sa.UniqueConstraint("org_id", "credential_id", name=op.f("uq_factors_org_id_credential_id")),
    )
    with op.batch_alter_table("factors", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_factors_org_id_user_id"), ["org_id", "user_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_recovery_codes_org_id_user_id")),
        sa.PrimaryKeyConstraint("org_id", "user_id", "digest", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("authorization_codes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activated", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activated", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("installations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("holders_only", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("login_history", schema=None) as batch_op:
        batch_op.add_column(sa.Column("would_refuse", sa.String(length=48), nullable=True))
        batch_op.create_index(
            "ix_login_history_would_refuse",
            ["org_id", "id"],
            unique=False,
            sqlite_where=sa.text("would_refuse IS NOT NULL"),
            postgresql_where=sa.text("would_refuse IS NOT NULL"),
        )

    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ip_ranges", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("refresh_ranges", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("monitored_ranges", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("required_level", sa.String(length=16), server_default="standard", nullable=False))
        batch_op.add_column(sa.Column("level_action", sa.String(length=16), server_default="raise", nullable=False))

    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("monitored_ranges", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("login_hours", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("required_level", sa.String(length=16), server_default="standard", nullable=False))
        batch_op.add_column(sa.Column("level_action", sa.String(length=16), server_default="raise", nullable=False))

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activated", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.add_column(sa.Column("browser_at", dialects.Moment, nullable=True))
