"""Ending what was given. Each command says who is hit, and asks."""

from typing import Annotated, Any

import typer

from gatebridge.cli import at, show
from gatebridge.cli.client import Api

revoke = typer.Typer(help="End a token, a grant, a user of an app, an app or a user.", no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes into the audit trail.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Id = Annotated[str, typer.Argument(help="Its id.")]


def _end(context: typer.Context, api: Api, path: str, reason: str, words: str) -> None:
    ended: dict[str, Any] = api.post(path, {"reason": reason})
    nothing = ended["sequence"] is None
    show.done(context, "There was nothing left to end." if nothing else words, ended)


@revoke.command("token")
def revoke_token(context: typer.Context, id: Id, reason: Reason = "", yes: Yes = False) -> None:
    """End one access token, named by the receipt of its issue (`jti` in a JWT)."""
    with at.server(context) as api:
        at.sure("End this token?", yes)
        _end(context, api, f"/tokens/{id}/revoke", reason, "The token is ended; no node accepts it any more.")


@revoke.command("grant")
def revoke_grant(context: typer.Context, id: Id, reason: Reason = "", yes: Yes = False) -> None:
    """End one grant and every token that hangs from it."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, grant_id=id)} Go on?", yes)
        _end(context, api, f"/grants/{id}/revoke", reason, "The grant and its tokens are ended.")


@revoke.command("user-of-app")
def revoke_user_of_app(context: typer.Context, app: Id, user: Id, reason: Reason = "", yes: Yes = False) -> None:
    """End what one app has of one user."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, app_id=app, user_id=user)} Go on?", yes)
        _end(context, api, f"/apps/{app}/users/{user}/revoke", reason, "The app has nothing of this user any more.")


@revoke.command("app")
def revoke_app(context: typer.Context, id: Id, reason: Reason, yes: Yes = False) -> None:
    """End what one app has of anybody. It may ask anew; to stop it, block it."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, app_id=id)} Go on?", yes)
        _end(
            context,
            api,
            f"/apps/{id}/revoke",
            reason,
            "Everything of this app is ended. It may ask anew; `gatebridge apps block` stops it.",
        )


@revoke.command("user")
def revoke_user(context: typer.Context, id: Id, reason: Reason, yes: Yes = False) -> None:
    """End what any app has of one user."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, user_id=id)} Go on?", yes)
        _end(context, api, f"/users/{id}/revoke", reason, "Everything of this user is ended.")
