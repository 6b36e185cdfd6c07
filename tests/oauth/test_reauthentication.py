"""What is weighty asks once more whether the person is there: a recent sign-in before secrets, certificates, keys and what others hold."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from tests.oauth.client_keys import client_key
from tests.oauth.flows.portal import SCOPES, Portal, make_portal
from tests.oauth.tenants import Tenant

from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import people, permission_sets


@dataclass
class Console:
    """An app through which the admin of the org, who signed in at a browser, uses the API."""

    portal: Portal
    tokens: dict[str, Any]

    @property
    def acme(self) -> Tenant:
        return self.portal.acme

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
        said = {"Authorization": f"Bearer {self.tokens['access_token']}", "Content-Type": "application/json"} | (headers or {})
        return self.acme.door.send(method, f"{self.acme.org.issuer}/api/v1{path}", body=body, headers=said)

    def signs_in_again(self) -> None:
        self.tokens = self.portal.signed_in(scopes=("setup_api", "refresh_token"))

    def refreshes(self) -> None:
        answer = self.portal.refresh(self.tokens["refresh_token"])
        assert answer.status_code == 200, answer.text
        self.tokens = self.tokens | answer.json()


@pytest.fixture
def console(acme: Tenant) -> Console:
    portal = make_portal(acme, "Console", scopes=(*SCOPES, "setup_api"))
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(portal.app.id, may_administer=True))
        assert acme.admin.user_id is not None
        permission_sets.assign(tx, acme.org.id, acme.admin.user_id, acme.approved.id, None)
        ada = people.by_id(tx, acme.org.id, acme.admin.user_id)
    assert ada is not None
    made = Console(replace(portal, user=ada), {})
    made.signs_in_again()
    return made


def of_app(path: str, body: bytes) -> Callable[[Console], httpx.Response]:
    """A request about an app that is made for it."""

    def send(console: Console) -> httpx.Response:
        app = console.acme.app("Weighed", open_for_use=False)
        return console.ask("POST", path.format(app=app.id), body)

    return send


def revoke_user(console: Console) -> httpx.Response:
    return console.ask("POST", f"/users/{console.acme.runner.id}/revoke", b'{"reason": "A drill."}')


def revoke_user_of_app(console: Console) -> httpx.Response:
    return console.ask("POST", f"/apps/{console.portal.app.id}/users/{console.acme.runner.id}/revoke", b'{"reason": "A drill."}')


def revoke_grant(console: Console) -> httpx.Response:
    made = make_portal(console.acme, "Held")
    held = made.signed_in()["access_token"]
    receipt = next(line for line in reversed(console.acme.history()) if line.event == "token" and line.app_id == made.app.id)
    assert held
    return console.ask("POST", f"/grants/{receipt.grant_id}/revoke", b'{"reason": "A drill."}')


CERTIFICATE = client_key("ES256", 7).upload

WEIGHTY: dict[str, Callable[[Console], httpx.Response]] = {
    "make a secret": of_app("/apps/{app}/secrets", b'{"name": "Second"}'),
    "rotate a secret": of_app("/apps/{app}/secrets/rotate", b"{}"),
    "revoke an app": of_app("/apps/{app}/revoke", b'{"reason": "A drill."}'),
    "revoke a user": revoke_user,
    "revoke a user of an app": revoke_user_of_app,
    "revoke a grant": revoke_grant,
    "add a signing key": lambda console: console.ask("POST", "/signing-keys", b'{"algorithm": "RS256"}'),
    "sign a user out": lambda console: console.ask("DELETE", f"/users/{console.acme.runner.id}/sessions"),
}
every_weighty_thing = pytest.mark.parametrize("what", WEIGHTY)


@every_weighty_thing
def test_std_SC_09_with_a_recent_sign_in_an_admin_does_what_is_weighty(console: Console, what: str) -> None:
    answer = WEIGHTY[what](console)
    assert answer.status_code in (200, 201), answer.text


@every_weighty_thing
def test_std_SU_01_SC_09_with_an_older_one_the_answer_says_how_recent_it_must_be(console: Console, what: str) -> None:
    console.acme.standing.clock.advance(minutes=60)
    answer = WEIGHTY[what](console)
    assert (answer.status_code, answer.json()["reason"]) == (401, "reauthentication_needed"), answer.text
    assert answer.json()["facts"]["max_age"] == 3600
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert challenge.endswith(', max_age="3600"')
    assert console.acme.true_cause(answer) == "reauthentication_needed"


def test_reading_and_lighter_changes_go_on_with_an_older_sign_in(console: Console) -> None:
    app = console.acme.app("Read", open_for_use=False)
    console.acme.standing.clock.advance(minutes=100)
    assert console.ask("GET", f"/apps/{app.id}").status_code == 200
    assert console.ask("GET", "/sessions").status_code == 200


def test_a_refresh_makes_no_sign_in_younger_and_a_new_sign_in_does(console: Console) -> None:
    console.acme.standing.clock.advance(minutes=59)
    assert revoke_user_of_app(console).status_code == 200
    console.acme.standing.clock.advance(minutes=1)
    console.refreshes()
    assert revoke_user_of_app(console).status_code == 401
    console.signs_in_again()
    assert revoke_user_of_app(console).status_code == 200


def test_the_org_says_how_recent(console: Console) -> None:
    with console.acme.standing.database.transaction() as tx:
        edit_org(tx, console.acme.admin, EditOrg(reauthenticate_minutes=5))
    console.acme.standing.clock.advance(minutes=4)
    assert revoke_user_of_app(console).status_code == 200
    console.acme.standing.clock.advance(minutes=1)
    assert revoke_user_of_app(console).headers["www-authenticate"].endswith(', max_age="300"')


def test_a_service_is_never_asked_since_nobody_signs_in_for_it(console: Console) -> None:
    acme = console.acme
    service = acme.app("Rotator", scopes=("api", "setup_api"))
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(service.id, may_administer=True, run_as_user_id=acme.admin.user_id))
    console.tokens = {"access_token": service.access_token(scope="setup_api")}
    acme.standing.clock.advance(minutes=90)
    assert revoke_user_of_app(console).status_code == 200


def test_what_is_ones_own_can_be_ended_at_any_time(console: Console) -> None:
    """Whoever finds a stolen laptop's app in the list must not be kept from ending it by a page that asks for the stolen phone."""
    console.acme.standing.clock.advance(minutes=90)
    me = console.acme.admin.user_id
    assert console.ask("DELETE", "/me/sessions").status_code == 200
    assert console.ask("POST", f"/users/{me}/revoke", b'{"reason": "It was stolen."}').status_code == 200
