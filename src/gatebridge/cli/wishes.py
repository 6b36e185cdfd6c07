"""What every command is told beside its own words: where the server is, who asks, and in which form to answer."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer


@dataclass(slots=True)
class Wishes:
    """The options that stand at every command. One per run."""

    url: str | None = None
    credentials: Path | None = None
    json: bool = False


Url = Annotated[str | None, typer.Option("--url", help="The server, such as https://id.example.com.", metavar="URL")]
File = Annotated[Path | None, typer.Option("--credentials", help="The file with url, client_id and client_secret.", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

OPTIONS: dict[str, Any] = {"url": Url, "credentials": File, "json": Json}
DEFAULTS: dict[str, Any] = {"url": None, "credentials": None, "json": False}

# These work on this machine: they have no server to name, and nobody to be.
LOCAL = frozenset({"serve", "db", "first-admin", "recover-user", "doctor", "run-demo"})


def of(context: typer.Context) -> Wishes:
    """The wishes of this run."""
    found = context.find_root().obj
    if not isinstance(found, Wishes):
        raise TypeError("a command was called without its wishes")
    return found


def add_to(cli: typer.Typer, *, local: bool = False) -> None:
    """Give every command of `cli` the options, so that they may stand where a person types them: behind the command."""
    for command in cli.registered_commands:
        # The groups outlive one run where a program calls `main` twice.
        if command.callback is not None and not hasattr(command.callback, "takes_wishes"):
            here = local or command.name in LOCAL
            command.callback = _with_options(command.callback, ("json",) if here else tuple(OPTIONS))
    for group in cli.registered_groups:
        if group.typer_instance is not None:
            _add_to_bare(group.typer_instance)
            add_to(group.typer_instance, local=local or group.name in LOCAL)


def _add_to_bare(group: typer.Typer) -> None:
    """The same for a group that also does something by itself."""
    callback = group.registered_callback
    if callback is not None and callback.callback is not None and not hasattr(callback.callback, "takes_wishes"):
        callback.callback = _with_options(callback.callback, tuple(OPTIONS))


def _with_options(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """The same command, with these options added to what it is seen to take."""
    signature = inspect.signature(function, eval_str=True)
    takes_context = "context" in signature.parameters

    def told(context: typer.Context, **given: Any) -> Any:
        wished = of(context)
        for name in names:
            value = given.pop(name)
            if value != DEFAULTS[name]:
                setattr(wished, name, value)
        return function(context, **given) if takes_context else function(**given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [each.replace(kind=keyword) for name, each in signature.parameters.items() if name != "context"]
    added = [inspect.Parameter(name, keyword, default=DEFAULTS[name], annotation=OPTIONS[name]) for name in names]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    told.__signature__ = signature.replace(parameters=[context, *own, *added])  # type: ignore[attr-defined]
    told.__annotations__ = {each.name: each.annotation for each in (context, *own, *added)}
    told.takes_wishes = True  # type: ignore[attr-defined]
    told.__doc__, told.__name__ = function.__doc__, function.__name__
    return told
