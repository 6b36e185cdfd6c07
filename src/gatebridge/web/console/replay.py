"""Policy replay: who would newly be refused or let in, had a draft been in force; the decisions of the last days, decided again.

The draft stands in the address, so that it can be kept and sent. It is held against the newest decisions only, as many as are replayed
while somebody waits, and nothing of it is saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.routing import Route

from gatebridge.monitoring import drafting, replay
from gatebridge.monitoring.replay import Wanted
from gatebridge.monitoring.replay_answers import WORDS, Answer, Change
from gatebridge.records.change import permit
from gatebridge.rules.drafts import Draft
from gatebridge.rules.gates import Gate
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused, outage
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.replays import Kind
from gatebridge.storage import profiles
from gatebridge.web.api.replay import ONE_AT_A_TIME
from gatebridge.web.console import forms, places, replay_drafts, strip
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.explain import DOORS
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.replay_drafts import Subject
from gatebridge.web.console.strip import Station
from gatebridge.web.house import House

PLACE = places.named("replay")
DAYS = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}
LINES = 50_000  # of the history; more would let whoever waits think that nothing happens
MOST_SHOWN = 100
MOST_PROFILES = 200
LONGEST = 8_000
TELLS = {
    Kind.REFUSED: ("Refused", "bad"),
    Kind.ASKED: ("Asked for another factor", "caution"),
    Kind.NARROWED: ("Fewer scopes", "caution"),
    Kind.ADMITTED: ("Let in", "good"),
}
_TYPED_HERE = {*replay_drafts.OF_APP, *replay_drafts.OF_PROFILE, *replay_drafts.OF_ORG}
BUSY = "Another replay is running on this server. Try again when it is done."
WRONG = "Nothing was replayed. Change what is marked, and replay again."


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that would be different, as the table has it."""

    change: Change
    said: str
    tone: str
    gate: str
    flow: str


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """What the draft is about; then the form of it; then what it would change."""
    permit(visit.actor, Permission.VIEW_SETUP)
    permit(visit.actor, Permission.MONITOR_LOGIN_HISTORY)
    asked = {name: text.replace("\0", "")[:LONGEST] for name, text in visit.request.query_params.items()}
    try:
        subject = replay_drafts.of_address(visit, asked)
    except Refused as refused:
        if refused.reason is not setup_reasons.RECORD_NOT_FOUND and not refused.fields:
            raise
        unknown = "This org uses no app that is called so." if asked.get("app") else ""
        return _choose(visit, asked, " ".join(each.problem for each in refused.fields) or unknown)
    if subject is None:
        return _choose(visit, {}, "")
    # A draft is whole in the address, also with what was emptied in it; an address that only names the subject shows what is recorded.
    run, zone = "run" in asked, visit.org.settings.timezone
    days = asked.get("days", "") if asked.get("days") in DAYS else "30"
    form = Form({**subject.labels, "days": "Held against"}, (asked if run else dict(subject.values)) | {"days": days})
    if not run:
        return _drafted(subject, form, {}, zone)
    try:
        answer = _run(visit, drafting.read(visit.tx, visit.org, subject.said(asked)), Wanted(int(days), subject.app_id, LINES))
    except Refused as refused:
        again = forms.again(form, asked, _at_fields(refused))
        if again is None:
            raise
        return _drafted(subject, replace(again, told=WRONG if refused.fields else again.told), {}, zone)
    return _drafted(subject, form, _told(answer), zone)


def _run(visit: Visit, draft: Draft, wanted: Wanted) -> Answer:
    """The answer. One replay at a time on a node, whoever asked for it. Raises Refused."""
    if not ONE_AT_A_TIME.acquire(blocking=False):
        raise Refused(outage.SERVER_BUSY, detail=BUSY)
    try:
        *_, last = replay.run(visit.tx, visit.actor, visit.org, draft, wanted)
    finally:
        ONE_AT_A_TIME.release()
    if not isinstance(last, Answer):
        raise TypeError("A replay ended without an answer")
    return last


def _at_fields(refused: Refused) -> Refused:
    """The problems of a draft at the fields of the form: `policies.0.ip_ranges.3` is the fourth line of `ip_ranges`."""
    named = [FieldProblem(".".join(each.field.split(".")[2:]) or each.field, each.problem) for each in refused.fields]
    org = [FieldProblem(each.field.removeprefix("org."), each.problem) for each in refused.fields if each.field.startswith("org.")]
    own = [each for each in refused.fields if each.field.partition(".")[0] in _TYPED_HERE]
    fields = tuple(own or org or named)
    return Refused(refused.reason, detail=refused.detail, fields=fields, facts=refused.facts)


def _choose(visit: Visit, asked: Mapping[str, str], problem: str) -> Shown:
    found = profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST_PROFILES)
    values = {"profiles": found, "typed": asked.get("app", ""), "problem": problem, "here": PLACE.path}
    return Shown("replay/choose.html", values, ((PLACE.name, ""),), 422 if problem else 200)


def _drafted(subject: Subject, form: Form, told: Mapping[str, object], zone: str) -> Shown:
    names = ("PERMITTED_CHOICES", "RELAXATION_CHOICES", "LEVEL_CHOICES", "ACTION_CHOICES")
    values: dict[str, object] = {
        "subject": subject,
        "form": form,
        "choices": {name.partition("_")[0].lower(): getattr(replay_drafts, name) for name in names},
        "days": tuple(DAYS.items()),
        "flows": tuple(FLOWS.items()),
        "zone": zone,
        "here": PLACE.path,
        "changed": [words for name, words in subject.labels.items() if forms.text(form.values, name) != subject.values.get(name, "")],
        "answer": None,
    }
    crumbs = ((PLACE.name, PLACE.path), (subject.name, ""))
    return Shown("replay/judged.html", values | dict(told), crumbs, form.status)


def _told(answer: Answer) -> Mapping[str, object]:
    return {
        "answer": answer,
        "sums": [(*TELLS[kind], answer.sums[kind]) for kind in Kind],
        "lines": [_line(each) for each in answer.changes[:MOST_SHOWN]],
        "more": max(0, len(answer.changes) - MOST_SHOWN) + answer.more_changes,
        "gates": _stations(answer.changes),
        "sentence": _sentence(answer),
        "unjudged": [(WORDS[cause], lines) for cause, lines in answer.unjudged.items()],
    }


def _line(change: Change) -> Line:
    gate = change.reason.gate if change.reason is not None else None
    flow = FLOWS[change.flow] if change.flow is not None else "Sign-in"
    door = DOORS.get(change.door, "") if change.door is not None else ""
    said, tone = TELLS[change.kind]
    return Line(change, said, tone, strip.name_of(gate) if gate is not None else "", f"{flow}: {door.lower()}" if door else flow)


def _stations(changes: Sequence[Change]) -> list[Station]:
    """At which gates the draft makes a difference: refused there or let through there, and grey where all stays as it is."""
    refused, admitted = dict.fromkeys(Gate, 0), dict.fromkeys(Gate, 0)
    for each in changes:
        gate = each.reason.gate if each.reason is not None else Gate.SCOPES if each.kind is Kind.NARROWED else Gate.SESSION
        if gate is not None:
            (admitted if each.kind is Kind.ADMITTED else refused)[gate] += each.lines
    return [_station(gate, refused[gate], admitted[gate]) for gate in Gate]


def _station(gate: Gate, refused: int, admitted: int) -> Station:
    zone = strip.ZONES.get(gate.number, "")
    if refused:
        return Station(
            gate.number,
            gate,
            strip.name_of(gate),
            "refused",
            "newly refused",
            f"{refused:,} {'request' if refused == 1 else 'requests'}",
            zone,
        )
    if admitted:
        return Station(gate.number, gate, strip.name_of(gate), "passed", "newly let through", f"{admitted:,} more", zone)
    return Station(gate.number, gate, strip.name_of(gate), "unreached", "no change", "", zone)


def _sentence(answer: Answer) -> str:
    parts = [
        f"{answer.sums[kind].lines:,} would be {words}"
        for kind, words in (
            (Kind.REFUSED, "refused"),
            (Kind.ASKED, "asked for another factor"),
            (Kind.NARROWED, "given fewer scopes"),
            (Kind.ADMITTED, "let in"),
        )
        if answer.sums[kind].lines
    ]
    of = f"Of {answer.judged:,} {'decision' if answer.judged == 1 else 'decisions'}"
    return f"{of}, {', '.join(parts)}." if parts else f"{of}, none would be another."
