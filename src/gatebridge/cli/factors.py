"""The second factors of users, and one's own."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gatebridge.cli import at, show
from gatebridge.cli.people import Reason, UserId, Yes

factors = typer.Typer(help="What a user shows beside the password.", no_args_is_help=True)

FactorId = Annotated[str, typer.Argument(help="The factor's id.", metavar="FACTOR")]

COLUMNS = (
    ("NAME", show.field("name")),
    ("KIND", lambda factor: "authenticator app" if factor["kind"] == "totp" else factor["kind"]),
    ("SET UP", show.when("created_at")),
    ("LAST USED", show.when("last_used_at")),
    ("ID", show.field("id")),
)


@factors.command("list")
def list_factors(context: typer.Context, user: UserId) -> None:
    """The factors of a user, and how many recovery codes are unused. `me` lists your own."""
    with at.server(context) as api:
        _show(context, api.get("/me/factors" if user == "me" else f"/users/{user}/factors"))


@factors.command("remove")
def remove_factor(context: typer.Context, user: UserId, factor: FactorId, reason: Reason = "", yes: Yes = False) -> None:
    """Take one factor from a user, whose sessions end. A mail tells the user. `me` takes away one of your own."""
    with at.server(context) as api:
        at.sure("Every browser of the user is signed out. Remove the factor?", yes)
        path = "/me/factors" if user == "me" else f"/users/{user}/factors"
        left = api.delete(f"{path}/{factor}", reason=None if user == "me" else reason or None)
    show.done(context, "The factor is removed.", left)


@factors.command("remove-all")
def remove_factors(context: typer.Context, user: UserId, reason: Reason = "", yes: Yes = False) -> None:
    """Take every factor, the recovery codes and the activated browsers from a user, as when a device is lost. A mail tells the user."""
    with at.server(context) as api:
        at.sure("Every browser of the user is signed out, and the password is all that is left. Remove all factors?", yes)
        left = api.delete(f"/users/{user}/factors", reason=reason or None)
    show.done(context, "The user has no second factor any more.", left)


def _show(context: typer.Context, found: Mapping[str, Any]) -> None:
    if at.json(context):
        show.as_json(found)
        return
    show.rows(context, found["factors"], COLUMNS, "There is none.")
    if found["factors"]:
        show.done(context, f"{found['recovery_codes_left']} recovery codes are unused.")
