"""JWT bearer (Salesforce: "JWT Bearer Flow"; RFC 7523 section 2.1).

For a service that acts for users who are not there, and whom the admin, or they themselves, have approved for it. It signs an assertion
that names the user with the key of a certificate of the app. There is never a refresh token: the client signs anew. Nobody signs in, so
there is no ID token either.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from gatebridge.crypto import secrets, signing
from gatebridge.oauth import endpoint, signed_assertion
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.redeeming import PATH, Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.oauth.signed_assertion import FARTHEST, LONGEST_JTI, Signed, moment, shown
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import AssertionProof, Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import grant as reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.facts import ClientRecord, FactsReader

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FLOW = Flow.JWT_BEARER
USE = "jwt_bearer"
PARAMETERS = frozenset({"grant_type", "assertion", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"})

# A JWT made for another purpose says so; one made for this says nothing, or only that it is a JWT (RFC 8725 section 3.11).
TYPES = frozenset({"jwt", None})
SKEW = {Dialect.STANDARD: timedelta(seconds=60), Dialect.SALESFORCE: timedelta(seconds=180)}
# In the salesforce dialect a number beyond this is taken for milliseconds: as seconds it would lie in the year 5138.
MILLISECONDS = 10**11

_FAULTS = signed_assertion.Faults(
    malformed=reasons.GRANT_ASSERTION_MALFORMED,
    algorithm=reasons.GRANT_ALGORITHM_REFUSED,
    key_unknown=reasons.GRANT_KEY_UNKNOWN,
    signature=reasons.GRANT_SIGNATURE_WRONG,
    typ=reasons.GRANT_TYP_WRONG,
    expired=reasons.GRANT_CERTIFICATE_EXPIRED,
    retired=reasons.GRANT_CERTIFICATE_RETIRED,
)
_PROOFS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def redeem(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    """What this request attempts: a token for the user whom the assertion names, by the app whose key has signed it.

    Client authentication may be left out, since the assertion proves the app; if it is sent it must be right (RFC 7521 section 4.1).
    """
    authenticated = None
    if request.authorization is not None or _PROOFS.intersection(request.parameters):
        authenticated = endpoint.call(reader, org, request, PATH).for_somebody()
        if authenticated.proof.refused is not None:
            return Redeeming(authenticated, _attempt(request, authenticated.proof, None))
    value = request.parameters.get("assertion")
    if value is None:
        caller = authenticated or Caller(reader.bare_facts(org), ClientProof())
        missing = AssertionProof(refused=reasons.ASSERTION_MISSING)
        return Redeeming(caller, _attempt(request, authenticated.proof if authenticated else None, missing))
    return _by_assertion(reader, org, request, value, authenticated)


def _by_assertion(reader: FactsReader, org: Org, request: OAuthRequest, value: str, authenticated: Caller | None) -> Redeeming:
    proof = authenticated.proof if authenticated else None
    issuer = _issuer(value)
    if isinstance(issuer, Reason):
        caller = authenticated or Caller(reader.bare_facts(org), ClientProof())
        return Redeeming(caller, _attempt(request, proof, AssertionProof(refused=issuer)))
    record = reader.client(org, issuer)
    signed = _signed(value, record)
    if record.facts.app is None:
        # Whoever signs with the key of an app that is not installed here hears so; to all others it is unknown (docs/decisions/0018).
        elsewhere = reader.client_anywhere(org, issuer)
        by_its_key = _signed(value, elsewhere)
        record, signed = (elsewhere, by_its_key) if isinstance(by_its_key, Signed) else (record, signed)
    facts = replace(record.facts, standing=None, grant=None)
    caller = authenticated or Caller(facts, ClientProof())
    if isinstance(signed, Reason):
        return Redeeming(caller, _attempt(request, proof, AssertionProof(refused=signed)))
    named = _named_client(request, authenticated)
    refused = (
        (reasons.GRANT_ISSUER_DIFFERS, Compared("iss", issuer, named))
        if named not in (None, issuer)
        else _claims_refused(signed, caller.dialect, record, org)
    )
    if refused is not None:
        assertion = AssertionProof(refused[0], signed.certificate.id, (refused[1], signed.shown))
        return Redeeming(replace(caller, signed=True), _attempt(request, proof, assertion))
    signed_at = _signed_at(signed, caller.dialect)
    assertion = AssertionProof(certificate_id=signed.certificate.id, compared=(signed.shown,), signed_at=signed_at)
    caller = replace(caller, signed=True, facts=reader.subject(org, facts, subject(signed, caller.dialect) or ""))
    return Redeeming(caller, _attempt(request, proof, assertion), used=_used(signed, caller.dialect, org))


def _attempt(request: OAuthRequest, proof: ClientProof | None, assertion: AssertionProof | None) -> Attempt:
    scopes, refused = endpoint.scopes_asked(request)
    return Attempt(
        door=Door.ASSERTION,
        address=request.address,
        client=proof,
        flow=FLOW,
        scopes_asked=scopes,
        scopes_refused=refused,
        assertion=assertion,
    )


def _issuer(value: str) -> str | Reason:
    try:
        issuer = signing.peek(value).claims.get("iss")
    except signing.BadToken:
        return reasons.GRANT_ASSERTION_MALFORMED
    return issuer if isinstance(issuer, str) and issuer else reasons.GRANT_ISSUER_UNKNOWN


def _signed(value: str, record: ClientRecord) -> Signed | Reason:
    if record.facts.app is None:
        return reasons.GRANT_ISSUER_UNKNOWN
    return signed_assertion.verify(value, record.certificates, record.facts.now, types=TYPES, faults=_FAULTS)


def _named_client(request: OAuthRequest, authenticated: Caller | None) -> str | None:
    """Whom the request names beside the assertion, by its credentials or by `client_id` alone; both must be the `iss` (X-JB-05)."""
    if authenticated is not None and authenticated.presented is not None:
        return authenticated.presented.consumer_key
    return request.parameters.get("client_id")


def subject(signed: Signed, dialect: Dialect) -> str | None:
    """The username that the assertion names. Salesforce's oldest clients call it `prn`, which wins there."""
    claims = signed.claims.claims
    named = claims.get("prn") if dialect is Dialect.SALESFORCE and "prn" in claims else claims.get("sub")
    return named if isinstance(named, str) and named else None


def _claims_refused(signed: Signed, dialect: Dialect, record: ClientRecord, org: Org) -> tuple[Reason, Compared] | None:
    claims, now = signed.claims.claims, record.facts.now
    audience, taken = claims.get("aud"), _audiences(record.facts, dialect, org)
    # One text: with a list one server could replay what was meant for another (X-JB-01).
    if not isinstance(audience, str) or audience not in taken:
        return reasons.GRANT_AUDIENCE_WRONG, Compared("aud", shown(audience), " or ".join(taken))
    if subject(signed, dialect) is None:
        return reasons.GRANT_SUBJECT_MISSING, Compared("sub", shown(claims.get("sub")), "a username")
    expires, skew = _date(claims.get("exp"), dialect), SKEW[dialect]
    if expires is None or now >= expires + skew:
        return reasons.GRANT_ASSERTION_EXPIRED, Compared("exp", shown(claims.get("exp")), now.isoformat())
    if expires - now > FARTHEST:
        return reasons.GRANT_ASSERTION_TOO_LONG, Compared("exp", shown(claims.get("exp")), (now + FARTHEST).isoformat())
    for name in ("nbf", "iat"):
        if name in claims:
            begins = _date(claims[name], dialect)
            if begins is None or begins > now + skew:
                return reasons.GRANT_ASSERTION_EARLY, Compared(name, shown(claims[name]), now.isoformat())
    jti = claims.get("jti")
    may_lack = dialect is Dialect.SALESFORCE and not isinstance(jti, str)
    if not may_lack and not (isinstance(jti, str) and 0 < len(jti) <= LONGEST_JTI):
        return reasons.GRANT_JTI_MISSING, Compared("jti", shown(jti), f"a text of 1 to {LONGEST_JTI} characters")
    return None


def _audiences(facts: Facts, dialect: Dialect, org: Org) -> tuple[str, ...]:
    if dialect is Dialect.STANDARD or facts.settings is None:
        return (org.issuer,)
    return (org.issuer, f"{org.issuer}/", *facts.settings.assertion_audiences)


def _date(value: object, dialect: Dialect) -> datetime | None:
    """A NumericDate; in the salesforce dialect also as a text, and in milliseconds."""
    if dialect is Dialect.STANDARD:
        seconds = signing.numeric_date(value)
        return moment(seconds) if seconds is not None else None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 16:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value > MILLISECONDS:
        whole = signing.numeric_date(value // 1000)
        return moment(whole + value % 1000 / 1000) if whole is not None else None
    seconds = signing.numeric_date(value)
    return moment(seconds) if seconds is not None else None


def _signed_at(signed: Signed, dialect: Dialect) -> datetime | None:
    """When it was signed: its `iat`, or as early as its `exp` allows. What was copied before a revoke must not be worth anything after."""
    claims = signed.claims.claims
    expires = _date(claims.get("exp"), dialect)
    return _date(claims.get("iat"), dialect) or (expires - FARTHEST if expires is not None else None)


def _used(signed: Signed, dialect: Dialect, org: Org) -> UsedAssertion | None:
    """What makes this assertion good for one answer. Without `jti` (salesforce only) it is good until it expires."""
    jti, expires = signed.claims.claims.get("jti"), _date(signed.claims.claims.get("exp"), dialect)
    if not isinstance(jti, str) or expires is None:
        return None
    return UsedAssertion(org.id, USE, signed.certificate.app_id, secrets.digest(jti), expires + SKEW[dialect])
