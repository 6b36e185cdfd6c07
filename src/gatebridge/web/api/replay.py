"""Policy replay: what a draft would change about what happened."""

import json
from collections.abc import Iterator
from itertools import chain
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from gatebridge.monitoring import drafting, replay
from gatebridge.monitoring.drafting import Said
from gatebridge.monitoring.replay import DAYS, MOST_DAYS, MOST_LINES, Wanted
from gatebridge.monitoring.replay_answers import WORDS, Answer, Change, Progress, Sum
from gatebridge.records.change import permit
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused, outage
from gatebridge.rules.replays import Kind
from gatebridge.web.api.desk import AtDesk, Desk
from gatebridge.web.api.drafts import DraftGiven
from gatebridge.web.api.shapes import GivenId, Id, Moment, Shown

router = APIRouter(tags=["Policy replay"])

STREAM = "application/x-ndjson"

# A replay keeps one core busy for seconds. Two at once on a node would take the time from whoever wants a token.
ONE_AT_A_TIME = Lock()


class Replay(DraftGiven):
    """A draft, and which decisions it is held against."""

    days: int = Field(DAYS, ge=1, le=MOST_DAYS, description="How far to look back.")
    app_id: GivenId | None = Field(None, description="The decisions about this app only.")
    lines: int = Field(MOST_LINES, ge=1, le=1_000_000, description="At most so many lines of the history, the newest.")


class SumShown(Shown):
    """How many requests, of how many users, at how many apps."""

    lines: int
    people: int
    apps: int


class ChangeShown(Shown):
    """What the draft would change for one user at one app from one address. No app: the sign-in page. `job`: nobody sits at a browser."""

    kind: Kind
    reason: str | None
    sentence: str
    gate: str | None
    app_id: Id | None
    app: str
    user_id: Id | None
    user: str
    job: bool
    door: str
    flow: str | None
    address: str
    lines: int
    first_at: Moment
    last_at: Moment
    scopes_lost: list[str]


class UnjudgedShown(Shown):
    """Requests about which nothing can be said, and why."""

    cause: str
    words: str
    lines: int


class ReplayShown(Shown):
    """What the draft would change, the gravest and most frequent first. `complete` is false where older lines were not looked at."""

    since: Moment
    until: Moment
    complete: bool
    lines: int
    judged: int
    decisions: int = Field(description="How many different ones the lines were folded into.")
    refused: SumShown = Field(description="Went through, and would be refused.")
    asked: SumShown = Field(description="Would go through after another factor only.")
    narrowed: SumShown = Field(description="Would go through with fewer scopes.")
    admitted: SumShown = Field(description="Is refused now, and would go through.")
    changes: list[ChangeShown]
    more_changes: int
    unjudged: list[UnjudgedShown]


@router.post("/replay", summary="Replay a draft", response_model=ReplayShown)
def post_replay(
    desk: AtDesk,
    body: Replay,
    accept: Annotated[str, Header(description=f"With `{STREAM}` the answer comes line by line: progress, and at last the answer.")] = "",
) -> Response:
    """Who would newly be refused or admitted, had the draft been in force: the decisions of the last days, decided again. Changes nothing.

    Proofs are taken as they were, so what differs is the draft's doing. Needs *View Setup* and *Monitor Login History*. As
    `application/x-ndjson`, each line is an object with `percent`, and the last one has the whole answer under `answer`.
    """
    steps = _steps(desk, body)
    first = next(steps)  # whatever is wrong with the request is told before the first byte of an answer
    if STREAM in accept:
        return StreamingResponse((_line(step) for step in chain([first], steps)), media_type=STREAM)
    *_, last = chain([first], steps)
    return JSONResponse(last)


def _steps(desk: Desk, body: Replay) -> Iterator[dict[str, Any]]:
    """The progress of a replay as objects, and at last the answer alone. Raises Refused at the first step."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_SETUP)
        permit(visit.actor, Permission.MONITOR_LOGIN_HISTORY)
        draft = drafting.read(visit.tx, visit.org, said(body))
        if not ONE_AT_A_TIME.acquire(blocking=False):
            raise Refused(outage.SERVER_BUSY, detail="Another replay is running on this server; try again when it is done.")
        try:
            wanted = Wanted(body.days, body.app_id, body.lines)
            for step in replay.run(visit.tx, visit.actor, visit.org, draft, wanted):
                yield _progress(step) if isinstance(step, Progress) else shown(step).model_dump(mode="json")
        finally:
            ONE_AT_A_TIME.release()


def said(body: DraftGiven) -> Said:
    """The draft in a body, as the room of monitoring reads it."""
    return Said(
        org=body.org.changes() if body.org is not None else {},
        policies=[each.drafted(each.app_id) for each in body.policies],
        settings=[each.drafted(each.app_id) for each in body.settings],
        profiles=[each.drafted(each.profile_id) for each in body.profiles],
        access=[each.given() for each in body.access],
        sets=[each.given() for each in body.permission_sets],
    )


def _progress(step: Progress) -> dict[str, Any]:
    return {"percent": step.percent, "lines": step.lines, "of": step.of}


def _line(step: dict[str, Any]) -> str:
    said = step if "percent" in step else {"percent": 100, "answer": step}
    return json.dumps(said, ensure_ascii=True, separators=(",", ":")) + "\n"


def shown(answer: Answer) -> ReplayShown:
    """The answer as it is sent out."""
    return ReplayShown(
        since=answer.since,
        until=answer.until,
        complete=answer.complete,
        lines=answer.lines,
        judged=answer.judged,
        decisions=answer.decisions,
        **{kind.value: _sum(answer.sums[kind]) for kind in Kind},
        changes=[_change(each) for each in answer.changes],
        more_changes=answer.more_changes,
        unjudged=[UnjudgedShown(cause=cause, words=WORDS[cause], lines=lines) for cause, lines in answer.unjudged.items()],
    )


def _sum(found: Sum) -> SumShown:
    return SumShown(lines=found.lines, people=found.people, apps=found.apps)


def _change(change: Change) -> ChangeShown:
    reason = change.reason
    return ChangeShown(
        kind=change.kind,
        reason=reason.code if reason is not None else None,
        sentence=reason.sentence if reason is not None else "",
        gate=reason.gate if reason is not None else None,
        app_id=change.app_id,
        app=change.app,
        user_id=change.user_id,
        user=change.user,
        job=change.job,
        door=change.door or "sign_in",
        flow=change.flow,
        address=change.address,
        lines=change.lines,
        first_at=change.first_at,
        last_at=change.last_at,
        scopes_lost=list(change.scopes_lost),
    )
