"""What a code is good for: the gates Proof and Scopes where it is redeemed."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import A_MOMENT, CODE, FAMILY, NOW, PEOPLE, REDEEMING, answer, but, finding

from gatebridge.rules import access
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import Epochs
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import grant as reasons
from gatebridge.rules.reasons import pkce as pkce_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.verdict import State

GOOD = "known, unused, in time"
USED = but(REDEEMING, "code", used_at=NOW - timedelta(seconds=3), grant_id=FAMILY.id)


@pytest.mark.parametrize(
    ("facts", "attempt", "reason", "words"),
    [
        pytest.param(PEOPLE, REDEEMING, None, GOOD, id="a code that was just given out"),
        pytest.param(PEOPLE, but(REDEEMING, code=None), reasons.CODE_UNKNOWN, "no such code", id="one that nobody knows"),
        pytest.param(
            PEOPLE,
            but(REDEEMING, code=None, proof_refused=reasons.CODE_OF_OTHER_APP),
            reasons.CODE_OF_OTHER_APP,
            reasons.CODE_OF_OTHER_APP.sentence,
            id="CG-01: another app's",
        ),
        pytest.param(PEOPLE, USED, reasons.CODE_USED, "redeemed before", id="X-AC-01: one that was redeemed"),
        pytest.param(PEOPLE, but(REDEEMING, "code", expires_at=NOW + A_MOMENT), None, GOOD, id="one in its last moment"),
        pytest.param(PEOPLE, but(REDEEMING, "code", expires_at=NOW), reasons.CODE_EXPIRED, "its time is over", id="one at its end"),
        pytest.param(PEOPLE, but(USED, "code", expires_at=NOW), reasons.CODE_USED, "redeemed before", id="used is told before expired"),
        pytest.param(
            but(PEOPLE, "session", ended_at=NOW),
            REDEEMING,
            reasons.CODE_ENDED,
            "the session in which it was approved has ended",
            id="one whose session was ended",
        ),
        pytest.param(
            but(PEOPLE, session=None),
            REDEEMING,
            reasons.CODE_ENDED,
            "the session in which it was approved has ended",
            id="one whose session is not there",
        ),
    ],
)
def test_the_proof_gate_of_a_code(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PROOF, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)
    assert answer(facts, attempt) == (reason.code if reason else "yes")


def test_std_CG_05_X_AC_10_an_expired_code_is_shown_with_its_end() -> None:
    late = but(REDEEMING, "code", expires_at=NOW - timedelta(seconds=1))
    compared = finding(Gate.PROOF, PEOPLE, late).compared
    assert compared == (Compared("expires_at", "2026-03-01T12:00:00+00:00", "2026-03-01T11:59:59+00:00"),)


def test_a_code_that_comes_again_is_shown_with_when_it_came_first() -> None:
    assert finding(Gate.PROOF, PEOPLE, USED).compared == (Compared("used_at", "2026-03-01T12:00:00+00:00", "2026-03-01T11:59:57+00:00"),)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"client": but(REDEEMING.client, refused=client_reasons.SECRET_WRONG)}, "secret_wrong"),
        ({"pkce_refused": pkce_reasons.VERIFIER_WRONG}, "verifier_wrong"),
        ({}, "code_used"),
    ],
)
def test_std_CG_04_a_replay_is_named_one_only_where_client_and_verifier_are_right(changed: dict[str, object], reason: str) -> None:
    """Else anybody who saw a code could end what its owner has bought with it (OAuth 2.1 section 7.5.2)."""
    assert answer(PEOPLE, but(USED, **changed)) == reason


@pytest.mark.parametrize("name", Epochs.__slots__)
def test_X_AC_13_ending_everything_of_one_thing_ends_the_codes_that_hang_from_it(name: str) -> None:
    since = but(REDEEMING, "code", epochs=but(CODE.epochs, **{name: 99}))
    found = finding(Gate.PROOF, PEOPLE, since)
    assert (found.reason, found.words) == (reasons.CODE_ENDED, f"everything of its {name} was ended since")


@pytest.mark.parametrize("missing", ["app", "installation", "standing"])
def test_X_AD_11_without_a_record_that_it_hangs_from_nobody_can_say_that_a_code_is_good(missing: str) -> None:
    assert finding(Gate.PROOF, but(PEOPLE, **{missing: None}), REDEEMING).state is State.UNREACHED


def holding(app: str, approved: str, asked: str | None = None) -> tuple[Facts, Attempt]:
    """An app that holds `app`, with a code over `approved` whose request asks for `asked`."""
    attempt = but(but(REDEEMING, "code", scopes=tuple(approved.split())), scopes_asked=None if asked is None else tuple(asked.split()))
    return but(PEOPLE, "settings", scopes=tuple(app.split())), attempt


@pytest.mark.parametrize(
    ("redeeming", "granted"),
    [
        pytest.param(holding("api id", "api id"), "api id", id="who asks for nothing gets what was approved"),
        pytest.param(holding("api id web", "api id"), "api id", id="and not what the app has been given since"),
        pytest.param(holding("api id", "api id", "id"), "id", id="who asks for less gets less"),
        pytest.param(holding("api id", "api id", "id api"), "api id", id="who asks for the same gets the same"),
        pytest.param(holding("openid id", "openid", "openid"), "openid", id="also where nothing else goes with it"),
        pytest.param(holding("full", "full", "api"), "api", id="of everything, one thing may be asked for"),
        pytest.param(holding("api", "api id"), "api", id="what the app has lost since is dropped"),
        pytest.param(holding("api", "api id", "api id"), "api", id="also where it is asked for"),
        pytest.param(holding("api", "full"), "api", id="of everything, what the app still holds is left"),
        pytest.param(holding("api id", "full", "id api"), "api id", id="and may be asked for"),
    ],
)
def test_a_code_buys_what_was_approved_and_the_app_still_holds(redeeming: tuple[Facts, Attempt], granted: str) -> None:
    verdict = access.decide(*redeeming)
    assert (verdict.reason, " ".join(verdict.scopes)) == (None, granted)
    assert finding(Gate.SCOPES, *redeeming).words == granted


@pytest.mark.parametrize(
    ("redeeming", "reason", "words"),
    [
        pytest.param(
            holding("api id full", "api id", "full"),
            scope_reasons.SCOPE_EXCEEDS_GRANT,
            "more than was approved",
            id="what the app holds and the user did not approve",
        ),
        pytest.param(holding("api id", "id", "api id"), scope_reasons.SCOPE_EXCEEDS_GRANT, "more than was approved", id="one too many"),
        pytest.param(holding("api", "api", "nothing"), scope_reasons.SCOPE_EXCEEDS_GRANT, "more than was approved", id="no scope at all"),
        pytest.param(
            holding("full", "api", "full"), scope_reasons.SCOPE_EXCEEDS_GRANT, "more than was approved", id="a part is not the whole"
        ),
        pytest.param(
            holding("web", "api id"),
            scope_reasons.SCOPE_NONE_LEFT,
            "the app holds none of what was approved any more",
            id="nothing is left",
        ),
        pytest.param(
            holding("api", "api id", "id"),
            scope_reasons.SCOPE_NONE_LEFT,
            "the app holds none of what was approved any more",
            id="nothing is left of what is asked for",
        ),
        pytest.param(
            holding("setup_api", "setup_api"),
            scope_reasons.SCOPE_NONE_LEFT,
            "the app holds none of what was approved any more",
            id="to administer, which the admin has forbidden since",
        ),
    ],
)
def test_X_AC_11_scope_never_grows_at_the_token_step(redeeming: tuple[Facts, Attempt], reason: Reason, words: str) -> None:
    found = finding(Gate.SCOPES, *redeeming)
    assert (found.reason, found.words, answer(*redeeming)) == (reason, words, reason.code)


def test_what_was_asked_is_shown_beside_what_was_approved() -> None:
    assert finding(Gate.SCOPES, *holding("full", "api id", "full")).compared == (Compared("scope", "full", "api id"),)
    assert finding(Gate.SCOPES, *holding("full", "id api")).compared == (Compared("scope", None, "api id"),)


@pytest.mark.parametrize("missing", ["settings", "policies"])
def test_X_AD_11_without_settings_or_policies_nobody_can_say_what_is_left(missing: str) -> None:
    assert finding(Gate.SCOPES, but(PEOPLE, **{missing: None}), REDEEMING).state is State.UNREACHED


def test_what_was_approved_with_a_code_that_nobody_knows_cannot_be_told() -> None:
    assert finding(Gate.SCOPES, PEOPLE, but(REDEEMING, code=None)).state is State.UNREACHED
