"""The org: its sessions, networks, time zone and sign-in."""

from typing import Annotated

import typer

from gatebridge.cli import at, terms
from gatebridge.cli.apps import said
from gatebridge.cli.terms import LevelActions, MonitoredRanges, RequiredLevel

org = typer.Typer(help="The org of the server's host, and its security settings.", no_args_is_help=True)

PATH = "/org"


@org.command("show")
def show_org(context: typer.Context) -> None:
    """The org, and which of its numbers are its own."""
    terms.edit(context, PATH, {})


@org.command("edit")
def edit_org(
    context: typer.Context,
    name: str | None = None,
    session_minutes: Annotated[int | None, typer.Option(help="How long a session may rest; 0 for the default.")] = None,
    session_hours: Annotated[int | None, typer.Option(help="The longest that a session lives, to 720; 0 for the default.")] = None,
    sessions_per_user: Annotated[int | None, typer.Option(help="Sessions that one user has at once, to 100; 0 for no limit.")] = None,
    lock_sessions: Annotated[
        bool | None, typer.Option("--lock-sessions/--no-lock-sessions", help="A session ends when it comes from another address.")
    ] = None,
    reauthenticate_minutes: Annotated[
        int | None, typer.Option(help="How old a sign-in may be for what is weighty, to 1,440; 0 for the default.")
    ] = None,
    verify_browsers: Annotated[
        bool | None, typer.Option("--verify-browsers/--no-verify-browsers", help="A new browser is verified by more than the password.")
    ] = None,
    required_level: RequiredLevel = None,
    level_action: LevelActions = None,
    timezone: Annotated[str | None, typer.Option(help="That of all login hours, such as Europe/Berlin.")] = None,
    trusted_range: Annotated[list[str] | None, typer.Option("--trusted-range", help=terms.RANGE)] = None,
    only_waive: Annotated[
        bool | None, typer.Option("--only-waive/--refuse", help="Trusted ranges waive verification only, or refuse others as well.")
    ] = None,
    device_flow: Annotated[
        bool | None, typer.Option("--device-flow/--no-device-flow", help="Whether apps that are allowed to may use it.")
    ] = None,
    user_agent_flow: Annotated[
        bool | None, typer.Option("--user-agent-flow/--no-user-agent-flow", help="The legacy form, with tokens in the address.")
    ] = None,
    custom_scope: Annotated[
        list[str] | None,
        typer.Option("--custom-scope", help="NAME=SENTENCE, a scope of the org's own and what consent says of it; an empty text for none."),
    ] = None,
    scope_claim: Annotated[
        list[str] | None, typer.Option("--scope-claim", help="SCOPE:CLAIM=EXPRESSION, what a scope makes known; empty for none.")
    ] = None,
    monitored_range: MonitoredRanges = None,
    every_request: Annotated[
        bool | None,
        typer.Option("--ranges-on-every-request/--ranges-at-issue", help="Hold ranges against the client_address of introspections too."),
    ] = None,
    confirm: at.Confirm = False,
) -> None:
    """Change the security settings of the org."""
    changes = said(
        name=name,
        lock_sessions_to_address=lock_sessions,
        verify_new_browsers=verify_browsers,
        required_level=required_level,
        level_action=level_action,
        timezone=timezone,
        trusted_ranges=terms.ranges(trusted_range),
        trusted_ranges_only_waive=only_waive,
        monitored_ranges=terms.ranges(monitored_range),
        ranges_on_every_request=every_request,
        device_flow=device_flow,
        user_agent_flow=user_agent_flow,
        custom_scopes=terms.custom_scopes(custom_scope),
        scope_claims=terms.scope_claims(scope_claim),
    )
    counted = {
        "session_minutes": session_minutes,
        "session_absolute_hours": session_hours,
        "max_sessions_per_user": sessions_per_user,
        "reauthenticate_minutes": reauthenticate_minutes,
    }
    changes |= {field: number or None for field, number in counted.items() if number is not None}
    if changes and confirm:
        changes["confirmed"] = True
    terms.edit(context, PATH, changes)
