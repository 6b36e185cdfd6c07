"""private_key_jwt: the client signs an assertion with the key of a registered certificate (RFC 7523 section 2.2, RFC 10070)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gatebridge.crypto import certificates, secrets, signing
from gatebridge.oauth.client_auth.presented import Presented
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import AppCertificate
from gatebridge.rules.facts import ClientProof
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import assertion as reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.facts import ClientRecord

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
USE = "client_auth"

# Ed25519 is the name that RFC 9864 gives to EdDSA with that curve; libraries send either.
ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"})
# RFC 10070 asks for the first; older clients send the others. Any other `typ` says that the token was made for something else.
TYPES = frozenset({"client-authentication+jwt", "jwt", None})

SKEW = timedelta(seconds=60)
FARTHEST = timedelta(minutes=5)
LONGEST_JTI = 256

_FAULTS = {
    signing.Fault.ALGORITHM: reasons.ASSERTION_ALGORITHM_REFUSED,
    signing.Fault.KEY_UNKNOWN: reasons.ASSERTION_KEY_UNKNOWN,
    signing.Fault.SIGNATURE: reasons.ASSERTION_SIGNATURE_WRONG,
    signing.Fault.TYP: reasons.ASSERTION_TYP_WRONG,
}


def from_body(request: OAuthRequest) -> Presented | Reason | None:
    """The assertion of a request, and the client that it says it is from: `iss`, not yet believed."""
    assertion = request.parameters.get("client_assertion")
    kind = request.parameters.get("client_assertion_type")
    if assertion is None and kind is None:
        return None
    if assertion is None or kind != ASSERTION_TYPE:
        return reasons.ASSERTION_TYPE_UNKNOWN
    try:
        issuer = signing.peek(assertion).claims.get("iss")
    except signing.BadToken:
        return reasons.ASSERTION_MALFORMED
    if not isinstance(issuer, str) or not issuer or "\0" in issuer:
        return reasons.ASSERTION_ISSUER_WRONG
    return Presented(issuer, ClientAuthMethod.PRIVATE_KEY_JWT, assertion)


def prove(presented: Presented, record: ClientRecord, org: Org, endpoint: str) -> tuple[ClientProof, UsedAssertion | None]:
    """Verify the signature with the app's certificates, then the claims. The assertion still has to be used up (RFC 7523 section 3)."""
    now = record.facts.now
    live = [certificate for certificate in record.certificates if certificate.live(now)]
    try:
        certificate, signed = _verify(presented.material, live)
    except signing.BadToken as bad:
        return ClientProof(refused=_why(bad, presented.material, record)), None
    known = Compared("certificate", certificate.fingerprint[:16], certificate.name)
    refused = _claims_refused(signed, presented, record, org, endpoint)
    if isinstance(refused, tuple):
        reason, compared = refused
        return ClientProof(refused=reason, certificate_id=certificate.id, compared=(compared, known)), None
    jti, expires = signed.claims["jti"], _moment(signed.claims["exp"])
    used = UsedAssertion(org.id, USE, certificate.app_id, secrets.digest(jti), expires + SKEW)
    proof = ClientProof(method=ClientAuthMethod.PRIVATE_KEY_JWT, certificate_id=certificate.id, compared=(known,))
    return proof, used


def _verify(assertion: str, usable: list[AppCertificate]) -> tuple[AppCertificate, signing.SignedClaims]:
    keys: dict[signing.VerifyingKey, AppCertificate] = {}
    for certificate in usable:
        for name in (None, certificate.fingerprint, long(certificate.id)):
            keys[_key(certificate.public_pem, certificate.algorithms, name)] = certificate
    has_name = "kid" in signing.peek(assertion).header
    offered = [key for key in keys if (key.kid is not None) == has_name]
    signed = signing.verify(assertion, offered, algs=ALGORITHMS, typ=TYPES)
    return keys[signed.key], signed


@lru_cache(maxsize=1024)
def _key(public_pem: str, algorithms: tuple[str, ...], name: str | None) -> signing.VerifyingKey:
    # A key that was uploaded for one algorithm checks that one alone (standards CA-08).
    return replace(certificates.verifying_key(public_pem, kid=name), algs=frozenset(algorithms))


def _why(bad: signing.BadToken, assertion: str, record: ClientRecord) -> Reason:
    """The reason for a token that no live certificate verifies: perhaps one verifies it that has run out or was retired."""
    ended = [certificate for certificate in record.certificates if not certificate.live(record.facts.now)]
    if bad.code in (signing.Fault.SIGNATURE, signing.Fault.KEY_UNKNOWN) and ended:
        try:
            certificate, _ = _verify(assertion, ended)
        except signing.BadToken:
            return _FAULTS[bad.code]
        return reasons.CERTIFICATE_RETIRED if certificate.retired_at is not None else reasons.CERTIFICATE_EXPIRED
    return _FAULTS.get(bad.code, reasons.ASSERTION_MALFORMED)


def _claims_refused(
    signed: signing.SignedClaims, presented: Presented, record: ClientRecord, org: Org, endpoint: str
) -> tuple[Reason, Compared] | None:
    claims, now = signed.claims, record.facts.now
    subject = claims.get("sub")
    if subject != presented.consumer_key:
        return reasons.ASSERTION_SUBJECT_WRONG, Compared("sub", _shown(subject), presented.consumer_key)
    audience = claims.get("aud")
    legacy = record.facts.settings is not None and record.facts.settings.legacy_audience
    # One string, equal to the issuer byte for byte: a list or a look-alike lets one server replay to another (RFC 10070).
    if not isinstance(audience, str) or not (audience == org.issuer or (legacy and audience == endpoint)):
        return reasons.ASSERTION_AUDIENCE_WRONG, Compared("aud", _shown(audience), org.issuer)
    expires = signing.numeric_date(claims.get("exp"))
    if expires is None or now >= _moment(expires) + SKEW:
        return reasons.ASSERTION_EXPIRED, Compared("exp", _shown(claims.get("exp")), now.isoformat())
    if _moment(expires) - now > FARTHEST:
        return reasons.ASSERTION_TOO_LONG_LIVED, Compared("exp", _shown(expires), (now + FARTHEST).isoformat())
    for name in ("nbf", "iat"):
        if name in claims:
            moment = signing.numeric_date(claims[name])
            if moment is None or _moment(moment) > now + SKEW:
                return reasons.ASSERTION_NOT_YET_VALID, Compared(name, _shown(claims[name]), now.isoformat())
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        return reasons.ASSERTION_JTI_MISSING, Compared("jti", _shown(jti), f"a text of 1 to {LONGEST_JTI} characters")
    return None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
