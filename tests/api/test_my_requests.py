"""Self-service over the API: asking for access or for an app, seeing what became of it, and reporting something odd."""

from typing import Any

import httpx
import pytest
from tests.api.test_self_service import other_app
from tests.web.world import OTHER, Person, World, id18

from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import installed, network, permitted
from gatebridge.storage import login_history
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

WORDS = "I close the books with it."


@pytest.fixture
def bob(acme: World) -> Person:
    return acme.add_person("bob", [])


def refused(acme: World, person: Person, app_id: str, reason: str = permitted.USER_NOT_APPROVED.code, event: str = "authorize") -> str:
    """The receipt of a person who was refused with an app at a browser."""

    def write(tx: Tx) -> str:
        line = HistoryLine(
            acme.org.id, tx.new_id(Prefix.RECEIPT), tx.now, event, "refused", 403, "192.0.2.10", "Browser/1", {"findings": []}, reason,
            app_id=app_id, user_id=person.user.id, flow="web_server", scopes_asked="api id",
        )  # fmt: skip
        login_history.insert_many(tx, [line])
        return line.id

    return id18(acme.change(write))


def ask(acme: World, person: Person, **said: Any) -> httpx.Response:
    return acme.ask("POST", "/me/requests", by=person, body={"words": WORDS} | said)


def queue(acme: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = acme.ask("GET", "/requests").json()["items"]
    return items


def test_who_was_refused_asks_to_be_let_in_and_sees_what_was_decided(acme: World, bob: Person) -> None:
    app_id = other_app(acme)
    asked = ask(acme, bob, receipt_id=refused(acme, bob, app_id))
    assert (asked.status_code, asked.json()["kind"], asked.json()["app"], asked.json()["state"]) == (201, "user", "Portal", "open"), (
        asked.text
    )
    (waits,) = queue(acme)
    assert (waits["id"], waits["user_id"], waits["words"]) == (asked.json()["id"], id18(bob.user.id), WORDS)
    assert (waits["scopes"], waits["flow"]) == (["api", "id"], "web_server")
    assert acme.ask("POST", f"/requests/{waits['id']}/refuse", body={"reason": "Use the other one."}).status_code == 200
    (mine,) = acme.ask("GET", "/me/requests", by=bob).json()["items"]
    assert (mine["state"], mine["reason"]) == ("refused", "Use the other one.")
    assert mine["asked_again_from"] > mine["decided_at"]
    again = ask(acme, bob, receipt_id=refused(acme, bob, app_id))
    assert (again.status_code, again.json()["reason"]) == (409, "state_conflict")
    assert "Use the other one" in again.json()["detail"]


def test_an_app_that_is_not_installed_is_asked_for_by_the_receipt_or_by_its_key(acme: World, bob: Person) -> None:
    foreign = acme.admins[OTHER]
    by_receipt = ask(acme, bob, receipt_id=refused(acme, bob, foreign.app_id, installed.APP_NOT_INSTALLED.code)).json()
    by_key = ask(acme, bob, consumer_key=foreign.consumer_key).json()
    assert (by_receipt["kind"], by_receipt["app"], by_key["id"]) == ("app", "App of ada", by_receipt["id"])
    assert len(queue(acme)) == 1


def test_X_AD_01_nobody_asks_over_the_receipt_of_another_or_over_what_no_approval_mends(acme: World, bob: Person) -> None:
    app_id, cleo = other_app(acme), acme.add_person("cleo", [])
    of_another = ask(acme, bob, receipt_id=refused(acme, cleo, app_id))
    not_there = ask(acme, bob, receipt_id=Prefix.RECEIPT + "zzzzzzz00000")
    at_no_browser = ask(acme, bob, receipt_id=refused(acme, bob, app_id, event="token"))
    said = [
        {name: value for name, value in each.json().items() if name != "operation_id"} for each in (of_another, not_there, at_no_browser)
    ]
    assert said[0] == said[1] == said[2]
    assert (said[0]["reason"], "No attempt of yours" in said[0]["detail"]) == ("record_not_found", True)
    assert ask(acme, bob, consumer_key="gbk_nobody").json()["detail"] == "No app has this consumer key."
    elsewhere = ask(acme, bob, receipt_id=refused(acme, bob, app_id, network.ADDRESS_OUTSIDE_RANGES.code))
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (409, "state_conflict")
    assert queue(acme) == []


@pytest.mark.parametrize("said", [{}, {"receipt_id": "0Ya000000000001", "consumer_key": "gbk_x"}], ids=["for nothing", "for two"])
def test_it_is_said_once_for_what_one_asks(acme: World, bob: Person, said: dict[str, str]) -> None:
    answer = ask(acme, bob, **said)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["receipt_id"])


def test_my_requests_are_mine_alone(acme: World, bob: Person) -> None:
    cleo = acme.add_person("cleo", [Permission.MANAGE_CONNECTED_APPS])
    ask(acme, bob, consumer_key=acme.admins[OTHER].consumer_key)
    assert acme.ask("GET", "/me/requests", by=cleo).json() == {"items": [], "next": None}


@pytest.mark.parametrize("by", ["app_id", "consumer_key", None])
def test_something_odd_is_reported_about_an_app_or_about_none(acme: World, bob: Person, by: str | None) -> None:
    about = {"app_id": id18(bob.app_id), "consumer_key": bob.consumer_key}
    body = {"words": "It asks for too much."} | ({by: about[by]} if by else {})
    answer = acme.ask("POST", "/me/reports", by=bob, body=body)
    assert (answer.status_code, answer.json()) == (201, {"app_id": id18(bob.app_id) if by else None}), answer.text
    line = acme.ask("GET", "/audit").json()["items"][0]
    assert (line["event"], line["reason"]) == ("setup:odd_thing:reported", "It asks for too much.")
    assert (line["target_kind"], line["actor_id"]) == ("app" if by else "user", id18(bob.user.id))


def test_X_AD_01_no_report_tells_whether_another_orgs_app_is_there(acme: World, bob: Person) -> None:
    known = acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS, "consumer_key": acme.admins[OTHER].consumer_key})
    unknown = acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS, "consumer_key": "gbk_nobody"})
    by_id = acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS, "app_id": acme.admins[OTHER].app_id})
    said = [{name: value for name, value in each.json().items() if name != "operation_id"} for each in (known, unknown, by_id)]
    assert said[0] == said[1] == said[2]
    assert (known.status_code, said[0]["reason"]) == (404, "record_not_found")


def test_a_report_names_its_app_once_says_something_and_is_not_the_hundredth(acme: World, bob: Person) -> None:
    twice = acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS, "app_id": bob.app_id, "consumer_key": bob.consumer_key})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "consumer_key")
    empty = acme.ask("POST", "/me/reports", by=bob, body={"words": "?!"})
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "words")
    once = {"Idempotency-Key": "my-report"}
    for _ in range(2):  # what was sent and not heard of is sent again
        assert acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS}, headers=once).status_code == 201
    assert [line["event"] for line in acme.ask("GET", "/audit").json()["items"]].count("setup:odd_thing:reported") == 1
    statuses = [acme.ask("POST", "/me/reports", by=bob, body={"words": WORDS}).status_code for _ in range(5)]
    assert statuses == [201] * 4 + [409]


def test_what_apps_have_of_a_user_is_seen_by_who_stops_users_or_sees_use(acme: World, bob: Person) -> None:
    path = f"/users/{bob.user.id}/apps"
    assert [each["label"] for each in acme.ask("GET", path).json()] == []
    acme.token(bob)
    (found,) = acme.ask("GET", path).json()
    assert (found["label"], found["by_admin"]) == ("App of bob", True)
    for right, status in ((Permission.VIEW_OAUTH_USAGE, 200), (Permission.MANAGE_USERS, 200), (Permission.VIEW_SETUP, 403)):
        assert acme.ask("GET", path, by=acme.add_person(right.name.lower(), [right])).status_code == status
