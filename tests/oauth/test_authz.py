"""Forward authentication: what a reverse proxy hears about the token of a request that it is about to pass on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network

import httpx
import pytest
from tests.oauth.door import OFFICE, Door, Loop, basic
from tests.oauth.flows.places import ELSEWHERE, THE_OFFICE, client_credentials
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.houses import Standing
from tests.oauth.requests import request_of
from tests.oauth.tenants import Client, Tenant, compared
from tests.oauth.test_statements import counted

from gatebridge.monitoring import explain
from gatebridge.oauth import authz
from gatebridge.oauth.authz import HEADERS, Asked
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level
from gatebridge.rules.resource import Needs
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.rotate_secret import RetireSecret, retire_secret
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import credentials
from gatebridge.web.app import make_app

PROXY = "10.0.0.7"
ORDERS = "https://orders.example"


@dataclass(frozen=True)
class AtProxy:
    """A reverse proxy that stands for the app of an API, and asks for every request that it gets."""

    app: Client
    door: Door

    @property
    def own(self) -> dict[str, str]:
        return {"X-Gatebridge-Proxy-Authorization": basic(self.app.consumer_key, self.app.secret)["Authorization"]}

    def ask(
        self,
        token: str | None,
        query: str = "",
        /,
        *,
        own: Mapping[str, str] | None = None,
        path: str = "/authz",
        method: str = "GET",
        **headers: str,
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | dict(self.own if own is None else own)
        if token is not None:
            sent = {"Authorization": f"Bearer {token}"} | sent
        address = self.app.issuer + path + (f"?{query}" if query else "")
        return self.door.send(method, address, headers=sent, address=PROXY)


@pytest.fixture
def proxy(acme: Tenant) -> AtProxy:
    return AtProxy(acme.app("Orders API", flows=frozenset(), introspect_all_tokens=True, open_for_use=False), acme.door)


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


def challenge(answer: httpx.Response) -> str:
    return answer.headers["www-authenticate"]


# --- Who it is -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_a_live_token_passes_and_its_holder_is_named_in_headers(
    acme: Tenant, proxy: AtProxy, format: TokenFormat, dialect: Dialect
) -> None:
    app = acme.app("Job", access_token_format=format, dialect=dialect)
    issued = app.token()
    answer = proxy.ask(issued.json()["access_token"], "scope=api")
    assert (answer.status_code, answer.content) == (200, b"")
    assert {name: answer.headers[name] for name in HEADERS} == {
        "X-Gatebridge-User": acme.runner.username,
        "X-Gatebridge-User-Id": long(acme.runner.id),
        "X-Gatebridge-Client": app.consumer_key,
        "X-Gatebridge-Scope": "api id",
        "X-Gatebridge-Level": "none",
        "X-Gatebridge-Audience": acme.org.issuer,
        "X-Gatebridge-Token-Id": issued.headers["x-gatebridge-receipt"],
        "X-Gatebridge-Expires": str(int(acme.standing.clock.now.timestamp()) + issued.json()["expires_in"]),
    }
    assert answer.headers["cache-control"] == "no-store"


def test_nobody_is_named_where_the_answer_is_no(proxy: AtProxy, app: Client) -> None:
    for answer in (proxy.ask(None), proxy.ask("gba_x"), proxy.ask(app.access_token(), "scope=full"), proxy.ask(app.access_token(), own={})):
        assert answer.status_code >= 400
        assert not [name for name in HEADERS if name in answer.headers]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"])
def test_any_method_is_answered_alike(proxy: AtProxy, app: Client, method: str) -> None:
    assert proxy.ask(app.access_token(), method=method).status_code == 200
    assert proxy.ask("gba_x", method=method).status_code == 401


# --- How it is refused ---------------------------------------------------------------------------------------------------


def test_std_BR_01_a_request_without_a_token_is_challenged_and_told_no_error(acme: Tenant, proxy: AtProxy) -> None:
    answer = proxy.ask(None)
    assert (answer.status_code, challenge(answer)) == (401, f'Bearer realm="{acme.org.host}"')
    assert acme.true_cause(answer) == "bearer_missing"


def test_std_BR_02_a_dead_token_is_401_and_why_is_in_the_receipt_alone(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    app.revoke(token)
    answer = proxy.ask(token)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_token", "token_revoked")
    assert 'error="invalid_token"' in challenge(answer)
    line = acme.receipt(answer)
    assert (line.event, line.app_id, '"asked_by": "Orders_API"' in str(line.receipt).replace("'", '"')) == ("authz", app.id, True)


def test_std_BR_02_a_lacking_scope_is_403_and_named(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    answer = proxy.ask(app.access_token(), "scope=api+openid+web")
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (403, "insufficient_scope", "scope_insufficient")
    assert 'scope="web api openid"' in challenge(answer)


def test_a_scope_that_another_one_implies_is_held(acme: Tenant, proxy: AtProxy) -> None:
    wide = acme.app("Wide", scopes=("api", "id"))
    assert proxy.ask(wide.access_token(), "scope=chatter_api+email").status_code == 200


SPELLINGS = ["Bearer", "Bearer ", "Bearer  x", "Bearer x y", "bearer\tx", "Basic eDp5", "Bearer x,y", "OAuth x", "x"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_X_TK_14_std_BR_02_a_header_that_is_not_one_bearer_token_is_400(proxy: AtProxy, spelling: str) -> None:
    answer = proxy.ask(None, Authorization=spelling)
    assert (answer.status_code, answer.json()["error"]) in [(400, "invalid_request"), (401, "invalid_token")]
    assert answer.status_code == 400 or spelling == "OAuth x", "OAuth is a scheme of Salesforce's apps, whose token this could have been"


def test_two_authorization_headers_are_refused(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    twice = [("Authorization", f"Bearer {token}")] * 2 + list(proxy.own.items())
    answer = acme.door.send("GET", acme.org.issuer + "/authz", headers=twice)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "bearer_two_ways")


# --- Who may ask ---------------------------------------------------------------------------------------------------------


def test_std_IN_01_nobody_hears_anything_about_a_token_without_proving_for_which_api_it_asks(acme: Tenant, app: Client) -> None:
    nobody, token = AtProxy(app, acme.door), app.access_token()
    wrong = {"X-Gatebridge-Proxy-Authorization": basic(app.consumer_key, "gbs_wrong")["Authorization"]}
    for own, cause in (({}, "client_missing"), (wrong, "secret_mistyped"), ({"X-Gatebridge-Proxy-Authorization": f"Bearer {token}"}, None)):
        good, bad = nobody.ask(token, own=own), nobody.ask("gba_x", own=own)
        assert good.status_code == bad.status_code == 400
        assert good.json()["error_description"] == bad.json()["error_description"]
        assert good.json()["error_uri"].startswith(f"{acme.org.issuer}/help/reasons/proxy_not_proven")
        assert "www-authenticate" not in good.headers, "a client must not take it for a word about its own token"
        assert cause in (None, acme.true_cause(good))


def test_the_proxys_credentials_count_in_one_header_only_and_once(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    assert proxy.ask(token, own={"Proxy-Authorization": proxy.own["X-Gatebridge-Proxy-Authorization"]}).status_code == 400
    twice = [*proxy.own.items(), *proxy.own.items(), ("Authorization", f"Bearer {token}")]
    answer = acme.door.send("GET", acme.org.issuer + "/authz", headers=twice)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "parameter_repeated")


def test_a_blocked_or_rotated_proxy_lets_nobody_through(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    with acme.standing.database.transaction() as tx:
        (stored,) = credentials.secrets_of(tx, acme.org.id, proxy.app.id)
        retire_secret(tx, acme.admin, RetireSecret(proxy.app.id, stored.id))
    assert (proxy.ask(token).status_code, acme.last_cause()) == (400, "secret_retired")
    other = AtProxy(acme.app("Other API", introspect_all_tokens=True), acme.door)
    assert other.ask(token).status_code == 200
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(other.app.id, "It leaks."))
    assert (other.ask(token).status_code, acme.last_cause()) == (400, "app_blocked")


def test_X_MX_06_std_IN_04_a_proxy_lets_through_what_is_meant_for_its_api_and_nothing_else(acme: Tenant) -> None:
    orders = AtProxy(acme.app("Orders", flows=frozenset(), audience=ORDERS, open_for_use=False), acme.door)
    for_orders, for_others = acme.app("Caller", audience=ORDERS), acme.app("Other", audience="https://billing.example")
    assert orders.ask(for_orders.access_token()).status_code == 200
    answer = orders.ask(for_others.access_token())
    assert (answer.status_code, acme.true_cause(answer)) == (401, "token_of_other_app")
    beside = AtProxy(acme.app("Another caller", audience=ORDERS), acme.door)
    answer = beside.ask(for_orders.access_token())
    assert (answer.status_code, acme.true_cause(answer)) == (401, "token_of_other_app"), "who calls the API is not the API"


def test_the_audience_can_be_asked_for(acme: Tenant, proxy: AtProxy) -> None:
    token = acme.app("Caller", audience=ORDERS).access_token()
    assert proxy.ask(token, "aud=https://orders.example").status_code == 200
    for query in ("aud=https://billing.example", "aud=https://orders.example&aud=https://billing.example"):
        answer = proxy.ask(token, query)
        assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_token", "token_of_other_audience")


def test_a_token_of_another_org_is_unknown_here(acme: Tenant, rival: Tenant, proxy: AtProxy) -> None:
    answer = proxy.ask(rival.app().access_token())
    assert (answer.status_code, acme.true_cause(answer)) == (401, "token_unknown")


def test_X_MX_05_a_refresh_token_is_no_access_token(acme: Tenant, proxy: AtProxy) -> None:
    answer = proxy.ask(make_portal(acme).signed_in()["refresh_token"])
    assert (answer.status_code, acme.true_cause(answer)) == (401, "token_unknown")


# --- What is needed ------------------------------------------------------------------------------------------------------


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme)


def test_std_SU_01_a_sign_in_that_is_not_sure_enough_is_told_what_would_be(acme: Tenant, proxy: AtProxy, portal: Portal) -> None:
    sure = portal.signed_in(level=Level.HIGH, methods=("pwd", "otp"))["access_token"]
    unsure = portal.signed_in()["access_token"]
    assert proxy.ask(sure, "level=high").headers["X-Gatebridge-Level"] == "high"
    assert proxy.ask(unsure, "level=standard").headers["X-Gatebridge-Level"] == "standard"
    answer = proxy.ask(unsure, "level=high")
    assert (answer.status_code, acme.true_cause(answer)) == (401, "level_too_low")
    assert 'error="insufficient_user_authentication"' in challenge(answer)
    assert 'acr_values="urn:gatebridge:level:high"' in challenge(answer)


def test_std_SU_01_a_job_for_which_nobody_signs_in_reaches_no_level(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    answer = proxy.ask(app.access_token(), "level=standard")
    assert (answer.status_code, 'acr_values="urn:gatebridge:level:standard"' in challenge(answer)) == (401, True)


def test_std_SU_01_a_sign_in_that_is_too_old_is_told_how_new_it_must_be(acme: Tenant, proxy: AtProxy, portal: Portal) -> None:
    token = portal.signed_in()["access_token"]
    assert proxy.ask(token, "max_age=60").status_code == 200
    acme.standing.clock.advance(seconds=61)
    answer = proxy.ask(token, "max_age=60")
    assert (answer.status_code, acme.true_cause(answer)) == (401, "reauthentication_needed")
    assert challenge(answer).endswith('max_age="60"')
    assert "acr_values" not in challenge(answer)


def test_the_client_can_add_a_need_and_take_none_away(proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    assert proxy.ask(token, "scope=api", X_Gatebridge_Need_Scope="id").status_code == 200
    assert proxy.ask(token, "scope=web", X_Gatebridge_Need_Scope="id").status_code == 403
    assert proxy.ask(token, "scope=api", X_Gatebridge_Need_Scope="web").status_code == 403
    assert proxy.ask(token, "scope=web&scope=id").status_code == 403
    assert proxy.ask(token, "level=high&level=standard").status_code == 401
    assert proxy.ask(token, X_Gatebridge_Need_Aud="https://other.example").status_code == 401


@pytest.mark.parametrize(
    "query", ["scope=", "scope=a%22b", "level=", "level=low", "max_age=x", "aud=", "scope=%ff", "&".join(["x=1"] * 65)]
)
def test_a_need_that_cannot_be_read_lets_nobody_through(acme: Tenant, proxy: AtProxy, app: Client, query: str) -> None:
    answer = proxy.ask(app.access_token(), query)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "parameter_malformed")


def test_behind_a_path_that_is_the_clients_the_query_is_the_clients_too_and_needs_come_in_headers(proxy: AtProxy, app: Client) -> None:
    """As Envoy asks: its own prefix, and behind it the path and the query of the request that it holds."""
    token = app.access_token()
    for path in ("/authz/path/", "/authz/path/orders/1", "/authz/path/..%2f..%2fx", "/authz/path//a/authz"):
        assert proxy.ask(token, "scope=web&level=high&max_age=x", path=path, method="POST").status_code == 200
        assert proxy.ask(token, "scope=api", path=path, X_Gatebridge_Need_Scope="web").status_code == 403


def test_only_the_two_forms_are_there(proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    assert [proxy.ask(token, path=path).status_code for path in ("/authz/", "/authz/orders", "/authz/path")] == [404, 404, 404]


# --- From where ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def behind(acme: Tenant, proxy: AtProxy, house: Standing, loop: Loop) -> AtProxy:
    """The same proxy, where the operator has named it as one that is trusted."""
    trusting = replace(house.house, trusted_proxies=(ip_network(f"{PROXY}/32"),))
    return replace(proxy, door=Door(make_app(trusting), loop))


def test_X_IP_04_ranges_on_every_request_are_held_against_the_clients_address(acme: Tenant, proxy: AtProxy, behind: AtProxy) -> None:
    app = client_credentials(acme)
    app.profile(login_ranges=THE_OFFICE)
    token = app.token()
    assert behind.ask(token, X_Forwarded_For=ELSEWHERE).status_code == 200, "the org does not ask"
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(ranges_on_every_request=True, confirmed=True))
    assert behind.ask(token, X_Forwarded_For=OFFICE).status_code == 200
    outside = behind.ask(token, X_Forwarded_For=ELSEWHERE)
    assert (outside.status_code, outside.json()["error"], acme.true_cause(outside)) == (401, "invalid_token", "address_outside_ranges")
    assert compared(acme.receipt(outside))["client_address"]["sent"] == ELSEWHERE
    forged = behind.ask(token, X_Forwarded_For=f"{OFFICE}, {ELSEWHERE}")
    assert (forged.status_code, acme.true_cause(forged)) == (401, "address_outside_ranges")


@pytest.mark.parametrize("told", [None, "unknown", "", "192.0.2.010", 'for="192.0.2.10"'])
def test_X_IP_01_X_IP_02_a_use_from_nowhere_is_refused(acme: Tenant, proxy: AtProxy, behind: AtProxy, told: str | None) -> None:
    app = client_credentials(acme)
    app.profile(login_ranges=THE_OFFICE)
    app.org(ranges_on_every_request=True)
    answer = behind.ask(app.token(), X_Forwarded_For=told) if told is not None else behind.ask(app.token())
    assert (answer.status_code, acme.true_cause(answer)) == (401, "address_unknown")
    # Whoever is not named as a trusted proxy tells nothing about anybody's address.
    untrusted = proxy.ask(app.token(), X_Forwarded_For=OFFICE)
    assert (untrusted.status_code, acme.true_cause(untrusted)) == (401, "address_unknown")


def test_a_refusal_can_be_explained_from_its_receipt(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    token = app.access_token()
    with acme.standing.database.transaction() as tx:
        freeze_user(tx, acme.admin, FreezeUser(acme.runner.id, "Holiday."))
    cause = acme.true_cause(proxy.ask(token))
    with acme.standing.database.snapshot() as tx:
        now = explain.from_receipt(tx, acme.admin, acme.history()[-1].id).now
    assert now is not None
    assert now.reason is not None
    assert (now.reason.code, cause) == ("run_as_frozen", "run_as_frozen")


# --- What it costs -------------------------------------------------------------------------------------------------------


def test_a_request_that_passes_costs_what_an_introspection_costs_and_writes_nothing(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    asked = Asked((f"Bearer {app.access_token()}",), Needs(), None)
    request = replace(request_of(acme, {}), authorization=proxy.own["X-Gatebridge-Proxy-Authorization"])
    with acme.standing.database.reading() as tx, counted(acme) as seen:
        from gatebridge.storage.facts import FactsReader

        outcome = authz.decide(FactsReader(tx), request, asked)
    assert (outcome.answer.status, outcome.writes) == (200, False)
    # org; the proxy's app, its secrets and certificates; the token; its app, permits, user with profile, permission sets, grant.
    assert len(seen) == 11
    assert all(statement.startswith("SELECT") for statement in seen)


def test_the_use_of_a_needed_scope_is_recorded_once_a_minute(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    from gatebridge.storage import exercised_scopes

    issued = app.token()
    for _ in range(3):
        assert proxy.ask(issued.json()["access_token"], "scope=api").status_code == 200
    grant_id = acme.receipt(issued).grant_id
    with acme.standing.database.snapshot() as tx:
        used = exercised_scopes.of_grants(tx, acme.org.id, [grant_id])
    assert [each.scope for each in used[grant_id]] == ["api"]
