"""An incident with an app: how far it reaches, containing it, and the evidence as one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gatebridge.cli import at, show
from gatebridge.cli.app_state import Reason, Yes, apps
from gatebridge.cli.apps import AppId
from gatebridge.cli.export import opened

__all__ = ["apps"]  # the group of apps, with the commands of this file in it

FIRST = 5  # of users and addresses
FORESEEN = {"live": "Ends now", "secrets": "Secrets", "certificates": "Certificates", "tells": "Would tell"}
FORESEEN |= {"users": "Used by", "addresses": "Came from", "scopes": "Was given"}
CAME_TO = {"ended": "Ended", "secrets": "Secrets ended", "certificates": "Certificates ended", "told": "Told"}


@apps.command("contain")
def contain(
    context: typer.Context,
    app: AppId,
    reason: Reason = "",
    keep_credentials: Annotated[bool, typer.Option("--keep-credentials", help="Leave its secrets and certificates alive.")] = False,
    quietly: Annotated[bool, typer.Option("--quietly", help="Tell nobody.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would come to, and how far the app reaches.")] = False,
    yes: Yes = False,
) -> None:
    """Hold an app for an incident: it is blocked, what it proves itself with ends, and its owners and admins are told.

    Take the evidence first: `gatebridge apps evidence`.
    """
    with at.server(context) as api:
        if dry_run:
            _show_foreseen(context, api.get(f"/apps/{app}/containment"))
            return
        at.sure(f"{at.hit(api, app_id=app)} Contain it?", yes)
        body = {"reason": reason, "end_credentials": not keep_credentials, "tell": not quietly}
        made = api.post(f"/apps/{app}/contain", body)
    told = made if at.json(context) else made | {"ended": at.alive(made["ended"])}
    show.facts(context, told, None if at.json(context) else CAME_TO)
    if not at.json(context):
        typer.echo(f"\nThe app is held. Let it go on: gatebridge apps unblock {app} --reason WHY")


@apps.command("evidence")
def evidence(
    context: typer.Context,
    app: AppId,
    output: Annotated[Path, typer.Option("--output", "-o", help="Write it to this new file (0600).")],
) -> None:
    """What is known of an app as one ZIP. It leaves a line in the audit trail."""
    with at.server(context) as api:
        pieces = api.download(f"/apps/{app}/evidence", {})
        first = next(pieces, b"")  # what is refused leaves no file
        with opened(output) as file:
            file.write(first)
            for piece in pieces:
                file.write(piece)
    words = f"{output} holds the evidence, with the digests of its files. A list in it that ends early says so in its last line."
    show.done(context, words, {"file": str(output)})


def _show_foreseen(context: typer.Context, found: dict[str, Any]) -> None:
    """What containing the app would come to."""
    if at.json(context):
        show.as_json(found)
        return
    reach = found["reach"]
    told = {
        "live": at.alive(reach["live"]),
        "secrets": [each["name"] for each in found["secrets"]],
        "certificates": [each["name"] for each in found["certificates"]],
        "tells": found["tells"],
        "users": _first(reach["users"], "name", reach["user_number"]),
        "addresses": _first(reach["addresses"], "address", reach["address_number"]),
        "scopes": list(reach["scopes"]),
    }
    show.facts(context, told, FORESEEN)


def _first(listed: list[dict[str, Any]], name: str, number: int) -> list[str]:
    shown = [f"{each[name]} ({each['number']:,})" for each in listed[:FIRST]]
    return [*shown, f"and {number - len(shown)} more"] if number > len(shown) else shown
