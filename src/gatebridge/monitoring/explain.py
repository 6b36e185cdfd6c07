"""Explain access: what would happen, which setting decides it, and where it is changed; and why something was refused.

The same decision as at every door, over the facts of this moment and an attempt that nobody has made. It is read and never recorded: an
explanation is no use of the app, and leaves no line in any history.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.monitoring import explained, receipts
from gatebridge.monitoring.explained import EVERYTHING, ExplainedDoor, ExplainedReceipt, Explanation, Eyes, Outcome
from gatebridge.monitoring.hypothetical import DOORS, Situation, imagined_session
from gatebridge.rules import ids, settable
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import App
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.network import parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.reasons.level import LEVEL_TOO_LOW
from gatebridge.storage import apps, facts, grants, history_reading, listed_apps, orgs, people
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

NEEDED = (Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY)

# At which door an event of the login history happened; a token request came in at the door of its flow.
_DOOR_OF_EVENT = {
    "authorize": Door.AUTHORIZE,
    "introspection": Door.INTROSPECT,
    "authz": Door.INTROSPECT,
    "userinfo": Door.IDENTITY,
    "identity": Door.IDENTITY,
    "api": Door.API,
    "data": Door.INTROSPECT,
    "device_started": Door.DEVICE_START,
    "device_approved": Door.CONNECT,
    "device_denied": Door.CONNECT,
}
_DOOR_OF_FLOW = {
    Flow.WEB_SERVER: Door.CODE,
    Flow.USER_AGENT: Door.AUTHORIZE,
    Flow.REFRESH_TOKEN: Door.REFRESH,
    Flow.JWT_BEARER: Door.ASSERTION,
    Flow.DEVICE: Door.DEVICE,
    Flow.CLIENT_CREDENTIALS: Door.TOKEN,
}
# The scope that a token needs where the door alone does not say it.
_NEEDED = {"data": "api"}
_ELSEWHERE = "It happened in another org, and what would be found there now is for that org to ask."
_NOT_AGAIN = "This was no request that passes the gates of an app, so there is nothing to ask anew."
_WITHOUT_SETUP = "What would be found now is for whoever holds View Setup too."
_NO_APP = "It named no app that exists, so there is nothing to ask anew."


@dataclass(frozen=True, slots=True)
class Question:
    """What would happen? `app`: an id or a consumer key. `user`: an id, a username, or None for nobody, or the run-as user."""

    app: str
    situation: Situation
    user: str | None = None
    at: datetime | None = None  # None: now. Settings are always those of now; times are told from here


def explain(tx: Tx, actor: Actor, question: Question) -> Explanation:
    """What every gate at every door of the flow would say, in order. Read in a snapshot. Raises Refused.

    Whoever holds View Setup and Monitor Login History may ask about any user, the owner of an app about that app (and is told of users
    only whether the gates would refuse), and everybody about oneself.
    """
    found, user_id = _app(tx, actor, question.app), _user_id(tx, actor, question.user)
    eyes = _eyes(actor, found, user_id)
    app, org = _checked(question, found, user_id), _org(tx, actor.org_id)
    at, flow = question.at or tx.now, question.situation.flow
    known = replace(_facts(tx, org, app, user_id, question.situation, at), now=at)
    given_at = min(tx.now, at)
    doors = _doors(known, question.situation, given_at, eyes)
    person = known.standing.user if known.standing is not None else None
    return Explanation(
        at=at,
        app_id=app.id,
        app=app.label,
        user_id=person.id if person is not None and eyes.user else None,
        user=person.username if person is not None and eyes.user else "",
        flow=flow,
        scopes=question.situation.scopes,
        address=str(question.situation.address) if question.situation.address is not None else None,
        outcome=explained.outcome_of(doors),
        doors=doors,
        narrowed=eyes.narrowed,
    )


def _doors(known: Facts, situation: Situation, given_at: datetime, eyes: Eyes) -> tuple[ExplainedDoor, ...]:
    """The doors of the flow in order. Where the user is asked something, what comes behind is told as if it had been answered."""
    found: list[ExplainedDoor] = []
    for door in DOORS[situation.flow]:
        found.append(explained.door(known, door, situation, given_at, eyes))
        if found[-1].outcome is Outcome.ASKED and known.session is None:
            break  # for whom the rest would be, is not known before somebody has signed in
        if found[-1].outcome is Outcome.ASKED and found[-1].reason is LEVEL_TOO_LOW:
            situation = replace(situation, level=Level.HIGH)
    return tuple(found)


def from_receipt(tx: Tx, actor: Actor, receipt_id: str) -> ExplainedReceipt:
    """What was found then, and what the same request would find now. Read in a snapshot. Raises Refused.

    Who may open the receipt may ask, and the user whom it is about.
    """
    line = history_reading.by_id(tx, actor.org_id, receipt_id)
    if line is None:
        receipt = receipts.by_id(tx, actor, receipt_id)
        return ExplainedReceipt(receipt, explained.beside(receipt.findings, None), None, _ELSEWHERE if receipt.app_id else _NO_APP)
    app = _known(tx, actor.org_id, line.app_id) if line.app_id else None
    mine = line.user_id is not None and line.user_id == actor.user_id
    if mine and not _monitors(actor) and not _owns(actor, app):
        eyes = Eyes(app=False, user=True, place=False)
        receipt = explained.seen_receipt(receipts.of_lines(tx, actor.org_id, [line])[0], eyes)
    else:
        receipt = receipts.by_id(tx, actor, receipt_id)
        eyes = Eyes(app=True, user=mine, place=False) if receipt.narrowed else EVERYTHING
    if eyes is EVERYTHING and Permission.VIEW_SETUP not in actor.permissions:
        return ExplainedReceipt(receipt, explained.beside(receipt.findings, None), None, _WITHOUT_SETUP)
    now = _now(tx, actor, app, line, eyes) if app is not None else _NO_APP
    if isinstance(now, str):
        return ExplainedReceipt(receipt, explained.beside(receipt.findings, None), None, now)
    return ExplainedReceipt(receipt, explained.beside(receipt.findings, now), now)


def _now(tx: Tx, actor: Actor, app: App, line: HistoryLine, eyes: Eyes) -> ExplainedDoor | str:
    flow = Flow(line.flow) if line.flow in set(Flow) else None
    door = _DOOR_OF_EVENT.get(line.event) or (_DOOR_OF_FLOW.get(flow) if flow is not None and line.event == "token" else None)
    if door is None or flow is None or flow not in DOORS:
        return _NOT_AGAIN
    org = _org(tx, actor.org_id)
    situation = _situation_of(tx, line, flow)
    user_id = None if flow is Flow.CLIENT_CREDENTIALS else line.user_id
    known = _facts(tx, org, app, user_id, situation, tx.now)
    return explained.door(known, door, situation, tx.now, eyes)


def _situation_of(tx: Tx, line: HistoryLine, flow: Flow) -> Situation:
    """The situation of a recorded request. What it presented is not kept; its grant is, and how sure the user was."""
    grant = grants.by_id(tx, line.org_id, line.grant_id) if line.grant_id is not None else None
    compared = {one["name"]: one.get("sent") for finding in _recorded(line) for one in finding.get("compared", ())}
    then = compared.get("level") or (grant.level if grant is not None else Level.STANDARD)
    asked = line.scopes_asked.split() if line.scopes_asked else None
    return Situation(
        flow=flow,
        scopes=tuple(asked) if asked else None,
        address=parse_address(line.address),
        activated=grant.activated if grant is not None else False,
        level=Level(then) if then in set(Level) else Level.STANDARD,
        callback=_said(line).get("redirect_uri"),
        grant=grant,
        given=tuple((line.scopes_given or "").split()) or (grant.scopes if grant is not None else ()),
        needed=_NEEDED.get(line.event),
    )


def _recorded(line: HistoryLine) -> list[dict[str, list[dict[str, str | None]]]]:
    return line.receipt.get("findings") or []  # type: ignore[return-value]


def _said(line: HistoryLine) -> dict[str, str]:
    return line.receipt.get("request") or {}  # type: ignore[return-value]


def _facts(tx: Tx, org: Org, app: App, user_id: str | None, situation: Situation, at: datetime) -> Facts:
    reader = FactsReader(tx)
    if situation.flow is Flow.CLIENT_CREDENTIALS:
        return reader.client(org, app.consumer_key).facts
    standing = facts.standing(tx, org.id, user_id) if user_id is not None else None
    session = imagined_session(standing.user, org.epoch, at, situation) if standing is not None else None
    return reader.authorizing(org, app.consumer_key, session)


def _checked(question: Question, app: App | None, user_id: str | None) -> App:
    """The app of a question that has an answer. Raises Refused for any other."""
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND, detail="This org knows no app of this id or consumer key.")
    flow = question.situation.flow
    problems = []
    if flow is Flow.CLIENT_CREDENTIALS and question.user is not None:
        problems.append(FieldProblem("user", "This flow acts for the app's run-as user; leave the user out."))
    elif question.user is not None and user_id is None:
        problems.append(FieldProblem("user", "There is no such user in this org."))
    if flow in (Flow.REFRESH_TOKEN, Flow.JWT_BEARER) and question.user is None:
        problems.append(FieldProblem("user", "This flow acts for a user; say for whom."))
    if problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    return app


def _eyes(actor: Actor, app: App | None, user_id: str | None) -> Eyes:
    if _monitors(actor):
        return EVERYTHING
    owns, oneself = _owns(actor, app), user_id is not None and user_id == actor.user_id
    if not owns and not oneself:
        words = " and ".join(settable.name_of(permission) for permission in NEEDED)
        raise Refused(
            setup_reasons.PERMISSION_MISSING,
            detail=f"To ask about others, or about apps of others, needs {words}.",
            facts={"permission": " and ".join(NEEDED)},
        )
    return Eyes(app=owns, user=oneself, place=False)


def _monitors(actor: Actor) -> bool:
    return actor.permissions.issuperset(NEEDED)


def _owns(actor: Actor, app: App | None) -> bool:
    return (
        app is not None
        and actor.user_id is not None
        and app.org_id == actor.org_id
        and actor.user_id in (app.owner_id, app.backup_owner_id)
    )


def _app(tx: Tx, actor: Actor, text: str) -> App | None:
    app_id = ids.parse(text, Prefix.APP)
    if app_id is None:
        registered = apps.by_consumer_key(tx, text)
        app_id = registered.id if registered is not None else None
    return _known(tx, actor.org_id, app_id) if app_id is not None else None


def _known(tx: Tx, org_id: str, app_id: str) -> App | None:
    found = listed_apps.known(tx, org_id, app_id)
    return found.app if found is not None else None


def _user_id(tx: Tx, actor: Actor, text: str | None) -> str | None:
    if text is None:
        return None
    user_id = ids.parse(text, Prefix.USER)
    if user_id is not None and people.by_id(tx, actor.org_id, user_id) is not None:
        return user_id
    return people.id_of_username(tx, actor.org_id, text)


def _org(tx: Tx, org_id: str) -> Org:
    org = orgs.by_id(tx, org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return org
