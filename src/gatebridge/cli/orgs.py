"""The orgs of the installation, which the first org makes."""

from typing import Annotated

import typer

from gatebridge.cli import at, show
from gatebridge.rules.orgs import OrgKind

orgs = typer.Typer(help="The orgs of the installation, from the first org.", no_args_is_help=True)

COLUMNS = (
    ("NAME", show.field("name")),
    ("KIND", show.field("kind")),
    ("HOST", show.field("host")),
    ("ISSUER", show.field("issuer")),
    ("CREATED", show.when("created_at")),
    ("ID", show.field("id")),
)
FACTS = {"name": "Name", "kind": "Kind", "host": "Host", "issuer": "Issuer", "created_at": "Created", "id": "Id"}


@orgs.command("list")
def list_orgs(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="In name or host.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 100,
) -> None:
    """Every org, oldest first."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/orgs", limit, search=search)), COLUMNS, "None fits.")


@orgs.command("create")
def create_org(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    host: Annotated[str, typer.Option(help="Where it answers, such as sandbox.id.example.com; with its port if that is not the scheme's.")],
    admin_username: Annotated[str, typer.Option(help="The first admin, who gets an invitation by mail.")],
    admin_email: Annotated[str, typer.Option(help="Where the invitation goes.")],
    admin_last_name: Annotated[str, typer.Option()],
    admin_first_name: Annotated[str, typer.Option()] = "",
    kind: Annotated[OrgKind, typer.Option(help="What it is for.")] = OrgKind.SANDBOX,
    issuer: Annotated[str | None, typer.Option(help="Its address; without it https:// and the host.")] = None,
) -> None:
    """Make an org with its own host, issuer, keys and users."""
    body = {
        "name": name,
        "kind": kind.value,
        "host": host,
        "issuer": issuer or f"https://{host}",
        "admin_username": admin_username,
        "admin_email": admin_email,
        "admin_first_name": admin_first_name,
        "admin_last_name": admin_last_name,
    }
    with at.server(context) as api:
        made = api.post("/orgs", body)
    show.facts(context, made, None if at.json(context) else FACTS)
    if not at.json(context):
        typer.echo(f"\nIts admin is invited by mail. Lead {made['host']} to this server, and it answers at {made['issuer']}.")
