"""Ranges, hours, levels and sessions over the API, and what they come to in the end."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.web.world import World

from gatebridge.storage.orgs import orgs

OFFICE = {"range": "192.0.2.0/24", "label": "Office"}
CLOUD = {"range": "2001:db8:1::/48", "label": "Cloud"}


def edit(acme: World, path: str, body: dict[str, Any]) -> httpx.Response:
    etag = acme.ask("GET", path).headers["etag"]
    return acme.ask("PATCH", path, body=body, headers={"If-Match": etag})


def saved(acme: World, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The record as the edit answers it, which is the record as it is read."""
    answer = edit(acme, path, body)
    assert answer.status_code == 200, answer.text
    assert acme.ask("GET", path).json() == answer.json()
    found: dict[str, Any] = answer.json()
    assert {name: found[name] for name in body} == body
    return found


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {error["field"] for error in answer.json()["errors"]}


@pytest.fixture
def app(acme_on_both: World) -> str:
    body = {"label": "Ledger", "api_name": "ledger", "contact_email": "dev@example.com", "scopes": ["api"], "flows": ["client_credentials"]}
    return f"/apps/{acme_on_both.ask('POST', '/apps', body=body).json()['id']}"


@pytest.fixture
def profile(acme_on_both: World) -> str:
    return f"/profiles/{acme_on_both.ask('POST', '/profiles', body={'name': 'Night jobs'}).json()['id']}"


def test_the_policies_of_an_app_say_what_they_come_to(acme_on_both: World, app: str, profile: str) -> None:
    fresh = acme_on_both.ask("GET", f"{app}/policies").json()
    assert (fresh["ip_ranges"], fresh["refresh_ranges"], fresh["monitored_ranges"]) == ([], [], [])
    assert {each["network"]["rule"] for each in fresh["effective"]} == {"no_effect"}
    assert "Night jobs" in fresh["effective"][0]["profiles"]

    saved(acme_on_both, profile, {"login_ranges": [OFFICE], "session_minutes": 30})
    body = {"ip_ranges": [CLOUD], "refresh_ranges": [], "monitored_ranges": [OFFICE], "required_level": "high", "level_action": "block"}
    found = saved(acme_on_both, f"{app}/policies", body | {"ip_relaxation": "relax_activated_devices"})
    (bound,) = (each for each in found["effective"] if "Night jobs" in each["profiles"])
    assert bound["network"] == {
        "rule": "app_ranges",
        "words": "Only addresses in the app's own ranges, which count instead of the login ranges of the user's profile.",
        "monitored": "Only addresses in the app's own ranges, which count instead of the login ranges of the user's profile.",
    }
    assert bound["access_token_minutes"] == {
        "value": 30,
        "source": "profile",
        "chain": [
            {"source": "app", "value": None},
            {"source": "profile", "value": 30},
            {"source": "org", "value": None},
            {"source": "default", "value": 120},
        ],
    }
    assert bound["jwt_access_token_minutes"]["source"] == "default"
    assert bound["level"] == {"level": "high", "action": "block", "required_by": "the app's policies"}


def test_a_profile_says_what_holds_for_its_users(acme_on_both: World, profile: str) -> None:
    hours = [{"weekday": "monday", "start": "08:00", "end": "18:00"}, {"weekday": "sunday", "start": "00:00", "end": "24:00"}]
    body = {"login_ranges": [OFFICE], "monitored_ranges": [CLOUD], "login_hours": hours, "required_level": "high", "level_action": "raise"}
    found = saved(acme_on_both, profile, body)
    assert found["effective"]["network"]["rule"] == "profile_ranges"
    assert (found["effective"]["session_minutes"]["value"], found["effective"]["session_minutes"]["source"]) == (120, "default")
    assert found["effective"]["level"]["required_by"] == "the user's profile"
    assert found["effective"]["timezone"] == "UTC"
    assert saved(acme_on_both, profile, {"login_hours": []})["login_ranges"] == [OFFICE]


def test_an_org_says_which_numbers_are_its_own(acme_on_both: World) -> None:
    # Plain http, as the orgs of these tests have it, is an issuer that no edit would save.
    acme_on_both.change(lambda tx: tx.connection.execute(sa.update(orgs).values(issuer="https://" + orgs.c.host)))
    body = {
        "timezone": "Europe/Berlin",
        "monitored_ranges": [OFFICE],
        "ranges_on_every_request": True,
        "lock_sessions_to_address": False,
        "session_absolute_hours": 8,
        "max_sessions_per_user": 5,
        "reauthenticate_minutes": None,
    }
    found = saved(acme_on_both, "/org", body)
    assert found["effective"]["session_absolute_hours"]["source"] == "org"
    assert found["effective"]["reauthenticate_minutes"] == {
        "value": 60,
        "source": "default",
        "chain": [{"source": "org", "value": None}, {"source": "default", "value": 60}],
    }
    assert (found["verify_new_browsers"], found["required_level"], found["level_action"]) == (False, "standard", "raise")


@pytest.mark.parametrize(
    ("span", "field"),
    [
        ({"weekday": "noday", "start": "08:00", "end": "18:00"}, "login_hours.0.weekday"),
        ({"weekday": "monday", "start": "8:00", "end": "18:00"}, "login_hours.0.start"),
        ({"weekday": "monday", "start": "08:00", "end": "25:00"}, "login_hours.0.end"),
        ({"weekday": "monday", "start": "22:00", "end": "06:00"}, "login_hours.0"),
        ({"weekday": "monday", "start": "08:00", "end": "08:00"}, "login_hours.0"),
    ],
)
def test_hours_that_no_clock_shows_are_refused_where_they_stand(acme: World, span: dict[str, str], field: str) -> None:
    assert fields(acme.ask("POST", "/profiles", body={"name": "Night", "login_hours": [span]})) == {field}


def test_what_is_shown_as_in_force_is_not_set(acme_on_both: World, app: str) -> None:
    answer = edit(acme_on_both, f"{app}/policies", {"effective": []})
    assert (answer.status_code, answer.json()["reason"]) == (400, "read_only_field")


def test_an_edit_of_ranges_is_in_the_audit_trail_in_words(acme_on_both: World, app: str) -> None:
    saved(acme_on_both, f"{app}/policies", {"ip_ranges": [OFFICE]})
    changes = acme_on_both.ask("GET", "/audit").json()["items"][0]["changes"]
    assert [each["sentence"] for each in changes] == ["Ip ranges: set to “192.0.2.0/24 Office”"]
