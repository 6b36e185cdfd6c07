"""The decision as a whole: which gates are asked in which order, that deny wins, and what is granted when none denies."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import (
    APP,
    ASKED_ABOUT,
    ASKING,
    AT_EVERY_DOOR,
    BARE_FACTS,
    CALLING,
    ELSEWHERE,
    FACTS,
    NOW,
    PRESENTING,
    TOKEN,
    answer,
    but,
    finding,
    ranges,
)

from gatebridge.rules import access
from gatebridge.rules.access import GATES_AT
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import outage
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.verdict import State

EVERY_DOOR = [pytest.param(attempt, id=f"at the door {door}") for door, attempt in AT_EVERY_DOOR.items()]


# One change for each gate that makes this gate refuse, and no other.
SHUT: dict[Gate, tuple[Facts, dict[str, object]]] = {
    Gate.CLIENT: (FACTS, {"client": ClientProof(refused=client_reasons.SECRET_WRONG)}),
    Gate.APP: (but(FACTS, "installation", blocked_at=NOW), {}),
    Gate.INSTALLED: (but(FACTS, "installation", uninstalled_at=NOW), {}),
    Gate.FLOW: (but(FACTS, "settings", flows=frozenset()), {}),
    Gate.PROOF: (but(FACTS, "grant", ended_at=NOW), {}),
    Gate.SCOPES: (but(FACTS, "settings", scopes=()), {}),
    Gate.USER: (but(FACTS, "standing.user", frozen=True), {}),
    Gate.PERMITTED: (but(FACTS, permits=()), {}),
    Gate.NETWORK: (but(FACTS, "standing.profile", login_ranges=ranges("203.0.113.0/24")), {}),
}
SHUT_AT_EACH_DOOR = [
    pytest.param(gate, SHUT[gate][0], but(attempt, **SHUT[gate][1]), id=f"{gate} at the door {door}")
    for door, attempt in AT_EVERY_DOOR.items()
    for gate in GATES_AT[door]
    if gate in SHUT
]
NEVER_SHUT = {Gate.LIFETIME}  # says how long, and never no


@pytest.mark.parametrize("attempt", EVERY_DOOR)
def test_who_may_gets_a_yes(attempt: Attempt) -> None:
    assert answer(FACTS, attempt) == "yes"


@pytest.mark.parametrize(
    ("door", "gates"),
    [
        (Door.TOKEN, "client app installed flow scopes user permitted network lifetime"),
        (Door.CALLER, "client app installed"),
        (Door.INTROSPECT, "app installed flow proof scopes user permitted network"),
        (Door.API, "app installed flow proof scopes user permitted network"),
    ],
)
@pytest.mark.parametrize("facts", [pytest.param(FACTS, id="who may"), pytest.param(BARE_FACTS, id="of whom nothing is known")])
def test_every_gate_of_the_door_is_asked_in_the_order_of_the_gates(door: Door, gates: str, facts: Facts) -> None:
    findings = access.decide(facts, AT_EVERY_DOOR[door]).findings
    assert " ".join(found.gate for found in findings) == gates
    assert [found.gate.number for found in findings] == sorted(found.gate.number for found in findings)


def test_every_door_has_its_gates_and_every_gate_at_a_door_its_question() -> None:
    assert GATES_AT.keys() == set(Door)
    assert set().union(*GATES_AT.values()) == access.ASK.keys()
    assert set().union(*GATES_AT.values()) == SHUT.keys() | NEVER_SHUT


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
        pytest.param(but(FACTS, standing=None), ASKING, "user permitted network", id="the run-as user that the policies name"),
        pytest.param(FACTS, but(ASKING, flow=None), "flow", id="the flow of the request"),
        pytest.param(but(FACTS, settings=None), ASKED_ABOUT, "flow scopes", id="the settings of a live token's app"),
        pytest.param(but(FACTS, standing=None), ASKED_ABOUT, "proof user permitted network", id="the user of a live token"),
        pytest.param(but(FACTS, standing=None), PRESENTING, "proof user permitted network", id="the user of a token at our own API"),
    ],
)
def test_X_AD_11_what_cannot_be_asked_for_want_of_a_record_denies(facts: Facts, attempt: Attempt, gates: str) -> None:
    verdict = access.decide(facts, attempt)
    assert " ".join(found.gate for found in verdict.findings if found.state is State.UNREACHED) == gates
    assert all(found.state is State.PASSED for found in verdict.findings if found.gate not in gates.split())
    assert verdict.reason is outage.POLICY_ERROR
    assert verdict.scopes == ()
    assert verdict.lifetime is None


@pytest.mark.parametrize("attempt", EVERY_DOOR)
@pytest.mark.parametrize("missing", ["app", "settings", "installation", "policies", "standing", "grant"])
def test_X_AD_11_no_missing_record_turns_into_a_yes(attempt: Attempt, missing: str) -> None:
    # What a door's gates do not look at cannot deny there: settings, user and grant at the door of a caller, and the grant where a
    # token is asked for, since the first token makes it.
    not_looked_at = {Door.CALLER: {"settings", "standing", "grant"}, Door.TOKEN: {"grant"}}.get(attempt.door, set())
    assert (answer(but(FACTS, **{missing: None}), attempt) == "yes") == (missing in not_looked_at)


@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        pytest.param(BARE_FACTS, but(PRESENTING, token=None), "token_unknown", id="a token that nobody knows, though its app is not known"),
        pytest.param(BARE_FACTS, but(ASKED_ABOUT, token=None), "token_unknown", id="a token that nobody knows, at introspection"),
        pytest.param(but(FACTS, policies=None), ASKING, "app_not_installed", id="the missing installation, though policies are missing"),
        pytest.param(BARE_FACTS, ASKING, "client_unknown", id="the unknown client, though nothing else could be asked"),
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


def test_a_yes_to_a_client_that_asks_or_revokes_grants_nothing() -> None:
    verdict = access.decide(FACTS, CALLING)
    assert verdict.scopes == ()
    assert verdict.lifetime is None


def test_the_same_facts_and_attempt_always_get_the_same_answer() -> None:
    """A past decision can be replayed from what was recorded."""
    facts = but(FACTS, "app", label="Renamed since")
    assert access.decide(facts, ASKING) == access.decide(facts, ASKING) == access.decide(FACTS, ASKING)


def test_every_finding_says_something() -> None:
    everything = [*(access.decide(facts, at) for at in AT_EVERY_DOOR.values() for facts in (FACTS, ALL_SHUT, BARE_FACTS))]
    assert all(found.words for verdict in everything for found in verdict.findings)


def test_time_alone_turns_a_yes_into_a_no() -> None:
    later = but(FACTS, now=TOKEN.expires_at + timedelta(days=1))
    assert (answer(FACTS, PRESENTING), answer(later, PRESENTING)) == ("yes", "token_expired")


def test_place_alone_turns_a_yes_into_a_no() -> None:
    facts = but(FACTS, "org.settings", trusted_ranges=ranges("192.0.2.0/24"))
    assert (answer(facts, ASKING), answer(facts, but(ASKING, address=ELSEWHERE))) == ("yes", "address_outside_ranges")


def test_the_owner_and_the_look_of_an_app_decide_nothing() -> None:
    assert answer(but(FACTS, app=but(APP, owner_id="005000000000077", description="Anything", has_logo=True)), ASKING) == "yes"
