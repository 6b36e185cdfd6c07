"""Explain access in the terminal: what would happen or has happened, gate by gate, and where the setting is that decides it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gatebridge.cli import at, receipt, show, wishes
from gatebridge.cli.apps import said
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.receipt import MARKS, gate_name
from gatebridge.cli.show import moment, plain
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Door
from gatebridge.rules.levels import Level

DOORS = {
    Door.AUTHORIZE: "At the authorization endpoint",
    Door.TOKEN: "At the token endpoint",
    Door.CODE: "At the token endpoint, with the code",
    Door.REFRESH: "At the token endpoint, with a refresh token",
    Door.ASSERTION: "At the token endpoint, with an assertion",
    Door.DEVICE_START: "At the device endpoint",
    Door.CONNECT: "On the page that connects a device",
    Door.DEVICE: "At the token endpoint, where the device waits",
    Door.INTROSPECT: "When the access token is used",
    Door.IDENTITY: "At userinfo",
    Door.API: "At the admin API",
}
OUTCOMES = {
    "granted": ("Let through", "bold green"),
    "asked": ("Let through, after the user was asked", "bold yellow"),
    "refused": ("Refused", "bold red"),
}


def explain(
    context: typer.Context,
    app: Annotated[str | None, typer.Option("--app", help="The app's id or consumer key.")] = None,
    flow: Annotated[Flow | None, typer.Option("--flow", help="How it asks.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="A user's id or username; without it, nobody, or the run-as user.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="A scope that it asks for; may be repeated.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="From where.")] = None,
    when: Annotated[str | None, typer.Option("--at", help="At which time (with its zone); without it, now.")] = None,
    activated: Annotated[bool, typer.Option("--activated", help="From a browser that the user has activated.")] = False,
    level: Annotated[Level, typer.Option("--level", help="How sure the sign-in makes us.")] = Level.STANDARD,
    callback: Annotated[str | None, typer.Option("--callback", help="The redirect URI; without it, the first that is registered.")] = None,
    of_receipt: Annotated[
        str | None, typer.Option("--receipt", help="Explain this outcome instead (id), beside what would be now.")
    ] = None,
) -> None:
    """Ask what would happen, or why something was refused. Changes nothing, and is recorded nowhere."""
    if of_receipt is not None:
        with at.server(context) as api:
            found = api.get(f"/receipts/{of_receipt}/explain")
        _shown(context, found, _of_receipt)
        return
    if app is None or flow is None:
        raise Stop(Exit.USAGE, "Say --app and --flow, or --receipt.")
    body = said(app=app, flow=flow, user=user, scopes=scope, address=address, at=when, callback=callback)
    with at.server(context) as api:
        found = api.post("/explain", body | {"activated": activated, "level": level})
    _shown(context, found, _of_question)


def _shown(context: typer.Context, found: Mapping[str, Any], parts: Any) -> None:
    if wishes.of(context).json:
        show.as_json(found)
    else:
        show.write(Group(*parts(found)))


def _of_question(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _headline(found["outcome"], found["reason"])
    who = plain(found["user"]) if found["user"] else "nobody" if found["user_id"] is None and not found["narrowed"] else "the user"
    yield Text(f"{plain(found['app'])} for {who} by {found['flow']}, at {moment(found['at'])} UTC", style="dim")
    for door in found["doors"]:
        yield Text("")
        yield from _door(door)
    if found["narrowed"]:
        yield Text("")
        yield Text("Not everything is shown: that is for holders of View Setup and Monitor Login History.", style="dim")


def _of_receipt(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield receipt.render(found["receipt"])
    yield Text("")
    now = found["now"]
    if now is None:
        yield Text(found["words"])
        return
    yield Text("The same request now: ", style="bold").append(_headline(now["outcome"], now["reason"]))
    yield Text("")
    yield _strip(now["findings"], changed={each["gate"] for each in found["gates"] if each["changed"]})


def _headline(outcome: str, reason: Mapping[str, Any] | None) -> Text:
    words, style = OUTCOMES.get(outcome, (outcome, ""))
    line = Text(words, style=style)
    if reason is not None:
        line.append(f"  {plain(reason['code'])}", style="red").append(f"  {plain(reason['sentence'])}", style="not bold default")
    return line


def _door(door: Mapping[str, Any]) -> Iterator[RenderableType]:
    words, style = OUTCOMES.get(door["outcome"], (door["outcome"], ""))
    line = Text(f"{DOORS.get(door['door'], door['door'])}: ", style="bold").append(words, style=style)
    if door["scopes"]:
        line.append(f"  {' '.join(door['scopes'])}", style="not bold")
    if door["lifetime_seconds"] is not None:
        line.append(f"  for {door['lifetime_seconds'] // 60} min", style="not bold")
    yield line
    yield _strip(door["findings"])


def _strip(findings: Sequence[Mapping[str, Any]], changed: set[str] = frozenset()) -> RenderableType:  # type: ignore[assignment]
    """The gates in order, a line each: number, mark, name, words, setting; and where a gate refuses, what to do about it."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for ratio in (4, 4, 5):
        table.add_column(overflow="fold", ratio=ratio)
    for finding in findings:
        mark, style = MARKS.get(finding["state"], ("?", ""))
        name = gate_name(finding["gate"]) + (" (changed)" if finding["gate"] in changed else "")
        words = Text(plain(finding["words"]) if finding["words"] else "", style="dim" if finding["assumed"] else "")
        if finding["would_refuse"] is not None:
            words.append(f" Would be refused: {plain(finding['would_refuse']['code'])}.", style="yellow")
        table.add_row(str(finding["number"]), Text(mark, style=style), Text(name, style=style), words, _setting(finding), _fix(finding))
    return table


def _setting(finding: Mapping[str, Any]) -> Text:
    setting = finding["setting"]
    if setting is None:
        return Text("")
    return Text(plain(setting["name"]) + (f" = {plain(setting['value'])}" if setting["value"] else ""), style="dim")


def _fix(finding: Mapping[str, Any]) -> Text:
    if finding["state"] != "refused":
        return Text("")
    setting = finding["setting"]
    if setting is None:
        return Text(plain(finding["reason"]["remedy"]) if finding["reason"] is not None else "")
    who = f"needs {plain(setting['changed_by'])}" if setting["permissions"] else plain(setting["changed_by"])
    way = setting["command"] or setting["request"]
    return Text(plain(way) if way else "").append(f"  {who}" if way else who, style="dim")
