"""Connecting a device: what becomes of a code that a user has typed at a browser (RFC 8628 section 3.3; docs/decisions/0021).

Typing the code of a stranger's device is how accounts are taken over by telephone. So the browser session in which the code was typed
alone decides, a link never does, the user is always asked, and says by a number or by the code itself that the device is at hand.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from gatebridge.crypto import secrets
from gatebridge.oauth import consent as questions
from gatebridge.oauth import device_authorization, device_lines
from gatebridge.oauth.authorization_steps import Asked
from gatebridge.oauth.consent import Consent
from gatebridge.oauth.device_lines import APPROVED, DENIED, TYPED
from gatebridge.oauth.flows.device import FLOW
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import access, device_codes, granted
from gatebridge.rules.device_codes import Confirmation, DeviceCode
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import Approved
from gatebridge.rules.network import Address, near, parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import consent, level, outage, user_codes
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import render
from gatebridge.rules.sessions import Session
from gatebridge.rules.verdict import Verdict
from gatebridge.rules.warned import Lack, Yes
from gatebridge.signin import connect_lockout
from gatebridge.storage import device_codes as stored
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Visit:
    """Who decides, and from where."""

    org: Org
    session: Session
    standing: Standing
    request: OAuthRequest


@dataclass(frozen=True, slots=True)
class Case:
    """The request of a device at the session in which its code was typed, and what the gates say about it."""

    device: DeviceCode
    facts: Facts
    attempt: Attempt
    verdict: Verdict

    @property
    def scopes(self) -> tuple[str, ...]:
        return granted.scopes(self.facts, self.attempt)

    @property
    def mark(self) -> str:
        """Tells this question from any other, for the form that answers it: who is asked, about which device, app and scopes (X-CO-03)."""
        session_id = self.facts.session.id if self.facts.session is not None else ""
        said = (session_id, self.device.id, self.device.app_id, render(self.scopes))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


class Problem(StrEnum):
    """What the form lacks, so that it is shown again."""

    NONE = ""
    TOLD = "told"  # whether somebody asked to have the code entered was not said
    PUBLISHER = "publisher"  # the page warns, and who publishes the app was not typed out
    NUMBER = "number"  # no number was picked
    CODE = "code"  # the code was not typed once more, or not rightly
    CHANGED = "changed"  # the question has changed since it was shown


@dataclass(frozen=True, slots=True)
class Ask:
    """The user is asked. `choices`: the numbers among which the device's is."""

    case: Case
    choices: tuple[str, ...] = ()
    problem: Problem = Problem.NONE


@dataclass(frozen=True, slots=True)
class Done:
    """It is decided. `because`: why not, or None where the device is connected. `reported`: the user's admins were told of it."""

    because: Reason | None = None
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The gates say no to this user and app, whatever the user says."""

    reason: Reason
    receipt_id: str


class Elsewhere(StrEnum):
    """Where the browser has to go first."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    PROVE_AGAIN = "prove_again"  # the page warns, and the sign-in is older than what the device asks


@dataclass(frozen=True, slots=True)
class NoDevice:
    """No device waits here; all causes are one text (X-DV-03)."""

    reason: Reason


Step = Ask | Done | Refuse | Elsewhere | NoDevice


@dataclass(frozen=True, slots=True)
class Said:
    """What the form says."""

    approve: bool
    told: str = ""  # yes, no, or nothing
    publisher: str = ""
    number: str = ""
    code: str = ""
    mark: str = ""


def look(tx: Tx, visit: Visit, text: str, *, by_link: bool) -> DeviceCode | NoDevice:
    """The device that waits with the code that was typed; it is this session's to decide about from now on. Wrong ones are counted."""
    org, session = visit.org, visit.session
    keys = connect_lockout.keys(session, visit.request.address)
    typed = device_codes.typed(text)
    device = device_authorization.of_user_code(tx, org, typed) if typed is not None else None
    verdict = _case(tx, visit, device).verdict if device is not None else None
    proof = _reason_at(verdict, Gate.PROOF) if verdict is not None else user_codes.USER_CODE_UNKNOWN
    # The right code does not count either while nobody is answered, or the lock would tell which it is.
    reason = user_codes.USER_CODES_LOCKED if connect_lockout.locked(tx, org.id, keys) else proof
    if device is None or reason is not None:
        connect_lockout.count(tx, org.id, keys)
        reason = reason or user_codes.USER_CODE_UNKNOWN
        who = Facts(tx.now, org, standing=visit.standing, session=session)
        device_lines.write(tx, org, visit.request, TYPED, who, reason=reason, folds=True)
        return NoDevice(reason)
    stored.typed(tx, device, session.id, by_link=by_link)
    return device


def question(tx: Tx, visit: Visit, device_id: str) -> Step:
    """What the session in which the code of this device was typed is asked now."""
    case = _own_case(tx, visit, device_id)
    return _next(tx, visit, case) if isinstance(case, Case) else case


def decide(tx: Tx, visit: Visit, device_id: str, said: Said) -> Step:
    """The user has pressed a button. Whatever makes the yes doubtful makes it a no, and the device is told so."""
    case = _own_case(tx, visit, device_id)
    if not isinstance(case, Case):
        return case
    if not said.approve:
        # Whoever says no has said it, whatever the gates would say; and whoever was asked to enter the code has said that too.
        return _denied(tx, visit, case, user_codes.DEVICE_ASKED_FOR if said.told == "yes" else consent.CONSENT_DENIED)
    step = _next(tx, visit, case)
    if not isinstance(step, Ask):
        return step
    if not secrets.same(said.mark.encode(), case.mark.encode()):
        return replace(step, problem=Problem.CHANGED)
    if said.told == "yes":
        return _denied(tx, visit, case, user_codes.DEVICE_ASKED_FOR)
    if said.told != "no":
        return replace(step, problem=Problem.TOLD)
    lack = consent_to(tx, case, visit.request.address).lack(yes(case, said.publisher))
    if lack is Lack.SIGN_IN:
        return Elsewhere.PROVE_AGAIN
    if lack is Lack.PUBLISHER:
        return replace(step, problem=Problem.PUBLISHER)
    confirmed = _confirmed(tx, visit, case, said)
    if isinstance(confirmed, Problem):
        return replace(step, problem=confirmed)
    return _denied(tx, visit, case, confirmed) if confirmed is not None else _approved(tx, visit, case)


def consent_to(tx: Tx, case: Case, own: Address | None) -> Consent:
    """What its user is asked for this device, from where the user is. An answer goes nowhere: the device fetches it."""
    elsewhere = not near(parse_address(case.device.address), own)
    return questions.consent(tx, case.facts.org, Asked(case.facts, case.scopes, ""), elsewhere=elsewhere)


def yes(case: Case, typed: str = "") -> Yes:
    """A yes of who is signed in, with the publisher's name as it was typed."""
    session = case.facts.session
    if session is None:
        raise ValueError("Somebody was to be asked about a device, and nobody is signed in")
    return Yes(session.authenticated_at, case.device.created_at, typed)


def _own_case(tx: Tx, visit: Visit, device_id: str) -> Case | NoDevice | Done:
    device = stored.by_id(tx, visit.org.id, device_id)
    if device is None or device.session_id != visit.session.id:
        # One that was typed in another session is as if it were not (X-DV-02).
        return NoDevice(user_codes.USER_CODE_UNKNOWN)
    if device.decided_at is not None:
        # Pressed twice, or gone back to: what was decided stands, and is told once more.
        return Done(None if device.approved is not None else consent.CONSENT_DENIED)
    case = _case(tx, visit, device)
    reason = _reason_at(case.verdict, Gate.PROOF)
    return NoDevice(reason) if reason is not None else case


def _case(tx: Tx, visit: Visit, device: DeviceCode, *, approved: bool = False) -> Case:
    facts = FactsReader(tx).connecting(visit.org, device, visit.session)
    attempt = Attempt(
        door=Door.CONNECT,
        address=visit.request.address,
        flow=FLOW,
        scopes_asked=granted.of_device(facts, device),
        device=device,
        # The user is asked each time: neither an admin's word nor a remembered yes stands for a device that nobody has seen.
        approving=Approving(ask_consent=True, approved=approved),
    )
    return Case(device, facts, attempt, access.decide(facts, attempt))


def _reason_at(verdict: Verdict, gate: Gate) -> Reason | None:
    return next((finding.reason for finding in verdict.findings if finding.gate is gate), None)


def _next(tx: Tx, visit: Visit, case: Case) -> Ask | Refuse | Elsewhere:
    reason = case.verdict.reason
    if reason is consent.CONSENT_REQUIRED:
        numbered = case.device.confirmation is Confirmation.NUMBER
        return Ask(case, device_authorization.choices(tx.keys, case.device) if numbered else ())
    if reason in (session_reasons.LOGIN_REQUIRED, session_reasons.LOGIN_TOO_OLD):
        return Elsewhere.SIGN_IN
    if reason is level.LEVEL_TOO_LOW:
        return Elsewhere.STEP_UP
    reason = reason or outage.POLICY_ERROR
    return Refuse(
        reason, device_lines.of_case(tx, visit.org, visit.request, APPROVED, case.device, case.facts, case.verdict, reason=reason)
    )


def _confirmed(tx: Tx, visit: Visit, case: Case, said: Said) -> Reason | Problem | None:
    """Whether the user has shown that the device is at hand: None for yes, a problem to be mended, or why it is a no."""
    device = case.device
    if device.confirmation is Confirmation.NUMBER:
        if not said.number:
            return Problem.NUMBER
        right = secrets.same(said.number.encode(), device.number.encode())
        return None if right else user_codes.DEVICE_NUMBER_WRONG
    if device.confirmation is Confirmation.TYPED:
        return None
    typed = device_codes.typed(said.code)
    again = device_authorization.of_user_code(tx, visit.org, typed) if typed is not None else None
    if again is not None and again.id == device.id:
        return None
    if not said.code:
        return Problem.CODE
    stored.retyped_wrong(tx, device)
    return user_codes.DEVICE_CODE_RETYPED_WRONG if device.tries + 1 >= device_codes.MOST_RETYPED else Problem.CODE


def _approved(tx: Tx, visit: Visit, asked: Case) -> Done | NoDevice | Refuse | Elsewhere | Ask:
    case, session = _case(tx, visit, asked.device, approved=True), visit.session
    epochs = case.facts.epochs()
    if case.verdict.reason is not None or epochs is None:
        return _next(tx, visit, case)
    approved = Approved(
        scopes=case.verdict.scopes,
        session_id=session.id,
        level=session.level,
        methods=session.methods,
        authenticated_at=session.authenticated_at,
        activated=session.activated,
    )
    if not stored.approve(tx, case.device, session.user_id, approved, epochs, device_lines.address_text(visit.request)):
        return NoDevice(user_codes.USER_CODE_DECIDED)
    warned = consent_to(tx, asked, visit.request.address).signs
    device_lines.of_case(tx, visit.org, visit.request, APPROVED, case.device, case.facts, case.verdict, reason=None, warned=warned)
    device_lines.tell_user(tx, visit.org, case.facts, case.device)
    return Done()


def _denied(tx: Tx, visit: Visit, case: Case, reason: Reason) -> Done | NoDevice:
    if not stored.deny(tx, case.device, visit.session.user_id, visit.session.id, device_lines.address_text(visit.request)):
        return NoDevice(user_codes.USER_CODE_DECIDED)
    warned = consent_to(tx, case, visit.request.address).signs if case.facts.installation is not None else ()
    device_lines.of_case(tx, visit.org, visit.request, DENIED, case.device, case.facts, case.verdict, reason=reason, warned=warned)
    return Done(reason)
