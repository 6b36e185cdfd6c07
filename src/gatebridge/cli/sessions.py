"""Who is signed in at a browser, and ending it."""

from typing import Annotated

import typer

from gatebridge.cli import at, show

sessions = typer.Typer(help="Who is signed in at a browser.", no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes into the audit trail.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

COLUMNS = (
    ("USER", show.field("username")),
    ("LEVEL", show.field("level")),
    ("METHODS", lambda session: " ".join(session["methods"])),
    ("ADDRESS", show.field("address")),
    ("SIGNED IN", lambda session: show.moment(session["authenticated_at"])),
    ("LAST SEEN", lambda session: show.moment(session["last_seen_at"])),
    ("ID", show.field("id")),
)


@sessions.command("list")
def list_sessions(
    context: typer.Context,
    user: Annotated[str | None, typer.Option(help="Of this user alone, by id.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 100,
) -> None:
    """The live sessions, newest first."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/sessions", limit, user_id=user)), COLUMNS, "Nobody is signed in.")


@sessions.command("end")
def end_session(
    context: typer.Context,
    session: Annotated[str, typer.Argument(help="The session's id.", metavar="SESSION")],
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Sign a user out in one browser."""
    with at.server(context) as api:
        at.sure("End this session?", yes)
        ended = api.delete(f"/sessions/{session}", reason=reason)
    show.done(context, "The session is ended." if ended["ended"] else "It had ended before.", ended)


@sessions.command("end-all")
def end_sessions_of_user(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help="The user's id.", metavar="USER")],
    reason: Reason = "",
    end_grants: Annotated[bool, typer.Option("--end-grants", help="End what apps have of the user, too; needs a reason.")] = False,
    yes: Yes = False,
) -> None:
    """Sign a user out in every browser. What apps have of the user stays, unless said otherwise."""
    with at.server(context) as api:
        hit = at.hit(api, user_id=user) if end_grants else "What apps have of the user stays; --end-grants ends it too."
        at.sure(f"{hit} End every session of the user?", yes)
        ended = api.delete(f"/users/{user}/sessions", reason=reason, end_grants=end_grants)
    show.done(context, f"{ended['ended']} session{'' if ended['ended'] == 1 else 's'} ended.", ended)
