"""CumulusCI as it is published: a person connects an org with `cci` and uses it, and a pipeline does by an assertion, over https.

Its classes also speak plain http on the loopback; its commands do not, since they ask for the org through simple-salesforce, which goes by
https alone. What is done at the command line is in cumulusci/stories.py; each test looks at one step.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.clients.guided import KEY, Guided, guided
from tests.clients.people import Approver
from tests.clients.python_programs import Answers, Machine, tell_stories
from tests.clients.salesforce_house import SalesforceHouse, Service, salesforce_house
from tests.clients.tls import TlsDoor, tls_door
from tests.conformance.running import PASSWORD
from tests.journeys.installation import free_port

from gatebridge.rules.api_versions import LATEST
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.client_differences import TROUBLES
from gatebridge.rules.client_guides import GuidedClient
from gatebridge.rules.ids import long
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import apps


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    with tls_door(tmp_path_factory.mktemp("tls")) as door:
        yield door


@pytest.fixture(scope="module")
def house(door: TlsDoor, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceHouse]:
    with salesforce_house(tmp_path_factory.mktemp("https"), sqlite_template, door) as house:
        yield house


@pytest.fixture(scope="module")
def plain(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceHouse]:
    with salesforce_house(tmp_path_factory.mktemp("http"), sqlite_template) as house:
        yield house


def by_browser(house: SalesforceHouse, **said: Any) -> tuple[Guided, str]:
    """The guide's way at a desk, with a port that is free, and the callback."""
    callback = f"http://localhost:{free_port()}/callback"
    reason = "It deploys whatever its user may deploy."
    return guided(house, GuidedClient.CUMULUSCI, "web", callbacks=(callback,), full_scope_reason=reason, **said), callback


def job(house: SalesforceHouse) -> dict[str, Any]:
    """The guide's way in a pipeline."""
    way = guided(house, GuidedClient.CUMULUSCI, "jwt")
    key = Service(way.app, KEY).pem
    return {"client_id": way.app.client_id, "key": key, "username": house.clerk.username, "url": house.url, "steps": way.steps}


class AtTheBrowser:
    """The admin of each house, who approves, and somebody else, who does not."""

    def __init__(self, *houses: SalesforceHouse) -> None:
        self.houses = {house.url: house for house in houses}
        self.admins = {house.url: Approver(house.house, house.at_a_browser(house.admin)) for house in houses}
        self.visited: list[str] = []

    def approve(self, url: str) -> str:
        self.visited.append(url)
        return self.admins[issuer_of(url)].visit(url)

    def deny(self, url: str) -> str:
        """The app is now one that asks each user, or there would be nothing to deny."""
        place = self.houses[issuer_of(url)]
        with place.house.database.transaction() as tx:
            app = apps.by_consumer_key(tx, asked_in(url)["client_id"])
            assert app is not None
            edit_policies(tx, place.house.admin, EditPolicies(app.id, PermittedUsers.SELF_AUTHORIZE, confirmed=True))
        browser = place.house.browser()
        page = browser.submit(browser.open(url), "signin", username=place.clerk.username, password=PASSWORD)
        went_to = browser.submit(page, "consent", decision="deny").went_to
        assert went_to is not None
        return went_to


def issuer_of(url: str) -> str:
    return url.partition("/services/")[0]


def asked_in(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.fixture(scope="module")
def people(house: SalesforceHouse, plain: SalesforceHouse) -> AtTheBrowser:
    return AtTheBrowser(house, plain)


@pytest.fixture(scope="module")
def machine(door: TlsDoor, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("home"), door.authority.bundle)


@pytest.fixture(scope="module")
def told(house: SalesforceHouse, plain: SalesforceHouse, people: AtTheBrowser, machine: Machine) -> dict[str, Any]:
    """What every step told. They run once, one after the other."""
    way, _ = by_browser(house, rotate_refresh_tokens=True)
    strict, _ = by_browser(house, pkce_required=True)
    plain_way, callback = by_browser(plain)

    def end(token: str) -> int:
        return house.house.http.post(f"{house.url}/services/oauth2/revoke", data={"token": token}).status_code

    given = {
        "web": {"steps": way.steps, "secret": way.app.secret},
        "strict": {"step": strict.steps[0], "secret": strict.app.secret},
        "job": job(house),
        "plain": {
            "url": plain.url,
            "job": job(plain),
            "client": {
                "client_id": plain_way.app.client_id,
                "client_secret": plain_way.app.secret,
                "auth_uri": f"{plain.url}/services/oauth2/authorize",
                "token_uri": f"{plain.url}/services/oauth2/token",
                "redirect_uri": callback,
                "scope": "web full refresh_token",
            },
        },
    }
    answers: Answers = {"approve": people.approve, "deny": people.deny, "end": end}
    return tell_stories("cumulusci", machine, given, answers)


def done(told: dict[str, Any], name: str) -> Any:
    """What a step told; it must have worked."""
    assert not isinstance(told[name], str), told[name]
    return told[name]


def test_it_looks_for_nothing_but_the_org(told: dict[str, Any], machine: Machine) -> None:
    assert machine.wanted == []


# --- A person ------------------------------------------------------------------------------------------------------------


def test_a_person_connects_an_org_in_the_browser_as_our_guide_has_it(
    house: SalesforceHouse, told: dict[str, Any], people: AtTheBrowser
) -> None:
    assert [step["code"] for step in done(told, "the guide's way")] == [0, 0, 0], told["the guide's way"]
    asked = asked_in(people.visited[0])
    assert asked.keys() == {"response_type", "client_id", "redirect_uri", "scope", "prompt"}, "neither state nor PKCE"
    assert (asked["scope"], asked["prompt"]) == ("web full refresh_token", "login")
    assert done(told, "list")["acme"]["username"] == house.admin.username


def test_it_learns_who_and_where_it_is(house: SalesforceHouse, told: dict[str, Any]) -> None:
    info = done(told, "info")[0]
    assert info["userinfo"]["preferred_username"] == house.admin.username
    assert info["id"] == f"{house.url}/id/{long(house.admin.org_id)}/{long(house.admin.id)}"
    assert (info["instance_url"], info["instance_name"]) == (house.url, urlsplit(house.url).netloc)
    assert (info["is_sandbox"], info["namespace"], info["expires"]) == (False, None, "Persistent")
    assert isinstance(info["org_type"], str)


def test_each_command_refreshes_and_it_keeps_the_newest_refresh_token(told: dict[str, Any]) -> None:
    """The app rotates, so a client that kept the old one would have lost its grant."""
    infos = done(told, "info")
    assert len({info["access_token"] for info in infos}) == len({info["refresh_token"] for info in infos}) == 2


def test_it_shows_the_org_and_its_newest_version(house: SalesforceHouse, told: dict[str, Any]) -> None:
    shown = done(told, "the guide's way")[-1]
    assert (shown["code"], house.url in shown["out"]) == (0, True)
    assert re.search(rf"api_version\S* +{re.escape(LATEST)}", shown["out"])


def test_its_shell_asks_in_soql(told: dict[str, Any]) -> None:
    shell = done(told, "shell")
    assert (shell["code"], shell["out"].splitlines()[-1]) == (0, "ada@acme.example")


def test_who_was_revoked_is_told_so(house: SalesforceHouse, told: dict[str, Any]) -> None:
    refused = done(told, "info after the app was revoked")
    said = refused["error"].replace("\n", "")
    assert (refused["code"], '"error":"invalid_grant"' in said, "expired access/refresh token" in said) == (1, True, True)
    assert f"{house.url}/help/reasons/refresh_token_refused?receipt=" in said, "and where it reads more"


def test_compat_11_who_denies_is_told_with_a_description(told: dict[str, Any]) -> None:
    """Its listener breaks on an error that has none."""
    denied = done(told, "a person who denies")
    assert (denied["code"], "error=access_denied&error_description=end-user%20denied%20authorization" in denied["error"]) == (1, True)
    assert "Error: OAuth failed" in denied["error"]


def test_an_app_that_still_wants_a_challenge_shows_as_our_guide_says(told: dict[str, Any]) -> None:
    refused, (trouble, *_) = done(told, "an app that wants a challenge"), TROUBLES[GuidedClient.CUMULUSCI]
    assert (refused["code"], trouble.code) == (1, "challenge_missing")
    assert f"error: invalid_request\nerror description: {trouble.shown}\n" in refused["error"]


# --- A pipeline ----------------------------------------------------------------------------------------------------------


def test_compat_04_our_guides_pipeline_connects_by_an_assertion_that_ends_as_it_begins(
    house: SalesforceHouse, told: dict[str, Any]
) -> None:
    shown = done(told, "the guide's way in a pipeline")
    assert shown["code"] == 0, shown
    assert re.search(rf"username\S* +{re.escape(house.clerk.username)}", shown["out"])
    assert re.search(rf"instance_url\S* +{re.escape(house.url)}", shown["out"])


def test_a_pipeline_that_names_the_login_host_of_salesforce_is_refused(told: dict[str, Any]) -> None:
    assert '"audience is invalid"' in done(told, "assertion for the login host")["refused"]


# --- Plain http ----------------------------------------------------------------------------------------------------------


def test_its_classes_speak_plain_http_on_the_loopback(plain: SalesforceHouse, told: dict[str, Any]) -> None:
    got = done(told, "plain")
    assert (got["username"], got["version"], got["new"]) == (plain.admin.username, LATEST, True)
    assert got["ids"] == [long(plain.admin.org_id), long(plain.admin.id)]
    assert {"access_token", "id", "instance_url", "scope", "token_type"} <= set(got["signed"])
