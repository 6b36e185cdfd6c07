"""openid-client (npm), as applications in JavaScript use it: every flow, with every way in which a client proves itself."""

from typing import Any

import pytest
from tests.clients import node
from tests.clients.applications import AFTER_LOGOUT, ASKED, CALLBACK, METHODS, algorithm_of, registered
from tests.clients.people import Approver
from tests.conformance.relying_party import Person
from tests.conformance.running import Registered, RunningHouse
from tests.oauth.client_keys import ClientKey, client_key

from gatebridge.rules.app_settings import ClientAuthMethod


def described(method: ClientAuthMethod, app: Registered, key: ClientKey) -> dict[str, Any]:
    """A client as its story needs it."""
    return {
        "name": method.value,
        "method": method.value,
        "id": app.client_id,
        "secret": app.secret,
        "key": key.key.as_dict(private=True) if method is ClientAuthMethod.PRIVATE_KEY_JWT else None,
        "callback": CALLBACK,
        "afterLogout": AFTER_LOGOUT,
        "scope": ASKED,
        "algorithm": algorithm_of(method),
    }


@pytest.fixture(scope="module")
def person(house: RunningHouse) -> Person:
    return Person(house.browser(), house.person())


@pytest.fixture(scope="module")
def told(house: RunningHouse, person: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What every client did. They run once, one after the other, and each test looks at one step of one of them."""
    key = client_key("ES256", 31)
    clients = [described(method, registered(house, method, key), key) for method in METHODS]
    approver = Approver(house, person)
    given = {"issuer": house.issuer, "clients": clients}
    machine = node.Machine(tmp_path_factory.mktemp("home"))
    found = node.tell_stories("openid_client", machine, given, {"visit": approver.visit, "approve": approver.approve})
    assert machine.wanted == []
    return found


@pytest.fixture(params=METHODS, ids=str)
def steps(request: pytest.FixtureRequest, told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The steps of one client."""
    return told[request.param.value]


def done(steps: dict[str, Any], name: str) -> Any:
    """What a step told; it must have worked."""
    assert name in steps, f"the story ended before: {list(steps.items())[-1]}"
    assert not isinstance(steps[name], str), steps[name]
    return steps[name]


def test_it_reads_discovery(house: RunningHouse, steps: dict[str, Any]) -> None:
    assert done(steps, "discovery") == {"issuer": house.issuer, "pkce": True}


def test_it_signs_in_by_code_and_pkce(house: RunningHouse, person: Person, steps: dict[str, Any]) -> None:
    got = done(steps, "code")
    assert (got["type"], got["claims"]["iss"]) == ("bearer", house.issuer)
    assert got["expires"] > 0
    assert done(steps, "silently")["sub"] == got["claims"]["sub"]


def test_it_hears_why_it_was_refused(steps: dict[str, Any]) -> None:
    assert done(steps, "denied")["error"] == "invalid_scope"


def test_it_reads_userinfo(person: Person, steps: dict[str, Any]) -> None:
    told = done(steps, "userinfo")
    assert (told["name"], told["email"]) == (person.user.name, person.user.email)


def test_it_refreshes(steps: dict[str, Any]) -> None:
    got = done(steps, "refresh")
    assert got["changed"] is True
    assert got["sub"] in (None, done(steps, "code")["claims"]["sub"])


def test_it_introspects(told: dict[str, dict[str, Any]], steps: dict[str, Any]) -> None:
    if steps is told[ClientAuthMethod.NONE.value]:
        assert "introspection" not in steps  # a public app proves nothing, so it is told nothing
    else:
        assert done(steps, "introspection")["active"] is True
        assert done(steps, "introspection")["sub"] == done(steps, "code")["claims"]["sub"]


def test_it_acts_for_itself(told: dict[str, dict[str, Any]], steps: dict[str, Any]) -> None:
    if steps is told[ClientAuthMethod.NONE.value]:
        assert "client credentials" not in steps
    else:
        assert done(steps, "client credentials") == {"type": "bearer", "scope": "api", "refresh": None}


def test_it_signs_in_on_a_device(steps: dict[str, Any]) -> None:
    assert done(steps, "device")["sub"] == done(steps, "code")["claims"]["sub"]


def test_it_signs_out(steps: dict[str, Any]) -> None:
    assert done(steps, "logout") == {"at": AFTER_LOGOUT, "state": True}


def test_it_revokes(steps: dict[str, Any]) -> None:
    assert done(steps, "revocation")["status"] == 401
