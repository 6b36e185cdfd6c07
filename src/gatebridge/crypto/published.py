"""Keys as they are published: from the JWK of one of our own keys to what checks its signatures."""

from collections.abc import Mapping
from functools import lru_cache

from joserfc import jwk

from gatebridge.crypto.signing import VerifyingKey


def verifying_key(public_jwk: Mapping[str, str]) -> VerifyingKey:
    """The key that checks what the private half of a published JWK signed, for its own algorithm only. Parsed once."""
    return _parsed(tuple(sorted(public_jwk.items())))


@lru_cache(maxsize=1024)
def _parsed(members: tuple[tuple[str, str], ...]) -> VerifyingKey:
    public = dict(members)
    return VerifyingKey(public["kid"], frozenset({public["alg"]}), jwk.import_key(dict[str, str | list[str]](public)))
