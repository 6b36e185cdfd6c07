"""Exposures over the admin API: what an admin and a developer see, an acceptance with its end, and the end on a clock moved by hand."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock
from tests.web.world import ACME, OTHER, Person, World, id18, world

from gatebridge.monitoring import exposures
from gatebridge.rules.permissions import Permission
from gatebridge.storage.database import open_database
from gatebridge.worker import Worker

REASON = "The partner moves to fixed addresses in spring."


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def acme(database_url: str, clock: Clock) -> Iterator[World]:
    """The world on both databases, at a time that the test moves."""
    database = open_database(database_url, MASTER_KEYS, clock=clock)
    try:
        with world(database, clock=clock) as made:
            yield made
    finally:
        database.close()


def loosened(acme: World, by: Person, **changes: Any) -> None:
    """Policies of the app of this person, changed by the admin."""
    path = f"/apps/{by.app_id}/policies"
    etag = acme.ask("GET", path).headers["ETag"]
    answer = acme.ask("PATCH", path, body=changes, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text


def developer(acme: World, name: str = "dan") -> Person:
    return acme.add_person(name, [Permission.REGISTER_CONNECTED_APPS])


def exposures_of(acme: World, app_id: str, by: Person | None = None) -> dict[str, Any]:
    answer = acme.ask("GET", f"/apps/{app_id}/exposures", by=by)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_many_apps_are_read_by_what_they_weighed_last_without_gap_or_repetition(
    acme: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights change between two pages; the order is that of the last round, and what is told is of this moment."""
    monkeypatch.setattr(exposures, "SEEN_AT_ONCE", 5)
    people = [developer(acme, f"dan{number}") for number in range(30)]
    monkeypatch.setattr(exposures, "BATCH", 7)
    worker = Worker(acme.database, {}, random=os.urandom)
    worker.run_once()
    loosened(acme, people[29], ip_relaxation="relax")
    first = acme.ask("GET", "/exposures").json()
    loosened(acme, people[28], ip_relaxation="relax")
    second = acme.ask("GET", "/exposures", cursor=first["next"]).json()
    told = {each["app_id"]: each["weight"] for each in first["items"] + second["items"]}
    whole = acme.ask("GET", "/exposures", order="app", limit=100).json()["items"]
    assert (len(first["items"]), second["next"], len(second["items"])) == (25, None, len(whole) - 25)
    assert list(told) == [each["app_id"] for each in whole]  # the same for all when they were weighed, so the older one comes first
    assert told[id18(people[29].app_id)] > told[id18(people[0].app_id)]
    heavy = acme.ask("GET", "/exposures", at_least=told[id18(people[0].app_id)] + 1).json()
    assert heavy["items"] == []  # when they were weighed, none was so heavy
    clock.forward(minutes=3)
    worker.run_once()
    assert {each["app_id"] for each in acme.ask("GET", "/exposures").json()["items"][:2]} == {id18(each.app_id) for each in people[28:]}


def test_many_apps_are_weighed_some_in_each_round_and_then_from_the_start(
    acme: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dan = developer(acme)
    whole = len(acme.ask("GET", "/exposures", order="app", limit=100).json()["items"])
    monkeypatch.setattr("gatebridge.worker.WEIGHED_AT_ONCE", whole - 1)
    worker = Worker(acme.database, {}, random=os.urandom)
    assert [worker.run_once().weighed for _ in range(3)] == [whole - 1, 1, 0]
    clock.forward(minutes=2)
    acme.tokens.clear()
    loosened(acme, dan, ip_relaxation="relax")
    assert worker.run_once().weighed == whole - 1


def test_from_an_exposure_that_is_accepted_to_its_end(acme: World, clock: Clock) -> None:
    dan = developer(acme)
    loosened(acme, dan, ip_relaxation="relax")
    shown = exposures_of(acme, dan.app_id)
    relaxed = next(each for each in shown["exposures"] if each["code"] == "ip_relaxed")
    assert (relaxed["field"], relaxed["smaller"]["by_itself"], relaxed["accepted"]) == ("policies.ip_relaxation", True, None)
    assert shown["weight"] == shown["unaccepted_weight"] == sum(each["weight"] for each in shown["exposures"])

    ends_at = clock.now + timedelta(days=30)
    body = {"exposure": "ip_relaxed", "reason": REASON, "ends_at": ends_at.isoformat()}
    made = acme.ask("POST", f"/apps/{dan.app_id}/loosenings", body=body)
    assert made.status_code == 201, made.text
    shown = exposures_of(acme, dan.app_id)
    accepted = next(each["accepted"] for each in shown["exposures"] if each["code"] == "ip_relaxed")
    assert (accepted["reason"], accepted["by"], accepted["ends_at"]) == (REASON, "Ada Example", "2026-06-03T12:00:00Z")
    assert accepted["loosening_id"] == made.json()["id"]
    assert shown["weight"] - shown["unaccepted_weight"] == relaxed["weight"]

    clock.forward(days=30)
    acme.tokens.clear()
    assert Worker(acme.database, {}, random=os.urandom).run_once().loosenings == 1
    assert "ip_relaxed" not in {each["code"] for each in exposures_of(acme, dan.app_id)["exposures"]}
    assert acme.ask("GET", f"/apps/{dan.app_id}/policies").json()["ip_relaxation"] == "enforce"
    (ended,) = acme.ask("GET", f"/apps/{dan.app_id}/loosenings").json()
    assert (ended["outcome"], ended["by"]) == ("closed", "Ada Example")
    events = [line["event"] for line in acme.ask("GET", "/audit").json()["items"]]
    assert events[:2] == ["setup:loosening:ended", "setup:app:policies_edited"]


def test_an_acceptance_is_taken_back(acme: World, clock: Clock) -> None:
    app_id = acme.admin.app_id
    body = {"exposure": "may_administer", "reason": REASON, "ends_at": (clock.now + timedelta(days=9)).isoformat()}
    made = acme.ask("POST", f"/apps/{app_id}/loosenings", body=body).json()
    assert acme.ask("DELETE", f"/apps/{app_id}/loosenings/{made['id']}").status_code == 204
    assert all(each["accepted"] is None for each in exposures_of(acme, app_id)["exposures"])
    again = acme.ask("DELETE", f"/apps/{app_id}/loosenings/{made['id']}")
    assert (again.status_code, again.json()["reason"]) == (409, "state_conflict")


def test_an_owner_sees_the_own_app_and_no_other_and_accepts_nothing(acme: World, clock: Clock) -> None:
    dan, eve = developer(acme), developer(acme, "eve")
    assert {each["code"] for each in exposures_of(acme, dan.app_id, dan)["exposures"]} >= {"self_authorize", "may_administer"}
    assert acme.ask("GET", f"/apps/{eve.app_id}/exposures", by=dan).json()["reason"] == "record_not_found"
    assert acme.ask("GET", f"/apps/{eve.app_id}/loosenings", by=dan).json()["reason"] == "record_not_found"
    listed = acme.ask("GET", "/exposures", by=dan).json()
    assert {each["app"] for each in listed["items"]} == {"App of dan"}
    body = {"exposure": "may_administer", "reason": REASON, "ends_at": (clock.now + timedelta(days=9)).isoformat()}
    refused = acme.ask("POST", f"/apps/{dan.app_id}/loosenings", by=dan, body=body)
    assert (refused.status_code, refused.json()["reason"]) == (403, "permission_missing")


def test_the_report_is_read_page_by_page_the_heaviest_first_and_filtered(acme: World) -> None:
    people = [developer(acme, f"dev{number:02}") for number in range(30)]
    loosened(acme, people[17], ip_relaxation="relax")
    first = acme.ask("GET", "/exposures").json()
    second = acme.ask("GET", "/exposures", cursor=first["next"]).json()
    everything = first["items"] + second["items"]
    assert (len(first["items"]), second["next"]) == (25, None)
    assert everything[0]["app"] == "App of dev17"
    assert [each["weight"] for each in everything] == sorted((each["weight"] for each in everything), reverse=True)
    assert len({each["app_id"] for each in everything}) == len(everything) == 31
    only = acme.ask("GET", "/exposures", exposure="ip_relaxed").json()["items"]
    assert [each["app"] for each in only] == ["App of dev17"]
    assert acme.ask("GET", "/exposures", exposure="no_such_thing").json()["items"] == []
    assert acme.ask("GET", "/exposures", at_least=500).json()["items"] == []
    ids = [each["app_id"] for each in acme.ask("GET", "/exposures", order="app", limit=100).json()["items"]]
    assert ids == sorted(each["app_id"] for each in everything)
    crossed = acme.ask("GET", "/exposures", cursor=first["next"], exposure="ip_relaxed")
    assert crossed.json()["reason"] == "cursor_invalid"


def test_a_page_of_the_report_takes_as_many_statements_for_thirty_apps_as_for_three(acme: World) -> None:
    def statements() -> int:
        seen: list[str] = []

        def count(*said: Any) -> None:
            seen.append(said[2])

        sa.event.listen(acme.database.engine, "before_cursor_execute", count)
        try:
            assert acme.ask("GET", "/exposures", limit=100).status_code == 200
        finally:
            sa.event.remove(acme.database.engine, "before_cursor_execute", count)
        return len(seen)

    acme.token(acme.admin)
    statements()  # the first request of a server asks for more
    for number in range(2):
        developer(acme, f"few{number}")
    few = statements()
    for number in range(27):
        developer(acme, f"many{number}")
    assert statements() == few


def test_a_secret_that_a_page_in_a_browser_presents_is_an_exposure_until_it_is_retired(acme: World, clock: Clock) -> None:
    dan = developer(acme)
    secret = acme.ask("GET", f"/apps/{dan.app_id}/secrets").json()[0]["id"]

    def asks(**headers: str) -> set[str]:
        form = {"grant_type": "client_credentials"}
        credentials = (dan.consumer_key, dan.secret)
        answer = acme.client.post(f"http://{ACME}/services/oauth2/token", data=form, auth=credentials, headers=headers)
        assert answer.status_code == 200, answer.text
        clock.forward(minutes=10)
        Worker(acme.database, {}, random=os.urandom).run_once()
        return {each["code"] for each in exposures_of(acme, dan.app_id)["exposures"]}

    assert "secret_in_browser" not in asks()
    assert "secret_in_browser" in asks(Origin="https://app.example")
    assert "secret_in_browser" in asks(), "what was seen once is known to whoever saw it"
    retired = acme.ask("POST", f"/apps/{dan.app_id}/secrets/{secret}/retire")
    assert retired.status_code == 200, retired.text
    assert "secret_in_browser" not in {each["code"] for each in exposures_of(acme, dan.app_id)["exposures"]}


def test_an_app_of_another_org_shows_no_owner_and_no_secret(acme: World) -> None:
    theirs = acme.admins[OTHER]
    installed = acme.ask("POST", "/apps/install", body={"consumer_key": theirs.consumer_key})
    assert installed.status_code == 200, installed.text
    shown = exposures_of(acme, theirs.app_id)
    assert (shown["own"], {each["field"].partition(".")[0] for each in shown["exposures"]}) == (False, {"policies"})
    assert acme.ask("GET", f"/apps/{acme.admin.app_id}/exposures", host=OTHER).json()["reason"] == "record_not_found"
    assert acme.ask("GET", "/exposures", host=OTHER).json()["items"][0]["own"] is True
    assert ACME != OTHER


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"exposure": "no_pkce", "reason": REASON, "ends_at": "2026-06-01T00:00:00Z"}, 422, "field_invalid"),
        ({"exposure": "may_administer", "reason": "", "ends_at": "2026-06-01T00:00:00Z"}, 422, "reason_required"),
        ({"exposure": "may_administer", "reason": REASON, "ends_at": "2026-05-01T00:00:00Z"}, 422, "field_invalid"),
        ({"exposure": "may_administer", "reason": REASON, "ends_at": "2028-06-01T00:00:00Z"}, 422, "field_invalid"),
        ({"exposure": "may_administer", "reason": REASON, "ends_at": "2026-06-01T00:00:00"}, 422, "field_invalid"),
    ],
    ids=["not exposed so", "without a reason", "in the past", "too far ahead", "without a zone"],
)
def test_what_cannot_be_accepted_is_refused_with_its_reason(acme: World, body: dict[str, str], status: int, reason: str) -> None:
    answer = acme.ask("POST", f"/apps/{acme.admin.app_id}/loosenings", body=body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
