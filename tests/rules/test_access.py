"""The decision as a whole: which gates are asked in which order, that deny wins, and what is granted when none denies."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.rules.facts_builder import (
    APP,
    ASKED_ABOUT,
    ASKING,
    AUTHORIZING,
    BARE_FACTS,
    CALLING,
    ELSEWHERE,
    FACTS,
    HELD,
    IDENTIFYING,
    NOW,
    OTHER_CALLBACK,
    PASSING,
    PEOPLE,
    PRESENTING,
    REDEEMING,
    REFRESHING,
    REVOKING,
    TOKEN,
    answer,
    but,
    finding,
    ranges,
)

from gatebridge.rules import access
from gatebridge.rules.access import GATES_AT
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.facts import Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level, Requirement
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import outage
from gatebridge.rules.reasons import pkce as pkce_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.verdict import State

EVERY_DOOR = [pytest.param(facts, attempt, id=f"at the door {door}") for door, (facts, attempt) in PASSING.items()]

Case = tuple[Facts, Attempt]


def _proof_shut(facts: Facts, attempt: Attempt) -> Case:
    if attempt.door in (Door.CODE, Door.DEVICE):
        return but(facts, "session", ended_at=NOW), attempt
    if attempt.door is Door.CONNECT:
        return facts, but(attempt, "device", decided_at=NOW)
    if attempt.door is Door.ASSERTION:
        return facts, but(attempt, "assertion", refused=grant_reasons.GRANT_AUDIENCE_WRONG)
    return but(facts, "grant", ended_at=NOW), attempt


def _consent_shut(facts: Facts, attempt: Attempt) -> Case:
    if attempt.door is Door.ASSERTION:
        return but(but(facts, approval=None), "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE), attempt
    return facts, but(attempt, "approving", denied=True)


def _session_shut(facts: Facts, attempt: Attempt) -> Case:
    if attempt.door in (Door.AUTHORIZE, Door.CONNECT):
        return but(facts, session=None), attempt
    return but(facts, "org.settings", requirement=Requirement(Level.HIGH)), attempt


AT_NIGHT = OpenHours(NOW.weekday(), 0, 60)
MISMATCH = Mismatch(None, "path", "/other", "/callback", "The path differs.")

# One change for each gate that makes this gate refuse, and no other.
SHUT: dict[Gate, Callable[[Facts, Attempt], Case]] = {
    Gate.CLIENT: lambda facts, attempt: (facts, but(attempt, client=ClientProof())),
    Gate.CALLBACK: lambda facts, attempt: (facts, but(attempt, callback=CallbackProof(uri=OTHER_CALLBACK, mismatch=MISMATCH))),
    Gate.APP: lambda facts, attempt: (but(facts, "installation", blocked_at=NOW), attempt),
    Gate.INSTALLED: lambda facts, attempt: (but(facts, "installation", uninstalled_at=NOW), attempt),
    Gate.FLOW: lambda facts, attempt: (but(facts, "settings", flows=frozenset()), attempt),
    Gate.PKCE: lambda facts, attempt: (facts, but(attempt, pkce_refused=pkce_reasons.VERIFIER_WRONG)),
    Gate.PROOF: _proof_shut,
    Gate.SCOPES: lambda facts, attempt: (but(facts, "settings", scopes=()), attempt),
    Gate.USER: lambda facts, attempt: (but(facts, "standing.profile", permissions=frozenset()), attempt),
    Gate.PERMITTED: lambda facts, attempt: (but(facts, permits=()), attempt),
    Gate.HOURS: lambda facts, attempt: (but(facts, "standing.profile", login_hours=(AT_NIGHT,)), attempt),
    Gate.NETWORK: lambda facts, attempt: (but(facts, "standing.profile", login_ranges=ranges("203.0.113.0/24")), attempt),
    Gate.SESSION: _session_shut,
    Gate.CONSENT: _consent_shut,
}
SHUT_AT_EACH_DOOR = [
    pytest.param(gate, *SHUT[gate](facts, attempt), id=f"{gate} at the door {door}")
    for door, (facts, attempt) in PASSING.items()
    for gate in GATES_AT[door]
    if gate in SHUT
]
NEVER_SHUT = {Gate.LIFETIME}  # says how long, and never no


@pytest.mark.parametrize(("facts", "attempt"), EVERY_DOOR)
def test_who_may_gets_a_yes(facts: Facts, attempt: Attempt) -> None:
    assert answer(facts, attempt) == "yes"


@pytest.mark.parametrize(
    ("door", "gates"),
    [
        (Door.AUTHORIZE, "client callback app installed flow pkce scopes user permitted hours network session consent"),
        (Door.TOKEN, "client app installed flow scopes user permitted hours network session lifetime"),
        (Door.CODE, "client callback app installed flow pkce proof scopes user permitted hours network session lifetime"),
        (Door.REFRESH, "client app installed flow proof scopes user permitted hours network session lifetime"),
        (Door.ASSERTION, "client app installed flow proof scopes user permitted hours network session consent lifetime"),
        (Door.DEVICE_START, "client app installed flow scopes"),
        (Door.CONNECT, "app installed flow proof scopes user permitted hours network session consent"),
        (Door.DEVICE, "client app installed flow proof scopes user permitted hours network session lifetime"),
        (Door.CALLER, "client app installed"),
        (Door.REVOKE, "client"),
        (Door.INTROSPECT, "app installed flow proof scopes user permitted hours network session"),
        (Door.IDENTITY, "app installed flow proof scopes user permitted hours network session"),
        (Door.API, "app installed flow proof scopes user permitted hours network session"),
    ],
)
@pytest.mark.parametrize("known", [pytest.param(True, id="who may"), pytest.param(False, id="of whom nothing is known")])
def test_every_gate_of_the_door_is_asked_in_the_order_of_the_gates(door: Door, gates: str, known: bool) -> None:
    facts, attempt = PASSING[door]
    findings = access.decide(facts if known else BARE_FACTS, attempt).findings
    assert " ".join(found.gate for found in findings) == gates
    assert [found.gate.number for found in findings] == sorted(found.gate.number for found in findings)


def test_every_door_has_its_gates_and_every_gate_at_a_door_its_question() -> None:
    assert GATES_AT.keys() == PASSING.keys() == set(Door)
    assert set().union(*GATES_AT.values()) == access.ASK.keys()
    assert set().union(*GATES_AT.values()) == SHUT.keys() | NEVER_SHUT
    assert access.ASK.keys() == set(Gate)


@pytest.mark.parametrize(("gate", "facts", "attempt"), SHUT_AT_EACH_DOOR)
def test_one_gate_that_refuses_is_enough_for_a_no(gate: Gate, facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    assert [found.gate for found in verdict.findings if found.state is not State.PASSED] == [gate]
    assert verdict.refusal == finding(gate, facts, attempt)
    assert verdict.reason is not None
    assert verdict.reason is verdict.refusal.reason


@pytest.mark.parametrize(("gate", "facts", "attempt"), SHUT_AT_EACH_DOOR)
def test_a_no_grants_nothing(gate: Gate, facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    assert verdict.scopes == ()
    assert verdict.lifetime is None


@pytest.mark.parametrize(("gate", "facts", "attempt"), SHUT_AT_EACH_DOOR)
def test_a_gate_refuses_with_a_reason_of_its_own(gate: Gate, facts: Facts, attempt: Attempt) -> None:
    reason = access.decide(facts, attempt).reason
    assert reason is not None
    assert reason.gate is gate


ALL_SHUT = but(
    but(
        but(but(FACTS, "installation", blocked_at=NOW, uninstalled_at=NOW), "standing.user", frozen=True),
        "settings",
        flows=frozenset(),
        scopes=(),
    ),
    "standing.profile",
    login_ranges=ranges("203.0.113.0/24"),
)


@pytest.mark.parametrize(
    ("facts", "attempt", "reasons"),
    [
        pytest.param(
            but(ALL_SHUT, permits=()),
            but(ASKING, client=ClientProof(refused=client_reasons.SECRET_EXPIRED)),
            "secret_expired app_blocked app_not_installed flow_not_enabled scope_none_left run_as_frozen user_not_approved "
            "address_outside_ranges",
            id="at the token endpoint",
        ),
        pytest.param(
            ALL_SHUT,
            but(CALLING, client=ClientProof(refused=client_reasons.SECRET_EXPIRED)),
            "secret_expired app_blocked app_not_installed",
            id="for a client that asks or revokes",
        ),
        pytest.param(
            but(but(ALL_SHUT, permits=()), "grant", ended_at=NOW),
            ASKED_ABOUT,
            "app_blocked app_not_installed flow_not_enabled token_ended scope_none_left run_as_frozen user_not_approved "
            "address_outside_ranges",
            id="for a live token",
        ),
    ],
)
def test_a_later_gate_is_asked_and_heard_also_when_an_earlier_one_refused(facts: Facts, attempt: Attempt, reasons: str) -> None:
    verdict = access.decide(facts, attempt)
    assert " ".join(found.reason.code for found in verdict.findings if found.reason is not None) == reasons
    assert verdict.reason is not None
    assert verdict.reason.code == reasons.split()[0]


UNPROVEN = [
    pytest.param(None, id="nobody is named"),
    pytest.param(ClientProof(), id="nothing was proven"),
    *(
        pytest.param(ClientProof(refused=reason), id=reason.code)
        for reason in vars(client_reasons).values()
        if isinstance(reason, Reason) and reason.gate is Gate.CLIENT
    ),
]


@pytest.mark.parametrize("proof", UNPROVEN)
@pytest.mark.parametrize("attempt", [pytest.param(ASKING, id="asking for a token"), pytest.param(CALLING, id="asking or revoking")])
@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(FACTS, id="an app that may"),
        pytest.param(but(ALL_SHUT, permits=()), id="an app that may nothing"),
        pytest.param(but(FACTS, "app", deleted_at=NOW), id="a deleted app"),
        pytest.param(but(FACTS, settings=None, policies=None, standing=None), id="an app of which half is missing"),
        pytest.param(BARE_FACTS, id="no app"),
    ],
)
def test_std_G_13_nothing_about_app_or_user_is_told_before_the_client_is_proven(
    facts: Facts, attempt: Attempt, proof: ClientProof | None
) -> None:
    asked_wrongly = but(attempt, client=proof, flow_refused=flow_reasons.GRANT_TYPE_UNKNOWN, scopes_refused=scope_reasons.SCOPE_MALFORMED)
    refusal = access.decide(facts, asked_wrongly).refusal
    assert refusal is not None
    assert refusal.gate is Gate.CLIENT
    assert refusal.reason is not None
    assert refusal.reason.error in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize(
    ("facts", "attempt", "gates"),
    [
        pytest.param(but(FACTS, settings=None), ASKING, "flow scopes lifetime", id="the app's settings"),
        pytest.param(
            but(FACTS, standing=None), ASKING, "user permitted hours network session", id="the run-as user that the policies name"
        ),
        pytest.param(FACTS, but(ASKING, flow=None), "flow", id="the flow of the request"),
        pytest.param(but(PEOPLE, settings=None), AUTHORIZING, "flow pkce scopes consent", id="the settings of an app that asks for a user"),
        pytest.param(PEOPLE, but(AUTHORIZING, callback=None), "callback", id="where the answer goes, which nobody has looked at"),
        pytest.param(PEOPLE, but(AUTHORIZING, callback=CallbackProof()), "callback", id="where the answer goes, which is not proven"),
        pytest.param(
            but(PEOPLE, standing=None), AUTHORIZING, "user permitted hours network session consent", id="the user who has signed in"
        ),
        pytest.param(but(HELD, settings=None), REFRESHING, "flow scopes lifetime", id="the settings of a family's app"),
        pytest.param(but(HELD, standing=None), REFRESHING, "proof user permitted hours network session", id="the user of a family"),
        pytest.param(but(PEOPLE, standing=None), REDEEMING, "proof user permitted hours network session", id="the user of a code"),
        pytest.param(
            but(HELD, standing=None), IDENTIFYING, "proof user permitted hours network session", id="the user of a token at userinfo"
        ),
        pytest.param(but(FACTS, settings=None), ASKED_ABOUT, "flow scopes", id="the settings of a live token's app"),
        pytest.param(but(FACTS, standing=None), ASKED_ABOUT, "proof user permitted hours network session", id="the user of a live token"),
        pytest.param(
            but(FACTS, standing=None), PRESENTING, "proof user permitted hours network session", id="the user of a token at our own API"
        ),
    ],
)
def test_X_AD_11_what_cannot_be_asked_for_want_of_a_record_denies(facts: Facts, attempt: Attempt, gates: str) -> None:
    verdict = access.decide(facts, attempt)
    assert " ".join(found.gate for found in verdict.findings if found.state is State.UNREACHED) == gates
    assert all(found.state is State.PASSED for found in verdict.findings if found.gate not in gates.split())
    assert verdict.reason is outage.POLICY_ERROR
    assert verdict.scopes == ()
    assert verdict.lifetime is None


# What the gates of a door do not look at cannot deny there. The first token makes the grant of a service, a code that of a sign-in.
NOT_LOOKED_AT = {
    Door.AUTHORIZE: {"grant"},
    Door.TOKEN: {"grant"},
    Door.CODE: {"grant"},
    Door.ASSERTION: {"grant", "session"},
    Door.DEVICE_START: {"standing", "grant"},
    Door.CONNECT: {"grant"},
    Door.DEVICE: {"grant"},
    Door.CALLER: {"settings", "standing", "grant"},
    Door.REVOKE: {"settings", "installation", "policies", "standing", "grant"},
}


@pytest.mark.parametrize(("facts", "attempt"), EVERY_DOOR)
@pytest.mark.parametrize("missing", ["app", "settings", "installation", "policies", "standing", "grant"])
def test_X_AD_11_no_missing_record_turns_into_a_yes(facts: Facts, attempt: Attempt, missing: str) -> None:
    assert (answer(but(facts, **{missing: None}), attempt) == "yes") == (missing in NOT_LOOKED_AT.get(attempt.door, set()))


@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        pytest.param(BARE_FACTS, but(PRESENTING, token=None), "token_unknown", id="a token that nobody knows, though its app is not known"),
        pytest.param(BARE_FACTS, but(ASKED_ABOUT, token=None), "token_unknown", id="a token that nobody knows, at introspection"),
        pytest.param(but(FACTS, policies=None), ASKING, "app_not_installed", id="the missing installation, though policies are missing"),
        pytest.param(BARE_FACTS, ASKING, "client_unknown", id="the unknown client, though nothing else could be asked"),
        pytest.param(BARE_FACTS, but(REDEEMING, client=ClientProof()), "client_unknown", id="the unknown client of a code"),
        pytest.param(but(PEOPLE, session=None, standing=None), AUTHORIZING, "login_required", id="that nobody has signed in yet"),
    ],
)
def test_a_gate_that_refuses_is_told_before_one_that_could_not_be_asked(facts: Facts, attempt: Attempt, reason: str) -> None:
    assert answer(facts, attempt) == reason


def test_a_yes_at_the_token_endpoint_says_what_is_granted_and_for_how_long() -> None:
    verdict = access.decide(FACTS, ASKING)
    assert verdict.door is Door.TOKEN
    assert verdict.scopes == ("api", "id")
    assert verdict.lifetime == Lifetime(7_200, "default")


def test_a_yes_to_a_live_token_says_what_it_may_still_do_and_gives_it_no_new_life() -> None:
    verdict = access.decide(FACTS, ASKED_ABOUT)
    assert verdict.scopes == ("api", "id")
    assert verdict.lifetime is None


@pytest.mark.parametrize("attempt", [CALLING, REVOKING])
def test_a_yes_to_a_client_that_asks_or_revokes_grants_nothing(attempt: Attempt) -> None:
    verdict = access.decide(FACTS, attempt)
    assert verdict.scopes == ()
    assert verdict.lifetime is None


@pytest.mark.parametrize("door", [Door.CODE, Door.REFRESH, Door.ASSERTION])
def test_a_yes_to_whom_a_user_has_approved_says_what_is_granted_and_for_how_long(door: Door) -> None:
    verdict = access.decide(*PASSING[door])
    assert " ".join(verdict.scopes) == ("api openid id" if door is Door.ASSERTION else "refresh_token api openid id")
    assert verdict.lifetime == Lifetime(7_200, "default")


def test_a_yes_at_the_authorization_endpoint_says_what_a_code_would_be_good_for_and_gives_no_token() -> None:
    verdict = access.decide(PEOPLE, AUTHORIZING)
    assert (" ".join(verdict.scopes), verdict.lifetime) == ("refresh_token api openid id", None)


def test_the_same_facts_and_attempt_always_get_the_same_answer() -> None:
    """A past decision can be replayed from what was recorded."""
    facts = but(FACTS, "app", label="Renamed since")
    assert access.decide(facts, ASKING) == access.decide(facts, ASKING) == access.decide(FACTS, ASKING)


def test_every_finding_says_something() -> None:
    everything = [*(access.decide(facts, at) for passes, at in PASSING.values() for facts in (passes, ALL_SHUT, BARE_FACTS))]
    assert all(found.words for verdict in everything for found in verdict.findings)


def test_time_alone_turns_a_yes_into_a_no() -> None:
    later = but(FACTS, now=TOKEN.expires_at + timedelta(days=1))
    assert (answer(FACTS, PRESENTING), answer(later, PRESENTING)) == ("yes", "token_expired")


def test_place_alone_turns_a_yes_into_a_no() -> None:
    facts = but(FACTS, "org.settings", trusted_ranges=ranges("192.0.2.0/24"))
    assert (answer(facts, ASKING), answer(facts, but(ASKING, address=ELSEWHERE))) == ("yes", "address_outside_ranges")


def test_the_owner_and_the_look_of_an_app_decide_nothing() -> None:
    assert answer(but(FACTS, app=but(APP, owner_id="005000000000077", description="Anything", has_logo=True)), ASKING) == "yes"
