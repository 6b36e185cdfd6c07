"""What opens an app wider than it need be, as one-line truths; and that the smaller setting closes it and nothing else."""

import json
import shlex
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.exposed_app import BY_KEY, CLOSED, FROM_THE_OFFICE, FULL, SECRET, found, subject

from gatebridge.rules import exposures
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import COMMAND_LINE, App, Dialect
from gatebridge.rules.exposed.kinds import Mend, Subject
from gatebridge.rules.exposures import KINDS, Accepted
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, Requirement
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.people import Assignment, UserState

HIGH = Requirement(Level.HIGH)
ANYBODY = {"permitted_users": PermittedUsers.SELF_AUTHORIZE}
RELAXED = {"ip_relaxation": Relaxation.RELAX}
BROWSER, DEVICE = {Flow.WEB_SERVER, Flow.REFRESH_TOKEN}, {Flow.DEVICE, Flow.REFRESH_TOKEN}
NOW = CLOSED.now
FOR_EVER: dict[str, Any] = {
    "refresh_policies": (RefreshPolicy("until_revoked"),),
    "refresh_exception_reason": "The vendor cannot sign in again.",
    "refresh_exception_until": NOW + timedelta(days=90),
}


def settings(**changes: Any) -> dict[str, Any]:
    return {"settings": replace(CLOSED.settings, **{name: _frozen(value) for name, value in changes.items()})}


def policies(**changes: Any) -> dict[str, Any]:
    return {"policies": replace(CLOSED.policies, **changes)}


def _frozen(value: Any) -> Any:
    return frozenset(value) if isinstance(value, set) else value


def refresh(*policy: RefreshPolicy) -> dict[str, Any]:
    return policies(refresh_policies=policy)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({}, set(), id="an app as it is registered, in an org with ranges, is exposed in nothing"),
        pytest.param(policies(**ANYBODY), {"self_authorize"}, id="anybody may approve it"),
        pytest.param(policies(**ANYBODY) | {"holders_only": True}, set(), id="anybody who holds a right, of one that nobody installed"),
        pytest.param(settings(scopes=FULL), {"full_scope"}, id="it has the scope full"),
        pytest.param(policies(**ANYBODY) | settings(scopes=FULL), {"self_authorize", "full_scope", "self_authorize_with_full"}, id="both"),
        pytest.param(policies(**RELAXED), {"ip_relaxed"}, id="any address, for an app without users"),
        pytest.param(
            policies(**RELAXED) | settings(flows=BROWSER),
            {"ip_relaxed", "ip_relaxed_without_high_assurance"},
            id="any address, for users with a password",
        ),
        pytest.param(
            policies(**RELAXED) | settings(flows={Flow.DEVICE}),
            {"ip_relaxed", "ip_relaxed_without_high_assurance", "device_flow"},
            id="also at a device",
        ),
        pytest.param(
            policies(**RELAXED) | settings(flows={Flow.USER_AGENT}),
            {"ip_relaxed", "ip_relaxed_without_high_assurance", "user_agent_flow"},
            id="and in a page",
        ),
        pytest.param(policies(**RELAXED, requirement=HIGH) | settings(flows=BROWSER), {"ip_relaxed"}, id="the app wants high assurance"),
        pytest.param(
            policies(**RELAXED) | settings(flows=BROWSER) | {"org": replace(CLOSED.org, requirement=HIGH)},
            {"ip_relaxed"},
            id="the org wants high assurance",
        ),
        pytest.param(policies(ip_relaxation=Relaxation.RELAX_REFRESH), {"ip_relaxed_on_refresh"}, id="any address, on refresh"),
        pytest.param(
            policies(ip_relaxation=Relaxation.RELAX_REFRESH, refresh_ranges=FROM_THE_OFFICE), set(), id="which its own list for it forbids"
        ),
        pytest.param(policies(ip_relaxation=Relaxation.RELAX_ACTIVATED), {"ip_relaxed_for_activated"}, id="any address, when activated"),
        pytest.param(policies(**FOR_EVER), {"no_refresh_expiry"}, id="until revoked, while the exception holds"),
        pytest.param(policies(**FOR_EVER | {"refresh_exception_until": NOW}), set(), id="past its end the defaults are in force again"),
        pytest.param(policies(**FOR_EVER | {"refresh_exception_until": None}), set(), id="an exception without an end is none"),
        pytest.param(policies(**FOR_EVER | {"refresh_exception_reason": ""}), set(), id="and one without a reason is none"),
        pytest.param(refresh(RefreshPolicy("idle", 31, "days")), set(), id="a day more than the default is no longer life"),
        pytest.param(refresh(RefreshPolicy("idle", 32, "days")), {"refresh_long"}, id="two days more are"),
        pytest.param(refresh(RefreshPolicy("absolute", 366, "days")), set(), id="nor is a leap year"),
        pytest.param(refresh(RefreshPolicy("absolute", 367, "days")), {"refresh_long"}, id="a year and two days are"),
        pytest.param(refresh(RefreshPolicy("absolute", 12, "months")), set(), id="twelve months are a year"),
        pytest.param(refresh(RefreshPolicy("idle", 90, "days")), {"refresh_long"}, id="90 idle days are long"),
        pytest.param(refresh(RefreshPolicy("absolute", 24, "months")), {"refresh_long"}, id="two years are long"),
        pytest.param(refresh(RefreshPolicy("immediately")), set(), id="no refresh at all is short"),
        pytest.param(policies(jwt_access_token_minutes=60), set(), id="a JWT's life says nothing about an opaque token"),
        pytest.param(policies(jwt_access_token_minutes=15) | settings(access_token_format=TokenFormat.JWT), set(), id="15 minutes"),
        pytest.param(settings(access_token_format=TokenFormat.JWT), set(), id="the default life of a JWT"),
        pytest.param(policies(jwt_access_token_minutes=16) | settings(access_token_format=TokenFormat.JWT), {"jwt_long"}, id="16 minutes"),
        pytest.param(policies(authorization_code_seconds=60), set(), id="a code of 60 seconds"),
        pytest.param(policies(authorization_code_seconds=61), {"code_long"}, id="a code of 61 seconds"),
        pytest.param(policies(refresh_grace_seconds=10), set(), id="the default grace"),
        pytest.param(policies(refresh_grace_seconds=11), {"refresh_grace"}, id="a longer grace"),
        pytest.param(policies(may_administer=True), {"may_administer"}, id="it may change the org"),
        pytest.param(
            policies(**ANYBODY, may_administer=True) | {"app": replace(CLOSED.app, api_name=COMMAND_LINE)},
            set(),
            id="the command line's own app is there to administer",
        ),
        pytest.param(
            policies(**ANYBODY, may_administer=True) | {"app": replace(CLOSED.app, api_name=COMMAND_LINE), "own": False},
            {"self_authorize", "may_administer"},
            id="another org's app is not the command line, whatever it is called",
        ),
    ],
)
def test_what_the_admin_opened(changes: dict[str, Any], codes: set[str]) -> None:
    assert found(**changes) == codes


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param(settings(flows=BROWSER), set(), id="the web server flow with PKCE"),
        pytest.param(settings(flows=BROWSER, pkce_required=False), {"no_pkce"}, id="and without"),
        pytest.param(settings(pkce_required=False), set(), id="a flow without codes needs no PKCE"),
        pytest.param(settings(flows=DEVICE), {"device_flow"}, id="the device flow"),
        pytest.param(settings(flows={Flow.USER_AGENT}), {"user_agent_flow"}, id="the user-agent flow"),
        pytest.param(settings(callbacks=("https://a.example/cb", "http://127.0.0.1/cb")), set(), id="https and loopback"),
        pytest.param(settings(callbacks=("https://a.example/cb", "com.example.app:/cb")), {"private_scheme"}, id="a private scheme"),
        pytest.param(
            settings(flows=BROWSER, require_secret_for_web_server=False), {"secret_waived_for_codes"}, id="codes without the secret"
        ),
        pytest.param(
            settings(flows=DEVICE, require_secret_for_web_server=False),
            {"device_flow", "secret_waived_for_codes"},
            id="also those of devices, for which the same setting counts",
        ),
        pytest.param(settings(require_secret_for_web_server=False), set(), id="where there are no codes there is nothing to waive"),
        pytest.param(
            settings(flows=BROWSER, require_secret_for_refresh=False), {"secret_waived_for_refresh"}, id="refresh without the secret"
        ),
        pytest.param(settings(require_secret_for_refresh=False), set(), id="where nothing is refreshed there is nothing to waive"),
        pytest.param(settings(introspect_all_tokens=True), {"introspects_all"}, id="it sees every token"),
        pytest.param(settings(legacy_audience=True), {"legacy_audience"}, id="the token endpoint as audience"),
        pytest.param(settings(assertion_audiences=("https://login.example",)), {"assertion_audiences"}, id="audiences beside the issuer"),
        pytest.param({"app": replace(CLOSED.app, dialect=Dialect.SALESFORCE)}, set(), id="the salesforce dialect alone"),
        pytest.param(
            {"app": replace(CLOSED.app, dialect=Dialect.SALESFORCE)} | settings(flows={Flow.JWT_BEARER}),
            {"jti_optional"},
            id="assertions in the salesforce dialect",
        ),
        pytest.param(settings(flows={Flow.JWT_BEARER}), set(), id="assertions in the standard dialect"),
        pytest.param({"in_addresses": frozenset({CLOSED.app.id})}, {"token_in_address"}, id="a token of it came in an address"),
        pytest.param({"in_addresses": frozenset({"0CA000000000009"})}, set(), id="a token of another app did"),
    ],
)
def test_what_the_developer_opened(changes: dict[str, Any], codes: set[str]) -> None:
    assert found(**changes) == codes


YEAR = timedelta(days=365)
OWNER = CLOSED.owner
assert OWNER is not None


def secrets(*spans: tuple[timedelta, timedelta | None], **changes: Any) -> dict[str, Any]:
    """Secrets of these ages that live on for so long; None: without an end."""
    made = [
        replace(SECRET, id=f"0SK00000000000{place}", created_at=NOW - age, expires_at=NOW + left if left is not None else None, **changes)
        for place, (age, left) in enumerate(spans)
    ]
    return {"secrets": tuple(made)}


def certificates(*left: timedelta, **changes: Any) -> dict[str, Any]:
    return {"certificates": tuple(replace(BY_KEY, not_after=NOW + each, **changes) for each in left)}


DAY = timedelta(days=1)
SIGNS = settings(auth_methods={ClientAuthMethod.PRIVATE_KEY_JWT})


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({"owner": None}, {"no_owner"}, id="nobody owns it"),
        pytest.param({"owner": replace(OWNER, frozen=True)}, {"no_owner"}, id="a frozen owner"),
        pytest.param({"owner": replace(OWNER, state=UserState.DEACTIVATED)}, {"no_owner"}, id="an owner who left"),
        pytest.param({"owner": replace(OWNER, state=UserState.INVITED)}, {"no_owner"}, id="an owner who has not come yet"),
        pytest.param({"owner": None, "own": False}, set(), id="who owns another org's app is that org's business"),
        pytest.param({"in_pages": frozenset({SECRET.id})}, {"secret_in_browser"}, id="a secret that a page has presented"),
        pytest.param({"in_pages": frozenset({"0SK000000000009"})}, set(), id="a secret of another app"),
        pytest.param(
            {"in_pages": frozenset({SECRET.id}), "secrets": (replace(SECRET, retired_at=NOW),)}, set(), id="one that is retired since"
        ),
        pytest.param(secrets((YEAR, None)), set(), id="a secret of a year"),
        pytest.param(secrets((YEAR + DAY, None)), {"old_secret"}, id="a secret of more than a year"),
        pytest.param(secrets((YEAR + DAY, None), retired_at=NOW), set(), id="a retired secret is no more"),
        pytest.param(secrets((DAY, 31 * DAY)), set(), id="a secret that ends in a month and a day"),
        pytest.param(secrets((DAY, 30 * DAY)), {"secret_expiring"}, id="a secret that ends within a month"),
        pytest.param(secrets((DAY, 3 * DAY), (DAY, 90 * DAY)), set(), id="while another lives on"),
        pytest.param(secrets((DAY, 3 * DAY), (DAY, None)), set(), id="or has no end"),
        pytest.param(
            {"secrets": (*secrets((DAY, 3 * DAY))["secrets"], replace(SECRET, retired_at=NOW))},
            {"secret_expiring"},
            id="but not a retired one",
        ),
        pytest.param(secrets((DAY, 3 * DAY)) | SIGNS, set(), id="a secret that proves nothing any more"),
        pytest.param({"secrets": ()}, set(), id="an app without a live secret is refused anyway"),
        pytest.param(certificates(31 * DAY) | SIGNS, set(), id="a certificate that ends in a month and a day"),
        pytest.param(certificates(30 * DAY) | SIGNS, {"certificate_expiring"}, id="a certificate that ends within a month"),
        pytest.param(certificates(3 * DAY, 90 * DAY) | SIGNS, set(), id="while the next is there"),
        pytest.param(certificates(3 * DAY), set(), id="a certificate that proves nothing"),
        pytest.param(certificates(3 * DAY) | settings(flows={Flow.JWT_BEARER}), {"certificate_expiring"}, id="one that signs for users"),
        pytest.param(certificates(3 * DAY, retired_at=NOW) | SIGNS, set(), id="a retired certificate"),
    ],
)
def test_what_lies_with_people_and_keys(changes: dict[str, Any], codes: set[str]) -> None:
    assert found(**changes) == codes


NO_TRUST = replace(CLOSED.org, trusted_ranges=())
PROFILES = {"00e000000000001": True, "00e000000000002": False}


@pytest.mark.parametrize(
    ("changes", "exposed"),
    [
        pytest.param({}, True, id="no range anywhere"),
        pytest.param({"org": CLOSED.org}, False, id="the org's trusted ranges"),
        pytest.param({"org": replace(CLOSED.org, trusted_ranges_only_waive=True)}, True, id="that only waive"),
        pytest.param(policies(ip_ranges=FROM_THE_OFFICE), False, id="the app's own"),
        pytest.param({"permits": (Assignment("00e000000000001"),)}, False, id="those of a permitted profile"),
        pytest.param({"permits": (Assignment("00e000000000002"),)}, True, id="a permitted profile without any"),
        pytest.param({"permits": (Assignment("00e000000000009"),)}, True, id="a profile that is no more"),
        pytest.param({"permits": (Assignment("00e000000000001", NOW),)}, True, id="a permit that has run out"),
        pytest.param({"permits": (Assignment("0PS000000000001"),)}, False, id="a permission set is held under any profile"),
        pytest.param(policies(**ANYBODY), False, id="anybody has any profile"),
        pytest.param(policies(**ANYBODY) | {"profiles": {"00e000000000002": False}}, True, id="none of which has a range"),
        pytest.param(policies(**RELAXED), True, id="and nothing is left to relax"),
    ],
)
def test_a_network_rule_without_any_range_has_no_effect_and_says_so(changes: dict[str, Any], exposed: bool) -> None:
    codes = found(**{"org": NO_TRUST, "profiles": PROFILES} | changes)
    assert ("no_ranges" in codes) is exposed


WIDE = policies(
    **ANYBODY, **RELAXED, **FOR_EVER, jwt_access_token_minutes=60, authorization_code_seconds=600, refresh_grace_seconds=60,
    may_administer=True,
) | settings(
    scopes=FULL, flows=set(Flow) - {Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER}, pkce_required=False, access_token_format=TokenFormat.JWT,
    introspect_all_tokens=True, legacy_audience=True, require_secret_for_refresh=False, require_secret_for_web_server=False,
    assertion_audiences=("https://login.example",),
)  # fmt: skip


def test_the_heaviest_comes_first_and_each_says_what_why_and_what_would_do() -> None:
    listed = exposures.of(subject(**WIDE))
    assert [each.weight for each in listed] == sorted((each.weight for each in listed), reverse=True)
    assert listed[0].code == "self_authorize_with_full"
    for each in listed:
        assert (each.weight, each.field, each.why) == (KINDS[each.code].weight, KINDS[each.code].field, KINDS[each.code].why)
        assert each.sentence.endswith((".", ":")) or ":" in each.sentence
        assert each.why.endswith((".", ")."))
        assert each.smaller.words.endswith(".")
        assert each.smaller.api.startswith(("PATCH /api/v1/apps/", "/api/v1/apps/"))
        assert each.smaller.command.startswith("gatebridge ") or each.code == "legacy_audience", "which only a program sets"


def test_of_another_orgs_app_the_settings_are_its_publishers() -> None:
    listed = {each.code: each for each in exposures.of(subject(**WIDE, own=False))}
    assert (listed["no_pkce"].smaller.api, listed["no_pkce"].smaller.command, bool(listed["no_pkce"].mend)) == ("", "", False)
    assert listed["no_pkce"].smaller.words == f"Ask the publisher of the app. {KINDS['no_pkce'].smaller}"
    assert listed["ip_relaxed"].smaller.api
    assert listed["ip_relaxed"].mend


@pytest.mark.parametrize(("total", "letter"), [(0, "A"), (1, "B"), (2, "B"), (3, "C"), (5, "C"), (6, "D"), (9, "D"), (10, "E"), (99, "E")])
def test_a_sum_of_weights_has_a_grade(total: int, letter: str) -> None:
    assert exposures.grade(total) == letter


def test_the_exception_of_the_policies_is_an_acceptance_of_its_own() -> None:
    (only,) = exposures.of(subject(**policies(**FOR_EVER)))
    assert only.accepted == Accepted("The vendor cannot sign in again.", NOW + timedelta(days=90))
    assert exposures.unaccepted([only]) == ()


def test_with_the_exception_of_the_policies_nothing_else_is_accepted() -> None:
    listed = exposures.of(subject(**policies(**FOR_EVER, refresh_grace_seconds=60)))
    assert [each.code for each in exposures.unaccepted(listed)] == ["refresh_grace"]


def test_an_accepted_exposure_weighs_as_much_and_is_answered_for() -> None:
    listed = exposures.of(subject(**policies(**ANYBODY, refresh_grace_seconds=60)))
    by = Accepted("Everybody uses it.", NOW + DAY, "Ada", "0LO000000000001")
    taken = [exposures.accepted(each, by) if each.code == "self_authorize" else each for each in listed]
    assert exposures.weight(taken) == exposures.weight(listed) == 3
    assert [each.code for each in exposures.unaccepted(taken)] == ["refresh_grace"]


OLD, NEW = replace(SECRET, id="0SK000000000001", name="Old"), replace(SECRET, id="0SK000000000002", name="New")
TOLD = [
    ({"owner": None}, "no_owner", "Nobody owns the app.", "nobody"),
    ({"owner": replace(OWNER, frozen=True)}, "no_owner", "The owner, Nightly Sync, is frozen.", "frozen"),
    ({"owner": replace(OWNER, state=UserState.INVITED)}, "no_owner", "The owner, Nightly Sync, is invited.", "invited"),
    ({"secrets": (NEW, OLD), "in_pages": frozenset({OLD.id, NEW.id})}, "secret_in_browser",
     "A page in a browser has presented a secret: New, Old", f"{OLD.id} {NEW.id}"),
    ({"secrets": (replace(NEW, created_at=NOW - 400 * DAY), replace(OLD, created_at=NOW - 500 * DAY))}, "old_secret",
     "A secret has not been changed since 2024-10-17: New, Old", f"{OLD.id} {NEW.id}"),
    (secrets((DAY, 3 * DAY), (DAY, 20 * DAY)), "secret_expiring", "The last secret of the app ends on 2026-03-21.", "2026-03-21"),
    (certificates(20 * DAY, 3 * DAY) | SIGNS, "certificate_expiring", "The last certificate of the app ends on 2026-03-21.", "2026-03-21"),
    (policies(**RELAXED), "ip_relaxed", "The app may come from any address, whatever ranges apply.", "relax"),
    (policies(ip_relaxation=Relaxation.RELAX_REFRESH), "ip_relaxed_on_refresh",
     "A refresh token may be used from any address, whatever ranges apply.", "enforce_relax_refresh"),
    (policies(ip_relaxation=Relaxation.RELAX_ACTIVATED), "ip_relaxed_for_activated",
     "From a device that its user has activated, the app may come from any address.", "relax_activated_devices"),
    ({"org": NO_TRUST}, "no_ranges",
     "No range applies: neither the app, the org nor a profile of its users has any, so enforcing has no effect.", ""),
    ({"org": NO_TRUST} | policies(**RELAXED), "no_ranges",
     "No range applies: neither the app, the org nor a profile of its users has any, so relaxing has no effect.", ""),
    (refresh(RefreshPolicy("idle", 90, "days"), RefreshPolicy("absolute", 24, "months")), "refresh_long",
     "A refresh token expires when it was not used for 90 days and expires 24 months after it was first given.",
     "idle:90:days,absolute:24:months"),
    (policies(jwt_access_token_minutes=60) | settings(access_token_format=TokenFormat.JWT), "jwt_long",
     "A JWT access token lives 60 minutes.", "60"),
    (policies(authorization_code_seconds=90), "code_long", "An authorization code lives 90 seconds.", "90"),
    (policies(refresh_grace_seconds=60), "refresh_grace", "For 60 seconds a rotated refresh token gets the same successor again.", "60"),
    (settings(callbacks=("com.b.app:/1", "com.a.app:/2:3", "https.c.app:/4", "com.b.app:/0", "https://a.example/cb")), "private_scheme",
     "Codes come back at an address with a scheme of the app's own: com.a.app:, com.b.app:, https.c.app:",
     "com.a.app:/2:3 com.b.app:/0 com.b.app:/1 https.c.app:/4"),
    (settings(assertion_audiences=("https://b.example", "https://a.example")), "assertion_audiences",
     "An assertion for a user may be addressed to somebody else: https://a.example, https://b.example",
     "https://a.example https://b.example"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "sentence", "value"), TOLD)
def test_what_is_open_is_told_and_what_tells_it_from_another_of_its_kind(
    changes: dict[str, Any], code: str, sentence: str, value: str
) -> None:
    told = {each.code: (each.sentence, each.value) for each in exposures.of(subject(**changes))}
    assert told[code] == (sentence, value)


def test_a_setting_that_was_widened_further_is_told_from_the_one_before() -> None:
    jwt = settings(access_token_format=TokenFormat.JWT)
    (hour,), (day,) = (exposures.of(subject(**jwt, **policies(jwt_access_token_minutes=minutes))) for minutes in (60, 720))
    assert (hour.code, hour.value, day.value) == ("jwt_long", "60", "720")


def test_a_long_refresh_policy_is_mended_by_the_default() -> None:
    (only,) = exposures.of(subject(**refresh(RefreshPolicy("idle", 90, "days"))))
    assert only.mend.policies["refresh_policies"] == DEFAULT_REFRESH_POLICIES


def test_X_RV_08_a_jwt_that_outlives_a_quarter_of_an_hour_is_shown_as_an_exposure_with_the_smaller_life() -> None:
    jwt = settings(access_token_format=TokenFormat.JWT)
    (only,) = exposures.of(subject(**jwt, **policies(jwt_access_token_minutes=60)))
    assert "60 minutes" in only.sentence
    assert only.mend.policies == {"jwt_access_token_minutes": None}


LIGHT = {
    *("ip_relaxed_for_activated", "no_ranges", "refresh_long", "code_long", "refresh_grace", "private_scheme"),
    *("legacy_audience", "assertion_audiences", "jti_optional", "secret_expiring", "certificate_expiring"),
}
MIDDLING = {
    *("self_authorize", "ip_relaxed_on_refresh", "ip_relaxed_without_high_assurance", "jwt_long", "device_flow"),
    *("secret_waived_for_codes", "secret_waived_for_refresh", "introspects_all", "token_in_address", "no_owner", "old_secret"),
}
WEIGHTS = {
    1: LIGHT,
    2: MIDDLING,
    3: {"ip_relaxed", "may_administer", "no_pkce", "user_agent_flow"},
    4: {"no_refresh_expiry", "full_scope", "secret_in_browser"},
    5: {"self_authorize_with_full"},
}


KEPT: dict[str, type[App | AppSettings | AppPolicies]] = {"app": App, "settings": AppSettings, "policies": AppPolicies}


def test_every_kind_has_a_weight_a_place_and_words_of_its_own() -> None:
    assert {weight: {code for code, kind in KINDS.items() if kind.weight == weight} for weight in range(1, 6)} == WEIGHTS
    places = {f"{page}.{each.name}" for page, kept in KEPT.items() for each in fields(kept)} | {"secrets", "certificates"}
    assert {kind.field for kind in KINDS.values()} <= places
    assert len({kind.why for kind in KINDS.values()}) == len(KINDS)
    assert all(len(code) <= 48 for code in KINDS)


POINTERS = [
    ("self_authorize", "policies", {"permitted_users": "admin_approved"}, "--permitted-users admin_approved"),
    ("ip_relaxed", "policies", {"ip_relaxation": "enforce"}, "--ip-relaxation enforce"),
    ("jwt_long", "policies", {"jwt_access_token_minutes": None}, "--jwt-minutes 0"),
    ("full_scope", "settings", {"scopes": ["id", "api"], "full_scope_reason": ""}, "--scope id --scope api --full-scope-reason ''"),
    ("device_flow", "settings", {"flows": ["refresh_token", "user_agent", "web_server"]},
     "--flow refresh_token --flow user_agent --flow web_server"),
    ("no_refresh_expiry", "policies",
     {"refresh_policies": ["idle:30:days", "absolute:365:days"], "refresh_exception_reason": "", "refresh_exception_until": None},
     "--refresh-policy idle:30:days --refresh-policy absolute:365:days"),
    ("ip_relaxed_without_high_assurance", "policies", {"required_level": "high", "level_action": "raise"}, "--required-level high"),
    ("may_administer", "policies", {"may_administer": False}, "--may-not-administer"),
    ("code_long", "policies", {"authorization_code_seconds": None}, "--code-seconds 0"),
    ("refresh_grace", "policies", {"refresh_grace_seconds": 10}, "--refresh-grace 10"),
    ("no_pkce", "settings", {"pkce_required": True}, "--pkce"),
    ("user_agent_flow", "settings", {"flows": ["device", "refresh_token", "web_server"]},
     "--flow device --flow refresh_token --flow web_server"),
    ("secret_waived_for_codes", "settings", {"require_secret_for_web_server": True}, "--web-server-secret"),
    ("secret_waived_for_refresh", "settings", {"require_secret_for_refresh": True}, "--refresh-secret"),
    ("introspects_all", "settings", {"introspect_all_tokens": False}, "--no-resource-server"),
    ("assertion_audiences", "settings", {"assertion_audiences": []}, "--assertion-audience ''"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "part", "body", "words"), POINTERS, ids=[each[0] for each in POINTERS])
def test_where_the_smaller_setting_is_made_can_be_copied(code: str, part: str, body: dict[str, Any], words: str) -> None:
    smaller = next(each.smaller for each in exposures.of(subject(**WIDE)) if each.code == code)
    method, path, sent = smaller.api.split(" ", 2)
    assert (method, path.rpartition("/")[2], json.loads(sent)) == ("PATCH", part, body)
    program, group, command, app_id, *typed = shlex.split(smaller.command)
    assert (program, group, command, len(app_id)) == ("gatebridge", "apps", part, 18)
    assert typed == shlex.split(words)


BY_HAND = [
    ({"owner": None}, "no_owner", "", "apps owner {} --to USER"),
    ({"in_pages": frozenset({SECRET.id})}, "secret_in_browser", "/secrets", "apps settings {} --auth-method none --pkce"),
    (secrets((YEAR + DAY, None)), "old_secret", "/secrets", "secrets rotate {}"),
    (secrets((DAY, DAY)), "secret_expiring", "/secrets", "secrets rotate {}"),
    (certificates(DAY) | SIGNS, "certificate_expiring", "/certificates", "certs add {} FILE"),
    ({"org": NO_TRUST}, "no_ranges", "/policies", "apps policies {} --ip-range RANGE"),
    (policies(**RELAXED) | settings(flows=set(Flow)), "ip_relaxed_without_high_assurance", "/policies",
     "apps policies {} --required-level high"),
    (settings(callbacks=("com.a.app:/cb",)), "private_scheme", "/settings", "apps settings {} --callback https://..."),
    ({"in_addresses": frozenset({CLOSED.app.id})}, "token_in_address", "", "apps edit {} --dialect standard"),
    ({"app": replace(CLOSED.app, dialect=Dialect.SALESFORCE)} | settings(flows={Flow.JWT_BEARER}), "jti_optional", "",
     "apps edit {} --dialect standard"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "place", "command"), BY_HAND, ids=[each[1] for each in BY_HAND])
def test_what_no_machine_can_choose_is_made_by_hand(changes: dict[str, Any], code: str, place: str, command: str) -> None:
    found = next(each for each in exposures.of(subject(**changes)) if each.code == code)
    app_id = long(CLOSED.app.id)
    assert not found.mend
    assert found.smaller.api == f"/api/v1/apps/{app_id}{place}"
    assert found.smaller.command == f"gatebridge {command.format(app_id)}"


def test_what_only_a_program_sets_is_mended_by_the_api_alone() -> None:
    (only,) = exposures.of(subject(**settings(legacy_audience=True)))
    assert (only.mend.settings, only.smaller.command) == ({"legacy_audience": False}, "")
    assert only.smaller.api == f'PATCH /api/v1/apps/{long(CLOSED.app.id)}/settings {{"legacy_audience": false}}'


def test_the_last_flow_that_gives_refresh_tokens_takes_refreshing_with_it() -> None:
    (only,) = exposures.of(subject(**settings(flows=DEVICE | {Flow.CLIENT_CREDENTIALS})))
    assert only.mend.settings == {"flows": frozenset({Flow.CLIENT_CREDENTIALS})}


@pytest.mark.parametrize(
    ("scopes", "left"),
    [
        (("full",), ("api",)),
        (("full", "openid", "refresh_token"), ("openid", "refresh_token", "api")),
        (("full", "api"), ("api",)),
        (("full", "cdp_api"), ("cdp_api",)),
        (("full", "orders_read"), ("orders_read",)),
    ],
)
def test_an_app_that_had_nothing_to_work_with_but_full_keeps_the_api(scopes: tuple[str, ...], left: tuple[str, ...]) -> None:
    (only,) = exposures.of(subject(**settings(scopes=scopes)))
    assert set(only.mend.settings["scopes"]) == set(left)


@pytest.mark.parametrize("alone", [Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER])
def test_high_assurance_is_not_demanded_by_a_machine_where_a_flow_has_no_user(alone: Flow) -> None:
    flows = settings(flows=BROWSER | {alone})
    relaxed = {each.code: each for each in exposures.of(subject(**flows, **policies(**RELAXED)))}
    assert not relaxed["ip_relaxed_without_high_assurance"].mend


refresh_policies = st.one_of(
    st.just((RefreshPolicy("idle", 90, "days"), RefreshPolicy("absolute", 24, "months"))),
    st.just((RefreshPolicy("until_revoked"),)),
    st.just(CLOSED.policies.refresh_policies),
)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """An app that is opened in any combination of ways."""
    yes = st.booleans()
    opened = settings(
        flows=draw(st.sets(st.sampled_from(Flow))), scopes=draw(st.sampled_from([("api",), FULL, ("full",)])), pkce_required=draw(yes),
        callbacks=draw(st.sampled_from([(), ("com.example.app:/cb",)])), introspect_all_tokens=draw(yes), legacy_audience=draw(yes),
        assertion_audiences=draw(st.sampled_from([(), ("https://login.example",)])), require_secret_for_refresh=draw(yes),
        require_secret_for_web_server=draw(yes), access_token_format=draw(st.sampled_from(TokenFormat)),
    ) | policies(
        permitted_users=draw(st.sampled_from(PermittedUsers)), ip_relaxation=draw(st.sampled_from(Relaxation)),
        may_administer=draw(yes), refresh_policies=draw(refresh_policies), refresh_exception_reason=draw(st.sampled_from(["", "Why."])),
        refresh_exception_until=draw(st.sampled_from([None, NOW, NOW + DAY])), refresh_grace_seconds=draw(st.integers(0, 60)),
        authorization_code_seconds=draw(st.none() | st.integers(1, 600)), jwt_access_token_minutes=draw(st.none() | st.integers(1, 720)),
        requirement=draw(st.sampled_from([Requirement(), HIGH])),
    ) | secrets((draw(st.sampled_from([DAY, 2 * YEAR])), draw(st.sampled_from([None, DAY]))))  # fmt: skip
    return subject(
        **opened,
        app=replace(CLOSED.app, dialect=draw(st.sampled_from(Dialect))),
        org=draw(st.sampled_from([CLOSED.org, NO_TRUST])),
        owner=draw(st.sampled_from([OWNER, None])),
        own=draw(yes),
    )


# The exposures without which another is none.
RESTS_ON = {"self_authorize_with_full": {"self_authorize", "full_scope"}, "ip_relaxed_without_high_assurance": {"ip_relaxed"}}


def mended(opened: Subject, mend: Mend) -> Subject:
    """The same app with the smaller setting."""
    return replace(opened, settings=replace(opened.settings, **mend.settings), policies=replace(opened.policies, **mend.policies))


@given(subjects())
def test_the_smaller_setting_closes_its_exposure_and_nothing_but_what_hangs_together_with_it(opened: Subject) -> None:
    before = {each.code for each in exposures.of(opened)}
    for each in exposures.of(opened):
        if not each.mend:
            continue
        after = {other.code for other in exposures.of(mended(opened, each.mend))}
        kin = {code for code in before if each.code in RESTS_ON.get(code, ()) or code in RESTS_ON.get(each.code, ())}
        of_the_flow = gone_with_the_flow(each.code, before)
        assert after <= before, "a smaller setting opens nothing"
        assert each.code not in after
        assert before - after - {each.code} <= kin | of_the_flow


def gone_with_the_flow(code: str, before: set[str]) -> set[str]:
    """With the last flow for users goes what only such a flow can be exposed in."""
    if code not in ("device_flow", "user_agent_flow"):
        return set()
    return before & {"ip_relaxed_without_high_assurance", "secret_waived_for_refresh", "secret_waived_for_codes"}


@given(subjects())
def test_when_every_smaller_setting_is_made_nothing_is_left_but_what_is_done_by_hand(opened: Subject) -> None:
    left = opened
    while mends := [each.mend for each in exposures.of(left) if each.mend]:
        left = mended(left, mends[0])
    assert exposures.weight(exposures.of(left)) <= exposures.weight(exposures.of(opened))
    assert all(not each.mend for each in exposures.of(left))
