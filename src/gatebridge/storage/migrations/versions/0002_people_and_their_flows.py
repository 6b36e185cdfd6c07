"""People and their flows: sessions, codes, refresh tokens, approvals, and what identity scopes tell of a user.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
