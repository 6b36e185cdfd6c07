"""UserInfo (OpenID Connect Core section 5.3, RFC 6750): what a token may know of its user, and how it must be sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.oauth.door import OFFICE
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.network import parse_range
from gatebridge.rules.people import CustomPermission, User
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import custom_permissions, people, profiles

USERINFO = "/services/oauth2/userinfo"
EVERY_SCOPE = ("openid", "profile", "email", "address", "phone", "id", "api", "full", "refresh_token", "custom_permissions")
OWN = "https://portal.example"


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme, scopes=EVERY_SCOPE, full_scope_reason="A portal for everything.")


@pytest.fixture
def sales(acme: Tenant) -> Portal:
    return make_portal(acme, "Sales", dialect=Dialect.SALESFORCE, scopes=EVERY_SCOPE, full_scope_reason="A portal for everything.")


def fill_in(acme: Tenant, **changed: Any) -> User:
    """The run-as user with everything that can be told; what is changed is told otherwise."""
    known = {
        "locale": "de_DE",
        "timezone": "Europe/Berlin",
        "phone": "+49 30 901820",
        "street": "Unter den Linden 1\n2. Stock",
        "city": "Berlin",
        "region": "Berlin",
        "postal_code": "10117",
        "country": "DE",
    }
    with acme.standing.database.transaction() as tx:
        user = people.by_id(tx, acme.org.id, acme.runner.id)
        assert user is not None
        filled = replace(user, **(known | changed))
        assert people.update(tx, filled)
        people.verify_email(tx, acme.org.id, user.id, user.email)
    return filled


def token_of(portal: Portal, *scopes: str) -> str:
    return str(portal.signed_in(scopes=scopes)["access_token"])


def ask(acme: Tenant, token: str, *, address: str = OFFICE, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return acme.door.get(acme.org.issuer + USERINFO, headers={"Authorization": f"Bearer {token}"} | dict(headers or {}), address=address)


PROFILE = {"name", "given_name", "family_name", "preferred_username", "zoneinfo", "locale", "updated_at"}
EMAIL, ADDRESS, PHONE = {"email", "email_verified"}, {"address"}, {"phone_number", "phone_number_verified"}
EVERYTHING = PROFILE | EMAIL | ADDRESS | PHONE


@pytest.mark.parametrize(
    ("scopes", "claims"),
    [
        pytest.param(("openid",), set[str](), id="openid alone"),
        pytest.param(("openid", "profile"), PROFILE, id="profile"),
        pytest.param(("openid", "email"), EMAIL, id="email"),
        pytest.param(("openid", "address"), ADDRESS, id="address"),
        pytest.param(("openid", "phone"), PHONE, id="phone"),
        pytest.param(("openid", "id"), EVERYTHING, id="id is all four"),
        pytest.param(("openid", "profile", "email", "address", "phone"), EVERYTHING, id="all four"),
        pytest.param(("full",), EVERYTHING, id="full implies them"),
        pytest.param(("openid", "api"), set[str](), id="the data of the API are not the identity"),
        pytest.param(("openid", "custom_permissions"), set[str](), id="no custom permission is held"),
    ],
)
def test_std_ID_04_UI_04_each_scope_tells_its_claims(acme: Tenant, portal: Portal, scopes: tuple[str, ...], claims: set[str]) -> None:
    fill_in(acme)
    answer = ask(acme, token_of(portal, *scopes))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"sub"} | claims


def test_std_ID_04_G_12_the_values_are_of_their_types(acme: Tenant, portal: Portal) -> None:
    user = fill_in(acme)
    assert ask(acme, token_of(portal, "openid", "id")).json() == {
        "sub": long(user.id),
        "name": "Runner Example",
        "given_name": "Runner",
        "family_name": "Example",
        "preferred_username": user.username,
        "zoneinfo": "Europe/Berlin",
        "locale": "de-DE",
        "updated_at": int(acme.standing.clock.now.timestamp()),
        "email": "runner@example.com",
        "email_verified": True,
        "address": {
            "street_address": "Unter den Linden 1\n2. Stock",
            "locality": "Berlin",
            "region": "Berlin",
            "postal_code": "10117",
            "country": "DE",
        },
        "phone_number": "+49 30 901820",
        "phone_number_verified": False,
    }


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_UI_04_what_is_empty_is_not_told(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, scopes=EVERY_SCOPE, full_scope_reason="A portal for everything.", dialect=dialect)
    fill_in(acme, phone="", street="", city="", region="", postal_code="", country="", first_name="", last_name="")
    told = ask(acme, token_of(portal, "openid", "id", "custom_permissions")).json()
    assert not {"address", "phone_number", "phone_number_verified", "given_name", "family_name", "custom_permissions"} & told.keys()
    assert told["name"] == acme.runner.username
    assert not [name for name, value in told.items() if value in (None, "", {}, [])]


def test_an_address_has_the_parts_that_are_known(acme: Tenant, portal: Portal) -> None:
    fill_in(acme, street="", region="", postal_code="")
    assert ask(acme, token_of(portal, "openid", "address")).json()["address"] == {"locality": "Berlin", "country": "DE"}


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_custom_permissions_are_an_object_of_what_the_user_holds(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, scopes=EVERY_SCOPE, full_scope_reason="A portal for everything.", dialect=dialect)
    with acme.standing.database.transaction() as tx:
        for place, (name, holder) in enumerate({"Sign_Off": acme.approved.id, "Refund": acme.profile.id, "Not_Theirs": None}.items()):
            made = CustomPermission(f"0CP00000000000{place}", acme.org.id, name, name, "", tx.now)
            assert custom_permissions.insert(tx, made)
            if holder is not None:
                assert custom_permissions.assign(tx, acme.org.id, made.id, holder)
    told = ask(acme, token_of(portal, "openid", "custom_permissions")).json()
    assert told["custom_permissions"] == {"Refund": True, "Sign_Off": True}
    assert "custom_permissions" not in ask(acme, token_of(portal, "openid")).json()


# --- The Salesforce dialect ----------------------------------------------------------------------------------------------

ALWAYS = {
    *("sub", "user_id", "organization_id", "profile", "picture", "photos", "urls"),
    *("active", "user_type", "is_app_installed", "is_salesforce_integration_user"),
}


def test_salesforces_clients_find_what_they_read(acme: Tenant, sales: Portal) -> None:
    user = fill_in(acme)
    told = ask(acme, token_of(sales, "api", "refresh_token")).json()
    base = acme.org.issuer
    assert set(told) == ALWAYS | EVERYTHING | {"nickname", "language", "utcOffset"}
    assert (told["sub"], told["user_id"], told["organization_id"]) == (
        f"{base}/id/{long(acme.org.id)}/{long(user.id)}",
        long(user.id),
        long(acme.org.id),
    )
    assert (told["preferred_username"], told["nickname"]) == (user.username, "runner")
    assert (told["locale"], told["language"], told["zoneinfo"], told["utcOffset"]) == ("de_DE", "de_DE", "Europe/Berlin", 3_600_000)
    assert (told["active"], told["user_type"], told["is_app_installed"], told["is_salesforce_integration_user"]) == (
        True,
        "STANDARD",
        True,
        False,
    )
    assert told["urls"]["rest"] == f"{base}/services/data/v{{version}}/"
    assert told["urls"]["partner"] == f"{base}/services/Soap/u/{{version}}/{acme.org.id}"
    for picture in (told["picture"], told["photos"]["picture"], told["photos"]["thumbnail"]):
        assert acme.door.get(picture).status_code == 200


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", set[str]()),
        ("id", EVERYTHING | {"nickname", "language", "utcOffset"}),
        ("profile", PROFILE | {"nickname", "language", "utcOffset"}),
        ("email", EMAIL),
        ("address", ADDRESS),
        ("phone", PHONE),
        ("api", EVERYTHING | {"nickname", "language", "utcOffset"}),
        ("full", EVERYTHING | {"nickname", "language", "utcOffset"}),
    ],
)
def test_any_scope_that_tells_who_somebody_is_opens_it_in_the_salesforce_dialect(
    acme: Tenant, sales: Portal, scope: str, told: set[str]
) -> None:
    fill_in(acme)
    assert set(ask(acme, token_of(sales, scope)).json()) == ALWAYS | told


@pytest.mark.parametrize(
    ("zone", "offset"), [("UTC", 0), ("Asia/Kolkata", 19_800_000), ("America/Los_Angeles", -28_800_000), ("Mars/Olympus", None)]
)
def test_the_offset_is_that_of_standard_time_and_left_out_where_nobody_knows_it(
    acme: Tenant, sales: Portal, zone: str, offset: int | None
) -> None:
    fill_in(acme, timezone=zone)
    assert ask(acme, token_of(sales, "profile")).json().get("utcOffset") == offset


# --- How the token is sent -----------------------------------------------------------------------------------------------


def challenge(acme: Tenant, *parts: str) -> str:
    return "Bearer " + ", ".join([f'realm="{acme.org.host}"', *parts])


def test_std_BR_01_without_a_token_the_challenge_names_no_error(acme: Tenant) -> None:
    for answer in (acme.door.get(acme.org.issuer + USERINFO), acme.door.post(acme.org.issuer + USERINFO)):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge(acme))
        assert acme.true_cause(answer) == "bearer_missing"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("Bearer {}", id="as the RFC has it"),
        pytest.param("bearer {}", id="in lower case"),
        pytest.param("BEARER {}", id="in upper case"),
    ],
)
def test_std_TK_04_the_case_of_the_scheme_does_not_matter(acme: Tenant, portal: Portal, spelling: str) -> None:
    headers = {"Authorization": spelling.format(token_of(portal, "openid"))}
    assert acme.door.get(acme.org.issuer + USERINFO, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("{}", id="no scheme"),
        pytest.param("Bearer{}", id="no blank"),
        pytest.param("Bearer  {}", id="two blanks"),
        pytest.param("Bearer\t{}", id="a tab"),
        pytest.param(" Bearer {}", id="a blank in front"),
        pytest.param("Bearer {} ", id="a blank behind"),
        pytest.param('Bearer "{}"', id="in quotes"),
        pytest.param("Bearer Bearer {}", id="the scheme twice"),
        pytest.param("Bearer {}, Bearer {}", id="two tokens"),
        pytest.param("Bearer token={}", id="as a parameter"),
        pytest.param("Basic {}", id="Basic"),
        pytest.param("Token {}", id="another scheme"),
        pytest.param("OAuth {}", id="Salesforce's older scheme, which this app does not speak"),
        pytest.param("Bearer ", id="no token"),
    ],
)
def test_X_TK_14_std_BR_02_any_other_spelling_of_the_header_is_malformed(acme: Tenant, portal: Portal, spelling: str) -> None:
    headers = {"Authorization": spelling.replace("{}", token_of(portal, "openid"))}
    answer = acme.door.get(acme.org.issuer + USERINFO, headers=headers)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "bearer_malformed")
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_X_TK_14_two_headers_are_one_too_many(acme: Tenant, portal: Portal) -> None:
    twice = [("Authorization", f"Bearer {token_of(portal, 'openid')}")] * 2
    answer = acme.door.send("GET", acme.org.issuer + USERINFO, headers=twice)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "parameter_repeated")


def test_std_BR_03_a_form_that_is_posted_may_carry_the_token(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid")
    assert acme.door.post(acme.org.issuer + USERINFO, {"access_token": token}).json() == {"sub": long(acme.runner.id)}
    by_header = acme.door.send("POST", acme.org.issuer + USERINFO, headers={"Authorization": f"Bearer {token}"})
    assert by_header.json() == {"sub": long(acme.runner.id)}
    json = acme.door.send(
        "POST", acme.org.issuer + USERINFO, body=f'{{"access_token":"{token}"}}'.encode(), headers={"Content-Type": "application/json"}
    )
    assert (json.status_code, acme.true_cause(json)) == (401, "bearer_missing")
    body_of_a_get = acme.door.send(
        "GET",
        acme.org.issuer + USERINFO,
        body=f"access_token={token}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (body_of_a_get.status_code, acme.true_cause(body_of_a_get)) == (401, "bearer_missing")


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_std_BR_03_X_TK_14_never_in_the_address(acme: Tenant, portal: Portal, name: str) -> None:
    token = token_of(portal, "openid")
    answer = acme.door.get(f"{acme.org.issuer}{USERINFO}?{name}={token}")
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "bearer_in_query")
    unknown = acme.door.get(f"{acme.org.issuer}{USERINFO}?{name}=gba_nonsense")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_request")


def test_std_BR_02_X_TK_14_two_ways_at_once_are_refused_even_with_one_token(acme: Tenant, portal: Portal) -> None:
    token, other = token_of(portal, "openid"), token_of(portal, "openid")
    header = {"Authorization": f"Bearer {token}"}
    url = acme.org.issuer + USERINFO
    for second in (token, other):
        for answer in (
            acme.door.post(url, {"access_token": second}, headers=header),
            acme.door.get(f"{url}?access_token={second}", headers=header),
            acme.door.post(f"{url}?access_token={second}", {"access_token": token}),
        ):
            assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "bearer_two_ways")


@pytest.mark.parametrize("query", ["?a=1&a=2", "?a=%ff", "?a=%00"])
def test_an_address_that_two_readers_could_read_in_two_ways_is_refused(acme: Tenant, portal: Portal, query: str) -> None:
    answer = acme.door.get(acme.org.issuer + USERINFO + query, headers={"Authorization": f"Bearer {token_of(portal, 'openid')}"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_unknown_parameters_are_ignored(acme: Tenant, portal: Portal) -> None:
    answer = acme.door.get(
        acme.org.issuer + USERINFO + "?schema=openid&format=xml", headers={"Authorization": f"Bearer {token_of(portal, 'openid')}"}
    )
    assert answer.json() == {"sub": long(acme.runner.id)}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_std_UI_01_only_get_and_post_answer(acme: Tenant, method: str) -> None:
    answer = acme.door.send(method, acme.org.issuer + USERINFO)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


# --- What a token may know -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", ["api", "id", "profile", "email"])
def test_std_UI_05_without_openid_the_answer_names_the_scope_that_is_missing(acme: Tenant, portal: Portal, held: str) -> None:
    answer = ask(acme, token_of(portal, held))
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].endswith('scope="openid"')
    assert acme.true_cause(answer) == "scope_insufficient"


def test_a_client_that_acts_for_itself_has_no_identity_to_ask_for(acme: Tenant) -> None:
    robot = acme.app("Robot", scopes=("api", "openid", "id"))
    assert ask(acme, robot.access_token()).status_code == 403


def kill_by_revocation(acme: Tenant, portal: Portal, token: str) -> None:
    assert portal.app.revoke(token).status_code == 200


def kill_by_block(acme: Tenant, portal: Portal, _: str) -> None:
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(portal.app.id, reason="A test of the gate."))


def kill_by_freeze(acme: Tenant, portal: Portal, _: str) -> None:
    with acme.standing.database.transaction() as tx:
        freeze_user(tx, acme.admin, FreezeUser(acme.runner.id, reason="A test of the gate."))


def kill_by_time(acme: Tenant, portal: Portal, _: str) -> None:
    acme.standing.clock.advance(hours=3)


KILLS = pytest.mark.parametrize(
    ("kill", "cause"),
    [
        (kill_by_revocation, "token_revoked"),
        (kill_by_block, "app_blocked"),
        (kill_by_freeze, "user_frozen"),
        (kill_by_time, "token_expired"),
    ],
)


@KILLS
@pytest.mark.parametrize("kind", list(TokenFormat), ids=str)
def test_std_BR_02_UI_05_a_dead_token_is_one_answer_whatever_it_died_of(
    acme: Tenant, portal: Portal, kill: Any, cause: str, kind: TokenFormat
) -> None:
    portal.settings(access_token_format=kind)
    token = token_of(portal, "openid")
    assert ask(acme, token).status_code == 200
    kill(acme, portal, token)
    answer = ask(acme, token)
    said = 'error_description="The access token is not valid here or not valid any more."'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge(acme, 'error="invalid_token"', said))
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.reason) == ("userinfo", "refused", cause)
    assert (line.app_id, line.user_id, line.flow) == (portal.app.id, acme.runner.id, "web_server")
    unknown = ask(acme, "gba_nonsense")
    assert {name: value for name, value in unknown.json().items() if name != "error_uri"} == {
        name: value for name, value in answer.json().items() if name != "error_uri"
    }
    assert unknown.headers["www-authenticate"] == answer.headers["www-authenticate"]


@KILLS
def test_salesforces_clients_get_the_words_on_which_they_refresh(acme: Tenant, sales: Portal, kill: Any, cause: str) -> None:
    token = token_of(sales, "api")
    kill(acme, sales, token)
    answer = ask(acme, token)
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    assert answer.headers["content-type"] == "text/plain;charset=UTF-8"
    assert "www-authenticate" not in answer.headers
    assert acme.true_cause(answer) == cause


def test_a_token_without_any_such_scope_is_told_so_in_salesforces_words(acme: Tenant) -> None:
    sales = make_portal(acme, "Sales", dialect=Dialect.SALESFORCE, scopes=("web", "refresh_token"))
    answer = ask(acme, token_of(sales, "web"))
    assert (answer.status_code, answer.text, acme.true_cause(answer)) == (403, "Invalid_Scope", "scope_insufficient")


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_an_app_that_sends_its_token_in_the_address_is_recorded_for_it(acme: Tenant, sales: Portal, name: str) -> None:
    token = token_of(sales, "id")
    answer = acme.door.get(f"{acme.org.issuer}{USERINFO}?{name}={token}")
    line = acme.receipt(answer)
    assert (answer.status_code, line.event, line.outcome, line.app_id) == (200, "userinfo", "success", sales.app.id)
    assert "query" in str(line.receipt)
    assert token not in str(line)


def test_salesforces_older_scheme_and_the_same_token_twice_are_taken_in_its_dialect(acme: Tenant, sales: Portal) -> None:
    token = token_of(sales, "id")
    url = acme.org.issuer + USERINFO
    assert acme.door.get(url, headers={"Authorization": f"OAuth {token}"}).status_code == 200
    assert acme.door.get(f"{url}?oauth_token={token}", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    other = token_of(sales, "id")
    differing = acme.door.get(f"{url}?oauth_token={other}", headers={"Authorization": f"Bearer {token}"})
    assert (differing.status_code, acme.true_cause(differing)) == (400, "bearer_two_ways")


def test_a_scope_that_the_app_lost_tells_nothing_any_more(acme: Tenant, portal: Portal) -> None:
    fill_in(acme)
    token = token_of(portal, "openid", "email", "phone")
    portal.settings(scopes=("openid", "phone"), full_scope_reason="")
    assert set(ask(acme, token).json()) == {"sub"} | PHONE


def test_X_MX_06_std_SC_08_a_token_of_one_org_is_nobodys_in_another(acme: Tenant, rival: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid")
    assert ask(rival, token).status_code == 401
    assert ask(acme, token).status_code == 200
    assert ask(rival, token).status_code == 401


def test_X_MX_06_two_tokens_of_one_user_in_turn_each_see_their_own_scopes(acme: Tenant, portal: Portal, sales: Portal) -> None:
    fill_in(acme)
    narrow, wide, other = token_of(portal, "openid"), token_of(portal, "openid", "email"), token_of(sales, "openid")
    for _ in range(2):
        assert set(ask(acme, narrow).json()) == {"sub"}
        assert set(ask(acme, wide).json()) == {"sub"} | EMAIL
        assert set(ask(acme, other).json()) == ALWAYS


def test_an_answer_writes_nothing_and_refusals_are_folded(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid")
    before = len(acme.history())
    for _ in range(3):
        assert "x-gatebridge-receipt" not in ask(acme, token).headers
    assert len(acme.history()) == before
    receipts = {ask(acme, "gba_nonsense").headers["x-gatebridge-receipt"] for _ in range(30)}
    assert len(receipts) == 21


# --- Pages of other origins ----------------------------------------------------------------------------------------------


def granted(answer: httpx.Response) -> str | None:
    found: str | None = answer.headers.get("access-control-allow-origin")
    return found


def test_std_G_11_a_page_of_the_apps_own_origin_reads_answer_and_refusal(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid")
    allowed = ask(acme, token, headers={"Origin": OWN})
    kill_by_revocation(acme, portal, token)
    refused = ask(acme, token, headers={"Origin": OWN})
    assert (allowed.status_code, refused.status_code) == (200, 401)
    for answer in (allowed, refused):
        assert (granted(answer), answer.headers["vary"]) == (OWN, "Origin")
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["null", "*", "https://evil.example", "http://portal.example", "https://portal.example:8443"])
def test_std_G_11_no_other_page_reads_anything(acme: Tenant, portal: Portal, origin: str) -> None:
    assert granted(ask(acme, token_of(portal, "openid"), headers={"Origin": origin})) is None
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert granted(acme.door.send("OPTIONS", acme.org.issuer + USERINFO, headers=headers)) is None


def test_std_G_11_a_preflight_from_an_apps_origin_may_bring_the_header(acme: Tenant, portal: Portal) -> None:
    headers = {"Origin": OWN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    answer = acme.door.send("OPTIONS", acme.org.issuer + USERINFO, headers=headers)
    assert (answer.status_code, granted(answer), answer.headers["access-control-allow-methods"]) == (204, OWN, "GET, POST")
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_std_G_11_the_page_of_one_app_reads_nothing_of_another(acme: Tenant, portal: Portal) -> None:
    other = make_portal(acme, "Other", callbacks=("https://other.example/callback",), scopes=("openid",))
    token = other.redeem(
        other.code(scopes=("openid",), callback="https://other.example/callback"), redirect_uri="https://other.example/callback"
    )
    assert granted(ask(acme, token.json()["access_token"], headers={"Origin": OWN})) is None


def test_at_a_host_where_no_org_lives_there_is_nobody_to_tell_of(acme: Tenant, portal: Portal) -> None:
    answer = acme.door.get(f"https://nobody.example{USERINFO}", headers={"Authorization": f"Bearer {token_of(portal, 'openid')}"})
    assert answer.status_code == 421


def test_a_client_that_acts_for_itself_learns_in_salesforces_dialect_as_whom_it_runs(acme: Tenant) -> None:
    robot: Client = acme.app("Robot", scopes=("api", "id"), dialect=Dialect.SALESFORCE)
    assert ask(acme, robot.access_token()).json()["preferred_username"] == acme.runner.username


def test_the_policies_of_the_org_hold_here_too(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid")
    with acme.standing.database.transaction() as tx:
        profile = profiles.by_id(tx, acme.org.id, acme.profile.id)
        office = parse_range("192.0.2.0/24")
        assert profile is not None
        assert office is not None
        assert profiles.update(tx, replace(profile, login_ranges=(office,)))
    assert ask(acme, token).status_code == 200
    outside = ask(acme, token, address="198.51.100.7")
    assert (outside.status_code, acme.true_cause(outside)) == (401, "address_outside_ranges")
