"""The device flow as a device sees it (RFC 8628): it asks for two codes, waits, and gets what its user has approved, once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tests.oauth.door import basic
from tests.oauth.flows.devices import AGENT, DEVICE, FAR, FLOWS, HERE, Panel, allow, decide, make_panel, member, type_code
from tests.oauth.flows.portal import make_portal
from tests.oauth.tenants import TOKEN, Tenant, compared

from gatebridge.crypto import signing
from gatebridge.oauth.flows.device import GRANT_TYPE
from gatebridge.rules import device_codes as rules
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.my_account import EndMySession, end_my_session, my_sessions
from gatebridge.setup.revoke import RevokeApp, RevokeUser, revoke_app, revoke_user
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import device_codes
from gatebridge.storage.grants import grants
from gatebridge.storage.tx import Tx

WHY = "It is a drill."
DISCOVERY = "/.well-known/oauth-authorization-server"


@pytest.fixture
def ada(acme: Tenant) -> User:
    return member(acme)


@pytest.fixture
def panel(acme: Tenant) -> Panel:
    return make_panel(acme)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# --- Asking for the codes ------------------------------------------------------------------------------------------------------


def test_std_DV_01_a_device_gets_a_pair_of_codes_and_the_address_where_one_of_them_is_typed(acme: Tenant, panel: Panel) -> None:
    answer = panel.ask(scope="api openid")
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert "access-control-allow-origin" not in answer.headers
    assert set(body) == {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"}
    assert body["device_code"].startswith("gbd_")
    assert rules.shown(rules.typed(body["user_code"]) or "") == body["user_code"]
    assert body["verification_uri"] == f"{acme.org.issuer}/connect"
    assert body["verification_uri_complete"] == f"{acme.org.issuer}/connect?user_code={body['user_code']}"
    assert (body["expires_in"], body["interval"]) == (600, 5)


def test_the_line_of_the_beginning_names_the_app_and_nobody_and_neither_code(acme: Tenant, panel: Panel) -> None:
    answer = panel.ask(scope="api")
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.flow, line.app_id) == ("device_started", "success", "device", panel.app.id)
    assert (line.user_id, line.grant_id, line.scopes_given, line.user_agent) == (None, None, "api", AGENT)
    kept = str(tuple(line))
    assert not any(code in kept for code in (answer.json()["device_code"], answer.json()["user_code"]))


def test_a_device_that_can_show_a_number_gets_one(panel: Panel) -> None:
    assert panel.begin(match_number="true")["match_number"].isdigit()
    assert "match_number" not in panel.begin(match_number="false")


@pytest.mark.parametrize(
    ("method", "body", "status", "error"),
    [
        ("GET", b"", 405, "invalid_request"),
        ("POST", b'{"client_id": "x"}', 400, "invalid_request"),
        ("POST", b"client_id=a&client_id=b", 400, "invalid_request"),
        ("POST", b"", 401, "invalid_client"),
        ("POST", b"client_id=nobody", 401, "invalid_client"),
    ],
)
def test_std_DV_06_what_is_no_request_of_a_known_client_is_answered_as_at_the_token_endpoint(
    acme: Tenant, method: str, body: bytes, status: int, error: str
) -> None:
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    answer = acme.door.send(method, acme.org.issuer + DEVICE, body=body, headers={"Content-Type": kind})
    assert error_of(answer) == (status, error)
    assert answer.headers["content-type"].startswith("application/json")


def test_std_DV_06_X_DV_07_everything_that_needs_no_user_is_refused_at_the_start(acme: Tenant, panel: Panel) -> None:
    other = make_portal(acme)
    assert error_of(panel.ask(scope="api web")) == (400, "invalid_scope")
    assert error_of(panel.ask(scope="no_such_scope")) == (400, "invalid_scope")
    assert error_of(other.app.post(DEVICE, other.credentials)) == (400, "unauthorized_client")
    with acme.standing.database.transaction() as tx:
        uninstall_app(tx, acme.admin, UninstallApp(panel.app.id, WHY))
    answer = panel.ask()
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "unauthorized_client"), "app_not_installed")


def test_X_DV_01_the_flow_is_off_until_the_org_and_the_app_want_it(acme: Tenant, panel: Panel) -> None:
    allow(acme, on=False)
    assert (error_of(panel.ask()), acme.last_cause()) == ((400, "unauthorized_client"), "flow_off_in_org")
    allow(acme)
    panel.portal.settings(flows=frozenset())
    assert (error_of(panel.ask()), acme.last_cause()) == ((400, "unauthorized_client"), "flow_not_enabled")


def test_std_MD_05_the_endpoint_is_announced_where_it_is_on(acme: Tenant) -> None:
    def said() -> dict[str, Any]:
        found: dict[str, Any] = acme.door.get(acme.org.issuer + DISCOVERY).json()
        return found

    assert ("device_authorization_endpoint" in said(), GRANT_TYPE in said()["grant_types_supported"]) == (False, False)
    allow(acme)
    assert said()["device_authorization_endpoint"] == acme.org.issuer + DEVICE
    assert GRANT_TYPE in said()["grant_types_supported"]
    assert "device" not in said()["grant_types_supported"]


def test_X_DV_06_a_confidential_app_proves_itself_at_both_endpoints(acme: Tenant, ada: User) -> None:
    panel = make_panel(acme, "Kiosk", auth_methods=frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST}))
    named = {"client_id": panel.app.consumer_key}
    assert error_of(panel.app.post(DEVICE, named)) == (401, "invalid_client")
    assert error_of(panel.app.post(DEVICE, headers=basic(panel.app.consumer_key, "wrong"))) == (401, "invalid_client")
    assert panel.app.post(DEVICE, headers=basic(panel.app.consumer_key, panel.app.secret)).status_code == 200
    code = panel.approved(ada)
    nameless = panel.app.post(TOKEN, named | {"grant_type": GRANT_TYPE, "device_code": code})
    assert error_of(nameless) == (401, "invalid_client")
    assert panel.said(code) == "yes"


def test_X_DV_03_so_many_devices_may_wait_in_one_network_and_no_more(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_WAITING_IN_NETWORK", 2)
    waiting = [panel.begin() for _ in range(2)]
    answer = panel.ask()
    assert (error_of(answer), answer.headers["retry-after"]) == ((429, "temporarily_unavailable"), "1")
    assert replace(panel, address=HERE).ask().status_code == 200
    panel.acme.standing.clock.advance(minutes=10)
    assert panel.ask().status_code == 200
    assert panel.said(waiting[0]["device_code"]) == "expired_token"


# --- Waiting -------------------------------------------------------------------------------------------------------------------


def test_std_DV_02_X_DV_08_a_device_that_asks_too_soon_waits_longer_for_good(acme: Tenant, panel: Panel) -> None:
    code, clock = panel.begin()["device_code"], acme.standing.clock
    heard = [panel.said(code)]
    for seconds in (5, 2, 5, 15, 10):
        clock.advance(seconds=seconds)
        heard.append(panel.said(code))
    pending, slower = "authorization_pending", "slow_down"
    # Twice too soon: every 15 seconds from then on.
    assert heard == [pending, pending, slower, slower, pending, slower]


def test_waiting_leaves_no_line_in_the_history_and_no_receipt(acme: Tenant, panel: Panel) -> None:
    code = panel.begin()["device_code"]
    lines = len(acme.history())
    answers = [panel.poll(code) for _ in range(3)]
    assert Counter(answer.json()["error"] for answer in answers) == {"authorization_pending": 1, "slow_down": 2}
    assert len(acme.history()) == lines
    assert not any("x-gatebridge-receipt" in answer.headers for answer in answers)
    assert answers[0].json()["error_uri"] == f"{acme.org.issuer}/help/reasons/device_pending"


def test_std_DV_02_a_code_that_ran_out_is_told_so_also_when_it_was_approved(acme: Tenant, panel: Panel, ada: User) -> None:
    codes = panel.begin()["device_code"], panel.approved(ada)
    acme.standing.clock.advance(minutes=10)
    assert [panel.said(code) for code in codes] == ["expired_token"] * 2


def test_std_DV_02_std_G_13_X_DV_08_a_code_that_is_unknown_or_another_apps_is_one_answer(acme: Tenant, panel: Panel, ada: User) -> None:
    code, other = panel.approved(ada), make_panel(acme, "Other Panel")
    foreign = other.poll(code)
    unknown, invented = panel.poll("gbd_nothing"), panel.poll(code[:-1] + ("x" if code[-1] != "x" else "y"))
    assert {(*error_of(answer), answer.json()["error_description"]) for answer in (foreign, unknown, invented)} == {
        (400, "invalid_grant", "The device code is not valid here or not valid any more.")
    }
    assert acme.true_cause(foreign) == "device_code_of_other_app"
    assert acme.true_cause(unknown) == acme.true_cause(invented) == "device_code_unknown"
    assert panel.said(code) == "yes"


def test_a_request_without_the_device_code_is_told_which_parameter_is_missing(panel: Panel) -> None:
    answer = panel.poll("")
    assert error_of(answer) == (400, "invalid_request")
    assert answer.json()["error_description"].endswith("(device_code)")


# --- The answer ----------------------------------------------------------------------------------------------------------------


def test_what_the_user_approved_buys_tokens_that_live_and_a_grant_that_names_the_flow(acme: Tenant, panel: Panel, ada: User) -> None:
    begun = panel.begin(match_number="true")
    browser = panel.browser(ada)
    page = decide(browser, type_code(browser, begun["user_code"]), number=begun["match_number"])
    assert 'data-said="approved"' in page.text
    answer = panel.poll(begun["device_code"])
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 7200, "refresh_token api openid id")
    assert panel.portal.live(body["access_token"])
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.flow, line.user_id) == ("token", "success", "device", ada.id)
    with acme.standing.database.snapshot() as tx:
        grant = tx.connection.execute(grants.select().where(grants.c.id == line.grant_id)).one()
    assert (grant.flow, grant.user_id, grant.address, grant.methods, grant.nonce) == ("device", ada.id, FAR, "pwd", None)
    refreshed = panel.app.ask(panel.portal.credentials, grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert refreshed.status_code == 200, refreshed.text
    approved = next(line for line in acme.history() if line.event == "device_approved")
    assert (approved.outcome, approved.user_id, approved.app_id, approved.address) == ("success", ada.id, panel.app.id, HERE)


def test_std_ID_01_the_id_token_tells_who_approved_it_and_has_no_nonce(acme: Tenant, panel: Panel, ada: User) -> None:
    claims = signing.peek(panel.poll(panel.approved(ada), nonce="n-1").json()["id_token"]).claims
    assert (claims["iss"], claims["aud"], claims["amr"]) == (acme.org.issuer, panel.app.consumer_key, ["pwd"])
    assert {"sub", "auth_time", "at_hash", "acr", "sid", "exp", "iat"} <= set(claims)
    assert "nonce" not in claims


def test_without_openid_there_is_no_id_token_and_without_refresh_token_no_refresh_token(acme: Tenant, ada: User) -> None:
    panel = make_panel(acme, "Small Panel", scopes=("api",), flows=frozenset({Flow.DEVICE}))
    body = panel.poll(panel.approved(ada)).json()
    assert body["scope"] == "api"
    assert not {"id_token", "refresh_token", "refresh_token_timeout"} & set(body)


def test_std_DV_05_X_DV_04_of_many_at_once_exactly_one_gets_the_tokens(panel: Panel, ada: User) -> None:
    code = panel.approved(ada)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: panel.poll(code), range(12)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 11}
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    # Losing is no theft: what the winner got lives on.
    assert panel.portal.live(won["access_token"])
    assert panel.said(code) == "invalid_grant"
    assert panel.portal.live(won["access_token"])


def _end_sessions(acme: Tenant, user: User) -> Callable[[Tx], None]:
    def end(tx: Tx) -> None:
        actor = replace(acme.admin, user_id=user.id, name=user.username)
        for session in my_sessions(tx, actor):
            end_my_session(tx, actor, EndMySession(session.id))

    return end


def test_std_DV_06_X_DV_05_what_is_closed_after_the_approval_is_closed_for_the_device(acme: Tenant, panel: Panel, ada: User) -> None:
    def closed(close: Callable[[Tx], object], again: User = ada) -> tuple[str, str | None]:
        code = panel.approved(again)
        with acme.standing.database.transaction() as tx:
            close(tx)
        answer = panel.poll(code)
        return answer.json()["error"], acme.true_cause(answer)

    admin, app_id, bob, eve = acme.admin, panel.app.id, member(acme, "bob"), member(acme, "eve")
    assert closed(_end_sessions(acme, ada)) == ("invalid_grant", "device_code_ended")
    assert closed(lambda tx: revoke_user(tx, admin, RevokeUser(ada.id, WHY))) == ("invalid_grant", "device_code_ended")
    assert closed(lambda tx: revoke_app(tx, admin, RevokeApp(app_id, WHY))) == ("invalid_grant", "device_code_ended")
    assert closed(lambda tx: freeze_user(tx, admin, FreezeUser(ada.id, WHY))) == ("invalid_grant", "user_frozen")
    high = EditPolicies(app_id, required_level=Level.HIGH, confirmed=True)
    assert closed(lambda tx: edit_policies(tx, admin, high), bob) == ("invalid_grant", "level_too_low")
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, admin, EditPolicies(app_id, required_level=Level.STANDARD))
    assert closed(lambda tx: block_app(tx, admin, BlockApp(app_id, WHY)), eve) == ("invalid_client", "app_blocked")


def test_switching_the_flow_off_ends_what_it_had_given_out(acme: Tenant, panel: Panel, ada: User) -> None:
    token, waiting = panel.poll(panel.approved(ada)).json()["access_token"], panel.approved(ada)
    allow(acme, on=False)
    assert not panel.portal.live(token)
    assert panel.said(waiting) == "unauthorized_client"


def test_the_receipt_of_a_refusal_says_what_decided(acme: Tenant, panel: Panel) -> None:
    code = panel.begin()["device_code"]
    acme.standing.clock.advance(minutes=11)
    line = acme.receipt(panel.poll(code))
    assert (line.reason, line.user_id) == ("device_expired", None)
    shown = compared(line)["expires_at"]
    assert (shown["sent"] or "") > (shown["registered"] or "")


def test_codes_are_forgotten_an_hour_after_their_end(acme: Tenant, panel: Panel) -> None:
    code, clock = panel.begin()["device_code"], acme.standing.clock
    clock.advance(minutes=10, seconds=30)
    with acme.standing.database.transaction() as tx:
        assert device_codes.purge(tx, acme.org.id, tx.now.replace(microsecond=0), 10) == 1
    answer = panel.poll(code)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "device_code_unknown")


# --- Salesforce's dialect ------------------------------------------------------------------------------------------------------


@pytest.fixture
def handheld(acme: Tenant) -> Panel:
    return make_panel(acme, "Handheld", dialect=Dialect.SALESFORCE)


def test_salesforces_clients_ask_at_the_token_endpoint_and_read_their_own_shape(acme: Tenant, handheld: Panel) -> None:
    said = {"response_type": "device_code", "client_id": handheld.app.consumer_key, "redirect_uri": "https://x.example/", "format": "json"}
    answer = handheld.app.post(TOKEN, said)
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert set(body) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert body["user_code"].isalpha()
    assert body["user_code"].isupper()
    assert len(body["user_code"]) == 8
    assert body["verification_uri"] == f"{acme.org.issuer}/setup/connect"
    assert acme.receipt(answer).event == "device_started"


def test_salesforces_clients_wait_by_their_own_names_and_by_those_of_the_rfc(acme: Tenant, handheld: Panel, ada: User) -> None:
    waiting = handheld.begin()["device_code"]
    theirs = {"grant_type": "device", "client_id": handheld.app.consumer_key, "code": waiting, "code_verifier": "sent by habit"}
    assert error_of(handheld.app.post(TOKEN, theirs)) == (400, "authorization_pending")
    answer = handheld.app.post(TOKEN, theirs | {"code": handheld.approved(ada)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"].startswith("gbr_")
    assert handheld.said(handheld.approved(ada)) == "yes"
    acme.standing.clock.advance(minutes=10)
    assert (error_of(handheld.app.post(TOKEN, theirs)), acme.last_cause()) == ((400, "invalid_grant"), "device_expired")


def test_in_the_standard_dialect_these_names_mean_nothing(acme: Tenant, panel: Panel) -> None:
    named = {"client_id": panel.app.consumer_key}
    assert error_of(panel.app.post(TOKEN, named | {"response_type": "device_code"})) == (400, "invalid_request")
    code = panel.begin()["device_code"]
    assert error_of(panel.app.post(TOKEN, named | {"grant_type": "device", "device_code": code})) == (400, "unsupported_grant_type")
    assert error_of(panel.app.post(TOKEN, named | {"grant_type": GRANT_TYPE, "code": code})) == (400, "invalid_request")


def test_the_codes_of_another_org_are_unknown_here(acme: Tenant, rival: Tenant, panel: Panel, ada: User) -> None:
    code = panel.approved(ada)
    elsewhere = make_panel(rival, flows=FLOWS)
    assert elsewhere.said(code) == "invalid_grant"
    assert panel.said(code) == "yes"
