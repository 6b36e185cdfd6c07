"""Login history and receipts."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from gatebridge.monitoring import login_history, receipts
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import GivenId, GivenMoment, Id, Moment, Shown

router = APIRouter(tags=["Login history"])

LOOKS_BACK = timedelta(days=1)


class ComparedShown(Shown):
    """One thing that was sent, beside what is registered."""

    name: str
    sent: str | None
    registered: str | None
    difference: str


class FindingShown(Shown):
    """What one gate said."""

    gate: Gate | str
    state: str
    words: str
    reason: str | None
    compared: list[ComparedShown]
    would_refuse: str | None


class FoldedShown(Shown):
    """Requests of strangers of which only the number is kept."""

    window_start: Moment
    network: str
    count: int
    last_at: Moment


class OutcomeShown(Shown):
    """One line of the login history. Its id is the id of its receipt."""

    id: Id
    at: Moment
    event: str
    outcome: str
    status: int
    reason: str | None
    would_refuse: str | None
    app_id: Id | None
    app: str
    user_id: Id | None
    user: str
    grant_id: Id | None
    flow: str | None
    scopes_asked: list[str] | None
    scopes_given: list[str]
    address: str | None
    user_agent: str | None
    auth_method: str | None
    credential_id: Id | None
    credential: str


class ReceiptShown(OutcomeShown):
    """One outcome with everything that explains it: the findings of each gate, what was sent beside what is registered, the remedy."""

    sentence: str
    hint: str
    remedy: str
    page: str
    findings: list[FindingShown]
    request: dict[str, str]
    narrowed: bool
    evicted: list[Id]
    folded: FoldedShown | None


@router.get("/login-history", summary="List outcomes")
def list_login_history(
    desk: AtDesk,
    app_id: Annotated[GivenId | None, Query(description="Outcomes of this app only.")] = None,
    user_id: Annotated[GivenId | None, Query(description="Outcomes of this user only.")] = None,
    outcome: Annotated[str | None, Query(pattern="^(success|refused)$", description="`success` or `refused`.")] = None,
    reason: Annotated[str | None, Query(max_length=64, description="Refusals for this reason only.")] = None,
    gate: Annotated[Gate | None, Query(description="Refusals at this gate only.")] = None,
    since: Annotated[GivenMoment | None, Query(description="Not before this time.")] = None,
    until: Annotated[GivenMoment | None, Query(description="Before this time.")] = None,
    would_refuse: Annotated[bool | None, Query(description="Only what went through, and a monitored range would have refused.")] = None,
    address: Annotated[str | None, Query(max_length=45, description="Outcomes of requests from this address only.")] = None,
    flow: Annotated[Flow | None, Query(description="Outcomes of this flow only.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[OutcomeShown]:
    """Every outcome of a sign-in and at the endpoints that tokens are for, newest first. Needs *Monitor Login History*.

    Lines of an `address` or a `flow` stand scattered among all others: without `since` they are looked for in the last 24 hours.
    """
    asked = HistoryFilter(app_id, user_id, outcome, reason, since, until, would_refuse, gate, address, flow)
    listed = {"list": "login_history", "filter": repr(asked)}
    with desk.reading() as visit:
        scattered = since is None and (address is not None or flow is not None)
        wanted = replace(asked, since=visit.tx.now - LOOKS_BACK) if scattered else asked
        return page_of(
            desk,
            visit,
            listed,
            limit,
            cursor,
            lambda after, count: login_history.page(visit.tx, visit.actor, wanted, before=after, limit=count),
            lambda receipt: receipt.id,
            OutcomeShown.model_validate,
        )


@router.get("/receipts/{receipt_id}", summary="Open a receipt")
def get_receipt(desk: AtDesk, receipt_id: str) -> ReceiptShown:
    """The recorded verdict of one request, by its operation id. Needs *Monitor Login History*; the owner of the app sees it too,
    without user and address."""
    with desk.reading() as visit:
        found = receipts.by_id(visit.tx, visit.actor, record_id(receipt_id, Prefix.RECEIPT))
        shown = {name: getattr(found, name) for name in ReceiptShown.model_fields} | {"request": dict(found.request)}
        return ReceiptShown.model_validate(shown)
