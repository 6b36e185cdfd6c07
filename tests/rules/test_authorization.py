"""What an authorization request can ask to be answered with, of whom and how surely, and about which claims a user is asked."""

from collections.abc import Iterable

import pytest
from tests.rules.facts_builder import APPROVAL, AUTHORIZING, CALLING, ORG, PEOPLE, but

from gatebridge.rules import access, authorization, granted
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.authorization import CODE, ID_TOKEN_AND_TOKEN, TOKEN, TYPES, ResponseMode, ResponseType, asks_for_claims, beyond
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.levels import Level, known, told
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.verdict import State

HIGH, STANDARD = Level.HIGH, Level.STANDARD

# The org and an app of former days want the legacy flow, and the app's user has signed in.
LEGACY = but(but(PEOPLE, "settings", flows=frozenset({Flow.USER_AGENT})), "org.settings", user_agent_flow=True)
WANTING_A_TOKEN = but(AUTHORIZING, flow=Flow.USER_AGENT, challenge=None)


@pytest.mark.parametrize(
    ("text", "dialect", "found"),
    [
        ("code", Dialect.STANDARD, CODE),
        ("token", Dialect.STANDARD, TOKEN),
        ("id_token token", Dialect.STANDARD, ID_TOKEN_AND_TOKEN),
        ("token id_token", Dialect.STANDARD, ID_TOKEN_AND_TOKEN),
        *((text, Dialect.STANDARD, None) for text in ("", " ", "CODE", "code ", "code code", "code token", "code id_token", "id_token")),
        *((text, Dialect.STANDARD, None) for text in ("none", "token token", "token,id_token", "token refresh_token")),
        ("token refresh_token", Dialect.SALESFORCE, TOKEN),
        ("refresh_token token", Dialect.SALESFORCE, TOKEN),
        ("token id_token refresh_token", Dialect.SALESFORCE, ID_TOKEN_AND_TOKEN),
        ("code refresh_token", Dialect.SALESFORCE, None),
        ("refresh_token", Dialect.SALESFORCE, None),
        ("token refresh_token refresh_token", Dialect.SALESFORCE, None),
        ("hybrid_token", Dialect.SALESFORCE, None),
    ],
)
def test_std_AZ_07_a_response_type_is_known_by_its_words_in_any_order(text: str, dialect: Dialect, found: ResponseType | None) -> None:
    assert authorization.response_type(text, dialect) is found


def test_std_AZ_35_no_token_ever_fits_a_query() -> None:
    assert {each.name: (each.mode, len(each.modes)) for each in TYPES} == {
        "code": (ResponseMode.QUERY, 3),
        "token": (ResponseMode.FRAGMENT, 1),
        "id_token token": (ResponseMode.FRAGMENT, 1),
    }


@pytest.mark.parametrize(
    ("text", "mode"),
    [("", "query"), ("none", "query"), ("CODE", "query"), ("id_token", "fragment"), ("code token", "fragment"), ("tokens", "query")],
)
def test_std_AZ_07_what_is_not_known_is_refused_where_its_answer_would_have_come(text: str, mode: str) -> None:
    assert authorization.mode_of_errors(text) == mode


@pytest.mark.parametrize(("on", "names"), [(False, ["code"]), (True, ["code", "token", "id_token token"])])
def test_std_MD_05_an_org_offers_what_it_has_not_switched_off(on: bool, names: list[str]) -> None:
    assert [each.name for each in authorization.offered(but(ORG, "settings", user_agent_flow=on))] == names


def test_one_that_is_answered_with_a_token_hears_for_how_long() -> None:
    verdict = authorization.decide(LEGACY, WANTING_A_TOKEN)
    assert (verdict.reason, verdict.lifetime) == (None, Lifetime(7_200, "default"))
    assert [finding.gate for finding in verdict.findings][-2:] == [Gate.CONSENT, Gate.LIFETIME]
    assert verdict.findings[:-1] == access.decide(LEGACY, WANTING_A_TOKEN).findings


@pytest.mark.parametrize(
    ("facts", "attempt"),
    [
        pytest.param(PEOPLE, AUTHORIZING, id="a code says it later"),
        pytest.param(PEOPLE, CALLING, id="and other doors have their own gates"),
        pytest.param(but(LEGACY, policies=None), WANTING_A_TOKEN, id="nor can it be told without policies"),
    ],
)
def test_everything_else_is_decided_as_everywhere(facts: Facts, attempt: Attempt) -> None:
    assert authorization.decide(facts, attempt) == access.decide(facts, attempt)


def test_what_is_refused_lives_for_no_time() -> None:
    verdict = authorization.decide(but(LEGACY, session=None), WANTING_A_TOKEN)
    assert (verdict.reason, verdict.lifetime) == (session_reasons.LOGIN_REQUIRED, None)
    assert verdict.findings[-1].gate is Gate.LIFETIME


def test_std_AZ_12_where_no_code_is_given_there_is_nothing_to_bind() -> None:
    (found,) = [each for each in access.decide(LEGACY, WANTING_A_TOKEN).findings if each.gate is Gate.PKCE]
    assert (found.state, found.words) == (State.PASSED, "no code is given that it could bind")


@pytest.mark.parametrize("flow", [Flow.USER_AGENT, Flow.JWT_BEARER])
def test_nobody_is_promised_a_refresh_token_that_never_comes(flow: Flow) -> None:
    assert granted.before_approval(LEGACY, but(WANTING_A_TOKEN, flow=flow)) == ("api", "openid", "id")
    assert granted.before_approval(LEGACY, but(WANTING_A_TOKEN, flow=flow, scopes_asked=("refresh_token",))) == ()


@pytest.mark.parametrize(("flow", "scopes"), [(Flow.USER_AGENT, ("api",)), (Flow.WEB_SERVER, ("setup_api", "api"))])
def test_no_token_that_administers_the_org_stands_in_an_address(flow: Flow, scopes: tuple[str, ...]) -> None:
    facts = but(but(LEGACY, "settings", scopes=("setup_api", "api")), "policies", may_administer=True)
    assert granted.before_approval(facts, but(WANTING_A_TOKEN, flow=flow)) == scopes


# --- Of whom and how surely -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [session_reasons.LOGIN_OF_ANOTHER, session_reasons.ACR_UNMET], ids=lambda reason: reason.code)
@pytest.mark.parametrize("session", [PEOPLE.session, None])
def test_std_AZ_21_AZ_22_what_no_session_here_can_be_is_said_at_the_gate_of_sessions(reason: Reason, session: object) -> None:
    verdict = access.decide(but(PEOPLE, session=session), but(AUTHORIZING, request_refused=reason))
    (flow,) = [each for each in verdict.findings if each.gate is Gate.FLOW]
    (found,) = [each for each in verdict.findings if each.gate is Gate.SESSION]
    assert (flow.state, found.state, found.reason, verdict.reason) == (State.PASSED, State.REFUSED, reason, reason)


@pytest.mark.parametrize(
    ("reached", "taken", "said"),
    [
        (HIGH, (), HIGH),
        (HIGH, (HIGH,), HIGH),
        (HIGH, (STANDARD,), STANDARD),
        (HIGH, (STANDARD, HIGH), HIGH),
        (STANDARD, (), STANDARD),
        (STANDARD, (HIGH,), STANDARD),
        (STANDARD, (HIGH, STANDARD), STANDARD),
    ],
)
def test_std_AZ_21_an_app_hears_a_level_that_it_takes_where_the_sign_in_is_good_for_one(
    reached: Level, taken: tuple[Level, ...], said: Level
) -> None:
    assert told(reached, taken) is said


def test_std_AZ_23_of_acr_values_those_of_ours_count_in_their_order() -> None:
    assert known(["phr", HIGH.acr, "", STANDARD.acr]) == (HIGH, STANDARD)
    assert known([]) == ()


# --- Single claims ----------------------------------------------------------------------------------------------------------

HOLDING = but(PEOPLE, "settings", scopes=("openid", "profile", "email", "api"))


@pytest.mark.parametrize(
    ("asked", "claims", "shown"),
    [
        pytest.param(("openid",), ("email", "name"), ("profile", "email"), id="each claim by the scope that tells it"),
        pytest.param(("openid",), ("email", "email_verified"), ("email",), id="two of one scope are one sentence"),
        pytest.param(("openid", "email"), ("email", "name"), ("profile",), id="what the request asks for anyway is shown anyway"),
        pytest.param(("openid",), ("phone_number",), (), id="X-CO-04: what the app may not be told is not asked about"),
        pytest.param(("openid",), (), (), id="nothing"),
    ],
)
def test_std_AZ_24_claims_are_shown_by_the_sentences_of_their_scopes(
    asked: tuple[str, ...], claims: Iterable[str], shown: tuple[str, ...]
) -> None:
    assert beyond(HOLDING, but(AUTHORIZING, scopes_asked=asked), claims) == shown


def for_oneself(*approved: str) -> Facts:
    facts = but(HOLDING, "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE)
    return but(facts, approval=but(APPROVAL, scopes=frozenset(approved)) if approved else None)


@pytest.mark.parametrize(
    ("facts", "shown", "asks"),
    [
        pytest.param(for_oneself(), ("email",), True, id="never approved"),
        pytest.param(for_oneself("openid"), ("email",), True, id="X-CO-04: approved without them"),
        pytest.param(for_oneself("openid", "email"), ("email",), False, id="approved with them"),
        pytest.param(for_oneself("openid", "id"), ("email", "profile"), False, id="approved under the name of all four"),
        pytest.param(for_oneself("openid", "email"), ("email", "profile"), True, id="approved for some of them"),
        pytest.param(for_oneself("openid"), (), False, id="there are none"),
        pytest.param(HOLDING, ("email",), False, id="approved by the admin for all"),
        pytest.param(but(for_oneself(), policies=None), ("email",), False, id="without policies another gate says no"),
    ],
)
def test_std_AZ_27_claims_are_asked_about_until_somebody_has_said_yes_to_them(facts: Facts, shown: tuple[str, ...], asks: bool) -> None:
    assert asks_for_claims(facts, shown) is asks


# --- The words of the other dialect -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "flow", "text"),
    [
        (flow_reasons.FLOW_NOT_ENABLED, "client_credentials", "client credentials flow not enabled"),
        (flow_reasons.FLOW_NOT_ENABLED, "jwt_bearer", "flow not enabled"),
        (flow_reasons.FLOW_NOT_ENABLED, None, "flow not enabled"),
        (flow_reasons.GRANT_TYPE_UNKNOWN, "client_credentials", "grant type not supported"),
    ],
)
def test_a_flow_that_is_off_is_told_to_clients_of_salesforce_by_its_own_name(reason: Reason, flow: str | None, text: str) -> None:
    said = flow_reasons.told_in(reason, flow)
    assert said.salesforce_text == text
    assert (said.code, said.public_sentence) == (reason.code, reason.public_sentence)
