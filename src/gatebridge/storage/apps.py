"""Connected apps, their settings, and the installation-wide directory of consumer keys."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Blob, Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

# The only table without an org in front: a consumer key is unique in the whole installation and is looked up before
# anything else is known.
app_directory = sa.Table(
    "app_directory",
    metadata,
    sa.Column("consumer_key", sa.String(128), primary_key=True),
    sa.Column("org_id", Id, nullable=False),
    sa.Column("app_id", Id, nullable=False, unique=True),
)

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
    sa.Column("logo", Blob),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("deleted_at", Moment),
    sa.UniqueConstraint("org_id", "api_name"),
    sa.ForeignKeyConstraint(["org_id", "owner_id"], ["users.org_id", "users.id"]),
    sa.ForeignKeyConstraint(["org_id", "backup_owner_id"], ["users.org_id", "users.id"]),
)

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
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)
