"""The request queue: apps that somebody tried to use uninstalled, and users who ask to be let in."""

from typing import Annotated

import typer

from gatebridge.cli import at, show
from gatebridge.rules.access_requests import RequestKind, RequestState

requests = typer.Typer(help="Apps and users that wait for approval.", no_args_is_help=True)

COLUMNS = (
    ("WANTS", lambda item: "to be let in" if item["kind"] == RequestKind.USER else "the app installed"),
    ("APP", show.field("app")),
    ("PUBLISHER", show.field("publisher")),
    ("WHO", lambda item: item["user"] or "the app itself"),
    ("TIMES", show.field("count")),
    ("LAST", show.when("last_at")),
    ("FROM", show.field("address")),
    ("STATE", show.field("state")),
    ("ID", show.field("id")),
)
FACTS = {
    "kind": "Kind",
    "app": "App",
    "publisher": "Publisher",
    "consumer_key": "Consumer key",
    "user": "User",
    "username": "Username",
    "words": "In the user's words",
    "scopes": "Scopes",
    "flow": "Flow",
    "address": "From",
    "count": "Times",
    "first_at": "First",
    "last_at": "Last",
    "state": "State",
    "decided_at": "Decided",
    "decided_by": "By",
    "reason": "Because",
    "ends_at": "Until",
    "permission_sets": "Could be given",
    "id": "Id",
}
RequestId = Annotated[str, typer.Argument(help="The request's id.", metavar="REQUEST")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; the user is told, and it goes into the audit trail.")]
Set = Annotated[str | None, typer.Option("--set", help="The permission set that the user gets (id); needed where several may use the app.")]


@requests.command("list")
def list_requests(
    context: typer.Context,
    state: Annotated[RequestState, typer.Option(help="Those that stand so.")] = RequestState.OPEN,
    every: Annotated[bool, typer.Option("--all", help="However they stand.")] = False,
    kind: Annotated[RequestKind | None, typer.Option(help="app: it is not installed; user: nobody has let the user in.")] = None,
    app: Annotated[str | None, typer.Option(help="Only about this app (id).")] = None,
    user: Annotated[str | None, typer.Option(help="Only of this user (id).")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 25,
) -> None:
    """Requests, newest first; those that wait, unless told otherwise."""
    wanted = {"state": None if every else state.value, "kind": kind.value if kind else None, "app_id": app, "user_id": user}
    with at.server(context) as api:
        found = list(api.every("/requests", limit, **wanted))
    show.rows(context, found, COLUMNS, "Nothing waits. Those that were decided: gatebridge requests list --all")


@requests.command("show")
def show_request(context: typer.Context, request: RequestId) -> None:
    """Who wants what, and what an approval could give."""
    with at.server(context) as api:
        show.facts(context, api.get(f"/requests/{request}"), FACTS)


@requests.command("approve")
def approve(
    context: typer.Context,
    request: RequestId,
    until: Annotated[str | None, typer.Option(help="Until this time, such as 2027-03-01T00:00:00Z; needed for a user.")] = None,
    set_id: Set = None,
    reason: Reason = "",
) -> None:
    """Install the app, closed; or let the user in until a time."""
    with at.server(context) as api:
        given = api.post(f"/requests/{request}/approve", {"until": until, "set_id": set_id, "reason": reason})
    _approved(context, given)


@requests.command("approve-once")
def approve_for_a_day(context: typer.Context, request: RequestId, set_id: Set = None, reason: Reason = "") -> None:
    """The same for the next 24 hours."""
    with at.server(context) as api:
        given = api.post(f"/requests/{request}/approve-once", {"set_id": set_id, "reason": reason})
    _approved(context, given)


@requests.command("refuse")
def refuse(context: typer.Context, request: RequestId, reason: Reason) -> None:
    """Say no. For 30 days the same is counted and asks nobody."""
    with at.server(context) as api:
        show.done(context, "The request is refused.", api.post(f"/requests/{request}/refuse", {"reason": reason}))


@requests.command("block")
def block(
    context: typer.Context,
    request: RequestId,
    reason: Reason,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Say no to the app, whoever comes with it, until it is unblocked."""
    with at.server(context) as api:
        app = api.get(f"/requests/{request}")["app"]
        at.sure(f"Nobody of the org will be able to use {app}. Block it?", yes)
        show.done(context, "The app is blocked.", api.post(f"/requests/{request}/block", {"reason": reason}))


def _approved(context: typer.Context, given: dict[str, object]) -> None:
    until = f" until {show.moment(given['ends_at'])} UTC" if given["ends_at"] else ""
    if given["kind"] == RequestKind.USER:
        show.done(context, f"{given['user']} may use {given['app']}{until}.", given)
    else:
        words = f"{given['app']} is installed{until}, and closed: say who may use it with: gatebridge access assign"
        show.done(context, words, given)
