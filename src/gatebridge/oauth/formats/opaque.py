"""Opaque access tokens: random, in the shape that the app's dialect expects; only the digest is kept."""

from gatebridge.crypto import secrets
from gatebridge.rules.apps import Dialect


def make(org_id: str, dialect: Dialect, random: secrets.Randomness) -> tuple[str, bytes]:
    """A new token value and the digest under which it is recorded."""
    value = secrets.opaque_access_token(org_id, dialect, random)
    return value, secrets.digest(value)
