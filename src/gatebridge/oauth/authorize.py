"""The authorization endpoint (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2): a request, and what is to be done about it next.

While client and redirect URI are not proven, all that happens is a page of our own (AZ-01). What only a page can mend, signing in or
approving, is asked of the user unless the request forbids it. Everything else goes back to the app: a code, tokens, or an error.
"""

from dataclasses import replace
from datetime import datetime

from gatebridge.oauth import authorization_checks, errors, issue_code, response_modes, waiting
from gatebridge.oauth import consent as questions
from gatebridge.oauth.authorization_case import SIGN_IN_ANEW, Case, Visit, case_of, decided
from gatebridge.oauth.authorization_lines import ON_A_PAGE, SENT_BACK, write
from gatebridge.oauth.authorization_steps import Ask, Asked, Decision, Pressed, ProveAgain, Refuse, SendBack, SignIn, Step, StepUp
from gatebridge.oauth.flows import user_agent
from gatebridge.oauth.keyring import Keyring, NoSigningKey
from gatebridge.oauth.request import OAuthRequest
from gatebridge.oauth.response_modes import Reply
from gatebridge.oauth.waiting import Waiting
from gatebridge.rules import granted, ids
from gatebridge.rules.access_requests import ASKED_OVER
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.asks.terms import identity_is_a_guess
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import consent, level, outage, permitted, sign_in
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.rules.warned import Lack, Yes
from gatebridge.storage import approvals
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

PATH = "/services/oauth2/authorize"

# Failing one of these never redirects: nobody has proven where to (RFC 6749 section 4.1.2.1), or the app must not be served at all.
ON_OUR_PAGE = frozenset({Gate.CLIENT, Gate.CALLBACK, Gate.APP, Gate.INSTALLED})

_OFF = (flow_reasons.FLOW_NOT_ENABLED, flow_reasons.FLOW_OFF_IN_ORG)


def begin(tx: Tx, org: Org, request: OAuthRequest, visit: Visit, keyring: Keyring) -> Step:
    """A request that has just come in."""
    if request.malformed is not None:
        return _malformed(tx, org, request)
    case = case_of(tx, org, request, visit, tx.now, first=True)
    return _next(tx, case, visit, tx.now) or _answer(tx, case, None, keyring)


def defer(tx: Tx, org: Org, request: OAuthRequest, visit: Visit) -> str | Refuse:
    """A request that came by POST: it waits until the browser comes back by GET, with its cookies (AZ-06). Returns its name."""
    if request.malformed is not None:
        return _malformed(tx, org, request)
    case = case_of(tx, org, request, replace(visit, session=None), tx.now, first=True)
    cause = case.cause
    if cause is not None and cause.gate in ON_OUR_PAGE:
        return _refuse(tx, case, cause)
    return _keep(tx, org, request, visit)


def resume(tx: Tx, org: Org, request: OAuthRequest, visit: Visit, keyring: Keyring, name: str, pressed: Pressed | None = None) -> Step:
    """A request that waited under this name. A decision counts for the question that its form has asked, and for no other (X-CO-03).

    Where the page warns, a yes counts only with everything that it takes there; until then the question stands.
    """
    found = waiting.find(tx, org, name, visit.browser or b"")
    if isinstance(found, Reason):
        return Refuse(found)
    request = replace(request, parameters=found.interaction.parameters, malformed=None)
    asked_at, lack = found.interaction.created_at, Lack.NOTHING
    case = case_of(tx, org, request, visit, asked_at)
    if pressed is not None and pressed.decision is not None:
        case, lack = _pressed(tx, case, asked_at, pressed)
    step = _next(tx, case, visit, asked_at, name)
    if isinstance(step, Ask) and lack is not Lack.NOTHING:
        return ProveAgain(name) if lack is Lack.SIGN_IN else replace(step, lack=lack)
    return step or _answer(tx, case, found, keyring)


def _pressed(tx: Tx, case: Case, asked_at: datetime, pressed: Pressed) -> tuple[Case, Lack]:
    """The case, now that a button was pressed, and what the yes lacks."""
    session, lack, asked = case.facts.session, Lack.NOTHING, _asked(case)
    if session is not None and case.facts.app is not None and case.facts.installation is not None:
        question = questions.consent(tx, case.org, asked)
        case = replace(case, warned=question.signs)
        lack = question.lack(Yes(session.authenticated_at, asked_at, pressed.publisher))
    if pressed.decision is Decision.DENY:
        return decided(case, denied=True), Lack.NOTHING
    if pressed.mark != asked.mark:
        return case, Lack.NOTHING
    return decided(case, approved=lack is Lack.NOTHING), lack


def _asked(case: Case) -> Asked:
    callback = case.attempt.callback.uri if case.attempt.callback is not None else None
    return Asked(case.facts, granted.scopes(case.facts, case.attempt), callback or "", case.claims)


def _next(tx: Tx, case: Case, visit: Visit, asked_at: datetime, name: str | None = None) -> Step | None:
    """What must happen before the app can be answered; None: nothing."""
    cause = case.cause
    if cause is None:
        return None
    if cause.gate in ON_OUR_PAGE:
        return _refuse(tx, case, cause)
    if case.silent or case.denied:
        return None
    if cause.reason is level.LEVEL_TOO_LOW:
        return StepUp(name or _keep(tx, case.org, case.request, visit))
    if cause.reason in SIGN_IN_ANEW:
        return SignIn(name or _keep(tx, case.org, case.request, visit))
    if cause.reason is consent.CONSENT_REQUIRED:
        return Ask(name or _keep(tx, case.org, case.request, visit), _asked(case), asked_at)
    if _can_be_asked_for(cause):
        # Here the user can ask to be let in; the app is answered when the user goes back to it (AZ-26).
        waits = name or _keep(tx, case.org, case.request, visit)
        return replace(_refuse(tx, case, cause), interaction=waits, form_target=response_modes.form_target(case.callback))
    return None


def _keep(tx: Tx, org: Org, request: OAuthRequest, visit: Visit) -> str:
    """The name under which the request waits. Raises Refused (`rate_exceeded`)."""
    if visit.session is None:
        waiting.make_room(tx, org, request.address)
    return waiting.store(tx, org, request.parameters, visit.browser)


def _can_be_asked_for(cause: Finding | None) -> bool:
    return cause is not None and cause.reason is not None and cause.reason.code in ASKED_OVER


def _answer(tx: Tx, case: Case, found: Waiting | None, keyring: Keyring) -> Step:
    """The app is answered, once."""
    if found is not None and not waiting.finish(tx, found):
        return Refuse(sign_in.INTERACTION_FINISHED)
    cause = case.cause
    if case.denied and not _can_be_asked_for(cause):
        # Whoever says no has said it, signed in or not (X-SE-07).
        return _send_error(tx, case, consent.CONSENT_DENIED)
    if cause is not None:
        return _send_error(tx, case, cause.reason or case.verdict.reason or consent.CONSENT_REQUIRED)
    if case.approved:
        _remember(tx, case)
    if case.attempt.flow is user_agent.FLOW:
        return _give_tokens(tx, case, keyring)
    value = issue_code.issue(tx, case)
    receipt_id = write(tx, case, None, SENT_BACK, scopes_given=render(case.verdict.scopes))
    return SendBack(_reply(case, {"code": value}), receipt_id)


def _give_tokens(tx: Tx, case: Case, keyring: Keyring) -> Step:
    try:
        said, receipt_id = user_agent.answer(tx, case, keyring)
    except NoSigningKey:
        return _send_error(tx, _unsigned(case), outage.SIGNING_KEY_MISSING)
    return SendBack(_reply(case, said), receipt_id)


def _unsigned(case: Case) -> Case:
    """The case that would get its token, if the org had a key to sign it with."""
    reason = outage.SIGNING_KEY_MISSING
    kept = (finding for finding in case.verdict.findings if finding.gate is not Gate.LIFETIME)
    return replace(case, verdict=Verdict(Door.AUTHORIZE, (*kept, Finding(Gate.LIFETIME, State.REFUSED, reason.sentence, reason))))


def _remember(tx: Tx, case: Case) -> None:
    """Keep what the user approved, where the user's word is what counts and the app's identity more than a guess (X-CO-04)."""
    facts = case.facts
    if facts.policies is None or facts.installation is None or facts.session is None:
        return
    if facts.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE and not identity_is_a_guess(facts, case.callback):
        said_yes_to = (*case.verdict.scopes, *case.claims)
        approvals.remember(tx, case.org.id, facts.installation.id, facts.session.user_id, said_yes_to, case.callback)


def _send_error(tx: Tx, case: Case, reason: Reason) -> SendBack:
    told = permitted.at_authorize(reason)
    if reason in _OFF:
        told = replace(told, salesforce_error="oauth_flow_disabled", salesforce_text="this flow is not enabled for the app")
    if authorization_checks.immediate(case.request.parameters, case.facts):
        told = permitted.without_a_page(told)
    wrong = authorization_checks.fault(case.request.parameters, case.wanted)
    parameter = wrong.parameter if wrong is not None and wrong.reason is reason else ""
    if case.facts.app is None:
        raise ValueError("An error was to be sent to an app that nobody knows")
    receipt_id = write(tx, case, reason, SENT_BACK)
    body = errors.answer(told, case.facts.app.dialect, case.org.issuer, parameter=parameter).body or {}
    said = {name: str(value) for name, value in body.items()}
    return SendBack(_reply(case, said | {"error_uri": f"{said['error_uri']}?receipt={ids.long(receipt_id)}"}), receipt_id)


def _reply(case: Case, said: dict[str, str]) -> Reply:
    parameters = case.request.parameters
    state = authorization_checks.state(parameters)
    mode = authorization_checks.mode(parameters, case.wanted.response_type)
    return response_modes.reply(case.callback, mode, said, state=state, issuer=case.org.issuer)


def _refuse(tx: Tx, case: Case, cause: Finding) -> Refuse:
    reason = cause.reason or case.verdict.reason
    if reason is None:
        raise ValueError("A page was to refuse what nothing is wrong with")
    within = case.facts.session is not None
    return Refuse(reason, within, receipt_id=write(tx, case, reason, ON_A_PAGE))


def _malformed(tx: Tx, org: Org, request: OAuthRequest) -> Refuse:
    fault = request.malformed
    if fault is None:
        raise ValueError("A request was to be refused that could be read")
    facts = FactsReader(tx).bare_facts(org)
    case = Case(org, replace(request, parameters={}), facts, Attempt(Door.AUTHORIZE, request.address), Verdict(Door.AUTHORIZE, ()))
    return Refuse(fault.reason, parameter=fault.parameter, receipt_id=write(tx, case, fault.reason, ON_A_PAGE))
