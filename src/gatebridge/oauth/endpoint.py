"""What the endpoints for clients share: the org of the host, and a caller that is identified and proven before anything else is said."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatebridge.oauth import client_auth, errors, origins
from gatebridge.oauth.client_auth import NameIsEnough, Presented
from gatebridge.oauth.outcome import Answer, Outcome, Use
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import permitted
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import parse, render
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.login_history import HistoryLine


@dataclass(frozen=True, slots=True)
class Caller:
    """The client of a request, as far as it is known, and what came of its proof."""

    facts: Facts
    proof: ClientProof
    presented: Presented | None = None
    used: UsedAssertion | None = None
    signed: bool = False  # an assertion that names its user is signed with the app's own key, which proves the app as well

    @property
    def dialect(self) -> Dialect:
        """An unknown client speaks the standard dialect."""
        return self.facts.app.dialect if self.facts.app else Dialect.STANDARD

    @property
    def proven(self) -> bool:
        """Whether the client has shown more than its name, which for a public app stands in every copy of its program."""
        return self.proof.refused is None and (self.signed or self.proof.method not in (None, ClientAuthMethod.NONE))

    @property
    def trusted(self) -> bool:
        """Whether it has, and this org knows its app: anybody can register an app in some org, and prove to be that one."""
        return self.proven and self.facts.installation is not None

    @property
    def secret(self) -> str | None:
        """The consumer secret as presented in this request, if one was."""
        if self.presented is None or self.proof.secret_id is None or self.proof.refused is not None:
            return None
        return self.presented.material

    @property
    def credential_id(self) -> str | None:
        """The secret or certificate that proved the client, or that would have if it were live."""
        return self.proof.secret_id or self.proof.certificate_id

    def knowing(self, facts: Facts) -> "Caller":
        """The same client, with everything that is known about the user and the grant that its request is about."""
        return replace(self, facts=facts)

    def for_somebody(self) -> "Caller":
        """The same client without its run-as user: its request is about somebody else, whom nothing is known about yet."""
        return self.knowing(replace(self.facts, standing=None, grant=None))


def unknown_host() -> Outcome:
    """No org lives at this host: nobody's record can take a line, and nothing is said about any org (421, RFC 9110 section 15.5.20)."""
    reason = request_reasons.HOST_UNKNOWN
    return Outcome(Answer(reason.status, {"error": reason.error, "error_description": reason.sentence}))


def call(
    reader: FactsReader,
    org: Org,
    request: OAuthRequest,
    endpoint: str,
    name_is_enough: NameIsEnough | None = None,
    *,
    known_here: bool = False,
) -> Caller:
    """Identify the client and check its proof. Nothing is decided yet; a failed proof is a value in the caller's `proof`.

    `known_here`: an app that this org neither owns nor ever installed is unknown, whatever it proves.
    """
    presented = client_auth.identify(request)
    if isinstance(presented, Reason):
        return Caller(Facts(reader.now, org), ClientProof(refused=presented))
    record = reader.client(org, presented.consumer_key)
    if record.facts.app is None and not known_here:
        return _from_elsewhere(reader, org, presented, org.issuer + endpoint)
    proven = client_auth.prove(presented, record, org, org.issuer + endpoint, name_is_enough)
    return Caller(record.facts, proven.proof, presented, proven.used)


def _from_elsewhere(reader: FactsReader, org: Org, presented: Presented, endpoint: str) -> Caller:
    """A client of an app that is unknown here. One that proves itself hears that it is not installed; to others the key is unknown."""
    record = reader.client_anywhere(org, presented.consumer_key)
    proven = client_auth.prove(presented, record, org, endpoint)
    caller = Caller(record.facts, proven.proof, presented, proven.used)
    if caller.proven:
        return caller
    # A wrong secret proves nothing, nor does the name of a public app (docs/decisions/0018).
    return Caller(reader.bare_facts(org), ClientProof(refused=client_reasons.CLIENT_UNKNOWN), presented)


def malformed(org: Org, request: OAuthRequest, event: str, now_facts: Facts) -> Outcome:
    """The answer to a request whose body could not be read. Nobody knows from whom it is, so it is a stranger's."""
    fault = request.malformed
    reason = fault.reason if fault else request_reasons.BODY_MALFORMED
    answer = errors.answer(reason, Dialect.STANDARD, org.issuer, parameter=fault.parameter if fault else "")
    line = line_of(org, request, event, now_facts, reason=reason, status=answer.status, receipt=history.receipt((), said(request)))
    return Outcome(answer, HistoryEntry(line, folds=True))


# Who presents one of these may be a thief, and hears nothing about the user whom it is about.
_FOR_SOMEBODY = frozenset({Door.CODE, Door.REFRESH, Door.ASSERTION, Door.DEVICE})


def refused(
    org: Org,
    request: OAuthRequest,
    event: str,
    caller: Caller,
    verdict: Verdict,
    *,
    flow: str | None = None,
    parameter: str = "",
    acts_for: bool = False,
) -> Outcome:
    """A verdict that says no, as an answer in the app's dialect with its line. Before the client is proven it may be folded.

    `acts_for`: what was presented is somebody's, so that the line may name whose, whoever presented it.
    """
    if (reason := verdict.reason) is None:
        raise ValueError("A refusal was asked for, and the verdict refuses nothing")
    told = permitted.without_the_user(reason) if verdict.door in _FOR_SOMEBODY else flow_reasons.told_in(reason, flow)
    answer = errors.answer(told, caller.dialect, org.issuer, parameter=parameter, form=request.form_in(caller.dialect))
    answer = replace(answer, headers=(*answer.headers, *origins.headers(request, caller.facts.settings)))
    line = line_of(
        org,
        request,
        event,
        caller.facts,
        reason=reason,
        status=answer.status,
        flow=flow,
        acts_for=caller.trusted or acts_for,
        auth_method=caller.presented.method if caller.presented else None,
        credential_id=caller.credential_id,
        receipt=history.receipt(verdict.findings, said(request)),
    )
    return Outcome(answer, HistoryEntry(line, folds=not caller.trusted, proven=caller.proven))


def decide(reader: FactsReader, facts: Facts, attempt: Attempt) -> Verdict:
    """The access decision. A client that asks many times at once brings the same facts and the same attempt, and gets one answer."""
    # The facts are kept with the answer: as long as they live, no other facts can have their identity.
    _, verdict = reader.once(("verdict", id(facts), attempt), lambda: (facts, access.decide(facts, attempt)))
    return verdict


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller that may ask about others' tokens, in its org, with the verdict that let it in."""

    org: Org
    caller: Caller
    verdict: Verdict

    def once(self, request: OAuthRequest, event: str, outcome: Outcome) -> Outcome:
        """The outcome, for which the caller's assertion is used up where it brought one; a replay gets the refusal instead."""
        return replace(outcome, uses=uses(self.org, request, event, self.caller, self.verdict))


def admit(reader: FactsReader, request: OAuthRequest, event: str, path: str) -> Admitted | Outcome:
    """Let in a caller who has proven more than its name, at an endpoint that tells about tokens; else the outcome that refuses it."""
    org = reader.org(request.host)
    if org is None:
        return unknown_host()
    if request.malformed is not None:
        return malformed(org, request, event, reader.bare_facts(org))
    caller = call(reader, org, request, path)
    verdict = decide(reader, caller.facts, Attempt(door=Door.CALLER, address=request.address, client=caller.proof))
    if verdict.reason is not None:
        return refused(org, request, event, caller, verdict)
    return Admitted(org, caller, verdict)


def refusing(door: Door, reason: Reason) -> Verdict:
    """A verdict over something that is wrong before any gate could be asked about it, such as a parameter that is missing."""
    return Verdict(door, (Finding(reason.gate or Gate.PROOF, State.REFUSED, reason.sentence, reason),))


def uses(org: Org, request: OAuthRequest, event: str, caller: Caller, verdict: Verdict, *, flow: str | None = None) -> tuple[Use, ...]:
    """The client assertion that is used up with an outcome, if one was sent, and what a replay of it hears."""
    if caller.used is None:
        return ()
    return (Use(caller.used, replayed(org, request, event, caller, verdict, assertion_reasons.ASSERTION_REPLAYED, flow=flow)),)


def scopes_asked(request: OAuthRequest) -> tuple[tuple[str, ...] | None, Reason | None]:
    """The scopes that the request names, None where it names none; and what is wrong with the parameter, if something is."""
    asked = request.parameters.get("scope")
    scopes = parse(asked) if asked is not None else None
    return scopes, scope_reasons.SCOPE_MALFORMED if asked is not None and scopes is None else None


def replayed(
    org: Org,
    request: OAuthRequest,
    event: str,
    caller: Caller,
    verdict: Verdict,
    reason: Reason,
    *,
    flow: str | None = None,
    gate: Gate = Gate.CLIENT,
) -> Outcome:
    """What an outcome becomes when its assertion turns out to be used already: the same request, refused at the assertion's gate."""
    said = Finding(gate, State.REFUSED, reason.sentence, reason)
    findings = tuple(said if finding.gate is gate else finding for finding in verdict.findings)
    proof = replace(caller.proof, refused=reason, method=None)
    return refused(org, request, event, replace(caller, proof=proof), Verdict(verdict.door, findings), flow=flow)


def line_of(
    org: Org,
    request: OAuthRequest,
    event: str,
    facts: Facts,
    *,
    reason: Reason | None,
    status: int,
    receipt: Mapping[str, object],
    flow: str | None = None,
    acts_for: bool = True,
    token: AccessToken | None = None,
    grant_id: str | None = None,
    scopes_given: str | None = None,
    auth_method: str | None = None,
    credential_id: str | None = None,
) -> HistoryLine:
    """The line of an outcome. It names the app and, unless `acts_for` is false, the grant and the user; a token's own where one is given.

    Before the client is proven the user must not be named: a stranger would write into the history of somebody who did nothing.
    """
    asked = request.parameters.get("scope")
    return HistoryLine(
        org_id=org.id,
        id=request.operation_id,
        at=facts.now,
        event=event,
        outcome="refused" if reason else "success",
        status=status,
        address=address_text(request),
        user_agent=request.user_agent,
        receipt=receipt,
        reason=reason.code if reason else None,
        app_id=token.app_id if token else facts.app.id if facts.app else "",
        installation_id=token.installation_id if token else facts.installation.id if facts.installation else None,
        grant_id=token.grant_id if token else grant_id or (facts.grant.id if facts.grant and acts_for else None),
        user_id=token.user_id if token else facts.standing.user.id if facts.standing and acts_for else None,
        flow=token.flow if token else flow,
        scopes_asked=render(parse(asked) or ()) if asked is not None else None,
        scopes_given=scopes_given,
        auth_method=auth_method,
        credential_id=credential_id,
        would_refuse=history.would_refuse(receipt) if reason is None else None,
    )


def address_text(request: OAuthRequest) -> str:
    """The address as recorded; `unknown` where a trusted proxy sent something that is none."""
    return str(request.address) if request.address is not None else "unknown"


# What a receipt may repeat of a request: an allow list, so that a parameter nobody thought of is never stored (X-CA-10).
SAID = ("grant_type", "scope", "client_assertion_type", "token_type_hint")


def said(request: OAuthRequest) -> dict[str, str | None]:
    """What the receipt repeats of the request, and the origin of the page that sent it: a secret in a page is everybody's."""
    repeated: dict[str, str | None] = {"origin": request.origin} | {name: request.parameters.get(name) for name in SAID}
    if request.malformed is not None:
        repeated["malformed"] = request.malformed.parameter or request.malformed.reason.code
    return repeated
