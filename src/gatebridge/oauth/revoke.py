"""Token revocation (RFC 7009): a client ends a token of its own, and hears the same whatever the token was."""

from gatebridge.oauth import dialects, endpoint, origins, presented_token
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.outcome import Answer, GrantEnd, Outcome, Use
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, RefreshToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.verdict import Finding, State
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/revoke"
EVENT = "revocation"


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """End the token if it is the caller's; a refresh token ends with its whole family, access tokens included (RFC 7009 section 2.1).

    In the salesforce dialect possession of the token is enough (wire.md).
    """
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    value = request.parameters.get("token")
    if value is not None and _names_nobody(request):
        facts, token = presented_token.find_any(reader, org, value)
        if token is not None and facts.app is not None and facts.app.dialect is Dialect.SALESFORCE:
            return _ended(org, request, facts, token)
        if token is None and dialects.spoken_by(value, org) is Dialect.SALESFORCE:
            return _nothing_done(org, request, Caller(facts, ClientProof()), proof_reasons.TOKEN_UNKNOWN, ())
    return _by_caller(reader, org, request, value)


def _names_nobody(request: OAuthRequest) -> bool:
    return request.authorization is None and not {"client_id", "client_assertion", "client_secret"}.intersection(request.parameters)


def _by_caller(reader: FactsReader, org: Org, request: OAuthRequest, value: str | None) -> Outcome:
    caller = endpoint.call(reader, org, request, PATH, known_here=True)  # an app that never was here has nothing to revoke
    verdict = endpoint.decide(reader, caller.facts, Attempt(door=Door.REVOKE, address=request.address, client=caller.proof))
    if verdict.reason is not None:
        return endpoint.refused(org, request, EVENT, caller, verdict)
    if value is None:
        missing = endpoint.refusing(Door.REVOKE, request_reasons.PARAMETER_MISSING)
        return endpoint.refused(org, request, EVENT, caller, missing, parameter="token")
    facts, token = presented_token.find_any(reader, org, value)
    uses = endpoint.uses(org, request, EVENT, caller, verdict)
    if token is None:
        return _nothing_done(org, request, caller, proof_reasons.TOKEN_UNKNOWN, uses)
    if caller.facts.app is None or token.app_id != caller.facts.app.id:
        return _nothing_done(org, request, caller, proof_reasons.TOKEN_OF_OTHER_APP, uses)
    return _ended(org, request, facts, token, caller, uses)


def _ended(
    org: Org,
    request: OAuthRequest,
    facts: Facts,
    token: AccessToken | RefreshToken,
    caller: Caller | None = None,
    uses: tuple[Use, ...] = (),
) -> Outcome:
    one = token if isinstance(token, AccessToken) else None
    grant = facts.grant if one is None else None
    lives = one.ended_at is None and facts.now < one.expires_at if one is not None else grant is not None and grant.ended_at is None
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        facts,
        reason=None,
        status=200,
        flow=grant.flow if grant is not None else None,
        token=one,
        auth_method=caller.proof.method if caller else None,
        credential_id=caller.credential_id if caller else None,
        receipt=history.receipt((), _what(token) | {"by": "the client" if caller else "possession of the token"}),
    )
    family = GrantEnd(grant, "its refresh token was revoked") if grant is not None and lives else None
    # A dead token proves nothing, and whoever has found one can bring it for ever.
    folds = not lives and (caller is None or not caller.proven)
    return Outcome(_done(request, facts), HistoryEntry(line, folds=folds), uses=uses, ends=one, ends_grant=family)


def _what(token: AccessToken | RefreshToken) -> dict[str, str | None]:
    return {"token": token.id} if isinstance(token, AccessToken) else {"refresh_token_of": token.grant_id}


def _done(request: OAuthRequest, facts: Facts) -> Answer:
    """RFC 7009 section 2.2: 200 also for a token that is unknown, dead already, or another client's. The receipt tells them apart."""
    return Answer(200, None, origins.headers(request, facts.settings))


def _nothing_done(org: Org, request: OAuthRequest, caller: Caller, reason: Reason, uses: tuple[Use, ...]) -> Outcome:
    said = Finding(Gate.PROOF, State.REFUSED, reason.sentence, reason)
    line = endpoint.line_of(
        org, request, EVENT, caller.facts, reason=reason, status=200, acts_for=False, receipt=history.receipt((said,), {})
    )
    return Outcome(_done(request, caller.facts), HistoryEntry(line, folds=True), uses=uses)
