"""Uses that are judged once more: with good proofs they pass, and what differs under a draft is the draft's doing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import BARE_FACTS, ELSEWHERE, FACTS, NOW, OFFICE, PEOPLE, SERVICE_PROFILE, SYNC_SET, but, ranges
from tests.rules.test_access_properties import any_facts

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.approvals import Approval
from gatebridge.rules.drafts import Draft, applied
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.hours import parse_hours
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission
from gatebridge.rules.replays import Difference, Judged, Kind, Use, at, difference, judge

JOB = Use(Door.TOKEN, Flow.CLIENT_CREDENTIALS, OFFICE, ClientAuthMethod.SECRET_POST)
PERSON = Use(Door.AUTHORIZE, Flow.WEB_SERVER, OFFICE)
CODE = Use(Door.CODE, Flow.WEB_SERVER, OFFICE, scopes_held=("api",), level=Level.STANDARD, began=Flow.WEB_SERVER)
PANEL = Use(Door.DEVICE, Flow.DEVICE, OFFICE, scopes_held=("api",), level=Level.STANDARD, began=Flow.DEVICE)
FAMILY = Use(Door.REFRESH, Flow.REFRESH_TOKEN, OFFICE, scopes_held=("api", "refresh_token"), level=Level.STANDARD, began=Flow.WEB_SERVER)
SIGNER = Use(Door.ASSERTION, Flow.JWT_BEARER, OFFICE)
ADMIN = Use(Door.API, Flow.WEB_SERVER, OFFICE, scopes_held=("api", "setup_api"))
SIGN_IN = Use(None, address=OFFICE)

ALL_FLOWS = frozenset({Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.JWT_BEARER, Flow.DEVICE})
ANY = but(
    but(
        but(replace(FACTS, grant=None), "org.settings", device_flow=True),
        "settings",
        flows=ALL_FLOWS,
        scopes=("api", "id", "refresh_token", "setup_api"),
    ),
    "policies",
    may_administer=True,
)
HIGH = {action: Requirement(Level.HIGH, action) for action in LevelAction}
CLOSED, OPEN = parse_hours("saturday 08:00-09:00"), parse_hours("sunday 00:00-24:00")
USES = {"job": JOB, "person": PERSON, "code": CODE, "device": PANEL, "family": FAMILY, "signer": SIGNER, "admin": ADMIN, "sign-in": SIGN_IN}

every_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


def code_of(facts: Facts, use: Use) -> str | None:
    reason = judge(facts, use).reason
    return reason.code if reason is not None else None


def policies(**changed: Any) -> Facts:
    return but(ANY, "policies", **changed)


def profile(**changed: Any) -> Facts:
    return but(ANY, "standing.profile", **changed)


@every_use
def test_with_good_proofs_every_use_passes(use: Use) -> None:
    assert code_of(ANY, use) is None


@every_use
def test_the_proofs_are_taken_for_newer_than_whatever_was_ended(use: Use) -> None:
    assert code_of(but(ANY, "org", epoch_at=NOW + timedelta(seconds=1)), use) is None


@every_use
def test_the_same_facts_differ_in_nothing(use: Use) -> None:
    assert difference(ANY, ANY, use) is None
    assert difference(ANY, replace(ANY), use) is None


@pytest.mark.parametrize("use", [use for use in USES.values() if use.door is not None], ids=[name for name in USES if name != "sign-in"])
def test_what_is_missing_refuses(use: Use) -> None:
    assert code_of(BARE_FACTS, use) is not None
    assert code_of(replace(ANY, standing=None), use) is not None
    assert code_of(replace(ANY, installation=None, policies=None), use) == "app_not_installed"


@pytest.mark.parametrize(
    ("drafted", "use", "reason"),
    [
        (policies(ip_ranges=ranges("203.0.113.0/24")), JOB, "address_outside_app_ranges"),
        (policies(refresh_ranges=ranges("203.0.113.0/24")), FAMILY, "refresh_address_refused"),
        (profile(login_ranges=ranges("203.0.113.0/24")), PERSON, "address_outside_ranges"),
        (profile(login_ranges=ranges("203.0.113.0/24")), CODE, "address_outside_ranges"),
        (but(ANY, "org.settings", device_flow=False), PANEL, "flow_off_in_org"),
        (profile(login_ranges=ranges("203.0.113.0/24")), PANEL, "address_outside_ranges"),
        (policies(requirement=HIGH[LevelAction.BLOCK]), PANEL, "level_too_low"),
        (profile(login_hours=CLOSED), SIGN_IN, "outside_hours"),
        (profile(login_hours=CLOSED), SIGNER, "outside_hours"),
        (profile(permissions=frozenset()), ADMIN, "api_not_enabled"),
        (replace(ANY, permits=()), JOB, "user_not_approved"),
        (policies(run_as_user_id=None), JOB, "run_as_missing"),
        (policies(permitted_users=PermittedUsers.SELF_AUTHORIZE), SIGNER, "consent_missing"),
        (policies(may_administer=False), ADMIN, "app_may_not_administer"),
        (but(ANY, "settings", flows=frozenset({Flow.REFRESH_TOKEN})), FAMILY, "flow_not_enabled"),
        (policies(requirement=HIGH[LevelAction.BLOCK]), CODE, "level_too_low"),
        (policies(requirement=HIGH[LevelAction.RAISE]), FAMILY, "level_too_low"),
        (policies(requirement=HIGH[LevelAction.RAISE]), JOB, "level_needs_user"),
    ],
)
def test_what_a_draft_would_newly_refuse_and_what_its_opposite_would_let_in(drafted: Facts, use: Use, reason: str) -> None:
    refused, admitted = difference(ANY, drafted, use), difference(drafted, ANY, use)
    assert refused is not None
    assert admitted is not None
    assert (refused.kind, refused.reason.code if refused.reason else None) == (Kind.REFUSED, reason)
    assert (admitted.kind, admitted.reason) == (Kind.ADMITTED, refused.reason)


def test_what_is_refused_before_and_after_is_no_difference() -> None:
    assert difference(replace(ANY, permits=()), profile(permissions=frozenset()), JOB) is None


def test_who_sits_at_a_browser_is_asked_for_another_factor_and_goes_on() -> None:
    raised = policies(requirement=HIGH[LevelAction.RAISE])
    assert difference(ANY, raised, PERSON) == Difference(Kind.ASKED)
    assert difference(ANY, raised, replace(PERSON, level=Level.HIGH)) is None
    assert difference(ANY, raised, CODE) is None  # its sign-in was surer then
    assert difference(raised, replace(raised), PERSON) is None
    assert judge(raised, PERSON) == Judged(None, judge(ANY, PERSON).scopes, after_another_factor=True)


def test_lost_scopes_are_told_and_gained_ones_are_not() -> None:
    less = but(ANY, "settings", scopes=("api",))
    assert difference(ANY, less, JOB) == Difference(Kind.NARROWED, scopes_lost=("setup_api", "id"))
    assert difference(less, ANY, JOB) is None


def test_scopes_that_nobody_recorded_are_taken_to_be_all_that_the_app_has() -> None:
    assert set(judge(ANY, replace(FAMILY, scopes_held=None)).scopes) == {"api", "id", "refresh_token", "setup_api"}
    assert code_of(ANY, replace(ADMIN, address=None, flow=None, method=None)) is None
    assert code_of(ANY, replace(CODE, began=None, address=None)) is None


def test_a_user_who_approved_needs_no_admin_for_an_assertion() -> None:
    assert ANY.installation is not None
    assert ANY.standing is not None
    approval = Approval("0AP", ANY.org.id, ANY.installation.id, ANY.standing.user.id, frozenset({"api", "id"}), frozenset(), NOW, NOW)
    alone = replace(policies(permitted_users=PermittedUsers.SELF_AUTHORIZE), approval=approval)
    assert code_of(alone, replace(SIGNER, scopes_asked=("api",))) is None


def test_at_another_hour_the_hours_differ_and_nothing_else() -> None:
    later = NOW + timedelta(hours=20)
    assert NOW.weekday() == 6
    sunday_only = profile(login_hours=OPEN)
    assert code_of(sunday_only, JOB) is None
    assert code_of(at(sunday_only, later), JOB) == "outside_hours"
    assert code_of(at(ANY, later), JOB) is None
    assert at(BARE_FACTS, later) == replace(BARE_FACTS, now=later)


@pytest.mark.parametrize("days", [-40, 40])
def test_what_holds_today_holds_at_the_other_moment_and_what_has_run_out_does_not(days: int) -> None:
    moment = NOW + timedelta(days=days)
    soon, over = NOW + timedelta(days=1), NOW - timedelta(days=1)
    by_permit = replace(ANY, permits=(Assignment(SERVICE_PROFILE.id, soon),))
    assert code_of(at(by_permit, moment), JOB) is None
    assert code_of(at(replace(ANY, permits=(Assignment(SERVICE_PROFILE.id, over),)), moment), JOB) == "approval_expired"
    enabling = replace(SYNC_SET, permissions=frozenset({Permission.API_ENABLED}))
    for end, reason in ((soon, None), (over, "api_not_enabled")):
        by_set = but(profile(permissions=frozenset()), "standing", sets=((enabling, Assignment(SYNC_SET.id, end)),))
        assert code_of(at(by_set, moment), JOB) == reason


@pytest.mark.parametrize(("days", "reason"), [(1, None), (0, "app_not_installed"), (-1, "app_not_installed")])
def test_what_is_installed_today_is_installed_at_the_other_moment(days: int, reason: str | None) -> None:
    until = but(ANY, "installation", uninstalled_at=NOW + timedelta(days=days))
    for moment in (NOW - timedelta(days=40), NOW + timedelta(days=40)):
        assert code_of(at(until, moment), JOB) == reason


def test_an_address_that_nobody_can_read_is_judged_as_such() -> None:
    assert code_of(policies(ip_ranges=ranges("192.0.2.0/24")), replace(JOB, address=None)) == "address_unknown"
    assert code_of(policies(ip_ranges=ranges("192.0.2.0/24")), replace(JOB, address=ELSEWHERE)) == "address_outside_app_ranges"


def test_the_people_of_the_other_tables_pass_too() -> None:
    assert code_of(PEOPLE, replace(PERSON, scopes_asked=None)) is None


@given(any_facts(), st.sampled_from(sorted(USES)))
def test_whatever_the_facts_an_empty_draft_finds_no_difference(facts: Facts, name: str) -> None:
    assert applied(Draft(), facts) is facts
    assert difference(facts, replace(facts), USES[name]) is None


@given(any_facts(), any_facts(), st.sampled_from(sorted(USES)))
def test_whatever_the_facts_what_one_way_refuses_the_other_way_lets_in(one: Facts, other: Facts, name: str) -> None:
    there, back = difference(one, other, USES[name]), difference(other, one, USES[name])
    refused = there is not None and there.kind is Kind.REFUSED
    assert refused == (back is not None and back.kind is Kind.ADMITTED)
    if refused:
        assert judge(one, USES[name]).reason is None
        assert judge(other, USES[name]).reason == (there.reason if there is not None else None)
