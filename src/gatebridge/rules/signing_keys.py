"""When a signing key of an org signs, and when it may go."""

from datetime import datetime, timedelta

ALGORITHMS = ("ES256", "RS256")

# How long a client may keep our JWKS. A new key is published for so long before it signs, so that no client meets a signature
# whose key it could not have seen (X-TK-13).
JWKS_CACHE = timedelta(minutes=15)

# The longest life of a JWT access token (product.md, "Defaults"): a retired key is needed for so long, and one cache life more.
LONGEST_TOKEN = timedelta(hours=12)


def signs_from(now: datetime, first: bool) -> datetime:
    """From when a key made now may sign. The first of its algorithm at once, since nobody has cached a set without it."""
    return now if first else now + JWKS_CACHE


def removable_from(retired_at: datetime) -> datetime:
    """From when a key retired then may leave the JWKS: the last token that it signed is over, and so is every cache."""
    return retired_at + LONGEST_TOKEN + JWKS_CACHE
