"""What client assertions and assertions that name a user have in common: they are signed with the key of a certificate of one app.

Which certificates are tried is settled by the `iss` alone, never by the `kid` (X-JB-05). What the claims must say is each use's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gatebridge.crypto import certificates, signing
from gatebridge.rules.apps import AppCertificate
from gatebridge.rules.ids import long
from gatebridge.rules.reasons.reason import Compared, Reason

# Ed25519 is the name that RFC 9864 gives to EdDSA with that curve; libraries send either.
ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"})

FARTHEST = timedelta(minutes=5)
LONGEST_JTI = 256


@dataclass(frozen=True, slots=True)
class Faults:
    """What each thing that can be wrong with a signature is called where this kind of assertion is presented."""

    malformed: Reason
    algorithm: Reason
    key_unknown: Reason
    signature: Reason
    typ: Reason
    expired: Reason
    retired: Reason

    def of(self, fault: signing.Fault) -> Reason:
        named = {
            signing.Fault.ALGORITHM: self.algorithm,
            signing.Fault.KEY_UNKNOWN: self.key_unknown,
            signing.Fault.SIGNATURE: self.signature,
            signing.Fault.TYP: self.typ,
        }
        return named.get(fault, self.malformed)


@dataclass(frozen=True, slots=True)
class Signed:
    """An assertion whose signature a live certificate has verified."""

    claims: signing.SignedClaims
    certificate: AppCertificate

    @property
    def shown(self) -> Compared:
        """The certificate, for the receipt."""
        return Compared("certificate", self.certificate.fingerprint[:16], self.certificate.name)


def verify(
    assertion: str, known: Sequence[AppCertificate], now: datetime, *, types: frozenset[str | None], faults: Faults
) -> Signed | Reason:
    """Verify with the live ones among the app's certificates. `types` is what the header `typ` may say.

    Where no live one verifies it, the reason says so if one does that has run out or was retired.
    """
    try:
        certificate, claims = _verified(assertion, [each for each in known if each.live(now)], types)
    except signing.BadToken as bad:
        return _why(bad, assertion, [each for each in known if not each.live(now)], types, faults)
    return Signed(claims, certificate)


def _verified(
    assertion: str, usable: Sequence[AppCertificate], types: frozenset[str | None]
) -> tuple[AppCertificate, signing.SignedClaims]:
    keys: dict[signing.VerifyingKey, AppCertificate] = {}
    for certificate in usable:
        for name in (None, certificate.fingerprint, long(certificate.id)):
            keys[_key(certificate.public_pem, certificate.algorithms, name)] = certificate
    has_name = "kid" in signing.peek(assertion).header
    offered = [key for key in keys if (key.kid is not None) == has_name]
    signed = signing.verify(assertion, offered, algs=ALGORITHMS, typ=types)
    return keys[signed.key], signed


@lru_cache(maxsize=1024)
def _key(public_pem: str, algorithms: tuple[str, ...], name: str | None) -> signing.VerifyingKey:
    # A key that was uploaded for one algorithm checks that one alone (standards CA-08).
    return replace(certificates.verifying_key(public_pem, kid=name), algs=frozenset(algorithms))


def _why(bad: signing.BadToken, assertion: str, ended: Sequence[AppCertificate], types: frozenset[str | None], faults: Faults) -> Reason:
    if bad.code in (signing.Fault.SIGNATURE, signing.Fault.KEY_UNKNOWN) and ended:
        try:
            certificate, _ = _verified(assertion, ended, types)
        except signing.BadToken:
            return faults.of(bad.code)
        return faults.retired if certificate.retired_at is not None else faults.expired
    return faults.of(bad.code)


def moment(seconds: float) -> datetime:
    """The moment of a NumericDate."""
    return datetime.fromtimestamp(seconds, UTC)


def shown(value: object) -> str | None:
    """A claim as a receipt may show it."""
    return None if value is None else str(value)
