"""What is true of the decision whatever the facts are."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import (
    A_MOMENT,
    ELSEWHERE,
    FACTS,
    NOW,
    OFFICE,
    PROOF,
    SERVICE_PROFILE,
    SYNC_SET,
    TOKEN,
    but,
    ranges,
)

from gatebridge.rules import access
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.network import Relaxation
from gatebridge.rules.people import Assignment, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.scopes import implied
from gatebridge.rules.verdict import State

RECORDS = ("app", "settings", "installation", "policies", "standing", "grant")
SOME_RANGES = ((), ranges("192.0.2.0/24"), ranges("203.0.113.0/24"))
SOME_RIGHTS = (frozenset({Permission.API_ENABLED}), frozenset[Permission]())
SOME_SCOPES = ("api", "chatter_api", "full", "id", "invoices", "openid", "profile", "refresh_token", "setup_api", "web")
some_scopes = st.lists(st.sampled_from(SOME_SCOPES), unique=True, max_size=4).map(tuple)
SOME_ENDS = (None, NOW + A_MOMENT, NOW)


def _sets() -> Iterator[tuple[object, ...]]:
    for rights in SOME_RIGHTS:
        for end in SOME_ENDS:
            yield ((but(SYNC_SET, permissions=rights), Assignment(SYNC_SET.id, end)),)


def _permits() -> Iterator[tuple[Assignment, ...]]:
    yield ()
    for end in SOME_ENDS:
        yield (Assignment(SERVICE_PROFILE.id, end),)
        yield (Assignment(SYNC_SET.id, end),)
        yield (Assignment(SERVICE_PROFILE.id, NOW), Assignment(SYNC_SET.id, end))


# Where the facts may differ from those of an app that passes, and how.
DIFFERENCES: Mapping[tuple[str, str], st.SearchStrategy[object]] = {
    ("org", "epoch"): st.just(7),
    ("org.settings", "trusted_ranges"): st.sampled_from(SOME_RANGES),
    ("org.settings", "trusted_ranges_only_waive"): st.booleans(),
    ("org.settings", "session_minutes"): st.integers(1, 2_000),
    ("org.settings", "custom_scopes"): st.just((("invoices", "Read your invoices"),)),
    ("app", "deleted_at"): st.just(NOW),
    ("app", "epoch"): st.just(7),
    ("settings", "flows"): st.sampled_from([frozenset(), frozenset(Flow), frozenset({Flow.WEB_SERVER})]),
    ("settings", "scopes"): some_scopes,
    ("settings", "auth_methods"): st.frozensets(st.sampled_from(ClientAuthMethod)),
    ("settings", "access_token_format"): st.just(TokenFormat.JWT),
    ("installation", "blocked_at"): st.just(NOW),
    ("installation", "uninstalled_at"): st.just(NOW),
    ("installation", "epoch"): st.just(7),
    ("policies", "permitted_users"): st.just(PermittedUsers.SELF_AUTHORIZE),
    ("policies", "ip_relaxation"): st.sampled_from(Relaxation),
    ("policies", "may_administer"): st.just(True),
    ("policies", "ip_ranges"): st.sampled_from(SOME_RANGES),
    ("policies", "refresh_ranges"): st.sampled_from(SOME_RANGES),
    ("policies", "monitored_ranges"): st.sampled_from(SOME_RANGES),
    ("policies", "run_as_user_id"): st.sampled_from([None, "005000000000002"]),
    ("", "permits"): st.sampled_from(list(_permits())),
    ("standing.user", "state"): st.sampled_from(UserState),
    ("standing.user", "frozen"): st.just(True),
    ("standing.user", "epoch"): st.just(7),
    ("standing.profile", "permissions"): st.sampled_from(SOME_RIGHTS),
    ("standing.profile", "login_ranges"): st.sampled_from(SOME_RANGES),
    ("standing", "sets"): st.sampled_from(list(_sets())),
    ("grant", "ended_at"): st.just(NOW),
    ("grant", "epoch"): st.just(7),
}


def mostly(usual: object, other: st.SearchStrategy[object]) -> st.SearchStrategy[Any]:
    """The usual value five times in six, so that enough of what is made up gets a yes for the rules about a yes to mean something."""
    return st.integers(0, 5).flatmap(lambda number: other if number == 5 else st.just(usual))


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Facts about the app of `facts_builder` that differ in some places."""
    facts = FACTS
    for where, field in draw(st.sets(st.sampled_from(sorted(DIFFERENCES)), max_size=4)):
        facts = but(facts, where, **{field: draw(DIFFERENCES[where, field])})
    missing = draw(mostly(None, st.sampled_from(RECORDS)))
    return but(facts, **{missing: None}) if missing is not None else facts


def any_attempt(*doors: Door) -> st.SearchStrategy[Attempt]:
    """Any attempt at one of the doors, or at any door at all."""
    return st.one_of(*(_by_a_client(door) if Gate.CLIENT in access.GATES_AT[door] else _with_a_token(door) for door in doors or Door))


some_address = mostly(OFFICE, st.sampled_from([ELSEWHERE, None]))
some_flow = mostly(Flow.CLIENT_CREDENTIALS, st.just(Flow.WEB_SERVER))
some_proof = st.none() | st.builds(
    ClientProof, method=st.none() | st.sampled_from(ClientAuthMethod), refused=st.sampled_from([None, client_reasons.SECRET_WRONG])
)
some_token = st.builds(
    but,
    st.just(TOKEN),
    flow=some_flow,
    scopes=mostly(TOKEN.scopes, some_scopes),
    ended_at=mostly(None, st.just(NOW)),
    expires_at=mostly(TOKEN.expires_at, st.sampled_from([NOW + A_MOMENT, NOW])),
)


def _by_a_client(door: Door) -> st.SearchStrategy[Attempt]:
    return st.builds(
        Attempt,
        door=st.just(door),
        address=some_address,
        client=mostly(PROOF, some_proof),
        flow=some_flow,
        flow_refused=mostly(None, st.just(flow_reasons.GRANT_TYPE_UNKNOWN)),
        scopes_asked=mostly(None, some_scopes),
        scopes_refused=mostly(None, st.just(scope_reasons.SCOPE_MALFORMED)),
    )


def _with_a_token(door: Door) -> st.SearchStrategy[Attempt]:
    needed = mostly("api", st.none() | st.sampled_from(SOME_SCOPES)) if door is Door.API else st.none()
    return st.builds(Attempt, door=st.just(door), address=some_address, token=st.just(TOKEN) | some_token | st.none(), scope_needed=needed)


@given(any_facts(), any_attempt())
def test_the_answer_is_yes_exactly_when_every_gate_at_the_door_passed(facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    assert tuple(found.gate for found in verdict.findings) == access.GATES_AT[attempt.door]
    assert (verdict.reason is None) == all(found.state is State.PASSED for found in verdict.findings)


@given(any_facts(), any_attempt())
def test_a_gate_names_a_reason_exactly_when_it_refuses(facts: Facts, attempt: Attempt) -> None:
    for found in access.decide(facts, attempt).findings:
        assert (found.reason is not None) == (found.state is State.REFUSED)


@given(any_facts(), any_attempt())
def test_what_is_granted_is_never_more_than_the_app_holds(facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    held = implied(facts.settings.scopes, facts.org.custom_scopes) if facts.settings else frozenset()
    assert set(verdict.scopes) <= held
    if facts.policies is None or not facts.policies.may_administer:
        assert "setup_api" not in verdict.scopes


@given(any_facts(), any_attempt())
def test_what_is_granted_is_never_more_than_was_asked_or_held_before(facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    if attempt.token is not None:
        assert set(verdict.scopes) <= implied(attempt.token.scopes, facts.org.custom_scopes)
    elif attempt.scopes_asked is not None:
        assert set(verdict.scopes) <= set(attempt.scopes_asked)


@given(any_facts(), any_attempt())
def test_something_is_granted_only_with_a_yes_at_a_door_that_gives_it(facts: Facts, attempt: Attempt) -> None:
    verdict = access.decide(facts, attempt)
    gates = access.GATES_AT[attempt.door]
    assert bool(verdict.scopes) == (verdict.reason is None and Gate.SCOPES in gates)
    assert (verdict.lifetime is not None) == (verdict.reason is None and Gate.LIFETIME in gates)


not_proven = st.sampled_from(
    [None, ClientProof(), ClientProof(refused=client_reasons.SECRET_WRONG), but(PROOF, refused=client_reasons.SECRET_WRONG)]
)


@given(any_facts(), any_attempt(Door.TOKEN, Door.CALLER), not_proven)
def test_std_G_13_who_has_not_proven_to_be_the_client_hears_of_nothing_else(
    facts: Facts, attempt: Attempt, proof: ClientProof | None
) -> None:
    refusal = access.decide(facts, but(attempt, client=proof)).refusal
    assert refusal is not None
    assert refusal.gate is Gate.CLIENT


@given(any_facts(), any_attempt(Door.TOKEN))
def test_a_client_that_only_names_itself_never_acts_as_itself(facts: Facts, attempt: Attempt) -> None:
    alone = but(attempt, client=ClientProof(method=ClientAuthMethod.NONE), flow=Flow.CLIENT_CREDENTIALS)
    assert access.decide(facts, alone).reason is not None


def _one_scope_fewer(facts: Facts) -> Facts:
    return but(facts, "settings", scopes=facts.settings.scopes[1:]) if facts.settings else facts


def _if(record: str, where: str, **changes: object) -> Callable[[Facts], Facts]:
    return lambda facts: but(facts, where, **changes) if getattr(facts, record) is not None else facts


def _set_unassigned(facts: Facts) -> Facts:
    return but(facts, "standing", sets=()) if facts.standing else facts


# Every way to take something away. Ranges are no such way: a profile's own ranges stand in for the org's, and may be wider.
TAKEN_AWAY: Mapping[str, Callable[[Facts], Facts]] = {
    "freeze the user": _if("standing", "standing.user", frozen=True),
    "deactivate the user": _if("standing", "standing.user", state=UserState.DEACTIVATED),
    "take the profile's rights": _if("standing", "standing.profile", permissions=frozenset()),
    "take the permission set": _set_unassigned,
    "block the app": _if("installation", "installation", blocked_at=NOW),
    "uninstall the app": _if("installation", "installation", uninstalled_at=NOW),
    "delete the app": _if("app", "app", deleted_at=NOW),
    "switch every flow off": _if("settings", "settings", flows=frozenset()),
    "make the app public": _if("settings", "settings", auth_methods=frozenset({ClientAuthMethod.NONE})),
    "drop a scope": _one_scope_fewer,
    "drop every scope": _if("settings", "settings", scopes=()),
    "forbid to administer": _if("policies", "policies", may_administer=False),
    "take the run-as user": _if("policies", "policies", run_as_user_id=None),
    "ask for the admin's approval": _if("policies", "policies", permitted_users=PermittedUsers.ADMIN_APPROVED),
    "take the approvals": lambda facts: but(facts, permits=()),
    "let the approvals run out": lambda facts: but(facts, permits=tuple(but(permit, expires_at=NOW) for permit in facts.permits)),
    "enforce the network": _if("policies", "policies", ip_relaxation=Relaxation.ENFORCE),
    "list the addresses for refreshing": lambda facts: (
        but(facts, "policies", refresh_ranges=SOME_RANGES[2]) if facts.policies and not facts.policies.refresh_ranges else facts
    ),
    "close the profile at this hour": _if("standing", "standing.profile", login_hours=(OpenHours(0, 0, 1),)),
    "let trusted ranges refuse": lambda facts: but(facts, "org.settings", trusted_ranges_only_waive=False),
    "end the grant": _if("grant", "grant", ended_at=NOW),
    "let a day go by": lambda facts: but(facts, now=facts.now + timedelta(days=1)),
    **{f"lose the {record}": _if(record, "", **{record: None}) for record in RECORDS},
}
ENDED: Mapping[str, Callable[[Facts], Facts]] = {
    "end all tokens of the org": _if("org", "org", epoch=100),
    "end all tokens of the app": _if("app", "app", epoch=100),
    "end all tokens of the app in this org": _if("installation", "installation", epoch=100),
    "end all tokens of the user": _if("standing", "standing.user", epoch=100),
    "end all tokens of the grant": _if("grant", "grant", epoch=100),
}


@given(any_facts(), any_attempt(), st.sampled_from(sorted(TAKEN_AWAY)))
def test_taking_something_away_never_turns_a_no_into_a_yes(facts: Facts, attempt: Attempt, way: str) -> None:
    less = access.decide(TAKEN_AWAY[way](facts), attempt)
    if less.reason is None:
        more = access.decide(facts, attempt)
        assert more.reason is None
        assert set(less.scopes) <= implied(more.scopes, facts.org.custom_scopes)


@given(any_facts(), any_attempt(Door.INTROSPECT, Door.API), st.sampled_from(sorted(ENDED)))
def test_ending_all_tokens_of_anything_is_a_no_to_each_of_them(facts: Facts, attempt: Attempt, way: str) -> None:
    assert access.decide(ENDED[way](facts), attempt).reason is not None
