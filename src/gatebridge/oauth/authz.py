"""Forward authentication: a reverse proxy asks, for each request that it is about to pass on, whether the access token in it is good.

Not an RFC's, but what nginx (`auth_request`), Caddy (`forward_auth`), Traefik (ForwardAuth) and Envoy (`ext_authz`) all speak: 2xx lets the
request through, with headers that say who it is from; anything else keeps it out. The proxy proves for which resource server it asks, as
every caller does who asks about tokens (docs/decisions/0026).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gatebridge.oauth import challenge, endpoint, errors, presented_bearer, presented_token
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.exercising import exercised
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access, granted, resource
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Address, parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import level as level_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import resource as reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.resource import Needs
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage.facts import FactsReader

PATH = "/authz"
EVENT = "authz"

# Every header that says who somebody is. A proxy takes them from our answer and lets no client send them (docs/guides/reverse-proxies.md).
HEADERS = MappingProxyType(
    {
        "X-Gatebridge-User": "the username",
        "X-Gatebridge-User-Id": "the id of the user, for whom the app acts",
        "X-Gatebridge-Client": "the consumer key of the app",
        "X-Gatebridge-Scope": "the scopes of the token, with blanks between them",
        "X-Gatebridge-Level": "standard, high, or none where nobody signed in",
        "X-Gatebridge-Audience": "what the token is meant for",
        "X-Gatebridge-Token-Id": "the id of the token, which is that of the receipt of its issue",
        "X-Gatebridge-Expires": "when the token ends, in seconds since 1970",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a proxy asks: about the credentials of a client, for what they are to be good, and from where the client came."""

    authorization: tuple[str, ...] = field(repr=False)  # every Authorization header of the client
    needs: Needs | str  # or the name of the need that could not be read
    used_from: Address | None  # None: no trusted proxy told an address


def decide(reader: FactsReader, request: OAuthRequest, asked: Asked) -> Outcome:
    """Whether the request may pass. `request` is the proxy's own: its credentials, and from where it comes."""
    admitted = endpoint.admit(reader, request, EVENT, PATH)
    if isinstance(admitted, Outcome):
        return _of_the_proxy(reader.org(request.host), admitted)
    org, caller = admitted.org, admitted.caller
    bare = reader.bare_facts(org)
    if isinstance(asked.needs, str):
        verdict = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MALFORMED)
        return endpoint.refused(org, request, EVENT, caller, verdict, parameter=asked.needs)
    if len(asked.authorization) > 1:
        return _refused(org, request, caller, bare, bearer_reasons.BEARER_TWO_WAYS, asked.needs)
    sent = OAuthRequest(request.host, None, "", request.operation_id, {}, next(iter(asked.authorization), None))
    bearer = presented_bearer.read(sent)
    if isinstance(bearer, Reason):
        return _refused(org, request, caller, bare, bearer, asked.needs)
    facts, token = presented_token.find(reader, org, bearer.value)
    fault = bearer.fault(facts.app.dialect if facts.app is not None else Dialect.STANDARD)
    if fault is not None:
        return _refused(org, request, caller, facts, fault, asked.needs, token=token)
    return _judged(org, request, caller, facts, token, asked, asked.needs)


def _judged(
    org: Org, request: OAuthRequest, caller: Caller, facts: Facts, token: AccessToken | None, asked: Asked, needs: Needs
) -> Outcome:
    if token is not None and not resource.may_see(caller.facts, token):
        return _refused(org, request, caller, facts, proof_reasons.TOKEN_OF_OTHER_APP, needs, token=token)
    # As at introspection: the place of its issue is held against the ranges as they are now, and that of its use where the org asks.
    attempt = Attempt(door=Door.INTROSPECT, address=parse_address(token.address) if token is not None else None, token=token)
    if token is not None:
        held = granted.scopes(facts, attempt)
        attempt = replace(attempt, scope_needed=resource.scope_to_ask(needs, held, org.custom_scopes), used_from=asked.used_from)
    verdict = access.decide(facts, attempt)
    if token is not None:
        verdict = resource.judged(resource.placed(verdict, org, asked.used_from), facts, token, needs)
    if token is None or verdict.reason is not None:
        return _refused(org, request, caller, facts, verdict.reason or proof_reasons.TOKEN_UNKNOWN, needs, verdict, token)
    return Outcome(Answer(200, None, tuple(_identity(facts, token, verdict).items())), exercised=exercised(token, needs.scopes))


def _identity(facts: Facts, token: AccessToken, verdict: Verdict) -> Mapping[str, str]:
    """Every header, each time: one that was left out could be a client's own in its place."""
    app, standing, grant = facts.app, facts.standing, facts.grant
    if app is None or standing is None:
        raise ValueError("A live token was judged without its app or its user")
    level = grant.level.value if grant is not None and grant.authenticated_at is not None else "none"
    said = (
        standing.user.username,
        long(token.user_id),
        app.consumer_key,
        render(verdict.scopes),
        level,
        token.audience,
        long(token.id),
        str(int(token.expires_at.timestamp())),
    )
    return dict(zip(HEADERS, said, strict=True))


def _of_the_proxy(org: Org | None, outcome: Outcome) -> Outcome:
    """The proxy failed to prove itself. Its own line says why; what the client hears is that it is not the client's doing."""
    if org is None:
        return outcome
    return replace(outcome, answer=errors.answer(reasons.PROXY_NOT_PROVEN, Dialect.STANDARD, org.issuer))


def _refused(
    org: Org,
    request: OAuthRequest,
    caller: Caller,
    facts: Facts,
    reason: Reason,
    needs: Needs,
    verdict: Verdict | None = None,
    token: AccessToken | None = None,
) -> Outcome:
    told = _told(reason, facts, needs)
    level = (needs.level or Level.HIGH) if told.code == level_reasons.LEVEL_TOO_LOW.code else None
    answer = challenge.answer(org, told, scope=render(needs.scopes), level=level, max_age=needs.max_age)
    asked_by = caller.facts.app.api_name if caller.facts.app else None
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        facts,
        reason=reason,
        status=answer.status,
        token=token,
        acts_for=False,
        scopes_given=render(token.scopes) if token is not None else None,
        receipt=history.receipt(verdict.findings if verdict is not None else (), {"asked_by": asked_by}),
    )
    return Outcome(answer, HistoryEntry(line, folds=True))


def _told(reason: Reason, facts: Facts, needs: Needs) -> Reason:
    if reason is level_reasons.LEVEL_TOO_LOW and needs.level is not None:
        # It is the resource that needs it, so it says what it needs, also where nobody has signed in yet (RFC 9470 section 3).
        return replace(reason, error="insufficient_user_authentication", status=401)
    by_person = facts.grant is not None and facts.grant.authenticated_at is not None
    return bearer_reasons.at_our_api(reason, by_person=by_person)
