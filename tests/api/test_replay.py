"""Policy replay and its guard over the admin API, as an admin lives it: draft, look who would break, narrow it, save."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.web.world import ACME, Person, World, id18, served

from gatebridge.rules.permissions import Permission
from gatebridge.web.api import replay
from gatebridge.web.app import make_app

OFFICE, AWAY = "192.0.2.10", "203.0.113.9"
TOKEN = f"http://{ACME}/services/oauth2/token"
STREAM = "application/x-ndjson"


@dataclass(frozen=True)
class Nightly:
    """A job of the org, and the two machines that it runs on."""

    acme: World
    person: Person
    office: httpx.Client
    away: httpx.Client

    def run(self, where: httpx.Client) -> httpx.Response:
        return where.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(self.person.consumer_key, self.person.secret))

    @property
    def policies(self) -> str:
        return f"/apps/{self.person.app_id}/policies"

    def save(self, **changes: Any) -> httpx.Response:
        etag = self.acme.ask("GET", self.policies).headers["etag"]
        return self.acme.ask("PATCH", self.policies, body=changes, headers={"If-Match": etag})

    def replay(self, *ranges: str, **body: Any) -> dict[str, Any]:
        """What the replay says of a draft that binds the job to these ranges."""
        drafted = [{"app_id": self.person.app_id, "ip_ranges": [{"range": each} for each in ranges]}]
        answer = self.acme.ask("POST", "/replay", body={"policies": drafted} | body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def nightly(acme_on_both: World) -> Iterator[Nightly]:
    person = acme_on_both.add_person("nightly", [])
    app = make_app(acme_on_both.house)
    with served(app, OFFICE) as office, served(app, AWAY) as away:
        yield Nightly(acme_on_both, person, office, away)


def ranges(*texts: str) -> list[dict[str, str]]:
    return [{"range": text} for text in texts]


def test_tighten_a_policy_see_the_job_that_would_break_narrow_it_and_save(nightly: Nightly) -> None:
    for where in (nightly.office, nightly.office, nightly.away):
        assert nightly.run(where).status_code == 200

    found = nightly.replay("192.0.2.0/24")
    (broken,) = found["changes"]
    assert (broken["kind"], broken["reason"], broken["gate"]) == ("refused", "address_outside_app_ranges", "network")
    assert (broken["app"], broken["user"], broken["job"]) == ("App of nightly", "Nightly Example", True)
    assert (broken["address"], broken["lines"], broken["flow"]) == (AWAY, 1, "client_credentials")
    assert broken["app_id"] == id18(nightly.person.app_id)
    assert (found["refused"], found["admitted"]["lines"]) == ({"lines": 1, "people": 1, "apps": 1}, 0)
    assert found["complete"] is True

    refused = nightly.save(ip_ranges=ranges("192.0.2.0/24"))
    problem = refused.json()
    assert (refused.status_code, problem["reason"]) == (409, "locks_out")
    assert "Nightly Example (App of nightly, last used " in problem["detail"]
    assert (problem["facts"]["number"], problem["facts"]["nobody_left"]) == (1, False)
    (first,) = problem["facts"]["first"]
    assert (first["name"], first["app"], first["job"]) == ("Nightly Example", "App of nightly", True)
    assert nightly.run(nightly.away).status_code == 200  # nothing was saved

    narrowed = ("192.0.2.0/24", f"{AWAY}/32")
    assert nightly.replay(*narrowed)["changes"] == []
    assert nightly.save(ip_ranges=ranges(*narrowed)).status_code == 200
    assert [nightly.run(where).status_code for where in (nightly.office, nightly.away)] == [200, 200]


def test_confirmed_it_is_saved_and_the_audit_trail_says_whom_it_locked_out(nightly: Nightly) -> None:
    assert nightly.run(nightly.away).status_code == 200
    assert nightly.save(ip_ranges=ranges("192.0.2.0/24"), confirmed=True).status_code == 200
    assert nightly.run(nightly.away).status_code == 400
    newest = nightly.acme.ask("GET", "/audit").json()["items"][0]
    changed = {each["field"]: each["after"] for each in newest["changes"]}
    assert changed["locked_out.number"] == 1
    assert changed["locked_out.names"] == ["Nightly Example (App of nightly)"]


def test_what_was_refused_and_would_be_let_in_is_told_with_the_reason_of_today(nightly: Nightly) -> None:
    assert nightly.save(ip_ranges=ranges("192.0.2.0/24")).status_code == 200
    assert nightly.run(nightly.away).status_code == 400
    (admitted,) = nightly.replay(f"{AWAY}/32", "192.0.2.0/24")["changes"]
    assert (admitted["kind"], admitted["reason"], admitted["address"]) == ("admitted", "address_outside_app_ranges", AWAY)


def test_an_empty_draft_changes_nothing_about_whatever_happened(nightly: Nightly) -> None:
    for where in (nightly.office, nightly.away):
        nightly.run(where)
    wrong = nightly.office.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(nightly.person.consumer_key, "gbs_wrong"))
    assert wrong.status_code == 401
    found = nightly.acme.ask("POST", "/replay", body={}).json()
    assert (found["changes"], found["more_changes"]) == ([], 0)
    assert {each["cause"]: each["lines"] for each in found["unjudged"]} == {"not_proven": 1}
    assert found["judged"] == found["lines"] - 1


def test_it_streams_its_progress_to_who_asks_for_lines(nightly: Nightly) -> None:
    nightly.run(nightly.office)
    whole = nightly.replay("192.0.2.0/24")
    drafted = [{"app_id": nightly.person.app_id, "ip_ranges": ranges("192.0.2.0/24")}]
    streamed = nightly.acme.ask("POST", "/replay", body={"policies": drafted}, headers={"Accept": STREAM})
    assert streamed.headers["content-type"].startswith(STREAM)
    *progress, last = [json.loads(line) for line in streamed.text.splitlines()]
    assert [step["percent"] for step in progress] == [0, 100]
    assert last["percent"] == 100
    assert last["answer"] | {"until": ""} == whole | {"until": ""} | {name: last["answer"][name] for name in ("since",)}


def test_it_writes_nothing(nightly: Nightly) -> None:
    nightly.run(nightly.office)
    before = nightly.acme.ask("GET", "/audit").json()["items"][0]["sequence"]
    policies = nightly.acme.ask("GET", nightly.policies).json()
    nightly.replay("198.51.100.0/24")
    assert nightly.acme.ask("GET", nightly.policies).json() == policies
    assert nightly.acme.ask("GET", "/audit").json()["items"][0]["sequence"] == before


def test_one_replay_runs_at_a_time_on_a_server(nightly: Nightly) -> None:
    with replay.ONE_AT_A_TIME:
        busy = nightly.acme.ask("POST", "/replay", body={})
    assert (busy.status_code, busy.json()["reason"], "Retry-After" in busy.headers) == (503, "server_busy", True)
    assert nightly.acme.ask("POST", "/replay", body={}).status_code == 200


def test_it_takes_both_rights(nightly: Nightly) -> None:
    for number, right in enumerate((Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY)):
        half = nightly.acme.add_person(f"half{number}", [right])
        answer = nightly.acme.ask("POST", "/replay", by=half, body={})
        assert (answer.status_code, answer.json()["reason"]) == (403, "permission_missing")
    both = nightly.acme.add_person("both", [Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY])
    assert nightly.acme.ask("POST", "/replay", by=both, body={}).status_code == 200


@pytest.mark.parametrize(
    ("draft", "reason", "field"),
    [
        ({"policies": [{"app_id": "0H4000000000001", "ip_ranges": []}]}, "record_not_found", None),
        ({"profiles": [{"profile_id": "00e000000000001"}]}, "record_not_found", None),
        ({"permission_sets": [{"user_id": "005000000000001", "set_id": "0PS000000000001"}]}, "record_not_found", None),
        ({"org": {"trusted_ranges": [{"range": "300.0.0.0/8"}]}}, "field_invalid", "org.trusted_ranges.0"),
        ({"org": {"timezone": "Mars/Olympus"}}, "field_invalid", "org.timezone"),
        ({"org": {"session_minutes": 5}}, "field_unknown", "org.session_minutes"),
        ({"days": 0}, "field_invalid", "days"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_what_is_no_draft_is_refused_at_its_field(acme: World, draft: dict[str, Any], reason: str, field: str | None) -> None:
    problem = acme.ask("POST", "/replay", body=draft).json()
    assert problem["reason"] == reason
    assert [error["field"] for error in problem.get("errors", ())] == ([field] if field else [])


def test_one_record_is_drafted_once(nightly: Nightly) -> None:
    twice = [{"app_id": nightly.person.app_id, "may_administer": each} for each in (True, False)]
    problem = nightly.acme.ask("POST", "/replay", body={"policies": twice}).json()
    assert [error["field"] for error in problem["errors"]] == ["policies"]
