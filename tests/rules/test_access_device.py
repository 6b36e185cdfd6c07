"""The device flow at its three doors: the codes, the page of the user, and the question of the device what was decided."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import (
    A_MOMENT,
    APPROVED_DEVICE,
    CONNECTING,
    ELSEWHERE,
    NOW,
    OFFICE,
    PANEL,
    POLLING,
    SESSION,
    STARTING,
    answer,
    but,
    finding,
    ranges,
)

from gatebridge.rules import access, granted
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import Epochs
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.network import Relaxation
from gatebridge.rules.reasons import Compared, Reason, user_codes
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import device as reasons
from gatebridge.rules.verdict import State

WAITING = but(POLLING, device=but(APPROVED_DEVICE, user_id=None, approved=None, decided_at=None))
# Before the user has decided nobody knows who it is.
UNDECIDED = but(PANEL, standing=None, session=None)
DENIED = but(POLLING, "device", approved=None)


@pytest.mark.parametrize(
    ("facts", "attempt", "reason", "words"),
    [
        pytest.param(PANEL, POLLING, None, "approved, unused, in time", id="one that was approved"),
        pytest.param(UNDECIDED, but(WAITING, device=None), reasons.DEVICE_CODE_UNKNOWN, "no such device code", id="one that nobody knows"),
        pytest.param(
            UNDECIDED,
            but(WAITING, device=None, proof_refused=reasons.DEVICE_CODE_OF_OTHER_APP),
            reasons.DEVICE_CODE_OF_OTHER_APP,
            reasons.DEVICE_CODE_OF_OTHER_APP.sentence,
            id="X-DV-08: another app's",
        ),
        pytest.param(
            UNDECIDED,
            WAITING,
            reasons.DEVICE_PENDING,
            "the user has not decided yet; to be asked every 5 s",
            id="std DV-02: one about which nobody has decided",
        ),
        pytest.param(
            UNDECIDED,
            but(WAITING, "device", polled_at=NOW - timedelta(seconds=1)),
            reasons.DEVICE_TOO_SOON,
            "to be asked every 5 s",
            id="X-DV-08: the same, asked too soon",
        ),
        pytest.param(PANEL, DENIED, reasons.DEVICE_DENIED, "the user said no", id="one that was denied"),
        pytest.param(
            PANEL, but(DENIED, "device", expires_at=NOW), reasons.DEVICE_DENIED, "the user said no", id="denied is told before expired"
        ),
        pytest.param(
            UNDECIDED, but(WAITING, "device", expires_at=NOW), reasons.DEVICE_EXPIRED, "its time is over", id="one at its end, undecided"
        ),
        pytest.param(
            PANEL, but(POLLING, "device", expires_at=NOW), reasons.DEVICE_EXPIRED, "its time is over", id="one at its end, approved"
        ),
        pytest.param(PANEL, but(POLLING, "device", expires_at=NOW + A_MOMENT), None, "approved, unused, in time", id="in its last moment"),
        pytest.param(
            PANEL,
            but(POLLING, "device", polled_at=NOW - timedelta(seconds=1)),
            None,
            "approved, unused, in time",
            id="what was approved is not held back because it is asked for too soon",
        ),
        pytest.param(
            PANEL, but(POLLING, "device", used_at=NOW), reasons.DEVICE_CODE_USED, "answered before", id="X-DV-04: one that was redeemed"
        ),
        pytest.param(
            but(PANEL, "session", ended_at=NOW),
            POLLING,
            reasons.DEVICE_CODE_ENDED,
            "the session in which it was approved has ended",
            id="one whose session was ended",
        ),
        pytest.param(
            but(PANEL, session=None),
            POLLING,
            reasons.DEVICE_CODE_ENDED,
            "the session in which it was approved has ended",
            id="one whose session is not there",
        ),
    ],
)
def test_the_proof_gate_of_a_device_that_asks(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PROOF, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)
    assert answer(facts, attempt) == (reason.code if reason else "yes")


@pytest.mark.parametrize("name", ["org", "app", "installation", "user"])
def test_X_DV_05_ending_everything_of_one_thing_ends_what_was_approved(name: str) -> None:
    since = but(POLLING, "device", epochs=but(APPROVED_DEVICE.epochs, **{name: 99}))
    found = finding(Gate.PROOF, PANEL, since)
    assert (found.reason, found.words) == (reasons.DEVICE_CODE_ENDED, f"everything of its {name} was ended since")


@pytest.mark.parametrize("name", ["org", "app", "installation"])
def test_ending_everything_of_one_thing_ends_the_devices_that_wait_for_their_users(name: str) -> None:
    epochs = but(Epochs(org=1, app=2, installation=3, user=0, grant=0), **{name: 99})
    assert answer(UNDECIDED, but(WAITING, "device", epochs=epochs)) == "device_code_ended"
    assert answer(PANEL, but(CONNECTING, "device", epochs=epochs)) == "user_code_ended"


def test_of_a_user_nothing_can_have_been_ended_while_nobody_has_said_yes() -> None:
    assert answer(PANEL, but(CONNECTING, "device", epochs=Epochs(org=1, app=2, installation=3, user=99, grant=0))) == "yes"


def test_std_G_13_whoever_failed_to_prove_itself_hears_nothing_about_the_device_code() -> None:
    stranger = but(POLLING, "client", refused=client_reasons.SECRET_WRONG)
    assert finding(Gate.PROOF, PANEL, stranger).state is State.UNREACHED
    assert answer(PANEL, stranger) == "secret_wrong"


def test_a_moment_that_decides_is_shown_beside_the_present() -> None:
    late = but(POLLING, "device", expires_at=NOW - timedelta(seconds=1))
    compared = finding(Gate.PROOF, PANEL, late).compared
    assert compared == (Compared("expires_at", "2026-03-01T12:00:00+00:00", "2026-03-01T11:59:59+00:00"),)


@pytest.mark.parametrize("missing", ["app", "installation", "standing"])
def test_X_AD_11_without_a_record_that_it_hangs_from_nobody_says_yes(missing: str) -> None:
    assert answer(but(PANEL, **{missing: None}), POLLING) != "yes"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (but(PANEL, "standing.user", frozen=True), "user_frozen"),
        (but(PANEL, permits=()), "user_not_approved"),
        (but(PANEL, "org.settings", trusted_ranges=ranges("203.0.113.0/24")), "address_outside_ranges"),
        (but(PANEL, "policies", requirement=Requirement(Level.HIGH)), "level_too_low"),
        (but(PANEL, "settings", flows=frozenset()), "flow_not_enabled"),
        (but(PANEL, "org.settings", device_flow=False), "flow_off_in_org"),
        (but(PANEL, "installation", blocked_at=NOW), "app_blocked"),
    ],
)
def test_std_DV_06_X_DV_05_what_is_tightened_after_the_approval_counts_at_the_next_question(facts: Facts, reason: str) -> None:
    assert answer(facts, POLLING) == reason


def test_std_DV_06_the_address_of_the_device_is_the_apps_address() -> None:
    bound = but(PANEL, "policies", ip_ranges=ranges("192.0.2.0/24"))
    assert (answer(bound, POLLING), answer(bound, but(POLLING, address=ELSEWHERE))) == ("yes", "address_outside_app_ranges")


def test_a_sign_in_with_a_second_factor_satisfies_a_policy_that_wants_one() -> None:
    high = but(PANEL, "policies", requirement=Requirement(Level.HIGH))
    approved = but(POLLING, "device.approved", level=Level.HIGH)
    assert answer(high, approved) == "yes"
    # Who has not decided has not signed in either, and nobody can say how sure that would make us.
    assert finding(Gate.SESSION, high, WAITING).state is State.UNREACHED


def test_what_was_approved_at_an_activated_browser_is_relaxed_for_the_device() -> None:
    relaxed = but(
        but(PANEL, "policies", ip_relaxation=Relaxation.RELAX_ACTIVATED), "standing.profile", login_ranges=ranges("203.0.113.0/24")
    )
    assert answer(relaxed, POLLING) == "address_outside_ranges"
    assert answer(relaxed, but(POLLING, "device.approved", activated=True)) == "yes"
    assert answer(relaxed, CONNECTING) == "address_outside_ranges"
    assert answer(but(relaxed, "session", activated=True), CONNECTING) == "yes"


def holding(app: str, wanted: str) -> tuple[Facts, Attempt]:
    """An app that holds `app`, with an approval of `wanted`, as the flow brings them before the gates."""
    facts = but(PANEL, "settings", scopes=tuple(app.split()))
    device = but(APPROVED_DEVICE, "approved", scopes=tuple(wanted.split()))
    return facts, but(POLLING, device=device, scopes_asked=granted.of_device(facts, device))


@pytest.mark.parametrize(
    ("app", "approved", "given"),
    [
        pytest.param("api id", "api id", "api id", id="what was approved"),
        pytest.param("api id web", "api id", "api id", id="and not what the app has been given since"),
        pytest.param("api", "api id", "api", id="what the app has lost since is dropped"),
        pytest.param("api", "full", "api", id="of everything, what the app still holds is left"),
    ],
)
def test_X_DV_06_a_device_gets_what_was_approved_and_its_app_still_holds(app: str, approved: str, given: str) -> None:
    verdict = access.decide(*holding(app, approved))
    assert (verdict.reason, " ".join(verdict.scopes)) == (None, given)


def test_X_DV_06_where_nothing_is_left_there_is_no_token() -> None:
    assert answer(*holding("web", "api id")) == "scope_none_left"


def test_before_the_approval_it_is_what_was_asked_for() -> None:
    assert granted.of_device(PANEL, but(APPROVED_DEVICE, approved=None)) == ("refresh_token", "api", "openid", "id")


# --- Where its user decides --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "reason", "words"),
    [
        pytest.param(CONNECTING, None, "known, not decided about, in time", id="a device that waits"),
        pytest.param(but(CONNECTING, device=None), user_codes.USER_CODE_UNKNOWN, "no device waits with this code", id="none"),
        pytest.param(
            but(CONNECTING, "device", decided_at=NOW), user_codes.USER_CODE_DECIDED, "decided about before", id="one that was decided about"
        ),
        pytest.param(but(CONNECTING, "device", expires_at=NOW), user_codes.USER_CODE_EXPIRED, "its time is over", id="one at its end"),
    ],
)
def test_the_proof_gate_of_a_code_that_was_typed(attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PROOF, PANEL, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)
    assert answer(PANEL, attempt) == (reason.code if reason else "yes")


def test_X_DV_01_the_user_is_always_asked_also_where_an_admin_has_answered_for_all() -> None:
    assert answer(PANEL, but(CONNECTING, "approving", approved=False)) == "consent_required"
    assert answer(PANEL, but(CONNECTING, "approving", denied=True)) == "consent_denied"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (but(PANEL, session=None), "login_required"),
        (but(PANEL, "session", ended_at=NOW), "login_required"),
        (but(PANEL, "policies", requirement=Requirement(Level.HIGH)), "level_too_low"),
        (but(PANEL, "policies", requirement=Requirement(Level.HIGH, LevelAction.BLOCK)), "level_blocked"),
        (but(PANEL, permits=()), "user_not_approved"),
        (but(PANEL, "standing.user", frozen=True), "user_frozen"),
        (but(PANEL, "org.settings", trusted_ranges=ranges("203.0.113.0/24")), "address_outside_ranges"),
        (but(PANEL, "installation", uninstalled_at=NOW), "app_not_installed"),
        (but(PANEL, "org.settings", device_flow=False), "flow_off_in_org"),
    ],
)
def test_std_DV_06_X_DV_06_the_rules_of_the_web_server_flow_hold_for_who_approves(facts: Facts, reason: str) -> None:
    assert answer(facts, CONNECTING) == reason


def test_a_sign_in_at_high_assurance_is_enough_for_every_level() -> None:
    high = but(but(PANEL, "policies", requirement=Requirement(Level.HIGH)), session=but(SESSION, level=Level.HIGH))
    assert answer(high, CONNECTING) == "yes"


# --- Where the device begins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        (PANEL, STARTING, "yes"),
        (but(PANEL, standing=None, session=None), STARTING, "yes"),
        (but(PANEL, "settings", flows=frozenset({Flow.WEB_SERVER})), STARTING, "flow_not_enabled"),
        (but(PANEL, "org.settings", device_flow=False), STARTING, "flow_off_in_org"),
        (but(PANEL, "installation", uninstalled_at=NOW), STARTING, "app_not_installed"),
        (but(PANEL, "installation", blocked_at=NOW), STARTING, "app_blocked"),
        (PANEL, but(STARTING, scopes_asked=("web",)), "scope_not_assigned"),
        (PANEL, but(STARTING, scopes_asked=("no_such_scope",)), "scope_unknown"),
        (PANEL, but(STARTING, "client", refused=client_reasons.SECRET_WRONG), "secret_wrong"),
    ],
)
def test_X_DV_07_what_can_be_refused_without_the_user_is_refused_at_the_start(facts: Facts, attempt: Attempt, reason: str) -> None:
    assert answer(facts, attempt) == reason


def test_a_yes_at_the_start_says_what_the_device_may_be_given_and_gives_no_token() -> None:
    verdict = access.decide(PANEL, but(STARTING, scopes_asked=("api", "openid")))
    assert (verdict.scopes, verdict.lifetime) == (("api", "openid"), None)


def test_what_a_user_said_yes_to_is_known_from_a_device_code_as_from_a_code() -> None:
    assert POLLING.approved == APPROVED_DEVICE.approved
    assert (WAITING.approved, but(POLLING, device=None).approved) == (None, None)
    assert Attempt(POLLING.door, OFFICE).approved is None
