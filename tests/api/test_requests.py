"""The request queue over the admin API: listed page by page, filtered, and decided once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.web.world import OTHER, Person, World

from gatebridge.rules.access_requests import AccessRequest, RequestKind
from gatebridge.rules.ids import long
from gatebridge.rules.people import PermissionSet
from gatebridge.rules.permissions import Permission
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.storage import access_requests, permission_sets
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.tx import Tx


def opened(acme: World, kind: RequestKind, app_id: str, user_id: str | None = None) -> str:
    """A request that waits; returns its id."""

    def make(tx: Tx) -> AccessRequest | None:
        access_requests.count_up(tx, Wanted(acme.org.id, kind, app_id, user_id, "api", "web_server", "192.0.2.10", "Please."))
        return access_requests.latest(tx, acme.org.id, kind, app_id, user_id)

    return long(acme.change(make).id)


def test_requests_are_listed_newest_first_page_by_page(acme: World) -> None:
    foreign = acme.admins[OTHER].app_id
    users = [acme.add_person(f"user{number}", []).user for number in range(30)]
    for user in users:
        opened(acme, RequestKind.APP, foreign, user.id)
    first = acme.ask("GET", "/requests", limit=25).json()
    second = acme.ask("GET", "/requests", limit=25, cursor=first["next"]).json()
    found = [*first["items"], *second["items"]]
    assert [item["user_id"] for item in found] == [long(user.id) for user in reversed(users)]
    assert second["next"] is None
    assert (found[0]["app"], found[0]["publisher"], found[0]["of_this_org"], found[0]["count"]) == ("App of ada", "Other", False, 1)
    assert (found[0]["scopes"], found[0]["address"], found[0]["words"]) == (["api"], "192.0.2.10", "Please.")


def test_requests_are_filtered_by_state_kind_app_and_user(acme: World) -> None:
    foreign, ben = acme.admins[OTHER].app_id, acme.add_person("ben", [])
    one, two = opened(acme, RequestKind.APP, foreign), opened(acme, RequestKind.USER, acme.admin.app_id, ben.user.id)
    assert acme.ask("POST", f"/requests/{one}/refuse", body={"reason": "We use another."}).status_code == 200

    def ids(**said: Any) -> list[str]:
        return [item["id"] for item in acme.ask("GET", "/requests", **said).json()["items"]]

    assert ids() == [two, one]
    assert ids(state="open") == ids(kind="user") == ids(user_id=ben.user.id) == ids(app_id=acme.admin.app_id) == [two]
    assert ids(state="refused") == ids(kind="app") == [one]
    assert acme.ask("GET", "/requests", state="pending").status_code == 422


def test_a_user_is_let_in_by_the_set_that_the_request_offers(acme: World) -> None:
    ben = acme.add_person("ben", [])
    app_id, set_id = acme.change(lambda tx: _guarded(tx, acme))
    request = opened(acme, RequestKind.USER, app_id, ben.user.id)
    offered = acme.ask("GET", f"/requests/{request}").json()["permission_sets"]
    assert [(each["label"], each["ends_at"]) for each in offered] == [("Readers", None)]
    missing = acme.ask("POST", f"/requests/{request}/approve", body={})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "until")
    until = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    body = {"until": until.isoformat(), "set_id": offered[0]["set_id"], "reason": "For the audit."}
    decided = acme.ask("POST", f"/requests/{request}/approve", body=body).json()
    assert (decided["state"], decided["decided_by"], decided["reason"]) == ("approved", "Ada Example", "For the audit.")
    assert datetime.fromisoformat(decided["ends_at"]) == until
    held = acme.change(lambda tx: permission_sets.assignment(tx, acme.org.id, ben.user.id, set_id))
    assert held.expires_at == until


def test_an_app_is_installed_once_blocked_or_refused(acme: World) -> None:
    foreign = acme.admins[OTHER]
    request = opened(acme, RequestKind.APP, foreign.app_id)
    assert acme.ask("GET", f"/requests/{request}").json()["permission_sets"] == []
    decided = acme.ask("POST", f"/requests/{request}/approve-once", body={})
    assert decided.json()["state"] == "approved"
    app = acme.ask("GET", f"/apps/{foreign.app_id}").json()
    assert (app["state"], app["installed_until"]) == ("active", decided.json()["ends_at"])
    twice = acme.ask("POST", f"/requests/{request}/refuse", body={"reason": "No."})
    assert (twice.status_code, twice.json()["reason"], twice.json()["facts"]) == (409, "state_conflict", {"state": "approved"})
    assert twice.json()["detail"].startswith("Ada Example has approved this request")
    acme.ask("POST", f"/apps/{foreign.app_id}/uninstall", body={"reason": "Tried it."})
    again = opened(acme, RequestKind.APP, foreign.app_id)
    assert acme.ask("POST", f"/requests/{again}/block", body={"reason": "Not again."}).json()["state"] == "blocked"
    app = acme.ask("GET", f"/apps/{foreign.app_id}").json()
    assert (app["state"], app["blocked_because"], app["installed_until"]) == ("uninstalled", "Not again.", None)


@pytest.mark.parametrize("right", [Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY, Permission.REGISTER_CONNECTED_APPS])
def test_the_queue_names_people_and_is_for_who_manages_apps(acme: World, right: Permission) -> None:
    reader: Person = acme.add_person("reader", [right])
    assert acme.ask("GET", "/requests", by=reader).json()["reason"] == "permission_missing"


def _guarded(tx: Tx, acme: World) -> tuple[str, str]:
    actor = acme.operator()
    made = create_app(tx, actor, CreateApp("Books", "books", "dev@example.com", owner_id=acme.admin.user.id))
    held = PermissionSet("0PS00000000001z", acme.org.id, "Readers", "readers", "", frozenset(), tx.now)
    assert permission_sets.insert(tx, held)
    assign_access(tx, actor, AssignAccess(made.app.id, held.id))
    return made.app.id, held.id
