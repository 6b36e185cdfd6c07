"""What can become of an app: other owners, blocked, deleted, restored, installed, uninstalled."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules.ids import Prefix
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.delete_app import DeleteApp, RestoreApp, delete_app, restore_app
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.web.api.apps import AppShown, read_again
from gatebridge.web.api.desk import AtDesk, IfMatch, record_id, version_in
from gatebridge.web.api.shapes import Closed, GivenId, GivenMoment, WithReason, given, omitted

router = APIRouter(prefix="/apps", tags=["Apps"])


class Owners(Closed):
    """Who answers for the app. A null backup owner is nobody."""

    owner_id: GivenId = omitted()
    backup_owner_id: GivenId | None = omitted()
    reason: str = ""


class Deletion(WithReason):
    """Deleting is confirmed by the app's API name."""

    confirm: str = Field("", description="The API name of the app.")


class Installing(Closed):
    """Which app of another org to use; its publisher gives the consumer key. The Salesforce CLI, which all orgs know, is PlatformCLI."""

    consumer_key: str = Field(examples=["gbk_EXAMPLE", "PlatformCLI"])
    until: GivenMoment | None = Field(None, description="When it is out of use again; without it, when somebody uninstalls it.")


@router.post("/{app_id}/owner", summary="Transfer an app", response_model=AppShown)
def post_owner(desk: AtDesk, app_id: str, body: Owners, if_match: IfMatch = None) -> Response:
    """Give the app other owners: active users who may register apps. Needs *Register Connected Apps* and to be the owner, or
    *Manage Connected Apps*; to make somebody an owner, a recent sign-in."""
    command = TransferOwnership(app_id=record_id(app_id, Prefix.APP), expected_version=version_in(if_match), **given(body))
    with desk.writing() as visit:
        transfer_ownership(visit.tx, visit.actor, command)
        return read_again(visit, command.app_id)


@router.post("/{app_id}/block", summary="Block an app", response_model=AppShown)
def post_block(desk: AtDesk, app_id: str, body: WithReason) -> Response:
    """End everything that the app has in this org, and refuse it until it is unblocked. Needs *Manage Connected Apps* and a reason."""
    app = record_id(app_id, Prefix.APP)
    with desk.writing() as visit:
        block_app(visit.tx, visit.actor, BlockApp(app, body.reason))
        return read_again(visit, app)


@router.post("/{app_id}/unblock", summary="Unblock an app", response_model=AppShown)
def post_unblock(desk: AtDesk, app_id: str, body: WithReason) -> Response:
    """Let the app ask for tokens again; those from before stay dead. Needs *Manage Connected Apps* and a reason."""
    app = record_id(app_id, Prefix.APP)
    with desk.writing() as visit:
        unblock_app(visit.tx, visit.actor, UnblockApp(app, body.reason))
        return read_again(visit, app)


@router.post("/{app_id}/delete", summary="Delete an app", response_model=AppShown)
def post_delete(desk: AtDesk, app_id: str, body: Deletion) -> Response:
    """End everything that the app has in any org, and refuse it everywhere; for 30 days it can be restored. Needs *Register Connected Apps*
    and to be the owner, or *Manage Connected Apps*; its API name in `confirm`, and a reason."""
    app = record_id(app_id, Prefix.APP)
    with desk.writing() as visit:
        delete_app(visit.tx, visit.actor, DeleteApp(app, body.confirm, body.reason))
        return read_again(visit, app)


@router.post("/{app_id}/restore", summary="Restore an app", response_model=AppShown)
def post_restore(desk: AtDesk, app_id: str, body: WithReason) -> Response:
    """Bring a deleted app back with its key, secrets and policies. Needs *Manage Connected Apps*, or where one of its owners deleted it
    *Register Connected Apps* and to be an owner; and a reason."""
    app = record_id(app_id, Prefix.APP)
    with desk.writing() as visit:
        restore_app(visit.tx, visit.actor, RestoreApp(app, body.reason))
        return read_again(visit, app)


@router.post("/install", summary="Install an app of another org", response_model=AppShown)
def post_install(desk: AtDesk, body: Installing) -> Response:
    """Use an app of another org here, with closed policies. Needs *Manage Connected Apps*."""
    with desk.writing() as visit:
        installed = install_app(visit.tx, visit.actor, InstallApp(body.consumer_key, body.until))
        return read_again(visit, installed.app.id)


@router.post("/{app_id}/uninstall", summary="Uninstall an app", response_model=AppShown)
def post_uninstall(desk: AtDesk, app_id: str, body: WithReason) -> Response:
    """End everything that the app has in this org, and use it here no more. Needs *Manage Connected Apps* and a reason."""
    app = record_id(app_id, Prefix.APP)
    with desk.writing() as visit:
        uninstall_app(visit.tx, visit.actor, UninstallApp(app, body.reason))
        return read_again(visit, app)
