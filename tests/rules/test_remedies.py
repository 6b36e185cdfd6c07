"""Which setting decided what a gate said, where it is changed, and by whom: the gates of who calls, how, for what and for whom."""

import pytest
from tests.rules.facts_builder import (
    A_MOMENT,
    APP,
    ASKED_ABOUT,
    ASKING,
    ASSERTING,
    AUTHORIZING,
    BARE_FACTS,
    FACTS,
    HELD,
    NOW,
    PASSING,
    PEOPLE,
    PRESENTING,
    REDEEMING,
    REFRESHING,
    SERVICE_PROFILE,
    SYNC_SET,
    USER,
    approved,
    but,
    finding,
)

from gatebridge.rules import access, reasons, remedies, settable
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import long
from gatebridge.rules.people import Assignment, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.settable import Setting
from gatebridge.rules.verdict import Finding, State

ID, PERSON, PROFILE, SET = long(APP.id), long(USER.id), long(SERVICE_PROFILE.id), long(SYNC_SET.id)
OTHERS = but(FACTS, "app", org_id="00D000000000002")
PUBLIC = but(PEOPLE, "settings", auth_methods=frozenset({ClientAuthMethod.NONE}))
OWN = but(FACTS, "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE)
LATER, BEFORE_NOW = Assignment(SYNC_SET.id), Assignment(SYNC_SET.id, NOW)
SETTINGS, POLICIES = f"gatebridge apps settings {ID}", f"gatebridge apps policies {ID}"


def setting(gate: Gate, facts: Facts, attempt: Attempt, reason: str | None = None) -> Setting | None:
    """The setting behind what the gate says, or would say if it refused for this reason."""
    said = finding(gate, facts, attempt)
    if reason is not None:
        said = Finding(gate, State.REFUSED, reasons.get(reason).sentence, reasons.get(reason))
    return remedies.setting(facts, attempt, said)


def test_every_gate_has_an_entry() -> None:
    assert set(remedies.OF_GATE) == set(Gate)


@pytest.mark.parametrize("door", PASSING, ids=str)
def test_at_every_door_every_gate_that_lets_an_attempt_through_names_its_setting(door: str) -> None:
    facts, attempt = PASSING[door]  # type: ignore[index]
    for said in access.decide(facts, attempt).findings:
        found = remedies.setting(facts, attempt, said)
        assert found is not None, said
        assert found.name
        assert found.words
        assert found.by
        assert found.permissions


@pytest.mark.parametrize("gate", Gate, ids=str)
def test_where_nothing_is_known_no_setting_is_made_up(gate: Gate) -> None:
    said = Finding(gate, State.UNREACHED, "not reached")
    found = remedies.setting(BARE_FACTS, Attempt(ASKING.door, None), said)
    # Only how sure the whole org wants to be needs no app and no user to be known.
    assert found is None


CASES = [
    pytest.param(Gate.CLIENT, FACTS, ASKING, None, "Settings: Authentication methods", "client_secret_basic, client_secret_post",
                 f"{SETTINGS} --auth-method METHOD", id="a proven client: the methods that it may use"),
    pytest.param(Gate.CLIENT, FACTS, ASKING, "client_method_not_registered", "Settings: Authentication methods",
                 "client_secret_basic, client_secret_post", f"{SETTINGS} --auth-method METHOD", id="a method that is not registered"),
    pytest.param(Gate.CLIENT, FACTS, ASKING, "secret_expired", "Credentials: Consumer secrets",
                 "live and retired ones are listed there", f"gatebridge secrets rotate {ID}", id="a secret that is none any more"),
    pytest.param(Gate.CLIENT, FACTS, ASKING, "certificate_expired", "Credentials: Certificates",
                 "live and retired ones are listed there", f"gatebridge certs add {ID} FILE", id="a key that is none any more"),
    pytest.param(Gate.CLIENT, FACTS, ASKING, "assertion_audience_wrong", "Settings: Legacy audience", "the issuer only", "",
                 id="an assertion for the token endpoint"),
    pytest.param(Gate.CLIENT, but(FACTS, "settings", legacy_audience=True), ASKING, "assertion_audience_wrong",
                 "Settings: Legacy audience", "the token endpoint counts too", "", id="or for neither"),
    pytest.param(Gate.CALLBACK, PEOPLE, AUTHORIZING, "callback_not_registered", "Settings: Callback URLs",
                 "https://portal.example/callback, https://portal.example/other",
                 f"{SETTINGS} --callback https://portal.example/callback --callback https://portal.example/other --callback URL",
                 id="a callback: the whole list once more, and what was sent is not made ready to be copied"),
    pytest.param(Gate.CALLBACK, but(PEOPLE, "settings", callbacks=()), AUTHORIZING, "callback_missing", "Settings: Callback URLs",
                 "none", f"{SETTINGS} --callback URL", id="the first callback"),
    pytest.param(Gate.APP, FACTS, ASKING, None, "App: State", "in use", f"gatebridge apps block {ID} --reason WHY", id="an app in use"),
    pytest.param(Gate.APP, but(FACTS, "installation", blocked_at=NOW, blocked_because="It leaks."), ASKING, None, "App: State",
                 "blocked: It leaks.", f"gatebridge apps unblock {ID} --reason WHY", id="a blocked app"),
    pytest.param(Gate.APP, but(FACTS, "app", deleted_at=NOW), ASKING, None, "App: State", "deleted",
                 f"gatebridge apps restore {ID} --reason WHY", id="a deleted app"),
    pytest.param(Gate.INSTALLED, FACTS, ASKING, None, "App: Installation", "installed in this org",
                 f"gatebridge apps uninstall {ID} --reason WHY", id="an app that is installed"),
    pytest.param(Gate.INSTALLED, but(FACTS, installation=None), ASKING, None, "App: Installation", "not installed in this org",
                 f"gatebridge apps install {APP.consumer_key}", id="one that never was"),
    pytest.param(Gate.INSTALLED, but(FACTS, "installation", uninstalled_at=NOW), ASKING, None, "App: Installation",
                 "not installed in this org", f"gatebridge apps install {APP.consumer_key}", id="one that is no more"),
    pytest.param(Gate.FLOW, FACTS, ASKING, None, "Settings: Flows", "client_credentials", f"{SETTINGS} --flow client_credentials",
                 id="a flow that is on"),
    pytest.param(Gate.FLOW, FACTS, but(ASKING, flow=Flow.JWT_BEARER), None, "Settings: Flows", "client_credentials",
                 f"{SETTINGS} --flow client_credentials --flow jwt_bearer", id="one that is off, beside those that are on"),
    pytest.param(Gate.FLOW, but(HELD, "settings", flows=frozenset()), REFRESHING, None, "Settings: Flows", "none",
                 f"{SETTINGS} --flow refresh_token --flow web_server", id="a refresh needs the flow that began it too"),
    pytest.param(Gate.FLOW, PEOPLE, REFRESHING, None, "Settings: Flows", "jwt_bearer, refresh_token, web_server",
                 f"{SETTINGS} --flow jwt_bearer --flow refresh_token --flow web_server", id="a refresh of a grant that is unknown"),
    pytest.param(Gate.FLOW, but(HELD, "settings", flows=frozenset()), ASSERTING, None, "Settings: Flows", "none",
                 f"{SETTINGS} --flow jwt_bearer", id="how another grant began says nothing"),
    pytest.param(Gate.FLOW, but(FACTS, "settings", flows=frozenset()), ASKED_ABOUT, None, "Settings: Flows", "none",
                 f"{SETTINGS} --flow client_credentials", id="the flow of a live token, which is off"),
    pytest.param(Gate.FLOW, FACTS, ASKING, "client_not_confidential", "Settings: Authentication methods",
                 "client_secret_basic, client_secret_post", f"{SETTINGS} --auth-method METHOD", id="a public app cannot act as itself"),
    pytest.param(Gate.FLOW, but(FACTS, "settings", flows=frozenset({Flow.DEVICE})), but(ASKING, flow=Flow.DEVICE), None,
                 "Org: Device flow", "off", "gatebridge org edit --device-flow", id="a flow that the whole org must want"),
    pytest.param(Gate.FLOW, but(FACTS, "settings", flows=frozenset({Flow.USER_AGENT})), but(ASKING, flow=Flow.USER_AGENT), None,
                 "Org: User-agent flow", "off", "gatebridge org edit --user-agent-flow", id="and the other one"),
    pytest.param(Gate.FLOW, but(HELD, "grant", flow=Flow.DEVICE), REFRESHING, "flow_off_in_org", "Org: Device flow", "off",
                 "gatebridge org edit --device-flow", id="a refresh of what began at a device"),
    pytest.param(Gate.FLOW, FACTS, ASKED_ABOUT, None, "Settings: Flows", "client_credentials", f"{SETTINGS} --flow client_credentials",
                 id="the flow of a live token"),
    pytest.param(Gate.PKCE, PEOPLE, AUTHORIZING, None, "Settings: PKCE required", "yes", f"{SETTINGS} --no-pkce",
                 id="PKCE is required"),
    pytest.param(Gate.PKCE, but(PEOPLE, "settings", pkce_required=False), AUTHORIZING, None, "Settings: PKCE required", "no",
                 f"{SETTINGS} --pkce", id="PKCE is waived"),
    pytest.param(Gate.PKCE, PUBLIC, AUTHORIZING, "challenge_missing", "Settings: PKCE required", "always, since the app is public",
                 f"{SETTINGS} --auth-method METHOD", id="of a public app it is never waived"),
    pytest.param(Gate.SCOPES, FACTS, ASKING, None, "Settings: Scopes", "api id", f"{SETTINGS} --scope api --scope id",
                 id="the scopes of the app"),
    pytest.param(Gate.SCOPES, FACTS, but(ASKING, scopes_asked=("full", "api")), None, "Settings: Scopes", "api id",
                 f"{SETTINGS} --scope full --scope api --scope id --full-scope-reason WHY", id="a scope that it lacks"),
    pytest.param(Gate.SCOPES, FACTS, but(ASKING, scopes_asked=("ledger",)), None, "Org: Custom scopes", "none", "",
                 id="a scope that nobody knows"),
    pytest.param(Gate.SCOPES, but(FACTS, "org.settings", custom_scopes=(("orders", ""), ("stock", ""), ("invoices", ""), ("claims", ""))),
                 but(ASKING, scopes_asked=("ledger",)), None, "Org: Custom scopes", "claims, invoices, orders, stock", "",
                 id="beside those that are known"),
    pytest.param(Gate.SCOPES, FACTS, PRESENTING, None, "Settings: Scopes", "api id", f"{SETTINGS} --scope api --scope id",
                 id="the scope that a door demands and the token has"),
    pytest.param(Gate.SCOPES, FACTS, but(PRESENTING, scope_needed="web"), None, "Settings: Scopes", "api id",
                 f"{SETTINGS} --scope web --scope api --scope id", id="a scope that the door demands"),
    pytest.param(Gate.SCOPES, but(FACTS, "settings", scopes=("setup_api", "api")), but(ASKING, scopes_asked=("setup_api",)), None,
                 "Policies: May administer this org", "no", f"{POLICIES} --may-administer", id="only the admin's own word is missing"),
    pytest.param(Gate.SCOPES, but(FACTS, "settings", scopes=("setup_api",)), but(ASKING, scopes_asked=("setup_api",)), None,
                 "Policies: May administer this org", "no", f"{POLICIES} --may-administer", id="also where it is all that the app has"),
    pytest.param(Gate.SCOPES, FACTS, PRESENTING, "app_may_not_administer", "Policies: May administer this org", "no",
                 f"{POLICIES} --may-administer", id="also for a live token"),
    pytest.param(Gate.SCOPES, but(HELD, "settings", scopes=("api",)), REFRESHING, None, "Settings: Scopes", "api",
                 f"{SETTINGS} --scope refresh_token --scope api", id="the scope of refresh tokens"),
    pytest.param(Gate.SCOPES, but(FACTS, "settings", scopes=()), ASKING, None, "Settings: Scopes", "none", f"{SETTINGS} --scope SCOPE",
                 id="an app without scopes"),
    pytest.param(Gate.USER, FACTS, ASKING, None, "User: State", "active", f"gatebridge users freeze {PERSON} --reason WHY",
                 id="an active user"),
    pytest.param(Gate.USER, but(FACTS, "standing.user", frozen=True), ASKING, None, "User: State", "frozen",
                 f"gatebridge users unfreeze {PERSON} --reason WHY", id="a frozen user"),
    pytest.param(Gate.USER, but(FACTS, "standing.user", state=UserState.DEACTIVATED), ASKING, None, "User: State", "deactivated",
                 f"gatebridge users activate {PERSON} --reason WHY", id="a deactivated user"),
    pytest.param(Gate.USER, but(FACTS, "standing.user", state=UserState.INVITED), ASKING, None, "User: State", "invited", "",
                 id="an invited user"),
    pytest.param(Gate.USER, but(FACTS, "standing.profile", permissions=frozenset({Permission.API_ONLY})), ASKING, None,
                 "Profile Service: Permissions", "without API Enabled",
                 f"gatebridge profiles edit {PROFILE} --permission api_enabled --permission api_only",
                 id="a user who may not use APIs"),
    pytest.param(Gate.USER, but(but(FACTS, standing=None), "policies", run_as_user_id=None), ASKING, None, "Policies: Run as", "nobody",
                 f"{POLICIES} --run-as USER", id="an app that runs as nobody"),
    pytest.param(Gate.USER, but(FACTS, "policies", run_as_user_id=None), ASKED_ABOUT, None, "Policies: Run as", "nobody",
                 f"{POLICIES} --run-as USER", id="its token from before, when it ran as somebody"),
    pytest.param(Gate.PERMITTED, OWN, ASKING, None, "Policies: Permitted users", "all users may self-authorize",
                 f"{POLICIES} --permitted-users admin_approved", id="all users may"),
    pytest.param(Gate.PERMITTED, FACTS, ASKING, None, "Access: Profiles and permission sets", "without an end",
                 f"gatebridge access assign {ID} {PROFILE} --until TIME", id="a user who is approved by profile"),
    pytest.param(Gate.PERMITTED, approved(BEFORE_NOW, holding=LATER), ASKING, None, "Access: Profiles and permission sets",
                 f"ran out at {NOW.isoformat()}", f"gatebridge access assign {ID} {SET} --until TIME",
                 id="the app's assignment has run out"),
    pytest.param(Gate.PERMITTED, approved(LATER, holding=BEFORE_NOW), ASKING, None, "User: Permission sets",
                 f"ran out at {NOW.isoformat()}", f"gatebridge users assign {PERSON} {SET} --until TIME",
                 id="the user's has"),
    pytest.param(Gate.PERMITTED, approved(Assignment(SERVICE_PROFILE.id, NOW), LATER, holding=LATER), ASKING, None,
                 "Access: Profiles and permission sets", "without an end", f"gatebridge access assign {ID} {SET} --until TIME",
                 id="of two assignments the one that opens the gate"),
    pytest.param(Gate.PERMITTED, approved(Assignment("0PS000000000000"), LATER, holding=BEFORE_NOW), ASKING, None,
                 "User: Permission sets", f"ran out at {NOW.isoformat()}", f"gatebridge users assign {PERSON} {SET} --until TIME",
                 id="of two sets the one that the user held"),
    pytest.param(Gate.PERMITTED, approved(BEFORE_NOW), ASKING, None, "Access: Profiles and permission sets",
                 "assigned, but to none that the user holds", f"gatebridge access assign {ID} HOLDER --until TIME",
                 id="a set that opens nothing any more is not handed out"),
    pytest.param(Gate.PERMITTED, approved(LATER), ASKING, None, "User: Permission sets", "not held by the user",
                 f"gatebridge users assign {PERSON} {SET} --until TIME", id="a user who could be given what others have"),
    pytest.param(Gate.PERMITTED, approved(), ASKING, None, "Access: Profiles and permission sets",
                 "nobody is assigned",
                 f"gatebridge access assign {ID} HOLDER --until TIME", id="an app that nobody may use"),
    pytest.param(Gate.PERMITTED, approved(Assignment("00e000000000009")), ASKING, None, "Access: Profiles and permission sets",
                 "assigned, but to none that the user holds", f"gatebridge access assign {ID} HOLDER --until TIME",
                 id="an app that others may use, by profile"),
    pytest.param(Gate.PERMITTED, approved(Assignment(SERVICE_PROFILE.id, NOW + A_MOMENT)), ASKING, None,
                 "Access: Profiles and permission sets", f"until {(NOW + A_MOMENT).isoformat()}",
                 f"gatebridge access assign {ID} {PROFILE} --until TIME", id="an assignment that will run out"),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "facts", "attempt", "reason", "name", "words", "cli"), CASES)
def test_the_setting_has_its_name_its_value_and_the_command_that_changes_it(
    gate: Gate, facts: Facts, attempt: Attempt, reason: str | None, name: str, words: str, cli: str
) -> None:
    found = setting(gate, facts, attempt, reason)
    assert found is not None
    assert (found.name, found.words, found.cli) == (name, words, cli)
    assert found.api.partition(" /api/v1/")[0] in {"PATCH", "POST", "PUT"}


SECRETS = ["client_proof_missing", "secret_wrong", "secret_mistyped", "secret_expired", "secret_retired"]
KEYS = [
    *("assertion_algorithm_refused", "assertion_key_unknown", "assertion_signature_wrong"),
    *("certificate_expired", "certificate_retired"),
]
METHODS = ["client_method_not_registered", "client_public_sent_secret", "client_not_confidential"]


@pytest.mark.parametrize(
    ("reason", "api"),
    [
        *((reason, f"POST /api/v1/apps/{ID}/secrets/rotate") for reason in SECRETS),
        *((reason, f"POST /api/v1/apps/{ID}/certificates") for reason in KEYS),
        *((reason, f"PATCH /api/v1/apps/{ID}/settings") for reason in METHODS),
    ],
)
def test_a_proof_that_failed_is_mended_where_it_lies(reason: str, api: str) -> None:
    found = setting(Gate.CLIENT, FACTS, ASKING, reason)
    assert found is not None
    assert found.api == api


@pytest.mark.parametrize("missing", ["app", "settings", "policies", "installation", "standing", "grant"])
def test_whatever_is_not_known_is_left_out_and_breaks_nothing(missing: str) -> None:
    facts, attempts = but(HELD, **{missing: None}), (REFRESHING, ASKED_ABOUT, but(ASKING, scopes_asked=("full",)))
    refusals = [reasons.get(code) for code in (*SECRETS, "scope_not_assigned", "run_as_missing")]
    said = [
        finding
        for gate in Gate
        for finding in (Finding(gate, State.PASSED, ""), *(Finding(gate, State.REFUSED, "", reason) for reason in refusals))
    ]
    pages = {found.name.partition(":")[0] for attempt in attempts for each in said if (found := remedies.setting(facts, attempt, each))}
    assert missing != "app" or pages == {"Org", "Profile Service", "User"}


@pytest.mark.parametrize(
    ("gate", "facts", "attempt", "reason"),
    [
        (Gate.CLIENT, FACTS, ASKING, "assertion_replayed"),
        (Gate.CLIENT, FACTS, ASKING, "client_missing"),
        (Gate.CALLBACK, PEOPLE, REDEEMING, "callback_differs"),
        (Gate.FLOW, FACTS, ASKING, "grant_type_missing"),
        (Gate.PKCE, PEOPLE, REDEEMING, "verifier_wrong"),
        (Gate.PKCE, PEOPLE, REDEEMING, "verifier_missing"),
        (Gate.PKCE, PEOPLE, REDEEMING, "verifier_malformed"),
        (Gate.PKCE, PEOPLE, REDEEMING, "verifier_unexpected"),
        (Gate.PKCE, PEOPLE, AUTHORIZING, "challenge_method_unsupported"),
        (Gate.PKCE, PEOPLE, AUTHORIZING, "challenge_malformed"),
        (Gate.SCOPES, FACTS, ASKING, "scope_malformed"),
        (Gate.SCOPES, but(FACTS, policies=None), ASKING, None),
        (Gate.SCOPES, FACTS, ASKING, "scope_needs_user"),
        (Gate.SCOPES, HELD, REFRESHING, "scope_exceeds_grant"),
        (Gate.USER, but(PEOPLE, standing=None), ASSERTING, None),
        (Gate.USER, but(FACTS, policies=None, standing=None), ASKING, None),
        (Gate.PKCE, but(PEOPLE, settings=None), AUTHORIZING, None),
    ],
)
def test_what_only_the_request_can_mend_has_no_setting(gate: Gate, facts: Facts, attempt: Attempt, reason: str | None) -> None:
    assert setting(gate, facts, attempt, reason) is None


def test_a_verifier_that_was_not_looked_at_has_no_setting() -> None:
    assert remedies.setting(PEOPLE, REDEEMING, Finding(Gate.PKCE, State.UNREACHED, "not reached")) is None


@pytest.mark.parametrize(
    ("gate", "facts", "reason", "name"),
    [
        (Gate.FLOW, OTHERS, None, "Settings: Flows"),
        (Gate.CLIENT, OTHERS, "secret_wrong", "Credentials: Consumer secrets"),
        (Gate.APP, but(OTHERS, "app", deleted_at=NOW), None, "App: State"),
    ],
)
def test_what_is_its_publishers_nobody_changes_in_an_org_that_only_uses_the_app(
    gate: Gate, facts: Facts, reason: str | None, name: str
) -> None:
    found = setting(gate, facts, ASKING, reason)
    assert found is not None
    assert (found.name, found.api, found.cli, found.permissions, found.by) == (name, "", "", (), settable.PUBLISHER)
    assert found.words in {"client_credentials", "live and retired ones are listed there", "deleted"}


@pytest.mark.parametrize(
    ("gate", "facts", "by"),
    [
        (Gate.FLOW, FACTS, "Manage Connected Apps, or the app's owner with Register Connected Apps"),
        (Gate.APP, FACTS, "Manage Connected Apps"),
        (Gate.APP, but(FACTS, "app", deleted_at=NOW), "Manage Connected Apps or Register Connected Apps"),
        (Gate.USER, FACTS, "Manage Users"),
        (Gate.PERMITTED, FACTS, "Manage Connected Apps"),
    ],
)
def test_who_may_change_it_is_said_in_words(gate: Gate, facts: Facts, by: str) -> None:
    found = setting(gate, facts, ASKING)
    assert found is not None
    assert found.by == by


@pytest.mark.parametrize(
    ("permission", "name"),
    [
        (Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, "Manage Profiles and Permission Sets"),
        (Permission.VIEW_OAUTH_USAGE, "View OAuth Usage"),
        (Permission.API_ENABLED, "API Enabled"),
    ],
)
def test_a_permission_is_named_as_people_read_it(permission: Permission, name: str) -> None:
    assert settable.name_of(permission) == name
