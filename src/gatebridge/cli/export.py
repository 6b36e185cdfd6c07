"""Taking a whole list out: the file that its page in setup hands out."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from gatebridge.cli import at
from gatebridge.cli.exits import Exit, Stop
from gatebridge.rules.exported import Style

EPILOG = (
    "Lists: apps, requests, usage, usage/APP, login-history, audit, apps/APP/changes, sessions, users, profiles, permission-sets, "
    "custom-permissions. What narrows and sorts one is in the address of its page: 'audit?since=7d&sort=time'."
)
_TAIL = 2_000  # bytes: the last line of a file that ends early, with room to spare


def export(
    context: typer.Context,
    view: Annotated[str, typer.Argument(help="A list, or the address of a view of one, as it stands in the browser.", metavar="VIEW")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this new file (0600), in place of printing it.")
    ] = None,
) -> None:
    """Take out all of a list as CSV, with --json as JSON. It leaves a line in the audit trail. Ends with 1 when it is not all of it."""
    style = Style.JSON if at.json(context) else Style.CSV
    with at.server(context) as api:
        pieces = api.download("/exports", {"view": _address(view, api.credentials.url), "format": style.value})
        first = next(pieces, b"")  # what is refused leaves no file
        with opened(output) as file:
            tail = first
            file.write(first)
            for piece in pieces:
                file.write(piece)
                tail = (tail + piece)[-_TAIL:]
    if cut := _cut(style, tail.decode("utf-8", "replace")):
        raise Stop(Exit.REFUSED, f"This is not all of the list: {cut}.")
    if output is not None:
        typer.echo(f"{output} holds the whole list.", err=True)


def _address(view: str, server: str) -> str:
    """The address below the server: of a list that is named, or of a view whose address was copied."""
    if view.startswith(f"{server}/"):
        return view.removeprefix(server)
    if "://" in view:
        raise Stop(Exit.USAGE, f"This is an address of another server than {server}; name that one with --url.")
    return view if view.startswith("/") else f"/setup/{view}"


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """A new file that nobody else reads; None: standard output. Raises Stop where it cannot be written."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stop(Exit.USAGE, f"{output} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as file:
        yield file


def _cut(style: Style, tail: str) -> str:
    """Why a file ends before its list does, as its last line says; empty where it is whole."""
    last = tail.rstrip("\r\n").rpartition("\n")[2]
    if style is Style.CSV:
        cells = next(csv.reader([last]), [])
        return cells[0].strip("()") if len(cells) == 1 else ""
    try:
        said = json.loads("{" + last)
    except ValueError:
        said = {}
    return "" if said.get("complete") is True else str(said.get("cut", "it broke off before its end"))
