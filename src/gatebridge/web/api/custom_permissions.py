"""Custom permissions, and the profiles and permission sets that give them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.people import CustomPermission
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_custom_permissions import (
    AssignCustomPermission,
    CreateCustomPermission,
    DeleteCustomPermission,
    EditCustomPermission,
    UnassignCustomPermission,
    assign_custom_permission,
    create_custom_permission,
    delete_custom_permission,
    edit_custom_permission,
    unassign_custom_permission,
)
from gatebridge.storage import custom_permissions, names
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown, given, omitted

router = APIRouter(prefix="/custom-permissions", tags=["Custom permissions"])

READS = (Permission.VIEW_SETUP, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)


class CustomPermissionShown(Shown):
    """A right of the org's own. Apps with the scope `custom_permissions` are told its API name where the user holds it."""

    id: Id
    label: str
    api_name: str
    description: str
    created_at: Moment
    version: int


class NewCustomPermission(Closed):
    """A new custom permission. Nobody holds it yet."""

    label: str = Field(examples=["Approve invoices"])
    api_name: str = Field(examples=["Approve_Invoices"], description="Unique in the org; it never changes.")
    description: str = ""


class CustomPermissionEdit(Closed):
    """What is to be different; what is left out stays."""

    label: str = omitted()
    description: str = omitted()


class HolderShown(Shown):
    """A profile or permission set that gives it."""

    holder_id: Id
    kind: Literal["profile", "permission_set"]
    name: str


def _permission_id(text: str) -> str:
    return record_id(text, Prefix.CUSTOM_PERMISSION)


def _holder_id(text: str) -> str:
    found = parse(text, Prefix.PROFILE) or parse(text, Prefix.PERMISSION_SET)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _holder(holder_id: str, name: str) -> HolderShown:
    return HolderShown(holder_id=holder_id, kind="profile" if holder_id.startswith(Prefix.PROFILE) else "permission_set", name=name)


def _found(visit: Visit, permission_id: str) -> CustomPermission:
    permit(visit.actor, *READS)
    found = custom_permissions.by_id(visit.tx, visit.org.id, permission_id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


@router.get("", summary="List custom permissions")
def list_custom_permissions(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In label or API name.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[CustomPermissionShown]:
    """The custom permissions of the org, oldest first. Needs *View Setup* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        return page_of(
            desk,
            visit,
            {"list": "custom_permissions", "search": search},
            limit,
            cursor,
            lambda after, count: custom_permissions.list_page(visit.tx, visit.org.id, after=after, limit=count, search=search),
            lambda found: found.id,
            CustomPermissionShown.model_validate,
        )


@router.post("", summary="Create a custom permission", status_code=201, response_model=CustomPermissionShown)
def post_custom_permission(desk: AtDesk, body: NewCustomPermission, idempotency_key: IdempotencyKey = None) -> Response:
    """Name a right for the org's own applications. Needs *Manage Profiles and Permission Sets*."""
    command = CreateCustomPermission(**given(body))

    def make(visit: Visit) -> CustomPermissionShown:
        return CustomPermissionShown.model_validate(create_custom_permission(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.get("/{permission_id}", summary="Read a custom permission", response_model=CustomPermissionShown)
def get_custom_permission(desk: AtDesk, permission_id: str) -> Response:
    """One custom permission. Needs *View Setup* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        found = _found(visit, _permission_id(permission_id))
        return shown(CustomPermissionShown.model_validate(found), found.version)


@router.patch("/{permission_id}", summary="Edit a custom permission", response_model=CustomPermissionShown)
def patch_custom_permission(desk: AtDesk, permission_id: str, body: CustomPermissionEdit, if_match: IfMatch = None) -> Response:
    """Change how it is called for people. Needs *Manage Profiles and Permission Sets*."""
    command = EditCustomPermission(_permission_id(permission_id), version_in(if_match), **given(body))
    with desk.writing() as visit:
        edited = edit_custom_permission(visit.tx, visit.actor, command)
        return shown(CustomPermissionShown.model_validate(edited), edited.version)


@router.delete("/{permission_id}", summary="Delete a custom permission", status_code=204)
def remove_custom_permission(desk: AtDesk, permission_id: str, if_match: IfMatch = None) -> None:
    """Remove one that nothing gives any more. Needs *Manage Profiles and Permission Sets*."""
    command = DeleteCustomPermission(_permission_id(permission_id), version_in(if_match))
    with desk.writing() as visit:
        delete_custom_permission(visit.tx, visit.actor, command)


@router.get("/{permission_id}/holders", summary="List what gives a custom permission")
def list_holders(desk: AtDesk, permission_id: str) -> list[HolderShown]:
    """The profiles and permission sets that give it. Needs *View Setup* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        found = _found(visit, _permission_id(permission_id))
        holders = custom_permissions.holders_of(visit.tx, visit.org.id, found.id)
        named = names.of_holders(visit.tx, visit.org.id, holders)
        return [_holder(each, named.get(each, "")) for each in holders]


@router.put("/{permission_id}/holders/{holder_id}", summary="Let a profile or permission set give a custom permission")
def put_holder(desk: AtDesk, permission_id: str, holder_id: str) -> HolderShown:
    """Whoever holds the profile or set holds the permission from then on. Needs *Manage Profiles and Permission Sets*; nobody gives it to
    what they hold themselves."""
    command = AssignCustomPermission(_permission_id(permission_id), _holder_id(holder_id))
    with desk.writing() as visit:
        return _holder(command.holder_id, assign_custom_permission(visit.tx, visit.actor, command))


@router.delete("/{permission_id}/holders/{holder_id}", summary="Let it give the custom permission no more", status_code=204)
def delete_holder(desk: AtDesk, permission_id: str, holder_id: str) -> None:
    """Apps are told so from their next question on. Needs *Manage Profiles and Permission Sets*."""
    command = UnassignCustomPermission(_permission_id(permission_id), _holder_id(holder_id))
    with desk.writing() as visit:
        unassign_custom_permission(visit.tx, visit.actor, command)
