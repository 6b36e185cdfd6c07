"""Every flow: device codes, exercised scopes, flows that are tried out, logout, custom attributes and claims that are asked for.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_codes",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("digest", dialects.Digest, nullable=False),
        sa.Column("user_digest", dialects.Digest, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("installation_id", dialects.Id, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("org_epoch", sa.BigInteger(), nullable=False),
        sa.Column("app_epoch", sa.BigInteger(), nullable=False),
        sa.Column("installation_epoch", sa.BigInteger(), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("network", sa.String(length=64), server_default="", nullable=False),
        sa.Column("user_agent", sa.String(length=512), server_default="", nullable=False),
        sa.Column("number", sa.String(length=4), server_default="", nullable=False),
        sa.Column("polled_at", dialects.Moment, nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("session_id", dialects.Id, nullable=True),
        sa.Column("by_link", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("user_id", dialects.Id, nullable=True),
        sa.Column("approved_scopes", sa.Text(), nullable=True),
        sa.Column("level", sa.String(length=16), server_default="standard", nullable=False),
        sa.Column("methods", sa.String(length=64), server_default="", nullable=False),
        sa.Column("authenticated_at", dialects.Moment, nullable=True),
        sa.Column("activated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("decided_at", dialects.Moment, nullable=True),
        sa.Column("decided_from", sa.String(length=64), server_default="", nullable=False),
        sa.Column("used_at", dialects.Moment, nullable=True),
        sa.Column("grant_id", dialects.Id, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_device_codes")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_device_codes_org_id_digest")),
        sa.UniqueConstraint("org_id", "user_digest", name=op.f("uq_device_codes_org_id_user_digest")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exercised_scopes",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("grant_id", dialects.Id, nullable=False),
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("first_used_at", dialects.Moment, nullable=False),
        sa.Column("last_used_at", dialects.Moment, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "grant_id", "scope", name=op.f("pk_exercised_scopes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tries",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("flow", sa.String(length=24), nullable=False),
        sa.Column("expected", sa.String(length=8), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.Column("expires_at", dialects.Moment, nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("as_expected", sa.Boolean(), nullable=True),
        sa.Column("receipt_id", dialects.Id, nullable=True),
        sa.Column("ended_at", dialects.Moment, nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_tries")),
    )
    with op.batch_alter_table("tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tries_org_id_app_id_id"), ["org_id", "app_id", "id"], unique=False)
        batch_op.create_index(
            "ix_tries_running",
            ["org_id", "expires_at"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    for table in ("secrets", "certificates"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("try_id", dialects.Id, nullable=True))
            batch_op.create_index(
                f"ix_{table}_try",
                ["org_id", "try_id"],
                unique=False,
                sqlite_where=sa.text("try_id IS NOT NULL"),
                postgresql_where=sa.text("try_id IS NOT NULL"),
            )
    with op.batch_alter_table("app_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("post_logout_redirect_uris", dialects.Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("backchannel_logout_uri", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("custom_attributes", dialects.Json, server_default="[]", nullable=False))
    for table in ("authorization_codes", "grants"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("userinfo_claims", sa.Text(), server_default="", nullable=False))
            batch_op.add_column(sa.Column("id_token_claims", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("began_under", sa.String(length=8), server_default="", nullable=False))
        batch_op.add_column(sa.Column("line_id", dialects.Id, nullable=True))
        # Of the sessions that continue another one alone, which are few.
        batch_op.create_index(
            "ix_sessions_line",
            ["org_id", "line_id"],
            unique=False,
            sqlite_where=sa.text("line_id IS NOT NULL"),
            postgresql_where=sa.text("line_id IS NOT NULL"),
        )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        # Which apps are to hear that a session has ended; of these grants alone, so that the others pay nothing for it.
        batch_op.create_index(
            "ix_grants_session",
            ["org_id", "session_id"],
            unique=False,
            sqlite_where=sa.text("session_id IS NOT NULL"),
            postgresql_where=sa.text("session_id IS NOT NULL"),
        )
