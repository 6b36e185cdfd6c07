"""Which profiles and permission sets may use an app."""

from typing import Annotated

import typer

from gatebridge.cli import at, show
from gatebridge.cli.apps import AppId

access = typer.Typer(help="Which profiles and permission sets may use an app.", no_args_is_help=True)

ACCESS_COLUMNS = (
    ("NAME", show.field("name")),
    ("KIND", show.field("kind")),
    ("UNTIL", show.when("expires_at")),
    ("IN FORCE", show.field("in_force")),
    ("ID", show.field("holder_id")),
)
Holder = Annotated[str, typer.Argument(help="A profile's or permission set's id.", metavar="HOLDER")]


@access.command("list")
def list_access(context: typer.Context, app: AppId) -> None:
    """Whose holders may use an app."""
    with at.server(context) as api:
        found = api.get(f"/apps/{app}/access")
    show.rows(context, found, ACCESS_COLUMNS, "Nobody is assigned. Do so with: gatebridge access assign APP HOLDER")


@access.command("assign")
def assign(
    context: typer.Context, app: AppId, holder: Holder, until: Annotated[str | None, typer.Option(help="Until this time.")] = None
) -> None:
    """Let the holders of a profile or permission set use an app."""
    with at.server(context) as api:
        given = api.put(f"/apps/{app}/access/{holder}", {"expires_at": until})
    show.done(context, f"Whoever holds {given['name']} may use the app.", given)


@access.command("remove")
def remove_access(context: typer.Context, app: AppId, holder: Holder, confirm: at.Confirm = False) -> None:
    """Let them use it no more; their tokens of it are refused from now on."""
    with at.server(context) as api:
        api.delete(f"/apps/{app}/access/{holder}", confirmed=confirm or None)
    show.done(context, "They may not use the app any more.")
