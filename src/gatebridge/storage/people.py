"""Users, profiles, permission sets, who holds which, and invitations."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("login_ranges", Json, nullable=False),
    sa.Column("session_minutes", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "name"),
)

permission_sets = sa.Table(
    "permission_sets",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("label", sa.String(80), nullable=False),
    sa.Column("api_name", sa.String(80), nullable=False),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "api_name"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("username", sa.String(120), nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("first_name", sa.String(80), nullable=False, server_default=""),
    sa.Column("last_name", sa.String(80), nullable=False, server_default=""),
    sa.Column("profile_id", Id, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("password_hash", Text),
    sa.Column("external_id", sa.String(255)),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "username"),
    sa.ForeignKeyConstraint(["org_id", "profile_id"], ["profiles.org_id", "profiles.id"]),
)

permission_set_assignments = sa.Table(
    "permission_set_assignments",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("permission_set_id", Id, primary_key=True),
    sa.Column("expires_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.ForeignKeyConstraint(["org_id", "permission_set_id"], ["permission_sets.org_id", "permission_sets.id"]),
    sa.Index(None, "org_id", "permission_set_id"),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.UniqueConstraint("org_id", "digest"),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
)
