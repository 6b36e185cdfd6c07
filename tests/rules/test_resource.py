"""What a resource server needs of a live token beside that it lives."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import APP, FACTS, GRANT, NOW, SETTINGS, TOKEN

from gatebridge.rules import resource
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.apps import App
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Address, parse_address
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import level as level_reasons
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import resource as reasons
from gatebridge.rules.resource import Needs
from gatebridge.rules.verdict import Finding, State, Verdict

GATES = (Gate.PROOF, Gate.SCOPES, Gate.SESSION)
YES = Verdict(Door.INTROSPECT, tuple(Finding(gate, State.PASSED, "it passes") for gate in GATES), scopes=("api",))


@pytest.mark.parametrize(
    ("said", "needs"),
    [
        pytest.param([], Needs(), id="nothing"),
        pytest.param([("scope", "id api")], Needs(scopes=("api", "id")), id="scopes, in their order"),
        pytest.param([("scope", "api"), ("scope", "id"), ("scope", "api")], Needs(scopes=("api", "id")), id="scopes add up"),
        pytest.param([("aud", "a"), ("aud", "b")], Needs(audiences=("a", "b")), id="audiences add up, so that two let nobody in"),
        pytest.param([("level", "high"), ("level", "standard")], Needs(level=Level.HIGH), id="the higher level counts"),
        pytest.param([("level", "standard"), ("level", "high")], Needs(level=Level.HIGH), id="in either order"),
        pytest.param([("level", "standard")], Needs(level=Level.STANDARD), id="standard is more than nothing: somebody signed in"),
        pytest.param([("max_age", "60"), ("max_age", "9"), ("max_age", "600")], Needs(max_age=9), id="the smaller age counts"),
        pytest.param([("max_age", "0")], Needs(max_age=0), id="an age of nothing"),
        pytest.param([("max_age", "9999999999")], Needs(max_age=9_999_999_999), id="an age of centuries"),
        pytest.param([("colour", "red"), ("scope", "api")], Needs(scopes=("api",)), id="what nobody knows is ignored"),
    ],
)
def test_needs_add_up_and_never_replace(said: list[tuple[str, str]], needs: Needs) -> None:
    assert resource.read(said) == needs


@pytest.mark.parametrize(
    "said",
    [
        *(("scope", value) for value in ("", " ", "a  b", 'a"b', "a,b\n")),
        ("aud", ""),
        *(("level", value) for value in ("", "High", "urn:gatebridge:level:high")),
        *(("max_age", value) for value in ("", "-1", "1.5", "٣", "12345678901")),
    ],
    ids=str,
)
def test_who_means_to_need_something_does_not_get_nothing(said: tuple[str, str]) -> None:
    assert resource.read([("scope", "api"), said]) == said[0]


@pytest.mark.parametrize(
    ("needed", "held", "asks"),
    [
        pytest.param((), ("api",), None, id="none is needed"),
        pytest.param(("api", "id"), ("api", "id"), "api", id="all are held: the first"),
        pytest.param(("api", "id"), ("api",), "id", id="the first that is not held"),
        pytest.param(("api", "orders"), ("full",), "api", id="full covers also what is the org's own"),
    ],
)
def test_the_decision_is_asked_for_the_scope_that_is_not_covered(needed: tuple[str, ...], held: tuple[str, ...], asks: str | None) -> None:
    assert resource.scope_to_ask(Needs(scopes=needed), held, frozenset({"orders"})) == asks


OTHER = replace(APP, id="0H4000000000002")


FOR_ORDERS = replace(TOKEN, audience="https://orders.example")


def named(audience: str) -> AppSettings:
    return replace(SETTINGS, audience=audience)


def api(audience: str) -> AppSettings:
    return replace(SETTINGS, audience=audience, flows=frozenset())


@pytest.mark.parametrize(
    ("app", "settings", "token", "sees"),
    [
        pytest.param(APP, SETTINGS, TOKEN, True, id="its own"),
        pytest.param(APP, SETTINGS, FOR_ORDERS, True, id="its own, whomever it is for"),
        pytest.param(OTHER, SETTINGS, TOKEN, False, id="not another's"),
        pytest.param(OTHER, replace(SETTINGS, introspect_all_tokens=True), TOKEN, True, id="all, where its settings say so"),
        pytest.param(OTHER, api("https://orders.example"), FOR_ORDERS, True, id="those for the API that it is"),
        pytest.param(OTHER, named("https://orders.example"), FOR_ORDERS, False, id="not those for an API that it calls as well"),
        pytest.param(OTHER, api("https://other.example"), FOR_ORDERS, False, id="not those for another API"),
        pytest.param(OTHER, api(""), FOR_ORDERS, False, id="not those meant for another, where it has no audience"),
        pytest.param(OTHER, api(""), replace(TOKEN, audience=""), False, id="nor those meant for nobody"),
        pytest.param(OTHER, api(FACTS.org.issuer), TOKEN, False, id="nor all that name the issuer, by calling itself so"),
        pytest.param(None, SETTINGS, TOKEN, False, id="no app sees none"),
        pytest.param(OTHER, None, TOKEN, False, id="an app without settings sees none"),
    ],
)
def test_std_IN_04_X_MX_06_an_app_sees_its_own_tokens_and_those_meant_for_it(
    app: App | None, settings: AppSettings | None, token: AccessToken, sees: bool
) -> None:
    assert resource.may_see(replace(FACTS, app=app, settings=settings), token) is sees


@pytest.mark.parametrize(
    ("before", "after", "audience"),
    [
        pytest.param(None, api("a"), "a", id="a new API"),
        pytest.param(None, named("a"), "", id="a new client of one"),
        pytest.param(named("a"), api("a"), "a", id="a client that loses its last flow"),
        pytest.param(api("a"), named("a"), "", id="an API that gets a flow"),
        pytest.param(api("a"), api("b"), "b", id="an API that becomes another"),
        pytest.param(api("a"), api(""), "", id="one that is none any more"),
        pytest.param(api("a"), replace(api("a"), scopes=("api",)), "", id="one that stays what it is"),
    ],
)
def test_std_IN_04_an_app_without_flows_becomes_the_api_of_its_audience(
    before: AppSettings | None, after: AppSettings, audience: str
) -> None:
    assert resource.becomes_api_of(before, after) == audience


HERE = parse_address("192.0.2.7")


@pytest.mark.parametrize(
    ("everywhere", "used_from", "reason"),
    [
        pytest.param(True, None, network_reasons.ADDRESS_UNKNOWN, id="a use from nowhere, where every use is held against the ranges"),
        pytest.param(True, HERE, None, id="a use from somewhere"),
        pytest.param(False, None, None, id="where the org does not ask"),
    ],
)
def test_X_IP_02_a_use_from_nowhere_is_none_where_the_org_asks(everywhere: bool, used_from: Address | None, reason: Reason | None) -> None:
    org = replace(FACTS.org, settings=replace(FACTS.org.settings, ranges_on_every_request=everywhere))
    found = replace(YES, findings=(*YES.findings, Finding(Gate.NETWORK, State.PASSED, "it passes")))
    assert resource.placed(found, org, used_from).reason is reason


HIGH = replace(GRANT, level=Level.HIGH, authenticated_at=NOW - timedelta(minutes=5))
STANDARD = replace(HIGH, level=Level.STANDARD)


@pytest.mark.parametrize(
    ("needs", "grant", "reason"),
    [
        pytest.param(Needs(), GRANT, None, id="nothing is needed"),
        pytest.param(Needs(audiences=(TOKEN.audience,)), GRANT, None, id="the audience fits"),
        pytest.param(Needs(audiences=("b",)), GRANT, reasons.TOKEN_OF_OTHER_AUDIENCE, id="another audience"),
        pytest.param(Needs(audiences=(TOKEN.audience, "b")), GRANT, reasons.TOKEN_OF_OTHER_AUDIENCE, id="one of two does not fit"),
        pytest.param(Needs(level=Level.HIGH), HIGH, None, id="sure enough"),
        pytest.param(Needs(level=Level.HIGH), STANDARD, level_reasons.LEVEL_TOO_LOW, id="not sure enough"),
        pytest.param(Needs(level=Level.STANDARD), STANDARD, None, id="somebody signed in"),
        pytest.param(Needs(level=Level.STANDARD), GRANT, level_reasons.LEVEL_TOO_LOW, id="nobody signed in"),
        pytest.param(Needs(level=Level.HIGH), replace(GRANT, level=Level.HIGH), level_reasons.LEVEL_TOO_LOW, id="nor there"),
        pytest.param(Needs(level=Level.STANDARD), None, level_reasons.LEVEL_TOO_LOW, id="no grant"),
        pytest.param(Needs(max_age=300), HIGH, None, id="lately enough, to the second"),
        pytest.param(Needs(max_age=299), HIGH, bearer_reasons.REAUTHENTICATION_NEEDED, id="too long ago"),
        pytest.param(Needs(max_age=10**9), GRANT, bearer_reasons.REAUTHENTICATION_NEEDED, id="never"),
        pytest.param(Needs(level=Level.HIGH, max_age=1), STANDARD, level_reasons.LEVEL_TOO_LOW, id="the level is told first"),
    ],
)
def test_std_SU_01_a_live_token_must_have_what_the_resource_server_needs(needs: Needs, grant: object, reason: Reason | None) -> None:
    facts = replace(FACTS, grant=grant)  # type: ignore[arg-type]
    assert resource.judged(YES, facts, TOKEN, needs).reason is reason


def test_a_no_stays_the_no_that_it_was() -> None:
    revoked = Finding(Gate.PROOF, State.REFUSED, "revoked", proof_reasons.TOKEN_REVOKED)
    no = replace(YES, findings=(revoked, *YES.findings[1:]))
    assert resource.judged(no, FACTS, TOKEN, Needs(audiences=("b",))).findings == no.findings
