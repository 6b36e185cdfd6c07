"""Token introspection (RFC 7662): a proven caller asks whether a token is good at this moment."""

from gatebridge.oauth import endpoint, presented_token
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.ids import long
from gatebridge.rules.network import parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/introspect"
EVENT = "introspection"

INACTIVE: dict[str, object] = {"active": False}


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """Active or not, and nothing else about a token that is not (RFC 7662 section 2.2). An active answer writes nothing."""
    admitted = endpoint.admit(reader, request, EVENT, PATH)
    if isinstance(admitted, Outcome):
        return admitted
    org, caller = admitted.org, admitted.caller
    value = request.parameters.get("token")
    if value is None:
        verdict = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MISSING)
        return endpoint.refused(org, request, EVENT, caller, verdict, parameter="token")
    facts, token = presented_token.find(reader, org, value)
    return admitted.once(request, EVENT, _judged(org, request, caller, facts, token))


def _judged(org: Org, request: OAuthRequest, caller: Caller, facts: Facts, token: AccessToken | None) -> Outcome:
    if token is not None and not _may_see(caller, token):
        return _inactive(org, request, caller, _foreign(), token)
    # Where the token is used from is the resource server's to know. Here the address for which it was issued is held against
    # the ranges as they are now, so that a token got from a place that is no longer admitted ends with the place.
    address = parse_address(token.address) if token is not None else None
    verdict = access.decide(facts, Attempt(door=Door.INTROSPECT, address=address, token=token))
    if token is None or verdict.reason is not None:
        return _inactive(org, request, caller, verdict, token)
    return Outcome(Answer(200, _active(caller.dialect, org, facts, token, verdict)))


def _may_see(caller: Caller, token: AccessToken) -> bool:
    """A caller sees its own tokens, those meant for it, and all of the org where its settings say so (standards IN-04, X-MX-06)."""
    app, settings = caller.facts.app, caller.facts.settings
    if app is None or settings is None:
        return False
    return token.app_id == app.id or settings.introspect_all_tokens or (bool(settings.audience) and settings.audience == token.audience)


def _foreign() -> Verdict:
    reason = proof_reasons.TOKEN_OF_OTHER_APP
    return Verdict(Door.INTROSPECT, (Finding(Gate.PROOF, State.REFUSED, reason.sentence, reason),))


def _active(dialect: Dialect, org: Org, facts: Facts, token: AccessToken, verdict: Verdict) -> dict[str, object]:
    app, standing = facts.app, facts.standing
    if app is None or standing is None:
        raise ValueError("A live token was judged without its app or its user")
    user = long(token.user_id)
    issued = int(token.issued_at.timestamp())
    salesforce = dialect is Dialect.SALESFORCE
    return {
        "active": True,
        "scope": render(verdict.scopes),
        "client_id": app.consumer_key,
        "username": standing.user.username,
        "token_type": "access_token" if salesforce else "Bearer",
        "exp": int(token.expires_at.timestamp()),
        "iat": issued,
        "nbf": issued,
        "sub": f"{org.issuer}/id/{long(org.id)}/{user}" if salesforce else user,
        "aud": token.audience,
        "iss": org.issuer,
        "jti": long(token.id),
    }


def _inactive(org: Org, request: OAuthRequest, caller: Caller, verdict: Verdict, token: AccessToken | None) -> Outcome:
    """One body for every cause; the true one is in the line of the token's own app, folded where it repeats."""
    answer = Answer(200, INACTIVE)
    reason = verdict.reason
    asked_by = caller.facts.app.api_name if caller.facts.app else None
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        caller.facts,
        reason=reason,
        status=200,
        token=token,
        acts_for=False,
        receipt=history.receipt(verdict.findings, {"asked_by": asked_by}),
    )
    return Outcome(answer, HistoryEntry(line, folds=True))
