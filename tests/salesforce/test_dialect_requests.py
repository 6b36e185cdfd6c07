"""What Salesforce's clients send along by habit, and how it is taken in their dialect and in the standard one."""

import os
from typing import Any

import httpx
import pytest
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import CALLBACK, Portal, make_portal
from tests.oauth.flows.visits import Asking, approve, chooser, enrol, sign_in
from tests.oauth.tenants import INTROSPECT, REVOKE, Client, Tenant

from gatebridge.monitoring import exposures
from gatebridge.rules.apps import Dialect
from gatebridge.rules.reasons import outage
from gatebridge.storage import tokens
from gatebridge.worker import Worker

SALESFORCE: dict[str, Any] = {"dialect": Dialect.SALESFORCE}
DIALECTS = pytest.mark.parametrize("dialect", list(Dialect), ids=str)
USERINFO = "/services/oauth2/userinfo"


@pytest.fixture
def sales(acme: Tenant) -> Portal:
    return make_portal(acme, "Sales", **SALESFORCE)


# --- At the token endpoint -------------------------------------------------------------------------------------------------

IN_USE = "token request is already being processed"


def portal(acme: Tenant, **said: Any) -> Portal:
    return make_portal(acme, **SALESFORCE | said)


def test_a_refresh_that_comes_back_a_moment_later_has_ended_nothing(acme: Tenant) -> None:
    """A client that refreshes in several places waits a little after `already being processed`, and goes on with what it has then."""
    app = portal(acme, rotate_refresh_tokens=True)
    app.policies(refresh_grace_seconds=0)
    first = app.signed_in()["refresh_token"]
    second = app.refresh(first).json()["refresh_token"]
    assert app.refresh(first).json()["error_description"] == IN_USE
    third = app.refresh(second)
    assert third.status_code == 200
    # By now the first one can be on nobody's way any more: the successor was used.
    assert acme.true_cause(app.refresh(first)) == "refresh_reused"
    assert acme.true_cause(app.refresh(third.json()["refresh_token"])) == "refresh_ended"


def test_the_same_in_the_standard_dialect_is_a_reuse(acme: Tenant) -> None:
    app = make_portal(acme, rotate_refresh_tokens=True)
    app.policies(refresh_grace_seconds=0)
    first = app.signed_in()["refresh_token"]
    assert app.refresh(first).status_code == 200
    assert acme.true_cause(app.refresh(first)) == "refresh_reused"


STRAY = {"code_verifier": "x" * 171, "display": "touch", "device_id": "7", "resource": "https://a.example", "login_hint": "ada"}


@DIALECTS
def test_std_G_07_what_comes_along_by_habit_is_nobodys_business(acme: Tenant, dialect: Dialect) -> None:
    app = make_portal(acme, dialect=dialect)
    assert app.refresh(app.signed_in()["refresh_token"], STRAY).status_code == 200
    assert acme.app("Robot", dialect=dialect).token(STRAY).status_code == 200


@pytest.mark.parametrize(("state", "echo"), [("s-42/ä+b", "s-42/ä+b"), ("", None), ("x" * 2_049, None), ("a\nb", None)])
def test_a_state_at_the_token_endpoint_comes_back_to_salesforces_clients(acme: Tenant, state: str, echo: str | None) -> None:
    assert acme.app("Theirs", **SALESFORCE).token(state=state).json().get("state") == echo
    assert "state" not in acme.app("Ours").token(state=state).json()


@pytest.mark.parametrize(
    ("dialect", "sent", "status"),
    [
        (Dialect.SALESFORCE, CALLBACK, 200),
        (Dialect.SALESFORCE, CALLBACK + "/", 400),
        (Dialect.SALESFORCE, "x\n", 400),
        (Dialect.STANDARD, CALLBACK + "/", 200),
    ],
)
def test_a_refresh_may_name_a_callback_url_of_the_app_and_no_other(acme: Tenant, dialect: Dialect, sent: str, status: int) -> None:
    app = make_portal(acme, dialect=dialect)
    answer = app.refresh(app.signed_in()["refresh_token"], redirect_uri=sent)
    assert answer.status_code == status
    if status == 400:
        assert (answer.json()["error"], acme.true_cause(answer)) == ("redirect_uri_mismatch", "callback_not_registered")


@pytest.mark.parametrize("name", ["client_id", "assertion"])
def test_who_names_no_app_of_this_org_is_answered_in_the_standard_dialect(acme: Tenant, name: str) -> None:
    asks = Job(acme, **SALESFORCE)
    answer = acme.app(**SALESFORCE).ask(client_id="3MVG9", client_secret="x") if name == "client_id" else asks.ask(asks.claims(iss="3MVG9"))
    assert (answer.status_code, answer.json()["error"]) == ((401, "invalid_client") if name == "client_id" else (400, "invalid_grant"))


def test_an_outage_stays_one_and_is_no_refusal() -> None:
    statuses = {reason.salesforce_status for reason in (outage.DATABASE_AWAY, outage.SERVER_BUSY, outage.SIGNING_KEY_MISSING)}
    assert statuses == {503}


# --- At the authorization endpoint -----------------------------------------------------------------------------------------


@pytest.fixture
def printer(acme: Tenant) -> Asking:
    return chooser(acme, **SALESFORCE)


def error_of(answer: dict[str, str]) -> tuple[str, str]:
    return answer["error"], answer["error_description"]


UNSUCCESSFUL = ("immediate_unsuccessful", "immediate request was not successful")


def test_immediate_shows_no_page_and_says_that_one_was_needed(acme: Tenant, printer: Asking) -> None:
    stranger = printer.browser()
    nobody = printer.arrived(stranger.open(printer.url(immediate="true")))
    assert (error_of(nobody), acme.last_cause()) == (UNSUCCESSFUL, "login_required")
    ben = enrol(acme, "ben")
    browser = printer.signed_in(ben)
    asked = printer.arrived(browser.open(printer.url(immediate="TRUE")))
    assert (error_of(asked), acme.last_cause()) == (UNSUCCESSFUL, "consent_required")
    approve(browser, browser.open(printer.url(immediate="false")))
    assert "code" in printer.arrived(browser.open(printer.url(immediate="true")))
    anew = printer.arrived(browser.open(printer.url(immediate="true", prompt="login")))
    assert (error_of(anew), acme.last_cause()) == (UNSUCCESSFUL, "login_too_old")
    assert error_of(printer.arrived(browser.open(printer.url(immediate="true", scope="bogus"))))[0] == "invalid_scope"


def test_a_request_by_post_is_still_immediate_when_the_browser_comes_back(acme: Tenant, printer: Asking) -> None:
    page = printer.browser().post("/services/oauth2/authorize", printer.parameters(immediate="true"))
    assert error_of(printer.arrived(page)) == UNSUCCESSFUL


def test_prompt_none_keeps_the_names_of_openid_connect(printer: Asking) -> None:
    assert printer.arrived(printer.browser().open(printer.url(prompt="none")))["error"] == "login_required"


def test_in_the_standard_dialect_immediate_means_nothing(acme: Tenant) -> None:
    app = chooser(acme)
    page = app.browser().open(app.url(immediate="true"))
    assert (page.status, page.went_to, "signin" in page.forms) == (200, None, True)


@pytest.mark.parametrize("prompt", ["login consent", "consent login", "login select_account consent"])
def test_prompts_come_together_with_whatever_else_clients_add(acme: Tenant, printer: Asking, prompt: str) -> None:
    ben = enrol(acme, "ben")
    browser = printer.signed_in(ben)
    approve(browser, browser.open(printer.url()))
    habits = {"display": "popup", "device_id": "7", "sso_provider": "Corporate", "code_challenge_method": None}
    asked = sign_in(browser, browser.open(printer.url(prompt=prompt, **habits)), ben)
    assert "code" in printer.arrived(approve(browser, asked))


# --- Revocation ------------------------------------------------------------------------------------------------------------


def gone(acme: Tenant) -> None:
    """Whatever has ended is cleared away, as the worker does it some time later."""
    acme.standing.clock.advance(days=400)
    with acme.standing.database.transaction() as tx:
        tx.connection.execute(tokens.access_tokens.delete().where(tokens.access_tokens.c.org_id == acme.org.id))


def revoke(app: Client, token: str, **said: str) -> httpx.Response:
    return app.post(REVOKE, {"token": token} | said)


def test_possession_ends_a_token_whose_record_is_gone_just_as_well(acme: Tenant, sales: Portal) -> None:
    token = sales.signed_in()["access_token"]
    gone(acme)
    answer = revoke(sales.app, token)
    assert (answer.status_code, answer.content, acme.true_cause(answer)) == (200, b"", "token_unknown")
    assert acme.receipt(answer).app_id == ""


@pytest.mark.parametrize("made_up", ["5Aep861", "{org}!AQ", "{org}!AQ" + "x" * 94, "gbr_" + "x" * 49])
def test_what_was_never_given_out_needs_a_client_as_ever(acme: Tenant, sales: Portal, made_up: str) -> None:
    assert revoke(sales.app, made_up.format(org=acme.org.id)).status_code == 401


def test_the_tokens_of_another_org_are_nobodys_here(acme: Tenant, rival: Tenant) -> None:
    token = rival.app("Theirs", **SALESFORCE).access_token()
    assert revoke(acme.app(**SALESFORCE), token).status_code == 401


def test_revocation_is_a_post_and_calls_no_script(acme: Tenant, sales: Portal) -> None:
    held = sales.signed_in()
    assert sales.app.door.get(f"{acme.org.issuer}{REVOKE}?token={held['access_token']}&callback=alert").status_code == 405
    answer = revoke(sales.app, held["refresh_token"], callback="alert", revoke_reason="logout", token_type_hint="access_token")
    assert (answer.status_code, answer.content) == (200, b"")
    assert not sales.live(held["access_token"])


# --- Who somebody is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["id", "userinfo"])
def test_compat_09_a_dead_token_is_403_and_the_word_on_which_clients_refresh(acme: Tenant, sales: Portal, path: str) -> None:
    """Also long after, when nothing of it is left but its shape."""
    held = sales.signed_in()
    address = held["id"] if path == "id" else acme.org.issuer + USERINFO
    bearer = {"Authorization": f"Bearer {held['access_token']}"}
    assert sales.app.door.get(address, headers=bearer).status_code == 200
    acme.standing.clock.advance(hours=3)
    heard = [sales.app.door.get(address, headers=bearer)]
    causes = [acme.true_cause(heard[0])]
    gone(acme)
    heard.append(sales.app.door.get(address, headers=bearer))
    causes.append(acme.true_cause(heard[1]))
    assert {(each.status_code, each.text, each.headers["content-type"]) for each in heard} == {
        (403, "Bad_OAuth_Token", "text/plain;charset=UTF-8")
    }
    assert causes == ["token_expired", "token_unknown"]


def exposed(acme: Tenant, app: Client) -> set[str]:
    """What the report says of the app, once the worker has counted."""
    acme.standing.clock.advance(minutes=10)
    Worker(acme.standing.database, {}, random=os.urandom).run_once()
    with acme.standing.database.snapshot() as tx:
        found = exposures.of_app(tx, acme.org, app.id)
    assert found is not None
    return {each.code for each in found.exposures}


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_a_token_in_an_address_is_taken_in_two_places_and_exposes_the_app(acme: Tenant, sales: Portal, name: str) -> None:
    held = sales.signed_in()
    query = f"?{name}={held['access_token']}"
    header = {"Authorization": f"Bearer {held['access_token']}"}
    assert sales.app.door.get(held["id"], headers=header).status_code == 200
    assert "token_in_address" not in exposed(acme, sales.app)
    for address in (held["id"], acme.org.issuer + USERINFO):
        assert sales.app.door.get(address + query).status_code == 200
    assert acme.history()[-1].receipt["request"] == {"token_sent_in": "query"}
    for path in ("/api/v1/me", "/authz"):
        assert sales.app.door.get(acme.org.issuer + path + query).status_code in (400, 401)
    refused = sales.app.post(INTROSPECT + query, sales.guard.credentials | {"token": "x"})
    assert (refused.status_code, acme.true_cause(refused)) == (400, "parameter_in_address")
    assert "token_in_address" in exposed(acme, sales.app)
    assert "token_in_address" not in exposed(acme, sales.guard)
    acme.standing.clock.advance(days=31)
    assert "token_in_address" not in exposed(acme, sales.app)
    assert held["access_token"] not in str([tuple(line) for line in acme.history()])


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_a_token_in_a_form_that_is_posted_is_in_nobodys_log(acme: Tenant, sales: Portal, name: str) -> None:
    held = sales.signed_in()
    for address in (held["id"], acme.org.issuer + USERINFO):
        assert sales.app.door.post(address, {name: held["access_token"]}).status_code == 200
    assert acme.history()[-1].event == "token"
    ours = make_portal(acme, "Ours").signed_in()
    answer = sales.app.door.post(acme.org.issuer + USERINFO, {name: ours["access_token"]})
    assert answer.status_code == (200 if name == "access_token" else 401)
