"""The identity URL (protocol file 6.5): the `id` of a token answer, as Salesforce's clients call it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Tenant
from tests.oauth.test_userinfo import EVERY_SCOPE, OWN, fill_in, granted, token_of

from gatebridge.oauth.identity_urls import PLACEHOLDER, version_asked
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.storage import apps, people, profiles

REASON = "A portal for everything."
UNKNOWN_USER = "005zzzzzzz00000"


@pytest.fixture(params=list(Dialect), ids=str)
def portal(acme: Tenant, request: pytest.FixtureRequest) -> Portal:
    return make_portal(acme, scopes=EVERY_SCOPE, full_scope_reason=REASON, dialect=request.param)


@pytest.fixture
def sales(acme: Tenant) -> Portal:
    return make_portal(acme, "Sales", dialect=Dialect.SALESFORCE, scopes=EVERY_SCOPE, full_scope_reason=REASON)


@pytest.fixture
def strict(acme: Tenant) -> Portal:
    return make_portal(acme, "Strict", scopes=EVERY_SCOPE, full_scope_reason=REASON)


def ask(acme: Tenant, token: str, org: str, user: str, query: str = "", headers: Mapping[str, str] | None = None) -> httpx.Response:
    sent = {"Authorization": f"Bearer {token}"} | dict(headers or {})
    return acme.door.get(f"{acme.org.issuer}/id/{org}/{user}{query}", headers=sent)


def own(acme: Tenant, token: str, query: str = "") -> Any:
    answer = ask(acme, token, long(acme.org.id), long(acme.runner.id), query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def other_user(acme: Tenant) -> User:
    with acme.standing.database.snapshot() as tx:
        found = people.by_id(tx, acme.org.id, acme.admin.user_id or "")
    assert found is not None
    return found


def test_the_id_of_the_token_answer_leads_to_the_document(acme: Tenant, portal: Portal) -> None:
    user = fill_in(acme)
    body = portal.signed_in(scopes=("id", "refresh_token"))
    told = acme.door.get(body["id"], headers={"Authorization": f"Bearer {body['access_token']}"}).json()
    urls, photos = told.pop("urls"), told.pop("photos")
    assert told == {
        "id": body["id"],
        "asserted_user": True,
        "user_id": long(user.id),
        "organization_id": long(acme.org.id),
        "username": user.username,
        "nick_name": "runner",
        "display_name": "Runner Example",
        "first_name": "Runner",
        "last_name": "Example",
        "email": "runner@example.com",
        "email_verified": True,
        "timezone": "Europe/Berlin",
        "locale": "de_DE",
        "language": "de_DE",
        "utcOffset": 3_600_000,
        "addr_street": "Unter den Linden 1\n2. Stock",
        "addr_city": "Berlin",
        "addr_state": "Berlin",
        "addr_country": "DE",
        "addr_zip": "10117",
        "mobile_phone": "+49 30 901820",
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "active": True,
        "user_type": "STANDARD",
        "last_modified_date": acme.standing.clock.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "is_app_installed": True,
    }
    assert set(photos) == {"picture", "thumbnail"}
    assert all(f"{url}?oauth_token=x" for url in photos.values())  # never null: a client appends to it without looking
    assert set(urls) == {
        *("enterprise", "metadata", "partner", "rest", "sobjects", "search", "query", "recent", "tooling_soap", "tooling_rest"),
        *("profile", "feeds", "groups", "users", "feed_items", "feed_elements", "custom_domain"),
    }
    assert urls["custom_domain"] == acme.org.issuer


def test_what_the_scopes_do_not_tell_is_null_and_never_missing(acme: Tenant, portal: Portal) -> None:
    fill_in(acme)
    narrow, wide = own(acme, token_of(portal, "openid", "email")), own(acme, token_of(portal, "id"))
    assert narrow.keys() == wide.keys()
    assert narrow["email"] == "runner@example.com"
    hidden = {"username", "display_name", "first_name", "timezone", "mobile_phone", "addr_city", "addr_street"}
    assert {narrow[name] for name in hidden} == {None}


def test_what_is_empty_is_null(acme: Tenant, portal: Portal) -> None:
    fill_in(acme, phone="", street="", region="", first_name="")
    told = own(acme, token_of(portal, "id"))
    assert (told["mobile_phone"], told["addr_street"], told["addr_state"], told["first_name"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("query", "version"),
    [("", PLACEHOLDER), ("?version=latest", "67.0"), ("?version=46.0", "46.0"), ("?version=46", "46.0"), ("?version=..%2F", PLACEHOLDER)],
)
def test_the_version_is_filled_in_where_it_is_asked_for(acme: Tenant, sales: Portal, query: str, version: str) -> None:
    urls = own(acme, token_of(sales, "id"), query)["urls"]
    assert urls["rest"] == f"{acme.org.issuer}/services/data/v{version}/"
    assert urls["enterprise"] == f"{acme.org.issuer}/services/Soap/c/{version}/{acme.org.id}"


@pytest.mark.parametrize(("text", "version"), [(None, PLACEHOLDER), ("v46.0", PLACEHOLDER), ("46.5", PLACEHOLDER), ("007", "7.0")])
def test_a_version_is_a_number(text: str | None, version: str) -> None:
    assert version_asked(text) == version


def test_ids_of_15_and_of_18_characters_name_the_same(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "id")
    told = own(acme, token)
    for org in (acme.org.id, long(acme.org.id)):
        for user in (acme.runner.id, long(acme.runner.id), long(acme.runner.id).upper(), long(acme.runner.id).lower()):
            assert ask(acme, token, org, user).json() == told


def test_a_post_gets_the_same(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "id")
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    assert acme.door.post(url, {"access_token": token}).json() == own(acme, token)
    latest = acme.door.post(url, {"access_token": token, "version": "latest"}).json()
    assert latest["urls"]["rest"].endswith("/v67.0/")


def test_jsforce_social_core_and_omniauth_call_it_each_in_its_own_way(acme: Tenant, sales: Portal) -> None:
    token = token_of(sales, "api")
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    bearer = {"Authorization": f"Bearer {token}"}
    jsforce = acme.door.get(f"{url}?format=json&oauth_token={token}", headers=bearer)
    social_core = acme.door.get(f"{url}?access_token={token}")
    omniauth = acme.door.send("POST", url, headers=bearer)
    by_its_old_scheme = acme.door.get(url, headers={"Authorization": f"OAuth {token}"})
    for answer in (jsforce, social_core, omniauth, by_its_old_scheme):
        assert answer.json()["username"] == acme.runner.username
    for in_address in (jsforce, social_core):
        line = acme.receipt(in_address)
        assert (line.event, line.outcome) == ("identity", "success")
        assert token not in str(line)
    assert "x-gatebridge-receipt" not in omniauth.headers


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_X_TK_14_std_BR_03_in_the_standard_dialect_never_in_the_address(acme: Tenant, strict: Portal, name: str) -> None:
    answer = acme.door.get(f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}?{name}={token_of(strict, 'id')}")
    assert (answer.status_code, acme.true_cause(answer)) == (400, "bearer_in_query")


# --- Refusals ------------------------------------------------------------------------------------------------------------


def refused(acme: Tenant, answer: httpx.Response, dialect: Dialect, words: str, status: int, error: str, cause: str) -> None:
    """A refusal, in the words of either dialect."""
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.reason) == ("identity", "refused", cause)
    if dialect is Dialect.SALESFORCE:
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (status, words, "text/plain;charset=UTF-8")
    else:
        assert (answer.status_code, answer.json()["error"]) == (status, error)


def dialect_of(portal: Portal) -> Dialect:
    with portal.acme.standing.database.snapshot() as tx:
        found = apps.by_id(tx, portal.acme.org.id, portal.app.id)
    assert found is not None
    return found.dialect


def test_a_dead_token_is_told_in_the_dialect_of_its_app(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "id")
    portal.app.revoke(token)
    answer = ask(acme, token, long(acme.org.id), long(acme.runner.id))
    if dialect_of(portal) is Dialect.SALESFORCE:
        assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    else:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert acme.true_cause(answer) == "token_revoked"


def test_without_a_token_or_with_one_that_nobody_knows_nothing_is_told_about_anybody(acme: Tenant) -> None:
    for user in (long(acme.runner.id), UNKNOWN_USER, "nonsense"):
        unknown = ask(acme, "gba_nonsense", long(acme.org.id), user)
        missing = acme.door.get(f"{acme.org.issuer}/id/{long(acme.org.id)}/{user}")
        assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_token")
        assert (missing.status_code, missing.headers["www-authenticate"]) == (401, f'Bearer realm="{acme.org.host}"')


def test_another_orgs_address_is_not_ours_to_tell(acme: Tenant, rival: Tenant, portal: Portal) -> None:
    answer = ask(acme, token_of(portal, "id", "api"), long(rival.org.id), long(rival.runner.id))
    refused(acme, answer, dialect_of(portal), "Wrong_Org", 403, "forbidden", "identity_of_other_org")


def test_X_MX_06_a_token_of_another_org_is_unknown_here(acme: Tenant, rival: Tenant, portal: Portal) -> None:
    answer = ask(rival, token_of(portal, "id"), long(acme.org.id), long(acme.runner.id))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("user", ["x", "9" * 15, "005" + "!" * 12, UNKNOWN_USER, "00Dzzzzzzz00000"])
def test_an_id_that_names_nobody_is_a_bad_one(acme: Tenant, portal: Portal, user: str) -> None:
    answer = ask(acme, token_of(portal, "id", "api"), long(acme.org.id), user)
    refused(acme, answer, dialect_of(portal), "Bad_Id", 404, "not_found", "identity_unknown")


@pytest.mark.parametrize("org", ["x", "005zzzzzzz00000"])
def test_so_is_one_that_names_no_org(acme: Tenant, portal: Portal, org: str) -> None:
    answer = ask(acme, token_of(portal, "id"), org, long(acme.runner.id))
    refused(acme, answer, dialect_of(portal), "Bad_Id", 404, "not_found", "identity_unknown")


def test_another_users_document_needs_api(acme: Tenant, portal: Portal) -> None:
    answer = ask(acme, token_of(portal, "id", "openid"), long(acme.org.id), long(other_user(acme).id))
    refused(acme, answer, dialect_of(portal), "Invalid_Scope", 403, "insufficient_scope", "scope_insufficient")
    if dialect_of(portal) is Dialect.STANDARD:
        assert answer.headers["www-authenticate"].endswith('scope="api"')
    # Whether there is such a user makes no difference to who may not ask.
    nobody = ask(acme, token_of(portal, "id", "openid"), long(acme.org.id), UNKNOWN_USER)
    assert (nobody.status_code, acme.true_cause(nobody)) == (403, "scope_insufficient")


@pytest.mark.parametrize("scope", ["api", "full"])
def test_who_may_use_the_api_sees_the_name_of_another_user_and_no_way_to_reach_them(acme: Tenant, portal: Portal, scope: str) -> None:
    ada = other_user(acme)
    told = ask(acme, token_of(portal, scope), long(acme.org.id), long(ada.id)).json()
    assert (told["asserted_user"], told["username"], told["display_name"]) == (False, ada.username, "Ada Example")
    assert {told[name] for name in ("email", "mobile_phone", "addr_city", "addr_street")} == {None}
    assert "custom_permissions" not in told


def test_who_may_see_people_in_setup_sees_how_to_reach_them_here_too(acme: Tenant, portal: Portal) -> None:
    with acme.standing.database.transaction() as tx:
        profile = profiles.by_id(tx, acme.org.id, acme.profile.id)
        assert profile is not None
        assert profiles.update(tx, replace(profile, permissions=profile.permissions | {Permission.VIEW_SETUP}))
    told = ask(acme, token_of(portal, "api"), long(acme.org.id), long(other_user(acme).id)).json()
    assert told["email"] == "ada@example.com"


def test_a_frozen_users_document_says_that_they_are_not_active(acme: Tenant, sales: Portal) -> None:
    ada = other_user(acme)
    with acme.standing.database.transaction() as tx:
        people.change_frozen(tx, acme.org.id, ada.id, True)
    assert ask(acme, token_of(sales, "api"), long(acme.org.id), long(ada.id)).json()["active"] is False


def test_a_token_without_a_scope_that_tells_who_somebody_is_opens_nothing(acme: Tenant, portal: Portal) -> None:
    portal.settings(scopes=("web", "id", "refresh_token"), full_scope_reason="")
    answer = ask(acme, token_of(portal, "web"), long(acme.org.id), long(acme.runner.id))
    assert answer.status_code == 403
    assert acme.true_cause(answer) == "scope_insufficient"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_only_get_and_post_answer(acme: Tenant, method: str) -> None:
    answer = acme.door.send(method, f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_std_G_11_a_page_of_the_apps_own_origin_reads_it(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "id")
    for origin, reads in ((OWN, OWN), ("https://evil.example", None), ("null", None)):
        answer = ask(acme, token, long(acme.org.id), long(acme.runner.id), headers={"Origin": origin})
        assert (answer.status_code, granted(answer)) == (200, reads)


def test_an_answer_writes_nothing(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "id")
    before = len(acme.history())
    own(acme, token)
    assert len(acme.history()) == before
