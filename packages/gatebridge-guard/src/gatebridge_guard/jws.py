"""Signed tokens (RFC 7515, RFC 9068): taken apart strictly, and checked with the published keys of the one issuer.

There are two algorithms, both asymmetric, and a key checks the one that it is published for. So no header can ask for `none`, for an HMAC
with the public key, or for a key of its own (RFC 8725 sections 3.1 and 3.10).
"""

import base64
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gatebridge_guard.strict_json import NotStrictJson, parse_object

ALGORITHMS = ("ES256", "RS256")
TYP = "at+jwt"
LONGEST = 8 * 1024
LONGEST_KID = 256
SMALLEST_RSA = 2048

_PUBLIC = {"EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_NOT_TAKEN = ("crit", "b64", "zip", "jwk", "jku", "x5u", "x5c")


class BadToken(Exception):  # noqa: N818 - said of the token, which is an answer here
    """A token is not to be believed. The text says why, and holds nothing of the token."""


class PublishedKey:
    """One key of the issuer, and the one algorithm that it is for."""

    __slots__ = ("alg", "key")

    def __init__(self, alg: str, key: ECKey | RSAKey) -> None:
        self.alg = alg
        self.key = key


def published(document: Mapping[str, Any]) -> dict[str, PublishedKey]:
    """The keys of a JWK set that access tokens may be checked with, by `kid`. Others are left out: keys for other algorithms and uses,
    weak ones, and whatever is symmetric or private, which nobody publishes by intent. Raises ValueError where it is no JWK set."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("no JWK set")
    found: dict[str, PublishedKey] = {}
    for jwk in listed:
        key = _key(jwk) if isinstance(jwk, dict) else None
        if key is None:
            continue
        if jwk["kid"] in found:
            raise ValueError("two keys have the same kid")
        found[jwk["kid"]] = key
    return found


def _key(jwk: Mapping[str, Any]) -> PublishedKey | None:
    kid, alg, members = jwk.get("kid"), jwk.get("alg"), _PUBLIC.get(str(jwk.get("kty")))
    private = {"d", "p", "q", "dp", "dq", "qi", "k"} & jwk.keys()
    if members is None or private or not isinstance(kid, str) or jwk.get("use", "sig") != "sig":
        return None
    said = {name: jwk[name] for name in ("kty", *members) if isinstance(jwk.get(name), str)}
    try:
        if alg == "ES256" and jwk["kty"] == "EC" and jwk.get("crv") == "P-256":
            return PublishedKey(alg, ECKey.import_key(said))
        if alg == "RS256" and jwk["kty"] == "RSA":
            rsa = RSAKey.import_key(said)
            return PublishedKey(alg, rsa) if rsa.public_key.key_size >= SMALLEST_RSA else None
    except (JoseError, ValueError, KeyError):
        return None
    return None


class SignedToken:
    """A token that was taken apart, and that nobody has checked yet."""

    __slots__ = ("_claims", "_text", "alg", "kid")

    def __init__(self, text: str) -> None:
        """Raises BadToken for whatever is no access token of Gatebridge, before any key is looked for."""
        if len(text) > LONGEST:
            raise BadToken("it is too long")
        parts = text.split(".")
        if len(parts) != 3 or not text.isascii():
            raise BadToken("it is no signed token")
        try:
            header, self._claims = parse_object(_decoded(parts[0])), parse_object(_decoded(parts[1]))
        except NotStrictJson as fault:
            raise BadToken(f"header and claims are not strict JSON: {fault}") from None
        if not _decoded(parts[2]):
            raise BadToken("it has no signature")
        self._text = text
        self.kid, self.alg = _checked(header)

    def checked(self, key: PublishedKey) -> Mapping[str, Any]:
        """The claims, once the signature holds. Raises BadToken where it does not."""
        if key.alg != self.alg:
            raise BadToken("its key is for another algorithm")
        try:
            jws.deserialize_compact(self._text, key.key, algorithms=[key.alg])
        except (JoseError, ValueError):
            raise BadToken("its signature does not hold") from None
        return self._claims


def _checked(header: Mapping[str, Any]) -> tuple[str, str]:
    """Key and algorithm, when everything in the header is what an access token has."""
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if alg not in ALGORITHMS:
        raise BadToken("its algorithm is not taken")
    if any(name in header for name in _NOT_TAKEN):
        raise BadToken("its header asks for what is not taken")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") != TYP:
        raise BadToken("it is no access token by its type")
    if not isinstance(kid, str) or len(kid) > LONGEST_KID:
        raise BadToken("it names no key")
    return kid, alg


def _decoded(part: str) -> bytes:
    """Strict base64url: a token has one spelling only, so that no second one dodges a revocation."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raw = b"\0"
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise BadToken("a part of it is not base64url")
    return raw
