"""Whether an app is validated, in the terminal: what each flow has shown since the settings were changed, and what to try next."""

from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gatebridge.cli import at, show
from gatebridge.cli.apps import AppId
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.show import moment


def show_validation(context: typer.Context, app: AppId) -> None:
    """Whether every flow of an app was shown to work, and to refuse, since its settings were changed last. Ends with 1 while it was not."""
    with at.server(context) as api:
        found = api.get(f"/apps/{app}/validation")
    if at.json(context):
        show.as_json(found)
    else:
        show.write(Group(*_parts(found)))
    if not found["validated"]:
        raise Stop(Exit.REFUSED, next_step(app, found))


def next_step(app: str, found: Mapping[str, Any]) -> str:
    """What is missing, and the command that shows it."""
    missing = found["missing"]
    if missing is None:
        return "The app has no flow enabled, so there is nothing that it could show."
    refusal = " --expect-refusal" if missing["expect"] == "refusal" else ""
    return f"Next: gatebridge try {app} {missing['flow']}{refusal}"


def _parts(found: Mapping[str, Any]) -> list[Any]:
    words, style = ("Validated", "bold green") if found["validated"] else ("Not validated", "bold yellow")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("FLOW", "SUCCESS", "INTENDED REFUSAL"):
        table.add_column(name, overflow="fold")
    for each in found["flows"]:
        table.add_row(each["flow"], _proof(each["success"]), _proof(each["refusal"]))
    since = Text(words, style=style).append(f"  settings changed last {moment(found['since'])} UTC", style="not bold dim")
    return [since, table] if found["flows"] else [since]


def _proof(proof: Mapping[str, Any] | None) -> Text:
    if proof is None:
        return Text("– not yet", style="yellow")
    return Text("✓ ", style="green").append(f"{moment(proof['at'])}  {proof['receipt_id']}", style="default")
