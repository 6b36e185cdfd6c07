"""private_key_jwt: the client signs an assertion with the key of a registered certificate (RFC 7523 section 2.2, RFC 10070)."""

from datetime import timedelta

from gatebridge.crypto import secrets, signing
from gatebridge.oauth import signed_assertion
from gatebridge.oauth.client_auth.presented import Presented
from gatebridge.oauth.request import OAuthRequest
from gatebridge.oauth.signed_assertion import FARTHEST, LONGEST_JTI, moment, shown
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.facts import ClientProof
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import assertion as reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.facts import ClientRecord

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
USE = "client_auth"

ALGORITHMS = signed_assertion.ALGORITHMS
# RFC 10070 asks for the first; older clients send the others. Any other `typ` says that the token was made for something else.
TYPES = frozenset({"client-authentication+jwt", "jwt", None})

SKEW = timedelta(seconds=60)

_FAULTS = signed_assertion.Faults(
    malformed=reasons.ASSERTION_MALFORMED,
    algorithm=reasons.ASSERTION_ALGORITHM_REFUSED,
    key_unknown=reasons.ASSERTION_KEY_UNKNOWN,
    signature=reasons.ASSERTION_SIGNATURE_WRONG,
    typ=reasons.ASSERTION_TYP_WRONG,
    expired=reasons.CERTIFICATE_EXPIRED,
    retired=reasons.CERTIFICATE_RETIRED,
)


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
    signed = signed_assertion.verify(presented.material, record.certificates, record.facts.now, types=TYPES, faults=_FAULTS)
    if isinstance(signed, Reason):
        return ClientProof(refused=signed), None
    certificate, known = signed.certificate, signed.shown
    refused = _claims_refused(signed.claims, presented, record, org, endpoint)
    if isinstance(refused, tuple):
        reason, compared = refused
        return ClientProof(refused=reason, certificate_id=certificate.id, compared=(compared, known)), None
    jti, expires = signed.claims.claims["jti"], moment(signed.claims.claims["exp"])
    used = UsedAssertion(org.id, USE, certificate.app_id, secrets.digest(jti), expires + SKEW)
    proof = ClientProof(method=ClientAuthMethod.PRIVATE_KEY_JWT, certificate_id=certificate.id, compared=(known,))
    return proof, used


def _claims_refused(
    signed: signing.SignedClaims, presented: Presented, record: ClientRecord, org: Org, endpoint: str
) -> tuple[Reason, Compared] | None:
    claims, now = signed.claims, record.facts.now
    subject = claims.get("sub")
    if subject != presented.consumer_key:
        return reasons.ASSERTION_SUBJECT_WRONG, Compared("sub", shown(subject), presented.consumer_key)
    audience = claims.get("aud")
    legacy = record.facts.settings is not None and record.facts.settings.legacy_audience
    # One string, equal to the issuer byte for byte: a list or a look-alike lets one server replay to another (RFC 10070).
    if not isinstance(audience, str) or not (audience == org.issuer or (legacy and audience == endpoint)):
        return reasons.ASSERTION_AUDIENCE_WRONG, Compared("aud", shown(audience), org.issuer)
    expires = signing.numeric_date(claims.get("exp"))
    if expires is None or now >= moment(expires) + SKEW:
        return reasons.ASSERTION_EXPIRED, Compared("exp", shown(claims.get("exp")), now.isoformat())
    if moment(expires) - now > FARTHEST:
        return reasons.ASSERTION_TOO_LONG_LIVED, Compared("exp", shown(expires), (now + FARTHEST).isoformat())
    for name in ("nbf", "iat"):
        if name in claims:
            said = signing.numeric_date(claims[name])
            if said is None or moment(said) > now + SKEW:
                return reasons.ASSERTION_NOT_YET_VALID, Compared(name, shown(claims[name]), now.isoformat())
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        return reasons.ASSERTION_JTI_MISSING, Compared("jti", shown(jti), f"a text of 1 to {LONGEST_JTI} characters")
    return None
