"""The connection that a command works on, and what commands ask of the person who typed them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gatebridge.cli import credentials, show, wishes
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Exit, Stop

Confirm = Annotated[bool, typer.Option("--confirm", help="Do it even if it locks out who uses an app, or leaves nobody.")]


@contextmanager
def server(context: typer.Context) -> Iterator[Api]:
    """The admin API of the server that this run is about."""
    wished = wishes.of(context)
    with Api(credentials.find(os.environ, url=wished.url, file=wished.credentials)) as api:
        yield api


def json(context: typer.Context) -> bool:
    """Whether a program reads the answer."""
    return wishes.of(context).json


def sure(question: str, yes: bool) -> None:
    """Ask before something that hurts. Without a terminal to ask at, only `--yes` is a yes."""
    if yes:
        return
    if not typer.get_text_stream("stdin").isatty():
        raise Stop(Exit.STOPPED, f"{question} Nobody is here to ask; say --yes if it is meant.")
    if not typer.confirm(question):
        raise Stop(Exit.STOPPED, "Nothing was changed.")


def typed(words: str) -> str:
    """What is typed at a prompt. Without a terminal there is nobody to type."""
    if not typer.get_text_stream("stdin").isatty():
        raise Stop(Exit.STOPPED, f"{words}; nobody is here to ask, so say it with --confirm.")
    return str(typer.prompt(words))


def hit(api: Api, **of: str) -> str:
    """Who would be hit by ending this, as a sentence."""
    return f"This ends {alive(api.get('/blast-radius', **of))}."


def alive(radius: Mapping[str, Any]) -> str:
    """What is alive, as the API counts it, in words."""
    words = {"tokens": "live token", "users": "user", "grants": "grant"}
    tokens, users, grants = (f"{radius[name]} {word}{'' if radius[name] == 1 else 's'}" for name, word in words.items())
    return f"{'' if radius['exact'] else 'more than '}{tokens} of {users}, in {grants}"


def bytes_of(file: Path) -> bytes:
    """What is in a file."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Stop(Exit.USAGE, f"{file} cannot be read: {error.strerror}.") from None


def give_secret(context: typer.Context, made: Mapping[str, Any], save: Path | None, names: Mapping[str, str]) -> None:
    """Hand over a secret that is shown this once: in the answer, or into a file that only its owner can read."""
    told = dict(made)
    if save is not None and made.get("secret"):
        try:
            handle = os.open(save, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            # It was made and cannot be shown again, so it is not thrown away over a file name.
            typer.echo(f"{save} cannot be written ({error.strerror}); the secret is printed instead.", err=True)
        else:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(made["secret"] + "\n")
            told["secret"] = None
            told["secret_file"] = str(save)
    if json(context):
        show.as_json(told)
        return
    show.facts(context, told, {**names, "secret_file": "Secret in"})
    if told.get("secret"):
        show.facts(context, told, {"secret": "Secret"})
        typer.echo("The secret is shown this once; keep it now.", err=True)
