"""Explain access: what would happen to somebody with an app, gate by gate, which setting decides it, and where that is changed.

The question stands in the address, so that it can be kept and sent. Asking changes nothing, and nothing is recorded of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.routing import Route

from gatebridge.monitoring import explain
from gatebridge.monitoring.explain import Question
from gatebridge.monitoring.explained import ExplainedDoor, ExplainedFinding, Explanation, Outcome
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.monitoring.receipts import ReceiptFinding
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Door
from gatebridge.rules.levels import Level
from gatebridge.rules.network import parse_address
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.web.console import app_tabs, called, forms, places, receipt, setting_places, strip
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.forms import YES, Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.receipt import Comparison
from gatebridge.web.console.strip import Station
from gatebridge.web.house import House

PLACE = places.named("explain-access")
LABELS = {
    "app": "App",
    "flow": "Flow",
    "user": "User",
    "scopes": "Scopes",
    "address": "Address",
    "at": "When",
    "callback": "Callback",
    "level": "Signed in",
    "activated": "In a browser that the user has activated",
}
LONGEST = 2_000
FLOW_CHOICES = tuple((flow.value, words) for flow, words in FLOWS.items())
LEVEL_CHOICES = ((Level.STANDARD.value, "With one factor"), (Level.HIGH.value, "With high assurance"))
# What happens at each door, as one reads it above the door's gates.
DOORS = {
    Door.AUTHORIZE: "Authorization",
    Door.CODE: "Code for tokens",
    Door.REFRESH: "Refresh",
    Door.ASSERTION: "Assertion for a token",
    Door.TOKEN: "Token",
    Door.DEVICE_START: "Codes for the device",
    Door.CONNECT: "The user approves",
    Door.DEVICE: "Tokens for the device",
    Door.INTROSPECT: "Use of the token",
    Door.IDENTITY: "Who the user is",
    Door.API: "Admin API",
}
TOLD = {
    Outcome.GRANTED: ("Let through", "good"),
    Outcome.ASKED: ("The user is asked", "caution"),
    Outcome.REFUSED: ("Refused", "bad"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one gate would say, with the page on which its setting is changed; empty where there is none."""

    finding: ExplainedFinding
    name: str
    said: str
    tone: str
    address: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One door of the flow, as a way to look at it."""

    door: ExplainedDoor
    name: str
    said: str
    tone: str
    address: str
    here: bool


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """The question, and below it the answer once something was asked."""
    typed = {name: text for name in LABELS if (text := visit.request.query_params.get(name, "").replace("\0", "")[:LONGEST].strip())}
    form = Form(LABELS, {"flow": Flow.WEB_SERVER.value} | typed)
    if typed.keys() <= {"user"}:  # the page of a user leads here with the user filled in, and nothing asked
        return _page(form, {})
    try:
        found = explain.explain(visit.tx, visit.actor, _question(visit, typed))
    except Refused as refused:
        again = forms.again(form, typed, _at_the_app(refused))
        if again is None:
            raise
        return _page(replace(again, told=WRONG), {})
    return _page(form, _answer(visit, found))


WRONG = "Nothing was asked. Change what is marked, and ask again."


def _page(form: Form, answer: Mapping[str, object]) -> Shown:
    values: dict[str, object] = {"form": form, "flows": FLOW_CHOICES, "levels": LEVEL_CHOICES, "here": PLACE.path, "found": None}
    return Shown("explain/page.html", values | dict(answer), ((PLACE.name, ""),), form.status)


def _question(visit: Visit, typed: Mapping[str, str]) -> Question:
    """The question that was typed. Raises Refused with every field that cannot be read."""
    problems = []
    address = parse_address(typed["address"]) if "address" in typed else None
    if "address" in typed and address is None:
        problems.append(FieldProblem("address", "This is no IPv4 or IPv6 address."))
    flow = next((flow for flow in FLOWS if flow.value == typed.get("flow", Flow.WEB_SERVER)), None)
    if flow is None:
        problems.append(FieldProblem("flow", "Choose a flow."))
    if "app" not in typed:
        problems.append(FieldProblem("app", "Say which app."))
    if problems or flow is None:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    scopes = tuple(typed["scopes"].split()) if "scopes" in typed else None
    level = Level.HIGH if typed.get("level") == Level.HIGH else Level.STANDARD
    situation = Situation(flow, scopes, address, typed.get("activated") == YES, level, typed.get("callback"))
    app, user = _meant(visit, typed, "app"), _meant(visit, typed, "user") if "user" in typed else None
    return Question(app, situation, user, forms.moment(typed, "at", visit.moments.zone))


def _meant(visit: Visit, typed: Mapping[str, str], name: str) -> str:
    """The id of the app or the user that was typed; a text that means nobody stands for itself. Raises Refused for several."""
    found = called.meant(visit, typed[name], of_users=name == "user", of_apps=name == "app")
    if found.several:
        raise forms.wrong(name, called.which(found.several))
    return found.user_id or found.app_id or typed[name]


def _at_the_app(refused: Refused) -> Refused:
    """An app that is not known is told at its field."""
    if refused.reason is not setup_reasons.RECORD_NOT_FOUND:
        return refused
    problem = FieldProblem("app", "This org knows no app that is called so.")
    return Refused(setup_reasons.FIELD_INVALID, fields=(problem,))


def _answer(visit: Visit, found: Explanation) -> Mapping[str, object]:
    deciding = found.decided_by or next((each for each in found.doors if each.outcome is Outcome.ASKED), found.doors[0])
    wanted = visit.request.query_params.get("door")
    door = next((each for each in found.doors if each.door == wanted), deciding)
    leaves = [_leaf(visit, each, each is door) for each in found.doors]
    door = replace(door, findings=tuple(_read(visit, each) for each in door.findings))
    stations = _stations(door)
    rows = [_row(each, door) for each in door.findings]
    said, tone = TOLD[found.outcome]
    return {
        "found": found,
        "app_path": app_tabs.address(found.app_id) if app_tabs.opens_app(visit, found.app_id) else "",
        "said": said,
        "tone": tone,
        "leaves": leaves,
        "door": door,
        "door_name": DOORS.get(door.door, door.door.capitalize()),
        "gates": stations,
        "how_far": would(stations),
        "rows": rows,
        "refusing": next((row for row in rows if row.finding.reason is not None), None) if door.outcome is not Outcome.GRANTED else None,
        "flow_name": FLOWS[found.flow],
        "api_words": _lifetime(door),
    }


def _read(visit: Visit, finding: ExplainedFinding) -> ExplainedFinding:
    """The same, with the moments in it as the reader is told moments."""
    compared = tuple(receipt.told_to(visit.moments, each) for each in finding.compared)
    return replace(finding, words=visit.moments.read(finding.words), compared=compared)


def _leaf(visit: Visit, door: ExplainedDoor, here: bool) -> Leaf:
    address = visit.request.url.include_query_params(door=door.door.value)
    return Leaf(door, DOORS.get(door.door, door.door.capitalize()), *TOLD[door.outcome], f"{PLACE.path}?{address.query}", here)


def _stations(door: ExplainedDoor) -> list[Station]:
    """The strip of a door; each station leads to what its gate says. Where the user is asked something, that gate stands ajar."""
    met = strip.as_met([ReceiptFinding(each.gate, each.state, each.words) for each in door.findings])
    asks = door.outcome is Outcome.ASKED
    return [
        replace(each, state="loosened", said="asks", words="", address=f"#g-{each.word}")
        if asks and each.state == "refused"
        else replace(each, address="" if each.state == "unreached" else f"#g-{each.word}")
        for each in met
    ]


def _row(finding: ExplainedFinding, door: ExplainedDoor) -> Row:
    said, tone = {"passed": ("Passes", "good"), "refused": ("Refuses", "bad")}.get(finding.state, ("Not reached", ""))
    if finding.state == "refused" and door.outcome is Outcome.ASKED:
        said, tone = "Asks", "caution"
    address = setting_places.address_of(finding.setting) if finding.setting is not None else ""
    return Row(finding, strip.name_of(finding.gate), said, tone, address, tuple(receipt.compare(each) for each in finding.compared))


def would(stations: Sequence[Station]) -> str:
    """How far it would come, in words."""
    states = [each.state for each in stations]
    passed = states.count("passed")
    stops = next((each for each in stations if each.state in ("refused", "loosened")), None)
    if stops is None:
        return f"It would pass all {passed} gates at this door."
    before = {0: "It would pass no gate", 1: "It would pass one gate"}.get(passed, f"It would pass {passed} gates")
    act = "ask the user first" if stops.state == "loosened" else "refuse"
    left = states.count("unreached")
    after = f" {left} {'stands' if left == 1 else 'stand'} behind it." if left else ""
    return f"{before}, and the next one, {stops.name}, would {act}.{after}"


def _lifetime(door: ExplainedDoor) -> str:
    if door.lifetime is None:
        return ""
    minutes = door.lifetime.seconds // 60
    return f"{minutes:,} minutes" if minutes != 1 else "1 minute"
