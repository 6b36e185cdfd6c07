"""Users: made, invited, edited, stopped."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.crypto.passwords import PasswordTooLong
from gatebridge.records.change import permit
from gatebridge.rules.ids import Prefix
from gatebridge.rules.password_checks import password_problem
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.invite_users import InviteAgain, InviteUser, invite_again, invite_user
from gatebridge.setup.manage_users import CreateUser, EditUser, SetPassword, create_user, edit_user, set_password
from gatebridge.setup.reset_password import SendPasswordLink, send_password_link
from gatebridge.setup.stop_users import (
    ActivateUser,
    DeactivateUser,
    FreezeUser,
    UnfreezeUser,
    activate_user,
    deactivate_user,
    freeze_user,
    unfreeze_user,
)
from gatebridge.storage import listed_users, people
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import CONFIRMED, Closed, GivenId, Id, Moment, Shown, WithReason, given, omitted

router = APIRouter(prefix="/users", tags=["Users"])


class UserShown(Shown):
    """A person or a service user."""

    id: Id
    username: str
    email: str
    first_name: str
    last_name: str
    name: str
    profile_id: Id
    state: UserState
    frozen: bool
    external_id: str | None
    timezone: str
    created_at: Moment
    version: int


class NewUser(Closed):
    """A user; a service user needs no name."""

    username: str = Field(examples=["ledger.service@example.com"])
    email: str = Field(examples=["platform-team@example.com"])
    profile_id: GivenId
    first_name: str = ""
    last_name: str = ""
    external_id: str | None = None


class InvitedShown(UserShown):
    """An invited user. The link is in the mail alone."""

    invitation_expires_at: Moment


class UserEdit(Closed):
    """What is to be different; what is left out stays. `timezone`: on whose clocks the user is told times, such as `Europe/Berlin`."""

    username: str = omitted()
    email: str = omitted()
    first_name: str = omitted()
    last_name: str = omitted()
    external_id: str | None = omitted()
    profile_id: GivenId = omitted()
    timezone: str = omitted()
    confirmed: bool = CONFIRMED


class NewPassword(Closed):
    """A password of at least 8 characters (ASVS 6.2.1). Only its hash is kept."""

    password: str = Field(min_length=8, max_length=1024, examples=["correct horse battery staple"])
    end_grants: bool = Field(True, description="Also end everything that any app has of the user.")


class Freeze(WithReason):
    """Stopping a user, and whether what apps have of the user ends for good."""

    end_grants: bool = Field(True, description="End everything that any app has of the user; if not, it rests until the user is unfrozen.")


READS = (Permission.VIEW_SETUP, Permission.MANAGE_USERS)


def _shown(user: User) -> Response:
    return shown(UserShown.model_validate(user), user.version)


@router.get("", summary="List users")
def list_users(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In username, e-mail or name.")] = "",
    state: Annotated[UserState | None, Query(description="Users who stand so only.")] = None,
    frozen: Annotated[bool | None, Query(description="Whether they are frozen.")] = None,
    profile_id: Annotated[GivenId | None, Query(description="Users with this profile only.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[UserShown]:
    """The users of the org, oldest first. Needs *View Setup* or *Manage Users*."""
    wanted = {"search": search, "state": state, "frozen": frozen, "profile_id": profile_id}
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        return page_of(
            desk,
            visit,
            {"list": "users", **wanted},
            limit,
            cursor,
            lambda after, count: listed_users.list_page(
                visit.tx, visit.org.id, after=after, limit=count, search=search, state=state, frozen=frozen, profile_id=profile_id
            ),
            lambda user: user.id,
            UserShown.model_validate,
        )


@router.post("", summary="Create a user", status_code=201, response_model=UserShown)
def post_user(desk: AtDesk, body: NewUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a user who is active at once, as service users are.

    Needs *Manage Users* and every right that the profile gives; where it gives any, a recent sign-in.
    """
    command = CreateUser(**given(body))

    def make(visit: Visit) -> UserShown:
        return UserShown.model_validate(create_user(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.post("/invite", summary="Invite a user", status_code=201, response_model=InvitedShown)
def post_invitation(desk: AtDesk, body: NewUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Make an invited user and send the link for choosing a password.

    Needs *Manage Users* and every right that the profile gives; where it gives any, a recent sign-in.
    """
    command = InviteUser(**given(body))

    def make(visit: Visit) -> InvitedShown:
        made = invite_user(visit.tx, visit.actor, command)
        return InvitedShown(**UserShown.model_validate(made.user).__dict__, invitation_expires_at=made.expires_at)

    return desk.create(make, idempotency_key)


@router.get("/{user_id}", summary="Read a user", response_model=UserShown)
def get_user(desk: AtDesk, user_id: str) -> Response:
    """One user. Needs *View Setup* or *Manage Users*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        user = people.by_id(visit.tx, visit.org.id, record_id(user_id, Prefix.USER))
        if user is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return _shown(user)


@router.patch("/{user_id}", summary="Edit a user", response_model=UserShown)
def patch_user(desk: AtDesk, user_id: str, body: UserEdit, if_match: IfMatch = None) -> Response:
    """Change who a user is. Needs *Manage Users* and every right that the user has or would get; nobody changes the own profile.

    Username, e-mail, external id and a profile that gives more need a recent sign-in. What would shut out who used an app in the last
    30 days must be confirmed (`locks_out`).
    """
    command = EditUser(user_id=record_id(user_id, Prefix.USER), expected_version=version_in(if_match), **given(body))
    with desk.writing() as visit:
        return _shown(edit_user(visit.tx, visit.actor, command))


@router.post("/{user_id}/invite", summary="Invite a user again", response_model=InvitedShown)
def post_invitation_again(desk: AtDesk, user_id: str) -> InvitedShown:
    """Send a new link to a user who has not accepted; earlier ones work no more.

    Needs *Manage Users* and every right that the user has; where there is any, a recent sign-in.
    """
    with desk.writing() as visit:
        made = invite_again(visit.tx, visit.actor, InviteAgain(record_id(user_id, Prefix.USER)))
        return InvitedShown(**UserShown.model_validate(made.user).__dict__, invitation_expires_at=made.expires_at)


@router.post("/{user_id}/password", summary="Set a password", status_code=204)
def post_password(desk: AtDesk, user_id: str, body: NewPassword) -> None:
    """Give a user a new password, which ends every session of the user, and unless told otherwise everything that apps have of it.

    Needs *Manage Users*, every right that the user has, and a recent sign-in.
    """
    user = record_id(user_id, Prefix.USER)
    with desk.reading() as visit:
        permit(visit.actor, Permission.MANAGE_USERS)  # before the hashing, which is slow on purpose
        found = people.by_id(visit.tx, visit.org.id, user)
    if found is not None and (problem := password_problem(body.password, username=found.username, email=found.email)):
        raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("password", problem),))
    try:
        hashed = desk.house.hasher.hash(body.password)
    except PasswordTooLong as error:
        raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("password", str(error)),)) from None
    with desk.writing() as visit:
        set_password(visit.tx, visit.actor, SetPassword(user, hashed, body.end_grants))


@router.post("/{user_id}/password-link", summary="Send a link for a new password", status_code=204)
def post_password_link(desk: AtDesk, user_id: str, body: WithReason) -> None:
    """Mail the user a link, which works once within an hour; the password of now works until a new one is chosen.

    Needs *Manage Users* and every right that the user has; where there is any, a recent sign-in.
    """
    with desk.writing() as visit:
        send_password_link(visit.tx, visit.actor, SendPasswordLink(record_id(user_id, Prefix.USER), body.reason))


@router.post("/{user_id}/freeze", summary="Freeze a user", response_model=UserShown)
def post_freeze(desk: AtDesk, user_id: str, body: Freeze) -> Response:
    """Stop a user at once and leave all else as it is. Every session ends, and unless told otherwise everything that apps have.

    Needs *Manage Users* and a reason.
    """
    with desk.writing() as visit:
        return _shown(freeze_user(visit.tx, visit.actor, FreezeUser(record_id(user_id, Prefix.USER), body.reason, body.end_grants)))


@router.post("/{user_id}/unfreeze", summary="Unfreeze a user", response_model=UserShown)
def post_unfreeze(desk: AtDesk, user_id: str, body: WithReason) -> Response:
    """Let a frozen user go on. Needs *Manage Users* and every right that the user has; where there is any, a recent sign-in."""
    with desk.writing() as visit:
        return _shown(unfreeze_user(visit.tx, visit.actor, UnfreezeUser(record_id(user_id, Prefix.USER), body.reason)))


@router.post("/{user_id}/deactivate", summary="Deactivate a user", response_model=UserShown)
def post_deactivate(desk: AtDesk, user_id: str, body: WithReason) -> Response:
    """Take a user out of use; everything obtained so far ends. Needs *Manage Users* and a reason."""
    with desk.writing() as visit:
        return _shown(deactivate_user(visit.tx, visit.actor, DeactivateUser(record_id(user_id, Prefix.USER), body.reason)))


@router.post("/{user_id}/activate", summary="Activate a user", response_model=UserShown)
def post_activate(desk: AtDesk, user_id: str, body: WithReason) -> Response:
    """Bring a deactivated user back. Needs *Manage Users* and every right that the user has; where there is any, a recent sign-in."""
    with desk.writing() as visit:
        return _shown(activate_user(visit.tx, visit.actor, ActivateUser(record_id(user_id, Prefix.USER), body.reason)))
