"""What can become of an app: other owners, blocked, deleted, restored, installed, uninstalled; and its picture."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gatebridge.cli import at, credentials, show, wishes
from gatebridge.cli.app_terms import apps
from gatebridge.cli.apps import FACTS, AppId, said
from gatebridge.cli.exits import Exit, Stop
from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.rules.apps import PLATFORM_CLI

__all__ = ["apps"]  # the group of apps, with the commands of this file in it

Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes into the audit trail.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@apps.command("owner")
def transfer(
    context: typer.Context,
    app: AppId,
    to: Annotated[str | None, typer.Option("--to", help="The new owner (user id).")] = None,
    backup: Annotated[str | None, typer.Option("--backup", help="The new backup owner (user id); none for nobody.")] = None,
    reason: Reason = "",
) -> None:
    """Give an app another owner or backup owner."""
    changes = said(owner_id=to, reason=reason or None)
    if backup is not None:
        changes["backup_owner_id"] = None if backup == "none" else backup
    if not set(changes) - {"reason"}:
        raise Stop(Exit.USAGE, "Say who: --to, --backup, or both.")
    with at.server(context) as api:
        show.facts(context, api.edit(f"/apps/{app}", changes, by=("POST", f"/apps/{app}/owner")), FACTS)


@apps.command("block")
def block(context: typer.Context, app: AppId, reason: Reason, yes: Yes = False) -> None:
    """End everything that an app has in this org, and refuse it until it is unblocked."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, app_id=app)} Block it?", yes)
        show.done(context, "The app is blocked; no node accepts anything of it.", api.post(f"/apps/{app}/block", {"reason": reason}))


@apps.command("unblock")
def unblock(context: typer.Context, app: AppId, reason: Reason) -> None:
    """Let an app ask for tokens again; those from before stay dead."""
    with at.server(context) as api:
        show.done(context, "The app may ask for tokens again.", api.post(f"/apps/{app}/unblock", {"reason": reason}))


@apps.command("delete")
def delete(
    context: typer.Context, app: AppId, reason: Reason, confirm: Annotated[str | None, typer.Option(help="Its API name.")] = None
) -> None:
    """End everything that an app has anywhere, and refuse it. For 30 days it can be restored."""
    with at.server(context) as api:
        typed = confirm if confirm is not None else at.typed(f"{at.hit(api, app_id=app)} To delete it, type its API name")
        show.done(context, "The app is deleted.", api.post(f"/apps/{app}/delete", {"reason": reason, "confirm": typed}))


@apps.command("restore")
def restore(context: typer.Context, app: AppId, reason: Reason) -> None:
    """Bring a deleted app back; its owners do so alone where one of them deleted it."""
    with at.server(context) as api:
        show.done(context, "The app is back, with its key, secrets and policies.", api.post(f"/apps/{app}/restore", {"reason": reason}))


ConsumerKey = Annotated[
    str, typer.Argument(help=f"The consumer key, from its publisher; {PLATFORM_CLI} for the Salesforce CLI.", metavar="KEY")
]


@apps.command("install")
def install(
    context: typer.Context,
    consumer_key: ConsumerKey,
    until: Annotated[str | None, typer.Option(help="Until this time; without it, for good.")] = None,
) -> None:
    """Use an app here that is another org's, or everybody's. It arrives closed: nobody may use it before its policies are opened."""
    with at.server(context) as api:
        made = api.post("/apps/install", {"consumer_key": consumer_key, "until": until})
    show.facts(context, made, FACTS)
    if not at.json(context):
        typer.echo(f"\nSay who may use it: gatebridge access assign {made['id']} HOLDER")


@apps.command("install-link")
def install_link(context: typer.Context, consumer_key: ConsumerKey) -> None:
    """The address at which an admin of the org at --url looks at an app and installs it."""
    if consumer_key != PLATFORM_CLI and not secrets.looks_right(Kind.CONSUMER_KEY, consumer_key):
        raise Stop(Exit.USAGE, "This is no consumer key: it begins with gbk_, and a character of it may be missing.")
    wished = wishes.of(context)
    link = f"{credentials.address(os.environ, url=wished.url, file=wished.credentials)}/setup/install?key={consumer_key}"
    show.done(context, link, {"link": link})


@apps.command("uninstall")
def uninstall(context: typer.Context, app: AppId, reason: Reason, yes: Yes = False) -> None:
    """Use an app here no more."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, app_id=app)} Uninstall it?", yes)
        show.done(context, "The app is not used here any more.", api.post(f"/apps/{app}/uninstall", {"reason": reason}))


@apps.command("logo")
def logo(
    context: typer.Context,
    app: AppId,
    picture: Annotated[Path | None, typer.Argument(help="A PNG, JPEG or GIF.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Show the app by its initials.")] = False,
) -> None:
    """Set the picture of an app, or remove it."""
    if (picture is None) != remove:
        raise Stop(Exit.USAGE, "Name a picture, or say --remove.")
    with at.server(context) as api:
        if picture is None:
            api.edit(f"/apps/{app}", None, by=("DELETE", f"/apps/{app}/logo"))
        else:
            api.upload(f"/apps/{app}", f"/apps/{app}/logo", at.bytes_of(picture))
    show.done(context, "The picture is removed." if remove else "The picture is set.")
