"""Try it in the terminal: a flow of an app, run against its real settings, step by step until it has ended."""

import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from gatebridge.cli import at, receipt, show
from gatebridge.cli.apps import AppId, said
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.show import plain
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.tries import LIFETIME, Wrong

ASK_EVERY = 2.0  # seconds, while a person sits at the browser
ASK_DEVICE_EVERY = 5.0  # as a device may (RFC 8628 section 3.2)

STATES = {"success": ("✓", "bold green"), "refused": ("✗", "bold red"), None: ("·", "bold yellow")}


class Language(StrEnum):
    """In what each request is shown once more."""

    CURL = "curl"
    PYTHON = "python"
    JAVASCRIPT = "javascript"


def try_flow(
    context: typer.Context,
    app: AppId,
    flow: Annotated[Flow, typer.Argument(help="The flow to try; the app must have it enabled.", metavar="FLOW")],
    expect_refusal: Annotated[
        bool, typer.Option("--expect-refusal", help="Send something wrong, and expect to be refused for it.")
    ] = False,
    wrong: Annotated[Wrong | None, typer.Option("--wrong", help="What is sent wrongly; without it, what says most about the flow.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="A scope to ask for; may be repeated. Without it, all.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="For whom (id or username): who approves at the browser, or whom an assertion names.")
    ] = None,
    code: Annotated[Language | None, typer.Option("--code", help="Show each request once more, in this language.")] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser where a person is needed, or only print where.")
    ] = True,
) -> None:
    """Run a flow of an app against its real settings, with a credential of ten minutes; all that it has got ends with it.

    Ends with 0 when it went as expected, and with 1 when it did not.
    """
    expected = "refusal" if expect_refusal or wrong is not None else "success"
    with at.server(context) as api:
        run = api.post(f"/apps/{app}/tries", said(flow=flow, wrong=wrong, scopes=scope, user=user) | {"expect": expected})
        steps: list[dict[str, Any]] = []
        try:
            for step in _steps(api, run, open_browser=browser):
                steps.append(step)
                if not at.json(context):
                    show.write(Group(*_shown(step, code)))
        finally:
            # Whatever happened, nothing that the run has got lives on.
            ended = api.delete(f"/tries/{run['id']}")
    last = ended["run"]
    if at.json(context):
        show.as_json({"run": last, "steps": steps, "ended": {name: ended[name] for name in ("tokens", "grants", "credentials")}})
    else:
        show.write(Group(*_conclusion(last, ended)))
    if not last["as_expected"]:
        raise Stop(Exit.REFUSED, "It did not go as expected.")


def _steps(api: Api, run: Mapping[str, Any], *, open_browser: bool) -> Iterator[dict[str, Any]]:
    """Each step that has its outcome. While one waits for a person, it says where to go, once, and asks again."""
    deadline = time.monotonic() + LIFETIME.total_seconds()
    told, answer = False, ""
    while True:
        step = api.post(f"/tries/{run['id']}/step", {"answer": answer} if answer else {})
        answer = ""
        if step["outcome"] is not None:
            yield step
            told = False
            if step["run"]["state"] in ("done", "ended"):
                return
            continue
        if not told:
            _send_there(step, open_browser=open_browser)
            told = True
        if step["answer_by_hand"]:
            answer = _brought_by_hand()
            continue
        if time.monotonic() > deadline:
            raise Stop(Exit.STOPPED, "Nobody came to the browser in time.")
        time.sleep(ASK_DEVICE_EVERY if step["user_code"] else ASK_EVERY)


def _send_there(step: Mapping[str, Any], *, open_browser: bool) -> None:
    """Say where a person has to go, on standard error, so that the answer stays an answer."""
    who = step["run"]["user"]
    typer.echo(f"Sign in as {plain(who)} and decide, at:", err=True)
    typer.echo(f"  {plain(step['open'])}", err=True)
    if step["user_code"]:
        typer.echo(f"The device shows the code {plain(step['user_code'])}.", err=True)
    if step["number"]:
        typer.echo(f"The device shows the number {plain(step['number'])}.", err=True)
    if open_browser:
        typer.launch(step["open"])


def _brought_by_hand() -> str:
    """The address to which the browser was sent, as a person copies it from there. Without a terminal there is nobody to do that."""
    if not typer.get_text_stream("stdin").isatty():
        raise Stop(Exit.STOPPED, "The answer of this flow stands in the browser alone, and nobody is here to paste it.")
    return str(typer.prompt("Paste the whole address to which the browser was sent", err=True))


def _shown(step: Mapping[str, Any], code: Language | None) -> Iterator[RenderableType]:
    mark, style = STATES[step["outcome"]]
    yield Text(f"{mark} {step['step'].capitalize()}  ", style=style).append(plain(step["words"]), style="not bold default")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _facts(step):
        table.add_row(label, Text(plain(value)))
    yield table
    for token in step["tokens"]:
        yield from _token(token)
    if step["outcome"] == "refused" and step["receipt"] is not None:
        yield Text("")
        yield receipt.render(step["receipt"])
    if code is not None:
        yield Text("")
        yield Syntax(step["code"][code], {"curl": "bash"}.get(code, code.value), background_color="default", word_wrap=True)
    yield Text("")


def _facts(step: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    request, answer = step["request"], step["answer"]
    yield "Request", f"{request['method']} {request['url']}"
    for name, value in (request["headers"] | request["body"]).items():
        yield "", f"{name}: {value}" if name in request["headers"] else f"{name}={value}"
    if answer is not None:
        yield "Answer", answer["status"]
        for name, value in answer["body"].items():
            yield "", f"{name}: {plain(value)}"
    if step["receipt"] is not None:
        yield "Receipt", step["receipt"]["id"]


def _token(token: Mapping[str, Any]) -> Iterator[RenderableType]:
    mark, style = ("✓", "green") if token["verified"] else ("·", "dim")
    if token["format"] == "jwt" and not token["verified"]:
        mark, style = "✗", "bold red"
    yield Text(f"  {mark} {token['name']}, {token['format']}: ", style=style).append(plain(token["words"]), style="default")
    for name, value in (token["header"] | token["claims"]).items():
        yield Text(f"      {plain(name)}: ", style="dim").append(plain(value), style="default")


def _conclusion(run: Mapping[str, Any], ended: Mapping[str, Any]) -> Iterator[RenderableType]:
    words, style = ("As expected", "bold green") if run["as_expected"] else ("Not as expected", "bold red")
    outcome = {"success": "it went through", "refused": "it was refused", None: "it came to no end"}[run["outcome"]]
    yield Text(f"{words}: ", style=style).append(f"{outcome}.", style="not bold default")
    counted = ", ".join(f"{ended[f'{word}s']} {word}{'' if ended[f'{word}s'] == 1 else 's'}" for word in ("token", "grant", "credential"))
    yield Text(f"Ended with it: {counted}.", style="dim")
