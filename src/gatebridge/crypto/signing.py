"""Compact signed tokens (JWS, RFC 7515): the keys, making our own, and checking anybody's.

What we sign is serialised here and signed by OpenSSL at once; what comes in is taken apart strictly, its signature checked by joserfc.
There is no HMAC and no `none` in this module, so no header can ask for one (RFC 8725 section 3.1).
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwa, jwk
from joserfc.errors import JoseError

from gatebridge.crypto.strict_json import NotStrictJson, parse_object

MAX_TOKEN = 8 * 1024
"""Bytes of a token that is looked at at all; counted before anything is decoded (X-TK-07)."""
MAX_KID = 256

SIGNING_ALGS = ("ES256", "RS256", "PS256", "EdDSA")
"""What an org can sign with (RFC 7518 section 3, RFC 8037)."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_RSA_ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EC_ALGS = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}
_ED_ALGS = ("EdDSA", "Ed25519")  # the second name is RFC 9864's for the same thing
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}

_ASYMMETRIC = frozenset({*_RSA_ALGS, "ES256", "ES384", "ES512", *_ED_ALGS})
_CHECKS = {model.name: model for model in jwa.JWS_ALGORITHMS if model.name in _ASYMMETRIC}
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_PSS_SHA256 = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)


class Fault(StrEnum):
    """Why a token was not believed."""

    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    CRIT = "crit"
    HEADER_KEY = "header_key"
    TYP = "typ"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE = "signature"


class BadToken(Exception):  # noqa: N818 - said of the token, which is an answer here
    """A token is not to be believed. `words` says why in printable ASCII, and holds at most a few characters of the token."""

    def __init__(self, code: Fault, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token says of itself, before anybody checked it. Good for finding whose keys to check it with, and for nothing else."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class VerifyingKey:
    """A public key, the name it may be asked for by, and the algorithms it may check."""

    kid: str | None
    algs: frozenset[str]
    key: jwk.Key = field(repr=False)

    @classmethod
    def of(cls, public: PublicKey, alg: str | None = None, kid: str | None = None) -> Self:
        """For one algorithm, or for all that fit the key. Raises ValueError when the key is too weak or does not fit the algorithm."""
        fitting = algs_for(public)
        if not fitting or (alg is not None and alg not in fitting):
            raise ValueError(f"This key checks {', '.join(fitting) or 'nothing'}, not {alg}")
        wrapped: jwk.Key
        if isinstance(public, rsa.RSAPublicKey):
            wrapped = jwk.RSAKey.import_key(public)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            wrapped = jwk.ECKey.import_key(public)
        else:
            wrapped = jwk.OKPKey.import_key(public)
        return cls(kid, frozenset((alg,) if alg else fitting), wrapped)


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """Header and claims of a token whose signature was checked. Only `verify` makes one, so who holds one holds checked claims."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: VerifyingKey
    witness: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.witness is not _VERIFIED:
            raise TypeError("Signed claims come from signing.verify only")


_VERIFIED = object()


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private key of an org, parsed once. Load it with `load`, sign with `sign`."""

    kid: str
    alg: str
    private: PrivateKey = field(repr=False)
    _heads: dict[str, bytes] = field(default_factory=dict, repr=False)  # the encoded header by typ; there are only a few

    @classmethod
    def load(cls, kid: str, alg: str, private_bytes: bytes) -> Self:
        """From the PKCS #8 DER of `new_key`. Raises ValueError when it is no private key or does not fit the algorithm."""
        private = serialization.load_der_private_key(private_bytes, password=None)
        if not isinstance(private, PrivateKey) or alg not in SIGNING_ALGS or alg not in algs_for(private.public_key()):
            raise ValueError(f"This private key does not sign {alg}")
        return cls(kid, alg, private)

    def verifying(self) -> VerifyingKey:
        return VerifyingKey.of(self.private.public_key(), self.alg, self.kid)

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517 section 4): key members, `kid`, `use` and `alg`."""
        (public,) = public_jwks([{**self.verifying().key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.alg}])["keys"]
        return public


def new_key(alg: str, kid: str) -> tuple[dict[str, str], bytes]:
    """A new key pair of an org: the public JWK, and the private key as PKCS #8 DER, plain, for `sealing.seal`.

    OpenSSL's own generator makes it. RSA keys have 2048 bits and take tenths of a second.
    """
    private: PrivateKey
    if alg == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    elif alg in ("RS256", "PS256"):
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif alg == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        raise ValueError(f"An org does not sign with {alg}; it can with {', '.join(SIGNING_ALGS)}")
    plain = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey(kid, alg, private).public_jwk(), plain


def algs_for(public: object) -> tuple[str, ...]:
    """The algorithms that a public key may check; none when its kind, curve or size is not good enough (RFC 7518 sections 3.3 and 3.4)."""
    if isinstance(public, rsa.RSAPublicKey):
        return _RSA_ALGS if public.key_size >= 2048 else ()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _EC_ALGS.get(public.curve.name, ())
    return _ED_ALGS if isinstance(public, ed25519.Ed25519PublicKey) else ()


def public_jwks(keys: Iterable[Mapping[str, object]]) -> dict[str, list[dict[str, str]]]:
    """A JWK set (RFC 7517 section 5) of these JWKs with the public members of each and no other.

    Raises ValueError for a symmetric key and for a `kid` used twice; both would be worse published than missed.
    """
    published: list[dict[str, str]] = []
    for key in keys:
        members = _PUBLIC_MEMBERS.get(str(key.get("kty")))
        if members is None:
            raise ValueError(f"A key of type {key.get('kty')!r} is not published")
        published.append({name: str(key[name]) for name in ("kty", *members, "kid", "use", "alg") if name in key})
    names = [key.get("kid") for key in published]
    if len(set(names)) != len(names):
        raise ValueError("Two keys have the same kid")
    return {"keys": published}


def thumbprint(public: Mapping[str, object]) -> str:
    """The SHA-256 thumbprint of a JWK, base64url (RFC 7638): a name that any two programs find for the same key."""
    return jwk.thumbprint({name: public[name] for name in ("kty", *_PUBLIC_MEMBERS[str(public["kty"])])})


def sign(key: SigningKey, typ: str, claims: Mapping[str, object]) -> str:
    """A compact JWS over the claims, with the header `alg`, `kid`, `typ`. Raises ValueError or TypeError for what JSON cannot hold."""
    head = key._heads.get(typ)
    if head is None:
        head = key._heads[typ] = _base64url(_ENCODE({"alg": key.alg, "kid": key.kid, "typ": typ}).encode()) + b"."
    covered = head + _base64url(_ENCODE(claims).encode())
    private = key.private
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(covered, _ECDSA_SHA256))
        signature = r.to_bytes(32) + s.to_bytes(32)
    elif isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(covered, _PSS_SHA256 if key.alg == "PS256" else padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = private.sign(covered)
    return b".".join((covered, _base64url(signature))).decode()


def peek(token: str) -> UnverifiedToken:
    """Header and claims of a token nobody checked yet; its shape is checked as strictly as in `verify`. Raises BadToken."""
    header, claims, _, _ = _parts(token)
    return UnverifiedToken(header, claims)


def verify(token: str, keys: Sequence[VerifyingKey], *, algs: frozenset[str], typ: frozenset[str | None]) -> SignedClaims:
    """The claims of a token that one of these keys signed, or BadToken.

    `keys` are those of the one issuer; a `kid` in the header picks among them by exact name, without one each key that fits is tried.
    `algs` is what this use allows. `typ` is the token types this use takes, in lower case and without `application/` (RFC 7515 section
    4.1.9); None in it admits a token without one. Which claims there must be is for the caller to say.
    """
    header, claims, covered, signature = _parts(token)
    alg = _checked_header(header, algs, typ)
    for key in _candidates(keys, header, alg):
        try:
            _CHECKS[alg].check_key(key.key)
            good = _CHECKS[alg].verify(covered, signature, key.key)
        except (JoseError, ValueError):
            good = False
        if good:
            return SignedClaims(header, claims, key, _VERIFIED)
    raise BadToken(Fault.SIGNATURE, "The signature does not belong to this token and key")


def numeric_date(value: object) -> int | None:
    """Seconds since 1970 when the value is a NumericDate that we take: a whole JSON number from 1970 to 2100. None otherwise (X-TK-09)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4_102_444_800:
        return value
    return None


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, the bytes that the signature covers, and the signature."""
    if len(token) > MAX_TOKEN:
        raise BadToken(Fault.TOO_LARGE, f"A token has at most {MAX_TOKEN} bytes")
    segments = token.split(".")
    if len(segments) == 5:
        raise BadToken(Fault.MALFORMED, "Encrypted tokens are not taken")
    if len(segments) != 3 or not token.isascii():
        raise BadToken(Fault.MALFORMED, "A signed token is three base64url texts with dots between them")
    head, body, signature = (_decoded(segment) for segment in segments)
    try:
        header, claims = parse_object(head), parse_object(body)
    except NotStrictJson as fault:
        raise BadToken(Fault.MALFORMED, f"Header and claims are strict JSON objects; in this one: {fault}") from None
    return header, claims, token[: token.rindex(".")].encode(), signature


def _checked_header(header: Mapping[str, Any], algs: frozenset[str], typ: frozenset[str | None]) -> str:
    """The algorithm, when everything in the header is what this use takes."""
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algs or alg not in _CHECKS:
        raise BadToken(Fault.ALGORITHM, f"alg is {ascii(alg)[:40]}; taken here: {', '.join(sorted(algs & _CHECKS.keys()))}")
    for name in ("crit", "b64", "zip"):
        if name in header:
            raise BadToken(Fault.CRIT, f"The header has {name}, which asks for an extension that is not taken (RFC 7515 section 4.1.11)")
    for name in ("jwk", "jku", "x5u", "x5c"):
        if name in header:
            raise BadToken(Fault.HEADER_KEY, f"The header has {name}; a token does not bring its own key (RFC 8725 section 3.10)")
    said = header.get("typ")
    kind = said.lower().removeprefix("application/") if isinstance(said, str) else said
    if not isinstance(kind, str | None) or kind not in typ:
        raise BadToken(Fault.TYP, f"typ is {ascii(said)[:40]}; taken here: {', '.join(sorted(name or 'none' for name in typ))}")
    return alg


def _candidates(keys: Sequence[VerifyingKey], header: Mapping[str, Any], alg: str) -> list[VerifyingKey]:
    if "kid" in header:
        kid = header["kid"]
        if not isinstance(kid, str) or len(kid) > MAX_KID:
            raise BadToken(Fault.KEY_UNKNOWN, f"kid is a text of at most {MAX_KID} characters")
        keys = [key for key in keys if key.kid == kid]
    if not keys:
        raise BadToken(Fault.KEY_UNKNOWN, "No key of that name is registered")
    if fitting := [key for key in keys if alg in key.algs]:
        return fitting
    raise BadToken(Fault.ALGORITHM, f"The key is not for {alg}")


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decoded(segment: str) -> bytes:
    """Strict base64url: encoding again must give the same text, so that a token has one spelling only (X-TK-10)."""
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raw = b""
    if _base64url(raw).decode() != segment:
        raise BadToken(Fault.MALFORMED, "A part of the token is not base64url without padding")
    return raw
