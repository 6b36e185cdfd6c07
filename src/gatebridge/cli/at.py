"""The connection that a command works on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from gatebridge.cli import credentials, wishes
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Exit, Stop


@contextmanager
def server(context: typer.Context) -> Iterator[Api]:
    """The admin API of the server that this run is about."""
    wished = wishes.of(context)
    with Api(credentials.find(os.environ, url=wished.url, file=wished.credentials)) as api:
        yield api


def sure(question: str, yes: bool) -> None:
    """Ask before something that hurts. Without a terminal to ask at, only `--yes` is a yes."""
    if yes:
        return
    if not typer.get_text_stream("stdin").isatty():
        raise Stop(Exit.STOPPED, f"{question} Nobody is here to ask; say --yes if it is meant.")
    if not typer.confirm(question):
        raise Stop(Exit.STOPPED, "Nothing was changed.")
