"""What an app may ask for, and how the org lets it be used: its settings and its policies."""

from typing import Annotated

import typer

from gatebridge.cli import at, terms
from gatebridge.cli.apps import (
    AppId,
    Audiences,
    Callbacks,
    Flows,
    Format,
    IdTokenMinutes,
    Methods,
    RefreshSecret,
    Rotation,
    Scopes,
    WebServerSecret,
    apps,
    said,
)
from gatebridge.cli.terms import LevelActions, MonitoredRanges, RequiredLevel
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.network import Relaxation

__all__ = ["apps"]  # the group of apps, with the commands of this file in it


def _list(typed: list[str] | None) -> list[str] | None:
    """What was typed, each a text. An empty one is how a whole list is taken back, which no repeated option can say."""
    return [each for each in typed if each] if typed is not None else None


@apps.command("settings")
def edit_settings(
    context: typer.Context,
    app: AppId,
    flow: Flows = None,
    scope: Scopes = None,
    full_scope_reason: Annotated[str | None, typer.Option(help="Why it needs the scope full.")] = None,
    callback: Callbacks = None,
    auth_method: Methods = None,
    token_format: Format = None,
    signing_algorithm: Annotated[str | None, typer.Option(help="ES256 or RS256.")] = None,
    audience: Annotated[str | None, typer.Option(help="What its tokens are for; an app without flows is the API of it.")] = None,
    legacy_audience: Annotated[
        bool | None,
        typer.Option("--legacy-audience/--no-legacy-audience", help="Its assertions may name the token endpoint in place of the issuer."),
    ] = None,
    pkce: Annotated[bool | None, typer.Option("--pkce/--no-pkce", help="Whether PKCE is required.")] = None,
    native: Annotated[bool | None, typer.Option("--native/--not-native", help="Runs on the user's machine.")] = None,
    resource_server: Annotated[bool | None, typer.Option("--resource-server/--no-resource-server")] = None,
    web_server_secret: WebServerSecret = None,
    refresh_secret: RefreshSecret = None,
    rotation: Rotation = None,
    id_token_minutes: IdTokenMinutes = None,
    assertion_audience: Audiences = None,
    post_logout_redirect: Annotated[
        list[str] | None, typer.Option("--post-logout-redirect", help="Where a browser may be sent after sign-out; may be repeated.")
    ] = None,
    backchannel_logout: Annotated[
        str | None, typer.Option("--backchannel-logout", help="Where logout tokens are posted when a session ends; empty for nowhere.")
    ] = None,
    attribute: Annotated[
        list[str] | None, typer.Option("--attribute", help="NAME=EXPRESSION, told of its users; may be repeated, an empty text for none.")
    ] = None,
) -> None:
    """Change what the developer owns, or show it when nothing is to change. A repeated option replaces the whole list."""
    changes = said(
        flows=flow,
        scopes=scope,
        full_scope_reason=full_scope_reason,
        callbacks=callback,
        auth_methods=auth_method,
        access_token_format=token_format,
        signing_algorithm=signing_algorithm,
        audience=audience,
        legacy_audience=legacy_audience,
        pkce_required=pkce,
        native=native,
        introspect_all_tokens=resource_server,
        require_secret_for_web_server=web_server_secret,
        require_secret_for_refresh=refresh_secret,
        rotate_refresh_tokens=rotation,
        id_token_minutes=id_token_minutes,
        assertion_audiences=_list(assertion_audience),
        post_logout_redirect_uris=_list(post_logout_redirect),
        backchannel_logout_uri=backchannel_logout,
        custom_attributes=terms.attributes(attribute),
    )
    terms.edit(context, f"/apps/{app}/settings", changes)


@apps.command("policies")
def edit_policies(
    context: typer.Context,
    app: AppId,
    permitted_users: Annotated[PermittedUsers | None, typer.Option(help="Who may use it.")] = None,
    ip_relaxation: Annotated[Relaxation | None, typer.Option(help="Whether it may come from outside the ranges that apply.")] = None,
    ip_range: Annotated[list[str] | None, typer.Option("--ip-range", help=f"From where it may be used at all: {terms.RANGE}.")] = None,
    refresh_range: Annotated[
        list[str] | None,
        typer.Option("--refresh-range", help="From where alone its refresh tokens are taken, whatever is relaxed; at most 256 addresses."),
    ] = None,
    monitored_range: MonitoredRanges = None,
    required_level: RequiredLevel = None,
    level_action: LevelActions = None,
    run_as: Annotated[str | None, typer.Option(help="For whom client credentials act (user id); none for nobody.")] = None,
    token_minutes: Annotated[int | None, typer.Option(help="Life of an opaque access token; 0 for the default.")] = None,
    jwt_minutes: Annotated[int | None, typer.Option(help="Life of a JWT access token; 0 for the default.")] = None,
    may_administer: Annotated[bool | None, typer.Option("--may-administer/--may-not-administer", help="May be given setup_api.")] = None,
    refresh_policy: Annotated[
        list[str] | None,
        typer.Option(help="When a refresh token dies: idle:30:days, absolute:12:months, immediately, until_revoked; may be repeated."),
    ] = None,
    refresh_exception_reason: Annotated[str | None, typer.Option(help="Why it may live until it is revoked.")] = None,
    refresh_exception_until: Annotated[str | None, typer.Option(help="Until when (with its zone), within 2 years; none for none.")] = None,
    refresh_grace: Annotated[int | None, typer.Option(help="Seconds in which a retry gets the same refresh token, 0 to 60.")] = None,
    code_seconds: Annotated[int | None, typer.Option(help="Life of an authorization code, to 600; 0 for the default.")] = None,
    grants_per_user: Annotated[int | None, typer.Option(help="Grants that one user has at once, to 100; 0 for the default.")] = None,
    confirm: at.Confirm = False,
) -> None:
    """Change what the admin owns, or show it when nothing is to change; and what all settings together come to, by profile."""
    changes = said(
        permitted_users=permitted_users,
        ip_relaxation=ip_relaxation,
        ip_ranges=terms.ranges(ip_range),
        refresh_ranges=terms.ranges(refresh_range),
        monitored_ranges=terms.ranges(monitored_range),
        required_level=required_level,
        level_action=level_action,
        may_administer=may_administer,
        refresh_policies=refresh_policy,
        refresh_exception_reason=refresh_exception_reason,
        refresh_grace_seconds=refresh_grace,
    )
    named = {"run_as_user_id": run_as, "refresh_exception_until": refresh_exception_until}
    changes |= {name: None if text == "none" else text for name, text in named.items() if text is not None}
    counted = {
        "access_token_minutes": token_minutes,
        "jwt_access_token_minutes": jwt_minutes,
        "authorization_code_seconds": code_seconds,
        "max_grants_per_user": grants_per_user,
    }
    changes |= {name: number or None for name, number in counted.items() if number is not None}
    if changes and confirm:
        changes["confirmed"] = True
    terms.edit(context, f"/apps/{app}/policies", changes)
