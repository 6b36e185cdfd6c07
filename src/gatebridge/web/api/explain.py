"""Explain access: what would happen, and why something was refused."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from gatebridge.monitoring import explain
from gatebridge.monitoring.explain import Question
from gatebridge.monitoring.explained import ExplainedDoor, ExplainedFinding, ExplainedReceipt, Explanation, Outcome, ThenAndNow
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.network import parse_address
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Reason
from gatebridge.rules.verdict import State
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.login_history import ComparedShown, FindingShown, ReceiptShown
from gatebridge.web.api.shapes import Closed, GivenMoment, Id, Moment, Shown

router = APIRouter(tags=["Explain access"])


def _address(text: str) -> str:
    if parse_address(text) is None:
        raise ValueError("is not an IPv4 or IPv6 address")
    return text


class AskExplain(Closed):
    """What would happen? Client, proof and PKCE are taken to be in order; everything else is decided on what is set now."""

    app: str = Field(max_length=256, description="The app's id or consumer key.", examples=["0H43pvw9y801004WAY"])
    flow: Flow
    user: str | None = Field(
        None,
        max_length=256,
        description="A user's id or username. Leave it out for a browser in which nobody is signed in, and for client credentials.",
        examples=["ada@example.com"],
    )
    scopes: list[str] | None = Field(
        None, max_length=100, description="Left out: the request names none, which wants all.", examples=[["api", "refresh_token"]]
    )
    address: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="From where the request comes. Left out: an address that cannot be read.", examples=["192.0.2.10"]
    )
    at: GivenMoment | None = Field(None, description="At which time; settings are those of now. Left out: now.")
    activated: bool = Field(False, description="Whether the user has activated the browser.")
    level: Level = Field(Level.STANDARD, description="How sure the sign-in makes us.")
    callback: str | None = Field(None, max_length=2000, description="The redirect URI. Left out: the first that is registered.")


class SettingShown(Shown):
    """The setting that decided, and where it is changed. A word in capitals in `command` is for the reader to fill in."""

    name: str
    value: str
    request: str
    command: str
    permissions: list[Permission]
    changed_by: str


class ReasonShown(Shown):
    """A reason in the product's words; `page` is its page."""

    code: str
    sentence: str
    hint: str
    remedy: str
    page: str


class ExplainedFindingShown(Shown):
    """What one gate would say. `assumed`: what was presented there is only imagined, and taken to be in order."""

    gate: Gate
    number: int
    state: State
    words: str
    assumed: bool
    reason: ReasonShown | None
    would_refuse: ReasonShown | None
    compared: list[ComparedShown]
    setting: SettingShown | None


class ExplainedDoorShown(Shown):
    """What would happen at one door. `scopes` and `lifetime_seconds` are what would be given there."""

    door: Door
    outcome: Outcome
    reason: ReasonShown | None
    findings: list[ExplainedFindingShown]
    scopes: list[str]
    lifetime_seconds: int | None


class ExplanationShown(Shown):
    """What would happen, door after door. `asked`: nothing refuses, and the user is asked something on a page of ours first."""

    at: Moment
    app_id: Id
    app: str
    user_id: Id | None
    user: str
    flow: Flow
    scopes: list[str] | None
    address: str | None
    outcome: Outcome
    reason: ReasonShown | None
    doors: list[ExplainedDoorShown]
    narrowed: bool


class ThenAndNowShown(Shown):
    """What one gate said then, beside what it would say now."""

    gate: Gate
    number: int
    then: FindingShown | None
    now: ExplainedFindingShown | None
    changed: bool


class ExplainedReceiptShown(Shown):
    """A recorded outcome beside what the same request would find now. `now` is null where `words` say why it cannot be asked anew."""

    receipt: ReceiptShown
    gates: list[ThenAndNowShown]
    now: ExplainedDoorShown | None
    words: str


@router.post("/explain", summary="Ask what would happen", response_model=ExplanationShown)
def post_explain(desk: AtDesk, body: AskExplain) -> ExplanationShown:
    """Every finding of every gate of the flow, in order, with the setting that decides it. Changes nothing and is recorded nowhere.

    Needs *View Setup* and *Monitor Login History*. The owner of an app may ask about it, and is told of users only whether the gates
    would refuse; everybody may ask about oneself.
    """
    address = parse_address(body.address) if body.address is not None else None
    scopes = tuple(body.scopes) if body.scopes is not None else None
    situation = Situation(body.flow, scopes, address, body.activated, body.level, body.callback)
    with desk.reading() as visit:
        return _explanation(explain.explain(visit.tx, visit.actor, Question(body.app, situation, body.user, body.at)))


@router.get("/receipts/{receipt_id}/explain", summary="Explain a receipt", response_model=ExplainedReceiptShown)
def get_receipt_explanation(desk: AtDesk, receipt_id: str) -> ExplainedReceiptShown:
    """What each gate said then, beside what it would say now. Needs *Monitor Login History*, and *View Setup* for what it would say now;
    the owner of the app sees it too, without user and address, and so does the user whom it is about."""
    with desk.reading() as visit:
        return _receipt(explain.from_receipt(visit.tx, visit.actor, record_id(receipt_id, Prefix.RECEIPT)))


def _explanation(found: Explanation) -> ExplanationShown:
    refusing = found.decided_by
    shown = {name: getattr(found, name) for name in ExplanationShown.model_fields if name not in ("reason", "doors")}
    reason = _reason(refusing.reason) if refusing is not None else None
    return ExplanationShown.model_validate(shown | {"reason": reason, "doors": [_door(door) for door in found.doors]})


def _receipt(found: ExplainedReceipt) -> ExplainedReceiptShown:
    receipt = {name: getattr(found.receipt, name) for name in ReceiptShown.model_fields} | {"request": dict(found.receipt.request)}
    return ExplainedReceiptShown(
        receipt=ReceiptShown.model_validate(receipt),
        gates=[_both(each) for each in found.gates],
        now=_door(found.now) if found.now is not None else None,
        words=found.words,
    )


def _both(each: ThenAndNow) -> ThenAndNowShown:
    return ThenAndNowShown(
        gate=each.gate,
        number=each.gate.number,
        then=FindingShown.model_validate(each.then) if each.then is not None else None,
        now=_finding(each.now) if each.now is not None else None,
        changed=each.changed,
    )


def _door(door: ExplainedDoor) -> ExplainedDoorShown:
    return ExplainedDoorShown(
        door=door.door,
        outcome=door.outcome,
        reason=_reason(door.reason),
        findings=[_finding(finding) for finding in door.findings],
        scopes=list(door.scopes),
        lifetime_seconds=door.lifetime.seconds if door.lifetime is not None else None,
    )


def _finding(finding: ExplainedFinding) -> ExplainedFindingShown:
    setting = finding.setting
    return ExplainedFindingShown(
        gate=finding.gate,
        number=finding.gate.number,
        state=finding.state,
        words=finding.words,
        assumed=finding.assumed,
        reason=_reason(finding.reason),
        would_refuse=_reason(finding.would_refuse),
        compared=[ComparedShown.model_validate(each) for each in finding.compared],
        setting=SettingShown(
            name=setting.name,
            value=setting.words,
            request=setting.api,
            command=setting.cli,
            permissions=list(setting.permissions),
            changed_by=setting.by,
        )
        if setting is not None
        else None,
    )


def _reason(reason: Reason | None) -> ReasonShown | None:
    if reason is None:
        return None
    return ReasonShown(
        code=reason.code, sentence=reason.sentence, hint=reason.hint, remedy=reason.remedy, page=f"/help/reasons/{reason.code}"
    )
