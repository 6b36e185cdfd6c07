"""Login history: one row per sign-in and token outcome, with its receipt."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

login_history = sa.Table(
    "login_history",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),  # the receipt's id, the operation's id, and for a token its `jti`
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.String(24), nullable=False),  # token, introspection, revocation, api
    sa.Column("outcome", sa.String(8), nullable=False),  # success or refused
    sa.Column("reason", sa.String(48)),  # of a refusal
    sa.Column("app_id", Id, nullable=False, server_default=""),  # empty where a stranger named none that exists
    sa.Column("installation_id", Id),
    sa.Column("grant_id", Id),
    sa.Column("user_id", Id),
    sa.Column("flow", sa.String(24)),
    sa.Column("scopes_asked", Text),
    sa.Column("scopes_given", Text),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("user_agent", sa.String(512), nullable=False, server_default=""),
    sa.Column("auth_method", sa.String(24)),
    sa.Column("credential_id", Id),  # the secret or certificate that proved the client
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("receipt", Json, nullable=False),
    sa.Index(None, "org_id", "app_id", "id"),
    sa.Index(None, "org_id", "user_id", "id"),
    # Successes are the many; only refusals are ever looked for by their reason.
    sa.Index(
        "ix_login_history_refusals",
        "org_id",
        "reason",
        "id",
        sqlite_where=sa.text("outcome = 'refused'"),
        postgresql_where=sa.text("outcome = 'refused'"),
    ),
)
