"""Client assertions as a client's own JOSE library makes them (joserfc, on the client's side of the wire)."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc import jwk, jwt

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOON = int(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp())

_numbers = itertools.count(1)


@dataclass(frozen=True)
class ClientKey:
    """A key pair of a client. `upload` is the public half as the developer uploads it."""

    alg: str
    key: jwk.Key = field(repr=False)
    clock: Any = None  # the clock of the house, by which assertions are dated; noon where there is none
    uploaded: bytes | None = None  # where the developer uploads something else than the whole public key

    @property
    def upload(self) -> bytes:
        return self.uploaded or json.dumps(self.key.as_dict(private=False)).encode()

    @property
    def now(self) -> int:
        return int(self.clock().timestamp()) if self.clock is not None else NOON

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        return jwt.encode({"alg": self.alg} | dict(header or {}), dict(claims), self.key, algorithms=[self.alg])


@cache
def _generated(alg: str, number: int) -> jwk.Key:
    if alg == "ES256":
        return jwk.ECKey.generate_key("P-256")
    if alg in ("EdDSA", "Ed25519"):
        return jwk.OKPKey.generate_key("Ed25519")
    return jwk.RSAKey.generate_key(2048)


def client_key(alg: str = "ES256", number: int = 1, *, clock: Any = None) -> ClientKey:
    """The `number`th key pair of its algorithm; made once for all tests, since RSA keys take their time."""
    return ClientKey(alg, _generated(alg, number), clock)


def claims_for(consumer_key: str, audience: object, now: int, **changed: Any) -> dict[str, Any]:
    """The claims of a good assertion (RFC 7523 section 3, RFC 10070); a change to None leaves the claim out."""
    claims = {"iss": consumer_key, "sub": consumer_key, "aud": audience, "exp": now + 60, "jti": f"jti-{next(_numbers)}"} | changed
    return {name: value for name, value in claims.items() if value is not None}


def assertion_form(
    key: ClientKey, consumer_key: str, audience: object, header: Mapping[str, Any] | None = None, **changed: Any
) -> dict[str, str]:
    """The parameters that carry a fresh assertion."""
    claims = claims_for(consumer_key, audience, key.now, **changed)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": key.sign(claims, header)}
