"""Installed apps, their policies, and which profiles and permission sets may use them."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment, Text
from gatebridge.storage.metadata import metadata

installations = sa.Table(
    "installations",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("installed_at", Moment, nullable=False),
    sa.Column("uninstalled_at", Moment),
    sa.Column("blocked_at", Moment),
    sa.Column("blocked_because", Text, nullable=False, server_default=""),
    sa.UniqueConstraint("org_id", "app_id"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("installation_id", Id, primary_key=True),
    sa.Column("permitted_users", sa.String(24), nullable=False),
    sa.Column("ip_relaxation", sa.String(32), nullable=False),
    sa.Column("access_token_minutes", sa.Integer),
    sa.Column("jwt_access_token_minutes", sa.Integer),
    sa.Column("run_as_user_id", Id),
    sa.Column("may_administer", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.ForeignKeyConstraint(["org_id", "installation_id"], ["installations.org_id", "installations.id"]),
    sa.ForeignKeyConstraint(["org_id", "run_as_user_id"], ["users.org_id", "users.id"]),
)

# The holder is a profile or a permission set; its key prefix says which.
permits = sa.Table(
    "permits",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("installation_id", Id, primary_key=True),
    sa.Column("holder_id", Id, primary_key=True),
    sa.Column("expires_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "installation_id"], ["installations.org_id", "installations.id"]),
    sa.Index(None, "org_id", "holder_id"),
)
