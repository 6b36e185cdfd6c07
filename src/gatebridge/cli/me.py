"""What is one's own: the apps that may act for one, the browsers one is signed in at, the password, and what one asks of the admins."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gatebridge.cli import at, credentials, show, sign_in
from gatebridge.cli.apps import said
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.people import APP_COLUMNS, Yes
from gatebridge.rules import ids
from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.ids import Prefix

me = typer.Typer(help="What is yours: apps, sessions, password, requests. Alone it says who you are.", invoke_without_command=True)
apps = typer.Typer(help="The apps that may act for you.", no_args_is_help=True)
sessions = typer.Typer(help="The browsers in which you are signed in.", no_args_is_help=True)
requests = typer.Typer(help="What you have asked for.", no_args_is_help=True)
me.add_typer(apps, name="apps")
me.add_typer(sessions, name="sessions")
me.add_typer(requests, name="requests")

SESSION_COLUMNS = (
    ("LEVEL", show.field("level")),
    ("METHODS", lambda session: " ".join(session["methods"])),
    ("ADDRESS", show.field("address")),
    ("SIGNED IN", show.when("authenticated_at")),
    ("LAST SEEN", show.when("last_seen_at")),
    ("BROWSER", show.field("user_agent")),
    ("ID", show.field("id")),
)
REQUEST_COLUMNS = (
    ("APP", show.field("app")),
    ("ASKED FOR", lambda item: "to be let in" if item["kind"] == RequestKind.USER else "that it be installed"),
    ("STATE", show.field("state")),
    ("LAST", show.when("last_at")),
    ("UNTIL", show.when("ends_at")),
    ("BECAUSE", show.field("reason")),
    ("AGAIN FROM", show.when("asked_again_from")),
)


@me.callback()
def who_am_i(context: typer.Context) -> None:
    """What is yours: apps, sessions, password, requests. Alone it says who you are."""
    if context.invoked_subcommand is None:
        sign_in.who_am_i(context)


@apps.command("list")
def list_my_apps(context: typer.Context) -> None:
    """What each app may do in your name, since when, and from where it was used last; those used last come first."""
    with at.server(context) as api:
        show.rows(context, api.get("/me/apps"), APP_COLUMNS, "No app may act for you.")


@apps.command("end")
def end_my_app(context: typer.Context, app: Annotated[str, typer.Argument(help="The app's id.", metavar="APP")], yes: Yes = False) -> None:
    """End what one app may do in your name. It has to ask you anew."""
    with at.server(context) as api:
        at.sure("End everything that this app has of you?", yes)
        show.done(context, "The app may not act for you any more.", api.delete(f"/me/apps/{app}"))


@apps.command("end-all")
def end_my_apps(context: typer.Context, yes: Yes = False) -> None:
    """End what every app may do in your name, this command line too."""
    with at.server(context) as api:
        at.sure("Every app has to ask you anew, and this command line is signed out. End all?", yes)
        ended = api.delete("/me/apps")
    show.done(context, f"{len(ended)} app{'' if len(ended) == 1 else 's'} may not act for you any more.", ended)


@sessions.command("list")
def list_my_sessions(context: typer.Context) -> None:
    """Where you are signed in, newest first."""
    with at.server(context) as api:
        show.rows(context, api.get("/me/sessions"), SESSION_COLUMNS, "You are signed in at no browser.")


@sessions.command("end")
def end_my_session(context: typer.Context, session: Annotated[str, typer.Argument(help="The session's id.", metavar="SESSION")]) -> None:
    """Sign yourself out in one browser."""
    with at.server(context) as api:
        ended = api.delete(f"/me/sessions/{session}")
    show.done(context, "You are signed out there." if ended["ended"] else "It had ended before.", ended)


@sessions.command("end-all")
def end_my_sessions(context: typer.Context, yes: Yes = False) -> None:
    """Sign yourself out in every browser. What apps have of you stays, and so does this command line."""
    with at.server(context) as api:
        at.sure("Sign yourself out in every browser?", yes)
        ended = api.delete("/me/sessions")
    show.done(context, f"{ended['ended']} session{'' if ended['ended'] == 1 else 's'} ended.", ended)


@me.command("timezone")
def my_timezone(
    context: typer.Context, zone: Annotated[str | None, typer.Argument(help="Another one, such as Europe/Berlin.", metavar="ZONE")] = None
) -> None:
    """Say on whose clocks pages tell you times, or choose another zone. Commands tell times in UTC."""
    with at.server(context) as api:
        found = api.put("/me/timezone", {"timezone": zone}) if zone is not None else api.get("/me/timezone")
    show.done(context, show.plain(found["timezone"]), found)


@me.command("password")
def change_my_password(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A file with the password that you have, and below it the new one; - reads standard input."),
    ] = None,
    keep_grants: Annotated[bool, typer.Option("--keep-grants", help="Let apps keep what they have of you, this command line too.")] = False,
) -> None:
    """Change your password. It signs you out in every browser, and ends what apps have of you, this command line too."""
    current, chosen = _passwords(file)
    with at.server(context) as api:
        api.post("/me/password", {"current_password": current, "password": chosen, "end_grants": not keep_grants})
    show.done(context, "Your password is changed." if keep_grants else "Your password is changed. Sign in anew: gatebridge login")


def _passwords(file: Path | None) -> tuple[str, str]:
    if file is None and sys.stdin.isatty():
        current, chosen, again = (
            credentials.secret_from(None, words) for words in ("The password that you have", "The new one", "The new one again")
        )
        if chosen != again:
            raise Stop(Exit.USAGE, "The new password was typed in two ways; nothing was changed.")
        return current, chosen
    read = sys.stdin.buffer.read() if file is None or str(file) == "-" else at.bytes_of(file)
    lines = read.decode("utf-8", "replace").splitlines()
    if len(lines) != 2:
        raise Stop(Exit.USAGE, "There must be two lines: the password that you have, and below it the new one.")
    return lines[0], lines[1]


@requests.command("list")
def list_my_requests(
    context: typer.Context, limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 25
) -> None:
    """What you have asked for, and what was decided; newest first."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/me/requests", limit)), REQUEST_COLUMNS, "You have asked for nothing.")


@requests.command("ask")
def ask(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="What you need it for, in a sentence.")],
    receipt: Annotated[str | None, typer.Option(help="The receipt of your refused attempt; the page of the refusal shows it.")] = None,
    key: Annotated[str | None, typer.Option(help="The consumer key of an app of another org, to ask that it be installed.")] = None,
) -> None:
    """Ask to be let into an app that refused you, or that an app be installed."""
    if (receipt is None) == (key is None):
        raise Stop(Exit.USAGE, "Say for what you ask: --receipt of the attempt that was refused, or --key of the app.")
    with at.server(context) as api:
        asked = api.post("/me/requests", said(words=words, receipt_id=receipt, consumer_key=key))
    show.done(context, f"Your admins are asked about {show.plain(asked['app'])}. What they decide comes by mail.", asked)


@me.command("report")
def report(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="What you have seen, in a sentence.")],
    app: Annotated[
        str | None, typer.Option(help="The app that it is about: its id, or its consumer key, which a link names client_id.")
    ] = None,
) -> None:
    """Tell the admins of something odd: an app with a name that is almost right, a link in a mail, a device that you did not connect."""
    about: dict[str, str] = {}
    if app is not None:
        about = {"app_id": app} if ids.parse(app, Prefix.APP) is not None else {"consumer_key": app}
    with at.server(context) as api:
        told = api.post("/me/reports", {"words": words} | about)
    show.done(context, "Your admins are told, and it stands in the audit trail.", told)
