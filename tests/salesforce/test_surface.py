"""The resource surface (protocol file 8.9): what Salesforce's clients call right after a sign-in, and the queries of their users."""

import json

import pytest
from structlog.testing import capture_logs
from tests.oauth.tenants import Tenant
from tests.salesforce.surface import ROOT, Surface, refused, rights, surface

from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage import exercised_scopes

UNKNOWN_USER = "005zzzzzzz00000"


@pytest.fixture
def sf(acme: Tenant) -> Surface:
    return surface(acme)


def test_the_list_of_versions_needs_no_token_and_ends_with_the_newest(acme: Tenant) -> None:
    for path in ("/services/data", "/services/data/"):
        answer = acme.door.get(acme.org.issuer + path)
        assert answer.status_code == 200
        assert answer.json()[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
        assert answer.json()[-1]["version"] == "67.0"
    as_xml = acme.door.get(acme.org.issuer + "/services/data", headers={"Accept": "application/xml"})
    assert as_xml.headers["content-type"] == "application/xml;charset=UTF-8"
    assert "<Versions" in as_xml.text
    assert "<version>67.0</version></Version></Versions>" in as_xml.text


@pytest.mark.parametrize("path", ["", "/", ROOT.removeprefix("/services/data") + "/query?q=SELECT+Id+FROM+User+WHERE+Name+%3D+%27a%27"])
def test_with_one_slash_too_many_it_is_told_where_that_is(acme: Tenant, sf: Surface, path: str) -> None:
    answer = acme.door.get(f"{acme.org.issuer}//services/data{path}", headers={"Authorization": f"Bearer {sf.token}"})
    assert (answer.status_code, answer.headers["location"]) == (308, f"{acme.org.issuer}/services/data{path}")
    assert (answer.content, answer.headers["cache-control"]) == (b"", "no-store")
    assert sf.get(answer.headers["location"].removeprefix(acme.org.issuer)).status_code == 200


def test_every_listed_version_answers_alike(acme: Tenant, sf: Surface) -> None:
    listed = acme.door.get(acme.org.issuer + "/services/data").json()
    me = f"/sobjects/User/{long(acme.runner.id)}?fields=Username"
    assert {sf.told(each["url"] + me)["Username"] for each in (listed[0], listed[1], listed[-2], listed[-1])} == {acme.runner.username}


def test_the_address_of_a_version_says_what_is_below_it_and_every_one_of_these_is_there(acme: Tenant, sf: Surface) -> None:
    told = sf.told("")
    assert told == {
        "identity": f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}",
        "sobjects": f"{ROOT}/sobjects",
        "query": f"{ROOT}/query",
        "queryAll": f"{ROOT}/queryAll",
    }
    assert sf.told("/") == told
    query = "?q=SELECT+Id+FROM+Organization"
    for path in (told["sobjects"], told["sobjects"] + "/", told["query"] + query, told["query"] + "/" + query, told["queryAll"] + query):
        assert sf.get(path).status_code == 200, path
    assert acme.door.get(told["identity"], headers={"Authorization": f"Bearer {sf.token}"}).json()["user_id"] == long(acme.runner.id)


def test_compat_05_the_salesforce_cli_finds_who_it_is_and_no_dev_hub(acme: Tenant, sf: Surface) -> None:
    """In its own order: userinfo, the user, the versions, and whether the org is a Dev Hub (protocol file 8.4)."""
    me = acme.door.get(f"{acme.org.issuer}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {sf.token}"}).json()
    user = sf.told(f"/sobjects/User/{me['user_id']}")
    assert user["Username"] == acme.runner.username
    assert user["Id"] == me["user_id"] == long(acme.runner.id)
    assert user["attributes"] == {"type": "User", "url": f"{ROOT}/sobjects/User/{long(acme.runner.id)}"}
    refused(sf.get("/query?q=SELECT%20Id%20FROM%20ScratchOrgInfo%20limit%201"), 400, "INVALID_TYPE")
    org = sf.query("SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix FROM Organization")
    assert (org["totalSize"], org["done"], len(org["records"])) == (1, True, 1)
    assert org["records"][0]["Name"] == acme.org.name


def test_cumulusci_finds_what_it_wants_to_know_of_the_org(acme: Tenant, sf: Surface) -> None:
    org = sf.told(f"/sobjects/Organization/{acme.org.id}")
    assert {"OrganizationType", "IsSandbox", "InstanceName", "NamespacePrefix", "TrialExpirationDate"} <= org.keys()
    assert (org["IsSandbox"], org["NamespacePrefix"], org["TrialExpirationDate"]) == (False, None, None)


def test_a_record_is_found_by_its_id_in_either_form_and_by_the_object_in_any_case(acme: Tenant, sf: Surface) -> None:
    told = sf.told(f"/sobjects/User/{long(acme.runner.id)}")
    for name, record_id in (("User", acme.runner.id), ("user", long(acme.runner.id)), ("USER", long(acme.runner.id).upper())):
        assert sf.told(f"/sobjects/{name}/{record_id}") == told
    assert sf.told(f"/sobjects/User/{acme.runner.id}/") == told


def test_only_the_fields_that_are_asked_for_are_told(acme: Tenant, sf: Surface) -> None:
    told = sf.told(f"/sobjects/User/{acme.runner.id}?fields=username,Email,%20Email")
    assert list(told) == ["attributes", "Username", "Email"]
    wrong = sf.get(f"/sobjects/User/{acme.runner.id}?fields=Username,Shoe__c")
    refused(wrong, 400, "INVALID_FIELD")
    assert "Shoe__c" in wrong.json()[0]["message"]
    many = ",".join(f"F{number}" for number in range(201))
    refused(sf.get(f"/sobjects/User/{acme.runner.id}?fields={many}"), 400, "QUERY_TOO_COMPLICATED")


@pytest.mark.parametrize("record_id", ["nobody", UNKNOWN_USER, "9" * 15, "00Dzzzzzzz00000", "%2e%2e", "a" * 300])
def test_an_id_that_names_nothing_here_is_not_found(sf: Surface, record_id: str) -> None:
    refused(sf.get(f"/sobjects/User/{record_id}"), 404, "NOT_FOUND", "The requested resource does not exist")


def test_a_record_that_may_not_be_read_and_one_that_never_was_are_one_answer(acme: Tenant, rival: Tenant, sf: Surface) -> None:
    hidden, never, elsewhere = (sf.get(f"/sobjects/User/{each}") for each in (acme.admin.user_id, UNKNOWN_USER, rival.runner.id))
    assert (hidden.status_code, hidden.text) == (never.status_code, never.text) == (elsewhere.status_code, elsewhere.text)
    assert hidden.headers["link"] == never.headers["link"]
    rights(acme, Permission.API_ENABLED, Permission.MANAGE_USERS)
    assert sf.told(f"/sobjects/User/{acme.admin.user_id}")["Id"] == long(acme.admin.user_id or "")
    assert sf.get(f"/sobjects/User/{rival.runner.id}").text == never.text


def test_one_sees_the_own_history_by_a_query_whose_status_may_be_filtered(acme: Tenant, sf: Surface) -> None:
    sf.portal.redeem("gbc_nonsense")
    found = sf.query("SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status = 'Success'")
    (record,) = found["records"]
    assert record.pop("attributes")["type"] == "LoginHistory"
    assert record == {
        "UserId": long(acme.runner.id),
        "LoginTime": acme.standing.clock.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "SourceIp": "192.0.2.10",
        "Status": "Success",
        "Application": "Sales Tool",
    }
    assert sf.query("SELECT COUNT() FROM LoginHistory") == {"totalSize": 1, "done": True, "records": []}
    rights(acme, Permission.API_ENABLED, Permission.MONITOR_LOGIN_HISTORY)
    refusals = sf.query("SELECT Status FROM LoginHistory WHERE Status != 'Success'")["records"]
    assert [each["Status"] for each in refusals] == ["code_unknown"]


def test_a_long_answer_comes_in_pages_and_every_page_names_the_next(acme: Tenant, sf: Surface) -> None:
    for number in range(201):
        acme.door.get(f"{acme.org.issuer}{ROOT}/", headers={"Authorization": f"Bearer gba_{number}"}, address=f"192.0.{number}.1")
    rights(acme, Permission.API_ENABLED, Permission.MONITOR_LOGIN_HISTORY)
    options = {"Sforce-Query-Options": "batchSize=200"}
    first = sf.query("SELECT Id, Event FROM LoginHistory WHERE Status = 'token_unknown' ORDER BY Id", options)
    assert (first["totalSize"], first["done"], len(first["records"])) == (201, False, 200)
    assert first["nextRecordsUrl"].startswith(f"{ROOT}/query/")
    last = sf.told(first["nextRecordsUrl"])
    assert (last["totalSize"], last["done"], len(last["records"])) == (201, True, 1)
    assert "nextRecordsUrl" not in last
    assert sf.told(first["nextRecordsUrl"].replace("/query/", "/queryAll/")) == last
    assert {each["Event"] for each in first["records"]} == {"data"}
    refused(sf.get("/query/nonsense"), 400, "INVALID_QUERY_LOCATOR")
    for words in ("batchSize=x", "", "batchSize = 99999", "what=200"):
        assert sf.query("SELECT Id FROM LoginHistory", {"Sforce-Query-Options": words})["done"] is True


@pytest.mark.parametrize(
    ("path", "status", "error_code"),
    [
        ("/query?q=SELEKT+Id+FROM+User", 400, "MALFORMED_QUERY"),
        ("/query?q=SELECT+Id+FROM+Account", 400, "INVALID_TYPE"),
        ("/query?q=SELECT+Action+FROM+SetupAuditTrail", 400, "INVALID_TYPE"),
        ("/query?q=SELECT+Nmae+FROM+User", 400, "INVALID_FIELD"),
        ("/query?q=SELECT+Id+FROM+User+WHERE+Id+LIKE+'005%25'", 400, "INVALID_QUERY_FILTER_OPERATOR"),
        ("/query", 400, "MALFORMED_QUERY"),
        ("/query?q=", 400, "MALFORMED_QUERY"),
        ("/query?q=%20", 400, "MALFORMED_QUERY"),
        ("/query?q=%00", 400, "MALFORMED_QUERY"),
        ("/query?q=%FF", 400, "MALFORMED_QUERY"),
        ("/query/a/b", 404, "NOT_FOUND"),
        ("/sobjects/Account", 404, "NOT_FOUND"),
        ("/sobjects/SetupAuditTrail/describe", 404, "NOT_FOUND"),
        ("/sobjects/User/005/x/y", 404, "NOT_FOUND"),
        ("/sobjects//describe", 404, "NOT_FOUND"),
        ("/limits", 404, "NOT_FOUND"),
        ("/composite/sobjects", 404, "NOT_FOUND"),
        ("/tooling", 404, "NOT_FOUND"),
        ("/tooling/query?q=SELECT+Id+FROM+ApexClass", 404, "NOT_FOUND"),
        ("/search/?q=FIND+x", 404, "NOT_FOUND"),
        ("/services/data/v30.0/", 404, "NOT_FOUND"),
        ("/services/data/v68.0/query?q=SELECT+Id+FROM+User", 404, "NOT_FOUND"),
        ("/services/data/limits", 404, "NOT_FOUND"),
        ("/services/data//", 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_refused_in_salesforces_shape(sf: Surface, path: str, status: int, error_code: str) -> None:
    refused(sf.get(path), status, error_code)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["", "/sobjects/User", "/sobjects/User/005000000000000", "/query", "/composite", "/services/data"])
def test_nothing_can_be_written(sf: Surface, method: str, path: str) -> None:
    answer = sf.get(path, method=method)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "HEAD"}
    assert "access-control-allow-origin" not in answer.headers


def test_headers_of_other_clients_change_nothing_and_head_is_answered(acme: Tenant, sf: Surface) -> None:
    path = f"/sobjects/User/{acme.runner.id}?fields=Id"
    plain = sf.get(path)
    others = {
        "Sforce-Call-Options": "client=SforceOAuth2Client, defaultNamespace=x",
        "X-SFDC-Session": "nonsense",
        "Accept-Encoding": "gzip, deflate, br",
        "If-Modified-Since": "Sat, 28 Nov 2026 00:00:00 GMT",
        "If-None-Match": "*",
        "Origin": "https://evil.example",
        "Content-Type": "application/json",
    }
    answer = sf.get(path, others)
    assert (answer.status_code, answer.content) == (200, plain.content)
    assert not {"etag", "access-control-allow-origin", "content-encoding"} & set(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    pretty = sf.get(path, {"X-PrettyPrint": "1"})
    assert pretty.json() == plain.json()
    assert pretty.text == json.dumps(plain.json(), indent=2)
    assert sf.get(path, method="HEAD").status_code == 200
    as_xml = sf.get(path, {"Accept": "application/xml"})
    assert f"<Id>{long(acme.runner.id)}</Id></User>" in as_xml.text
    assert "<errorCode>NOT_FOUND</errorCode></Error></Errors>" in sf.get("/limits", {"Accept": "text/xml"}).text


def test_a_query_leaves_no_line_and_the_use_of_the_scope_is_noted_once(acme: Tenant, sf: Surface) -> None:
    before = len(acme.history())
    for _ in range(3):
        sf.query("SELECT Id FROM User")
        refused(sf.get("/query?q=nonsense"), 400, "MALFORMED_QUERY")
    assert len(acme.history()) == before
    grant_id = acme.history()[-1].grant_id
    with acme.standing.database.snapshot() as tx:
        used = exercised_scopes.of_grants(tx, acme.org.id, [grant_id])
    assert [each.scope for each in used[grant_id]] == ["api"]


def test_the_standard_dialect_is_answered_in_the_same_shapes(acme: Tenant) -> None:
    standard = surface(acme, dialect=Dialect.STANDARD)
    assert standard.query("SELECT Username FROM User")["records"][0]["Username"] == acme.runner.username
    refused(standard.get("/query?q=SELECT+Id+FROM+Account"), 400, "INVALID_TYPE")


def test_addresses_are_counted_and_logged_by_their_pattern_and_never_by_what_was_asked(acme: Tenant, sf: Surface) -> None:
    with capture_logs() as logged:
        sf.get(f"/sobjects/User/{acme.runner.id}")
        sf.get("/query/a-locator?q=a-name")
        acme.door.get(f"{acme.org.issuer}/{ROOT}/sobjects/User/{acme.runner.id}")
    assert [line["path"] for line in logged if line["event"] == "request"] == [
        "/services/data/{version}/sobjects/{sobject}/{id}",
        "/services/data/{version}/query/{locator}",
        "//services/data",
    ]
    for path in ("/sobjects/Canary/005", "/query/canary", "/canary/canary/", "/tooling/canary/x", f"/sobjects/User/{acme.runner.id}"):
        sf.get(path)
    acme.door.send("POST", f"{acme.org.issuer}/services/Soap/canary/canary")
    routes = {
        sample.labels["route"]
        for metric in acme.standing.house.metrics.requests.collect()
        for sample in metric.samples
        if sample.labels["route"].startswith("/services/data/") or "Soap" in sample.labels["route"]
    }
    assert not [route for route in routes if "anary" in route or acme.runner.id in route]
    assert {
        "/services/data/{version}/sobjects/{sobject}/{id}",
        "/services/data/{version}/{rest}",
        "/services/data/{version}/tooling/{rest}",
        "/services/Soap/{rest}",
    } <= routes
