"""Try it: a flow of an app, run step by step against its real settings, with every request, answer, token and receipt."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatebridge.oauth.trying import answers
from gatebridge.oauth.trying.answers import Answered
from gatebridge.oauth.trying.in_code import in_code
from gatebridge.oauth.trying.running import DoStep, Sending, Told, begin_step, finish_step, needs_answer, read_run
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.tries import WORDS, Expected, Kept, Outcome, Step, Try, Wrong
from gatebridge.setup.end_try import EndTry, end_try
from gatebridge.setup.try_flow import StartTry, start_try
from gatebridge.web import inside
from gatebridge.web.api.desk import AtDesk, Desk, IdempotencyKey, Visit, record_id
from gatebridge.web.api.login_history import ReceiptShown
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown

router = APIRouter(tags=["Try it"])


class NewTry(Closed):
    """A run of one flow. Whoever begins it may make credentials of the app."""

    flow: Flow = Field(examples=["client_credentials"])
    expect: Expected = Field(Expected.SUCCESS, description="What it is meant to end with; an app is validated by both.")
    wrong: Wrong | None = Field(None, description="What is sent wrongly where a refusal is expected; without it, what says most.")
    scopes: tuple[str, ...] | None = Field(
        None, max_length=100, description="What it asks for; without it, the request names none, which wants all."
    )
    user: str | None = Field(
        None,
        max_length=254,
        description="For whom it is tried (id or username): who alone may approve at the browser, or whom the assertion names.",
    )


class StepGiven(Closed):
    """The next step. Nothing need be said for it, but in the legacy user-agent flow."""

    answer: str = Field("", max_length=16_384, description="The whole address to which the browser was sent, where we cannot see it.")


class StepPlanned(Shown):
    """One step of a run, and what came of it: `refused`, `success`; null where it is still to come."""

    step: Step
    words: str
    outcome: Outcome | None
    receipt_id: Id | None


class TryShown(Shown):
    """One run as it stands. `steps` are known until it ends; `open` is where a person has to go now."""

    id: Id
    app_id: Id
    flow: Flow
    expect: Expected
    wrong: Wrong | None
    state: str = Field(description="`running`; `waiting` for a person at a browser; `done`; `ended`, with all that it had got.")
    outcome: Outcome | None
    as_expected: bool | None = Field(description="Whether it ended as it was meant to, and for the cause that was meant.")
    user: str = Field(description="The username of the one for whom it is tried.")
    steps: list[StepPlanned]
    open: str | None
    credential_id: Id | None = Field(description="The secret or certificate that was made for it, named *Try it*.")
    created_at: Moment
    expires_at: Moment
    ended_at: Moment | None


class RequestShown(Shown):
    """A request as the app has sent it. What is secret shows its ends only."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, str]


class AnswerShown(Shown):
    """What came back: the members of the answer, or at a browser the parameters that it brought."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class TokenShown(Shown):
    """One token taken apart; of an opaque one nothing can be read."""

    name: str
    format: str
    header: dict[str, Any]
    claims: dict[str, Any]
    verified: bool
    words: str


class CodeShown(Shown):
    """The same request as a developer writes it. Secrets are read from the environment."""

    curl: str
    python: str
    javascript: str


class StepShown(Shown):
    """One step that was done, or that waits for a person; then `open` says where to go, and the same step is asked for again."""

    step: Step
    words: str
    outcome: Outcome | None = Field(description="Null while it waits.")
    open: str | None
    user_code: str | None = Field(description="In the device flow, what the user enters there.")
    number: str | None = Field(description="In the device flow, the number that the device shows.")
    answer_by_hand: bool = Field(description="Whether the address to which the browser was sent is to be given as `answer`.")
    request: RequestShown
    answer: AnswerShown | None
    tokens: list[TokenShown]
    receipt: ReceiptShown | None
    code: CodeShown
    run: TryShown


class TryEndedShown(Shown):
    """A run that is over, and how much ended with it."""

    run: TryShown
    tokens: int
    grants: int
    credentials: int


@router.post("/apps/{app_id}/tries", summary="Try a flow", status_code=201, response_model=TryShown)
def post_try(desk: AtDesk, app_id: str, body: NewTry, idempotency_key: IdempotencyKey = None) -> Response:
    """Begin a run, with a credential of its own that lives ten minutes. Needs *Rotate Consumer Credentials*, and to be the owner or
    *Manage Connected Apps*."""
    command = StartTry(record_id(app_id, Prefix.APP), body.flow, body.expect, body.wrong, body.scopes, body.user)

    def make(visit: Visit) -> TryShown:
        run = start_try(visit.tx, visit.actor, command)
        return shown(*read_run(visit.tx, visit.actor, run.id))

    return desk.create(make, idempotency_key)


@router.get("/tries/{try_id}", summary="Read a run")
def get_try(desk: AtDesk, try_id: str) -> TryShown:
    """How far a run of one's own has come. Needs *Rotate Consumer Credentials*."""
    with desk.reading() as visit:
        return shown(*read_run(visit.tx, visit.actor, record_id(try_id, Prefix.TRY)))


@router.post("/tries/{try_id}/step", summary="Do the next step")
async def post_step(desk: AtDesk, request: Request, try_id: str, body: StepGiven) -> StepShown:
    """Send the next request of a run to this server's own endpoint, from the caller's address, and tell all about it.

    A step that a person does at a browser tells where to go; ask for it again until it has its outcome. Needs *Rotate Consumer
    Credentials*, and to have begun the run.
    """
    command = DoStep(record_id(try_id, Prefix.TRY), body.answer)
    began = await run_in_threadpool(_begin, desk, command)
    if isinstance(began, Told):
        return step_shown(began)
    # No transaction is open here: the request takes its own way through the house.
    answered = await inside.send(request.scope["gatebridge.door"], began.call, host=desk.host, address=desk.address)
    return step_shown(await run_in_threadpool(_finish, desk, began, answered))


@router.delete("/tries/{try_id}", summary="End a run")
def delete_try(desk: AtDesk, try_id: str) -> TryEndedShown:
    """End a run with its credential, and every token and grant that it has got. After ten minutes it ends by itself. Needs *Rotate Consumer
    Credentials* and to have begun it, or *Manage Connected Apps*."""
    command = EndTry(record_id(try_id, Prefix.TRY))
    with desk.writing() as visit:
        ended = end_try(visit.tx, visit.actor, command)
        counted = {"tokens": ended.tokens, "grants": ended.grants, "credentials": ended.credentials}
        return TryEndedShown(run=shown(ended.run, None), **counted)


def _begin(desk: Desk, command: DoStep) -> Sending | Told:
    with desk.writing() as visit:
        return begin_step(visit.tx, visit.actor, command)


def _finish(desk: Desk, sending: Sending, answered: Answered) -> Told:
    with desk.writing() as visit:
        return finish_step(visit.tx, visit.actor, sending, answered)


def shown(run: Try, kept: Kept | None) -> TryShown:
    """A run as it is sent out."""
    done = {each.step: each for each in kept.done} if kept is not None else {}
    steps = [
        StepPlanned(
            step=step,
            words=WORDS[step],
            outcome=done[step].outcome if step in done else None,
            receipt_id=done[step].receipt_id if step in done else None,
        )
        for step in (kept.steps if kept is not None else ())
    ]
    return TryShown(
        id=run.id,
        app_id=run.app_id,
        flow=run.flow,
        expect=run.expected,
        wrong=kept.wrong if kept is not None else None,
        state=_state(run, kept),
        outcome=run.outcome,
        as_expected=run.as_expected,
        user=kept.username if kept is not None else "",
        steps=steps,
        open=_open(kept),
        credential_id=(kept.secret_id or kept.certificate_id or None) if kept is not None else None,
        created_at=run.created_at,
        expires_at=run.expires_at,
        ended_at=run.ended_at,
    )


def _state(run: Try, kept: Kept | None) -> str:
    if run.ended_at is not None or kept is None:
        return "ended"
    if run.outcome is not None:
        return "done"
    return "waiting" if _open(kept) is not None else "running"


def _open(kept: Kept | None) -> str | None:
    """Where a person has to go now; None where nobody need go anywhere."""
    waits = kept is not None and kept.address != "" and kept.answer is None and kept.access_token == "" and kept.next is not None
    return kept.address if waits and kept is not None else None


def step_shown(told: Told) -> StepShown:
    """A step as it is sent out."""
    call, kept = told.call, told.kept
    waits = told.outcome is None
    return StepShown(
        step=told.step,
        words=told.words or WORDS[told.step],
        outcome=told.outcome,
        open=kept.address or None if waits else None,
        user_code=kept.user_code or None,
        number=kept.number or None,
        answer_by_hand=waits and needs_answer(told.run),
        request=RequestShown(
            method=call.method,
            url=call.url if call.opened else call.address,
            headers=answers.shown_headers(call),
            body=answers.masked(dict(call.parameters)) if call.method == "POST" else {},
        ),
        answer=AnswerShown(status=told.status, headers=dict(told.headers), body=dict(told.answer)) if told.status is not None else None,
        tokens=[
            TokenShown(
                name=each.name,
                format=each.format,
                header=dict(each.header),
                claims=dict(each.claims),
                verified=each.verified,
                words=each.words,
            )
            for each in told.tokens
        ],
        receipt=_receipt(told),
        code=CodeShown(**in_code(call, told.callback)),
        run=shown(told.run, kept if told.run.ended_at is None else None),
    )


def _receipt(told: Told) -> ReceiptShown | None:
    if told.receipt is None:
        return None
    said = {name: getattr(told.receipt, name) for name in ReceiptShown.model_fields}
    return ReceiptShown.model_validate(said | {"request": dict(told.receipt.request)})
