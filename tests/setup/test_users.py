"""Users: made, invited, edited, stopped, and never the last admin."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.mail import mails, token_in
from tests.setup.stage import Stage, add_person

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import User, UserState
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, NARROWING, Permission
from gatebridge.rules.reasons import Refused, sign_in
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.invite_users import AcceptInvitation, InviteAgain, InviteUser, accept_invitation, invite_again, invite_user
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.setup.manage_users import CreateUser, EditUser, SetPassword, create_user, edit_user, set_password
from gatebridge.setup.my_account import ChangeMyPassword, change_my_password
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
from gatebridge.storage import people, revocations

HASH = "$argon2id$canary"
Stop = Callable[..., User]


def profile_with(stage: Stage, *rights: Permission) -> str:
    """A new profile of Ada's org that gives these rights."""
    return stage.do(create_profile, CreateProfile(f"Gives {len(stage.audit())}", permissions=frozenset(rights))).id


def person(stage: Stage, username: str, *rights: Permission) -> Actor:
    with stage.database.transaction() as tx:
        return add_person(tx, stage.org, username, frozenset(rights))


def test_a_service_user_is_active_at_once_and_has_no_password(stage: Stage) -> None:
    made = stage.do(create_user, CreateUser("svc.billing", "ops@acme.example", profile_with(stage)))
    assert (made.state, made.frozen, made.name) == (UserState.ACTIVE, False, "svc.billing")
    assert stage.read(lambda tx: people.by_id(tx, stage.org.id, made.id)) == made
    assert stage.read(lambda tx: people.password_hash(tx, stage.org.id, made.id)) is None


def test_everything_wrong_about_a_user_is_told_at_once(stage: Stage) -> None:
    wrong = CreateUser("a b", "nobody", "00e000000000000", first_name="\0", last_name=" x", external_id="")
    refused = stage.refused(reasons.FIELD_INVALID, create_user, wrong)
    assert stage.fields(refused) == {"username", "email", "profile_id", "first_name", "last_name", "external_id"}


def test_X_JB_06_two_usernames_are_the_same_only_byte_for_byte(stage: Stage) -> None:
    profile_id = profile_with(stage)
    stage.do(create_user, CreateUser("Ada", "ada2@acme.example", profile_id))
    refused = stage.refused(reasons.NAME_TAKEN, create_user, CreateUser("ada", "ada3@acme.example", profile_id))
    assert stage.fields(refused) == {"username"}


def test_a_username_cannot_be_edited_into_another_users(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.refused(reasons.NAME_TAKEN, edit_user, EditUser(user_id, username="dan"))


def test_an_edit_changes_what_it_names_and_is_told(stage: Stage) -> None:
    user = stage.user_of(stage.sam)
    edited = stage.do(edit_user, EditUser(user.id, 1, username="sam2", email="sam2@acme.example", external_id="okta|7"))
    assert edited == stage.user_of(stage.sam)
    assert edited == replace(user, username="sam2", email="sam2@acme.example", external_id="okta|7", version=2, updated_at=stage.clock.now)
    assert [change["field"] for change in stage.audit()[0].changes] == ["username", "email", "external_id"]
    assert stage.do(edit_user, EditUser(user.id, external_id=None)).external_id is None


def test_an_edit_that_changes_nothing_is_no_new_version(stage: Stage) -> None:
    user = stage.user_of(stage.sam)
    assert stage.do(edit_user, EditUser(user.id, username="sam")) == user
    assert stage.audit() == []


def test_X_AD_09_a_user_is_not_edited_over_somebody_elses_edit(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.do(edit_user, EditUser(user_id, expected_version=1, last_name="Mine"))
    stage.refused(reasons.VERSION_STALE, edit_user, EditUser(user_id, expected_version=1, last_name="Yours"))


def test_X_AD_04_nobody_gives_a_profile_with_a_right_beyond_their_own(stage: Stage) -> None:
    """Each right alone, given by somebody who holds all others, by every way in which a user comes to a profile."""
    user_id = stage.do(create_user, CreateUser("plain", "plain@acme.example", profile_with(stage))).id
    for right in sorted(EVERY_POWER - {Permission.MANAGE_USERS}):
        profile_id = profile_with(stage, right)
        limited = replace(stage.ada, permissions=EVERY_POWER - {right})
        attempts: list[tuple[Callable[..., object], object]] = [
            (create_user, CreateUser("new", "new@acme.example", profile_id)),
            (invite_user, InviteUser("new", "new@acme.example", profile_id)),
            (edit_user, EditUser(user_id, profile_id=profile_id)),
        ]
        for verb, command in attempts:
            assert stage.refused(reasons.RIGHT_BEYOND_OWN, verb, command, limited).facts == {"permissions": [right]}


def test_X_AD_04_a_narrowing_is_given_by_anybody(stage: Stage) -> None:
    limited = replace(stage.ada, permissions=frozenset({Permission.MANAGE_USERS}))
    assert stage.do(create_user, CreateUser("new", "new@acme.example", profile_with(stage, *NARROWING)), limited)


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        pytest.param(set_password, lambda user_id: SetPassword(user_id, HASH), id="a password"),
        *(
            pytest.param(edit_user, lambda user_id, said={name: value}: EditUser(user_id, **said), id=name)
            for name, value in {"username": "sam2", "email": "eve@evil.example", "external_id": "okta|eve"}.items()
        ),
    ],
)
def test_the_way_into_an_account_is_changed_by_who_signed_in_lately(
    stage: Stage, verb: Callable[..., object], command: Callable[[str], Any]
) -> None:
    """As second factors are taken away: a browser that was left open is nobody's way into other accounts. Names can wait."""
    user_id, fresh = stage.user_of(stage.sam).id, timedelta(minutes=60)
    long_ago = replace(stage.ada, authenticated_at=stage.clock.now - fresh, fresh_for=fresh)
    stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, verb, command(user_id), long_ago)
    stage.do(edit_user, EditUser(user_id, last_name="Smith"), long_ago)
    stage.do(verb, command(user_id), replace(long_ago, authenticated_at=stage.clock.now))


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        pytest.param(set_password, lambda user_id: SetPassword(user_id, HASH), id="by a new password"),
        pytest.param(edit_user, lambda user_id: EditUser(user_id, email="eve@evil.example"), id="by another e-mail"),
        pytest.param(edit_user, lambda user_id: EditUser(user_id, external_id="okta|eve"), id="by another identity"),
        pytest.param(unfreeze_user, UnfreezeUser, id="by unfreezing it"),
        pytest.param(activate_user, ActivateUser, id="by activating it"),
        pytest.param(invite_again, InviteAgain, id="by a new invitation"),
    ],
)
def test_X_AD_04_nobody_gets_into_an_account_that_may_do_more(
    stage: Stage, verb: Callable[..., object], command: Callable[[str], Any]
) -> None:
    helpdesk = person(stage, "helpdesk", Permission.MANAGE_USERS)
    refused = stage.refused(reasons.RIGHT_BEYOND_OWN, verb, command(stage.user_of(stage.dan).id), helpdesk)
    assert Permission.REGISTER_CONNECTED_APPS in refused.facts["permissions"]  # type: ignore[operator]


def test_X_AD_04_nobody_changes_their_own_profile(stage: Stage) -> None:
    ada = stage.user_of(stage.ada)
    stage.refused(reasons.OWN_ASSIGNMENT, edit_user, EditUser(ada.id, profile_id=profile_with(stage)))
    assert stage.do(edit_user, EditUser(ada.id, last_name="Lovelace", profile_id=ada.profile_id)).last_name == "Lovelace"


STOPS: list[Any] = [
    pytest.param(lambda stage, user_id, actor=None: stage.do(freeze_user, FreezeUser(user_id, "Leaked."), actor), id="freezing"),
    pytest.param(lambda stage, user_id, actor=None: stage.do(deactivate_user, DeactivateUser(user_id, "Left."), actor), id="deactivating"),
]


@pytest.mark.parametrize("stop", STOPS)
def test_X_SE_04_stopping_a_user_ends_everything_obtained_so_far(stage: Stage, stop: Stop) -> None:
    """The epoch goes up, and the feed tells resource servers, in the transaction that stops the user."""
    user = stage.user_of(stage.sam)
    stopped = stop(stage, user.id)
    assert stopped == stage.user_of(stage.sam)
    assert stopped.epoch == user.epoch + 1
    [told] = stage.read(lambda tx: revocations.since(tx, stage.org.id, 0, 10))
    assert (told.kind, told.user_id, told.app_id, told.grant_id) == ("user", user.id, None, None)
    assert stage.audit()[0].reason in ("Leaked.", "Left.")


@pytest.mark.parametrize("stop", STOPS)
def test_anybody_who_manages_users_can_stop_anybody(stage: Stage, stop: Stop) -> None:
    helpdesk = person(stage, "helpdesk", Permission.MANAGE_USERS)
    assert stop(stage, stage.user_of(stage.dan).id, helpdesk)


@pytest.mark.parametrize("stop", STOPS)
def test_a_user_is_stopped_once(stage: Stage, stop: Stop) -> None:
    user_id = stage.user_of(stage.sam).id
    stop(stage, user_id)
    with pytest.raises(Refused) as caught:
        stop(stage, user_id)
    assert caught.value.reason is reasons.STATE_CONFLICT
    assert stage.user_of(stage.sam).epoch == 1


@pytest.mark.parametrize(
    ("verb", "command"),
    [pytest.param(freeze_user, FreezeUser, id="freezing"), pytest.param(deactivate_user, DeactivateUser, id="deactivating")],
)
def test_stopping_a_user_needs_a_reason(stage: Stage, verb: Callable[..., object], command: Callable[..., Any]) -> None:
    stage.refused(reasons.REASON_REQUIRED, verb, command(stage.user_of(stage.sam).id, " . "))


def test_a_frozen_user_goes_on_with_nothing_of_before(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.do(freeze_user, FreezeUser(user_id, "Leaked."))
    thawed = stage.do(unfreeze_user, UnfreezeUser(user_id, "False alarm."))
    assert (thawed.frozen, thawed.state, thawed.epoch) == (False, UserState.ACTIVE, 1)
    stage.refused(reasons.STATE_CONFLICT, unfreeze_user, UnfreezeUser(user_id))


def test_a_deactivated_user_comes_back_active(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.do(deactivate_user, DeactivateUser(user_id, "Left."))
    back = stage.do(activate_user, ActivateUser(user_id))
    assert (back.state, back.epoch) == (UserState.ACTIVE, 1)
    stage.refused(reasons.STATE_CONFLICT, activate_user, ActivateUser(user_id))


def test_a_user_who_is_frozen_and_deactivated_stays_frozen_when_activated(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.do(freeze_user, FreezeUser(user_id, "Leaked."))
    stage.do(deactivate_user, DeactivateUser(user_id, "Left."))
    assert stage.do(activate_user, ActivateUser(user_id)).frozen


@pytest.mark.parametrize(("verb", "command"), [(unfreeze_user, UnfreezeUser), (activate_user, ActivateUser)])
def test_X_AD_04_nobody_lets_themselves_go_on(stage: Stage, verb: Callable[..., object], command: Callable[..., Any]) -> None:
    stage.refused(reasons.OWN_ASSIGNMENT, verb, command(stage.user_of(stage.ada).id))


@pytest.mark.parametrize("stop", STOPS)
def test_X_AD_12_the_last_admin_is_not_stopped(stage: Stage, stop: Stop) -> None:
    """Also not by themselves, and not while the only other one has the rights until tomorrow."""
    ada = stage.user_of(stage.ada)
    person(stage, "half", Permission.MANAGE_USERS)
    with pytest.raises(Refused) as caught:
        stop(stage, ada.id)
    assert caught.value.reason is reasons.LAST_ADMIN
    assert stage.user_of(stage.ada) == ada
    assert stage.read(lambda tx: revocations.since(tx, stage.org.id, 0, 10)) == []


@pytest.mark.parametrize("stop", STOPS)
def test_X_AD_12_one_of_two_admins_can_be_stopped(stage: Stage, stop: Stop) -> None:
    person(stage, "second", *ADMIN_RIGHTS)
    assert stop(stage, stage.user_of(stage.ada).id)


def test_X_AD_12_the_last_admin_keeps_the_profile(stage: Stage) -> None:
    operator = replace(stage.ada, user_id=None)
    command = EditUser(stage.user_of(stage.ada).id, profile_id=profile_with(stage, Permission.MANAGE_USERS))
    stage.refused(reasons.LAST_ADMIN, edit_user, command, operator)
    person(stage, "second", *ADMIN_RIGHTS)
    assert stage.do(edit_user, command, operator)


def test_X_AD_12_two_admins_who_stop_each_other_at_once_leave_one(stage: Stage) -> None:
    second = person(stage, "second", *EVERY_POWER)
    pairs = [(stage.ada, second), (second, stage.ada)]
    together, refused = threading.Barrier(2), []

    def stop(actor: Actor, other: Actor) -> None:
        together.wait(timeout=30)
        try:
            stage.do(deactivate_user, DeactivateUser(other.user_id or "", "Coup."), actor)
        except Refused as refusal:
            refused.append(refusal.reason)

    threads = [threading.Thread(target=stop, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert refused == [reasons.LAST_ADMIN]
    assert stage.read(lambda tx: people.anybody_holds(tx, stage.org.id, ADMIN_RIGHTS))


def test_a_password_is_set_for_those_who_can_sign_in_one_day(stage: Stage) -> None:
    user_id = stage.user_of(stage.sam).id
    stage.do(set_password, SetPassword(user_id, HASH))
    assert stage.read(lambda tx: people.password_hash(tx, stage.org.id, user_id)) == HASH
    assert stage.audit()[0].changes == ({"field": "password", "before": None, "after": "set"},)


def test_a_user_hears_of_a_new_password_and_of_another_address_at_the_former_one(stage: Stage) -> None:
    user = stage.user_of(stage.sam)
    waiting, _ = invited(stage)
    already = len(mails(stage))
    stage.do(set_password, SetPassword(user.id, HASH))
    stage.do(change_my_password, ChangeMyPassword(HASH), stage.sam)
    stage.do(edit_user, EditUser(user.id, email="moved@acme.example"))
    stage.do(edit_user, EditUser(waiting.id, email="right@acme.example"))  # whose the mistyped address is nobody knows
    told = [(mail["to"], mail["subject"], HASH in mail["text"]) for mail in mails(stage)[already:]]
    password, address = "A new password at Acme", "Another e-mail address at Acme"
    assert told == [(user.email, subject, False) for subject in (password, password, address)]


def test_a_password_that_was_not_hashed_is_never_stored(stage: Stage) -> None:
    with pytest.raises(ValueError, match="hashed"):
        stage.do(set_password, SetPassword(stage.user_of(stage.sam).id, "correct horse"))


def invited(stage: Stage, username: str = "ines") -> tuple[User, str]:
    """A new invited user, and the token of the mail."""
    made = stage.do(invite_user, InviteUser(username, f"{username}@acme.example", profile_with(stage), "Inés"))
    return made.user, token_in(mails(stage)[-1])


def accept(stage: Stage, token: str, org: Any = None) -> User:
    with stage.database.transaction() as tx:
        return accept_invitation(tx, org or stage.org, AcceptInvitation(token, HASH, address="192.0.2.1"))


def test_an_invited_user_waits_and_gets_one_mail(stage: Stage) -> None:
    user, token = invited(stage)
    [mail] = mails(stage)
    assert user.state is UserState.INVITED
    assert (mail["to"], mail["subject"]) == ("ines@acme.example", "Your invitation to Acme")
    assert f"{stage.org.issuer}/invitation?token={token}" in mail["text"]
    assert "2026-05-11 12:00 UTC" in mail["text"]


def test_the_invited_person_becomes_active_with_the_password_they_chose(stage: Stage) -> None:
    user, token = invited(stage)
    accepted = accept(stage, token)
    assert accepted == stage.read(lambda tx: people.by_id(tx, stage.org.id, user.id))
    assert accepted.state is UserState.ACTIVE
    assert stage.read(lambda tx: people.password_hash(tx, stage.org.id, user.id)) == HASH
    line = stage.audit()[0]
    assert (line.event, line.actor_id, line.address) == (Event.USER_ACTIVATED, user.id, "192.0.2.1")


def refuses(stage: Stage, token: str, org: Any = None) -> str:
    """Why the invitation does not work, in the words that are told."""
    with pytest.raises(Refused) as caught:
        accept(stage, token, org)
    assert caught.value.reason is sign_in.MAIL_LINK_DEAD
    return caught.value.detail or ""


def test_X_SE_09_an_invitation_works_once(stage: Stage) -> None:
    _, token = invited(stage)
    accept(stage, token)
    refuses(stage, token)


def test_X_SE_09_an_invitation_that_does_not_work_does_not_say_why(stage: Stage) -> None:
    """Unknown, mistyped, of another org, run out, withdrawn, or of a user who was deactivated: all are answered alike."""
    _, elsewhere = invited(stage, "guest-a")
    stopped, of_stopped = invited(stage, "guest-b")
    again, withdrawn = invited(stage, "guest-c")
    moved, to_old_address = invited(stage, "guest-d")
    _, late = invited(stage, "guest-e")
    stage.do(deactivate_user, DeactivateUser(stopped.id, "Never came."))
    stage.do(invite_again, InviteAgain(again.id))
    stage.do(edit_user, EditUser(moved.id, email="new@acme.example"))
    words = [
        refuses(stage, "gbi_unknown"),
        refuses(stage, late[:-1] + ("a" if late[-1] != "a" else "b")),
        refuses(stage, elsewhere, stage.other),
        refuses(stage, of_stopped),
        refuses(stage, withdrawn),
        refuses(stage, to_old_address),
    ]
    stage.clock.now += timedelta(days=7)
    words.append(refuses(stage, late))
    assert len(set(words)) == 1


def test_an_invitation_lives_until_the_last_moment_of_seven_days(stage: Stage) -> None:
    _, token = invited(stage)
    stage.clock.now += timedelta(days=7, microseconds=-1)
    assert accept(stage, token).state is UserState.ACTIVE


def test_a_new_invitation_works_in_place_of_the_old_one(stage: Stage) -> None:
    user, _ = invited(stage)
    stage.do(invite_again, InviteAgain(user.id))
    assert accept(stage, token_in(mails(stage)[-1])).state is UserState.ACTIVE
    stage.refused(reasons.STATE_CONFLICT, invite_again, InviteAgain(user.id))


def test_an_invited_user_gets_no_password_from_an_admin(stage: Stage) -> None:
    user, _ = invited(stage)
    stage.refused(reasons.STATE_CONFLICT, set_password, SetPassword(user.id, HASH))
