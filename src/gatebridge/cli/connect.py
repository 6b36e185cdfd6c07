"""`gatebridge connect`: the guide for a client that was written for Salesforce, with the org's own values and what is not yet right."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gatebridge.cli import at, connect_auth_url, credentials, show, sign_in, wishes
from gatebridge.cli.client import client_at
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.show import plain
from gatebridge.rules import ids
from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.client_guides import GuidedClient
from gatebridge.rules.ids import Prefix

READY = {True: ("ready", "bold green"), False: ("not yet", "bold yellow"), None: ("", "")}


def connect(
    context: typer.Context,
    client: Annotated[GuidedClient, typer.Argument(help="The client.", metavar="sf|jsforce|simple-salesforce|cumulusci")],
    app: Annotated[
        str | None, typer.Option("--app", help="The app's id or consumer key; without it, sf comes as PlatformCLI.", metavar="APP")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="For whom (id or username); without it, you.")] = None,
    way: Annotated[str | None, typer.Option("--way", help="Only this way of signing in: web, jwt, ...")] = None,
    auth_url: Annotated[
        Path | None,
        typer.Option("--auth-url", help="Sign in, and write an SFDX auth URL for sf to this new file (0600); - prints it.", metavar="FILE"),
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="With --auth-url: a file with the app's secret; - reads it. Else a prompt.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="With --auth-url: open a browser, or only print the address for one.")
    ] = True,
) -> None:
    """How a client that was written for Salesforce signs in here: what to type, what is not yet right, and what is other."""
    if auth_url is not None:
        if client is not GuidedClient.SF:
            raise Stop(Exit.USAGE, f"Only sf takes an auth URL; {client.called} has no use for one.")
        write_auth_url(context, app, auth_url, secret_file, browser=browser)
        return
    with at.server(context) as api:
        found = api.get("/connect", client=client, app=app, user=user)
    if way is not None:
        found["ways"] = [each for each in found["ways"] if each["name"] == way] or _no_such_way(found, way)
    if at.json(context):
        show.as_json(found)
    else:
        _print(found)


def write_auth_url(context: typer.Context, app: str | None, file: Path, secret_file: Path | None, *, browser: bool) -> None:
    """Sign in through the app, and hand over the auth URL where it was asked for, and nowhere else."""
    url = credentials.server(os.environ, wishes.of(context).url)
    consumer_key = _consumer_key(context, app)
    secret = None
    if consumer_key != PLATFORM_CLI:
        secret = credentials.secret_from(secret_file, "Consumer secret (empty for an app that has none)") or None
    if not url.startswith("https://"):
        typer.echo(f"For development only: sf speaks https to the host of an auth URL, and {url} is plain http.", err=True)
    with client_at(url) as http:
        if str(file) == connect_auth_url.STANDARD_OUTPUT:
            made = connect_auth_url.make(http, url, consumer_key, secret, lambda address: sign_in.bring(address, browser=browser))
            show.done(context, made, {connect_auth_url.JSON_FIELD: made})
            return
        with connect_auth_url.new_file(file) as opened:
            made = connect_auth_url.make(http, url, consumer_key, secret, lambda address: sign_in.bring(address, browser=browser))
            opened.write(connect_auth_url.written(made, file))
    words = f"{file} holds the auth URL, and only you can read it. Whoever has it is you, so give it to nobody, and end it at {url}/me."
    show.done(context, words, {"file": str(file), "url": url, "consumer_key": consumer_key})


def _consumer_key(context: typer.Context, app: str | None) -> str:
    """The consumer key of the app that is meant; only an id has to be looked up."""
    if app is None or ids.parse(app, Prefix.APP) is None:
        return app or PLATFORM_CLI
    with at.server(context) as api:
        return str(api.get(f"/apps/{app}")["consumer_key"])


def _no_such_way(found: Mapping[str, Any], way: str) -> list[Any]:
    names = ", ".join(each["name"] for each in found["ways"])
    raise Stop(Exit.USAGE, f"{found['called']} has no way {way}: choose one of {names}.")


def _print(found: Mapping[str, Any]) -> None:
    """The guide. What is to be copied is printed as it is, whatever the width of the terminal."""
    show.write(Text(f"{found['called']} ", style="bold").append(f"at {plain(found['issuer'])}, {plain(found['org'])}", style="not bold"))
    app = found["app"]
    about = (
        f"{plain(app['label'])}  {plain(app['consumer_key'])}" if app is not None else "none named: register one, or name one with --app"
    )
    show.write(Text("App ", style="dim").append(about, style="not dim"))
    if found["user"]:
        show.write(Text("For ", style="dim").append(plain(found["user"]), style="not dim"))
    for way in found["ways"]:
        _print_way(way)
    typer.echo("")
    show.write(_differences(found["differences"]))
    typer.echo("")
    show.write(_troubles(found["troubles"], found["issuer"]))


def _print_way(way: Mapping[str, Any]) -> None:
    words, style = READY[way["ready"]]
    typer.echo("")
    show.write(Text(plain(way["title"]), style="bold").append(f"  {way['name']}", style="not bold dim").append(f"  {words}", style=style))
    for part in _gaps(way["gaps"]):
        show.write(part)
    steps = [*([way["registration"]] if way["registration"] is not None else []), *way["steps"]]
    for number, step in enumerate(steps, 1):
        _print_step(number, step)


def _gaps(gaps: list[Mapping[str, Any]]) -> Iterator[RenderableType]:
    for gap in gaps:
        line = Text("✗ ", style="yellow").append(plain(gap["words"]), style="default")
        if gap["reason"] is not None:
            line.append(f"  {gap['reason']}", style="red")
        yield line
        setting = gap["setting"]
        if setting is not None:
            way = setting["command"] or setting["request"]
            who = f"needs {plain(setting['changed_by'])}" if setting["permissions"] else plain(setting["changed_by"])
            yield Text(f"  {plain(way)}  " if way else "  ").append(who, style="dim")


def _print_step(number: int, step: Mapping[str, Any]) -> None:
    typer.echo("")
    show.write(Text(f"{number}. {plain(step['words'])}", style="dim"))
    for line in step["code"].split("\n"):
        typer.echo(plain(line) if line else "")


def _differences(differences: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("What is other", "At Salesforce", "Here"):
        table.add_column(name, overflow="fold")
    for each in differences:
        table.add_row(*(Text(plain(each[name])) for name in ("what", "salesforce", "here")))
    return table


def _troubles(troubles: list[Mapping[str, Any]], issuer: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("What goes wrong", "Usually because", "All about it"):
        table.add_column(name, overflow="fold")
    for each in troubles:
        table.add_row(Text(plain(each["shown"])), Text(plain(each["cause"])), Text(plain(issuer + each["page"])))
    return table
