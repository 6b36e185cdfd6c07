"""Power is given by who signed in lately: each verb by which somebody comes to a right, and what nobody is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.stage import Stage, add_person
from tests.setup.test_orgs import SAID as BRANCH

from gatebridge.rules.actors import Actor
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.invite_users import InviteAgain, InviteUser, invite_again, invite_user
from gatebridge.setup.manage_orgs import create_org
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, EditPermissionSet, create_permission_set, edit_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, EditProfile, create_profile, edit_profile
from gatebridge.setup.manage_users import CreateUser, EditUser, create_user, edit_user
from gatebridge.setup.reset_password import SendPasswordLink, send_password_link
from gatebridge.setup.stop_users import ActivateUser, FreezeUser, UnfreezeUser, activate_user, freeze_user, unfreeze_user
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership

HOUR = timedelta(hours=1)
VIEW, NARROW = Permission.VIEW_SETUP, Permission.API_ONLY
Verb = Callable[..., Any]


@dataclass(frozen=True)
class Records:
    """What is given, and to whom: `plain` gives nothing, `strong` a right, and `narrow` one and less of it."""

    plain: str
    strong: str
    narrow: str
    plain_set: str
    strong_set: str
    tomorrow: Any
    users: dict[str, str]  # by how they stand: each once without a right, and once with one
    app: str
    robot: str  # a user with rights, for whom an app may act
    nobody: str  # and one without
    eve: str


@pytest.fixture
def made(stage: Stage) -> Records:
    def profile(name: str, *rights: Permission) -> str:
        return stage.do(create_profile, CreateProfile(name, permissions=frozenset(rights))).id

    def permission_set(name: str, *rights: Permission) -> str:
        return stage.do(create_permission_set, CreatePermissionSet(name, name, permissions=frozenset(rights))).id

    plain, strong, narrow = profile("Plain"), profile("Strong", VIEW), profile("Narrow", VIEW, NARROW)
    plain_set, strong_set = permission_set("Plain"), permission_set("Strong", VIEW)
    tomorrow = stage.clock.now + timedelta(days=1)
    users: dict[str, str] = {}
    with stage.database.transaction() as tx:
        for kind, rights in (("plain", frozenset[Permission]()), ("strong", frozenset({VIEW}))):
            for state in UserState:
                users[f"{kind} {state}"] = add_person(tx, stage.org, f"{kind}-{state}", rights, state).user_id or ""
            users[f"{kind} frozen"] = add_person(tx, stage.org, f"{kind}-frozen", rights, frozen=True).user_id or ""
            users[f"holder {kind}"] = add_person(tx, stage.org, f"holder-{kind}", frozenset()).user_id or ""
    stage.do(assign_permission_set, AssignPermissionSet(users["holder plain"], strong_set, tomorrow))
    stage.do(assign_permission_set, AssignPermissionSet(users["holder strong"], strong_set))
    app = stage.app().app.id
    ids = {"app": app, "robot": stage.sam.user_id or "", "nobody": users["plain active"], "eve": stage.eve.user_id or ""}
    return Records(plain, strong, narrow, plain_set, strong_set, tomorrow, users, **ids)


def case(verb: Verb, command: Callable[[Records], object], says: str) -> Any:
    return pytest.param(verb, command, id=says)


GIVES = [
    case(create_user, lambda r: CreateUser("new", "new@acme.example", r.strong), "a new user with a right"),
    case(invite_user, lambda r: InviteUser("new", "new@acme.example", r.strong), "an invited user with a right"),
    case(edit_user, lambda r: EditUser(r.users["plain active"], profile_id=r.strong), "a profile with a right that the former has not"),
    case(invite_again, lambda r: InviteAgain(r.users["strong invited"]), "another link into an account with a right"),
    case(send_password_link, lambda r: SendPasswordLink(r.users["strong active"]), "a link for the password of such an account"),
    case(activate_user, lambda r: ActivateUser(r.users["strong deactivated"]), "bringing such an account back"),
    case(unfreeze_user, lambda r: UnfreezeUser(r.users["strong frozen"]), "letting such an account go on"),
    case(assign_permission_set, lambda r: AssignPermissionSet(r.users["plain active"], r.strong_set), "a set that gives a right"),
    case(assign_permission_set, lambda r: AssignPermissionSet(r.users["holder plain"], r.strong_set), "such a set for longer"),
    case(edit_profile, lambda r: EditProfile(r.plain, permissions=frozenset({VIEW})), "a right more in a profile"),
    case(edit_profile, lambda r: EditProfile(r.narrow, permissions=frozenset({VIEW})), "a narrowing less in a profile"),
    case(edit_permission_set, lambda r: EditPermissionSet(r.plain_set, permissions=frozenset({VIEW})), "a right more in a set"),
    case(edit_policies, lambda r: EditPolicies(r.app, run_as_user_id=r.robot), "an app that acts for a user with rights"),
    case(edit_policies, lambda r: EditPolicies(r.app, may_administer=True), "an app that may administer the org"),
    case(transfer_ownership, lambda r: TransferOwnership(r.app, owner_id=r.eve), "an app to another owner"),
    case(transfer_ownership, lambda r: TransferOwnership(r.app, backup_owner_id=r.eve), "an app to a backup owner"),
    case(create_org, lambda r: BRANCH, "an org to its first admin"),
]
GIVES_NOTHING = [
    case(create_user, lambda r: CreateUser("new", "new@acme.example", r.plain), "a new user without a right"),
    case(invite_user, lambda r: InviteUser("new", "new@acme.example", r.plain), "an invited user without a right"),
    case(edit_user, lambda r: EditUser(r.users["strong active"], profile_id=r.strong), "a profile with the rights of the former"),
    case(edit_user, lambda r: EditUser(r.users["strong active"], profile_id=r.narrow), "a profile that narrows"),
    case(edit_user, lambda r: EditUser(r.users["strong active"], profile_id=r.plain), "a profile with less"),
    case(edit_user, lambda r: EditUser(r.users["strong active"], last_name="Smith"), "a name"),
    case(invite_again, lambda r: InviteAgain(r.users["plain invited"]), "another link into an account without a right"),
    case(send_password_link, lambda r: SendPasswordLink(r.users["plain active"]), "a link for the password of such an account"),
    case(activate_user, lambda r: ActivateUser(r.users["plain deactivated"]), "bringing such an account back"),
    case(unfreeze_user, lambda r: UnfreezeUser(r.users["plain frozen"]), "letting such an account go on"),
    case(freeze_user, lambda r: FreezeUser(r.users["strong active"], "Leaked."), "stopping anybody"),
    case(assign_permission_set, lambda r: AssignPermissionSet(r.users["plain active"], r.plain_set), "a set that gives nothing"),
    case(assign_permission_set, lambda r: AssignPermissionSet(r.users["holder strong"], r.strong_set, r.tomorrow), "an end for a set"),
    case(assign_permission_set, lambda r: AssignPermissionSet(r.users["holder plain"], r.strong_set, r.tomorrow), "the same end again"),
    case(unassign_permission_set, lambda r: UnassignPermissionSet(r.users["holder strong"], r.strong_set), "taking a set"),
    case(create_profile, lambda r: CreateProfile("New", permissions=frozenset({VIEW})), "a profile that nobody has yet"),
    case(create_permission_set, lambda r: CreatePermissionSet("N", "New", permissions=frozenset({VIEW})), "a set that nobody has yet"),
    case(edit_profile, lambda r: EditProfile(r.strong, permissions=frozenset({VIEW, NARROW})), "a narrowing more in a profile"),
    case(edit_profile, lambda r: EditProfile(r.strong, description="Strong"), "what a profile is called"),
    case(edit_permission_set, lambda r: EditPermissionSet(r.strong_set, permissions=frozenset()), "a right less in a set"),
    case(edit_policies, lambda r: EditPolicies(r.app, run_as_user_id=r.nobody), "an app that acts for a user without rights"),
    case(edit_policies, lambda r: EditPolicies(r.app, access_token_minutes=15), "another policy"),
]


def signed_in(stage: Stage, actor: Actor, ago: timedelta) -> Actor:
    return replace(actor, authenticated_at=stage.clock.now - ago, fresh_for=HOUR)


@pytest.mark.parametrize(("verb", "command"), GIVES)
def test_X_AD_04_power_is_given_by_who_signed_in_lately(
    stage: Stage, made: Records, verb: Verb, command: Callable[[Records], object]
) -> None:
    """A browser that was left open, or a token from yesterday, makes nobody an admin. Whoever signs in again goes on."""
    refused = stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, verb, command(made), signed_in(stage, stage.ada, HOUR))
    assert refused.facts["max_age"] == 3600
    stage.do(verb, command(made), signed_in(stage, stage.ada, HOUR - timedelta(seconds=1)))


@pytest.mark.parametrize(("verb", "command"), GIVES)
def test_a_job_with_credentials_of_its_own_gives_power_unasked(
    stage: Stage, made: Records, verb: Verb, command: Callable[[Records], object]
) -> None:
    assert stage.ada.authenticated_at is None
    stage.do(verb, command(made))


@pytest.mark.parametrize(("verb", "command"), GIVES_NOTHING)
def test_what_gives_no_power_can_be_done_after_any_sign_in(
    stage: Stage, made: Records, verb: Verb, command: Callable[[Records], object]
) -> None:
    stage.do(verb, command(made), signed_in(stage, stage.ada, timedelta(days=1)))


@pytest.mark.parametrize("policies", [{"may_administer": True}, {"run_as_user_id": "robot"}], ids=["administers", "acts for a user"])
def test_a_way_into_somebody_elses_app_with_powers_is_opened_by_who_signed_in_lately(
    stage: Stage, made: Records, policies: dict[str, Any]
) -> None:
    """Its owner was given its powers along with it, and is asked where a credential is made of it."""
    elsewhere = EditSettings(made.app, callbacks=("https://app.example.com/callback",))
    manager, owner = signed_in(stage, stage.ada, HOUR), signed_in(stage, stage.dan, HOUR)
    powers: dict[str, Any] = {name: made.robot if value == "robot" else value for name, value in policies.items()}
    stage.do(edit_policies, EditPolicies(made.app, **powers))
    stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, edit_settings, elsewhere, manager)
    stage.do(edit_settings, EditSettings(made.app, id_token_minutes=5), manager)
    stage.do(edit_settings, elsewhere, owner)


def test_a_set_that_has_run_out_is_given_anew(stage: Stage, made: Records) -> None:
    stage.clock.forward(days=2)
    command = AssignPermissionSet(made.users["holder plain"], made.strong_set, stage.clock.now + timedelta(minutes=1))
    stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, assign_permission_set, command, signed_in(stage, stage.ada, HOUR))
