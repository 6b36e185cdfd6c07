"""By what name a user is told to apps: the id, or the identity URL where the app speaks Salesforce's dialect (wire.md)."""

from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org


def identity_url(org: Org, user_id: str) -> str:
    """The identity URL of a user. Clients split it at its slashes: the last two parts are the ids of org and user."""
    return f"{org.issuer}/id/{long(org.id)}/{long(user_id)}"


def subject(org: Org, user_id: str, dialect: Dialect) -> str:
    """The `sub` of a user in ID tokens and at userinfo: stable, ASCII, never given to somebody else (OpenID Connect Core section 2)."""
    return identity_url(org, user_id) if dialect is Dialect.SALESFORCE else long(user_id)
