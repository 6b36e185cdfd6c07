"""Who answers for an app, and how that changes."""

from typing import Any

import pytest
from tests.setup.stage import DEVELOPER, Stage, add_person

from gatebridge.rules.events import Event
from gatebridge.rules.people import UserState
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import apps


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def test_the_owner_hands_an_app_over_and_has_no_right_to_it_any_more(stage: Stage, made: CreatedApp) -> None:
    moved = stage.do(transfer_ownership, TransferOwnership(made.app.id, owner_id=stage.eve.user_id or ""), stage.dan)
    assert stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id)) == moved
    stage.refused(reasons.PERMISSION_MISSING, edit_app, EditApp(made.app.id, label="New"), stage.dan)
    assert stage.do(edit_app, EditApp(made.app.id, label="New"), stage.eve).label == "New"


def test_who_manages_apps_hands_any_over(stage: Stage, made: CreatedApp) -> None:
    command = TransferOwnership(made.app.id, owner_id=stage.eve.user_id or "", reason="Dan left")
    assert stage.do(transfer_ownership, command).owner_id == stage.eve.user_id
    line = stage.audit()[0]
    assert (line.event, line.reason) == (Event.APP_OWNERSHIP_TRANSFERRED, "Dan left")
    assert {"field": "owner", "before": "Dan", "after": "Eve"} in line.changes


def test_X_AD_04_the_backup_owner_does_not_take_the_app_over(stage: Stage, made: CreatedApp) -> None:
    stage.do(transfer_ownership, TransferOwnership(made.app.id, backup_owner_id=stage.eve.user_id), stage.dan)
    command = TransferOwnership(made.app.id, owner_id=stage.eve.user_id or "", backup_owner_id=None)
    stage.refused(reasons.PERMISSION_MISSING, transfer_ownership, command, stage.eve)


def test_a_stranger_to_the_app_does_not_take_it_over(stage: Stage, made: CreatedApp) -> None:
    command = TransferOwnership(made.app.id, owner_id=stage.eve.user_id or "")
    stage.refused(reasons.PERMISSION_MISSING, transfer_ownership, command, stage.eve)


def test_the_backup_owner_can_be_left_out_again(stage: Stage, made: CreatedApp) -> None:
    stage.do(transfer_ownership, TransferOwnership(made.app.id, backup_owner_id=stage.eve.user_id), stage.dan)
    assert stage.do(transfer_ownership, TransferOwnership(made.app.id, backup_owner_id=None), stage.dan).backup_owner_id is None


def test_owner_and_backup_owner_are_two_people(stage: Stage, made: CreatedApp) -> None:
    command = TransferOwnership(made.app.id, backup_owner_id=stage.dan.user_id)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, transfer_ownership, command, stage.dan)) == {"backup_owner_id"}


@pytest.mark.parametrize("field", ["owner_id", "backup_owner_id"])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"rights": frozenset()}, id="who may not register apps"),
        pytest.param({"state": UserState.INVITED}, id="who has not come yet"),
        pytest.param({"state": UserState.DEACTIVATED}, id="who has left"),
        pytest.param({"frozen": True}, id="who is frozen"),
    ],
)
def test_nobody_answers_for_an_app(stage: Stage, made: CreatedApp, field: str, how: dict[str, Any]) -> None:
    with stage.database.transaction() as tx:
        new = add_person(tx, stage.org, "new", **({"rights": DEVELOPER} | how))
    changes: dict[str, Any] = {field: new.user_id}
    refused = stage.refused(reasons.FIELD_INVALID, transfer_ownership, TransferOwnership(made.app.id, **changes), stage.dan)
    assert stage.fields(refused) == {field}


def test_X_AD_07_nobody_of_another_org_answers_for_an_app(stage: Stage, made: CreatedApp) -> None:
    of_another = TransferOwnership(made.app.id, owner_id=stage.otto.user_id or "")
    of_nothing = TransferOwnership(made.app.id, owner_id="005000000000000")
    refusals = [stage.refused(reasons.FIELD_INVALID, transfer_ownership, command, stage.dan) for command in (of_another, of_nothing)]
    assert refusals[0].fields == refusals[1].fields


def test_X_AD_01_the_app_of_another_org_is_unknown(stage: Stage, made: CreatedApp) -> None:
    command = TransferOwnership(made.app.id, owner_id=stage.otto.user_id or "")
    stage.refused(reasons.RECORD_NOT_FOUND, transfer_ownership, command, stage.otto)


def test_X_AD_09_of_two_transfers_the_second_is_told(stage: Stage, made: CreatedApp) -> None:
    eve = stage.eve.user_id or ""
    stage.do(transfer_ownership, TransferOwnership(made.app.id, owner_id=eve, expected_version=1))
    command = TransferOwnership(made.app.id, owner_id=stage.ada.user_id or "", expected_version=1)
    stage.refused(reasons.VERSION_STALE, transfer_ownership, command)
