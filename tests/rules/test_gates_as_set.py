"""How the gates of an app are set, as its strip shows them: one truth a line."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.rules.exposed_app import CLOSED, SECRET, ranges
from tests.rules.facts_builder import NOW

from gatebridge.rules import exposures
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.exposures import KINDS
from gatebridge.rules.gates import Gate
from gatebridge.rules.gates_as_set import LOOSENS, GateAsSet, Presence, Stand, counted, of
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Assignment

GUARDED, OPEN, LOOSENED, CLOSED_ = Stand.GUARDED, Stand.OPEN, Stand.LOOSENED, Stand.CLOSED
HERE = Presence(in_use=True)
BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
NAMED = Assignment("0PS000000000001", None)


def app(*, org: OrgSettings | None = None, app_: dict[str, Any] | None = None, **changes: Any) -> Subject:
    """The closed app with these settings (`flows`, ...) and policies (`policies_...`), and what else a subject has."""
    settings = {name: value for name, value in changes.items() if hasattr(CLOSED.settings, name)}
    policies = {name.removeprefix("policies_"): value for name, value in changes.items() if name.startswith("policies_")}
    rest = {name: value for name, value in changes.items() if name not in settings and not name.startswith("policies_")}
    return replace(
        CLOSED,
        app=replace(CLOSED.app, **(app_ or {})),
        settings=replace(CLOSED.settings, **settings),
        policies=replace(CLOSED.policies, **policies),
        org=org or CLOSED.org,
        **rest,
    )


def gate(which: Gate, subject: Subject, presence: Presence = HERE) -> GateAsSet:
    return next(each for each in of(subject, presence, exposures.of(subject)) if each.gate is which)


ROWS = [
    (Gate.CLIENT, app(), GUARDED, "Secret required"),
    (Gate.CLIENT, app(auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})), GUARDED, "Signed with its key"),
    (Gate.CLIENT, app(auth_methods=frozenset({ClientAuthMethod.NONE})), OPEN, "No secret: public app"),
    (Gate.CLIENT, app(in_pages=frozenset({SECRET.id})), LOOSENED, "Secret required"),
    (Gate.CLIENT, app(require_secret_for_web_server=False, require_secret_for_refresh=False), GUARDED, "Secret required"),
    (Gate.CLIENT, app(flows=BROWSER, require_secret_for_web_server=False), LOOSENED, "Proof waived in part"),
    (Gate.CLIENT, app(flows=BROWSER, require_secret_for_refresh=False), LOOSENED, "Proof waived in part"),
    (Gate.CALLBACK, app(flows=frozenset({Flow.CLIENT_CREDENTIALS})), GUARDED, "No flow comes back"),
    (Gate.CALLBACK, app(flows=BROWSER, callbacks=()), CLOSED_, "None registered"),
    (Gate.CALLBACK, app(flows=BROWSER, callbacks=("https://a.example/",)), GUARDED, "1 exact address"),
    (Gate.CALLBACK, app(flows=BROWSER, callbacks=("https://a.example/", "https://b.example/")), GUARDED, "2 exact addresses"),
    (Gate.CALLBACK, app(flows=BROWSER, callbacks=("com.example.app:/done",)), LOOSENED, "1 exact address"),
    (Gate.APP, app(), GUARDED, "Active, not blocked"),
    (Gate.APP, app(app_={"deleted_at": NOW}), CLOSED_, "Deleted"),
    (Gate.FLOW, app(flows=frozenset()), CLOSED_, "No flow is on"),
    (Gate.FLOW, app(flows=BROWSER), GUARDED, "Web server, refresh"),
    (Gate.FLOW, app(flows=frozenset(Flow) - {Flow.DEVICE, Flow.USER_AGENT}), GUARDED, "Client credentials, web server, 2 more"),
    (Gate.FLOW, app(flows=frozenset({Flow.DEVICE})), LOOSENED, "Device"),
    (Gate.PKCE, app(flows=frozenset({Flow.JWT_BEARER})), GUARDED, "No code is given"),
    (Gate.PKCE, app(flows=BROWSER), GUARDED, "S256 required"),
    (Gate.PKCE, app(flows=BROWSER, pkce_required=False), LOOSENED, "Not required"),
    (Gate.PROOF, app(flows=BROWSER), GUARDED, "Code lives 60 s, once"),
    (Gate.PROOF, app(flows=BROWSER, policies_authorization_code_seconds=300), LOOSENED, "Code lives 300 s, once"),
    (Gate.PROOF, app(flows=frozenset({Flow.JWT_BEARER})), GUARDED, "Assertion, used once"),
    (Gate.PROOF, app(flows=frozenset({Flow.CLIENT_CREDENTIALS})), GUARDED, "Used once"),
    (Gate.SCOPES, app(scopes=()), CLOSED_, "None given"),
    (Gate.SCOPES, app(scopes=("api",)), GUARDED, "1 scope"),
    (Gate.SCOPES, app(scopes=("full", "api")), LOOSENED, "full"),
    (Gate.USER, app(flows=BROWSER), GUARDED, "Active, not frozen"),
    (Gate.USER, app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), policies_run_as_user_id=None), CLOSED_, "No run-as user"),
    (Gate.USER, app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), policies_run_as_user_id="005"), GUARDED, "Its run-as user"),
    (Gate.PERMITTED, app(), CLOSED_, "Nobody is assigned"),
    (Gate.PERMITTED, app(permits=(NAMED,)), GUARDED, "Approved: 1 holder"),
    (Gate.PERMITTED, app(permits=(replace(NAMED, expires_at=NOW - timedelta(1)),)), CLOSED_, "Nobody is assigned"),
    (Gate.PERMITTED, app(policies_permitted_users=PermittedUsers.SELF_AUTHORIZE), LOOSENED, "Anybody, after consent"),
    (Gate.HOURS, app(), OPEN, "Any hour"),
    (Gate.NETWORK, app(), GUARDED, "1 range enforced"),
    (Gate.NETWORK, app(org=OrgSettings(), policies_ip_ranges=ranges("192.0.2.0/24", "198.51.100.0/24")), GUARDED, "2 ranges enforced"),
    (Gate.NETWORK, app(org=OrgSettings()), LOOSENED, "Any address"),
    (Gate.NETWORK, app(org=replace(CLOSED.org, trusted_ranges_only_waive=True)), LOOSENED, "Any address"),
    (
        Gate.NETWORK,
        app(org=OrgSettings(), profiles={"00e000000000001": True}, permits=(Assignment("00e000000000001", None),)),
        GUARDED,
        "Ranges of profiles",
    ),
    (Gate.NETWORK, app(policies_ip_relaxation=Relaxation.RELAX), LOOSENED, "Relaxed: any address"),
    (Gate.NETWORK, app(policies_ip_relaxation=Relaxation.RELAX_REFRESH), LOOSENED, "Ranges, relaxed in part"),
    (Gate.SESSION, app(flows=frozenset({Flow.JWT_BEARER})), GUARDED, "Nobody signs in"),
    (Gate.SESSION, app(flows=BROWSER), OPEN, "One factor will do"),
    (Gate.SESSION, app(flows=BROWSER, policies_requirement=Requirement(Level.HIGH, LevelAction.RAISE)), GUARDED, "High assurance"),
    (Gate.CONSENT, app(), OPEN, "Not asked: an admin approved"),
    (Gate.CONSENT, app(policies_permitted_users=PermittedUsers.SELF_AUTHORIZE), GUARDED, "Each user is asked"),
    (Gate.LIFETIME, app(flows=frozenset({Flow.JWT_BEARER})), GUARDED, "Access tokens only"),
    (Gate.LIFETIME, app(flows=BROWSER), GUARDED, "Refresh: 30 days idle, 365 days in all"),
    (
        Gate.LIFETIME,
        app(
            flows=BROWSER,
            policies_refresh_policies=(RefreshPolicy("until_revoked"),),
            policies_refresh_exception_reason="A partner",
            policies_refresh_exception_until=NOW + timedelta(30),
        ),
        LOOSENED,
        "Refresh: until revoked",
    ),
    (
        Gate.LIFETIME,
        app(
            flows=BROWSER,
            policies_refresh_policies=(RefreshPolicy("until_revoked"),),
            policies_refresh_exception_reason="A partner",
            policies_refresh_exception_until=NOW,
        ),
        GUARDED,
        "Refresh: 30 days idle, 365 days in all",
    ),
    (Gate.LIFETIME, app(flows=BROWSER, policies_refresh_policies=(RefreshPolicy("immediately"),)), GUARDED, "Refresh: never"),
]


@pytest.mark.parametrize(("which", "subject", "stand", "words"), ROWS)
def test_a_gate_stands_as_the_app_is_set(which: Gate, subject: Subject, stand: Stand, words: str) -> None:
    found = gate(which, subject)
    assert (found.stand, found.words) == (stand, words)


@pytest.mark.parametrize(
    ("which", "presence", "stand", "words"),
    [
        (Gate.APP, Presence(in_use=True, blocked=True), CLOSED_, "Blocked"),
        (Gate.INSTALLED, Presence(in_use=True), GUARDED, "Installed here"),
        (Gate.INSTALLED, Presence(in_use=False), CLOSED_, "Not installed here"),
        (Gate.HOURS, Presence(in_use=True, profiles_with_hours=1), GUARDED, "Hours of 1 profile"),
        (Gate.HOURS, Presence(in_use=True, profiles_with_hours=3), GUARDED, "Hours of 3 profiles"),
    ],
)
def test_a_gate_stands_as_the_app_is_used_here(which: Gate, presence: Presence, stand: Stand, words: str) -> None:
    found = gate(which, app(), presence)
    assert (found.stand, found.words) == (stand, words)


@pytest.mark.parametrize(("which", "words"), [(Gate.INSTALLED, "For holders of a right"), (Gate.PERMITTED, "Holders of a right")])
def test_one_that_nobody_installed_stands_for_holders_of_a_right_and_for_nobody_else(which: Gate, words: str) -> None:
    used = replace(app(policies_permitted_users=PermittedUsers.SELF_AUTHORIZE), holders_only=True)
    found = gate(which, used, Presence(in_use=False))
    assert (found.stand, found.words, found.exposures) == (GUARDED, words, ())


def test_there_are_fifteen_gates_in_their_order() -> None:
    assert [each.gate for each in of(CLOSED, HERE, ())] == list(Gate)


def test_what_loosens_a_gate_is_named_at_it() -> None:
    assert gate(Gate.SCOPES, app(scopes=("full",))).exposures == ("full_scope",)


def test_a_closed_gate_is_not_loosened() -> None:
    subject = app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=(), policies_may_administer=True)
    found = gate(Gate.SCOPES, subject)
    assert (found.stand, found.exposures) == (CLOSED_, ("may_administer",))


def test_every_exposure_loosens_a_gate_or_is_about_no_gate() -> None:
    about_no_gate = {"no_owner", "secret_expiring", "certificate_expiring"}
    assert set(LOOSENS) | about_no_gate == set(KINDS)
    assert not set(LOOSENS) & about_no_gate


def test_words_are_short_enough_for_the_strip() -> None:
    for _, subject, _, words in ROWS:
        assert subject is not None
        assert len(words.split()) <= 8
        assert max(map(len, words.split())) <= 13


def test_the_strip_is_told_in_a_sentence() -> None:
    gates = of(app(flows=BROWSER, callbacks=("https://a.example/",), permits=(NAMED,)), HERE, ())
    assert counted(gates) == "Every request passes these 15 in order: 12 guarded, 3 open."


def test_that_nobody_answers_for_an_app_loosens_no_gate() -> None:
    subject = app(owner=None)
    assert "no_owner" in {each.code for each in exposures.of(subject)}
    assert of(subject, HERE, exposures.of(subject)) == of(subject, HERE, ())
