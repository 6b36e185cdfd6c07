"""What apps are told beside the standard's claims: custom attributes, claims of scopes, and claims that are asked for one by one."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.flows.visits import Asking, approve, chooser, enrol, sign_in
from tests.oauth.tenants import INTROSPECT, Tenant
from tests.oauth.test_id_token import decoded
from tests.oauth.test_userinfo import ask, fill_in, token_of

from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.people import CustomPermission
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import custom_permissions

SCOPES = ("openid", "id", "profile", "email", "address", "phone", "api", "refresh_token", "custom_permissions", "ledger_read")
PROTOCOL = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}
ATTRIBUTES = (
    ("organisation", "org.name & ' (' & org.host & ')'"),
    ("mail_domain", "lower(after(user.email, '@'))"),
    ("in_berlin", "user.city = 'Berlin'"),
    ("department", "user.external_id"),
)


@pytest.fixture
def org(acme: Tenant) -> Tenant:
    org_says(acme, custom_scopes=(("ledger_read", "Read your ledger"),), scope_claims=(("ledger_read", "ledger_of", "user.city"),))
    fill_in(acme)
    return acme


@pytest.fixture
def portal(org: Tenant) -> Portal:
    return make_portal(org, scopes=SCOPES, custom_attributes=ATTRIBUTES)


def org_says(acme: Tenant, **said: Any) -> None:
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(confirmed=True, **said))


def in_id_token(portal: Portal, *scopes: str, **said: Any) -> dict[str, Any]:
    """What the ID token says beside what makes it one."""
    claims = decoded(portal, portal.signed_in(scopes=scopes, **said)["id_token"]).claims
    return {name: value for name, value in claims.items() if name not in PROTOCOL}


def at_userinfo(portal: Portal, *scopes: str, **said: Any) -> dict[str, Any]:
    told: dict[str, Any] = ask(portal.acme, portal.signed_in(scopes=scopes, **said)["access_token"]).json()
    assert told.pop("sub")
    return told


def identity(portal: Portal, *scopes: str) -> dict[str, Any]:
    acme = portal.acme
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    answer: httpx.Response = acme.door.get(url, headers={"Authorization": f"Bearer {token_of(portal, *scopes)}"})
    told: dict[str, Any] = answer.json()
    return told


# --- What the standard says of the answer --------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_UI_02_the_subject_at_userinfo_is_that_of_the_id_token(org: Tenant, dialect: Dialect) -> None:
    body = make_portal(org, f"App in {dialect}", scopes=SCOPES, dialect=dialect).signed_in(scopes=("openid",))
    portal = make_portal(org, scopes=SCOPES)
    assert ask(org, body["access_token"]).json()["sub"] == decoded(portal, body["id_token"]).claims["sub"]


def test_std_UI_01_UI_03_IN_06_IN_07_answers_are_json_that_nobody_keeps_whatever_else_is_asked_for(portal: Portal) -> None:
    """Signed answers (RFC 9701, OpenID Connect Core section 5.3.2) come later: a client that would like one gets the plain form."""
    token = token_of(portal, "openid")
    wishes = {"Accept": "application/token-introspection+jwt, application/jwt"}
    form = portal.guard.credentials | {"token": token}
    for answer in (ask(portal.acme, token, headers=wishes), portal.guard.post(INTROSPECT, form, headers=wishes)):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json;charset=UTF-8")
        assert answer.headers["cache-control"] == "no-store"


# --- Custom attributes ---------------------------------------------------------------------------------------------------

HERE = {"organisation"}
PLACES = (in_id_token, at_userinfo, identity)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        pytest.param(("openid",), HERE, id="what is the org's needs no scope"),
        pytest.param(("openid", "email"), HERE | {"mail_domain"}, id="what is made of the e-mail address needs email"),
        pytest.param(("openid", "address"), HERE | {"in_berlin"}, id="of the address, address"),
        pytest.param(("openid", "id"), HERE | {"mail_domain", "in_berlin"}, id="and a value that is missing is left out"),
    ],
)
def test_an_app_is_told_the_attributes_that_its_scopes_cover(portal: Portal, place: Any, scopes: tuple[str, ...], names: set[str]) -> None:
    told = place(portal, *scopes)["custom_attributes"]
    assert set(told) == names
    assert told["organisation"] == f"{portal.acme.org.name} ({portal.acme.org.host})"
    assert told.get("mail_domain", "example.com") == "example.com"
    assert told.get("in_berlin", True) is True


@pytest.mark.parametrize("place", [at_userinfo, in_id_token])
def test_an_app_without_attributes_hears_of_none(org: Tenant, place: Any) -> None:
    assert "custom_attributes" not in place(make_portal(org, "Plain", scopes=SCOPES), "openid", "id")


def test_in_the_salesforce_dialect_they_are_where_its_clients_look(org: Tenant) -> None:
    sales = make_portal(org, "Sales", dialect=Dialect.SALESFORCE, scopes=SCOPES, custom_attributes=(("Mail", "$User.Email"),))
    assert at_userinfo(sales, "api")["custom_attributes"] == {"Mail": "runner@example.com"}
    assert identity(sales, "id")["custom_attributes"] == {"Mail": "runner@example.com"}
    assert in_id_token(sales, "openid", "email") == {"custom_attributes": {"Mail": "runner@example.com"}}


def test_of_another_user_no_attribute_is_told(portal: Portal) -> None:
    acme = portal.acme
    maria = enrol(acme, "maria")
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(maria.id)}"
    told = acme.door.get(url, headers={"Authorization": f"Bearer {token_of(portal, 'api', 'ledger_read')}"}).json()
    assert told["asserted_user"] is False
    assert not {"custom_attributes", "custom_permissions", "ledger_of"} & told.keys()


def test_X_AD_03_an_app_of_another_org_sees_no_more_of_the_users_here_than_its_scopes_say(org: Tenant, rival: Tenant) -> None:
    """Its developer wrote the attribute in an org of their own; the users are ours."""
    portal = make_portal(rival, "Abroad", scopes=("openid", "email"), custom_attributes=(("mail", "user.email"), ("phone", "user.phone")))
    here = Portal(org, org.install(portal.app), org.runner, portal.guard, portal.app.credentials)
    assert at_userinfo(here, "openid", "email")["custom_attributes"] == {"mail": "runner@example.com"}
    assert "custom_attributes" not in at_userinfo(here, "openid")


def test_custom_permissions_are_told_beside_them(portal: Portal) -> None:
    acme = portal.acme
    with acme.standing.database.transaction() as tx:
        refund = CustomPermission("0CP000000000001", acme.org.id, "Refund", "Refund", "", tx.now)
        assert custom_permissions.insert(tx, refund)
        assert custom_permissions.assign(tx, acme.org.id, refund.id, acme.profile.id)
    for place in PLACES:
        told = place(portal, "openid", "custom_permissions")
        assert (told["custom_permissions"], set(told["custom_attributes"])) == ({"Refund": True}, HERE)


# --- Claims of scopes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_a_scope_of_the_org_makes_its_claim_known(portal: Portal, place: Any) -> None:
    assert place(portal, "openid", "ledger_read")["ledger_of"] == "Berlin"
    assert "ledger_of" not in place(portal, "openid", "id")


def test_full_makes_it_known_too_and_without_a_value_nothing_does(org: Tenant) -> None:
    portal = make_portal(org, "Everything", scopes=("full", "openid", "ledger_read"), full_scope_reason="It does everything.")
    assert at_userinfo(portal, "full")["ledger_of"] == "Berlin"
    fill_in(org, city="")
    assert "ledger_of" not in at_userinfo(portal, "full")


def test_discovery_names_the_claims_of_the_org(org: Tenant) -> None:
    found = org.door.get(f"{org.org.issuer}/.well-known/openid-configuration").json()
    assert {"custom_attributes", "custom_permissions", "ledger_of"} <= set(found["claims_supported"])
    assert found["claims_parameter_supported"] is True


# --- Claims that are asked for one by one --------------------------------------------------------------------------------


def test_std_UI_04_a_claim_that_was_asked_for_alone_is_told_at_userinfo_without_its_scope(portal: Portal) -> None:
    told = at_userinfo(portal, "openid", userinfo_claims=("email", "phone_number", "zoneinfo"))
    assert set(told) - {"custom_attributes"} == {"email", "phone_number", "zoneinfo"}
    assert "email" not in in_id_token(portal, "openid", userinfo_claims=("email",))


def test_std_ID_04_and_in_the_id_token_only_where_it_was_asked_for_there(portal: Portal) -> None:
    assert set(in_id_token(portal, "openid", "id", id_token_claims=("name", "email"))) == {"name", "email", "custom_attributes"}
    assert set(in_id_token(portal, "openid", "id")) == {"custom_attributes"}
    assert set(at_userinfo(portal, "openid", id_token_claims=("name",))) == {"custom_attributes"}


def test_a_refreshed_id_token_says_the_same_of_the_user(portal: Portal) -> None:
    body = portal.signed_in(scopes=("openid", "refresh_token"), id_token_claims=("name",), userinfo_claims=("email",))
    again = portal.refresh(body["refresh_token"]).json()
    assert decoded(portal, again["id_token"]).claims["name"] == "Runner Example"
    assert ask(portal.acme, again["access_token"]).json()["email"] == "runner@example.com"


def test_what_the_app_may_not_ask_for_as_a_scope_it_does_not_get_as_a_claim(org: Tenant) -> None:
    narrow = make_portal(org, "Narrow", scopes=("openid", "profile"))
    said = {"userinfo_claims": ("email", "name"), "id_token_claims": ("email", "name")}
    assert at_userinfo(narrow, "openid", **said) == {"name": "Runner Example"}
    assert in_id_token(narrow, "openid", **said) == {"name": "Runner Example"}


def test_nor_any_more_when_the_scope_was_taken_from_it(portal: Portal) -> None:
    token = portal.signed_in(scopes=("openid",), userinfo_claims=("email", "name"))["access_token"]
    portal.settings(scopes=("openid", "profile"))
    assert set(ask(portal.acme, token).json()) - {"custom_attributes"} == {"sub", "name"}


CLAIMS = {"userinfo": {"email": {"essential": True}, "shoe_size": None}, "id_token": {"name": None, "auth_time": {"essential": True}}}


def sent(asking: Asking, claims: Mapping[str, Any] | str) -> str:
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return asking.url(scope="openid", claims=text)


def test_std_AZ_24_UI_04_a_user_is_asked_about_single_claims_once_and_the_app_gets_just_those(org: Tenant) -> None:
    asking = chooser(org, scopes=("openid", "profile", "email", "refresh_token"))
    user = enrol(org, "maria")
    browser = asking.browser()
    page = sign_in(browser, browser.open(sent(asking, CLAIMS)), user)
    assert "See your e-mail address" in page.text
    assert "See your name and your public profile" in page.text
    code = asking.arrived(approve(browser, page))["code"]
    body = asking.portal.redeem(code).json()
    assert body["scope"] == "openid", "a claim is no scope"
    told = decoded(asking.portal, body["id_token"]).claims
    assert (told["name"], "email" in told) == ("Maria Example", False)
    assert set(ask(org, body["access_token"]).json()) == {"sub", "email"}
    again = asking.arrived(browser.open(sent(asking, {"userinfo": {"email": None}})))
    assert "code" in again, "what was approved is not asked about twice"
    more = browser.open(asking.url(scope="openid profile email"))
    assert "code" in asking.arrived(more), "the user said yes to these sentences"


def test_std_AZ_24_single_claims_that_nobody_approved_are_asked_about_although_the_scopes_were(org: Tenant) -> None:
    asking = chooser(org, scopes=("openid", "email"))
    browser = asking.signed_in(enrol(org, "maria"))
    approve(browser, browser.open(asking.url(scope="openid")))
    assert "code" in asking.arrived(browser.open(asking.url(scope="openid")))
    page = browser.open(sent(asking, {"userinfo": {"email": None}}))
    assert page.went_to is None
    assert "See your e-mail address" in page.text


@pytest.mark.parametrize("claims", ["", "email", "[]", '{"userinfo":[]}', '{"id_token":{"email":true}}', '{"a":1,"a":2}'])
def test_std_AZ_24_what_is_no_such_object_goes_back_as_invalid_request(org: Tenant, claims: str) -> None:
    asking = chooser(org, scopes=("openid",))
    answer = asking.arrived(asking.browser().open(asking.url(scope="openid", claims=claims, prompt="none")))
    # An empty parameter is like none (G-06).
    assert answer["error"] == ("invalid_request" if claims else "login_required")
