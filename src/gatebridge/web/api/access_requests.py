"""The request queue: apps that somebody tried to use here uninstalled, and users who ask to be let into an app."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gatebridge.records.change import permit
from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.access_requests import (
    ApproveOnce,
    ApproveRequest,
    BlockRequest,
    RefuseRequest,
    approve_once,
    approve_request,
    block_request,
    permitted_sets,
    refuse_request,
)
from gatebridge.storage import access_requests, names
from gatebridge.storage.access_requests import ListedRequest
from gatebridge.web.api.desk import AtDesk, Visit, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Closed, GivenId, GivenMoment, Id, Moment, Shown, WithReason, given

router = APIRouter(prefix="/requests", tags=["Requests"])


class RequestShown(Shown):
    """Who wants what, from where, and how often. No scopes: whatever the app has. No user: a client that had proven itself."""

    id: Id
    kind: RequestKind
    state: RequestState
    app_id: Id
    app: str
    consumer_key: str
    publisher: str
    of_this_org: bool
    user_id: Id | None
    user: str
    username: str
    scopes: list[str]
    flow: str
    address: str
    words: str
    count: int
    first_at: Moment
    last_at: Moment
    decided_at: Moment | None
    decided_by: str
    reason: str
    ends_at: Moment | None


class GivableShown(Shown):
    """A permission set that may use the app, and until when it may."""

    set_id: Id
    label: str
    ends_at: Moment | None


class OneRequestShown(RequestShown):
    """A request, with what an approval could give to its user."""

    permission_sets: list[GivableShown]


class Once(Closed):
    """How to let the user in for a day."""

    set_id: GivenId | None = Field(None, description="The permission set that the user gets; needed where several may use the app.")
    reason: str = ""


class Approval(Once):
    """Until when, and for a user, by which permission set."""

    until: GivenMoment | None = Field(
        None, description="When it ends. A user's approval needs it; an app without it is installed for good."
    )


@router.get("", summary="List requests")
def list_requests(
    desk: AtDesk,
    state: Annotated[RequestState | None, Query(description="Requests that stand so only, such as `open`.")] = None,
    kind: Annotated[RequestKind | None, Query(description="`app`: it is not installed. `user`: nobody has let the user in.")] = None,
    app_id: Annotated[GivenId | None, Query(description="Requests about this app only.")] = None,
    user_id: Annotated[GivenId | None, Query(description="Requests of this user only.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[RequestShown]:
    """Requests, newest first. Needs *Manage Connected Apps*."""
    wanted = {"state": state, "kind": kind, "app_id": app_id, "user_id": user_id}
    with desk.reading() as visit:
        permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
        return page_of(
            desk,
            visit,
            {"list": "requests", **wanted},
            limit,
            cursor,
            lambda after, count: access_requests.page(
                visit.tx, visit.org.id, after=after, limit=count, state=state, kind=kind, app_id=app_id, user_id=user_id
            ),
            lambda found: found.request.id,
            _shown,
        )


@router.get("/{request_id}", summary="Read a request")
def get_request(desk: AtDesk, request_id: str) -> OneRequestShown:
    """One request, with the permission sets by which its user could be let in. Needs *Manage Connected Apps*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
        found = access_requests.by_id(visit.tx, visit.org.id, record_id(request_id, Prefix.REQUEST))
        if found is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return OneRequestShown(**_shown(found).model_dump(), permission_sets=_givable(visit, found))


@router.post("/{request_id}/approve", summary="Approve a request")
def post_approve(desk: AtDesk, request_id: str, body: Approval) -> RequestShown:
    """Install the app, closed; or let the user in, until a day, by a permission set that may use the app. Needs *Manage Connected Apps*,
    and to let a user in also *Manage Profiles and Permission Sets*; nobody lets in oneself."""
    command = ApproveRequest(record_id(request_id, Prefix.REQUEST), **given(body))
    with desk.writing() as visit:
        return _shown(approve_request(visit.tx, visit.actor, command))


@router.post("/{request_id}/approve-once", summary="Approve a request for 24 hours")
def post_approve_once(desk: AtDesk, request_id: str, body: Once) -> RequestShown:
    """The same for the next 24 hours. Needs *Manage Connected Apps*, and to let a user in also *Manage Profiles and Permission Sets*."""
    command = ApproveOnce(record_id(request_id, Prefix.REQUEST), **given(body))
    with desk.writing() as visit:
        return _shown(approve_once(visit.tx, visit.actor, command))


@router.post("/{request_id}/refuse", summary="Refuse a request")
def post_refuse(desk: AtDesk, request_id: str, body: WithReason) -> RequestShown:
    """Say no; for 30 days the same is counted and asks nobody. Needs *Manage Connected Apps* and a reason, which the user is told."""
    command = RefuseRequest(record_id(request_id, Prefix.REQUEST), body.reason)
    with desk.writing() as visit:
        return _shown(refuse_request(visit.tx, visit.actor, command))


@router.post("/{request_id}/block", summary="Block the app of a request")
def post_block_request(desk: AtDesk, request_id: str, body: WithReason) -> RequestShown:
    """Say no to the app, whoever comes with it, until it is unblocked. Needs *Manage Connected Apps* and a reason."""
    command = BlockRequest(record_id(request_id, Prefix.REQUEST), body.reason)
    with desk.writing() as visit:
        return _shown(block_request(visit.tx, visit.actor, command))


def _shown(found: ListedRequest) -> RequestShown:
    own = {name: getattr(found.request, name) for name in RequestShown.model_fields if hasattr(found.request, name)}
    named = {name: getattr(found, name) for name in ("app", "consumer_key", "publisher", "of_this_org", "user", "username", "decided_by")}
    return RequestShown.model_validate(own | named)


def _givable(visit: Visit, found: ListedRequest) -> list[GivableShown]:
    request = found.request
    if request.kind is not RequestKind.USER:
        return []
    sets = permitted_sets(visit.tx, visit.org.id, request.app_id)
    labels = names.of_holders(visit.tx, visit.org.id, [each.holder_id for each in sets])
    return [GivableShown(set_id=each.holder_id, label=labels.get(each.holder_id, ""), ends_at=each.expires_at) for each in sets]
