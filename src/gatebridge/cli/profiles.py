"""Profiles: what every user has exactly one of."""

from typing import Annotated

import typer

from gatebridge.cli import at, show, terms
from gatebridge.cli.apps import said
from gatebridge.cli.people import Most, Rights, Search
from gatebridge.cli.terms import LevelActions, LoginHours, MonitoredRanges, RequiredLevel

profiles = typer.Typer(help="What every user has exactly one of.", no_args_is_help=True)

ProfileId = Annotated[str, typer.Argument(help="The profile's id.", metavar="PROFILE")]
LoginRanges = Annotated[list[str] | None, typer.Option("--login-range", help=f"From where its users may come: {terms.RANGE}.")]
SessionMinutes = Annotated[int | None, typer.Option(help="How long a session may rest; 0 for the org's.")]

COLUMNS = (("NAME", show.field("name")), ("PERMISSIONS", show.field("permissions")), ("ID", show.field("id")))


@profiles.command("list")
def list_profiles(context: typer.Context, search: Search = None, limit: Most = 100) -> None:
    """The profiles of the org."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/profiles", limit, search=search)), COLUMNS, "Nothing fits.")


@profiles.command("show")
def show_profile(context: typer.Context, profile: ProfileId) -> None:
    """One profile, and what is in force for its users before an app says anything."""
    terms.edit(context, f"/profiles/{profile}", {})


@profiles.command("create")
def create_profile(
    context: typer.Context,
    name: Annotated[str, typer.Argument()],
    permission: Rights = None,
    description: str = "",
    login_range: LoginRanges = None,
    monitored_range: MonitoredRanges = None,
    login_hours: LoginHours = None,
    required_level: RequiredLevel = None,
    level_action: LevelActions = None,
    session_minutes: SessionMinutes = None,
) -> None:
    """Make a profile."""
    body = said(
        name=name,
        permissions=permission,
        description=description,
        login_ranges=terms.ranges(login_range),
        monitored_ranges=terms.ranges(monitored_range),
        login_hours=terms.hours(login_hours),
        required_level=required_level,
        level_action=level_action,
        session_minutes=session_minutes or None,
    )
    with at.server(context) as api:
        made = api.post("/profiles", body)
    terms.view(context, made)


@profiles.command("edit")
def edit_profile(
    context: typer.Context,
    profile: ProfileId,
    name: str | None = None,
    permission: Rights = None,
    description: str | None = None,
    login_range: LoginRanges = None,
    monitored_range: MonitoredRanges = None,
    login_hours: LoginHours = None,
    required_level: RequiredLevel = None,
    level_action: LevelActions = None,
    session_minutes: SessionMinutes = None,
    confirm: at.Confirm = False,
) -> None:
    """Change a profile for all who have it."""
    changes = said(
        name=name,
        permissions=permission,
        description=description,
        login_ranges=terms.ranges(login_range),
        monitored_ranges=terms.ranges(monitored_range),
        login_hours=terms.hours(login_hours),
        required_level=required_level,
        level_action=level_action,
    )
    if session_minutes is not None:
        changes["session_minutes"] = session_minutes or None
    if changes and confirm:
        changes["confirmed"] = True
    terms.edit(context, f"/profiles/{profile}", changes)


@profiles.command("delete")
def delete_profile(context: typer.Context, profile: ProfileId) -> None:
    """Remove a profile that nobody has."""
    with at.server(context) as api:
        path = f"/profiles/{profile}"
        api.edit(path, None, by=("DELETE", path))
    show.done(context, "It is gone.")
