"""Users and permission sets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gatebridge.cli import at, credentials, show
from gatebridge.cli.apps import said
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission

users = typer.Typer(help="People and service users.", no_args_is_help=True)
permsets = typer.Typer(help="Rights that are added to a user's profile.", no_args_is_help=True)

UserId = Annotated[str, typer.Argument(help="The user's id.", metavar="USER")]
SetId = Annotated[str, typer.Argument(help="The permission set's id.", metavar="PERMSET")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; it goes into the audit trail.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Search = Annotated[str | None, typer.Option(help="In the names.")]
Rights = Annotated[list[Permission] | None, typer.Option("--permission", help="A right that it gives; may be repeated.")]
Most = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]

USER_COLUMNS = (
    ("USERNAME", show.field("username")),
    ("NAME", show.field("name")),
    ("STATE", lambda user: "frozen" if user["frozen"] else user["state"]),
    ("E-MAIL", show.field("email")),
    ("ID", show.field("id")),
)

APP_COLUMNS = (
    ("APP", show.field("label")),
    ("PUBLISHER", lambda app: app["publisher"] if not app["of_this_org"] else None),
    ("MAY", lambda app: " ".join(app["scopes"])),
    ("SINCE", show.when("first_used_at")),
    ("LAST USED", show.when("last_used_at")),
    ("FROM", show.field("last_address")),
    ("UNTIL", show.when("ends_at")),
    ("ID", show.field("app_id")),
)


@users.command("list")
def list_users(
    context: typer.Context,
    search: Search = None,
    state: Annotated[UserState | None, typer.Option(help="Only those who stand so.")] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="Only those who are frozen.")] = False,
    profile: Annotated[str | None, typer.Option(help="Only those with this profile (id).")] = None,
    limit: Most = 100,
) -> None:
    """The users of the org."""
    wanted = {"search": search, "state": state, "frozen": "true" if frozen else None, "profile_id": profile}
    with at.server(context) as api:
        show.rows(context, list(api.every("/users", limit, **wanted)), USER_COLUMNS, "Nobody fits.")


@users.command("show")
def show_user(context: typer.Context, user: UserId) -> None:
    """One user, with the permission sets held."""
    with at.server(context) as api:
        found = api.get(f"/users/{user}")
        held = api.get(f"/users/{user}/permission-sets")
    if at.json(context):
        show.as_json(found | {"permission_sets": held})
    else:
        show.facts(context, found | {"permission_sets": [_held(each) for each in held]})


def _held(assigned: Mapping[str, Any]) -> str:
    ends = assigned.get("expires_at")
    return f"{assigned['label']} until {show.moment(ends)}" if ends else str(assigned["label"])


@users.command("create")
def create_user(
    context: typer.Context,
    username: Annotated[str, typer.Argument()],
    email: Annotated[str, typer.Option()],
    profile: Annotated[str, typer.Option(help="The profile's id.")],
    first_name: str = "",
    last_name: str = "",
    external_id: str | None = None,
    invite: Annotated[
        bool, typer.Option("--invite", help="Send a link for choosing a password, instead of making the user active.")
    ] = False,
) -> None:
    """Make a user who is active at once, as service users are; or invite one."""
    body = said(username=username, email=email, profile_id=profile, first_name=first_name, last_name=last_name, external_id=external_id)
    with at.server(context) as api:
        show.facts(context, api.post("/users/invite" if invite else "/users", body))


@users.command("invite")
def invite_user(
    context: typer.Context,
    username: Annotated[str, typer.Argument()],
    email: Annotated[str, typer.Option()],
    profile: Annotated[str, typer.Option(help="The profile's id.")],
    first_name: str = "",
    last_name: str = "",
) -> None:
    """Make an invited user and send the link for choosing a password."""
    body = said(username=username, email=email, profile_id=profile, first_name=first_name, last_name=last_name)
    with at.server(context) as api:
        show.facts(context, api.post("/users/invite", body))


@users.command("invite-again")
def invite_again(context: typer.Context, user: UserId) -> None:
    """Send a new link to somebody who has not accepted. Earlier ones work no more."""
    with at.server(context) as api:
        show.done(context, "A new link is on its way by mail.", api.post(f"/users/{user}/invite"))


@users.command("apps")
def list_apps_of_user(context: typer.Context, user: UserId) -> None:
    """What apps may do in the name of a user. End one with `gatebridge revoke user-of-app`."""
    with at.server(context) as api:
        show.rows(context, api.get(f"/users/{user}/apps"), APP_COLUMNS, "No app may act for this user.")


@users.command("edit")
def edit_user(
    context: typer.Context,
    user: UserId,
    username: str | None = None,
    email: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    profile: Annotated[str | None, typer.Option(help="The new profile's id.")] = None,
    external_id: str | None = None,
    timezone: Annotated[str | None, typer.Option(help="On whose clocks the user is told times, such as Europe/Berlin.")] = None,
    confirm: at.Confirm = False,
) -> None:
    """Change who a user is."""
    changes = said(username=username, email=email, first_name=first_name, last_name=last_name, profile_id=profile, external_id=external_id)
    changes |= said(timezone=timezone)
    if changes and confirm:
        changes["confirmed"] = True
    with at.server(context) as api:
        show.facts(context, api.edit(f"/users/{user}", changes) if changes else api.get(f"/users/{user}"))


@users.command("password")
def set_password(
    context: typer.Context,
    user: UserId,
    file: Annotated[Path | None, typer.Option("--password-file", help="A file that holds it; - reads standard input.")] = None,
    keep_grants: Annotated[bool, typer.Option("--keep-grants", help="Let apps keep what they have of the user.")] = False,
) -> None:
    """Set a user's password, from a file, standard input or a prompt. It ends the user's sessions, and what apps have of the user."""
    password = credentials.secret_from(file, "New password")
    with at.server(context) as api:
        api.post(f"/users/{user}/password", {"password": password, "end_grants": not keep_grants})
    show.done(context, "The password is set.")


@users.command("password-link")
def send_password_link(context: typer.Context, user: UserId, reason: Reason = "") -> None:
    """Mail a user a link for choosing a new password. The one of now works until then."""
    with at.server(context) as api:
        api.post(f"/users/{user}/password-link", {"reason": reason})
    show.done(context, "The link is on its way. It works once, within an hour.")


@users.command("freeze")
def freeze(
    context: typer.Context,
    user: UserId,
    reason: Reason,
    keep_grants: Annotated[
        bool, typer.Option("--keep-grants", help="Let what apps have of the user rest until the user is unfrozen, instead of ending it.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Stop a user at once and leave all else as it is."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, user_id=user)} Freeze the user?", yes)
        show.done(context, "The user is frozen.", api.post(f"/users/{user}/freeze", {"reason": reason, "end_grants": not keep_grants}))


@users.command("unfreeze")
def unfreeze(context: typer.Context, user: UserId, reason: Reason = "") -> None:
    """Let a frozen user go on."""
    with at.server(context) as api:
        show.done(context, "The user may go on.", api.post(f"/users/{user}/unfreeze", {"reason": reason}))


@users.command("deactivate")
def deactivate(context: typer.Context, user: UserId, reason: Reason, yes: Yes = False) -> None:
    """Take a user out of use."""
    with at.server(context) as api:
        at.sure(f"{at.hit(api, user_id=user)} Deactivate the user?", yes)
        show.done(context, "The user is deactivated.", api.post(f"/users/{user}/deactivate", {"reason": reason}))


@users.command("activate")
def activate(context: typer.Context, user: UserId, reason: Reason = "") -> None:
    """Bring a deactivated user back."""
    with at.server(context) as api:
        show.done(context, "The user is active again.", api.post(f"/users/{user}/activate", {"reason": reason}))


@users.command("assign")
def assign(
    context: typer.Context, user: UserId, permset: SetId, until: Annotated[str | None, typer.Option(help="Until this time.")] = None
) -> None:
    """Let a user hold a permission set."""
    with at.server(context) as api:
        held = api.put(f"/users/{user}/permission-sets/{permset}", {"expires_at": until})
    show.done(context, f"The user holds {held['label']}.", held)


@users.command("unassign")
def unassign(context: typer.Context, user: UserId, permset: SetId, confirm: at.Confirm = False) -> None:
    """Take a permission set from a user."""
    with at.server(context) as api:
        api.delete(f"/users/{user}/permission-sets/{permset}", confirmed=confirm or None)
    show.done(context, "The user does not hold it any more.")


SET_COLUMNS = (
    ("LABEL", show.field("label")),
    ("API NAME", show.field("api_name")),
    ("PERMISSIONS", show.field("permissions")),
    ("ID", show.field("id")),
)


@permsets.command("list")
def list_permission_sets(context: typer.Context, search: Search = None, limit: Most = 100) -> None:
    """The permission sets of the org."""
    with at.server(context) as api:
        show.rows(context, list(api.every("/permission-sets", limit, search=search)), SET_COLUMNS, "There is none yet.")


@permsets.command("create")
def create_permission_set(
    context: typer.Context,
    label: Annotated[str, typer.Argument()],
    api_name: Annotated[str, typer.Option(help="Unique in the org; it never changes.")],
    permission: Rights = None,
    description: str = "",
) -> None:
    """Make a permission set. Nobody holds it yet."""
    with at.server(context) as api:
        body = said(label=label, api_name=api_name, permissions=permission, description=description)
        show.facts(context, api.post("/permission-sets", body))


@permsets.command("edit")
def edit_permission_set(
    context: typer.Context,
    permset: SetId,
    label: str | None = None,
    permission: Rights = None,
    description: str | None = None,
    confirm: at.Confirm = False,
) -> None:
    """Change a set for all who hold it."""
    changes = said(label=label, permissions=permission, description=description)
    if changes and confirm:
        changes["confirmed"] = True
    with at.server(context) as api:
        path = f"/permission-sets/{permset}"
        show.facts(context, api.edit(path, changes) if changes else api.get(path))


@permsets.command("show")
def show_permission_set(context: typer.Context, permset: SetId) -> None:
    """One permission set, with the rights that it gives."""
    with at.server(context) as api:
        show.facts(context, api.get(f"/permission-sets/{permset}"))


@permsets.command("delete")
def delete_permission_set(context: typer.Context, permset: SetId) -> None:
    """Remove a set that nobody holds."""
    with at.server(context) as api:
        path = f"/permission-sets/{permset}"
        api.edit(path, None, by=("DELETE", path))
    show.done(context, "It is gone.")
