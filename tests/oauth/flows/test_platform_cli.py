"""The Salesforce CLI as it is, at an org that does not keep its app: from the first refusal to the last token."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import loop
from tests.oauth.door import Loop
from tests.oauth.flows.portal import challenge_of
from tests.oauth.flows.visits import AUTHORIZE, enrol, sign_in
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import TOKEN, Tenant, make_tenant

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.people import User
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.platform_cli import ensure_platform_cli
from gatebridge.storage import access_requests, people

__all__ = ["loop"]

CALLBACK = "http://localhost:1717/OauthRedirect"
VERIFIER = "v" * 128
STATE = "a1b2c3d4e5f6"


@dataclass(frozen=True)
class Terminal:
    """Somebody at a terminal who runs `sf org login web` against this org, and the browser that the CLI opens."""

    acme: Tenant
    user: User

    def login(self, browser: Browser | None = None, **changed: str) -> Page:
        # What the client sends, to the letter: no method of the challenge, and a sign-in that must be a new one.
        asked = {
            "prompt": "login",
            "scope": "refresh_token api web",
            "response_type": "code",
            "client_id": PLATFORM_CLI,
            "redirect_uri": CALLBACK,
            "state": STATE,
            "code_challenge": challenge_of(VERIFIER),
        }
        return (browser or Browser(self.acme.door, self.acme.org.issuer)).open(f"{AUTHORIZE}?{urlencode(asked | changed)}")

    def ask(self, **form: str) -> dict[str, str]:
        answer = self.acme.door.post(self.acme.org.issuer + TOKEN, {"client_id": PLATFORM_CLI} | form)
        body: dict[str, str] = answer.json()
        return body | {"status": str(answer.status_code), "cause": self.acme.last_cause() or ""}


@pytest.fixture(scope="module")
def standing(loop: Loop, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A house whose first org keeps the app."""
    path = tmp_path_factory.mktemp("house") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    with standing_house(f"sqlite:///{path}", loop) as house:
        first = make_tenant(house)
        with house.database.transaction() as tx:
            assert ensure_platform_cli(tx, Actor(ActorKind.OPERATOR, first.org.id, "operator", EVERY_POWER)) is not None
        yield house


@pytest.fixture
def terminal(standing: Standing) -> Terminal:
    """At an org of this test's own, which is not the first."""
    acme = make_tenant(standing)
    return Terminal(acme, enrol(acme, "ben"))


def installed(terminal: Terminal) -> None:
    with terminal.acme.standing.database.transaction() as tx:
        made = install_app(tx, terminal.acme.admin, InstallApp(PLATFORM_CLI))
        edit_policies(tx, terminal.acme.admin, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))


def test_who_comes_before_it_is_installed_signs_in_hears_so_and_asks_for_it(terminal: Terminal) -> None:
    browser = Browser(terminal.acme.door, terminal.acme.org.issuer)
    page = terminal.login(browser)
    assert "signin" in page.forms
    assert '<bdi id="publisher">this server</bdi>' in page.text
    page = sign_in(browser, page, terminal.user)
    assert (page.status, 'data-reason="app_not_installed"' in page.text) == (400, True)
    page = browser.open(page.text.partition('id="look" href="')[2].partition('"')[0])
    assert "Salesforce CLI" in page.text
    assert "This server<small>It is the same for every org here, and nobody changes it</small>" in page.text
    assert "stays as you see it" not in page.text  # what installing does is told to who may install
    browser.submit(page, "ask", words="I query the login history.", decision="ask")
    with terminal.acme.standing.database.snapshot() as tx:
        (found,) = access_requests.page(tx, terminal.acme.org.id, limit=10)
    assert (found.app, found.user) == ("Salesforce CLI", "Ben Example")


def test_an_admin_looks_at_it_by_its_well_known_key_and_installs_it_closed(terminal: Terminal) -> None:
    acme = terminal.acme
    admin = enrol(acme, "mia")
    with acme.standing.database.transaction() as tx:
        found = people.by_id(tx, acme.org.id, acme.admin.user_id or "")
        assert found is not None
        assert people.update(tx, replace(admin, profile_id=found.profile_id))
    browser = Browser(acme.door, acme.org.issuer)
    sign_in(browser, browser.open("/signin"), admin)
    page = browser.open(f"/setup/install?key={PLATFORM_CLI}")
    assert "stays as you see it" in page.text
    page = browser.submit(page, "install", decision="install")
    assert 'data-state="installed"' in page.text
    page = sign_in(browser, terminal.login(browser), terminal.user)
    assert 'data-reason="user_not_approved"' in page.text


def test_once_it_is_open_the_client_gets_in_refreshes_and_is_spoken_to_in_its_dialect(terminal: Terminal) -> None:
    installed(terminal)
    browser = Browser(terminal.acme.door, terminal.acme.org.issuer)
    page = sign_in(browser, terminal.login(browser), terminal.user)
    assert "<bdi>this server</bdi> <svg" in page.text
    assert "The same for every org;" in page.text
    page = browser.submit(page, "consent", decision="approve")
    assert page.went_to is not None
    assert page.went_to.startswith(CALLBACK)
    assert page.answer["state"] == STATE
    got = terminal.ask(grant_type="authorization_code", code=page.answer["code"], redirect_uri=CALLBACK, code_verifier=VERIFIER)
    assert (got["status"], "!AQ" in got["access_token"], set(got["scope"].split())) == ("200", True, {"api", "web", "refresh_token"})
    again = terminal.ask(grant_type="refresh_token", refresh_token=got["refresh_token"], code_verifier=VERIFIER)
    assert again["status"] == "200"
    assert again["refresh_token"] != got["refresh_token"]  # a public app's refresh tokens rotate


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"redirect_uri": "http://localhost:1718/OauthRedirect"}, id="another port, which a name keeps"),
        pytest.param({"redirect_uri": "http://127.0.0.1:1717/OauthRedirect"}, id="another host"),
        pytest.param({"redirect_uri": "https://evil.example/OauthRedirect"}, id="somebody else's"),
    ],
)
def test_nobody_is_sent_where_it_is_not_registered(terminal: Terminal, wrong: dict[str, str]) -> None:
    installed(terminal)
    page = terminal.login(None, **wrong)
    assert (page.status, page.went_to, 'data-reason="callback_not_registered"' in page.text) == (400, None, True)


def test_X_DV_07_its_name_alone_gets_nothing_and_fills_no_queue(terminal: Terminal) -> None:
    for form in (
        {"grant_type": "authorization_code", "code": "aPrx"},
        {"grant_type": "client_credentials"},
        {"response_type": "device_code"},
    ):
        answer = terminal.ask(**form)
        assert (answer["status"], answer["cause"]) == ("400", "app_not_installed")
        assert (answer["error"], answer["error_description"]) == ("invalid_client", "app must be installed into org")
    with terminal.acme.standing.database.snapshot() as tx:
        assert access_requests.page(tx, terminal.acme.org.id, limit=10) == []


def test_where_it_is_not_installed_a_silent_request_hears_nothing_but_that_nobody_is_signed_in(terminal: Terminal) -> None:
    page = terminal.login(prompt="none")
    assert (page.answer["error"], page.answer["state"]) == ("login_required", STATE)
