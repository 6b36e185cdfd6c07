"""Token introspection (RFC 7662): a proven caller asks whether a token is good at this moment."""

from gatebridge.oauth import endpoint, presented_token
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.exercising import exercised
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access, refresh_families, resource
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, RefreshToken
from gatebridge.rules.ids import long
from gatebridge.rules.network import Address, parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.scopes import implied, parse, render
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/introspect"
EVENT = "introspection"

# From where a resource server says that the token is being used. Ours, not the RFC's (docs/decisions/0016).
CLIENT_ADDRESS = "client_address"

# For which scopes a resource server has been asked, and whether it hears that the token covers them (docs/decisions/0024).
SCOPE_NEEDED = "scope_needed"
SCOPE_COVERED = "scope_covered"

INACTIVE: dict[str, object] = {"active": False}


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """Active or not, and nothing else about a token that is not (RFC 7662 section 2.2).

    An active answer writes nothing but, where the caller says which scopes it needs, that use is made of them.
    """
    admitted = endpoint.admit(reader, request, EVENT, PATH)
    if isinstance(admitted, Outcome):
        return admitted
    org, caller = admitted.org, admitted.caller
    value = request.parameters.get("token")
    if value is None:
        verdict = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MISSING)
        return endpoint.refused(org, request, EVENT, caller, verdict, parameter="token")
    # Only where the org asks; and what is no address could as well be one that the ranges keep out (X-IP-02).
    told = request.parameters.get(CLIENT_ADDRESS) if org.settings.ranges_on_every_request else None
    used_from = parse_address(told) if told is not None else None
    if told is not None and used_from is None:
        verdict = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MALFORMED)
        return endpoint.refused(org, request, EVENT, caller, verdict, parameter=CLIENT_ADDRESS)
    needed = request.parameters.get(SCOPE_NEEDED)
    scopes = parse(needed) if needed is not None else ()
    if scopes is None:
        verdict = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MALFORMED)
        return endpoint.refused(org, request, EVENT, caller, verdict, parameter=SCOPE_NEEDED)
    facts, token = presented_token.find_any(reader, org, value)
    if isinstance(token, RefreshToken):
        return admitted.once(request, EVENT, _refresh_judged(org, request, caller, facts, token))
    return admitted.once(request, EVENT, _judged(org, request, caller, facts, token, used_from, scopes))


def _judged(
    org: Org,
    request: OAuthRequest,
    caller: Caller,
    facts: Facts,
    token: AccessToken | None,
    used_from: Address | None,
    needed: tuple[str, ...],
) -> Outcome:
    if token is not None and not resource.may_see(caller.facts, token):
        return _inactive(org, request, caller, _foreign(), token)
    # The address for which the token was issued is held against the ranges as they are now, so that a token got from a place that is
    # no longer admitted ends with the place. Where it is used from is the resource server's to know, and to tell where the org asks.
    address = parse_address(token.address) if token is not None else None
    verdict = access.decide(facts, Attempt(door=Door.INTROSPECT, address=address, token=token, used_from=used_from))
    if token is None or verdict.reason is not None:
        return _inactive(org, request, caller, verdict, token)
    body = _active(caller.dialect, org, facts, token, verdict)
    if not needed:
        return Outcome(Answer(200, body))
    # Only here is it known what implies what: whoever looks for `api` among the scopes of a token with `full` does not find it.
    covered = implied(verdict.scopes, org.custom_scopes).issuperset(needed)
    return Outcome(Answer(200, body | {SCOPE_COVERED: covered}), exercised=exercised(token, needed) if covered else ())


def _refresh_judged(org: Org, request: OAuthRequest, caller: Caller, facts: Facts, refresh: RefreshToken) -> Outcome:
    """Whether the refresh token would be taken, by the same decision, and without using it up. Only its own app may ask (IN-05)."""
    if caller.facts.app is None or refresh.app_id != caller.facts.app.id:
        return _inactive(org, request, caller, _foreign(), None, facts)
    if refresh.used_at is not None:
        # A second use within the grace is forgiven to a client whose answer was lost; that does not make the token a live one.
        reason = grant_reasons.REFRESH_REUSED
        said = Finding(Gate.PROOF, State.REFUSED, "it was exchanged for its successor", reason)
        return _inactive(org, request, caller, Verdict(Door.REFRESH, (said,)), None, facts)
    address = parse_address(facts.grant.address) if facts.grant is not None else None
    attempt = Attempt(door=Door.REFRESH, address=address, client=caller.proof, flow=Flow.REFRESH_TOKEN, refresh=refresh)
    verdict = access.decide(facts, attempt)
    if verdict.reason is not None:
        return _inactive(org, request, caller, verdict, None, facts)
    return Outcome(Answer(200, _active_refresh(caller.dialect, org, facts, refresh, verdict)))


def _foreign() -> Verdict:
    reason = proof_reasons.TOKEN_OF_OTHER_APP
    return Verdict(Door.INTROSPECT, (Finding(Gate.PROOF, State.REFUSED, reason.sentence, reason),))


def _active(dialect: Dialect, org: Org, facts: Facts, token: AccessToken, verdict: Verdict) -> dict[str, object]:
    how: dict[str, object] = {}
    if facts.grant is not None and facts.grant.authenticated_at is not None:
        how = {"acr": facts.grant.level.acr, "auth_time": int(facts.grant.authenticated_at.timestamp())}
    return (
        _about(dialect, org, facts, token, verdict)
        | how
        | {
            "token_type": "access_token" if dialect is Dialect.SALESFORCE else "Bearer",
            "exp": int(token.expires_at.timestamp()),
            "aud": token.audience,
            "jti": long(token.id),
        }
    )


def _active_refresh(dialect: Dialect, org: Org, facts: Facts, refresh: RefreshToken, verdict: Verdict) -> dict[str, object]:
    # A resource server that takes whatever is active for an access token must not find the type of one here, in either dialect.
    said = _about(dialect, org, facts, refresh, verdict) | {"token_type": "refresh_token", "aud": org.issuer}
    end = refresh_families.ends(facts, facts.grant, facts.grant.last_used_at).first if facts.grant is not None else None
    return said | ({"exp": int(end.timestamp())} if end is not None else {})


def _about(dialect: Dialect, org: Org, facts: Facts, token: AccessToken | RefreshToken, verdict: Verdict) -> dict[str, object]:
    app, standing = facts.app, facts.standing
    if app is None or standing is None:
        raise ValueError("A live token was judged without its app or its user")
    user, issued = long(token.user_id), int(token.issued_at.timestamp())
    return {
        "active": True,
        "scope": render(verdict.scopes),
        "client_id": app.consumer_key,
        "username": standing.user.username,
        "iat": issued,
        "nbf": issued,
        "sub": f"{org.issuer}/id/{long(org.id)}/{user}" if dialect is Dialect.SALESFORCE else user,
        "iss": org.issuer,
    }


def _inactive(
    org: Org, request: OAuthRequest, caller: Caller, verdict: Verdict, token: AccessToken | None, facts: Facts | None = None
) -> Outcome:
    """One body for every cause; the true one is in the line of the token's own app, folded where it repeats."""
    answer = Answer(200, INACTIVE)
    reason = verdict.reason
    asked_by = caller.facts.app.api_name if caller.facts.app else None
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        facts or caller.facts,
        reason=reason,
        status=200,
        token=token,
        acts_for=False,
        receipt=history.receipt(verdict.findings, {"asked_by": asked_by}),
    )
    return Outcome(answer, HistoryEntry(line, folds=True))
