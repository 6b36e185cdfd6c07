"""What OpenID Connect lets an app say in its request: single claims, how surely the user must have signed in, of whom it wants to hear."""

import json
from typing import Any

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.flows.portal import CALLBACK, make_portal
from tests.oauth.flows.test_authorize_stories import claims_of
from tests.oauth.flows.test_step_up import HIGH, add_factor, go_on, sent_to_step_up, step_up
from tests.oauth.flows.visits import Asking, approve, chooser, deny, enrol, sign_in
from tests.oauth.tenants import Tenant, compared

from gatebridge.crypto import signing
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.signing_keys import AddSigningKey, RetireSigningKey, add_signing_key, retire_signing_key
from gatebridge.storage import permission_sets, signing_keys

USERINFO = "/services/oauth2/userinfo"
STANDARD = Level.STANDARD.acr
NOBODYS = "urn:mace:incommon:iap:gold"
TOLD = ("openid", "email", "profile", "api")


def asking(**members: dict[str, Any]) -> str:
    return json.dumps(members)


def insisting(*values: str) -> str:
    return asking(id_token={"acr": {"essential": True, "values": list(values)}})


def tokens(app: Asking, page: Page) -> dict[str, Any]:
    answer = app.portal.redeem(app.arrived(page)["code"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def userinfo(app: Asking, body: dict[str, Any]) -> dict[str, Any]:
    answer = app.acme.door.get(app.issuer + USERINFO, headers={"Authorization": f"Bearer {body['access_token']}"})
    found: dict[str, Any] = answer.json()
    return found


def signed_in_surely(app: Asking, user: User) -> Browser:
    browser = app.signed_in(user)
    step_up(app.acme, browser)
    return browser


# --- Single claims ----------------------------------------------------------------------------------------------------------


def test_std_AZ_24_single_claims_are_shown_approved_and_told_where_they_were_asked_for(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=TOLD), enrol(acme, "ben")
    browser = app.signed_in(ben)
    wanted = {"scope": "openid", "claims": asking(userinfo={"email": {"essential": True}, "nobody_knows": None}, id_token={"name": None})}
    page = browser.open(app.url(**wanted))
    assert 'data-scope="email">See your e-mail address<' in page.text
    assert 'data-scope="profile">See your name and your public profile<' in page.text
    body = tokens(app, approve(browser, page))
    assert body["scope"] == "openid"
    told = userinfo(app, body)
    assert told == {"sub": claims_of(body["id_token"])["sub"], "email": ben.email}
    assert claims_of(body["id_token"])["name"] == "Ben Example"
    assert "email" not in claims_of(body["id_token"])


def test_X_CO_04_std_AZ_27_a_yes_to_claims_is_remembered_and_a_new_claim_is_a_new_question(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=TOLD), enrol(acme, "ben")
    browser = app.signed_in(ben)
    email = {"scope": "openid", "claims": asking(userinfo={"email": None})}
    approve(browser, browser.open(app.url(scope="openid")))
    page = browser.open(app.url(**email))
    assert app.arrived(deny(browser, page))["error"] == "access_denied"
    approve(browser, browser.open(app.url(**email)))
    assert userinfo(app, tokens(app, browser.open(app.url(**email))))["email"] == ben.email
    more = email | {"claims": asking(userinfo={"email": None, "name": None})}
    assert app.arrived(browser.open(app.url(**more, prompt="none")))["error"] == "consent_required"
    assert 'data-scope="profile"' in browser.open(app.url(**more)).text
    assert "email" not in userinfo(app, tokens(app, browser.open(app.url(scope="openid"))))  # not asked for, not told


def test_std_AZ_24_a_claim_whose_scope_the_app_does_not_hold_is_neither_shown_nor_told(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=("openid", "profile")), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url(scope="openid", claims=asking(userinfo={"email": {"essential": True}}, id_token={"email": None})))
    assert "e-mail" not in page.text
    body = tokens(app, approve(browser, page))
    assert "email" not in userinfo(app, body) | claims_of(body["id_token"])


def test_std_AZ_26_whom_the_admin_has_approved_is_not_asked_about_claims_either(acme: Tenant) -> None:
    ada = enrol(acme, "ada.of.sales")
    with acme.standing.database.transaction() as tx:
        permission_sets.assign(tx, acme.org.id, ada.id, acme.approved.id, None)
    app = Asking(make_portal(acme, scopes=TOLD))
    page = app.signed_in(ada).open(app.url(scope="openid", claims=asking(userinfo={"email": None})))
    assert userinfo(app, tokens(app, page))["email"] == ada.email


def test_a_refreshed_id_token_tells_the_claims_of_the_first(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=(*TOLD, "refresh_token")), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url(scope="openid refresh_token", claims=asking(id_token={"email": None})))
    first = tokens(app, approve(browser, page))
    again = app.portal.refresh(first["refresh_token"]).json()
    assert claims_of(again["id_token"])["email"] == claims_of(first["id_token"])["email"] == ben.email


# --- How surely -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", [None, "none"])
def test_std_AZ_21_an_essential_acr_that_nobody_here_can_reach_is_told_at_once(acme: Tenant, prompt: str | None) -> None:
    app = chooser(acme)
    answer = app.arrived(app.browser().open(app.url(claims=insisting(NOBODYS), prompt=prompt)))
    assert (answer["error"], acme.last_cause()) == ("unmet_authentication_requirements", "acr_unmet")
    shown = compared(acme.history()[-1])["acr"]
    assert (shown["sent"], shown["registered"]) == (NOBODYS, f"{STANDARD} {HIGH}")


def test_std_AZ_21_an_essential_acr_is_reached_on_the_way_or_not_at_all(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    wanted = insisting(NOBODYS, HIGH)
    assert app.arrived(browser.open(app.url(claims=wanted, prompt="none")))["error"] == "interaction_required"
    page = browser.open(app.url(claims=wanted))
    assert "set-up-app" in page.text  # without a second factor there is none to ask for, and nobody goes on
    add_factor(acme, ben)
    name = sent_to_step_up(browser, app.url(claims=wanted))
    assert sent_to_step_up(browser, go_on(name)) == name
    step_up(acme, browser)
    body = tokens(app, approve(browser, browser.open(go_on(name))))
    assert claims_of(body["id_token"])["acr"] == HIGH


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        (insisting(STANDARD), STANDARD),
        (insisting(HIGH, STANDARD), HIGH),
        (insisting(NOBODYS, STANDARD), STANDARD),
        (asking(id_token={"acr": {"values": [STANDARD]}}), HIGH),
        (asking(id_token={"acr": None}), HIGH),
    ],
)
def test_std_AZ_21_a_surer_sign_in_is_good_for_less_and_told_as_what_the_app_takes(acme: Tenant, claims: str, told: str) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = signed_in_surely(app, ben)
    assert claims_of(tokens(app, approve(browser, browser.open(app.url(claims=claims))))["id_token"])["acr"] == told


@pytest.mark.parametrize("members", [{"acr": {"values": [HIGH]}}, {"acr": {"value": HIGH}}, {"acr": {"essential": True}}])
def test_std_AZ_21_an_acr_that_is_not_essential_stops_nobody_who_has_no_factor(acme: Tenant, members: dict[str, Any]) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    body = tokens(app, approve(browser, browser.open(app.url(claims=asking(id_token=members)))))
    assert claims_of(body["id_token"])["acr"] == STANDARD


# --- Of whom ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return chooser(acme)


@pytest.fixture
def ben(acme: Tenant) -> User:
    return enrol(acme, "ben")


@pytest.fixture
def cleo(acme: Tenant) -> User:
    return enrol(acme, "cleo")


def hint_of(app: Asking, user: User) -> str:
    """An ID token about this user, as the app keeps it."""
    browser = app.signed_in(user)
    return str(tokens(app, approve(browser, browser.open(app.url(prompt="consent"))))["id_token"])


def meaning(app: Asking, user: User, way: str) -> dict[str, str]:
    hint = hint_of(app, user)
    return {"id_token_hint": hint} if way == "hint" else {"claims": asking(id_token={"sub": {"value": claims_of(hint)["sub"]}})}


WAYS = pytest.mark.parametrize("way", ["hint", "sub"])


@WAYS
def test_std_AZ_22_where_somebody_else_is_signed_in_the_one_who_is_meant_can_sign_in(app: Asking, ben: User, cleo: User, way: str) -> None:
    meant = meaning(app, ben, way)
    browser = app.signed_in(cleo)
    app.acme.standing.clock.advance(minutes=5)
    page = browser.open(app.url(**meant, login_hint=ben.username))
    assert page.forms["signin"].fields["username"] == ben.username
    assert 'id="here">You are signed in as <bdi>Cleo Example</bdi>' in page.text
    body = tokens(app, sign_in(browser, page, ben))
    assert str(claims_of(body["id_token"])["sub"]).startswith(ben.id)


@WAYS
def test_std_AZ_22_where_another_signs_in_the_app_hears_that_and_nothing_about_the_other(
    app: Asking, ben: User, cleo: User, way: str
) -> None:
    meant = meaning(app, ben, way)
    for browser in (app.browser(), app.signed_in(cleo)):
        app.acme.standing.clock.advance(seconds=1)
        asked = browser.open(app.url(**meant))
        assert ben.username not in asked.text  # a hint names nobody to whoever sits there
        page = sign_in(browser, asked, cleo)
        assert (app.arrived(page)["error"], app.acme.last_cause()) == ("login_required", "login_of_another")
        assert cleo.id not in (page.went_to or "")
        app.refused(browser.open(go_on(asked.forms["signin"].fields["interaction"])), "interaction_finished")


@WAYS
def test_std_AZ_22_who_is_meant_and_signed_in_is_not_asked_again(app: Asking, ben: User, way: str) -> None:
    meant = meaning(app, ben, way)
    browser = app.signed_in(ben)
    assert app.arrived(browser.open(app.url(**meant)))["code"]
    assert app.arrived(browser.open(app.url(**meant, prompt="none")))["code"]


@WAYS
def test_std_AZ_22_with_prompt_none_another_user_is_login_required_whoever_may_use_the_app(
    app: Asking, ben: User, cleo: User, way: str
) -> None:
    meant = meaning(app, ben, way)
    answer = app.arrived(app.signed_in(cleo).open(app.url(**meant, prompt="none")))
    assert (answer["error"], app.acme.last_cause()) == ("login_required", "login_of_another")


def test_std_AZ_22_JW_02_a_hint_counts_for_as_long_as_its_key_is_published(app: Asking, ben: User, cleo: User) -> None:
    acme = app.acme
    old = hint_of(app, ben)
    with acme.standing.database.transaction() as tx:
        add_signing_key(tx, acme.admin, AddSigningKey("ES256"))
    acme.standing.clock.advance(minutes=30)
    new = hint_of(app, ben)
    kids = {key["kid"] for key in acme.door.get(f"{app.issuer}/id/keys").json()["keys"]}
    used = {_kid(old), _kid(new)}
    assert len(used) == 2
    assert used <= kids
    for hint in (old, new):
        assert app.arrived(app.signed_in(ben).open(app.url(prompt="none", id_token_hint=hint)))["code"]
        assert app.arrived(app.signed_in(cleo).open(app.url(prompt="none", id_token_hint=hint)))["error"] == "login_required"
    with acme.standing.database.transaction() as tx:
        gone = next(key for key in signing_keys.published(tx, acme.org.id) if _kid(old) == key.public_jwk["kid"])
        retire_signing_key(tx, acme.admin, RetireSigningKey(gone.id))
        assert signing_keys.remove(tx, acme.org.id, gone.id)
    # Nobody can tell any more whom it means: not asked, nobody is answered for, and asked, whoever it is signs in and approves.
    assert app.arrived(app.signed_in(ben).open(app.url(prompt="none", id_token_hint=old)))["error"] == "login_required"
    assert app.arrived(app.signed_in(ben).open(app.url(id_token_hint=old)))["code"]


def _kid(token: str) -> str:
    return str(signing.peek(token).header["kid"])


# --- Where to, and how ------------------------------------------------------------------------------------------------------


def test_std_AZ_35_a_code_may_come_back_behind_the_hash(app: Asking, ben: User) -> None:
    browser = app.signed_in(ben)
    page = browser.open(app.url(response_mode="fragment"))
    page = approve(browser, page)
    assert (page.went_to or "").startswith(f"{CALLBACK}#code=")
    assert app.portal.redeem(app.arrived(page)["code"]).status_code == 200
    page = browser.open(app.url(response_mode="fragment", scope="nonsense"))
    assert (page.went_to or "").startswith(f"{CALLBACK}#error=invalid_scope")


@pytest.mark.parametrize("response_type", ["code", "token"])
def test_std_AZ_32_nobody_is_sent_on_to_an_app_that_nobody_here_vouches_for(acme: Tenant, response_type: str) -> None:
    """There is no registration by strangers here. Nearest to it is an app of the directory that this org has not installed."""
    app = chooser(acme)
    with acme.standing.database.transaction() as tx:
        uninstall_app(tx, acme.admin, UninstallApp(app.portal.app.id, "No longer needed."))
    for changed in ({}, {"prompt": "none"}, {"scope": "nonsense"}, {"response_mode": "fragment"}):
        page = app.browser().open(app.url(response_type=response_type, **changed))
        assert (page.status, page.went_to) == (400, None)
