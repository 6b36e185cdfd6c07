"""jsforce (npm), as applications in JavaScript use it: signing in, asking, staying signed in, and what it says where it is refused."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients import node
from tests.clients.people import Approver
from tests.clients.salesforce_house import SalesforceHouse, salesforce_house
from tests.clients.tls import tls_door
from tests.conformance.running import Registered

from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.network import Relaxation
from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.edit_policies import EditPolicies, edit_policies

CALLBACK = "https://app.example/callback"
MANY = 220  # users, which is more than one page of a query has at least
EXPIRED = {"name": "INVALID_SESSION_ID", "message": "Session expired or invalid", "code": "INVALID_SESSION_ID"}
DEAD = {"name": "Error", "message": "Unable to refresh session due to: expired access/refresh token", "code": None}


@dataclass(frozen=True)
class Stories:
    """Who takes part, and what each application did, by its name and step."""

    place: SalesforceHouse
    told: dict[str, dict[str, Any]]
    wanted: list[str]

    def done(self, client: str, step: str) -> Any:
        """What a step told; it must have worked."""
        steps = self.told[client]
        assert step in steps, f"the story ended before: {list(steps.items())[-1]}"
        assert not isinstance(steps[step], str), steps[step]
        return steps[step]


def described(story: str, app: Registered, **more: Any) -> dict[str, Any]:
    """An application as its story needs it; it is called after the story."""
    return {"name": story, "story": story, "id": app.client_id, "secret": app.secret, "callback": CALLBACK} | more


@pytest.fixture(scope="module", params=["https", "http"])
def stories(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    """The applications run once, one after the other, and each test looks at one step of one of them."""
    directory = tmp_path_factory.mktemp(request.param)
    with ExitStack() as open_:
        door = open_.enter_context(tls_door(directory)) if request.param == "https" else None
        place = open_.enter_context(salesforce_house(directory / "house", sqlite_template, door))
        home = directory / "home"
        home.mkdir()
        machine = node.Machine(home, door.authority.bundle if door is not None else None)
        yield Stories(place, _told(place, machine), machine.wanted)


def _told(place: SalesforceHouse, machine: node.Machine) -> dict[str, dict[str, Any]]:
    for _ in range(MANY):
        place.house.person("one")
    secretive = place.app("With a secret", callbacks=(CALLBACK,))
    public = place.app("Public", callbacks=(CALLBACK,), auth_methods=frozenset({ClientAuthMethod.NONE}))
    narrow = place.house.app("Narrow", dialect=Dialect.SALESFORCE, scopes=("id", "refresh_token"), callbacks=(CALLBACK,))
    fenced = place.app("Fenced", callbacks=(CALLBACK,))
    service = place.service()
    acting: dict[str, Any] = {"key": service.pem, "username": place.clerk.username, "another": place.admin.username}
    clients = [
        described("service", service.app, now=place.house.clock().timestamp(), **acting),  # first: its assertions are of this hour
        described("mistaken", secretive),
        described("narrow", narrow),
        described("fenced", fenced),
        described("person", secretive, username=place.admin.username),
        described("public", public),
        described("forgetful", public),
    ]
    answers: node.Answers = {
        "visit": Approver(place.house, place.at_a_browser(place.admin)).visit,
        "fence": lambda _: _fence(place, fenced),
        "wait": lambda parts: place.house.clock.wait(**parts),
    }
    return node.tell_stories("jsforce", machine, {"url": place.url, "clients": clients}, answers)


def _fence(place: SalesforceHouse, app: Registered) -> None:
    """Let the app be used from a network elsewhere alone, and refreshed from everywhere."""
    elsewhere = EditPolicies(app.id, ip_ranges=(TypedRange("10.0.0.0/8"),), ip_relaxation=Relaxation.RELAX_REFRESH, confirmed=True)
    with place.house.database.transaction() as tx:
        edit_policies(tx, place.house.admin, elsewhere)


# --- Signing in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["person", "public"])
def test_compat_03_it_signs_in_with_a_verifier_of_171_characters_and_names_no_method(stories: Stories, client: str) -> None:
    place = stories.place
    org, user = long(place.house.admin.org_id), long(place.admin.id)
    told = stories.done(client, "code")
    assert told["user"] == {"id": user, "organizationId": org, "url": f"{place.url}/id/{org}/{user}"}
    assert (told["at"], told["state"], told["refreshes"]) == (place.url, True, True)


@pytest.mark.parametrize("client", ["person", "public"])
def test_it_hears_why_the_browser_came_back_without_a_code(stories: Stories, client: str) -> None:
    assert stories.done(client, "denied") == {"error": "invalid_scope", "state": True}


def test_it_acts_for_a_user_by_its_key(stories: Stories) -> None:
    told = stories.done("service", "assertion")
    assert {"access_token", "instance_url", "id", "token_type", "scope"} <= set(told["names"])
    assert not {"refresh_token", "signature", "id_token"} & set(told["names"])
    clerk = stories.place.clerk.username
    assert stories.done("service", "acting") == {"username": clerk, "found": [clerk]}  # who may not manage users sees themselves


@pytest.mark.parametrize(
    ("assertion", "name", "message"),
    [
        ("audience", "invalid_grant", "audience is invalid"),
        ("nobody", "invalid_grant", "user hasn't approved this consumer"),
        ("late", "invalid_grant", "expired authorization code"),
        ("unpermitted", "invalid_app_access", "user is not admin approved to access this app"),
    ],
)
def test_compat_08_it_hears_what_is_wrong_with_an_assertion(stories: Stories, assertion: str, name: str, message: str) -> None:
    told = stories.done("service", "refused assertions")[assertion]
    assert (told["name"], told["message"]) == (name, message)


@pytest.mark.parametrize(
    ("mistake", "name", "message"),
    [
        ("secret", "invalid_client", "invalid client credentials"),
        ("code", "invalid_grant", "invalid authorization code"),
        ("password", "unsupported_grant_type", "grant type not supported"),
    ],
)
def test_compat_08_it_hears_what_is_wrong_with_a_request(stories: Stories, mistake: str, name: str, message: str) -> None:
    told = stories.done("mistaken", "refused")[mistake]
    assert (told["name"], told["message"]) == (name, message)


def test_a_sign_in_by_soap_is_sent_to_oauth(stories: Stories) -> None:
    message = stories.done("mistaken", "refused")["soap"]["message"]
    assert "OAuth" in message
    assert f"{stories.place.url}/help/reasons/" in message


# --- Asking --------------------------------------------------------------------------------------------------------------


def test_it_finds_out_who_it_is(stories: Stories) -> None:
    place = stories.place
    org, user = long(place.house.admin.org_id), long(place.admin.id)
    assert stories.done("person", "identity") == {"username": place.admin.username, "user": user, "org": org, "type": "STANDARD"}
    assert stories.done("person", "retrieve") == {"type": "User", "username": place.admin.username}
    assert stories.done("person", "resources")["identity"] == f"{place.url}/id/{org}/{user}"


def test_it_finds_the_version_that_it_speaks(stories: Stories) -> None:
    assert stories.done("person", "versions") == {"newest": "67.0", "own": True}


def test_it_queries(stories: Stories) -> None:
    told = stories.done("person", "query")
    assert (told["size"], told["done"]) == (1, True)
    (record,) = told["records"]
    assert (record["attributes"]["type"], record["Id"], record["IsActive"]) == ("User", long(stories.place.admin.id), True)


def test_it_reads_page_after_page_and_every_record_once(stories: Stories) -> None:
    told = stories.done("person", "pages")
    everybody = told["first"]["size"]
    assert everybody > MANY
    assert (told["first"]["done"], told["first"]["length"]) == (False, 200)
    assert (told["seen"], told["different"]) == (everybody, everybody)
    assert stories.done("person", "all at once") == {"length": everybody}


def test_it_builds_a_query_of_its_own(stories: Stories) -> None:
    told = stories.done("person", "find")
    assert 1 <= told["length"] <= 5
    assert told["status"] == ["Success"]


def test_it_describes_what_there_is(stories: Stories) -> None:
    told = stories.done("person", "describe")
    assert told["name"] == "User"
    assert {"Id", "Username", "IsActive", "ProfileId"} <= set(told["fields"])
    assert told["objects"] == sorted(OBJECTS)


@pytest.mark.parametrize(
    ("query", "code"),
    [("malformed", "MALFORMED_QUERY"), ("field", "INVALID_FIELD"), ("object", "INVALID_TYPE"), ("locator", "INVALID_QUERY_LOCATOR")],
)
def test_it_hears_what_is_wrong_with_a_query(stories: Stories, query: str, code: str) -> None:
    assert stories.done("person", "refused queries")[query]["code"] == code


def test_it_writes_nothing(stories: Stories) -> None:
    told = stories.done("person", "written")
    assert {name: each["code"] for name, each in told.items()} == dict.fromkeys(("create", "update", "destroy"), "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(("client", "step"), [("narrow", "without the scope"), ("fenced", "from outside")])
def test_what_no_refresh_mends_does_not_make_it_refresh_for_ever(stories: Stories, client: str, step: str) -> None:
    """jsforce refreshes and asks again at each 401, without an end, so this is none."""
    told = stories.done(client, step)
    assert told["refreshes"] == 0
    assert told["message"] == "This session is not valid for use with the REST API"


# --- Staying signed in, and leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["person", "public"])
def test_compat_03_it_refreshes_once_for_all_that_it_asks_at_a_time_and_again_when_that_is_over(stories: Stories, client: str) -> None:
    assert stories.done(client, "refresh") == {"answers": 5, "refreshes": 1, "changed": True}
    assert stories.done(client, "refresh again") == {"size": 1, "refreshes": 2}


def test_compat_07_an_application_that_does_not_keep_the_new_refresh_token_is_out_at_the_second_refresh(stories: Stories) -> None:
    assert stories.done("forgetful", "an old refresh token") == {"first": 1, "second": DEAD}


@pytest.mark.parametrize("client", ["person", "public"])
def test_compat_09_nothing_works_after_it_revoked(stories: Stories, client: str) -> None:
    told = stories.done(client, "revoke")
    assert (told["refreshed"], told["used"]) == (DEAD, EXPIRED)
    assert told["identified"]["message"] == "Bad_OAuth_Token"


def test_it_wants_to_reach_nobody_else(stories: Stories) -> None:
    assert stories.wanted == []
