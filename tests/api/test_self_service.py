"""Self-service over the API: what apps may do in my name, where I am signed in, and my password. Nobody else's is reached."""

from typing import Any

import httpx
import pytest
from tests.web.world import ACME, OTHER, Person, World, id18

from gatebridge.crypto import secrets
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.signin import sessions as signin_sessions
from gatebridge.signin.sessions import SignedIn
from gatebridge.storage import approvals, facts, grants, installations, people
from gatebridge.storage import sessions as stored_sessions
from gatebridge.storage.tx import Tx

OLD, NEW = "correct horse battery staple", "a river of slow glass"


def add_grant(acme: World, user_id: str, app_id: str, *scopes: str, flow: Flow = Flow.WEB_SERVER) -> str:
    """A grant of an app, as the user's approval at a browser makes one, and the approval that is remembered."""

    def add(tx: Tx) -> str:
        here = installations.by_app(tx, acme.org.id, app_id)
        assert here is not None
        grant = Grant(
            tx.new_id(Prefix.GRANT), acme.org.id, app_id, here.id, user_id, flow, 0, tx.now, scopes=scopes, address="198.51.100.7"
        )
        assert grants.insert_if_first(tx, grant)
        approvals.remember(tx, acme.org.id, here.id, user_id, scopes, "https://app.example/cb")
        return grant.id

    return str(acme.change(add))


def add_session(acme: World, user_id: str) -> str:
    """The value of a session's cookie."""

    def add(tx: Tx) -> str:
        standing = facts.standing(tx, acme.org.id, user_id)
        assert standing is not None
        return signin_sessions.begin(tx, acme.org, standing, methods=("pwd",), address="198.51.100.7", user_agent="Browser/1")[1]

    value: str = acme.change(add)
    return value


def signed_in(acme: World, value: str) -> SignedIn | None:
    found: SignedIn | None = acme.change(lambda tx: signin_sessions.current(tx, acme.org, value))
    return found


def other_app(acme: World) -> str:
    made = acme.ask("POST", "/apps", body={"label": "Portal", "api_name": "portal", "contact_email": "dev@example.com"})
    assert made.status_code == 201
    return str(made.json()["id"])[:15]


@pytest.fixture
def bob(acme_on_both: World) -> Person:
    return acme_on_both.add_person("bob", [])


def mine(acme: World, person: Person) -> dict[str, dict[str, Any]]:
    answer = acme.ask("GET", "/me/apps", by=person)
    assert answer.status_code == 200, answer.text
    return {app["label"]: app for app in answer.json()}


def test_X_CO_07_my_apps_are_listed_with_scopes_last_use_and_place(acme_on_both: World, bob: Person) -> None:
    app_id = other_app(acme_on_both)
    first = add_grant(acme_on_both, bob.user.id, app_id, "api", "refresh_token")
    second = add_grant(acme_on_both, bob.user.id, app_id, "id", "refresh_token")
    found = mine(acme_on_both, bob)
    assert set(found) == {"Portal", "App of bob"}
    portal, own = found["Portal"], found["App of bob"]
    assert portal["scopes"] == ["refresh_token", "api", "id"]
    assert portal["grants"] == [id18(first), id18(second)]
    assert (portal["last_address"], portal["last_used_at"], portal["publisher"]) == ("198.51.100.7", None, "Acme")
    assert (portal["remembered"], portal["by_admin"]) == (True, False)
    assert portal["ends_at"] is not None
    # Through this one the request itself comes: client credentials that act for bob, which an admin has allowed.
    assert (own["by_admin"], own["remembered"], own["last_address"]) == (True, False, "127.0.0.1")
    assert own["last_used_at"] is not None


def test_X_CO_07_one_request_ends_every_grant_of_an_app_and_it_has_to_ask_anew(acme_on_both: World, bob: Person) -> None:
    app_id = other_app(acme_on_both)
    ids = [add_grant(acme_on_both, bob.user.id, app_id, "api", "refresh_token") for _ in range(3)]
    answer = acme_on_both.ask("DELETE", f"/me/apps/{app_id}", by=bob)
    assert answer.status_code == 200, answer.text
    assert answer.json()["grants"] == [id18(each) for each in ids]
    assert answer.json()["forgotten"] is True
    assert answer.json()["sequence"] is not None
    assert "Portal" not in mine(acme_on_both, bob)
    here = acme_on_both.change(lambda tx: installations.by_app(tx, acme_on_both.org.id, app_id))
    assert acme_on_both.change(lambda tx: approvals.of_user(tx, acme_on_both.org.id, here.id, bob.user.id)) is None
    events = [line["event"] for line in acme_on_both.ask("GET", "/audit").json()["items"][:2]]
    assert events == ["setup:approval:revoked", "setup:user_of_app:revoked"]
    again = acme_on_both.ask("DELETE", f"/me/apps/{app_id}", by=bob)
    assert (again.status_code, again.json()["sequence"], again.json()["forgotten"]) == (200, None, False)


def test_std_RT_11_ending_all_my_apps_ends_mine_and_nobody_elses(acme_on_both: World, bob: Person) -> None:
    app_id = other_app(acme_on_both)
    add_grant(acme_on_both, bob.user.id, app_id, "api", "refresh_token")
    others = add_grant(acme_on_both, acme_on_both.admin.user.id, app_id, "api", "refresh_token")
    ended = acme_on_both.ask("DELETE", "/me/apps", by=bob)
    assert ended.status_code == 200
    assert len(ended.json()) == 2
    # The token of the request hung from one of them.
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == 401
    left = acme_on_both.change(lambda tx: grants.by_id(tx, acme_on_both.org.id, others))
    assert left.ended_at is None


def test_what_was_ended_by_an_admin_is_not_listed_as_alive(acme_on_both: World, bob: Person) -> None:
    app_id = other_app(acme_on_both)
    add_grant(acme_on_both, bob.user.id, app_id, "api", "refresh_token")
    job = add_grant(acme_on_both, bob.user.id, app_id, "api", flow=Flow.JWT_BEARER)
    assert acme_on_both.ask("POST", f"/apps/{app_id}/revoke", body={"reason": "A drill."}).status_code == 200
    portal = mine(acme_on_both, bob)["Portal"]
    # The admin lets the app assert whom it comes for, so it may act again with its next request.
    assert (portal["grants"], portal["by_admin"], portal["remembered"]) == ([id18(job)], True, True)


def test_a_grant_without_a_refresh_token_is_listed_no_longer_than_its_token_can_live(acme: World) -> None:
    bob = acme.add_person("bob", [])
    app_id = other_app(acme)
    add_grant(acme, bob.user.id, app_id, "api")
    assert mine(acme, bob)["Portal"]["ends_at"] is not None


def test_X_SE_04_my_sessions_are_listed_and_ended_one_by_one_or_all(acme_on_both: World, bob: Person) -> None:
    one, two, three = (add_session(acme_on_both, bob.user.id) for _ in range(3))
    theirs = add_session(acme_on_both, acme_on_both.admin.user.id)
    listed = acme_on_both.ask("GET", "/me/sessions", by=bob).json()
    assert len(listed) == 3
    assert listed[0] | {"address": "198.51.100.7", "user_agent": "Browser/1", "methods": ["pwd"], "level": "standard"} == listed[0]
    found = signed_in(acme_on_both, one)
    assert found is not None
    assert acme_on_both.ask("DELETE", f"/me/sessions/{found.session.id}", by=bob).json() == {"ended": 1}
    assert acme_on_both.ask("DELETE", f"/me/sessions/{found.session.id}", by=bob).json() == {"ended": 0}
    assert signed_in(acme_on_both, one) is None
    assert acme_on_both.ask("DELETE", "/me/sessions", by=bob).json() == {"ended": 2}
    assert [signed_in(acme_on_both, value) for value in (two, three)] == [None, None]
    assert signed_in(acme_on_both, theirs) is not None


def test_a_session_of_somebody_else_does_not_exist(acme: World) -> None:
    bob = acme.add_person("bob", [])
    add_session(acme, acme.admin.user.id)
    [theirs] = acme.change(lambda tx: stored_sessions.live_of_user(tx, acme.org.id, acme.admin.user.id))
    answer = acme.ask("DELETE", f"/me/sessions/{theirs.id}", by=bob)
    assert (answer.status_code, answer.json()["reason"]) == (404, "record_not_found")


def test_an_app_of_another_org_does_not_exist(acme: World) -> None:
    answer = acme.ask("DELETE", f"/me/apps/{acme.admins[OTHER].app_id}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "record_not_found")


def with_password(acme: World, person: Person) -> None:
    acme.change(lambda tx: people.set_password_hash(tx, acme.org.id, person.user.id, acme.house.hasher.hash(OLD)))


def change_password(acme: World, person: Person, current: str = OLD, chosen: str = NEW, **said: Any) -> httpx.Response:
    return acme.ask("POST", "/me/password", by=person, body={"current_password": current, "password": chosen} | said)


def test_X_SE_04_std_RT_11_a_new_password_ends_sessions_and_what_apps_have(acme_on_both: World, bob: Person) -> None:
    with_password(acme_on_both, bob)
    app_id = other_app(acme_on_both)
    grant_id = add_grant(acme_on_both, bob.user.id, app_id, "api", "refresh_token")
    session = add_session(acme_on_both, bob.user.id)
    assert change_password(acme_on_both, bob).status_code == 204
    assert signed_in(acme_on_both, session) is None
    assert acme_on_both.change(lambda tx: grants.by_id(tx, acme_on_both.org.id, grant_id)).ended_at is not None
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == 401, "the token of the request is of the time before, too"
    stored = acme_on_both.change(lambda tx: people.password_hash(tx, acme_on_both.org.id, bob.user.id))
    assert acme_on_both.house.hasher.verify(stored, NEW)
    assert acme_on_both.ask("GET", "/audit").json()["items"][0]["event"] == "setup:user:password_changed"
    assert NEW not in acme_on_both.ask("GET", "/audit").text


def test_told_so_a_new_password_leaves_the_apps_and_ends_the_sessions(acme: World) -> None:
    bob = acme.add_person("bob", [])
    with_password(acme, bob)
    session = add_session(acme, bob.user.id)
    assert change_password(acme, bob, end_grants=False).status_code == 204
    assert signed_in(acme, session) is None
    assert acme.ask("GET", "/me", by=bob).status_code == 200


@pytest.mark.parametrize(
    ("current", "chosen", "field"),
    [
        pytest.param("not the password", NEW, "current_password", id="a wrong current password"),
        pytest.param(OLD, "short", "password", id="a short one"),
        pytest.param(OLD, "password123", "password", id="one that is tried first"),
        pytest.param(OLD, "bob@acme.test.example", "password", id="the own username"),
        pytest.param(OLD, "ä" * 600, "password", id="one that is too long in bytes"),
    ],
)
def test_a_password_that_cannot_be_is_refused_at_its_field(acme: World, current: str, chosen: str, field: str) -> None:
    bob = acme.add_person("bob", [])
    with_password(acme, bob)
    answer = change_password(acme, bob, current, chosen)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field]), answer.text
    assert chosen not in answer.text


def test_X_BF_01_who_guesses_the_current_password_is_locked_out_without_a_word_of_it(acme: World) -> None:
    bob = acme.add_person("bob", [])
    with_password(acme, bob)
    wrong = [change_password(acme, bob, "not the password").json()["errors"] for _ in range(10)]
    right = change_password(acme, bob)
    assert right.status_code == 422
    assert [right.json()["errors"]] == [wrong[0]]
    refusals = [line for line in acme.ask("GET", "/login-history").json()["items"] if line["event"] == "sign_in"]
    assert refusals


def test_a_service_user_without_a_password_has_none_to_change(acme: World) -> None:
    bob = acme.add_person("bob", [Permission.VIEW_SETUP])
    answer = change_password(acme, bob)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "current_password")


def test_my_time_zone_is_read_and_set_and_an_admin_sets_that_of_others(acme: World) -> None:
    bob = acme.add_person("bob", [])
    assert acme.ask("GET", "/me/timezone", by=bob).json() == {"timezone": "UTC"}
    assert acme.ask("PUT", "/me/timezone", by=bob, body={"timezone": "Asia/Tokyo"}).json() == {"timezone": "Asia/Tokyo"}
    nowhere = acme.ask("PUT", "/me/timezone", by=bob, body={"timezone": "Nowhere/Land"})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["field"]) == (422, "timezone")
    read = acme.ask("GET", f"/users/{bob.user.id}")
    assert read.json()["timezone"] == "Asia/Tokyo"
    headers = {"If-Match": read.headers["etag"]}
    edited = acme.ask("PATCH", f"/users/{bob.user.id}", body={"timezone": "Europe/Berlin"}, headers=headers)
    assert (edited.status_code, edited.json()["timezone"]) == (200, "Europe/Berlin"), edited.text


def test_the_value_of_a_session_is_in_no_answer(acme: World) -> None:
    bob = acme.add_person("bob", [])
    value = add_session(acme, bob.user.id)
    shown = acme.ask("GET", "/me/sessions", by=bob).text
    assert value not in shown
    assert secrets.digest(value).hex() not in shown
    assert acme.client.get(f"http://{ACME}/api/v1/me/sessions").status_code == 401
