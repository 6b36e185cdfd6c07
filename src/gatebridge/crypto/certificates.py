"""The public keys that apps prove themselves with: one X.509 certificate, or one public JWK, uploaded by the developer.

Only the key of a certificate is trusted, because the developer put it here; no chain is followed and its own signature says nothing.
"""

import functools
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwk
from joserfc.errors import JoseError

from gatebridge.crypto.signing import PublicKey, VerifyingKey, algs_for
from gatebridge.crypto.strict_json import NotStrictJson, parse_object

MAX_UPLOAD = 8 * 1024
"""Bytes of an upload that is looked at at all."""

_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_MAX_RSA_BITS = 8192  # checking with a larger key costs every assertion of the app milliseconds


class Flaw(StrEnum):
    """Why an upload was not taken."""

    UNREADABLE = "unreadable"
    WEAK = "weak"
    OUT_OF_DATE = "out_of_date"
    HAS_PRIVATE_KEY = "has_private_key"
    SEVERAL = "several"


class CertificateRefused(ValueError):  # noqa: N818 - an answer to an upload
    """An upload was not taken. `words` says why and what to do instead, and holds nothing of the upload but its measures."""

    def __init__(self, code: Flaw, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Certificate:
    """A public key of an app, as stored and shown. What only a certificate has is None when a JWK was uploaded."""

    fingerprint: str  # SHA-256 in lower-case hex: of the certificate's DER, or of a JWK's SubjectPublicKeyInfo
    subject: str | None  # RFC 4514
    issuer: str | None
    not_before: datetime | None
    not_after: datetime | None
    kid: str | None  # as the JWK names itself
    key_type: str  # for people: "RSA 2048", "EC P-256", "Ed25519"
    algs: tuple[str, ...]  # what it may check
    public_pem: str  # SubjectPublicKeyInfo


def read(upload: str | bytes, *, now: datetime) -> Certificate:
    """The certificate or public JWK in an upload: PEM or DER of X.509 (RFC 7468, RFC 5280), or a JWK (RFC 7517). Raises CertificateRefused.

    A certificate whose validity has not begun is taken, so that a successor can be registered ahead; whether it is valid at the moment of
    an assertion is decided then.
    """
    raw = upload.encode("utf-8", "surrogatepass") if isinstance(upload, str) else upload
    if len(raw) > MAX_UPLOAD:
        raise CertificateRefused(Flaw.UNREADABLE, f"This has {len(raw)} bytes; a certificate or key has at most {MAX_UPLOAD}")
    if b"PRIVATE KEY" in raw.upper():
        raise _private()
    if raw.lstrip().startswith(b"{"):
        return _from_jwk(raw)
    if raw.count(b"-----BEGIN") > 1:
        raise CertificateRefused(
            Flaw.SEVERAL, "There is more than one block in this; send the app's own certificate alone, without its chain"
        )
    return _from_x509(raw, now)


def verifying_key(public_pem: str, alg: str | None = None, *, kid: str | None = None) -> VerifyingKey:
    """The key of a stored `public_pem` for `signing.verify`: for the algorithm the app registered, or with None for all that fit the key.

    Raises ValueError when the algorithm does not fit the key.
    """
    return VerifyingKey.of(_parsed(public_pem), alg, kid)


@functools.lru_cache(maxsize=1024)
def _parsed(public_pem: str) -> PublicKey:
    # Parsing costs as much as checking a signature, and apps present the same key again and again.
    public = serialization.load_pem_public_key(public_pem.encode())
    if not isinstance(public, PublicKey):
        raise ValueError("This is not a key that checks signatures here")
    return public


def _from_x509(raw: bytes, now: datetime) -> Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)
        public = certificate.public_key()
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except Exception as fault:  # the parser raises its own, OpenSSL's and UnsupportedAlgorithm: none of them is ours to pass on
        raise _unreadable(raw) from fault
    key_type = _key_type(public)
    if not_after <= now:
        raise CertificateRefused(Flaw.OUT_OF_DATE, f"This certificate ended on {not_after:%Y-%m-%d %H:%M} UTC; send its successor")
    return Certificate(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=subject,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        kid=None,
        key_type=key_type,
        algs=algs_for(public),
        public_pem=_pem(public),
    )


def _from_jwk(raw: bytes) -> Certificate:
    try:
        members = parse_object(raw)
    except NotStrictJson as fault:
        raise CertificateRefused(Flaw.UNREADABLE, f"This begins like a JWK, but as JSON: {fault}") from None
    if "keys" in members:
        raise CertificateRefused(Flaw.SEVERAL, "This is a set of keys; send one key of it alone")
    if _PRIVATE_MEMBERS & members.keys():
        raise _private()
    kid = members.get("kid")
    if members.get("use", "sig") != "sig" or not (kid is None or (isinstance(kid, str) and len(kid) <= 256)):
        raise CertificateRefused(Flaw.UNREADABLE, "The JWK must be for signatures (use: sig), and its kid a text of at most 256 characters")
    public = _public_of(members)
    key_type = _key_type(public)
    algs = algs_for(public)
    if "alg" in members:
        if members["alg"] not in algs:
            raise CertificateRefused(Flaw.UNREADABLE, f"The alg in the JWK does not fit its key; what fits: {', '.join(algs)}")
        algs = (members["alg"],)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return Certificate(digest.finalize().hex(), None, None, None, None, kid, key_type, algs, _pem(public))


def _public_of(members: dict[str, Any]) -> Any:
    # Only what the key itself is made of is handed on, so that no other member can change how it is read.
    wanted = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}.get(str(members.get("kty")), ())
    parts = {name: members[name] for name in ("kty", *wanted) if isinstance(members.get(name), str)}
    if not wanted or len(parts) != len(wanted) + 1:
        raise CertificateRefused(Flaw.UNREADABLE, "The JWK needs kty RSA with n and e, EC with crv, x and y, or OKP with crv and x")
    try:
        return jwk.JWKRegistry.key_types[members["kty"]].binding.import_from_dict(parts)
    except (JoseError, ValueError, KeyError, UnsupportedAlgorithm):
        raise CertificateRefused(Flaw.UNREADABLE, "The members of the JWK are no public key, or of a kind that is not taken") from None


def _key_type(public: object) -> str:
    """The key's type in words; CertificateRefused when it is too weak, or costs too much to check with."""
    if isinstance(public, rsa.RSAPublicKey):
        exponent = public.public_numbers().e
        if not 2048 <= public.key_size <= _MAX_RSA_BITS:
            raise CertificateRefused(Flaw.WEAK, f"This RSA key has {public.key_size} bits; it must have 2048 to {_MAX_RSA_BITS}")
        if exponent < 65537 or exponent.bit_length() > 32:
            raise CertificateRefused(Flaw.WEAK, "This RSA key has an unusual public exponent; 65537 is what tools use")
        return f"RSA {public.key_size}"
    if not algs_for(public):
        raise CertificateRefused(Flaw.WEAK, "This kind of key is not taken; use RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519")
    return f"EC {_CURVES[public.curve.name]}" if isinstance(public, ec.EllipticCurvePublicKey) else "Ed25519"


def _pem(public: Any) -> str:
    pem: bytes = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def _unreadable(raw: bytes) -> CertificateRefused:
    if b"-----BEGIN PUBLIC KEY" in raw:
        return CertificateRefused(Flaw.UNREADABLE, "This is a bare public key; send an X.509 certificate around it, or the key as a JWK")
    try:
        serialization.load_der_private_key(raw, password=None)
    except TypeError:
        return _private()  # it is one, and wants its password
    except Exception:  # whatever it is, it is no private key
        return CertificateRefused(Flaw.UNREADABLE, "This is neither an X.509 certificate (PEM or DER) nor a public JWK")
    return _private()


def _private() -> CertificateRefused:
    return CertificateRefused(
        Flaw.HAS_PRIVATE_KEY,
        "This holds a private or secret key, which has now left its owner: it is compromised; make a new pair and send the public half",
    )
