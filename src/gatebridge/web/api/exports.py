"""Exports: a list of setup as a file, the very one that its page hands out; and the evidence about an app."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from gatebridge.rules import ids
from gatebridge.rules.exported import MEDIA, Style
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import FieldProblem, Refused, outage
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.my_apps import myself
from gatebridge.storage import people
from gatebridge.web.api.desk import AtDesk, Desk, Visit, record_id
from gatebridge.web.api.shapes import Closed
from gatebridge.web.console import (
    app_changes,
    app_manager,
    audit_trail,
    custom_permissions,
    evidence,
    exports,
    login_history,
    permission_sets,
    profiles,
    requests,
    sessions,
    usage,
    users,
)
from gatebridge.web.console import desk as pages
from gatebridge.web.console.exports import List
from gatebridge.web.console.listing import View

router = APIRouter(tags=["Exports"])

LISTS: tuple[List[Any], ...] = (
    *(app_manager.LIST, app_changes.LIST, requests.LIST, usage.APPS, usage.GRANTS, login_history.LIST, audit_trail.LIST),
    *(sessions.LIST, users.LIST, profiles.LIST, permission_sets.LIST, custom_permissions.LIST),
)
SAYS_NOTHING = ("size", "after", "seen", "said")  # of the page on which somebody stood who copied its address
BY_PATH = tuple((compile_path(one.path or one.place.path)[0], one) for one in LISTS)


class NewExport(Closed):
    """A view of a list, and as what it is wanted."""

    view: str = Field(
        max_length=700,
        examples=["/setup/audit?since=7d"],
        description="The address of the list in setup, with what narrows and sorts it; that of a saved view is one.",
    )
    format: Style = Style.CSV


@router.post(
    "/exports",
    summary="Export a list",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {media.partition(";")[0]: {} for media in MEDIA.values()}}},
)
def post_export(desk: AtDesk, body: NewExport) -> Response:
    """Take out all of a list as its page in setup does: the same columns, narrowed and sorted by the view, at most 100,000 rows, with
    a line in the audit trail before the first byte. At its end it says whether it is all.

    Needs the right to the list, and a recent sign-in. A program that reads a list again and again pages through the list's own operation.
    """
    address, _, query = body.view.partition("?")
    for path, one in BY_PATH:
        if found := path.match(address):
            return _begun(desk, one, exports.looked_at(address, query, found.groupdict()), body.format)
    raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("view", "This is the address of no list in setup."),))


@router.post(
    "/apps/{app_id}/evidence",
    summary="Take the evidence about an app",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {evidence.MEDIA: {}}}},
)
def post_evidence(desk: AtDesk, app_id: str) -> Response:
    """What is known of an app as one ZIP, with a line in the audit trail before the first byte: its records, the login history and the
    changes that are about it, its live grants, how far it reached, and the digests of all of it.

    Needs *Manage Connected Apps* and a recent sign-in. A list that one may not see is left out, and the file says so.
    """
    app = ids.long(record_id(app_id, Prefix.APP))
    request = exports.looked_at(evidence.PATH.replace("{app_id}", app), "", {"app_id": app})
    return _sent(desk, lambda visit: evidence.begin(at_setup(desk, visit, request), partial(_read_there, desk, request)))


def _read_there(desk: Desk, request: Request, one: List[Any], view: View, after: str, count: int) -> Sequence[Any]:
    return _read(desk, one, request, view, after, count)


def _begun(desk: Desk, one: List[Any], request: Request, style: Style) -> Response:
    def begin(visit: Visit) -> Response:
        here = at_setup(desk, visit, request)
        _refuse_unknown(one.view(here), request)
        return exports.begin(one, here, style, partial(_read, desk, one, request))

    return _sent(desk, begin)


def _sent(desk: Desk, begin: Callable[[Visit], Response]) -> Response:
    if not exports.AT_ONCE.acquire(blocking=False):
        raise Refused(outage.SERVER_BUSY, detail=exports.BUSY)
    sent = False
    try:
        with desk.writing() as visit:
            file = begin(visit)
        sent = True
    finally:
        if not sent:
            exports.AT_ONCE.release()
    return file


def _refuse_unknown(view: View, request: Request) -> None:
    """A page shows the whole list where its address says what it does not know. Here nobody sees that it is more than was asked for."""
    known = {each.name: [value for value, _ in each.choices] for each in view.filters}
    known["sort"] = [f"{way}{each.name}" for each in view.sorts for way in ("", "-")]
    for name, value in request.query_params.multi_items():
        if name in SAYS_NOTHING:
            continue
        if name not in known or (known[name] and value.strip() not in ("", *known[name])):
            problem = f"This list takes {', '.join(known)}. Something else stands in the address, or a value that is none of theirs."
            raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("view", problem),))


def _read(desk: Desk, one: List[Any], request: Request, view: View, after: str, count: int) -> Sequence[Any]:
    """So many records, in a snapshot of their own and for as long as the token counts."""
    with desk.reading() as visit:
        return one.rows(at_setup(desk, visit, request), view, after, count)


def at_setup(desk: Desk, visit: Visit, request: Request) -> pages.Visit:
    """The visit of somebody who sits at no browser, as a page of setup has it. Raises Refused where nobody signed in."""
    user = people.by_id(visit.tx, visit.org.id, myself(visit.actor))
    if user is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return pages.Visit(visit.tx, request, visit.org, user, None, visit.actor, desk.house)
