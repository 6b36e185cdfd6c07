"""Explain access over the API: the answer in the words of the page, ids in 18 characters, and questions that are none."""

from typing import Any

import pytest
from tests.web.world import World, id18

from gatebridge.rules.permissions import Permission


def ask(acme: World, status: int = 200, **body: Any) -> Any:
    said = {"app": acme.admin.app_id, "flow": "client_credentials", "address": "127.0.0.1"} | body
    answer = acme.ask("POST", "/explain", body=said)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_every_gate_is_told_with_its_number_its_words_and_its_setting(acme: World) -> None:
    found = ask(acme)
    assert (found["outcome"], found["reason"], found["narrowed"]) == ("granted", None, False)
    assert (found["app_id"], found["user_id"]) == (id18(acme.admin.app_id), id18(acme.admin.user.id))
    door = found["doors"][0]
    assert (door["door"], [each["gate"] for each in door["findings"]][:3]) == ("token", ["client", "app", "installed"])
    flow = next(each for each in door["findings"] if each["gate"] == "flow")
    assert (flow["number"], flow["state"], flow["assumed"]) == (5, "passed", False)
    assert flow["setting"]["request"] == f"PATCH /api/v1/apps/{id18(acme.admin.app_id)}/settings"
    assert flow["setting"]["command"].startswith(f"gatebridge apps settings {id18(acme.admin.app_id)} --flow")
    assert "manage_connected_apps" in flow["setting"]["permissions"]
    assert door["lifetime_seconds"] == 7200


def test_a_refusal_has_its_reason_with_its_page(acme: World) -> None:
    found = ask(acme, scopes=["web"])
    assert found["outcome"] == "refused"
    assert (found["reason"]["code"], found["reason"]["page"]) == ("scope_not_assigned", "/help/reasons/scope_not_assigned")
    assert found["reason"]["remedy"]
    scopes = next(each for each in found["doors"][0]["findings"] if each["gate"] == "scopes")
    assert (scopes["state"], scopes["compared"][0]["sent"]) == ("refused", "web")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"flow": "password"}, "flow"),
        ({"address": "somewhere"}, "address"),
        ({"at": "2026-03-01T12:00:00"}, "at"),
        ({"level": "low"}, "level"),
        ({"user": "nobody"}, "user"),
    ],
)
def test_what_is_no_question_is_told_field_by_field(acme: World, body: dict[str, Any], field: str) -> None:
    assert [each["field"] for each in ask(acme, 422, **body)["errors"]] == [field]


def test_without_the_rights_one_may_ask_about_oneself_alone(acme: World) -> None:
    bob = acme.add_person("bob", [])
    body = {"app": acme.admin.app_id, "flow": "web_server", "user": bob.user.username}
    mine = acme.ask("POST", "/explain", by=bob, body=body)
    assert (mine.status_code, mine.json()["narrowed"]) == (200, True)
    theirs = acme.ask("POST", "/explain", by=bob, body=body | {"user": acme.admin.user.username})
    assert (theirs.status_code, theirs.json()["reason"]) == (403, "permission_missing")
    alone = acme.add_person("mona", [Permission.MONITOR_LOGIN_HISTORY])
    assert acme.ask("POST", "/explain", by=alone, body=body).status_code == 403


def test_a_receipt_is_explained_beside_what_would_be_now(acme: World) -> None:
    refused = acme.client.post(
        f"http://{acme.org.host}/services/oauth2/token",
        data={"grant_type": "client_credentials", "scope": "web"},
        auth=(acme.admin.consumer_key, acme.admin.secret),
    )
    receipt_id = refused.headers["X-Gatebridge-Receipt"]
    found = acme.ask("GET", f"/receipts/{receipt_id}/explain").json()
    assert (found["receipt"]["id"], found["receipt"]["reason"]) == (receipt_id, "scope_not_assigned")
    assert (found["now"]["door"], found["now"]["reason"]["code"]) == ("token", "scope_not_assigned")
    scopes = next(each for each in found["gates"] if each["gate"] == "scopes")
    assert (scopes["then"]["state"], scopes["now"]["state"], scopes["changed"]) == ("refused", "refused", False)
    assert "--scope web" in scopes["now"]["setting"]["command"]
