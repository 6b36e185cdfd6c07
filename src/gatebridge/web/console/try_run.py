"""A run of Try it: its steps, and one after the other the request, the answer, the tokens and the receipt of each.

Between the two halves of a step no transaction is open: its request takes its own way through the house, from the reader's address.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.monitoring import explain
from gatebridge.monitoring.receipts import Receipt
from gatebridge.oauth.trying import answers
from gatebridge.oauth.trying.in_code import in_code
from gatebridge.oauth.trying.running import DoStep, Sending, Told, begin_step, finish_step, needs_answer, read_run
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.settable import Setting
from gatebridge.rules.tries import WORDS, Done, Kept, Outcome, Step, Try
from gatebridge.setup.end_try import EndTry, end_try
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, inside
from gatebridge.web.browser import Browser
from gatebridge.web.console import app_tabs, desk, forms, setting_places, strip, try_it
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.try_it import TAB, WRONGLY
from gatebridge.web.house import House
from gatebridge.web.middleware import proxy
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{try_it.PATH}/{{try_id}}"
END = f"{PATH}/end"
LABELS = {"answer": "The whole address to which the browser was sent"}
NAMES = {
    Step.AUTHORIZATION: "Authorization",
    Step.DEVICE: "Device",
    Step.TOKEN: "Token",
    Step.REFRESH: "Refresh",
    Step.USERINFO: "UserInfo",
    Step.INTROSPECTION: "Introspection",
}
LANGUAGES = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of the run. `state` is told by a pill; `now` marks the one that comes next."""

    name: str
    words: str
    state: str
    tone: str
    receipt_id: str | None
    now: bool


def routes(house: House) -> list[Route]:
    return [
        shows(house, app_tabs.PLACE, PATH, show),
        Route(PATH, door_pages.endpoint(house, partial(step, house)), methods=["POST"]),
        acts(house, app_tabs.PLACE, END, end),
    ]


def show(visit: Visit) -> Shown:
    """How far the run has come. What its steps told was shown when they were done; their receipts stay."""
    run, kept = _run(visit)
    return _page(visit, run, kept, None, Form(LABELS, {}))


async def step(house: House, request: Request, browser: Browser) -> Response:
    """Do the next step: begin it in a transaction, send its request, and tell of its answer in another."""
    fields = await browsers.read_form(request, house, browser)
    sending: list[Sending] = []

    def begin(visit: Visit) -> Shown | Response:
        run, _ = _run(visit)
        began = begin_step(visit.tx, visit.actor, DoStep(run.id, forms.text(visit.fields, "answer")))
        if isinstance(began, Told):
            return _told(visit, began)
        sending.append(began)
        return Response()

    first = await run_in_threadpool(desk.done, house, app_tabs.PLACE, begin, again, request, browser, fields)
    if not sending:
        return first
    host, address = request.scope["gatebridge.host"], proxy.address(request.scope)
    answered = await inside.send(request.scope["gatebridge.door"], sending[0].call, host=host, address=address)

    def finish(visit: Visit) -> Shown:
        return _told(visit, finish_step(visit.tx, visit.actor, sending[0], answered))

    return await run_in_threadpool(desk.done, house, app_tabs.PLACE, finish, None, request, browser, fields)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The run with what was pasted and what is wrong with it, or with why its next step cannot be done now."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    if form is None:
        return None
    run, kept = _run(visit)
    return _page(visit, run, kept, None, form)


def end(visit: Visit) -> RedirectResponse:
    """End the run with all that it has got."""
    app_id, try_id = visit.id_in_path("app_id", Prefix.APP), visit.id_in_path("try_id", Prefix.TRY)
    if end_try(visit.tx, visit.actor, EndTry(try_id)).run.app_id != app_id:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return RedirectResponse(f"{app_tabs.address(app_id, '/try')}?said=ended", SEE_OTHER)


def _run(visit: Visit) -> tuple[Try, Kept | None]:
    """The run of the address, if it is one's own and of the app of the address. Raises Refused."""
    run, kept = read_run(visit.tx, visit.actor, visit.id_in_path("try_id", Prefix.TRY))
    if run.app_id != visit.id_in_path("app_id", Prefix.APP):
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return run, kept


def _told(visit: Visit, told: Told) -> Shown:
    return _page(visit, told.run, told.kept if told.run.ended_at is None else None, told, Form(LABELS, {}))


def _page(visit: Visit, run: Try, kept: Kept | None, told: Told | None, form: Form) -> Shown:
    found, _ = try_it.found_for_trying(visit)
    over = run.over(visit.tx.now) or kept is None
    waits = (
        not over and kept is not None and kept.next is not None and kept.address != "" and kept.answer is None and kept.access_token == ""
    )
    values: dict[str, object] = {
        "run": run,
        "kept": kept,
        "form": form,
        "flow_name": FLOWS[run.flow],
        "wrongly": WRONGLY[kept.wrong] if kept is not None and kept.wrong is not None else "",
        "planned": _planned(kept) if kept is not None else [],
        "next": kept.next if kept is not None and not over else None,
        "next_name": NAMES[kept.next] if kept is not None and kept.next is not None else "",
        "over": over,
        "open": kept.address if waits and kept is not None else "",
        "by_hand": waits and needs_answer(run),
        "here": try_it.address_of(run.app_id, run.id),
        "begin": app_tabs.address(run.app_id, "/try"),
        "sees_receipts": app_tabs.sees_receipts(visit.actor, found),
        "step": None,
        "gates": [],
        "how_far": "",
    }
    return app_tabs.shown(
        visit, found, TAB, "try_it/run.html", values | dict(_step(visit, told)), page=f"A run of {FLOWS[run.flow]}", status=form.status
    )


def _planned(kept: Kept) -> list[Planned]:
    done: dict[Step, Done] = {each.step: each for each in kept.done}
    return [
        Planned(
            NAMES[each],
            WORDS[each],
            *(("Through", "good") if done[each].outcome is Outcome.SUCCESS else ("Refused", "bad")) if each in done else ("To come", ""),
            done[each].receipt_id if each in done else None,
            each is kept.next,
        )
        for each in kept.steps
    ]


def _step(visit: Visit, told: Told | None) -> Mapping[str, object]:
    """What one step has told: the request as sent, the answer, the tokens, the receipt, and the same request as code."""
    if told is None:
        return {}
    call, receipt = told.call, told.receipt
    gates = strip.as_met(receipt.findings) if receipt is not None else []
    outcome = {None: ("Waits for you", "caution"), Outcome.SUCCESS: ("Through", "good")}.get(told.outcome, ("Refused", "bad"))
    return {
        "step": told,
        "step_name": NAMES[told.step],
        "step_outcome": outcome,
        "request_url": call.url if call.opened else call.address,
        "request_headers": answers.shown_headers(call),
        "request_body": answers.masked(dict(call.parameters)) if call.method == "POST" else {},
        "answer": json.dumps(dict(told.answer), indent=2, ensure_ascii=False) if told.answer else "",
        "tokens": [(each, _pretty(each.header), _pretty(each.claims)) for each in told.tokens],
        "code": [(LANGUAGES[name], text) for name, text in in_code(call, told.callback).items()],
        "gates": gates,
        "how_far": strip.sentence(gates) if gates else "",
        "fixes": _fixes(visit, receipt),
    }


def _pretty(said: Mapping[str, object]) -> str:
    return json.dumps(dict(said), indent=2, ensure_ascii=False)


def _fixes(visit: Visit, receipt: Receipt | None) -> list[tuple[Setting, str]]:
    """The settings by which the request was refused, each with the page on which it is changed."""
    if receipt is None or receipt.reason is None:
        return []
    now = explain.from_receipt(visit.tx, visit.actor, receipt.id).now
    if now is None:
        return []
    # Asked again without the run, other gates refuse too: the callback of a run is registered nowhere.
    at = {each.gate for each in receipt.findings if each.state == "refused"}
    refusing = [each.setting for each in now.findings if each.state == "refused" and each.gate in at and each.setting is not None]
    return [(setting, address) for setting in refusing if (address := setting_places.address_of(setting))]
