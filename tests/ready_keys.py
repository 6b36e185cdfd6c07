"""RSA keys of orgs that are made once for many orgs, where a test is about something else: each takes 60 ms of processor time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from unittest.mock import patch

from gatebridge.crypto import signing

# So many keys in turn: the orgs of one test, and the old and the new key of one org, never share one.
DIFFERENT = 12

_drawn = 0


@cache
def _made(make: Callable[[str, str], tuple[dict[str, str], bytes]], alg: str, number: int) -> tuple[dict[str, str], bytes]:
    return make(alg, f"number {number}")


@contextmanager
def ready_keys() -> Iterator[None]:
    """While the block lasts, a new RSA key of an org is one of DIFFERENT real ones, under a name of its own."""
    make = signing.new_key

    def draw(alg: str, kid: str) -> tuple[dict[str, str], bytes]:
        global _drawn
        if alg not in ("RS256", "PS256"):
            return make(alg, kid)
        _drawn += 1
        public, private = _made(make, alg, _drawn % DIFFERENT)
        return public | {"kid": kid}, private

    with patch.object(signing, "new_key", draw):
        yield
