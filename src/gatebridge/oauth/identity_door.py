"""The door of the two endpoints that tell who somebody is: a live token with the right scope passes, in the dialect of its app.

Whoever passes writes nothing but, now and then, of which scopes use was made. A refusal is told as RFC 6750 section 3 wants it, or in the
plain words that Salesforce's clients match on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from gatebridge.oauth import challenge, dialects, endpoint, exercising, origins, presented_bearer, presented_token
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.presented_bearer import Bearer, Way
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access, granted
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import covers, render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage.facts import FactsReader

# Any of these tells who somebody is; Salesforce takes each of them at both endpoints.
KINDS = ("openid", "id", "profile", "email", "address", "phone", "api")

# What Salesforce's clients match on to get a new token (protocol file 4.5).
BAD_TOKEN = "Bad_OAuth_Token"
SCOPE_LACKS = "Invalid_Scope"

# Which scopes let this token in, any one of them; the first is what is told to be missing.
Accepted = Callable[[Dialect, AccessToken], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A live token that was let in, with all that is known about it, and what it may still do."""

    org: Org
    event: str
    facts: Facts
    token: AccessToken
    bearer: Bearer
    verdict: Verdict
    admitted_by: str  # the scope that let it in

    @property
    def dialect(self) -> Dialect:
        return _dialect(self.facts)

    def answered(self, request: OAuthRequest, body: Mapping[str, object], exercised: Iterable[str], *, root: str | None = None) -> Outcome:
        """The answer, for which the token made use of these scopes.

        Under a `root` it comes in the form that an app of the salesforce dialect has asked for; without one it is JSON always. It has a
        line only where the token came in an address, which exposes the app that does so (wire.md).
        """
        answer = Answer(200, body, origins.headers(request, self.facts.settings))
        if root is not None:
            answer = replace(answer, form=request.form_in(self.dialect), root=root)
        if Way.QUERY not in self.bearer.ways:
            return Outcome(answer, exercised=exercising.exercised(self.token, exercised))
        line = endpoint.line_of(
            self.org,
            request,
            self.event,
            self.facts,
            reason=None,
            status=200,
            token=self.token,
            scopes_given=render(self.verdict.scopes),
            receipt=history.receipt(self.verdict.findings, {"token_sent_in": Way.QUERY}),
        )
        return Outcome(answer, HistoryEntry(line), exercised=exercising.exercised(self.token, exercised))

    def refused(self, request: OAuthRequest, reason: Reason) -> Outcome:
        """The token is good, and what was asked for is not to be had with it."""
        return _refused(self.org, request, self.event, self.facts, reason, self.verdict, self.token)


def admit(reader: FactsReader, request: OAuthRequest, event: str, accepted: Accepted) -> Admitted | Outcome:
    """Let a live token in that has one of the scopes; else the outcome that refuses it. A token that nobody knows speaks no dialect."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    bare = reader.bare_facts(org)
    if request.malformed is not None:
        return endpoint.malformed(org, request, event, bare)
    bearer = presented_bearer.read(request)
    if isinstance(bearer, Reason):
        return _refused(org, request, event, bare, bearer)
    facts, token = presented_token.find(reader, org, bearer.value)
    if facts.app is None and dialects.spoken_by(bearer.value, org) is Dialect.SALESFORCE:
        return _refused(org, request, event, facts, proof_reasons.TOKEN_UNKNOWN, in_words=True)
    fault = bearer.fault(_dialect(facts))
    if fault is not None:
        return _refused(org, request, event, facts, fault, token=token)
    attempt = Attempt(door=Door.IDENTITY, address=request.address, token=token)
    needed = _needed(facts, attempt, accepted) if token is not None else None
    verdict = access.decide(facts, replace(attempt, scope_needed=needed))
    if token is None or verdict.reason is not None:
        reason = verdict.reason or proof_reasons.TOKEN_UNKNOWN
        return _refused(org, request, event, facts, reason, verdict, token, needed)
    return Admitted(org, event, facts, token, bearer, verdict, needed or "")


def _needed(facts: Facts, attempt: Attempt, accepted: Accepted) -> str | None:
    """The one of the accepted scopes that this token holds, or the first of them, which it is then refused for."""
    if attempt.token is None:
        return None
    scopes, held = accepted(_dialect(facts), attempt.token), granted.scopes(facts, attempt)
    return next((scope for scope in scopes if covers(held, scope, facts.org.custom_scopes)), scopes[0])


def _dialect(facts: Facts) -> Dialect:
    return facts.app.dialect if facts.app is not None else Dialect.STANDARD


def _refused(
    org: Org,
    request: OAuthRequest,
    event: str,
    facts: Facts,
    reason: Reason,
    verdict: Verdict | None = None,
    token: AccessToken | None = None,
    scope: str | None = None,
    *,
    in_words: bool = False,
) -> Outcome:
    answer = _in_words(reason) if in_words or _dialect(facts) is Dialect.SALESFORCE else None
    by_person = facts.grant is not None and facts.grant.authenticated_at is not None
    answer = answer or challenge.answer(org, bearer_reasons.at_our_api(reason, by_person=by_person), scope=scope or "", level=Level.HIGH)
    line = endpoint.line_of(
        org,
        request,
        event,
        facts,
        reason=reason,
        status=answer.status,
        token=token,
        scopes_given=render(token.scopes) if token is not None else None,
        receipt=history.receipt(verdict.findings if verdict is not None else (), {}),
    )
    readable = replace(answer, headers=(*answer.headers, *origins.headers(request, facts.settings)))
    return Outcome(readable, HistoryEntry(line, folds=True))


def _in_words(reason: Reason) -> Answer | None:
    """The refusal in Salesforce's words; None for an outage, which is no word about the token."""
    if reason.status >= 500:
        return None
    if reason.gate is None and reason.salesforce_text:
        return Answer(reason.salesforce_status, None, text=reason.salesforce_text)
    return Answer(403, None, text=SCOPE_LACKS if reason.error == "insufficient_scope" else BAD_TOKEN)
