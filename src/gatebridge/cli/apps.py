"""Connected apps: register, read, edit."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gatebridge.cli import at, for_salesforce, show, terms
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Stop
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat

apps = typer.Typer(help="Connected apps.", no_args_is_help=True)

AppId = Annotated[str, typer.Argument(help="The app's id.", metavar="APP")]
Flows = Annotated[list[Flow] | None, typer.Option("--flow", help="A way to get a token; may be repeated.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="A scope it may ask for; may be repeated.")]
Callbacks = Annotated[list[str] | None, typer.Option("--callback", help="A callback URL; may be repeated.")]
Methods = Annotated[list[ClientAuthMethod] | None, typer.Option("--auth-method", help="How it proves itself; may be repeated.")]
WebServerSecret = Annotated[
    bool | None,
    typer.Option("--web-server-secret/--no-web-server-secret", help="Whether it must prove itself to redeem a code; off only with PKCE."),
]
RefreshSecret = Annotated[
    bool | None,
    typer.Option("--refresh-secret/--no-refresh-secret", help="Whether it must prove itself to refresh; off only with PKCE."),
]
Rotation = Annotated[
    bool | None,
    typer.Option("--rotation/--no-rotation", help="Exchange a refresh token at each use; a public app's always are."),
]
ReviewOn = Annotated[str | None, typer.Option("--review-on", help="The day by which its owner looks at it again, such as 2027-03-31.")]
IdTokenMinutes = Annotated[int | None, typer.Option("--id-token-minutes", help="Life of an ID token, 1 to 720.")]
Audiences = Annotated[
    list[str] | None,
    typer.Option("--assertion-audience", help="What an assertion may name beside the issuer (salesforce dialect); may be repeated."),
]
Format = Annotated[TokenFormat | None, typer.Option("--token-format", help="What its access tokens look like.")]

COLUMNS = (
    ("LABEL", show.field("label")),
    ("API NAME", show.field("api_name")),
    ("STATE", show.field("state")),
    ("CONSUMER KEY", show.field("consumer_key")),
    ("ID", show.field("id")),
)
FACTS = {
    "label": "Label",
    "api_name": "API name",
    "state": "State",
    "blocked_because": "Blocked because",
    "validated": "Validated",
    "consumer_key": "Consumer key",
    "dialect": "Dialect",
    "owner_id": "Owner",
    "backup_owner_id": "Backup owner",
    "contact_email": "Contact",
    "contact_phone": "Phone",
    "info_url": "Info",
    "description": "Description",
    "purpose": "Purpose",
    "review_on": "Review on",
    "created_at": "Created",
    "deleted_at": "Deleted",
    "version": "Version",
    "id": "Id",
}


def said(**fields: Any) -> dict[str, Any]:
    """The fields that were typed; what was not typed is left alone."""
    return {name: value for name, value in fields.items() if value is not None}


@apps.command("list")
def list_apps(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="In label, API name or consumer key.")] = None,
    state: Annotated[str | None, typer.Option(help="active, blocked, uninstalled or deleted.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of this owner (id).")] = None,
    flow: Annotated[Flow | None, typer.Option(help="Only those for which this flow is on.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 100,
) -> None:
    """The apps that the org owns or uses."""
    with at.server(context) as api:
        found = list(api.every("/apps", limit, search=search, state=state, owner_id=owner, flow=flow))
    show.rows(context, found, COLUMNS, "There is none. Register one with: gatebridge apps create")


@apps.command("show")
def show_app(context: typer.Context, app: AppId) -> None:
    """Who an app is, what it may ask for, and how this org lets it be used."""
    with at.server(context) as api:
        found = api.get(f"/apps/{app}")
        whole = found | {part: _or_none(api, f"/apps/{app}/{part}") for part in ("settings", "policies", "validation")}
    if at.json(context):
        show.as_json(whole)
        return
    validated = {"validated": whole["validation"]["validated"]} if whole["validation"] is not None else {}
    show.facts(context, found | validated, FACTS)
    for part in ("settings", "policies"):
        if whole[part] is not None:
            typer.echo(f"\n{part.capitalize()}")
            terms.view(context, {name: value for name, value in whole[part].items() if not name.endswith("_id") or value})


def _or_none(api: Api, path: str) -> Any:
    """A part of an app that only its owning org, or only an org that installed it, has."""
    try:
        return api.get(path)
    except Stop as stop:
        if (stop.problem or {}).get("reason") == "record_not_found":
            return None
        raise


@apps.command("create")
def create_app(
    context: typer.Context,
    label: Annotated[str, typer.Argument(help="What people call it.")],
    api_name: Annotated[str, typer.Option(help="What configuration calls it; unique in the org.")],
    contact: Annotated[str, typer.Option("--contact", help="An e-mail address that is read.")],
    flow: Flows = None,
    scope: Scopes = None,
    callback: Callbacks = None,
    auth_method: Methods = None,
    token_format: Format = None,
    description: str | None = None,
    purpose: str | None = None,
    review_on: ReviewOn = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it (user id); without it, you.")] = None,
    resource_server: Annotated[bool, typer.Option("--resource-server", help="It may introspect every token of the org.")] = False,
    dialect: Annotated[str | None, typer.Option(help="standard, or salesforce for its clients.")] = None,
    salesforce: for_salesforce.Client = None,
    full_scope_reason: Annotated[str | None, typer.Option(help="Why it needs the scope full.")] = None,
    pkce: Annotated[bool | None, typer.Option("--pkce/--no-pkce", help="Whether PKCE is required.")] = None,
    native: Annotated[bool, typer.Option("--native", help="It runs on the user's machine: loopback callbacks are allowed.")] = False,
    web_server_secret: WebServerSecret = None,
    refresh_secret: RefreshSecret = None,
    rotation: Rotation = None,
    id_token_minutes: IdTokenMinutes = None,
    assertion_audience: Audiences = None,
    secret_name: Annotated[str | None, typer.Option(help="What its first secret is called.")] = None,
    secret_days: Annotated[int | None, typer.Option(help="So many days the first secret lives; without it, until it is retired.")] = None,
    save_secret: Annotated[
        Path | None, typer.Option("--save-secret", help="Write the secret to this new file (0600); do not print it.")
    ] = None,
) -> None:
    """Register an app. Its secret is shown once. Nobody may use it until its policies are opened."""
    body = said(
        label=label,
        api_name=api_name,
        contact_email=contact,
        flows=flow,
        scopes=scope,
        callbacks=callback,
        auth_methods=auth_method,
        access_token_format=token_format,
        description=description,
        purpose=purpose,
        review_on=review_on,
        owner_id=owner,
        introspect_all_tokens=resource_server or None,
        dialect=dialect,
        full_scope_reason=full_scope_reason,
        pkce_required=pkce,
        native=native or None,
        require_secret_for_web_server=web_server_secret,
        require_secret_for_refresh=refresh_secret,
        rotate_refresh_tokens=rotation,
        id_token_minutes=id_token_minutes,
        assertion_audiences=assertion_audience,
        secret_name=secret_name,
        secret_days=secret_days,
    )
    with at.server(context) as api:
        made = api.post("/apps", for_salesforce.completed(salesforce, body))
    at.give_secret(context, made, save_secret, {"label": "Label", "id": "Id", "consumer_key": "Consumer key"})


@apps.command("edit")
def edit_app(
    context: typer.Context,
    app: AppId,
    label: str | None = None,
    contact: Annotated[str | None, typer.Option("--contact")] = None,
    phone: str | None = None,
    info_url: str | None = None,
    description: str | None = None,
    purpose: str | None = None,
    review_on: ReviewOn = None,
    dialect: Annotated[str | None, typer.Option(help="standard or salesforce; frozen from the first grant on.")] = None,
) -> None:
    """Change who an app is."""
    changes = said(
        label=label,
        contact_email=contact,
        contact_phone=phone,
        info_url=info_url,
        description=description,
        purpose=purpose,
        review_on=review_on,
        dialect=dialect,
    )
    edit(context, f"/apps/{app}", changes)


def edit(context: typer.Context, path: str, changes: dict[str, Any]) -> None:
    """Change a record and show it; where nothing is to change, only show it."""
    with at.server(context) as api:
        record = api.edit(path, changes) if changes else api.get(path)
    show.facts(context, record)
