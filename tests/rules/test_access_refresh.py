"""What a refresh token is good for: the gates Flow, Proof and Scopes where it is presented."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import A_MOMENT, FAMILY, HELD, NOW, REFRESH, REFRESHING, answer, but, finding

from gatebridge.rules import access
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import Epochs
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import grant as reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.verdict import State

GOOD = "known, not ended, in time, the newest of its family"
FAMILY_ENDED = "its family has ended"


@pytest.mark.parametrize(
    ("facts", "attempt", "reason", "words"),
    [
        pytest.param(HELD, REFRESHING, None, GOOD, id="the newest of a living family"),
        pytest.param(HELD, but(REFRESHING, rotates=False), None, GOOD, id="one that stays as it is"),
        pytest.param(HELD, but(REFRESHING, refresh=None), reasons.REFRESH_UNKNOWN, "no such refresh token", id="one that nobody knows"),
        pytest.param(
            HELD,
            but(REFRESHING, refresh=None, proof_refused=reasons.REFRESH_OF_OTHER_APP),
            reasons.REFRESH_OF_OTHER_APP,
            reasons.REFRESH_OF_OTHER_APP.sentence,
            id="X-RT-04, RT-01: another app's",
        ),
        pytest.param(but(HELD, grant=None), REFRESHING, reasons.REFRESH_ENDED, FAMILY_ENDED, id="of a family that is not there"),
        pytest.param(but(HELD, "grant", ended_at=NOW), REFRESHING, reasons.REFRESH_ENDED, FAMILY_ENDED, id="of a family that was ended"),
    ],
)
def test_the_proof_gate_of_a_refresh_token(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PROOF, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)
    assert answer(but(facts, session=None), attempt) == (reason.code if reason else "yes")


@pytest.mark.parametrize("name", Epochs.__slots__)
def test_std_RT_11_ending_everything_of_one_thing_ends_the_families_that_hang_from_it(name: str) -> None:
    found = finding(Gate.PROOF, HELD, but(REFRESHING, "refresh", epochs=but(REFRESH.epochs, **{name: 99})))
    assert (found.reason, found.words) == (reasons.REFRESH_ENDED, f"everything of its {name} was ended since")


@pytest.mark.parametrize("missing", ["app", "installation", "standing", "policies"])
def test_X_AD_11_without_a_record_that_it_hangs_from_nobody_can_say_that_a_refresh_token_is_good(missing: str) -> None:
    assert finding(Gate.PROOF, but(HELD, **{missing: None}), REFRESHING).state is State.UNREACHED


# --- Rotation ------------------------------------------------------------------------------------------------------------

THE_SAME_AGAIN = "once more within the grace: the same successor again"
ONCE_MORE = but(REFRESHING, "refresh", used_at=NOW - timedelta(seconds=3), used_from="192.0.2.10")


def seconds_after(seconds: float, *, grace: int = 10, here: str = "192.0.2.10", **changed: object) -> tuple[Facts, Attempt]:
    """A refresh token that comes so long after it was exchanged, from the office, where the policy allows so much grace."""
    refresh = but(REFRESH, used_at=NOW - timedelta(seconds=seconds), used_from=here, **changed)
    return but(HELD, "policies", refresh_grace_seconds=grace), but(REFRESHING, refresh=refresh)


@pytest.mark.parametrize(
    ("again", "allowed"),
    [
        pytest.param(seconds_after(0), True, id="at the same moment"),
        pytest.param(seconds_after(9.999_999), True, id="in the last moment of the grace"),
        pytest.param(seconds_after(10), False, id="at the end of the grace"),
        pytest.param(seconds_after(11), False, id="a second after it"),
        pytest.param(seconds_after(86_400), False, id="a day after it"),
        pytest.param(seconds_after(0, grace=0), False, id="at the same moment, without any grace"),
        pytest.param(seconds_after(59, grace=60), True, id="within a longer grace"),
        pytest.param(seconds_after(3, here="192.0.2.200"), True, id="from another address of the same network"),
        pytest.param(seconds_after(3, here="192.0.3.10"), False, id="from the network beside it"),
        pytest.param(seconds_after(3, here="2001:db8::1"), False, id="from another family of addresses"),
        pytest.param(seconds_after(3, here=""), False, id="when nobody wrote down from where it was exchanged"),
        pytest.param(seconds_after(0, successor_used=True), False, id="when the successor was used already"),
    ],
)
def test_X_RT_02_std_RT_04_a_rotated_token_comes_back_only_as_the_retry_of_an_answer_that_was_lost(
    again: tuple[Facts, Attempt], allowed: bool
) -> None:
    found = finding(Gate.PROOF, *again)
    assert found.words == (THE_SAME_AGAIN if allowed else "it was exchanged for its successor before")
    assert answer(*again) == ("yes" if allowed else "refresh_reused")


def test_X_RT_02_a_retry_whose_address_cannot_be_told_is_none() -> None:
    facts, attempt = seconds_after(3)
    assert finding(Gate.PROOF, facts, but(attempt, address=None)).reason is reasons.REFRESH_REUSED


@pytest.mark.parametrize(
    ("again", "sent", "registered", "difference"),
    [
        (seconds_after(11, here="198.51.100.7"), "192.0.2.10", "198.51.100.7", "used 11 s before"),
        (seconds_after(3, here=""), "192.0.2.10", None, "used 3 s before"),
        ((HELD, but(ONCE_MORE, address=None)), None, "192.0.2.10", "used 3 s before"),
    ],
)
def test_X_RT_02_the_receipt_names_both_callers(
    again: tuple[Facts, Attempt], sent: str | None, registered: str | None, difference: str
) -> None:
    (compared,) = finding(Gate.PROOF, *again).compared
    assert (compared.name, compared.sent, compared.registered, compared.difference) == ("address", sent, registered, difference)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(but(HELD, "grant", ended_at=NOW), "refresh_ended", id="the family has ended"),
        pytest.param(but(HELD, "grant", created_at=NOW - timedelta(days=365)), "refresh_expired", id="the family is over"),
    ],
)
def test_X_RT_09_of_a_family_that_is_dead_no_reuse_is_named(facts: Facts, reason: str) -> None:
    """So that ten thousand replays end a family once, and raise one alert."""
    assert answer(facts, but(ONCE_MORE, "refresh", successor_used=True)) == reason


def test_a_retry_within_the_grace_gets_no_day_more() -> None:
    """std RT-05: the ends of a family are asked for before the grace is."""
    over = but(HELD, "grant", created_at=NOW - timedelta(days=365), last_used_at=NOW - A_MOMENT)
    assert answer(over, ONCE_MORE) == "refresh_expired"


SETTINGS = AppSettings(app_id="0H4000000000001")


@pytest.mark.parametrize(
    ("settings", "proven", "rotates"),
    [
        pytest.param(SETTINGS, True, False, id="a confidential app that proved itself"),
        pytest.param(SETTINGS, False, True, id="one that may refresh by its name alone, and did"),
        pytest.param(but(SETTINGS, rotate_refresh_tokens=True), True, True, id="one whose developer chose so"),
        pytest.param(but(SETTINGS, auth_methods=frozenset({ClientAuthMethod.NONE})), False, True, id="a public app"),
        pytest.param(but(SETTINGS, auth_methods=frozenset({ClientAuthMethod.NONE})), True, True, id="a public app, whatever it shows"),
    ],
)
def test_std_RT_03_a_refresh_token_that_only_a_name_goes_with_rotates(settings: AppSettings, proven: bool, rotates: bool) -> None:
    assert settings.rotates(proven=proven) is rotates


# --- Flow ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        pytest.param({Flow.WEB_SERVER, Flow.REFRESH_TOKEN}, None, id="both are on"),
        pytest.param({Flow.WEB_SERVER}, "refresh_token is not among the app's flows", id="refreshing is switched off"),
        pytest.param({Flow.REFRESH_TOKEN, Flow.DEVICE}, "web_server is not among the app's flows", id="the flow that began it is"),
        pytest.param(set(), "refresh_token is not among the app's flows", id="all are"),
    ],
)
def test_a_family_ends_with_the_flow_that_began_it(flows: set[Flow], words: str | None) -> None:
    facts = but(HELD, "settings", flows=frozenset(flows))
    found = finding(Gate.FLOW, facts, REFRESHING)
    assert (found.reason, found.words) == ((flow_reasons.FLOW_NOT_ENABLED, words) if words else (None, "refresh_token is enabled"))


# --- Scopes --------------------------------------------------------------------------------------------------------------


def holding(app: str, approved: str, asked: str | None = None) -> tuple[Facts, Attempt]:
    """An app that holds `app`, with a family over `approved`, and a request that asks for `asked`."""
    facts = but(but(HELD, "settings", scopes=tuple(app.split())), "grant", scopes=tuple(approved.split()))
    return facts, but(REFRESHING, scopes_asked=None if asked is None else tuple(asked.split()))


@pytest.mark.parametrize(
    ("refreshing", "granted"),
    [
        pytest.param(holding("api id refresh_token", "api id refresh_token"), "refresh_token api id", id="asked for nothing: all of it"),
        pytest.param(holding("api id refresh_token", "api id refresh_token", "api"), "api", id="asked for less: less"),
        pytest.param(holding("api id refresh_token", "api refresh_token"), "refresh_token api", id="and never what came to the app since"),
        pytest.param(holding("api refresh_token", "api id refresh_token"), "refresh_token api", id="X-RT-06: what the app lost is dropped"),
        pytest.param(holding("api refresh_token", "api id refresh_token", "api id"), "api", id="X-RT-06: also where it is asked for"),
        pytest.param(holding("api offline_access", "api refresh_token"), "refresh_token api", id="the two names are one scope"),
    ],
)
def test_std_RT_02_X_RT_06_a_refresh_may_narrow_and_never_widen(refreshing: tuple[Facts, Attempt], granted: str) -> None:
    verdict = access.decide(*refreshing)
    assert (verdict.reason, " ".join(verdict.scopes)) == (None, granted)


def test_std_RT_02_narrowing_once_does_not_narrow_for_ever() -> None:
    """A refresh token carries no scopes: what it may give is read from the grant, which no refresh writes."""
    facts, narrow = holding("api id refresh_token", "api id refresh_token", "api")
    assert access.decide(facts, narrow).scopes == ("api",)
    assert access.decide(facts, but(narrow, scopes_asked=None)).scopes == ("refresh_token", "api", "id")


@pytest.mark.parametrize(
    ("refreshing", "reason"),
    [
        pytest.param(holding("api id refresh_token", "api refresh_token", "api id"), scope_reasons.SCOPE_EXCEEDS_GRANT, id="one too many"),
        pytest.param(holding("full refresh_token", "api refresh_token", "full"), scope_reasons.SCOPE_EXCEEDS_GRANT, id="all of it"),
        pytest.param(holding("api refresh_token", "api refresh_token", "apy"), scope_reasons.SCOPE_EXCEEDS_GRANT, id="no scope at all"),
        pytest.param(
            holding("api", "api refresh_token"), scope_reasons.REFRESH_SCOPE_WITHDRAWN, id="X-RT-05: refresh_token was taken away"
        ),
        pytest.param(holding("full", "full refresh_token"), scope_reasons.REFRESH_SCOPE_WITHDRAWN, id="full does not stand in for it"),
        pytest.param(
            holding("id refresh_token", "api refresh_token", "api"), scope_reasons.SCOPE_NONE_LEFT, id="nothing that is asked for is left"
        ),
    ],
)
def test_std_RT_02_what_a_refresh_is_refused(refreshing: tuple[Facts, Attempt], reason: Reason) -> None:
    assert finding(Gate.SCOPES, *refreshing).reason is reason
    assert answer(*refreshing) == reason.code


def test_what_was_approved_in_a_family_that_nobody_knows_cannot_be_told() -> None:
    assert finding(Gate.SCOPES, but(HELD, grant=None), REFRESHING).state is State.UNREACHED


def test_a_family_is_known_by_its_grant() -> None:
    assert REFRESH.grant_id == FAMILY.id
