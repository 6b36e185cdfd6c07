"""Which setting decided at the gates of what was presented, when, from where and on what terms."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import (
    APP,
    ASKED_ABOUT,
    ASKING,
    ASSERTING,
    AUTHORIZING,
    CONNECTING,
    ELSEWHERE,
    FACTS,
    HELD,
    IDENTIFYING,
    NOW,
    OFFICE,
    ORG,
    PANEL,
    PEOPLE,
    POLLING,
    REDEEMING,
    REFRESHING,
    SERVICE_PROFILE,
    USER,
    but,
    ranges,
)
from tests.rules.test_remedies import setting

from gatebridge.rules import remedies, settable
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.network import Relaxation
from gatebridge.rules.verdict import Finding, State

ID, PROFILE = long(APP.id), long(SERVICE_PROFILE.id)
SETTINGS, POLICIES, EDIT_PROFILE = f"gatebridge apps settings {ID}", f"gatebridge apps policies {ID}", f"gatebridge profiles edit {PROFILE}"
IN_OFFICE = ranges("192.0.2.0/24")
FAR = but(ASKING, address=ELSEWHERE)
HIGH = Requirement(Level.HIGH, LevelAction.BLOCK)
OWN_WORD = but(PEOPLE, "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE)
LATER = but(ASKED_ABOUT, "token", expires_at=NOW)
OF_USE = but(ASKED_ABOUT, used_from=ELSEWHERE)


def policies(**changed: object) -> Facts:
    return but(FACTS, "policies", **changed)


def org(facts: Facts = FACTS, **changed: object) -> Facts:
    return but(facts, "org.settings", **changed)


def profile(facts: Facts = FACTS, **changed: object) -> Facts:
    return but(facts, "standing.profile", **changed)


OFFICE_ALONE = but(org(trusted_ranges=IN_OFFICE, ranges_on_every_request=True), "policies", ip_ranges=IN_OFFICE)
CASES = [
    pytest.param(Gate.PROOF, FACTS, ASKED_ABOUT, None, "Policies: Access token life", "120 min, the default",
                 f"{POLICIES} --token-minutes MINUTES", id="a live token: how long it lives"),
    pytest.param(Gate.PROOF, FACTS, LATER, None, "Policies: Access token life", "120 min, the default",
                 f"{POLICIES} --token-minutes MINUTES", id="an expired one"),
    pytest.param(Gate.PROOF, PEOPLE, REDEEMING, None, "Policies: Authorization code life", "60 s", f"{POLICIES} --code-seconds SECONDS",
                 id="a code"),
    pytest.param(Gate.PROOF, but(PEOPLE, "policies", authorization_code_seconds=90), REDEEMING, "code_expired",
                 "Policies: Authorization code life", "90 s", f"{POLICIES} --code-seconds SECONDS", id="an expired code"),
    pytest.param(Gate.PROOF, HELD, REFRESHING, "refresh_expired", "Policies: Refresh token policy",
                 "expires when it was not used for 30 days and expires 365 days after it was first given",
                 f"{POLICIES} --refresh-policy idle:30:days --refresh-policy absolute:365:days", id="an expired refresh token"),
    pytest.param(Gate.PROOF, HELD, REFRESHING, "refresh_reused", "Policies: Refresh grace", "10 s", f"{POLICIES} --refresh-grace SECONDS",
                 id="a refresh token that was used before"),
    pytest.param(Gate.PROOF, PEOPLE, ASSERTING, None, "Credentials: Certificates", "live and retired ones are listed there",
                 f"gatebridge certs add {ID} FILE", id="an assertion"),
    pytest.param(Gate.PROOF, PEOPLE, ASSERTING, "grant_key_unknown", "Credentials: Certificates", "live and retired ones are listed there",
                 f"gatebridge certs add {ID} FILE", id="an assertion of a stranger"),
    pytest.param(Gate.PROOF, but(PEOPLE, "settings", assertion_audiences=("https://login.example",)), ASSERTING, "grant_audience_wrong",
                 "Settings: Assertion audiences", f"{ORG.issuer}, https://login.example",
                 f"{SETTINGS} --assertion-audience AUDIENCE", id="an assertion for somebody else"),
    pytest.param(Gate.PROOF, but(FACTS, "app", epoch=9), ASKED_ABOUT, None, "Setup Audit Trail",
                 "everything of its app was ended since", "gatebridge audit list", id="what was ended: who did it, and why"),
    pytest.param(Gate.PROOF, policies(run_as_user_id="005000000000002"), ASKED_ABOUT, None, "Policies: Run as",
                 "the app runs as another user now", f"{POLICIES} --run-as {long(USER.id)}", id="a token of the former run-as user"),
    pytest.param(Gate.PROOF, PANEL, CONNECTING, None, "Org: Device flow", "on", "gatebridge org edit --no-device-flow", id="a short code"),
    pytest.param(Gate.PROOF, PANEL, POLLING, None, "Org: Device flow", "on", "gatebridge org edit --no-device-flow", id="a device's code"),
    pytest.param(Gate.PROOF, HELD, REFRESHING, None, "Policies: Refresh token policy",
                 "expires when it was not used for 30 days and expires 365 days after it was first given",
                 f"{POLICIES} --refresh-policy idle:30:days --refresh-policy absolute:365:days", id="a refresh token that lives"),
    pytest.param(Gate.PROOF, FACTS, ASKED_ABOUT, "token_ended", "Setup Audit Trail",
                 "Everything of its kind was ended after the token was issued.", "gatebridge audit list",
                 id="a token of the run-as user, which ended"),
    pytest.param(Gate.HOURS, FACTS, ASKING, None, "Profile Service: Login hours", "at any time", f"{EDIT_PROFILE} --login-hours HOURS",
                 id="no login hours"),
    pytest.param(Gate.HOURS, profile(login_hours=(OpenHours(0, 480, 1080),)), ASKING, None, "Profile Service: Login hours",
                 "Monday 08:00 to 18:00, in UTC", f"{EDIT_PROFILE} --login-hours HOURS", id="login hours"),
    pytest.param(Gate.NETWORK, FACTS, ASKING, None, "Policies: IP ranges", "none", f"{POLICIES} --ip-range RANGE", id="no range at all"),
    pytest.param(Gate.NETWORK, profile(login_ranges=IN_OFFICE), FAR, None, "Profile Service: Login IP ranges", "192.0.2.0/24",
                 f"{EDIT_PROFILE} --login-range 192.0.2.0/24 --login-range RANGE", id="outside the ranges of the profile"),
    pytest.param(Gate.NETWORK, profile(login_ranges=IN_OFFICE), ASKING, None, "Profile Service: Login IP ranges", "192.0.2.0/24",
                 f"{EDIT_PROFILE} --login-range 192.0.2.0/24 --login-range RANGE", id="and inside"),
    pytest.param(Gate.NETWORK, policies(ip_ranges=(replace(IN_OFFICE[0], label="Head office"),)), ASKING, None, "Policies: IP ranges",
                 "192.0.2.0/24", f"{POLICIES} --ip-range '192.0.2.0/24=Head office' --ip-range RANGE",
                 id="a range keeps what it is called"),
    pytest.param(Gate.NETWORK, org(trusted_ranges=IN_OFFICE), FAR, None, "Org: Trusted IP ranges", "192.0.2.0/24",
                 "gatebridge org edit --trusted-range 192.0.2.0/24 --trusted-range RANGE", id="outside the org's"),
    pytest.param(Gate.NETWORK, org(trusted_ranges=IN_OFFICE, ranges_on_every_request=True), OF_USE, None, "Org: Trusted IP ranges",
                 "192.0.2.0/24", "gatebridge org edit --trusted-range 192.0.2.0/24 --trusted-range RANGE", id="used from outside"),
    pytest.param(Gate.NETWORK, OFFICE_ALONE, OF_USE, None, "Policies: IP ranges", "192.0.2.0/24",
                 f"{POLICIES} --ip-range 192.0.2.0/24 --ip-range RANGE", id="used from outside the first of two lists"),
    pytest.param(Gate.NETWORK, OFFICE_ALONE, but(ASKED_ABOUT, address=ELSEWHERE, used_from=OFFICE), None, "Policies: IP ranges",
                 "192.0.2.0/24", f"{POLICIES} --ip-range 192.0.2.0/24 --ip-range RANGE", id="asked about from outside, used inside"),
    pytest.param(Gate.NETWORK, policies(ip_ranges=IN_OFFICE), FAR, None, "Policies: IP ranges", "192.0.2.0/24",
                 f"{POLICIES} --ip-range 192.0.2.0/24 --ip-range RANGE", id="outside the app's own"),
    pytest.param(Gate.NETWORK, but(HELD, "policies", refresh_ranges=IN_OFFICE), but(REFRESHING, address=ELSEWHERE), None,
                 "Policies: Refresh IP ranges", "192.0.2.0/24", f"{POLICIES} --refresh-range 192.0.2.0/24 --refresh-range RANGE",
                 id="a refresh from outside its list"),
    pytest.param(Gate.NETWORK, but(profile(login_ranges=IN_OFFICE), "policies", ip_relaxation=Relaxation.RELAX), FAR, None,
                 "Policies: IP relaxation", "relax", f"{POLICIES} --ip-relaxation enforce", id="outside, and relaxed"),
    pytest.param(Gate.NETWORK,
                 but(but(profile(PEOPLE, login_ranges=IN_OFFICE), "policies", ip_relaxation=Relaxation.RELAX_ACTIVATED), "session",
                     activated=True),
                 but(AUTHORIZING, address=ELSEWHERE), None, "Policies: IP relaxation", "relax_activated_devices",
                 f"{POLICIES} --ip-relaxation enforce", id="outside, from an activated browser"),
    pytest.param(Gate.SESSION, PEOPLE, AUTHORIZING, None, "Org: Required level", "standard", "gatebridge org edit --required-level LEVEL",
                 id="no level is required"),
    pytest.param(Gate.SESSION, but(PEOPLE, session=None), AUTHORIZING, None, "Org: Session", "120 min idle",
                 "gatebridge org edit --session-minutes MINUTES", id="nobody is signed in"),
    pytest.param(Gate.SESSION, but(PEOPLE, standing=None), AUTHORIZING, "login_required", "Org: Session", "120 min idle",
                 "gatebridge org edit --session-minutes MINUTES", id="and nobody knows who"),
    pytest.param(Gate.SESSION, PEOPLE, AUTHORIZING, "login_too_old", "Org: Session", "120 min idle",
                 "gatebridge org edit --session-minutes MINUTES", id="a sign-in that is too long ago"),
    pytest.param(Gate.SESSION, PANEL, CONNECTING, "login_required", "Org: Session", "120 min idle",
                 "gatebridge org edit --session-minutes MINUTES", id="nobody is signed in who could say yes to a device"),
    pytest.param(Gate.SESSION, profile(but(PEOPLE, "session", last_seen_at=NOW - timedelta(hours=1)), session_minutes=30), AUTHORIZING,
                 None, "Profile Service: Session", "30 min idle", f"{EDIT_PROFILE} --session-minutes MINUTES", id="a session that rested"),
    pytest.param(Gate.SESSION, org(PEOPLE, requirement=HIGH), AUTHORIZING, None, "Org: Required level", "high, else block",
                 "gatebridge org edit --required-level LEVEL", id="the org requires a level"),
    pytest.param(Gate.SESSION, profile(PEOPLE, requirement=HIGH), AUTHORIZING, None, "Profile Service: Required level",
                 "high, else block", f"{EDIT_PROFILE} --required-level LEVEL", id="the profile does"),
    pytest.param(Gate.SESSION, policies(requirement=HIGH), ASKING, None, "Policies: Required level", "high, else block",
                 f"{POLICIES} --required-level LEVEL", id="the app's policies do"),
    pytest.param(Gate.CONSENT, PEOPLE, AUTHORIZING, None, "Policies: Permitted users", "the admin decides for all",
                 f"{POLICIES} --permitted-users self_authorize", id="a pre-authorized user"),
    pytest.param(Gate.CONSENT, OWN_WORD, ASSERTING, None, "Policies: Permitted users", "each user decides",
                 f"{POLICIES} --permitted-users admin_approved", id="a user who decides"),
    pytest.param(Gate.LIFETIME, policies(access_token_minutes=30), ASKING, None, "Policies: Access token life", "30 min",
                 f"{POLICIES} --token-minutes MINUTES", id="the life that the policies say"),
    pytest.param(Gate.LIFETIME, but(FACTS, "settings", access_token_format=TokenFormat.JWT), ASKING, None, "Policies: Access token life",
                 "15 min, the default", f"{POLICIES} --jwt-minutes MINUTES", id="that of a JWT"),
    pytest.param(Gate.LIFETIME, profile(session_minutes=45), ASKING, None, "Profile Service: Session", "45 min",
                 f"{EDIT_PROFILE} --session-minutes MINUTES", id="that of the profile"),
    pytest.param(Gate.LIFETIME, org(session_minutes=50), ASKING, None, "Org: Session", "50 min",
                 "gatebridge org edit --session-minutes MINUTES", id="that of the org"),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "facts", "attempt", "reason", "name", "words", "cli"), CASES)
def test_the_setting_has_its_name_its_value_and_the_command_that_changes_it(
    gate: Gate, facts: Facts, attempt: Attempt, reason: str | None, name: str, words: str, cli: str
) -> None:
    found = setting(gate, facts, attempt, reason)
    assert found is not None
    assert (found.name, found.words, found.cli) == (name, words, cli)


KEYS = ["algorithm_refused", "key_unknown", "signature_wrong", "certificate_expired", "certificate_retired"]
ENDED = ["code", "refresh", "grant_assertion", "token", "device_code", "user_code"]


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        *((f"grant_{of_key}", "Credentials: Certificates") for of_key in KEYS),
        *((f"refresh_{in_a_row}", "Policies: Refresh grace") for in_a_row in ("reused", "in_progress")),
        *((f"{presented}_ended", "Setup Audit Trail") for presented in ENDED),
        ("token_revoked", "Setup Audit Trail"),
        ("token_expired", "Policies: Access token life"),
    ],
)
def test_what_was_presented_in_vain_is_mended_where_it_lies(reason: str, name: str) -> None:
    found = setting(Gate.PROOF, HELD, REFRESHING, reason)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("facts", "attempt"),
    [
        pytest.param(policies(run_as_user_id="005000000000002"), IDENTIFYING, id="the token of somebody who signed in"),
        pytest.param(policies(run_as_user_id=None), ASKED_ABOUT, id="of an app that runs as nobody now"),
        pytest.param(but(policies(run_as_user_id="005000000000002"), app=None), ASKED_ABOUT, id="of an app that nobody knows"),
        pytest.param(but(FACTS, policies=None), ASKED_ABOUT, id="of one of which nothing is known"),
    ],
)
def test_what_no_other_run_as_user_ended_is_told_by_the_trail(facts: Facts, attempt: Attempt) -> None:
    found = setting(Gate.PROOF, facts, attempt, "token_ended")
    assert found is not None
    assert found.name == "Setup Audit Trail"


@pytest.mark.parametrize(
    ("facts", "attempt", "state"),
    [(PEOPLE, REDEEMING, State.UNREACHED), (HELD, REFRESHING, State.UNREACHED), (FACTS, ASKING, State.PASSED)],
)
def test_where_nothing_was_presented_or_looked_at_no_setting_decided(facts: Facts, attempt: Attempt, state: State) -> None:
    assert remedies.setting(facts, attempt, Finding(Gate.PROOF, state, "")) is None


@pytest.mark.parametrize(
    ("gate", "facts", "attempt", "reason"),
    [
        (Gate.PROOF, FACTS, ASKED_ABOUT, "token_unknown"),
        (Gate.PROOF, PEOPLE, REDEEMING, "code_unknown"),
        (Gate.PROOF, HELD, REFRESHING, "refresh_unknown"),
        (Gate.PROOF, PANEL, CONNECTING, "user_code_unknown"),
        *((Gate.PROOF, but(HELD, **{missing: None}), REFRESHING, "refresh_reused") for missing in ("app", "settings", "policies")),
        (Gate.PROOF, PEOPLE, ASSERTING, "grant_assertion_replayed"),
        (Gate.CONSENT, PEOPLE, AUTHORIZING, "consent_denied"),
        (Gate.SESSION, but(PEOPLE, standing=None), AUTHORIZING, None),
        (Gate.SESSION, but(HELD), IDENTIFYING, "login_required"),
        (Gate.SESSION, but(PEOPLE), but(AUTHORIZING, "approving", level=Level.HIGH), None),
        (Gate.HOURS, but(FACTS, standing=None), ASKING, None),
        *((Gate.NETWORK, but(FACTS, **{missing: None}), ASKING, None) for missing in ("app", "standing", "policies")),
        (Gate.LIFETIME, but(FACTS, policies=None), ASKING, None),
    ],
)
def test_what_no_setting_decides_has_none(gate: Gate, facts: Facts, attempt: Attempt, reason: str | None) -> None:
    assert setting(gate, facts, attempt, reason) is None


@pytest.mark.parametrize("missing", ["app", "settings", "policies", "standing"])
def test_whatever_is_not_known_is_left_out_and_breaks_nothing(missing: str) -> None:
    facts = but(profile(policies(requirement=HIGH, access_token_minutes=30), session_minutes=45), **{missing: None})
    gates = (Gate.HOURS, Gate.NETWORK, Gate.SESSION, Gate.CONSENT, Gate.LIFETIME)
    pages = {found.name.partition(":")[0] for gate in gates if (found := remedies.setting(facts, ASKING, Finding(gate, State.PASSED, "")))}
    assert pages <= {"Org", "Profile Service"} | ({"Policies"} if missing in ("settings", "standing") else set())


def test_an_address_that_cannot_be_read_is_the_operators_to_mend() -> None:
    found = setting(Gate.NETWORK, profile(login_ranges=IN_OFFICE), but(ASKING, address=None))
    assert found is not None
    assert (found.name, found.by) == ("Server: GATEBRIDGE_TRUSTED_PROXIES", settable.OPERATOR)
