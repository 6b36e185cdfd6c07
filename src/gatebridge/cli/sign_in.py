"""`gatebridge login`, `logout` and `whoami`: being somebody at a server, by way of a browser."""

import os
from typing import Annotated

import typer

from gatebridge.cli import at, credentials, login, show, token_store, wishes
from gatebridge.cli.client import Api, client_at
from gatebridge.cli.credentials import Credentials
from gatebridge.cli.exits import Exit, Stop


def log_in(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, or only print the address for one.")] = True,
) -> None:
    """Sign in with a browser on this machine, and act as yourself from then on."""
    url = credentials.server(os.environ, wishes.of(context).url)
    path = token_store.default_file(os.environ)

    with client_at(url) as http:
        found = login.sign_in(http, url, lambda address: bring(address, browser=browser))
        with token_store.locked(path):
            before = token_store.load(path, url)
            token_store.save(path, found)
        if before is not None:
            try:
                login.end(http, before)
            except Stop:
                typer.echo("The earlier sign-in could not be ended; you find it under your connected apps.", err=True)
    with Api(Credentials(url, login=found, store=path)) as api:
        me = api.get("/me")
    show.done(context, f"You are signed in to {url} as {show.plain(me['name'])}, of {show.plain(me['org'])}.", me)


def log_out(context: typer.Context) -> None:
    """End the sign-in at the server, and forget it here."""
    path = token_store.default_file(os.environ)
    url = credentials.server(os.environ, wishes.of(context).url)
    with token_store.locked(path):
        found = token_store.load(path, url)
        if found is None:
            raise Stop(Exit.NO_CREDENTIALS, f"Nobody is signed in to {url} here.")
        try:
            with client_at(url) as http:
                login.end(http, found)
        except Stop as stop:
            words = f"{stop.words} The sign-in is forgotten here; end it there too: {url}/me."
            raise Stop(stop.code, words, stop.problem) from None
        finally:
            token_store.forget(path, url)
    show.done(context, f"You are signed out of {url}.", {"url": url})


def who_am_i(context: typer.Context) -> None:
    """For whom this command line acts, through what, and what it may do."""
    with at.server(context) as api:
        me = api.get("/me") | {"through": api.credentials.through, "url": api.credentials.url}
    names = {"name": "User", "org": "Org", "url": "Server", "through": "Through", "user_id": "User id", "app_id": "App id"}
    show.facts(context, me, names | {"permissions": "Permissions"})


def bring(address: str, *, browser: bool) -> None:
    """Open the address in a browser, or say where to open it; on standard error, so that an answer stays an answer."""
    opened = browser and _open(address)
    words = "A browser was opened. Where none appears, open this address:" if opened else "Open this address in a browser on this machine:"
    typer.echo(f"{words}\n{address}", err=True)


def _open(address: str) -> bool:
    import webbrowser  # only where one is wanted

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
