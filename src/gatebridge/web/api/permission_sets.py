"""Permission sets, and which users hold them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment, PermissionSet
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.manage_permission_sets import (
    CreatePermissionSet,
    DeletePermissionSet,
    EditPermissionSet,
    create_permission_set,
    delete_permission_set,
    edit_permission_set,
)
from gatebridge.storage import people, permission_sets
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import CONFIRMED, Closed, Confirmed, GivenMoment, Id, Moment, Shown, given, omitted

router = APIRouter(tags=["Permission sets"])

READS = (Permission.VIEW_SETUP, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.MANAGE_USERS)


class PermissionSetShown(Shown):
    """Rights that are added to the profile of whoever holds it."""

    id: Id
    label: str
    api_name: str
    description: str
    permissions: list[Permission]
    created_at: Moment
    version: int


class NewPermissionSet(Closed):
    """A new permission set. Nobody holds it yet."""

    label: str = Field(examples=["Ledger jobs"])
    api_name: str = Field(examples=["ledger_jobs"], description="Unique in the org; it never changes.")
    description: str = ""
    permissions: frozenset[Permission] = frozenset()


class PermissionSetEdit(Closed):
    """What is to be different; what is left out stays."""

    label: str = omitted()
    description: str = omitted()
    permissions: frozenset[Permission] = omitted()
    confirmed: bool = CONFIRMED


class HeldShown(Shown):
    """A permission set that a user holds, and until when."""

    permission_set_id: Id
    label: str
    expires_at: Moment | None
    in_force: bool


class Holding(Closed):
    """Until when; without an end, until it is taken away."""

    expires_at: GivenMoment | None = Field(None, description="Null: without an end.")


def _set(found: PermissionSet) -> PermissionSetShown:
    values = {name: getattr(found, name) for name in PermissionSetShown.model_fields}
    return PermissionSetShown(**values | {"permissions": [each for each in Permission if each in found.permissions]})


def _held(held: PermissionSet, assignment: Assignment, in_force: bool) -> HeldShown:
    return HeldShown(permission_set_id=held.id, label=held.label, expires_at=assignment.expires_at, in_force=in_force)


@router.get("/permission-sets", summary="List permission sets")
def list_permission_sets(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In label or API name.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[PermissionSetShown]:
    """The permission sets of the org, oldest first. Needs *View Setup*, *Manage Users* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        return page_of(
            desk,
            visit,
            {"list": "permission_sets", "search": search},
            limit,
            cursor,
            lambda after, count: permission_sets.list_page(visit.tx, visit.org.id, after=after, limit=count, search=search),
            lambda found: found.id,
            _set,
        )


@router.post("/permission-sets", summary="Create a permission set", status_code=201, response_model=PermissionSetShown)
def post_permission_set(desk: AtDesk, body: NewPermissionSet, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a permission set. Needs *Manage Profiles and Permission Sets* and every right that it gives."""
    command = CreatePermissionSet(**given(body))

    def make(visit: Visit) -> PermissionSetShown:
        return _set(create_permission_set(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.get("/permission-sets/{set_id}", summary="Read a permission set", response_model=PermissionSetShown)
def get_permission_set(desk: AtDesk, set_id: str) -> Response:
    """One permission set. Needs *View Setup*, *Manage Users* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        found = permission_sets.by_id(visit.tx, visit.org.id, record_id(set_id, Prefix.PERMISSION_SET))
        if found is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return shown(_set(found), found.version)


@router.patch("/permission-sets/{set_id}", summary="Edit a permission set", response_model=PermissionSetShown)
def patch_permission_set(desk: AtDesk, set_id: str, body: PermissionSetEdit, if_match: IfMatch = None) -> Response:
    """Change a set for all who hold it. Needs *Manage Profiles and Permission Sets* and every right that it gives; who holds it cannot
    make it give more, and others need a recent sign-in for that. What would shut out who used an app in the last 30 days must be
    confirmed (`locks_out`)."""
    command = EditPermissionSet(set_id=record_id(set_id, Prefix.PERMISSION_SET), expected_version=version_in(if_match), **given(body))
    with desk.writing() as visit:
        edited = edit_permission_set(visit.tx, visit.actor, command)
        return shown(_set(edited), edited.version)


@router.delete("/permission-sets/{set_id}", summary="Delete a permission set", status_code=204)
def remove_permission_set(desk: AtDesk, set_id: str, if_match: IfMatch = None) -> None:
    """Remove a set that nobody holds. Needs *Manage Profiles and Permission Sets*."""
    command = DeletePermissionSet(record_id(set_id, Prefix.PERMISSION_SET), version_in(if_match))
    with desk.writing() as visit:
        delete_permission_set(visit.tx, visit.actor, command)


@router.get("/users/{user_id}/permission-sets", summary="List what a user holds")
def list_held(desk: AtDesk, user_id: str) -> list[HeldShown]:
    """The permission sets of a user, those run out too. Needs *View Setup*, *Manage Users* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        user = record_id(user_id, Prefix.USER)
        if people.by_id(visit.tx, visit.org.id, user) is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        found = permission_sets.of_user(visit.tx, visit.org.id, user)
        return [_held(held, assignment, assignment.holds(visit.tx.now)) for held, assignment in found]


@router.put("/users/{user_id}/permission-sets/{set_id}", summary="Assign a permission set")
def put_held(desk: AtDesk, user_id: str, set_id: str, body: Holding) -> HeldShown:
    """Let a user hold a set. Needs *Manage Profiles and Permission Sets* and every right that it gives, and where it gives any, or for
    longer, a recent sign-in; nobody gives it to themselves."""
    command = AssignPermissionSet(record_id(user_id, Prefix.USER), record_id(set_id, Prefix.PERMISSION_SET), body.expires_at)
    with desk.writing() as visit:
        assignment = assign_permission_set(visit.tx, visit.actor, command)
        held = permission_sets.by_id(visit.tx, visit.org.id, command.set_id)
        if held is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return _held(held, assignment, assignment.holds(visit.tx.now))


@router.delete("/users/{user_id}/permission-sets/{set_id}", summary="Unassign a permission set", status_code=204)
def delete_held(desk: AtDesk, user_id: str, set_id: str, confirmed: Confirmed = False) -> None:
    """Take a set from a user. Needs *Manage Profiles and Permission Sets*. Where it would lock the user out of an app that was used in the
    last 30 days, it must be confirmed (`locks_out`)."""
    command = UnassignPermissionSet(record_id(user_id, Prefix.USER), record_id(set_id, Prefix.PERMISSION_SET), confirmed)
    with desk.writing() as visit:
        unassign_permission_set(visit.tx, visit.actor, command)
