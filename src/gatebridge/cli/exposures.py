"""Exposures: which apps are opened wider than they need be, and who answers for it."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from gatebridge.cli import at, show
from gatebridge.cli.apps import AppId, apps
from gatebridge.cli.exits import Exit, Stop

__all__ = ["list_exposures"]

HEAVIEST = 5

Code = Annotated[str, typer.Argument(help="The exposure, by its code.", metavar="EXPOSURE")]

COLUMNS = (
    ("GRADE", show.field("grade")),
    ("WEIGHT", show.field("weight")),
    ("UNACCEPTED", show.field("unaccepted_weight")),
    ("APP", show.field("app")),
    ("EXPOSURES", lambda app: ", ".join(each["code"] + ("*" if each["accepted"] else "") for each in app["exposures"])),
    ("ID", show.field("app_id")),
)


def list_exposures(
    context: typer.Context,
    app: Annotated[str | None, typer.Argument(help="The app's id; without it, every exposed app.", metavar="[APP]")] = None,
    exposure: Annotated[str | None, typer.Option(help="Only apps with this exposure (code).")] = None,
    at_least: Annotated[int | None, typer.Option(min=1, help="Only apps with at least this weight.")] = None,
    unaccepted: Annotated[bool, typer.Option("--unaccepted", help="Only apps with an exposure that nobody answers for.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 25,
) -> None:
    """What apps are exposed in, the heaviest first, and the smaller setting that would do. A star: somebody answers for it."""
    with at.server(context) as api:
        if app is None:
            wanted = {"exposure": exposure, "at_least": at_least, "unaccepted": True if unaccepted else None}
            found = list(api.every("/exposures", limit, **wanted))
            show.rows(context, found, COLUMNS, "No app is opened wider than it need be.")
            return
        one = api.get(f"/apps/{app}/exposures")
    if at.json(context):
        show.as_json(one)
    else:
        show.write(_told(one))


def _told(app: Mapping[str, Any]) -> RenderableType:
    unaccepted = app["unaccepted_weight"]
    head = f"{show.plain(app['app'])}: grade {app['grade']}, weight {app['weight']}"
    head += f", {unaccepted} of it unaccepted" if unaccepted != app["weight"] else ""
    return Group(Text(head, style="bold"), *(part for each in app["exposures"] for part in _exposure(each)))


def _exposure(exposure: Mapping[str, Any]) -> list[RenderableType]:
    weight = exposure["weight"]
    lines = [Text(exposure["why"], style="dim"), Text(f"→ {show.plain(exposure['smaller']['words'])}")]
    if exposure["smaller"]["command"]:
        lines.append(Text(f"  {show.plain(exposure['smaller']['command'])}", style="cyan"))
    accepted = exposure["accepted"]
    if accepted is not None:
        by = f" by {show.plain(accepted['by'])}" if accepted["by"] else ""
        lines.append(Text(f"Accepted{by} until {show.moment(accepted['ends_at'])}: {show.plain(accepted['reason'])}", style="green"))
    title = f"\n{'■' * weight}{'□' * (HEAVIEST - weight)} {exposure['code']}  {show.plain(exposure['sentence'])}"
    return [Text(title), *(Padding(line, (0, 0, 0, 6)) for line in lines)]


@apps.command("accept")
def accept(
    context: typer.Context,
    app: AppId,
    exposure: Code,
    reason: Annotated[str, typer.Option("--reason", help="Why it is meant, in a sentence.")],
    until: Annotated[str, typer.Option("--until", help="When it closes by itself, with its zone, such as 2027-03-01T00:00:00Z.")],
) -> None:
    """Answer for an exposure until a date. At that date it closes by itself, and its owner is told a week before."""
    body = {"exposure": exposure, "reason": reason, "ends_at": until}
    with at.server(context) as api:
        made = api.post(f"/apps/{app}/loosenings", body)
    show.done(context, f"{exposure} is accepted until {show.moment(made['ends_at'])}.", made)


@apps.command("withdraw")
def withdraw(context: typer.Context, app: AppId, exposure: Code) -> None:
    """Answer for an exposure no more. It stands, and shows as one that nobody accepts."""
    with at.server(context) as api:
        path = f"/apps/{app}/loosenings"
        standing = next((each["id"] for each in api.get(path) if each["exposure"] == exposure and not each["outcome"]), None)
        if standing is None:
            raise Stop(Exit.REFUSED, f"Nobody has accepted {exposure} of this app; see: gatebridge exposures {app}")
        api.delete(f"{path}/{standing}")
    show.done(context, f"Nobody answers for {exposure} any more.")
