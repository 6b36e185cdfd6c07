"""Custom permissions: rights that the org names for its own applications."""

from typing import Annotated

import typer

from gatebridge.cli import at, show
from gatebridge.cli.apps import said

custom_permissions = typer.Typer(help="Rights that the org names for its own applications.", no_args_is_help=True)

PermissionId = Annotated[str, typer.Argument(help="The custom permission's id.", metavar="PERMISSION")]
Holder = Annotated[str, typer.Argument(help="A profile's or permission set's id.", metavar="HOLDER")]

COLUMNS = (("LABEL", show.field("label")), ("API NAME", show.field("api_name")), ("ID", show.field("id")))
HOLDER_COLUMNS = (("NAME", show.field("name")), ("KIND", show.field("kind")), ("ID", show.field("holder_id")))


@custom_permissions.command("list")
def list_custom_permissions(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="In the names.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 100,
) -> None:
    """The custom permissions of the org."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/custom-permissions", limit, search=search)), COLUMNS, "There is none yet.")


@custom_permissions.command("create")
def create(
    context: typer.Context,
    label: Annotated[str, typer.Argument()],
    api_name: Annotated[str, typer.Option(help="What apps are told; it never changes.")],
    description: str = "",
) -> None:
    """Name one. Nobody holds it yet."""
    with at.server(context) as api:
        show.facts(context, api.post("/custom-permissions", said(label=label, api_name=api_name, description=description)))


@custom_permissions.command("edit")
def edit(context: typer.Context, permission: PermissionId, label: str | None = None, description: str | None = None) -> None:
    """Change how it is called for people."""
    changes = said(label=label, description=description)
    with at.server(context) as api:
        path = f"/custom-permissions/{permission}"
        show.facts(context, api.edit(path, changes) if changes else api.get(path))


@custom_permissions.command("holders")
def holders(context: typer.Context, permission: PermissionId) -> None:
    """The profiles and permission sets that give it."""
    with at.server(context) as api:
        found = api.get(f"/custom-permissions/{permission}/holders")
    show.rows(context, found, HOLDER_COLUMNS, "Nothing gives it. Do so with: gatebridge custom-permissions assign PERMISSION HOLDER")


@custom_permissions.command("assign")
def assign(context: typer.Context, permission: PermissionId, holder: Holder) -> None:
    """Let the holders of a profile or permission set hold it."""
    with at.server(context) as api:
        given = api.put(f"/custom-permissions/{permission}/holders/{holder}", {})
    show.done(context, f"Whoever holds {given['name']} holds it.", given)


@custom_permissions.command("unassign")
def unassign(context: typer.Context, permission: PermissionId, holder: Holder) -> None:
    """Let them hold it no more."""
    with at.server(context) as api:
        api.delete(f"/custom-permissions/{permission}/holders/{holder}")
    show.done(context, "They do not hold it any more.")


@custom_permissions.command("delete")
def delete(context: typer.Context, permission: PermissionId) -> None:
    """Remove one that nothing gives any more."""
    with at.server(context) as api:
        path = f"/custom-permissions/{permission}"
        api.edit(path, None, by=("DELETE", path))
    show.done(context, "It is gone.")
