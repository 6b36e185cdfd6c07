"""The keys that sign the org's tokens: published first, then signing, then kept until nobody needs them."""

from typing import Annotated

import typer

from gatebridge.cli import at, show
from gatebridge.rules.signing_keys import ALGORITHMS

signing_keys = typer.Typer(help="The keys that sign the org's tokens.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(help="The key's kid.", metavar="KEY")]

COLUMNS = (
    ("ALGORITHM", show.field("algorithm")),
    ("SIGNS", show.field("signs")),
    ("SIGNS FROM", show.when("signs_from")),
    ("RETIRED", show.when("retired_at")),
    ("CAN GO", show.when("removable_from")),
    ("KID", show.field("kid")),
)


@signing_keys.command("list")
def list_signing_keys(context: typer.Context) -> None:
    """The published keys, newest first, and which of them sign."""
    with at.server(context) as api:
        show.rows(context, api.get("/signing-keys"), COLUMNS, "There is none: no JWT can be signed. gatebridge signing-keys add ES256")


@signing_keys.command("add")
def add(context: typer.Context, algorithm: Annotated[str, typer.Argument(help=f"{' or '.join(ALGORITHMS)}.", metavar="ALGORITHM")]) -> None:
    """Make and publish a key. It signs by itself as soon as no client can hold an older set of keys."""
    with at.server(context) as api:
        made = api.post("/signing-keys", {"algorithm": algorithm})
    show.done(context, f"Key {made['kid']} is published, and signs from {show.moment(made['signs_from'])} UTC.", made)


@signing_keys.command("retire")
def retire(context: typer.Context, key: KeyId) -> None:
    """Let a key sign no more. It stays published for what it signed; another of its algorithm must sign already."""
    with at.server(context) as api:
        retired = api.post(f"/signing-keys/{key}/retire")
    show.done(context, f"The key signs no more. It can go from {show.moment(retired['removable_from'])} UTC.", retired)


@signing_keys.command("remove")
def remove(
    context: typer.Context,
    key: KeyId,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Although tokens that it signed may be alive, as when it was stolen; needs a reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes into the audit trail.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a retired key out of the published set. What it signed is refused everywhere from then on."""
    with at.server(context) as api:
        if emergency:
            at.sure("Every token that this key signed is refused from now on. Remove it?", yes)
        removed = api.post(f"/signing-keys/{key}/remove", {"emergency": emergency, "reason": reason})
    show.done(context, "The key is removed.", removed)
