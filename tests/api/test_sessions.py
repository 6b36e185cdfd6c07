"""Admins look at who is signed in, and end it: one session, all of a user, and by choice what apps have of that user."""

from datetime import timedelta
from typing import Any

import pytest
from tests.api.test_self_service import add_grant, add_session, other_app, signed_in
from tests.web.world import OTHER, Person, World, id18

from gatebridge.rules.permissions import Permission
from gatebridge.setup.stop_users import FreezeUser, UnfreezeUser, freeze_user, unfreeze_user
from gatebridge.storage import grants
from gatebridge.storage import sessions as stored_sessions


@pytest.fixture
def bob(acme_on_both: World) -> Person:
    return acme_on_both.add_person("bob", [])


def listed(acme: World, **query: Any) -> list[dict[str, Any]]:
    answer = acme.ask("GET", "/sessions", **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_live_sessions_are_listed_newest_first_with_user_level_and_place(acme_on_both: World, bob: Person) -> None:
    admin = acme_on_both.admin.user
    for user_id in (bob.user.id, admin.id):
        add_session(acme_on_both, user_id)
    found = listed(acme_on_both)
    assert [each["username"] for each in found] == [admin.username, bob.user.username]
    said = {"level": "standard", "methods": ["pwd"], "activated": False, "address": "198.51.100.7", "user_agent": "Browser/1"}
    assert found[1] | said | {"user_id": id18(bob.user.id)} == found[1]
    assert [each["username"] for each in listed(acme_on_both, user_id=bob.user.id)] == [bob.user.username]


def test_what_is_over_is_not_listed_whatever_ended_it(acme: World) -> None:
    bob, cleo, dan = (acme.add_person(name, []) for name in ("bob", "cleo", "dan"))
    values = {person.user.username: add_session(acme, person.user.id) for person in (bob, cleo, dan)}
    assert len(values) == len(listed(acme)) == 3
    acme.change(lambda tx: stored_sessions.end_of_user(tx, acme.org.id, bob.user.id, "a test"))
    acme.change(lambda tx: freeze_user(tx, acme.operator(), FreezeUser(cleo.user.id, "A drill.")))
    assert [each["username"] for each in listed(acme)] == [dan.user.username]
    rested = stored_sessions.sessions.update().values(last_seen_at=acme.house.clock() - timedelta(hours=3))
    acme.change(lambda tx: tx.connection.execute(rested))
    assert listed(acme) == []


def test_a_long_list_is_read_page_by_page_past_what_is_over(acme: World) -> None:
    bob = acme.add_person("bob", [])
    for _ in range(60):
        add_session(acme, bob.user.id)
    table = stored_sessions.sessions
    ids = [session.id for session in acme.change(lambda tx: stored_sessions.live_of_user(tx, acme.org.id, bob.user.id))]
    rested = table.update().where(table.c.id.in_(ids[:30])).values(last_seen_at=acme.house.clock() - timedelta(hours=3))
    acme.change(lambda tx: tx.connection.execute(rested))
    first = acme.ask("GET", "/sessions").json()
    second = acme.ask("GET", "/sessions", cursor=first["next"]).json()
    assert [each["id"] for each in first["items"] + second["items"]] == [id18(each) for each in ids[30:]]
    assert (len(first["items"]), second["next"]) == (25, None)


def test_an_admin_ends_one_session_and_the_trail_says_whose_and_why(acme_on_both: World, bob: Person) -> None:
    one, two = (add_session(acme_on_both, bob.user.id) for _ in range(2))
    found = signed_in(acme_on_both, one)
    assert found is not None
    path = f"/sessions/{found.session.id}"
    assert acme_on_both.ask("DELETE", path, reason="A lost laptop.").json() == {"ended": 1}
    assert acme_on_both.ask("DELETE", path).json() == {"ended": 0}
    assert signed_in(acme_on_both, one) is None
    assert signed_in(acme_on_both, two) is not None
    line, *others = acme_on_both.ask("GET", "/audit").json()["items"]
    assert (line["event"], line["reason"]) == ("setup:session:ended", "A lost laptop.")
    assert line["target"] == f"A session of {bob.user.name}"
    assert others[0]["event"] != "setup:session:ended"


@pytest.mark.parametrize("end_grants", [False, True], ids=["apps keep what they have", "apps lose what they have"])
def test_X_SE_04_an_admin_ends_all_sessions_of_a_user_and_chooses_about_grants(acme_on_both: World, bob: Person, end_grants: bool) -> None:
    values = [add_session(acme_on_both, bob.user.id) for _ in range(3)]
    theirs = add_session(acme_on_both, acme_on_both.admin.user.id)
    add_grant(acme_on_both, bob.user.id, other_app(acme_on_both), "api")
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == 200
    answer = acme_on_both.ask("DELETE", f"/users/{bob.user.id}/sessions", end_grants=end_grants, reason="A lost laptop.")
    assert (answer.status_code, answer.json()) == (200, {"ended": 3})
    assert [signed_in(acme_on_both, value) for value in values] == [None] * 3
    assert signed_in(acme_on_both, theirs) is not None
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == (401 if end_grants else 200)
    events = [line["event"] for line in acme_on_both.ask("GET", "/audit").json()["items"]]
    assert events[:2].count("setup:user_sessions:ended") == 1
    assert ("setup:user_access:revoked" in events) is end_grants


def test_who_ends_grants_too_writes_why_or_nothing_happens(acme: World) -> None:
    bob = acme.add_person("bob", [])
    value = add_session(acme, bob.user.id)
    answer = acme.ask("DELETE", f"/users/{bob.user.id}/sessions", end_grants=True)
    assert (answer.status_code, answer.json()["reason"]) == (422, "reason_required")
    assert signed_in(acme, value) is not None


@pytest.mark.parametrize(
    ("rights", "status"),
    [
        ([Permission.MANAGE_USERS], 200),
        ([Permission.MANAGE_SECURITY], 200),
        ([Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY], 403),
    ],
    ids=["Manage Users", "Manage Security", "neither"],
)
def test_X_AD_05_it_takes_a_right_to_see_and_to_end_the_sessions_of_others(acme: World, rights: list[Permission], status: int) -> None:
    bob = acme.add_person("bob", rights)
    value = add_session(acme, acme.admin.user.id)
    found = signed_in(acme, value)
    assert found is not None
    for method, path in (
        ("GET", "/sessions"),
        ("DELETE", f"/sessions/{found.session.id}"),
        ("DELETE", f"/users/{acme.admin.user.id}/sessions"),
    ):
        assert acme.ask(method, path, by=bob).status_code == status
    assert (signed_in(acme, value) is None) is (status == 200)


def test_X_AD_01_sessions_and_users_of_another_org_do_not_exist(acme: World) -> None:
    value = add_session(acme, acme.admin.user.id)
    found = signed_in(acme, value)
    assert found is not None
    for path in (f"/sessions/{found.session.id}", f"/users/{acme.admin.user.id}/sessions"):
        answer = acme.ask("DELETE", path, host=OTHER)
        assert (answer.status_code, answer.json()["reason"]) == (404, "record_not_found")
    assert acme.ask("GET", "/sessions", host=OTHER).json()["items"] == []
    assert signed_in(acme, value) is not None


@pytest.mark.parametrize("end_grants", [True, False], ids=["grants end", "grants rest"])
def test_X_SE_04_a_freeze_ends_sessions_and_by_choice_what_apps_have(acme_on_both: World, bob: Person, end_grants: bool) -> None:
    value = add_session(acme_on_both, bob.user.id)
    grant_id = add_grant(acme_on_both, bob.user.id, other_app(acme_on_both), "api")
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == 200
    said = {"reason": "Something is odd."} | ({} if end_grants else {"end_grants": False})
    assert acme_on_both.ask("POST", f"/users/{bob.user.id}/freeze", body=said).status_code == 200
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == 401
    assert acme_on_both.ask("POST", f"/users/{bob.user.id}/unfreeze", body={"reason": "It was nothing."}).status_code == 200
    assert signed_in(acme_on_both, value) is None, "a session never comes back"
    assert acme_on_both.ask("GET", "/me", by=bob).status_code == (401 if end_grants else 200)
    assert acme_on_both.change(lambda tx: grants.by_id(tx, acme_on_both.org.id, grant_id)).ended_at is None
    lines = acme_on_both.ask("GET", "/audit").json()["items"]
    [frozen] = [line for line in lines if line["event"] == "setup:user:frozen"]
    assert ("grants" in {change["field"] for change in frozen["changes"]}) is not end_grants


def test_a_session_that_began_at_the_very_moment_of_a_freeze_does_not_outlive_it(acme: World) -> None:
    bob = acme.add_person("bob", [])
    acme.change(lambda tx: freeze_user(tx, acme.operator(), FreezeUser(bob.user.id, "A drill.", end_grants=False)))
    value = add_session(acme, bob.user.id)  # the sign-in had been decided before
    acme.change(lambda tx: unfreeze_user(tx, acme.operator(), UnfreezeUser(bob.user.id)))
    assert signed_in(acme, value) is None
