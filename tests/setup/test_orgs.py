"""Orgs: made from the first one only, and edited by those who manage their security."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.mail import mails
from tests.setup.stage import Stage, add_person

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import UserState
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.manage_orgs import CreateOrg, EditOrg, create_org, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.storage import factors, facts, orgs, people, signing_keys

SAID = CreateOrg(
    name="Branch",
    kind=OrgKind.SANDBOX,
    host="branch.example.com",
    issuer="https://branch.example.com",
    admin_username="bea",
    admin_email="bea@branch.example",
    admin_first_name="Bea",
    admin_last_name="Boss",
    admin_password_hash="$argon2id$canary",
)
OFFICE = (TypedRange("192.0.2.0/24", "Office"),)


def without(stage: Stage, right: Permission) -> Actor:
    return replace(stage.ada, permissions=EVERY_POWER - {right})


def current(stage: Stage) -> Org:
    found = stage.read(lambda tx: orgs.by_id(tx, stage.org.id))
    assert found is not None
    return found


def test_a_new_org_has_its_own_admin_who_holds_everything_but_the_installation(stage: Stage) -> None:
    made = stage.do(create_org, SAID)
    standing = stage.read(lambda tx: facts.standing(tx, made.org.id, made.admin.id))
    assert standing is not None
    assert standing.permissions(stage.clock.now) == EVERY_POWER - {Permission.MANAGE_INSTALLATION}
    assert stage.read(lambda tx: people.anybody_holds(tx, made.org.id, ADMIN_RIGHTS))
    assert stage.read(lambda tx: len(signing_keys.published(tx, made.org.id))) > 0


def test_a_new_org_is_told_in_both_audit_trails(stage: Stage) -> None:
    made = stage.do(create_org, SAID)
    here, there = stage.audit(), stage.audit(made.org)
    assert [(line.event, line.target_id) for line in here] == [(Event.ORG_CREATED, made.org.id)]
    assert there[0].event == Event.USER_CREATED
    assert there[-1].event == Event.ORG_CREATED
    assert {line.actor_name for line in there} == {"Ada of Acme"}
    assert "canary" not in repr(here + there)


def test_an_admin_without_a_password_is_invited_at_the_new_issuer(stage: Stage) -> None:
    made = stage.do(create_org, replace(SAID, admin_password_hash=None))
    assert made.admin.state is UserState.INVITED
    [mail] = mails(stage, made.org)
    assert mail["to"] == "bea@branch.example"
    assert "https://branch.example.com/invitation?token=gbi_" in mail["text"]
    assert stage.audit(made.org)[0].event == Event.USER_INVITED


def test_nobody_makes_an_org_without_managing_the_installation(stage: Stage) -> None:
    stage.refused(reasons.PERMISSION_MISSING, create_org, SAID, without(stage, Permission.MANAGE_INSTALLATION))


def test_nobody_makes_an_org_from_another_than_the_first(stage: Stage) -> None:
    refused = stage.refused(reasons.PERMISSION_MISSING, create_org, SAID, stage.otto)
    assert "first org" in (refused.detail or "")


def test_one_address_leads_to_one_org(stage: Stage) -> None:
    again = replace(SAID, host=stage.other.host, issuer=stage.other.issuer)
    stage.refused(reasons.ORG_HOST_TAKEN, create_org, again)


def test_everything_wrong_about_an_org_is_told_at_once(stage: Stage) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, create_org, replace(SAID, name="", host="A", admin_email="x"))
    assert stage.fields(refused) == {"name", "host", "admin_email"}


def test_an_edit_changes_what_it_names_and_is_told(stage: Stage) -> None:
    command = EditOrg(
        expected_version=1,
        name="Acme Ltd",
        session_minutes=30,
        trusted_ranges=OFFICE,
        trusted_ranges_only_waive=True,
        custom_scopes=(("crm_read", "Read your CRM data"),),
    )
    edited = stage.do(edit_org, command)
    assert edited == current(stage)
    assert (edited.name, edited.version, edited.settings.session_minutes) == ("Acme Ltd", 2, 30)
    assert [str(each) for each in edited.settings.trusted_ranges] == ["192.0.2.0/24"]
    [line] = stage.audit()
    assert {change["field"] for change in line.changes} == {
        "name", "session_minutes", "trusted_ranges", "trusted_ranges_only_waive", "custom_scopes",
    }  # fmt: skip


def test_an_edit_leaves_alone_what_it_does_not_name(stage: Stage) -> None:
    stage.do(edit_org, EditOrg(session_minutes=30, trusted_ranges=OFFICE))
    stage.do(edit_org, EditOrg(name="Acme Ltd"))
    settings = current(stage).settings
    assert (settings.session_minutes, len(settings.trusted_ranges)) == (30, 1)
    assert stage.do(edit_org, EditOrg(session_minutes=None)).settings.session_minutes is None


def test_an_edit_that_changes_nothing_is_no_new_version_and_no_audit_line(stage: Stage) -> None:
    assert stage.do(edit_org, EditOrg(name="Acme")).version == 1
    assert stage.audit() == []


def test_nobody_edits_an_org_without_managing_its_security(stage: Stage) -> None:
    stage.refused(reasons.PERMISSION_MISSING, edit_org, EditOrg(name="Mine"), without(stage, Permission.MANAGE_SECURITY))


def test_X_AD_01_an_edit_reaches_the_actors_own_org_only(stage: Stage) -> None:
    stage.do(edit_org, EditOrg(name="Changed"), stage.otto)
    assert current(stage) == stage.org


def test_X_AD_09_an_org_is_not_edited_over_somebody_elses_edit(stage: Stage) -> None:
    stage.do(edit_org, EditOrg(expected_version=1, name="Mine"))
    refused = stage.refused(reasons.VERSION_STALE, edit_org, EditOrg(expected_version=1, name="Yours"))
    assert refused.facts == {"version": 2}


@pytest.mark.parametrize(
    ("command", "field"),
    [
        pytest.param(EditOrg(session_minutes=14), "session_minutes", id="14 minutes are too few"),
        pytest.param(EditOrg(session_minutes=1441), "session_minutes", id="more than a day is too long"),
        pytest.param(EditOrg(name=" "), "name", id="a blank is no name"),
        pytest.param(EditOrg(trusted_ranges=(TypedRange("192.0.2.9/24"),)), "trusted_ranges.0", id="an address inside is no network"),
        pytest.param(EditOrg(custom_scopes=(("api", "Everything"),)), "custom_scopes.0", id="a built-in scope is not custom"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field(stage: Stage, command: EditOrg, field: str) -> None:
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_org, command)) == {field}


@pytest.mark.parametrize(
    ("address", "command", "allowed"),
    [
        pytest.param("192.0.2.7", EditOrg(trusted_ranges=OFFICE), True, id="from inside"),
        pytest.param("198.51.100.1", EditOrg(trusted_ranges=OFFICE), False, id="not from outside"),
        pytest.param("198.51.100.1", EditOrg(trusted_ranges=OFFICE, trusted_ranges_only_waive=True), True, id="where they refuse nobody"),
        pytest.param("", EditOrg(trusted_ranges=OFFICE), True, id="from the machine itself"),
    ],
)
def test_X_AD_12_nobody_shuts_themselves_out_by_trusted_ranges(stage: Stage, address: str, command: EditOrg, allowed: bool) -> None:
    actor = replace(stage.ada, address=address)
    if allowed:
        assert stage.do(edit_org, command, actor).version == 2
    else:
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_org, command, actor)) == {"trusted_ranges"}


def signed_in(stage: Stage, **ago: float) -> Actor:
    """Ada, who signed in so long ago, where a sign-in is a recent one for an hour."""
    return replace(stage.ada, authenticated_at=stage.clock.now - timedelta(**ago), fresh_for=timedelta(hours=1))


def test_for_how_long_a_sign_in_is_recent_is_not_made_longer_by_an_old_one(stage: Stage) -> None:
    """Else whoever finds a browser open would make the sign-in behind it recent, and go on to secrets and passwords."""
    longer, shorter = EditOrg(reauthenticate_minutes=240), EditOrg(reauthenticate_minutes=30)
    stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, edit_org, longer, signed_in(stage, hours=2))
    stage.do(edit_org, shorter, signed_in(stage, hours=2))
    assert stage.do(edit_org, longer, signed_in(stage)).settings.reauthenticate_minutes == 240


@pytest.mark.parametrize("of_profile", [False, True], ids=["by the org", "by the own profile"])
def test_X_AD_12_nobody_who_has_no_second_factor_demands_one_that_nobody_is_asked_for(stage: Stage, of_profile: bool) -> None:
    blocking: dict[str, Any] = {"required_level": Level.HIGH, "level_action": LevelAction.BLOCK}
    verb: Any = edit_profile if of_profile else edit_org
    command: Any = EditProfile(stage.user_of(stage.ada).profile_id, **blocking) if of_profile else EditOrg(**blocking)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, verb, command, signed_in(stage))) == {"level_action"}
    stage.do(verb, replace(command, level_action=LevelAction.RAISE), signed_in(stage))  # then it is set up at the next sign-in
    with stage.database.transaction() as tx:
        factors.insert(tx, Factor("0FA000000000001", stage.org.id, stage.ada.user_id or "", FactorKind.TOTP, "Phone", tx.now, tx.now))
    assert stage.do(verb, command, signed_in(stage)).version == 3


def test_X_AD_12_ranges_that_only_waived_do_not_begin_to_shut_out_who_switches_them(stage: Stage) -> None:
    stage.do(edit_org, EditOrg(trusted_ranges=OFFICE, trusted_ranges_only_waive=True))
    outside = replace(stage.ada, address="198.51.100.1")
    stage.refused(reasons.FIELD_INVALID, edit_org, EditOrg(trusted_ranges_only_waive=False), outside)


def test_trusted_ranges_do_not_concern_whose_profile_has_ranges(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        second = add_person(tx, stage.org, "second", EVERY_POWER)
    profile_id = stage.user_of(stage.ada).profile_id
    stage.do(edit_profile, EditProfile(profile_id, login_ranges=(TypedRange("198.51.100.0/24"),)), second)
    assert stage.do(edit_org, EditOrg(trusted_ranges=OFFICE), replace(stage.ada, address="198.51.100.1")).version == 2
