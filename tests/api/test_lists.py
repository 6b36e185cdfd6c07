"""Lists: page by page without gaps, with cursors that belong to one org, user, list and filter, and without a word of another org."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from tests.web.world import ACME, OTHER, World

from gatebridge.rules.permissions import Permission
from gatebridge.storage.login_history import login_history

LISTS = ["/apps", "/users", "/profiles", "/permission-sets", "/login-history", "/audit", "/usage"]


def filled(world: World) -> None:
    for number in range(30):
        answer = world.ask("POST", "/profiles", body={"name": f"Profile {number:02}"})
        assert answer.status_code == 201, answer.text


def test_pages_follow_each_other_without_gap_or_repetition(acme: World) -> None:
    filled(acme)
    first = acme.ask("GET", "/profiles").json()
    second = acme.ask("GET", "/profiles", cursor=first["next"]).json()
    names = [each["id"] for each in first["items"] + second["items"]]
    everything = acme.ask("GET", "/profiles", limit=100).json()
    assert (len(first["items"]), second["next"]) == (25, None)
    assert names == [each["id"] for each in everything["items"]]


@pytest.mark.parametrize("limit", ["0", "-1", "26", "1000000", "x", "1e2"])
def test_a_page_has_one_of_three_sizes(acme: World, limit: str) -> None:
    assert acme.ask("GET", "/profiles", limit=limit).status_code == 422


def damaged(cursor: str) -> list[str]:
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[-3] ^= 1
    return [
        cursor[:-1],
        cursor + "A",
        ("B" if cursor[0] == "A" else "A") + cursor[1:],
        base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="),
        base64.urlsafe_b64encode(b'"0' + b"z" * 13 + b'"').decode(),
        "' OR 1=1 --",
        "",
        "A" * 600,
        "\u00e9",
    ]


def test_X_HT_07_a_forged_cursor_is_refused(acme: World) -> None:
    filled(acme)
    cursor = acme.ask("GET", "/profiles").json()["next"]
    for forged in damaged(cursor):
        answer = acme.ask("GET", "/profiles", cursor=forged)
        assert (answer.status_code, answer.json()["reason"]) == (400, "cursor_invalid"), forged


def test_X_HT_07_a_cursor_is_bound_to_org_user_list_and_filter(acme: World) -> None:
    filled(acme)
    cursor = acme.ask("GET", "/profiles").json()["next"]
    someone = acme.add_person("someone", list(Permission))
    assert acme.ask("GET", "/profiles", cursor=cursor).status_code == 200
    assert acme.ask("GET", "/profiles", cursor=cursor, search="1").json()["reason"] == "cursor_invalid"
    assert acme.ask("GET", "/users", cursor=cursor).json()["reason"] == "cursor_invalid"
    assert acme.ask("GET", "/profiles", cursor=cursor, by=someone).json()["reason"] == "cursor_invalid"
    assert acme.ask("GET", "/profiles", cursor=cursor, host=OTHER).json()["reason"] == "cursor_invalid"


@pytest.mark.parametrize("path", LISTS)
def test_X_AD_06_no_list_shows_another_orgs_record(acme: World, path: str) -> None:
    def shown(host: str) -> set[str]:
        items = acme.ask("GET", path, host=host, limit=100).json()["items"]
        return {str(item.get("id") or item["app_id"]) for item in items}

    acme.ask("POST", "/permission-sets", host=ACME, body={"label": "A", "api_name": "a_set"})
    acme.ask("POST", "/permission-sets", host=OTHER, body={"label": "B", "api_name": "b_set"})
    here, there = shown(ACME), shown(OTHER)
    assert here
    assert there
    assert not here & there


def test_X_AD_06_a_search_for_another_orgs_record_finds_nothing(acme: World) -> None:
    stranger = acme.admins[OTHER]
    assert acme.ask("GET", "/users", search=stranger.user.username).json()["items"] == []
    assert acme.ask("GET", "/apps", search=stranger.consumer_key).json()["items"] == []
    assert acme.ask("GET", "/apps", owner_id=stranger.user.id).json()["items"] == []
    assert acme.ask("GET", "/login-history", app_id=stranger.app_id).json()["items"] == []
    assert acme.ask("GET", "/audit", actor_id=stranger.user.id).json()["items"] == []
    hit = acme.ask("GET", "/blast-radius", app_id=stranger.app_id)
    assert hit.status_code == 404 or hit.json() == {"tokens": 0, "users": 0, "grants": 0, "exact": True}


def test_X_AD_06_a_developer_sees_the_own_apps_alone_in_list_search_and_record(acme: World) -> None:
    developer = acme.add_person("dora", [Permission.REGISTER_CONNECTED_APPS])
    assert [app["id"][:15] for app in acme.ask("GET", "/apps", by=developer).json()["items"]] == [developer.app_id]
    assert acme.ask("GET", "/apps", by=developer, search=acme.admin.consumer_key).json()["items"] == []
    assert acme.ask("GET", "/apps", by=developer, owner_id=acme.admin.user.id).json()["items"] == []
    assert acme.ask("GET", f"/apps/{acme.admin.app_id}", by=developer).status_code == 404
    assert acme.ask("GET", f"/apps/{acme.admin.app_id}/secrets", by=developer).status_code == 404
    assert acme.ask("GET", f"/apps/{developer.app_id}/settings", by=developer).status_code == 200


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-01-01T00:00:00", "outcome=maybe", "app_id=x", "search=" + "x" * 101])
def test_a_filter_that_means_nothing_is_refused_and_named(acme: World, query: str) -> None:
    path = "/users" if query.startswith("search") else "/login-history"
    name, _, value = query.partition("=")
    given: dict[str, Any] = {name: value}
    answer = acme.ask("GET", path, **given)
    assert (answer.status_code, answer.json()["reason"]) == (422, "field_invalid")
    assert answer.json()["errors"][0]["field"] == name


def test_what_no_database_could_look_for_is_refused(acme_on_both: World) -> None:
    for path, name in (("/apps", "search"), ("/connect", "app"), ("/audit", "event"), ("/login-history", "reason")):
        wanted: dict[str, Any] = {name: "a\0b"}
        answer = acme_on_both.ask("GET", path, **wanted)
        assert (answer.status_code, answer.json()["reason"]) == (400, "parameter_malformed"), path


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_at_either_end_of_the_calendar_is_refused_and_named(acme: World, name: str, moment: str) -> None:
    wanted: dict[str, Any] = {name: moment}
    for path in ("/login-history", "/audit"):
        answer = acme.ask("GET", path, **wanted)
        problem = {"field": name, "problem": "is no time between the years 1971 and 9998"}
        assert (answer.status_code, answer.json()["errors"]) == (422, [problem])


def test_X_XS_03_an_error_never_repeats_what_was_sent(acme: World) -> None:
    queries: tuple[dict[str, Any], ...] = ({"limit": "<script>"}, {"since": "<script>"}, {"cursor": "<script>"})
    for query in queries:
        assert "<script>" not in acme.ask("GET", "/audit", **query).text
    assert "<script>" not in acme.ask("POST", "/profiles", body={"name": {"<script>": 1}}).text


def test_users_apps_and_usage_are_narrowed_as_their_pages_are(acme_on_both: World) -> None:
    acme = acme_on_both
    bob = acme.add_person("bob", [])
    acme.ask("POST", f"/users/{bob.user.id}/freeze", body={"reason": "A drill."})

    def found(path: str, name: str, **wanted: Any) -> list[str]:
        return [each[name] for each in acme.ask("GET", path, **wanted).json()["items"]]

    assert found("/users", "first_name", frozen=True) == found("/users", "first_name", profile_id=bob.user.profile_id) == ["Bob"]
    assert found("/users", "first_name", frozen=False, state="active") == ["Ada"]
    assert found("/users", "first_name", state="invited") == []
    assert len(found("/apps", "label", flow="client_credentials")) == 2
    assert found("/apps", "label", flow="device") == []
    assert found("/usage", "app", search="of bob") == ["App of bob"]


def test_lines_of_an_address_or_a_flow_are_those_of_the_last_day_unless_it_is_said_since_when(acme_on_both: World) -> None:
    acme = acme_on_both
    acme.token(acme.admin)
    two_days_ago = (acme.house.clock() - timedelta(days=2)).isoformat()

    def lines(**wanted: Any) -> int:
        return len(acme.ask("GET", "/login-history", **wanted).json()["items"])

    assert lines(flow="client_credentials") == lines(address="127.0.0.1", flow="client_credentials") == 1
    assert lines(flow="device") == lines(address="192.0.2.1") == 0
    acme.change(lambda tx: tx.connection.execute(login_history.update().values(at=tx.now - timedelta(hours=30))))
    assert (lines(flow="client_credentials"), lines(flow="client_credentials", since=two_days_ago)) == (0, 1)
    assert lines() >= 1
