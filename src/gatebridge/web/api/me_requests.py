"""What I ask of the admins: to be let into an app, or that an app be installed; and what I tell them of."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules import ids
from gatebridge.rules.access_requests import ASKED_OVER, AccessRequest, RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import FieldProblem, Refused, installed
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.ask_for_access import AskForAccess, AskForApp, ask_for_access, ask_for_app
from gatebridge.setup.my_apps import myself
from gatebridge.setup.report_odd import ReportOdd, report_odd
from gatebridge.setup.review_app import key_of_attempt, own_attempt
from gatebridge.storage import access_requests, apps, listed_apps
from gatebridge.storage.access_requests import ListedRequest
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, Visit, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Closed, GivenId, Id, Moment, Shown

router = APIRouter(tags=["Me"])

NO_ATTEMPT = "No attempt of yours that was refused at a browser has this receipt."
NO_APP = "No app has this consumer key."
NOT_KNOWN = "This org knows no such app. Leave it out, and say in your words which one you mean."


class MyRequestShown(Shown):
    """What I asked for, and what was decided. `asked_again_from`: after a refusal, from when the same may be asked again."""

    id: Id
    kind: RequestKind
    state: RequestState
    app_id: Id
    app: str
    words: str
    first_at: Moment
    last_at: Moment
    decided_at: Moment | None
    reason: str
    ends_at: Moment | None
    asked_again_from: Moment | None


class MyNewRequest(Closed):
    """What I need the app for, and which it is: that of a refused attempt of mine at a browser, or the one whose key I was given."""

    words: str = Field(examples=["I close the books of the third quarter with it."])
    receipt_id: GivenId | None = Field(None, description="The receipt of my refused attempt, which the page of the refusal shows.")
    consumer_key: str | None = Field(None, description="The consumer key of an app that is not installed here.")


class MyReport(Closed):
    """What I have seen. The app that it is about, if any, by its id or by its consumer key (`client_id` in a link)."""

    words: str = Field(examples=["A mail asks me to sign in to an app that is called almost like ours."])
    app_id: GivenId | None = None
    consumer_key: str | None = None


class ReportedShown(Shown):
    """What the admins were told of; no app where it was about none."""

    app_id: Id | None


@router.get("/me/requests", summary="List my requests")
def list_my_requests(desk: AtDesk, limit: Limit = 25, cursor: Cursor = None) -> Page[MyRequestShown]:
    """What I have asked the admins for, newest first. Needs nothing but a token."""
    with desk.reading() as visit:
        user_id = myself(visit.actor)
        return page_of(
            desk,
            visit,
            {"list": "my_requests"},
            limit,
            cursor,
            lambda after, count: access_requests.page(visit.tx, visit.org.id, after=after, limit=count, user_id=user_id),
            lambda found: found.request.id,
            _listed,
        )


@router.post("/me/requests", summary="Ask for access, or for an app", status_code=201, response_model=MyRequestShown)
def post_my_request(desk: AtDesk, body: MyNewRequest, idempotency_key: IdempotencyKey = None) -> Response:
    """Ask to be let into the app that refused me, or that an app be installed; the admins get a mail. Whoever asks again says it anew.

    Needs nothing but a token.
    """
    if (body.receipt_id is None) == (body.consumer_key is None):
        raise _wrong("receipt_id", "Name the receipt of the attempt, or in its place the app's consumer_key.")

    def make(visit: Visit) -> MyRequestShown:
        try:
            asked = _ask(visit, body)
        except Refused as refused:
            if refused.reason is not setup_reasons.RECORD_NOT_FOUND:
                raise
            raise Refused(refused.reason, detail=NO_ATTEMPT if body.receipt_id is not None else NO_APP) from None
        (found,) = access_requests.page(visit.tx, visit.org.id, limit=1, kind=asked.kind, app_id=asked.app_id, user_id=asked.user_id)
        return _listed(found)

    return desk.create(make, idempotency_key)


def _ask(visit: Visit, body: MyNewRequest) -> AccessRequest:
    if body.consumer_key is not None:
        return ask_for_app(visit.tx, visit.actor, AskForApp(body.consumer_key, body.words))
    receipt_id = record_id(body.receipt_id or "", Prefix.RECEIPT)
    line = own_attempt(visit.tx, visit.actor, receipt_id)
    if line.reason == installed.APP_NOT_INSTALLED.code:
        return ask_for_app(visit.tx, visit.actor, AskForApp(key_of_attempt(visit.tx, visit.actor, receipt_id), body.words))
    if line.reason not in ASKED_OVER:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This attempt was refused for another cause, which no approval mends.")
    command = AskForAccess(line.app_id, body.words, line.scopes_asked or "", line.flow or "")
    return ask_for_access(visit.tx, visit.actor, command)


@router.post("/me/reports", summary="Report something odd", status_code=201, response_model=ReportedShown)
def post_my_report(desk: AtDesk, body: MyReport, idempotency_key: IdempotencyKey = None) -> Response:
    """Tell the admins of something odd: a line in the audit trail, and a mail to those who can stop the app. Five within a quarter of an
    hour are enough for anybody. Needs nothing but a token.
    """
    if body.app_id is not None and body.consumer_key is not None:
        raise _wrong("consumer_key", "Name the app once: by app_id or by consumer_key.")

    def make(visit: Visit) -> ReportedShown:
        app_id = _app(visit, body)
        report_odd(visit.tx, visit.actor, ReportOdd(body.words, app_id or ""))
        return ReportedShown(app_id=app_id)

    return desk.create(make, idempotency_key)


def _app(visit: Visit, body: MyReport) -> str | None:
    if body.app_id is None and body.consumer_key is None:
        return None
    app = apps.by_consumer_key(visit.tx, body.consumer_key) if body.consumer_key is not None else None
    app_id = app.id if app is not None else ids.parse(body.app_id or "", Prefix.APP)
    # Whether another org has such an app is told to nobody.
    if app_id is None or listed_apps.known(visit.tx, visit.org.id, app_id) is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND, detail=NOT_KNOWN)
    return app_id


def _listed(found: ListedRequest) -> MyRequestShown:
    own = {name: getattr(found.request, name) for name in MyRequestShown.model_fields if name != "app"}
    return MyRequestShown.model_validate(own | {"app": found.app})


def _wrong(field: str, problem: str) -> Refused:
    return Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem(field, problem),))
