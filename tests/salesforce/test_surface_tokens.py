"""Whom the resource surface lets in: the words on which Salesforce's clients get a new token, and the record that keeps what was wrong."""

from typing import Any

import pytest
from tests.oauth.tenants import Tenant
from tests.salesforce.surface import ROOT, Surface, refused, rights, surface

from gatebridge.monitoring import explain
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage import people

OVER = "Session expired or invalid"
QUERY = "/query?q=SELECT+Id+FROM+Organization"


@pytest.fixture
def sf(acme: Tenant) -> Surface:
    return surface(acme)


def receipt(acme: Tenant, answer: Any) -> Any:
    """The line that the answer points to, by its header and by the address of the page alike."""
    line = acme.receipt(answer)
    assert f"?receipt={long(line.id)}>" in answer.headers["link"]
    assert (line.event, line.outcome) == ("data", "refused")
    return line


def test_compat_09_an_expired_token_is_told_so_that_every_client_gets_a_new_one(acme: Tenant, sf: Surface) -> None:
    assert sf.get(QUERY).status_code == 200
    acme.standing.clock.advance(hours=3)
    answer = sf.get(QUERY)
    refused(answer, 401, "INVALID_SESSION_ID", OVER)
    assert answer.text == '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'
    assert answer.headers["www-authenticate"] == f'Bearer realm="{acme.org.host}", error="invalid_token"'
    line = receipt(acme, answer)
    assert (line.reason, line.user_id, line.app_id) == ("token_expired", acme.runner.id, sf.portal.app.id)
    assert line.receipt["request"] == {"method": "GET", "path": f"{ROOT}/query"}  # without the query, which may name people


def test_whatever_is_wrong_with_a_token_is_one_answer_and_the_receipt_tells_which(acme: Tenant, rival: Tenant) -> None:
    revoked, frozen, foreign = surface(acme, "First"), surface(acme, "Second"), surface(rival)
    revoked.portal.app.revoke(revoked.token)
    with acme.standing.database.transaction() as tx:
        people.change_frozen(tx, acme.org.id, acme.runner.id, True)
    dead = {
        revoked.token: "token_revoked",
        frozen.token: "user_frozen",
        foreign.token: "token_unknown",
        "gba_nonsense": "token_unknown",
        "00Dxx!AQnonsense": "token_unknown",
    }
    for token, cause in dead.items():
        answer = acme.door.get(acme.org.issuer + ROOT + QUERY, headers={"Authorization": f"Bearer {token}"})
        refused(answer, 401, "INVALID_SESSION_ID", OVER)
        assert "/help/reasons/access_token_refused?" in answer.headers["link"]
        line = receipt(acme, answer)
        assert line.reason == cause
        assert token not in str(line)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "OAuth", "OAUTH"])
def test_the_header_may_say_either_word(sf: Surface, scheme: str) -> None:
    assert sf.get(QUERY, {"Authorization": f"{scheme} {sf.token}"}).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "cause"),
    [
        (None, "bearer_missing"),
        ("", "bearer_malformed"),
        ("Basic dXNlcjpwYXNz", "bearer_malformed"),
        ("Bearer", "bearer_malformed"),
        ("Bearer  two-blanks", "bearer_malformed"),
        ("Token x", "bearer_malformed"),
    ],
)
def test_without_a_token_nothing_is_told(acme: Tenant, authorization: str | None, cause: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = acme.door.get(acme.org.issuer + ROOT + "/sobjects/User/005000000000000", headers=headers)
    if cause == "bearer_missing":
        refused(answer, 401, "INVALID_SESSION_ID", OVER)
        assert answer.headers["www-authenticate"] == f'Bearer realm="{acme.org.host}"'
    else:
        refused(answer, 401, "INVALID_AUTH_HEADER")
    assert receipt(acme, answer).reason == cause


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_X_TK_14_never_in_the_address_whatever_the_dialect(acme: Tenant, name: str, dialect: Dialect) -> None:
    sf = surface(acme, dialect=dialect)
    url = f"{acme.org.issuer}{ROOT}{QUERY}&{name}={sf.token}"
    answer = acme.door.get(url)
    refused(answer, 401, "INVALID_AUTH_HEADER")
    assert receipt(acme, answer).reason == "bearer_in_query"
    twice = acme.door.get(url, headers={"Authorization": f"Bearer {sf.token}"})
    refused(twice, 401, "INVALID_AUTH_HEADER")
    assert receipt(acme, twice).reason == "bearer_two_ways"


def test_nor_in_two_headers(acme: Tenant, sf: Surface) -> None:
    two = [("Authorization", f"Bearer {sf.token}"), ("Authorization", "Bearer other")]
    answer = acme.door.send("GET", acme.org.issuer + ROOT + QUERY, headers=two)
    refused(answer, 401, "INVALID_AUTH_HEADER")
    assert receipt(acme, answer).reason == "bearer_two_ways"


def test_a_signed_token_opens_the_same(acme: Tenant) -> None:
    sf = surface(acme)
    sf.portal.settings(access_token_format=TokenFormat.JWT)
    signed = sf.portal.signed_in(scopes=("api",))["access_token"]
    assert signed.count(".") == 2
    assert Surface(acme, sf.portal, signed).query("SELECT Username FROM User")["totalSize"] == 1
    refused(sf.get(QUERY, {"Authorization": f"Bearer {signed[:-8]}AAAAAAAA"}), 401, "INVALID_SESSION_ID", OVER)


def test_a_service_reads_as_the_user_it_runs_as(acme: Tenant) -> None:
    app = acme.app("Nightly", scopes=("api",), flows=frozenset({Flow.CLIENT_CREDENTIALS}))
    answer = acme.door.get(
        acme.org.issuer + ROOT + "/query?q=SELECT+Id+FROM+User", headers={"Authorization": f"Bearer {app.access_token()}"}
    )
    assert [each["Id"] for each in answer.json()["records"]] == [long(acme.runner.id)]


def test_a_token_without_the_scope_is_told_so_and_with_full_it_needs_none(acme: Tenant) -> None:
    answer = surface(acme, scopes=("id", "openid")).get(QUERY)
    refused(answer, 403, "INSUFFICIENT_ACCESS", "This session is not valid for use with the REST API")
    assert "/help/reasons/scope_insufficient?" in answer.headers["link"]
    assert receipt(acme, answer).reason == "scope_insufficient"
    assert surface(acme, "Everything", scopes=("full", "refresh_token")).get(QUERY).status_code == 200


def test_the_right_to_use_apis_counts_at_every_request(acme: Tenant, sf: Surface) -> None:
    rights(acme, Permission.VIEW_SETUP)
    answer = sf.get(QUERY)
    refused(answer, 403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this user")
    assert receipt(acme, answer).reason == "api_not_enabled"
    rights(acme, Permission.API_ENABLED)
    assert sf.get(QUERY).status_code == 200


def test_what_a_right_opens_is_open_from_the_next_request_on_and_closed_again(acme: Tenant, sf: Surface) -> None:
    trail = "/query?q=SELECT+Action+FROM+SetupAuditTrail"
    refused(sf.get(trail), 400, "INVALID_TYPE")
    rights(acme, Permission.API_ENABLED, Permission.VIEW_AUDIT_TRAIL)
    assert sf.get(trail).status_code == 200
    assert sf.get("/sobjects/SetupAuditTrail").status_code == 200
    rights(acme, Permission.API_ENABLED)
    refused(sf.get(trail), 400, "INVALID_TYPE", "sObject type 'SetupAuditTrail' is not supported.")
    refused(sf.get("/sobjects/SetupAuditTrail"), 404, "NOT_FOUND")


def test_who_administers_by_another_scope_does_not_read_by_it(acme: Tenant) -> None:
    """`setup_api` opens the admin API, and `api` what is here; neither implies the other."""
    admin = surface(acme, scopes=("setup_api", "refresh_token"))
    admin.portal.policies(may_administer=True)
    token = admin.portal.signed_in(scopes=("setup_api", "refresh_token"))["access_token"]
    answer = Surface(acme, admin.portal, token).get(QUERY)
    refused(answer, 403, "INSUFFICIENT_ACCESS")


def test_strangers_who_try_tokens_are_folded_into_one_row(acme: Tenant) -> None:
    for number in range(25):
        acme.door.get(acme.org.issuer + ROOT, headers={"Authorization": f"Bearer gba_{number}"})
    assert len([line for line in acme.history() if line.event == "data"]) == 20


def test_at_a_host_where_no_org_lives_and_beyond_the_limits_the_shape_is_the_same(acme: Tenant, sf: Surface) -> None:
    elsewhere = sf.get(QUERY, {"Host": "nobody.example"})
    assert elsewhere.status_code == 421
    assert elsewhere.json()[0]["errorCode"] == "INVALID_REQUEST"
    too_long = sf.get("/query?q=" + "x" * 20_000)
    assert (too_long.status_code, too_long.json()[0]["errorCode"]) == (431, "INVALID_REQUEST")
    too_large = acme.door.send("POST", acme.org.issuer + ROOT, body=b"x" * 100_000)
    assert (too_large.status_code, too_large.json()[0]["errorCode"]) == (413, "INVALID_REQUEST")


def test_a_refusal_can_be_explained_with_what_would_be_found_now(acme: Tenant) -> None:
    narrow = surface(acme, scopes=("id", "openid"))
    line = acme.receipt(narrow.get(QUERY))
    with acme.standing.database.snapshot() as tx:
        now = explain.from_receipt(tx, acme.admin, line.id).now
    assert now is not None
    assert now.reason is not None
    assert now.reason.code == "scope_insufficient"
