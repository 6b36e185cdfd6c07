"""What every command is told beside its own words: where the server is, who asks, and in which form to answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperOption


@dataclass(slots=True)
class Wishes:
    """The options that stand at every command. One per run."""

    url: str | None = None
    credentials: Path | None = None
    json: bool = False
    yes: bool = False


def of(context: typer.Context) -> Wishes:
    """The wishes of this run."""
    root = context.find_root()
    if not isinstance(root.obj, Wishes):
        root.obj = Wishes()
    found: Wishes = root.obj
    return found


def add_to(command: Any, *, local: bool = False) -> None:
    """Give a command and all below it the options, so that they may stand where a person types them: at the end.

    Commands that need no server (`local`) get `--json` alone.
    """
    children = getattr(command, "commands", None)
    if children is not None:
        for name, child in children.items():
            add_to(child, local=local or name in LOCAL)
        return
    taken = {name for parameter in command.params for name in parameter.opts}
    for option in (_JSON,) if local else (_URL, _CREDENTIALS, _JSON):
        if option["param_decls"][0] not in taken:
            command.params.append(TyperOption(**option, expose_value=False, callback=_remember))


LOCAL = frozenset({"serve", "db", "first-admin", "doctor", "run-demo"})

_URL: dict[str, Any] = {"param_decls": ["--url"], "help": "The server, such as https://id.example.com.", "metavar": "URL"}
_CREDENTIALS: dict[str, Any] = {"param_decls": ["--credentials"], "help": "The file with url, client_id and client_secret.", "metavar": "FILE"}
_JSON: dict[str, Any] = {"param_decls": ["--json"], "is_flag": True, "default": False, "help": "Answer in JSON, for programs."}


def _remember(context: typer.Context, parameter: Any, value: Any) -> Any:
    if value:
        setattr(of(context), parameter.name, Path(value) if parameter.name == "credentials" else value)
    return value
