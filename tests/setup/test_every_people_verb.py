"""What is true of every verb about people, profiles and permission sets: its right, its org, and its audit line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from tests.setup.stage import Stage

from gatebridge.rules.orgs import Org
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.invite_users import InviteAgain, InviteUser, invite_again, invite_user
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_permission_sets import (
    CreatePermissionSet,
    DeletePermissionSet,
    EditPermissionSet,
    create_permission_set,
    delete_permission_set,
    edit_permission_set,
)
from gatebridge.setup.manage_profiles import CreateProfile, DeleteProfile, EditProfile, create_profile, delete_profile, edit_profile
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
from gatebridge.storage import listed_users, people, permission_sets
from gatebridge.storage.metadata import metadata

HASH = "$argon2id$canary"


@dataclass(frozen=True)
class Records:
    """A user in each state, an empty profile, a set that somebody holds and one that nobody holds; all of one org."""

    org: Org
    active: str
    frozen: str
    deactivated: str
    invited: str
    profile: str
    held_set: str
    free_set: str


def records(stage: Stage, org: Org) -> Records:
    """Made in an org by the verbs themselves, under somebody who may."""
    actor = replace(stage.ada, org_id=org.id, user_id=None)

    def user(name: str) -> str:
        return stage.do(create_user, CreateUser(name, f"{name}@example.com", profile), actor).id

    profile = stage.do(create_profile, CreateProfile("Plain"), actor).id
    empty = stage.do(create_profile, CreateProfile("Empty"), actor).id
    held = stage.do(create_permission_set, CreatePermissionSet("Held", "Held"), actor).id
    free = stage.do(create_permission_set, CreatePermissionSet("Free", "Free"), actor).id
    active, frozen, deactivated = user("active"), user("frozen"), user("deactivated")
    stage.do(freeze_user, FreezeUser(frozen, "Leaked."), actor)
    stage.do(deactivate_user, DeactivateUser(deactivated, "Left."), actor)
    invited = stage.do(invite_user, InviteUser("invited", "invited@example.com", profile), actor).user.id
    stage.do(assign_permission_set, AssignPermissionSet(active, held), actor)
    return Records(org, active, frozen, deactivated, invited, empty, held, free)


Verb = Callable[..., Any]
USERS, PROFILES, SECURITY = Permission.MANAGE_USERS, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.MANAGE_SECURITY

# Each verb with its right and a command that succeeds on the records.
NEW: dict[str, tuple[Verb, Permission, Callable[[Records], object]]] = {
    "create_user": (create_user, USERS, lambda r: CreateUser("new", "new@example.com", r.profile, password_hash=HASH)),
    "invite_user": (invite_user, USERS, lambda r: InviteUser("new", "new@example.com", r.profile)),
    "create_profile": (create_profile, PROFILES, lambda r: CreateProfile("New")),
    "create_permission_set": (create_permission_set, PROFILES, lambda r: CreatePermissionSet("New", "New")),
    "edit_org": (edit_org, SECURITY, lambda r: EditOrg(name="New")),
}
ADDRESSED: dict[str, tuple[Verb, Permission, Callable[[Records], object]]] = {
    "edit_user": (edit_user, USERS, lambda r: EditUser(r.active, last_name="New")),
    "set_password": (set_password, USERS, lambda r: SetPassword(r.active, HASH)),
    "send_password_link": (send_password_link, USERS, lambda r: SendPasswordLink(r.active, "A note on the screen.")),
    "invite_again": (invite_again, USERS, lambda r: InviteAgain(r.invited)),
    "deactivate_user": (deactivate_user, USERS, lambda r: DeactivateUser(r.active, "Left.")),
    "activate_user": (activate_user, USERS, lambda r: ActivateUser(r.deactivated)),
    "freeze_user": (freeze_user, USERS, lambda r: FreezeUser(r.active, "Leaked.")),
    "unfreeze_user": (unfreeze_user, USERS, lambda r: UnfreezeUser(r.frozen)),
    "edit_profile": (edit_profile, PROFILES, lambda r: EditProfile(r.profile, description="New")),
    "delete_profile": (delete_profile, PROFILES, lambda r: DeleteProfile(r.profile)),
    "edit_permission_set": (edit_permission_set, PROFILES, lambda r: EditPermissionSet(r.held_set, description="New")),
    "delete_permission_set": (delete_permission_set, PROFILES, lambda r: DeletePermissionSet(r.free_set)),
    "assign_permission_set": (assign_permission_set, PROFILES, lambda r: AssignPermissionSet(r.active, r.free_set)),
    "unassign_permission_set": (unassign_permission_set, PROFILES, lambda r: UnassignPermissionSet(r.active, r.held_set)),
}
EVERY = NEW | ADDRESSED


@pytest.mark.parametrize("name", EVERY)
def test_std_SC_09_a_verb_passes_who_holds_its_right_and_writes_one_audit_line(stage: Stage, name: str) -> None:
    verb, right, command = EVERY[name]
    made = records(stage, stage.org)
    before = len(stage.audit())
    stage.do(verb, command(made), replace(stage.ada, permissions=frozenset({right})))
    lines = stage.audit()
    assert len(lines) == before + 1
    assert (lines[0].actor_id, lines[0].actor_name) == (stage.ada.user_id, "Ada")
    assert lines[0].target_id
    assert "canary" not in repr(lines[0])


# What refuses changes nothing, so one set of records serves for all verbs: laying it out costs more than asking.
def test_every_verb_refuses_who_holds_everything_but_its_right(stage: Stage) -> None:
    made = records(stage, stage.org)
    for verb, right, command in EVERY.values():
        refused = stage.refused(reasons.PERMISSION_MISSING, verb, command(made), replace(stage.ada, permissions=EVERY_POWER - {right}))
        assert refused.facts == {"permission": right}


def test_X_AD_01_to_every_verb_the_record_of_another_org_is_no_record(stage: Stage) -> None:
    """Another org's id and an id that never was are answered alike, and nothing is changed there."""
    elsewhere = records(stage, stage.other)
    nowhere = Records(org=stage.org, **{field: "000000000000000" for field in Records.__dataclass_fields__ if field != "org"})
    before = everything(stage)
    for verb, _, command in ADDRESSED.values():
        foreign = stage.refused(reasons.RECORD_NOT_FOUND, verb, command(elsewhere))
        never = stage.refused(reasons.RECORD_NOT_FOUND, verb, command(nowhere))
        assert (foreign.detail, foreign.fields, foreign.facts) == (never.detail, never.fields, never.facts)
    assert everything(stage) == before


@pytest.mark.parametrize("mine", [True, False], ids=["another org's set", "another org's user"])
def test_X_AD_07_an_assignment_does_not_cross_orgs(stage: Stage, mine: bool) -> None:
    here, elsewhere = records(stage, stage.org), records(stage, stage.other)
    command = AssignPermissionSet(here.active, elsewhere.free_set) if mine else AssignPermissionSet(elsewhere.active, here.free_set)
    stage.refused(reasons.RECORD_NOT_FOUND, assign_permission_set, command)


@pytest.mark.parametrize("verb", [create_user, edit_user, invite_user])
def test_X_AD_07_a_user_gets_no_profile_of_another_org(stage: Stage, verb: Verb) -> None:
    elsewhere = records(stage, stage.other)
    user_id = stage.user_of(stage.sam).id
    commands: dict[Verb, object] = {
        create_user: CreateUser("new", "new@example.com", elsewhere.profile),
        edit_user: EditUser(user_id, profile_id=elsewhere.profile),
        invite_user: InviteUser("new", "new@example.com", elsewhere.profile),
    }
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, verb, commands[verb])) == {"profile_id"}


def everything(stage: Stage) -> dict[str, list[str]]:
    """Every row of every table, but for the audit trail itself."""
    tables = [table for table in metadata.sorted_tables if table.name != "audit_trail"]
    return stage.read(
        lambda tx: {table.name: sorted(repr(tuple(row)) for row in tx.connection.execute(sa.select(table))) for table in tables}
    )


def test_X_AU_01_what_cannot_be_recorded_is_not_done(stage: Stage) -> None:
    made = records(stage, stage.org)
    before = everything(stage)
    with stage.database.transaction() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE audit_trail RENAME TO audit_trail_away")
    for verb, _, command in EVERY.values():
        with pytest.raises(DBAPIError):
            stage.do(verb, command(made))
    assert everything(stage) == before


def test_X_AU_06_no_hash_and_no_invitation_is_in_a_record_that_is_shown(stage: Stage) -> None:
    made = records(stage, stage.org)
    stage.do(set_password, SetPassword(made.active, HASH))
    again = stage.do(invite_again, InviteAgain(made.invited))
    shown = repr((stage.audit(), again, stage.read(lambda tx: listed_users.list_page(tx, stage.org.id, after=None, limit=99))))
    assert "canary" not in shown
    assert "gbi_" not in shown


def test_X_SX_01_an_invitation_is_nowhere_in_plain(stage: Stage) -> None:
    made = records(stage, stage.org)
    rows = everything(stage)
    where = [name for name, found in rows.items() if "gbi_" in repr(found)]
    assert where == []
    assert stage.read(lambda tx: permission_sets.of_user(tx, stage.org.id, made.invited)) == []


def test_the_records_are_what_they_say(stage: Stage) -> None:
    made = records(stage, stage.org)
    found = stage.read(
        lambda tx: [people.by_id(tx, stage.org.id, each) for each in (made.active, made.frozen, made.deactivated, made.invited)]
    )
    states = [(user.state, user.frozen) for user in found if user is not None]
    assert states == [(UserState.ACTIVE, False), (UserState.ACTIVE, True), (UserState.DEACTIVATED, False), (UserState.INVITED, False)]
