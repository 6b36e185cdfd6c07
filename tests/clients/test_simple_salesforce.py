"""simple-salesforce as it is published, at an org that has the address of a Salesforce org behind a private certificate authority.

The library goes to https://<domain>.salesforce.com whatever it is told, so here the name leads to our server, as it does where the name
servers of an operator say so. What an application does is in simple_salesforce/stories.py; each test looks at one step.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.clients.guided import KEY, guided
from tests.clients.python_programs import Answers, Machine, tell_stories
from tests.clients.salesforce_house import SalesforceHouse, Service, salesforce_house
from tests.clients.tls import TlsDoor, tls_door
from tests.clients.unready import without_api_right, without_api_scope, without_approval, without_runner
from tests.conformance.running import Registered
from tests.oauth.client_keys import client_key

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.client_differences import TROUBLES, Trouble
from gatebridge.rules.client_guides import WAYS, GuidedClient
from gatebridge.rules.ids import Prefix
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import people

DOMAIN = "acme.my"
HOST = f"{DOMAIN}.salesforce.com"
GUIDE = [way.name for way in WAYS[GuidedClient.SIMPLE_SALESFORCE]]
PAGE = 200  # the least that a client may ask for
CROWD = 2 * PAGE  # people beside the few whom each house has, so that they fill two pages and some of a third


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    with tls_door(tmp_path_factory.mktemp("tls"), HOST) as door:
        yield door


@pytest.fixture(scope="module")
def house(door: TlsDoor, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceHouse]:
    with salesforce_house(tmp_path_factory.mktemp("running"), sqlite_template, door) as house:
        with house.house.database.transaction() as tx:
            for number in range(CROWD):
                name = f"crowd.{number:03}@acme.example"
                assert people.insert(tx, replace(house.clerk, id=tx.new_id(Prefix.USER), username=name, email=name), None)
        yield house


def listed_for_salesforce(house: SalesforceHouse) -> Service:
    """A service whose assertions may name Salesforce's own login host, as those do of a library that is told no domain."""
    service = house.service()
    with house.house.database.transaction() as tx:
        edit_settings(tx, house.house.admin, EditSettings(service.app.id, assertion_audiences=("https://login.salesforce.com",)))
    return service


@pytest.fixture(scope="module")
def sync(house: SalesforceHouse) -> Registered:
    """An app that proves itself by its secret and acts for an admin."""
    return house.house.app(
        "Nightly Sync", run_as=house.admin, dialect=Dialect.SALESFORCE, flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api", "id")
    )


def by_secret(app: Registered) -> dict[str, str]:
    """An app as the library is told of it."""
    return {"consumer_key": app.client_id, "consumer_secret": app.secret}


@pytest.fixture(scope="module")
def machine(door: TlsDoor, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("home"), door.authority.bundle, {HOST: door.port})


@pytest.fixture(scope="module")
def told(house: SalesforceHouse, sync: Registered, door: TlsDoor, machine: Machine) -> dict[str, Any]:
    """What every step told. They run once, one after the other."""
    service, frozen = house.service(), house.house.person("frozen")
    ways = {name: guided(house, GuidedClient.SIMPLE_SALESFORCE, name) for name in GUIDE}

    def end(token: str) -> int:
        return house.house.http.post(f"{house.url}/services/oauth2/revoke", data={"token": token}).status_code

    def freeze(username: str) -> None:
        assert username == frozen.username
        with house.house.database.transaction() as tx:
            freeze_user(tx, house.house.admin, FreezeUser(frozen.id, "To see what an application is told."))

    def wait(hours: int) -> None:
        house.house.clock.wait(hours=hours)

    given = {
        "port": door.port,
        "domain": DOMAIN,
        "by secret": by_secret(sync),
        "by key": {"consumer_key": service.app.client_id, "username": house.clerk.username, "privatekey": service.pem},
        "other key": Service(service.app, client_key("RS256", 42)).pem,
        "listed": listed_for_salesforce(house).app.client_id,
        "unapproved": without_approval(house).client_id,
        "powerless": without_api_right(house, service).username,
        "outsider": house.admin.username,
        "frozen": frozen.username,
        "narrow": by_secret(without_api_scope(house)),
        "orphan": by_secret(without_runner(house)),
        "guide": {name: {"steps": way.steps, "secret": way.app.secret} for name, way in ways.items()},
        "guide's key": Service(sync, KEY).pem,
    }
    answers: Answers = {"end": end, "freeze": freeze, "wait": wait}
    return tell_stories("simple_salesforce", machine, given, answers)


def done(told: dict[str, Any], name: str) -> Any:
    """What a step told; it must have worked."""
    assert not isinstance(told[name], str), told[name]
    return told[name]


def test_it_looks_for_nothing_but_the_org(told: dict[str, Any], machine: Machine) -> None:
    assert machine.wanted == []


# --- Getting in ----------------------------------------------------------------------------------------------------------


def test_compat_12_it_gets_in_by_its_secret_in_a_header_alone(house: SalesforceHouse, told: dict[str, Any]) -> None:
    assert done(told, "client credentials") == {"instance": HOST, "user": house.admin.username}


def test_compat_04_it_gets_in_by_an_assertion_whose_end_is_a_text(house: SalesforceHouse, told: dict[str, Any]) -> None:
    assert done(told, "assertion") == {"instance": HOST, "user": house.clerk.username, "sandbox": False}


def test_an_assertion_may_name_the_login_host_of_salesforce_where_an_admin_listed_it(told: dict[str, Any]) -> None:
    assert done(told, "assertion for the login host, listed") == {"instance": HOST}
    assert done(told, "an assertion for the login host")["text"] == "Authentication failed (code: invalid_grant): audience is invalid"


def test_it_takes_a_token_and_an_address_and_keeps_the_port(door: TlsDoor, told: dict[str, Any]) -> None:
    assert done(told, "session") == {"by address": 1, "by name": 1, "elsewhere": f"localhost:{door.port}"}


@pytest.mark.parametrize("name", GUIDE)
def test_each_way_of_our_guide_works_as_it_is_written(told: dict[str, Any], name: str) -> None:
    printed = done(told, f"the guide's way, {name}")
    assert printed, "the guide asks for the newest logins, and this was one"
    assert all("LoginTime" in line and "LoginHistory" in line for line in printed)


# --- Not getting in ------------------------------------------------------------------------------------------------------

# What the library shows of each refusal, by its step, and under which reason the login history has it.
REFUSED = {
    "a wrong secret": ("invalid_client", "invalid client credentials", "secret_mistyped"),
    "an unknown app": ("invalid_client", "Client authentication failed.", "client_unknown"),
    "an assertion for the login host": ("invalid_grant", "audience is invalid", "grant_audience_wrong"),
    "an assertion of somebody else's key": ("invalid_grant", "invalid assertion", "grant_signature_wrong"),
    "a user who approved nothing": ("invalid_grant", "user hasn't approved this consumer", "consent_missing"),
    "a user who is not let in": ("invalid_app_access", "user is not admin approved to access this app", "user_not_approved"),
    "a user who may not use APIs": ("invalid_grant", "authentication failure", "api_not_enabled"),
    "an app that acts for nobody": ("invalid_grant", "no client credentials user enabled", "run_as_missing"),
    "a password with an app": ("unsupported_grant_type", "grant type not supported", "grant_type_unknown"),
}


@pytest.mark.parametrize("step", REFUSED)
def test_it_shows_the_code_and_the_text_of_a_refusal(told: dict[str, Any], step: str) -> None:
    refused = done(told, step)
    code, text, _ = REFUSED[step]
    assert (refused["type"], refused["code"], refused["auth_message"]) == ("SalesforceAuthenticationFailed", code, text)


def test_it_warns_with_the_way_to_approve_where_nobody_approved(told: dict[str, Any]) -> None:
    """It knows this one case by our exact text."""
    warned = {step: done(told, step)["warned"] for step in REFUSED}
    assert [step for step, said in warned.items() if said] == ["a user who approved nothing"]
    assert f"https://{HOST}/services/oauth2/authorize?response_type=code&client_id=" in warned["a user who approved nothing"][0]


@pytest.mark.parametrize("step", ["a password with a security token", "a password with an org"])
def test_it_shows_why_there_is_no_login_by_soap_and_where_to_read_on(told: dict[str, Any], step: str) -> None:
    refused = done(told, step)
    assert (refused["type"], refused["code"]) == ("SalesforceAuthenticationFailed", "INVALID_OPERATION")
    assert "OAuth" in refused["auth_message"]
    assert f"https://{HOST}/help/reasons/soap_not_offered" in refused["auth_message"]


@pytest.mark.parametrize("trouble", TROUBLES[GuidedClient.SIMPLE_SALESFORCE], ids=lambda trouble: trouble.code)
def test_what_our_guide_says_is_shown_is_what_the_library_shows(told: dict[str, Any], trouble: Trouble) -> None:
    shown = [step["auth_message"] for step in told.values() if isinstance(step, dict) and "auth_message" in step]
    assert any(text.startswith(trouble.shown) for text in shown if text is not None)


# --- Asking --------------------------------------------------------------------------------------------------------------


def test_it_asks_in_soql(told: dict[str, Any]) -> None:
    answer = done(told, "query")
    record = answer["record"]
    assert (answer["total"], answer["done"], record["Username"]) == (1, True, "ada@acme.example")
    assert record["attributes"] == {"type": "User", "url": f"/services/data/v59.0/sobjects/User/{record['Id']}"}


def test_it_turns_the_pages_to_the_end_and_meets_everybody_once(told: dict[str, Any]) -> None:
    pages = done(told, "pages")
    everybody = pages["all"]
    assert pages["first"] == [PAGE, False, len(everybody)]
    assert (len(everybody), everybody) == (len(set(everybody)), sorted(everybody))
    assert len(everybody) > 2 * PAGE
    assert pages["more by address"] == pages["more by locator"] == everybody[PAGE : 2 * PAGE]
    assert pages["one by one"] == len(everybody)


def test_what_it_was_refused_stands_in_the_login_history_with_its_true_reason(house: SalesforceHouse, told: dict[str, Any]) -> None:
    history = done(told, "history")
    reasons = [line["Status"] for line in history["refused"]]
    in_order = [REFUSED[step][2] for step in told if step in REFUSED]
    assert reasons == ["soap_not_offered"] * 2 + in_order[::-1]
    assert {line["SourceIp"] for line in history["refused"]} == {"127.0.0.1"}
    assert history["all"] > len(reasons), "what succeeded stands there too"


def test_it_reads_a_record_by_a_long_and_by_a_short_id(told: dict[str, Any]) -> None:
    record = done(told, "record")
    assert record["long"] == [record["short"], "ada@acme.example", "User"]
    assert record["some fields"] == ["Id", "Username", "attributes"]


def test_it_reads_what_there_is_and_no_field_that_holds_a_secret(told: dict[str, Any]) -> None:
    described = done(told, "describe")
    assert {"User", "Organization", "LoginHistory", "OauthToken"} <= set(described["objects"])
    assert described["metadata"] == "User"
    fields = described["fields"]
    assert [fields[name] for name in ("Id", "Username", "IsActive", "CreatedDate")] == ["id", "string", "boolean", "datetime"]
    assert [name for name in fields if "hash" in name.lower() or "secret" in name.lower()] == []


def test_it_reads_for_a_person_what_the_person_may_read(house: SalesforceHouse, told: dict[str, Any]) -> None:
    read = done(told, "a person reads")
    assert read["users"] == [house.clerk.username], "oneself, and nobody else"
    assert read["audit trail"]["content"] == [{"message": "sObject type 'SetupAuditTrail' is not supported.", "errorCode": "INVALID_TYPE"}]


# How the library tells what cannot be asked: the exception, Salesforce's code, and a word of what it says.
WRONG = {
    "a query that is none": ("SalesforceMalformedRequest", "MALFORMED_QUERY", "ERROR at Row:1:Column:1"),
    "an object that is not here": ("SalesforceMalformedRequest", "INVALID_TYPE", "sObject type 'Account' is not supported."),
    "a field that is not here": ("SalesforceMalformedRequest", "INVALID_FIELD", "No such column 'Password' on entity 'User'"),
    "a record that is not here": ("SalesforceResourceNotFound", "NOT_FOUND", "does not exist"),
    "a new record": ("SalesforceGeneralError", "METHOD_NOT_ALLOWED", "HEAD,GET"),
    "a changed record": ("SalesforceGeneralError", "METHOD_NOT_ALLOWED", "HEAD,GET"),
    "a search": ("SalesforceResourceNotFound", "NOT_FOUND", "does not exist"),
    "the tooling API": ("SalesforceResourceNotFound", "NOT_FOUND", "Tooling API"),
}


@pytest.mark.parametrize("what", WRONG)
def test_it_shows_what_cannot_be_asked(told: dict[str, Any], what: str) -> None:
    refused = done(told, "wrong")[what]
    exception, code, words = WRONG[what]
    assert (refused["type"], refused["content"][0]["errorCode"]) == (exception, code)
    assert words in refused["content"][0]["message"]


def test_a_token_without_the_scope_is_refused_and_not_renewed(told: dict[str, Any]) -> None:
    refused = done(told, "a token without the scope")
    assert (refused["type"], refused["status"]) == ("SalesforceRefusedRequest", 403)


# --- Sessions that end ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["an ended session", "a session that ran out"])
def test_compat_09_it_gets_in_again_when_its_session_ended(told: dict[str, Any], step: str) -> None:
    assert done(told, step) == {"asked again": 1, "new session": True}


def test_compat_09_without_credentials_it_says_that_the_session_ended(told: dict[str, Any]) -> None:
    refused = done(told, "an ended session without credentials")
    assert refused["type"] == "SalesforceExpiredSession"
    assert (
        refused["content"] == done(told, "a stranger")[1] == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    )
    assert done(told, "a stranger")[0] == 401


def test_whom_the_admin_froze_does_not_get_in_again(told: dict[str, Any]) -> None:
    refused = done(told, "a user whom the admin froze")
    assert (refused["type"], refused["code"], refused["auth_message"]) == (
        "SalesforceAuthenticationFailed",
        "invalid_grant",
        "inactive user",
    )
