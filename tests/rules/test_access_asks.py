"""How it asks: the gates Flow and Scopes, for a token that does not exist yet."""

import pytest
from tests.rules.facts_builder import ASKED_ABOUT, ASKING, FACTS, PROOF, but, finding

from gatebridge.rules import access, granted
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.verdict import State

PUBLIC = but(FACTS, "settings", auth_methods=frozenset({ClientAuthMethod.NONE}))
PUBLIC_WEB = but(PUBLIC, "settings", flows=frozenset({Flow.WEB_SERVER}))
MIXED = but(FACTS, "settings", auth_methods=frozenset({ClientAuthMethod.NONE, ClientAuthMethod.SECRET_BASIC}))
NAMED_ONLY = but(ASKING, client=but(PROOF, method=ClientAuthMethod.NONE))


@pytest.mark.parametrize(
    ("facts", "attempt", "reason", "words"),
    [
        pytest.param(FACTS, ASKING, None, "client_credentials is enabled", id="a flow that is enabled may be used"),
        pytest.param(
            FACTS,
            but(ASKING, flow=Flow.JWT_BEARER),
            flow_reasons.FLOW_NOT_ENABLED,
            "jwt_bearer is not among the app's flows",
            id="a flow that is not enabled may not",
        ),
        pytest.param(
            but(FACTS, "settings", flows=frozenset({Flow.DEVICE})),
            but(ASKING, flow=Flow.DEVICE),
            flow_reasons.FLOW_OFF_IN_ORG,
            "device is switched off in the org",
            id="the device flow needs the org's word beside the app's",
        ),
        pytest.param(
            but(FACTS, "settings", flows=frozenset({Flow.USER_AGENT})),
            but(ASKING, flow=Flow.USER_AGENT),
            flow_reasons.FLOW_OFF_IN_ORG,
            "user_agent is switched off in the org",
            id="and so does the legacy user-agent flow",
        ),
        pytest.param(
            but(FACTS, "settings", flows=frozenset()),
            ASKING,
            flow_reasons.FLOW_NOT_ENABLED,
            "client_credentials is not among the app's flows",
            id="an app without flows gets no token in any way",
        ),
        pytest.param(
            FACTS,
            but(ASKING, flow=None, flow_refused=flow_reasons.GRANT_TYPE_MISSING),
            flow_reasons.GRANT_TYPE_MISSING,
            flow_reasons.GRANT_TYPE_MISSING.sentence,
            id="a request must say how it asks",
        ),
        pytest.param(
            but(FACTS, settings=None),
            but(ASKING, flow=None, flow_refused=flow_reasons.GRANT_TYPE_UNKNOWN),
            flow_reasons.GRANT_TYPE_UNKNOWN,
            flow_reasons.GRANT_TYPE_UNKNOWN.sentence,
            id="a way that nobody knows is refused for any app",
        ),
        pytest.param(
            FACTS,
            but(ASKING, request_refused=request_reasons.PARAMETER_MISSING),
            request_reasons.PARAMETER_MISSING,
            request_reasons.PARAMETER_MISSING.sentence,
            id="a request that lacks what its flow needs is refused here",
        ),
        pytest.param(
            FACTS,
            but(ASKING, request_refused=session_reasons.ACR_UNMET),
            None,
            "client_credentials is enabled",
            id="what it wishes of the sign-in is not this gate's to judge",
        ),
        pytest.param(
            PUBLIC, NAMED_ONLY, client_reasons.CLIENT_NOT_CONFIDENTIAL, "a public app cannot act as itself", id="a public app is not itself"
        ),
        pytest.param(
            PUBLIC,
            ASKED_ABOUT,
            client_reasons.CLIENT_NOT_CONFIDENTIAL,
            "a public app cannot act as itself",
            id="an app that was made public loses what it got as itself",
        ),
        pytest.param(
            PUBLIC_WEB, but(NAMED_ONLY, flow=Flow.WEB_SERVER), None, "web_server is enabled", id="a public app may ask for a user"
        ),
        pytest.param(MIXED, ASKING, None, "client_credentials is enabled", id="an app that may prove itself, and did, acts as itself"),
        pytest.param(
            but(FACTS, "settings", flows=frozenset({Flow.WEB_SERVER})),
            ASKED_ABOUT,
            flow_reasons.FLOW_NOT_ENABLED,
            "client_credentials is not among the app's flows",
            id="a flow that is switched off takes the tokens with it that it gave",
        ),
        pytest.param(
            FACTS,
            but(ASKED_ABOUT, flow=Flow.DEVICE),
            None,
            "client_credentials is enabled",
            id="a live token is judged by the flow that gave it",
        ),
    ],
)
def test_the_flow_gate(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.FLOW, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


def test_X_CA_03_what_the_client_proved_counts_and_not_what_it_could_have_proved() -> None:
    assert finding(Gate.FLOW, MIXED, NAMED_ONLY).reason is client_reasons.CLIENT_NOT_CONFIDENTIAL


@pytest.mark.parametrize(
    ("flows", "registered"),
    [
        (frozenset({Flow.WEB_SERVER, Flow.DEVICE}), "device, web_server"),
        (frozenset(), "none"),
    ],
)
def test_the_flow_is_shown_beside_those_that_are_enabled(flows: frozenset[Flow], registered: str) -> None:
    compared = finding(Gate.FLOW, but(FACTS, "settings", flows=flows), ASKING).compared
    assert compared == (Compared("flow", "client_credentials", registered),)


def app_with(scopes: str, *, may_administer: bool = False) -> Facts:
    """An app that holds `scopes`, in an org that has a custom scope `invoices` of its own."""
    facts = but(but(FACTS, "settings", scopes=tuple(scopes.split())), "policies", may_administer=may_administer)
    return but(facts, "org.settings", custom_scopes=(("invoices", "Read your invoices"),))


def test_what_a_scope_of_its_own_is_called_is_for_the_org_of_the_app_to_say() -> None:
    foreign = but(app_with("api orders"), "app", org_id="00D000000000002")
    assert granted.here(foreign) == ("api", "orders")
    assert granted.here(app_with("api orders")) == ("api",)


def asking_for(scopes: str | None, flow: Flow = Flow.CLIENT_CREDENTIALS) -> Attempt:
    return but(ASKING, scopes_asked=None if scopes is None else tuple(scopes.split()), flow=flow)


@pytest.mark.parametrize(
    ("app", "asked", "granted"),
    [
        pytest.param("api id", None, "api id", id="who asks for nothing gets all that the app holds"),
        pytest.param("api id", "id", "id", id="who asks for less gets less"),
        pytest.param("api id", "id api id", "api id", id="order and repetition of what is asked do not matter"),
        pytest.param("api", "chatter_api", "chatter_api", id="a part of what the app holds may be asked for by its own name"),
        pytest.param("full", "api", "api", id="of everything, one thing may be asked for"),
        pytest.param("full", "invoices", "invoices", id="everything holds the org's custom scopes too"),
        pytest.param("invoices", "invoices", "invoices", id="a custom scope is a scope"),
        pytest.param("api orders", None, "api", id="a custom scope that the org has taken away is none any more"),
        pytest.param("full api", None, "api", id="full is dropped where nobody signs in"),
        pytest.param("web api", "web api", "api", id="web is dropped, also when it was asked for"),
        pytest.param("refresh_token api", "refresh_token api", "api", id="refresh_token is dropped: the client simply asks again"),
        pytest.param("refresh_token api", "offline_access api", "api", id="and so is its other name"),
        pytest.param("openid api", None, "api", id="openid is dropped where it was not asked for"),
        pytest.param("setup_api api", None, "api", id="setup_api is left out where the admin has not allowed it"),
    ],
)
def test_std_CC_01_what_a_client_that_acts_as_itself_is_granted(app: str, asked: str | None, granted: str) -> None:
    verdict = access.decide(app_with(app), asking_for(asked))
    assert verdict.reason is None
    assert " ".join(verdict.scopes) == granted
    assert finding(Gate.SCOPES, app_with(app), asking_for(asked)).words == granted


@pytest.mark.parametrize(
    ("app", "asked", "reason", "words"),
    [
        pytest.param("api", "apy", scope_reasons.SCOPE_UNKNOWN, "no scope is called apy", id="a name that no scope has"),
        pytest.param("api", "API", scope_reasons.SCOPE_UNKNOWN, "no scope is called API", id="upper and lower case count"),
        pytest.param("full", "orders", scope_reasons.SCOPE_UNKNOWN, "no scope is called orders", id="full does not hold what is not there"),
        pytest.param("api orders", "orders", scope_reasons.SCOPE_UNKNOWN, "no scope is called orders", id="one that was taken away"),
        pytest.param("api", "id", scope_reasons.SCOPE_NOT_ASSIGNED, "the app does not hold id", id="a scope that the app does not hold"),
        pytest.param("api", "api id web", scope_reasons.SCOPE_NOT_ASSIGNED, "the app does not hold id web", id="one of many is enough"),
        pytest.param("api", "invoices", scope_reasons.SCOPE_NOT_ASSIGNED, "the app does not hold invoices", id="also of the org's own"),
        pytest.param("api", "id apy", scope_reasons.SCOPE_UNKNOWN, "no scope is called apy", id="unknown is said before not held"),
        pytest.param("full", "setup_api", scope_reasons.SCOPE_NOT_ASSIGNED, "the app does not hold setup_api", id="full never administers"),
        pytest.param(
            "full", "refresh_token", scope_reasons.SCOPE_NOT_ASSIGNED, "the app does not hold refresh_token", id="full is never for long"
        ),
        pytest.param(
            "setup_api api",
            "setup_api",
            scope_reasons.SCOPE_NOT_ASSIGNED,
            "the app does not hold setup_api",
            id="setup_api where the admin has not allowed it",
        ),
        pytest.param(
            "openid api",
            "openid api",
            scope_reasons.SCOPE_NEEDS_USER,
            "nobody signs in, so there is no identity to give",
            id="openid, where nobody signs in",
        ),
        pytest.param(
            "full refresh_token",
            None,
            scope_reasons.SCOPE_NONE_LEFT,
            "nothing is left that this flow may give",
            id="an app that holds only what is dropped",
        ),
        pytest.param("", None, scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", id="an app that holds nothing"),
        pytest.param("api web", "web", scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", id="only what is dropped"),
        pytest.param("setup_api", None, scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", id="only to administer"),
        pytest.param("api", "", scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", id="an empty list of scopes"),
    ],
)
def test_what_a_client_that_acts_as_itself_is_refused(app: str, asked: str | None, reason: Reason, words: str) -> None:
    verdict = access.decide(app_with(app), asking_for(asked))
    assert verdict.reason is reason
    assert verdict.refusal is not None
    assert verdict.refusal.words == words


def test_setup_api_is_given_only_to_an_app_that_may_administer_the_org() -> None:
    allowed = access.decide(app_with("setup_api api", may_administer=True), asking_for("setup_api"))
    assert (allowed.reason, allowed.scopes) == (None, ("setup_api",))


def test_an_app_that_may_administer_but_does_not_hold_setup_api_is_not_given_it() -> None:
    assert finding(Gate.SCOPES, app_with("full", may_administer=True), asking_for("setup_api")).reason is scope_reasons.SCOPE_NOT_ASSIGNED


@pytest.mark.parametrize("scopes", ["full", "web", "refresh_token", "openid"])
def test_where_a_user_signs_in_nothing_is_dropped(scopes: str) -> None:
    facts = but(app_with(scopes), "settings", flows=frozenset({Flow.WEB_SERVER}))
    verdict = access.decide(facts, asking_for(scopes, Flow.WEB_SERVER))
    assert (verdict.reason, verdict.scopes) == (None, (scopes,))


def test_a_list_of_scopes_that_cannot_be_read_is_refused_before_anything_is_looked_up() -> None:
    unread = but(ASKING, scopes_refused=scope_reasons.SCOPE_MALFORMED)
    for facts in (FACTS, but(FACTS, settings=None)):
        assert finding(Gate.SCOPES, facts, unread).reason is scope_reasons.SCOPE_MALFORMED


@pytest.mark.parametrize(("asked", "sent"), [(None, None), ("id api", "api id"), ("apy", "apy")])
def test_what_was_asked_is_shown_beside_what_the_app_may_have_here(asked: str | None, sent: str | None) -> None:
    compared = finding(Gate.SCOPES, app_with("setup_api id api"), asking_for(asked)).compared
    assert compared == (Compared("scope", sent, "api id"),)
