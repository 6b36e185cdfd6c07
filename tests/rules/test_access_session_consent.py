"""On what terms a person's app is let in: the gates Session and Consent at an authorization request, and Consent for an assertion."""

from datetime import datetime, timedelta

import pytest
from tests.rules.facts_builder import (
    A_MOMENT,
    ASSERTING,
    AUTHORIZING,
    ELSEWHERE,
    NOW,
    OFFICE,
    OTHER_CALLBACK,
    PEOPLE,
    SESSION,
    answer,
    but,
    finding,
)

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.authorization import KEPT
from gatebridge.rules.facts import Approving, Attempt, CallbackProof, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import consent as consent_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.verdict import State

SIGNED_IN = SESSION.authenticated_at
AT_OFFICE = but(but(PEOPLE, "session", address=str(OFFICE)), "org.settings", lock_sessions_to_address=True)
LOOPBACK, PRIVATE = "http://127.0.0.1/callback", "com.example.app:/callback"


def wanting(since: datetime | None) -> Attempt:
    return but(AUTHORIZING, approving=Approving(authenticated_since=since))


@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        pytest.param(PEOPLE, AUTHORIZING, None, id="signed in, and nothing more is asked for"),
        pytest.param(PEOPLE, but(AUTHORIZING, approving=None), None, id="signed in, and the door has asked for nothing"),
        pytest.param(PEOPLE, wanting(SIGNED_IN), None, id="signed in at the very moment that max_age allows"),
        pytest.param(PEOPLE, wanting(SIGNED_IN - A_MOMENT), None, id="signed in after it"),
        pytest.param(PEOPLE, wanting(SIGNED_IN + A_MOMENT), session_reasons.LOGIN_TOO_OLD, id="signed in before it"),
        pytest.param(PEOPLE, wanting(NOW), session_reasons.LOGIN_TOO_OLD, id="prompt=login: only from now on"),
        pytest.param(but(PEOPLE, session=None), AUTHORIZING, session_reasons.LOGIN_REQUIRED, id="nobody signed in"),
        pytest.param(
            but(PEOPLE, "session", ended_at=NOW), AUTHORIZING, session_reasons.LOGIN_REQUIRED, id="X-SE-01: signed out, but found"
        ),
        pytest.param(but(PEOPLE, "session", user_id="005000000000008"), AUTHORIZING, session_reasons.LOGIN_REQUIRED, id="another user's"),
        pytest.param(
            but(PEOPLE, "session", last_seen_at=NOW - timedelta(days=2), created_at=NOW - timedelta(days=3)),
            AUTHORIZING,
            session_reasons.LOGIN_REQUIRED,
            id="idle for too long",
        ),
        pytest.param(AT_OFFICE, AUTHORIZING, None, id="bound to the address at which it is used"),
        pytest.param(AT_OFFICE, but(AUTHORIZING, address=ELSEWHERE), session_reasons.LOGIN_REQUIRED, id="bound to another address"),
        pytest.param(AT_OFFICE, but(AUTHORIZING, address=None), session_reasons.LOGIN_REQUIRED, id="used from where nobody can tell"),
        pytest.param(PEOPLE, but(AUTHORIZING, request_refused=session_reasons.ACR_UNMET), session_reasons.ACR_UNMET, id="acr unmet"),
        pytest.param(
            PEOPLE, but(AUTHORIZING, request_refused=flow_reasons.STATE_TOO_LONG), None, id="what else is wrong is not this gate's to tell"
        ),
    ],
)
def test_the_session_gate(facts: Facts, attempt: Attempt, reason: Reason | None) -> None:
    assert finding(Gate.SESSION, facts, attempt).reason is reason


def test_the_session_gate_compares_the_moments_and_names_the_methods() -> None:
    too_old = finding(Gate.SESSION, PEOPLE, wanting(NOW))
    assert too_old.compared == (Compared("auth_time", SIGNED_IN.isoformat(), NOW.isoformat()),)
    twice = but(PEOPLE, "session", methods=("pwd", "otp"))
    assert finding(Gate.SESSION, twice, AUTHORIZING).words == f"signed in at {SIGNED_IN.isoformat()} by pwd and otp"


@pytest.mark.parametrize("missing", ["settings", "policies", "standing"])
def test_X_AD_11_whom_or_what_it_concerns_must_be_known_before_anybody_is_asked(missing: str) -> None:
    found = finding(Gate.CONSENT, but(PEOPLE, **{missing: None}), AUTHORIZING)
    assert found.state is State.UNREACHED


def test_X_AD_11_without_a_user_nobody_can_say_whose_session_it_is() -> None:
    assert finding(Gate.SESSION, but(PEOPLE, standing=None), AUTHORIZING).state is State.UNREACHED


def for_oneself(facts: Facts = PEOPLE, **changed: object) -> Facts:
    """The facts where each user authorizes for oneself, with an approval that is `changed`."""
    facts = but(facts, "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE)
    return but(facts, "approval", **changed) if changed else facts


def public(facts: Facts) -> Facts:
    return but(facts, "settings", auth_methods=frozenset({ClientAuthMethod.NONE}))


def saying(*, approved: bool = False, denied: bool = False, ask_consent: bool = False) -> Attempt:
    return but(AUTHORIZING, approving=Approving(approved=approved, denied=denied, ask_consent=ask_consent))


def to(callback: str) -> Attempt:
    return but(AUTHORIZING, callback=CallbackProof(uri=callback))


NEVER = but(for_oneself(), approval=None)
REQUIRED, DENIED = consent_reasons.CONSENT_REQUIRED, consent_reasons.CONSENT_DENIED


@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        pytest.param(PEOPLE, AUTHORIZING, None, id="pre-authorized: nobody is asked"),
        pytest.param(but(PEOPLE, approval=None), AUTHORIZING, None, id="pre-authorized: no approval is needed"),
        pytest.param(PEOPLE, saying(ask_consent=True), REQUIRED, id="pre-authorized, but prompt=consent"),
        pytest.param(for_oneself(), AUTHORIZING, None, id="approved before"),
        pytest.param(for_oneself(), but(AUTHORIZING, approving=None), None, id="approved before; the door has asked for nothing"),
        pytest.param(for_oneself(), saying(ask_consent=True), REQUIRED, id="approved before, but prompt=consent"),
        pytest.param(NEVER, AUTHORIZING, REQUIRED, id="never approved"),
        pytest.param(NEVER, saying(approved=True), None, id="approved just now"),
        pytest.param(NEVER, saying(approved=True, ask_consent=True), None, id="prompt=consent, and approved just now"),
        pytest.param(NEVER, saying(denied=True), DENIED, id="denied just now"),
        pytest.param(for_oneself(), saying(denied=True), DENIED, id="approved before, denied now"),
        pytest.param(PEOPLE, saying(denied=True), DENIED, id="pre-authorized, denied now"),
        pytest.param(for_oneself(scopes=frozenset({"id"})), AUTHORIZING, REQUIRED, id="X-CO-04: approved for less"),
        pytest.param(
            for_oneself(scopes=frozenset({"id"})),
            but(AUTHORIZING, scopes_asked=("id",)),
            None,
            id="approved for less, and no more is asked",
        ),
        pytest.param(for_oneself(), to(OTHER_CALLBACK), REQUIRED, id="X-CO-07: approved for another address"),
        pytest.param(public(for_oneself()), AUTHORIZING, None, id="a public app at its https address"),
        pytest.param(public(for_oneself(callbacks=frozenset({LOOPBACK}))), to(LOOPBACK), REQUIRED, id="X-CO-05: a public app on loopback"),
        pytest.param(
            public(for_oneself(callbacks=frozenset({PRIVATE}))), to(PRIVATE), REQUIRED, id="X-CO-05: a public app at a private scheme"
        ),
        pytest.param(for_oneself(callbacks=frozenset({LOOPBACK})), to(LOOPBACK), None, id="on loopback, with a secret"),
        pytest.param(
            but(for_oneself(callbacks=frozenset({LOOPBACK})), "settings", require_secret_for_web_server=False),
            to(LOOPBACK),
            REQUIRED,
            id="X-CO-05: on loopback, with a secret that it need not show",
        ),
        pytest.param(
            for_oneself(callbacks=frozenset({LOOPBACK})),
            but(to(LOOPBACK), flow=Flow.USER_AGENT),
            REQUIRED,
            id="X-CO-05: on loopback, for a token that nobody proves anything for",
        ),
        pytest.param(
            but(for_oneself(), "settings", require_secret_for_web_server=False),
            AUTHORIZING,
            None,
            id="at its https address, with a secret that it need not show",
        ),
        pytest.param(public(PEOPLE), to(LOOPBACK), None, id="a public app on loopback, pre-authorized by the admin"),
        pytest.param(for_oneself(), but(AUTHORIZING, callback=None), REQUIRED, id="no address is known to be the app's"),
    ],
)
def test_the_consent_gate(facts: Facts, attempt: Attempt, reason: Reason | None) -> None:
    assert finding(Gate.CONSENT, facts, attempt).reason is reason


def test_the_consent_gate_shows_what_was_asked_beside_what_was_approved() -> None:
    less = finding(Gate.CONSENT, for_oneself(scopes=frozenset({"id"})), but(AUTHORIZING, scopes_asked=("api", "id")))
    assert less.compared == (Compared("scope", "api id", "id"),)
    never = finding(Gate.CONSENT, NEVER, but(AUTHORIZING, scopes_asked=("id",)))
    assert never.compared == (Compared("scope", "id", None),)


@pytest.mark.parametrize(
    ("facts", "attempt", "said"),
    [
        pytest.param(PEOPLE, ASSERTING, "yes", id="pre-authorized by the admin"),
        pytest.param(but(PEOPLE, approval=None), ASSERTING, "yes", id="pre-authorized, and never asked"),
        pytest.param(for_oneself(), ASSERTING, "yes", id="approved by the user before"),
        pytest.param(for_oneself(), but(ASSERTING, scopes_asked=("api",)), "yes", id="for less than was approved"),
        pytest.param(for_oneself(scopes=frozenset({"openid"})), but(ASSERTING, scopes_asked=("openid",)), "yes", id="for the very same"),
        pytest.param(NEVER, ASSERTING, "consent_missing", id="X-JB-03: never approved"),
        pytest.param(for_oneself(scopes=frozenset({"id"})), ASSERTING, "yes", id="all that was approved, where nothing is asked for"),
        pytest.param(
            for_oneself(scopes=frozenset({"id"})), but(ASSERTING, scopes_asked=("api",)), "consent_missing", id="X-JB-03: for another scope"
        ),
        pytest.param(
            for_oneself(scopes=frozenset({"id"})),
            but(ASSERTING, scopes_asked=("api", "id")),
            "consent_missing",
            id="X-JB-03: for more than was approved",
        ),
    ],
)
def test_X_JB_03_an_assertion_asks_nobody_and_so_needs_an_earlier_yes(facts: Facts, attempt: Attempt, said: str) -> None:
    assert answer(facts, attempt) == said


def test_an_assertion_needs_no_browser() -> None:
    assert answer(but(PEOPLE, session=None), but(ASSERTING, approving=None)) == "yes"


def test_X_RU_19_an_interaction_keeps_no_parameter_that_nobody_thought_of() -> None:
    assert {"redirect_uri", "state", "nonce", "code_challenge", "prompt"} <= set(KEPT)
    assert not {"password", "client_secret", "request", "request_uri", "approved", "org_id", "user_id"} & set(KEPT)
