"""A live token: the gate Proof, what is left of its scopes, and how everything that it hangs from can end it."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from tests.rules.facts_builder import A_MOMENT, ASKED_ABOUT, FACTS, NOW, PRESENTING, TOKEN, answer, but, finding

from gatebridge.rules import access
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import Epochs
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.verdict import State

DOORS = [pytest.param(ASKED_ABOUT, id="at introspection"), pytest.param(PRESENTING, id="at our own API")]


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize(
    ("facts", "token", "reason", "words"),
    [
        pytest.param(FACTS, TOKEN, None, "known, not ended, in time", id="a live token is good"),
        pytest.param(FACTS, None, proof_reasons.TOKEN_UNKNOWN, "no such token", id="a token that nobody knows"),
        pytest.param(FACTS, but(TOKEN, ended_at=NOW), proof_reasons.TOKEN_REVOKED, "revoked by itself", id="a token that was revoked"),
        pytest.param(FACTS, but(TOKEN, expires_at=NOW + A_MOMENT), None, "known, not ended, in time", id="a token in its last moment"),
        pytest.param(FACTS, but(TOKEN, expires_at=NOW), proof_reasons.TOKEN_EXPIRED, "its time is over", id="a token at its end"),
        pytest.param(FACTS, but(TOKEN, expires_at=NOW - A_MOMENT), proof_reasons.TOKEN_EXPIRED, "its time is over", id="after its end"),
        pytest.param(
            FACTS, but(TOKEN, ended_at=NOW, expires_at=NOW), proof_reasons.TOKEN_REVOKED, "revoked by itself", id="revoked before expired"
        ),
        pytest.param(
            but(FACTS, "grant", ended_at=NOW),
            TOKEN,
            proof_reasons.TOKEN_ENDED,
            "the grant from which it hangs has ended",
            id="the grant has ended",
        ),
        pytest.param(
            but(FACTS, grant=None), TOKEN, proof_reasons.TOKEN_ENDED, "the grant from which it hangs has ended", id="the grant is not there"
        ),
    ],
)
def test_the_proof_gate(facts: Facts, attempt: Attempt, token: object, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PROOF, facts, but(attempt, token=token))
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


RUN_AS_ANOTHER = but(FACTS, "policies", run_as_user_id="005000000000002")
RUN_AS_NOBODY = but(FACTS, "policies", run_as_user_id=None)


@pytest.mark.parametrize("attempt", DOORS)
def test_what_an_app_did_as_one_user_ends_when_the_admin_lets_it_run_as_another(attempt: Attempt) -> None:
    found = finding(Gate.PROOF, RUN_AS_ANOTHER, attempt)
    assert (found.reason, found.words) == (proof_reasons.TOKEN_ENDED, "the app runs as another user now")
    assert answer(RUN_AS_ANOTHER, attempt) == "token_ended"


@pytest.mark.parametrize("attempt", DOORS)
def test_what_an_app_did_as_a_user_ends_when_it_runs_as_nobody_any_more(attempt: Attempt) -> None:
    assert answer(RUN_AS_NOBODY, attempt) == "run_as_missing"
    assert finding(Gate.PROOF, RUN_AS_NOBODY, attempt).state is State.PASSED


@pytest.mark.parametrize("facts", [RUN_AS_ANOTHER, RUN_AS_NOBODY])
def test_whom_an_app_runs_as_says_nothing_about_tokens_of_users_who_signed_in(facts: Facts) -> None:
    signed_in = but(ASKED_ABOUT, "token", flow=Flow.WEB_SERVER)
    assert answer(but(facts, "settings", flows=frozenset({Flow.WEB_SERVER})), signed_in) == "yes"


def test_an_expired_token_is_shown_with_its_end() -> None:
    found = finding(Gate.PROOF, FACTS, but(ASKED_ABOUT, "token", expires_at=NOW - timedelta(hours=1)))
    assert found.compared == (Compared("expires_at", "2026-03-01T12:00:00+00:00", "2026-03-01T11:00:00+00:00"),)


@pytest.mark.parametrize("missing", ["app", "installation", "standing"])
def test_X_AD_11_without_a_record_that_it_hangs_from_nobody_can_say_that_a_token_is_alive(missing: str) -> None:
    assert finding(Gate.PROOF, but(FACTS, **{missing: None}), ASKED_ABOUT).state is State.UNREACHED


# Where the epoch of each thing stands in the facts, in the order in which a token records them.
EPOCHS = {"org": "org", "app": "app", "installation": "installation", "user": "standing.user", "grant": "grant"}


def raised(facts: Facts, *names: str) -> Facts:
    """The facts after all tokens of these things were ended, one after the other."""
    epochs = facts.epochs()
    assert epochs is not None
    for name in names:
        facts = but(facts, EPOCHS[name], epoch=getattr(epochs, name) + 1)
    return facts


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize("name", EPOCHS)
def test_ending_everything_of_one_thing_ends_every_token_that_hangs_from_it(attempt: Attempt, name: str) -> None:
    facts = raised(FACTS, name)
    assert answer(facts, attempt) == "token_ended"
    assert finding(Gate.PROOF, facts, attempt).words == f"everything of its {name} was ended since"


@pytest.mark.parametrize("name", EPOCHS)
def test_an_epoch_that_went_back_ends_a_token_too(name: str) -> None:
    """A restored backup must not bring a token to life whose epoch it no longer knows (X-RV-06)."""
    before = but(FACTS, EPOCHS[name], epoch=0)
    assert answer(before, ASKED_ABOUT) == "token_ended"


@pytest.mark.parametrize("names", [pytest.param(names, id=" then ".join(names)) for names in permutations(EPOCHS, 2)])
def test_X_RV_04_two_levels_never_disagree_in_whichever_order_they_are_ended(names: tuple[str, str]) -> None:
    both = raised(FACTS, *names)
    assert answer(both, ASKED_ABOUT) == "token_ended"
    # A token issued between the two is new to the first and still ends with the second.
    between = but(ASKED_ABOUT, "token", epochs=raised(FACTS, names[0]).epochs())
    assert (answer(raised(FACTS, names[0]), between), answer(both, between)) == ("yes", "token_ended")
    assert finding(Gate.PROOF, both, between).words == f"everything of its {names[1]} was ended since"


@pytest.mark.parametrize("count", range(1, len(EPOCHS) + 1))
def test_X_RV_04_any_set_of_levels_ends_the_old_token_and_no_new_one(count: int) -> None:
    for names in combinations(EPOCHS, count):
        facts = raised(FACTS, *names)
        assert answer(facts, ASKED_ABOUT) == "token_ended"
        assert finding(Gate.PROOF, facts, ASKED_ABOUT).words == f"everything of its {', '.join(names)} was ended since"
        assert answer(facts, but(ASKED_ABOUT, "token", epochs=facts.epochs())) == "yes"


def test_every_epoch_that_a_token_records_is_compared() -> None:
    assert list(EPOCHS) == [*Epochs.__slots__]


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(but(FACTS, "installation", blocked_at=NOW), "app_blocked", id="the app was blocked"),
        pytest.param(but(FACTS, "app", deleted_at=NOW), "app_deleted", id="the app was deleted"),
        pytest.param(but(FACTS, "installation", uninstalled_at=NOW), "app_not_installed", id="the app was uninstalled"),
        pytest.param(but(FACTS, "settings", flows=frozenset({Flow.DEVICE})), "flow_not_enabled", id="the flow was switched off"),
        pytest.param(but(FACTS, "grant", ended_at=NOW), "token_ended", id="the grant was ended"),
        pytest.param(but(FACTS, "standing.user", frozen=True), "run_as_frozen", id="the user was frozen"),
        pytest.param(but(FACTS, "standing.profile", permissions=frozenset()), "api_not_enabled", id="API Enabled was taken away"),
        pytest.param(but(FACTS, permits=()), "user_not_approved", id="the approval was taken away"),
    ],
)
def test_X_RV_07_what_stops_new_tokens_stops_the_old_ones_without_any_epoch(facts: Facts, attempt: Attempt, reason: str) -> None:
    assert answer(facts, attempt) == reason


def holding(token: str, app: str, *, may_administer: bool = False, needed: str | None = None) -> tuple[Facts, Attempt]:
    """A live token with its scopes, of an app that holds these now; at our own API where a scope is `needed`."""
    facts = but(but(FACTS, "settings", scopes=tuple(app.split())), "policies", may_administer=may_administer)
    attempt = replace(PRESENTING, scope_needed=needed) if needed is not None else ASKED_ABOUT
    return facts, but(attempt, "token", scopes=tuple(token.split()))


@pytest.mark.parametrize(
    ("live", "left"),
    [
        pytest.param(holding("api id", "api id"), "api id", id="a token keeps what it was given"),
        pytest.param(holding("id", "api id web"), "id", id="a token never gains what the app has gained"),
        pytest.param(holding("api id", "id"), "id", id="a scope that the app has lost is lost to its tokens"),
        pytest.param(holding("api", "full"), "api", id="a token keeps what the app now holds under a wider name"),
        pytest.param(holding("full", "api id"), "api id", id="of everything, what the app still holds is left"),
        pytest.param(holding("api setup_api", "api setup_api"), "api", id="setup_api rests while the admin does not allow it"),
        pytest.param(holding("api setup_api", "api setup_api", may_administer=True), "setup_api api", id="and is back when allowed"),
        pytest.param(holding("api", "api setup_api", may_administer=True), "api", id="who was not given setup_api does not have it"),
    ],
)
def test_a_scope_withdrawn_later_narrows_a_live_token(live: tuple[Facts, Attempt], left: str) -> None:
    verdict = access.decide(*live)
    assert (verdict.reason, " ".join(verdict.scopes)) == (None, left)
    assert finding(Gate.SCOPES, *live).words == left


def test_what_a_live_token_was_given_is_shown_beside_what_the_app_may_have_here() -> None:
    live = holding("setup_api api", "api id setup_api")
    assert finding(Gate.SCOPES, *live).compared == (Compared("scope", "setup_api api", "api id"),)


MAY_NOT = bearer_reasons.APP_MAY_NOT_ADMINISTER


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        pytest.param(holding("api", "id"), scope_reasons.SCOPE_NONE_LEFT, id="nothing is left of the token's scopes"),
        pytest.param(holding("api", ""), scope_reasons.SCOPE_NONE_LEFT, id="the app holds nothing any more"),
        pytest.param(holding("setup_api", "setup_api"), scope_reasons.SCOPE_NONE_LEFT, id="only setup_api, which the admin does not allow"),
        pytest.param(holding("api", "id", needed="api"), scope_reasons.SCOPE_NONE_LEFT, id="nothing is left, also not what is needed"),
        pytest.param(holding("api", "api", needed="api"), None, id="what is needed is there"),
        pytest.param(holding("full", "full", needed="api"), None, id="what is needed is part of what is there"),
        pytest.param(holding("id", "api id", needed="api"), bearer_reasons.SCOPE_INSUFFICIENT, id="what the app holds the token may lack"),
        pytest.param(holding("api id", "id", needed="api"), bearer_reasons.SCOPE_INSUFFICIENT, id="what is needed was withdrawn"),
        pytest.param(
            holding("full", "full", may_administer=True, needed="setup_api"),
            bearer_reasons.SCOPE_INSUFFICIENT,
            id="full does not open the admin API",
        ),
        pytest.param(
            holding("setup_api", "setup_api", may_administer=True, needed="setup_api"), None, id="token, app and admin together open it"
        ),
        pytest.param(holding("setup_api api", "setup_api api", needed="setup_api"), MAY_NOT, id="without the admin's word it stays shut"),
        pytest.param(holding("setup_api", "setup_api", needed="setup_api"), MAY_NOT, id="and that is said also where nothing else is left"),
        pytest.param(
            holding("setup_api api", "api", needed="setup_api"), bearer_reasons.SCOPE_INSUFFICIENT, id="the app itself has lost setup_api"
        ),
        pytest.param(
            holding("api", "setup_api api", needed="setup_api"), bearer_reasons.SCOPE_INSUFFICIENT, id="the token never had setup_api"
        ),
    ],
)
def test_X_AD_05_a_live_token_opens_what_it_the_app_and_the_admin_allow_together(
    live: tuple[Facts, Attempt], reason: Reason | None
) -> None:
    assert finding(Gate.SCOPES, *live).reason is reason
    assert access.decide(*live).reason is reason


def test_a_scope_that_lacks_is_named_beside_those_that_are_left() -> None:
    found = finding(Gate.SCOPES, *holding("id", "api id", needed="api"))
    assert (found.words, found.compared) == ("needs api", (Compared("scope", "id", "api"),))
