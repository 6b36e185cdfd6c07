"""Settings and policies over the API: refresh token policies as the texts that admins write."""

from typing import Any

import httpx
from tests.web.world import World


def edit(acme: World, part: str, body: dict[str, Any]) -> httpx.Response:
    path = f"/apps/{acme.admin.app_id}/{part}"
    etag = acme.ask("GET", path).headers["etag"]
    return acme.ask("PATCH", path, body=body, headers={"If-Match": etag})


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {error["field"] for error in answer.json()["errors"]}


def test_refresh_policies_go_out_and_come_in_as_text(acme_on_both: World) -> None:
    path = f"/apps/{acme_on_both.admin.app_id}/policies"
    assert acme_on_both.ask("GET", path).json()["refresh_policies"] == ["idle:30:days", "absolute:365:days"]
    said = {"refresh_policies": ["absolute:12:months", "idle:8:hours"], "refresh_grace_seconds": 0, "max_grants_per_user": 3}
    answer = edit(acme_on_both, "policies", said | {"authorization_code_seconds": 30})
    assert answer.status_code == 200, answer.text
    found = acme_on_both.ask("GET", path).json()
    assert found == answer.json()
    assert found["refresh_policies"] == ["idle:8:hours", "absolute:12:months"]
    assert (found["refresh_grace_seconds"], found["authorization_code_seconds"], found["max_grants_per_user"]) == (0, 30, 3)


def test_X_RT_08_the_limit_that_was_left_out_is_the_default(acme: World) -> None:
    assert edit(acme, "policies", {"refresh_policies": ["idle:8:hours"]}).json()["refresh_policies"] == [
        "idle:8:hours",
        "absolute:365:days",
    ]


def test_X_RT_08_an_exception_has_a_reason_and_an_end(acme: World) -> None:
    bare = edit(acme, "policies", {"refresh_policies": ["until_revoked"]})
    assert fields(bare) == {"refresh_exception_reason", "refresh_exception_until"}
    whole = {"refresh_policies": ["until_revoked"], "refresh_exception_reason": "The vendor cannot sign in again."}
    late = edit(acme, "policies", whole | {"refresh_exception_until": "2099-01-01T00:00:00Z"})
    assert fields(late) == {"refresh_exception_until"}
    until = acme.change(lambda tx: tx.now.replace(year=tx.now.year + 1, month=1, day=1)).isoformat()
    answer = edit(acme, "policies", whole | {"refresh_exception_until": until})
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_exception_until"] == until.replace("+00:00", "Z")


def test_what_is_no_refresh_policy_is_named_where_it_stands(acme: World) -> None:
    assert fields(edit(acme, "policies", {"refresh_policies": ["idle:30:days", "idle:0:days", "forever"]})) == {
        "refresh_policies.1",
        "refresh_policies.2",
    }
    assert fields(edit(acme, "policies", {"refresh_policies": [7]})) == {"refresh_policies.0"}
    assert fields(edit(acme, "policies", {"refresh_policies": []})) == {"refresh_policies"}


def test_settings_of_the_flows_of_people(acme: World) -> None:
    said = {"require_secret_for_refresh": False, "rotate_refresh_tokens": True, "id_token_minutes": 30}
    answer = edit(acme, "settings", said)
    assert answer.status_code == 200, answer.text
    assert answer.json() | said == answer.json()
    assert fields(edit(acme, "settings", {"assertion_audiences": ["https://a.example"], "id_token_minutes": 0})) == {
        "assertion_audiences",
        "id_token_minutes",
    }


def test_a_new_app_can_say_all_of_it(acme: World) -> None:
    body = {
        "label": "Old client",
        "api_name": "old_client",
        "contact_email": "dev@example.com",
        "dialect": "salesforce",
        "flows": ["web_server", "refresh_token"],
        "callbacks": ["https://a.example/cb"],
        "require_secret_for_web_server": False,
        "rotate_refresh_tokens": True,
        "id_token_minutes": 5,
        "assertion_audiences": ["https://login.example.com"],
    }
    made = acme.ask("POST", "/apps", body=body)
    assert made.status_code == 201, made.text
    found = acme.ask("GET", f"/apps/{made.json()['id']}/settings").json()
    names = ("require_secret_for_web_server", "rotate_refresh_tokens", "id_token_minutes", "assertion_audiences")
    assert {name: found[name] for name in names} == {name: body[name] for name in names}
    assert found["require_secret_for_refresh"] is True
