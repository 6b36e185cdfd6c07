"""What an explanation says, and how much of it each reader is told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gatebridge.monitoring import hypothetical
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.monitoring.receipts import ABOUT_THE_USER, Receipt, ReceiptFinding
from gatebridge.rules import reasons, remedies
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import consent as consent_reasons
from gatebridge.rules.reasons import level as level_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.settable import Setting
from gatebridge.rules.verdict import Finding, State, Verdict

# At the authorization endpoint these are no end: the user is asked on a page of ours, and then it goes on.
_ASKS = frozenset(
    {session_reasons.LOGIN_REQUIRED, session_reasons.LOGIN_TOO_OLD, level_reasons.LEVEL_TOO_LOW, consent_reasons.CONSENT_REQUIRED}
)
_ASSUMED_WORDS = "taken to be in order"


class Outcome(StrEnum):
    GRANTED = "granted"
    ASKED = "asked"  # nothing refuses, and the user is asked something first
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose explanation it is. `app`: what the app's owner may see; `user`: what the user may; `place`: from where users may come."""

    app: bool
    user: bool
    place: bool

    def see(self, gate: Gate) -> bool:
        if gate in (Gate.NETWORK, Gate.HOURS):
            return self.place
        return self.user if gate in ABOUT_THE_USER else self.app

    @property
    def narrowed(self) -> bool:
        return not (self.app and self.user and self.place)


EVERYTHING = Eyes(app=True, user=True, place=True)


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """What one gate would say, and the setting by which it says so. `assumed`: what was presented there is only imagined."""

    gate: Gate
    state: State
    words: str
    reason: Reason | None = None
    compared: tuple[Compared, ...] = ()
    would_refuse: Reason | None = None
    setting: Setting | None = None
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class ExplainedDoor:
    """What would happen at one door: every finding in gate order, and what would be given when all let it pass."""

    door: Door
    outcome: Outcome
    reason: Reason | None
    findings: tuple[ExplainedFinding, ...]
    scopes: tuple[str, ...] = ()
    lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen to one user with one app, door after door. A reader who may not see it all has it `narrowed`."""

    at: datetime
    app_id: str
    app: str
    user_id: str | None
    user: str
    flow: Flow
    scopes: tuple[str, ...] | None
    address: str | None
    outcome: Outcome
    doors: tuple[ExplainedDoor, ...]
    narrowed: bool

    @property
    def decided_by(self) -> ExplainedDoor | None:
        """The first door that refuses; None where none does."""
        return next((door for door in self.doors if door.outcome is Outcome.REFUSED), None)


@dataclass(frozen=True, slots=True)
class ThenAndNow:
    """What one gate said then, and what it would say now; None where the door has no such gate, or nothing can be said."""

    gate: Gate
    then: ReceiptFinding | None
    now: ExplainedFinding | None

    @property
    def changed(self) -> bool:
        """Whether the gate would answer otherwise. What was presented is not kept, so of that nothing is known."""
        return self.then is not None and self.now is not None and not self.now.assumed and self.then.state != self.now.state


@dataclass(frozen=True, slots=True)
class ExplainedReceipt:
    """A recorded outcome beside what the same request would find now. `now` is None where it cannot be asked anew, and `words` say why."""

    receipt: Receipt
    gates: tuple[ThenAndNow, ...]
    now: ExplainedDoor | None
    words: str = ""


def door(facts: Facts, at: Door, situation: Situation, given_at: datetime, eyes: Eyes) -> ExplainedDoor:
    """What would happen at this door, as these eyes may see it."""
    facts, attempt, verdict = hypothetical.decided(facts, at, situation, given_at)
    findings = tuple(_explained(facts, attempt, finding, situation, eyes) for finding in verdict.findings)
    return ExplainedDoor(at, _outcome(verdict), verdict.reason, findings, verdict.scopes, verdict.lifetime)


def outcome_of(doors: Iterable[ExplainedDoor]) -> Outcome:
    """What comes of all doors together."""
    found = {each.outcome for each in doors}
    return Outcome.REFUSED if Outcome.REFUSED in found else Outcome.ASKED if Outcome.ASKED in found else Outcome.GRANTED


def beside(then: Iterable[ReceiptFinding], now: ExplainedDoor | None) -> tuple[ThenAndNow, ...]:
    """Recorded and present findings, gate by gate. A gate that a newer version has recorded is not known here, and left out."""
    recorded = {Gate(each.gate): each for each in then if each.gate in set(Gate)}
    present = {each.gate: each for each in now.findings} if now is not None else {}
    return tuple(ThenAndNow(gate, recorded.get(gate), present.get(gate)) for gate in Gate if gate in recorded or gate in present)


def seen_receipt(receipt: Receipt, eyes: Eyes) -> Receipt:
    """The receipt as the user may see it whom it is about: what happened, and nothing of the app's settings."""
    if eyes.app:
        return receipt
    findings = tuple(each if eyes.see(Gate(each.gate)) else _bare(each) for each in receipt.findings if each.gate in set(Gate))
    return replace(receipt, findings=findings, request=(), credential="", credential_id=None, auth_method=None, narrowed=True)


def _bare(finding: ReceiptFinding) -> ReceiptFinding:
    reason = reasons.REASONS.get(finding.reason or "")
    return ReceiptFinding(finding.gate, finding.state, reason.sentence if reason is not None else "", finding.reason)


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.reason is None:
        return Outcome.GRANTED
    return Outcome.ASKED if verdict.door in (Door.AUTHORIZE, Door.CONNECT) and verdict.reason in _ASKS else Outcome.REFUSED


def _explained(facts: Facts, attempt: Attempt, finding: Finding, situation: Situation, eyes: Eyes) -> ExplainedFinding:
    setting = remedies.setting(facts, attempt, finding)
    imagined = finding.gate in hypothetical.ASSUMED or (finding.gate is Gate.CALLBACK and situation.callback is None)
    assumed = imagined and finding.state is State.PASSED
    if setting is not None and not (eyes.app and eyes.see(finding.gate)):
        # By whom it can be changed is for everybody; what it is set to, and the way there, are not.
        setting = Setting(setting.name.partition(":")[0], "", permissions=setting.permissions, by=setting.by)
    if not eyes.see(finding.gate):
        words = finding.reason.sentence if finding.reason is not None else ""
        return ExplainedFinding(finding.gate, finding.state, words, finding.reason, setting=setting, assumed=assumed)
    return ExplainedFinding(
        gate=finding.gate,
        state=finding.state,
        words=_ASSUMED_WORDS if assumed else finding.words,
        reason=finding.reason,
        compared=() if assumed else finding.compared,
        would_refuse=finding.would_refuse,
        setting=setting,
        assumed=assumed,
    )
