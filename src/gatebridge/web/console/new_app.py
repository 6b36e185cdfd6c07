"""The new-app wizard: a question on each page, whose answers travel in the form, and nothing is written until the last.

All of it is at one address. A form says which step it is of (`step`), and its buttons whether to go on, to go back, or only to look at
what was entered (`go`), which is also what is asked for while somebody types.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto.certificates import Certificate
from gatebridge.oauth import consent
from gatebridge.oauth.consent import Destination
from gatebridge.records.change import permit
from gatebridge.rules import callbacks, ids, new_apps
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_values import NEW_KEY
from gatebridge.rules.gates import Gate
from gatebridge.rules.new_app_kinds import KINDS
from gatebridge.rules.new_apps import KindOfApp
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import create_app
from gatebridge.setup.add_certificate import read_upload
from gatebridge.setup.app_rights import REGISTERS
from gatebridge.setup.edits import refuse_invalid
from gatebridge.storage import permission_sets, profiles
from gatebridge.web.console import app_tabs, forms, new_app_made, new_app_steps, places, strip
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.new_app_steps import FORM, Draft, Step
from gatebridge.web.console.questions import Part
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("apps")
PATH = f"{PLACE.path}/new"
MOST_OFFERED = 100
STEPS = tuple(Step)
GO_ON = "Change what is marked, and go on."


@dataclass(frozen=True, slots=True)
class CallbackRead:
    """One callback URL as it was entered: where it leads, or what is wrong with it."""

    text: str
    problems: tuple[str, ...]
    destination: Destination | None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was entered, looked at before it counts."""

    callbacks: tuple[CallbackRead, ...] = ()
    certificate: Certificate | None = None


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PATH, show), acts(house, PLACE, PATH, move, again)]


def show(visit: Visit) -> Shown:
    """The first question; or, with `step` in the address, a later one, with nothing answered but the kind."""
    permit(visit.actor, *REGISTERS)
    query = {name: visit.request.query_params.get(name, "") for name in ("kind", "salesforce", FORM)}
    draft = new_app_steps.draft_of({name: text for name, text in query.items() if text})
    return _shown(visit, draft, new_app_steps.step_of(query))


def move(visit: Visit) -> Shown | Response:
    """On to the next step if this one is answered, or back to the one before, or this one with what was entered read back."""
    permit(visit.actor, *REGISTERS)
    draft, step = new_app_steps.draft_of(visit.fields), new_app_steps.step_of(visit.fields)
    go = visit.fields.get("go")
    if go == "back":
        return _shown(visit, _without_private_key(visit, draft), STEPS[max(STEPS.index(step) - 1, 0)])
    if go == "check":
        return _shown(visit, draft, step, read=_read(visit, draft))
    made = new_app_steps.made_already(visit, draft) if step is STEPS[-1] else None
    if made is not None:
        return RedirectResponse(f"{app_tabs.address(made.id)}?said=twice", SEE_OTHER)
    _check(visit, draft, step)
    if step is not STEPS[-1]:
        return _shown(visit, draft, STEPS[STEPS.index(step) + 1])
    for each in STEPS:  # what was right when it was answered may be wrong by now
        _check(visit, draft, each)
    return new_app_made.make(visit, draft, steps(draft.kind, None))


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The step whose field is at fault, with what was typed. A private key is not shown to anybody again."""
    draft = _without_private_key(visit, new_app_steps.draft_of(visit.fields))
    named = {each.field.partition(".")[0] for each in refused.fields}
    asking = (step for step in STEPS if named & new_app_steps.part_of(visit, draft, step).labels.keys())
    step = next(asking, new_app_steps.step_of(visit.fields))
    form = forms.again(_form(visit, draft, step), draft.fields, refused)
    if form is not None and refused.reason is setup_reasons.FIELD_INVALID and named <= form.labels.keys():
        form = replace(form, told=GO_ON)
    read = ReadBack(_callbacks_read(draft)) if visit.fields.get("go") == "check" else None
    return _shown(visit, draft, step, form=form, read=read) if form is not None else None


def _without_private_key(visit: Visit, draft: Draft) -> Draft:
    """The answers as they may travel on: what must stay with the app goes no further than to us."""
    try:
        read_upload(visit.tx, draft.fields.get("upload", ""))
    except Refused as refused:
        if refused.reason is setup_reasons.CERTIFICATE_HAS_PRIVATE_KEY:
            return replace(draft, fields={name: text for name, text in draft.fields.items() if name != "upload"})
    return draft


def _check(visit: Visit, draft: Draft, step: Step) -> None:
    """Raises Refused with all that is wrong with the answers of a step."""
    if step is Step.KIND:
        return
    labels = new_app_steps.part_of(visit, draft, step).labels
    command = new_app_steps.command_of(visit, draft)
    found = map(_at_a_question, create_app.problems(visit.tx, visit.actor, command))
    # Of an API name that was left out and cannot be made, only why it cannot be made is told.
    asked = labels.keys() - (set() if command.api_name else {"api_name"})
    here = [each for each in found if each.field.partition(".")[0] in asked]
    here += new_app_steps.problems(visit, draft, step)
    here.sort(key=lambda each: list(labels).index(each.field.partition(".")[0]))
    if here and all(each.field == "callbacks" for each in here):  # no callback URL is wrong in itself: there is none, or there are too many
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(here))
    refuse_invalid(here)


def _at_a_question(problem: FieldProblem) -> FieldProblem:
    """The flows are not asked for: what is wrong with them is that a callback URL is missing."""
    return FieldProblem("callbacks", problem.problem) if problem.field == "flows" else problem


def _read(visit: Visit, draft: Draft) -> ReadBack:
    upload = new_app_steps.upload_of(visit, draft)
    return ReadBack(_callbacks_read(draft), read_upload(visit.tx, upload) if upload else None)


def _callbacks_read(draft: Draft) -> tuple[CallbackRead, ...]:
    typed, native = new_app_steps.callbacks_of(draft), new_app_steps.native(draft)
    judged = ((each, callbacks.problems(each, native=native)) for each in typed)
    return tuple(CallbackRead(each, problems, None if problems else consent.destination_of(each)) for each, problems in judged)


def _form(visit: Visit, draft: Draft, step: Step) -> Form:
    part = new_app_steps.part_of(visit, draft, step)
    if draft.seen(step):
        return Form(part.labels, {name: forms.text(draft.fields, name) for name in part.labels})
    # Of an answer for another kind of app what was written stays, and what was ticked is chosen anew.
    typed = {each.name: forms.text(draft.fields, each.name) for each in part.questions if each.name in draft.fields}
    return Form(part.labels, new_app_steps.defaults(visit, draft, step) | typed)


def _shown(visit: Visit, draft: Draft, step: Step, *, form: Form | None = None, read: ReadBack | None = None) -> Shown:
    part = new_app_steps.part_of(visit, draft, step)
    form = form or _form(visit, draft, step)
    values: dict[str, object] = {
        "draft": draft,
        "kind": draft.kind,
        "step": step,
        "steps": steps(draft.kind, step),
        "part": part,
        "form": form,
        "read": read,
        "rules": new_app_steps.rules_apps(visit),
        "carried": _carried(draft, step, part),
        "action": PATH,
        **_of_step(visit, draft, step),
    }
    crumbs = ((PLACE.name, PLACE.path), ("New app", ""))
    return Shown("new_app/kind.html" if step is Step.KIND else "new_app/step.html", values, crumbs, form.status)


def _of_step(visit: Visit, draft: Draft, step: Step) -> Mapping[str, object]:
    """What only one step shows."""
    rules = new_app_steps.rules_apps(visit)
    if step is Step.KIND:
        gates = {each.kind: [gate for gate in each.gates if rules or not gate.ruled] for each in KINDS.values()}
        return {"kinds": tuple(KINDS.values()), "gates_of": gates, "gate_name": strip.name_of, "number_of_gates": len(Gate)}
    if step is Step.REACH:
        return {"gates": [each for each in draft.kind.gates if each.gate in _SET_HERE], "gate_name": strip.name_of, "new_key": NEW_KEY}
    if step is Step.ABOUT:
        return {}
    chosen = new_app_steps.scopes_of(visit, draft)
    return {
        "groups": _holders(visit) if rules else [],
        "api_name": forms.text(draft.fields, "api_name") or new_apps.api_name_of(forms.text(draft.fields, "label")),
        "flows": [FLOWS[flow] for flow in _IN_ORDER if flow in draft.kind.flows_with(chosen)],
        "callbacks": new_app_steps.callbacks_of(draft),
        "rights": consent.rights(chosen, visit.org),
        "certified": new_app_steps.upload_of(visit, draft) != "",
        "gates": [gate for gate in draft.kind.gates if gate.ruled],
        "gate_name": strip.name_of,
        "off": Flow.DEVICE in draft.kind.flows and visit.org.switched_off(Flow.DEVICE),
    }


# What only goes with another flow is named behind it.
_IN_ORDER = sorted(FLOWS, key=lambda flow: flow is Flow.REFRESH_TOKEN)
# What is said beside the questions of the step that opens the app.
_SET_HERE = frozenset({Gate.CLIENT, Gate.CALLBACK, Gate.FLOW, Gate.PKCE, Gate.PROOF, Gate.SCOPES})


def _holders(visit: Visit) -> list[tuple[str, list[tuple[str, str]]]]:
    sets = permission_sets.list_page(visit.tx, visit.org.id, after=None, limit=MOST_OFFERED)
    every = profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST_OFFERED)
    return [
        ("Permission sets", [(ids.long(each.id), each.label) for each in sets]),
        ("Profiles", [(ids.long(each.id), each.name) for each in every]),
    ]


def _carried(draft: Draft, step: Step, part: Part) -> Mapping[str, str]:
    """What was answered in other steps. It travels in the form as it was sent, and is read anew each time."""
    here = {*part.labels, FORM, "go", f"seen_{step}", *(("kind", "salesforce") if step is Step.KIND else ())}
    boxes = ("scopes_", "more_scopes_") if step is Step.REACH else ()  # that another kind of app was asked with
    return {name: text for name, text in draft.fields.items() if name not in here and not name.startswith(boxes)}


def steps(kind: KindOfApp, now: Step | None) -> list[tuple[str, bool]]:
    """Every step by its name, and whether it is the one that is shown; the last one where none is."""
    names = {Step.KIND: "Kind", Step.ABOUT: "Name and owner", Step.REACH: new_app_steps.heading_of_reach(kind), Step.RULE: "Who may use it"}
    return [*((names[step], step is now) for step in Step), ("Key and first token", now is None)]
