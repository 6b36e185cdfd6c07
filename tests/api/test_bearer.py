"""Who may come in at the admin API: one header, one token, one scope, one policy, and the user's own rights."""

import pytest
from tests.web.world import ACME, OTHER, World

from gatebridge.rules.permissions import Permission


def me(world: World, *headers: tuple[str, str], query: str = "", host: str = ACME) -> tuple[int, str, str]:
    answer = world.client.get(f"http://{host}/api/v1/me{query}", headers=list(headers))
    return answer.status_code, answer.json().get("reason", ""), answer.headers.get("www-authenticate", "")


def test_a_token_says_who_it_acts_for(acme: World) -> None:
    said = acme.ask("GET", "/me").json()
    assert (said["name"], said["org"], said["issuer"]) == (acme.admin.user.username, "Acme", f"http://{ACME}")
    assert set(said["permissions"]) == set(Permission) - {Permission.API_ONLY}


SPELLINGS = [
    pytest.param("Bearer {token}", 200, id="as RFC 6750 writes it"),
    pytest.param("bearer {token}", 200, id="a scheme has no case (RFC 9110 section 11.1)"),
    pytest.param("Bearer  {token}", 400, id="two blanks"),
    pytest.param("Bearer\t{token}", 400, id="a tab"),
    pytest.param("Bearer {token} x", 400, id="something behind it"),
    pytest.param("Bearer {token}, Bearer {token}", 400, id="two in one header"),
    pytest.param("Bearer", 400, id="nothing behind the scheme"),
    pytest.param('Bearer "{token}"', 400, id="in quotes"),
    pytest.param("Token {token}", 400, id="another scheme"),
    pytest.param("Basic {token}", 400, id="HTTP Basic"),
    pytest.param("{token}", 400, id="the bare token"),
    pytest.param("Bearer {token}x", 401, id="one character too many"),
    pytest.param("Bearer ünder", 400, id="no b64token"),
]


@pytest.mark.parametrize(("spelling", "status"), SPELLINGS)
def test_X_TK_14_one_header_one_blank_one_token(acme: World, spelling: str, status: int) -> None:
    value = spelling.format(token=acme.token(acme.admin))
    answer = acme.client.get(f"http://{ACME}/api/v1/me", headers=[(b"Authorization", value.encode())])
    assert answer.status_code == status


def test_X_TK_14_a_token_in_the_address_or_twice_is_refused(acme: World) -> None:
    token = acme.token(acme.admin)
    header = ("Authorization", f"Bearer {token}")
    assert me(acme, query=f"?access_token={token}")[:2] == (400, "bearer_two_ways")
    assert me(acme, header, query=f"?access_token={token}")[:2] == (400, "bearer_two_ways")
    assert me(acme, header, header)[:2] == (400, "bearer_two_ways")
    assert me(acme) == (401, "bearer_missing", f'Bearer realm="{ACME}"')


def test_a_token_of_another_org_is_unknown_here(acme: World) -> None:
    token = acme.token(acme.admins[OTHER], OTHER)
    status, reason, challenge = me(acme, ("Authorization", f"Bearer {token}"))
    assert (status, reason) == (401, "access_token_refused")
    assert 'error="invalid_token"' in challenge


def test_X_AD_05_a_token_without_the_scope_opens_nothing(acme: World) -> None:
    token = acme.token(acme.admin, scope="api")
    status, reason, challenge = me(acme, ("Authorization", f"Bearer {token}"))
    assert (status, reason) == (403, "scope_insufficient")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="setup_api"' in challenge


def test_X_AD_05_a_token_can_do_what_its_user_can_and_no_more(acme: World) -> None:
    reader = acme.add_person("reader", [Permission.VIEW_SETUP])
    assert acme.ask("GET", "/apps", by=reader).status_code == 200
    answer = acme.ask("POST", f"/apps/{acme.admin.app_id}/block", by=reader, body={"reason": "A test of the gate."})
    assert (answer.status_code, answer.json()["reason"]) == (403, "permission_missing")
    assert answer.json()["detail"] == "This needs the permission Manage Connected Apps."
    assert answer.json()["facts"] == {"permission": "manage_connected_apps"}


def test_X_AD_05_the_apps_policy_is_asked_at_every_request(acme: World) -> None:
    other = acme.add_person("other", list(Permission))
    assert acme.ask("GET", "/me", by=other).status_code == 200
    etag = acme.ask("GET", f"/apps/{other.app_id}/policies").headers["etag"]
    body = {"may_administer": False, "confirmed": True}  # whoever uses it is locked out by this, and it is meant
    edited = acme.ask("PATCH", f"/apps/{other.app_id}/policies", body=body, headers={"If-Match": etag})
    assert edited.status_code == 200, edited.text
    answer = acme.ask("GET", "/me", by=other)
    assert (answer.status_code, answer.json()["reason"]) == (403, "app_may_not_administer")


def test_a_frozen_user_is_out_at_the_next_request_and_is_not_told_why(acme: World) -> None:
    other = acme.add_person("other", [Permission.VIEW_SETUP])
    assert acme.ask("GET", "/me", by=other).status_code == 200
    assert acme.ask("POST", f"/users/{other.user.id}/freeze", body={"reason": "The laptop was lost."}).status_code == 200
    answer = acme.ask("GET", "/me", by=other)
    assert (answer.status_code, answer.json()["reason"]) == (401, "access_token_refused")
    assert "frozen" not in answer.text.replace("access_token_refused", "")
    assert "hint" not in answer.json()
    receipt = acme.ask("GET", f"/receipts/{answer.headers['x-gatebridge-receipt']}").json()
    assert receipt["outcome"] == "refused"
    assert receipt["reason"] in ("run_as_frozen", "token_ended")
    assert receipt["event"] == "api"
    assert receipt["request"] == {"method": "GET", "path": "/api/v1/me"}


def test_what_somebody_was_not_allowed_to_do_is_in_the_history(acme: World) -> None:
    reader = acme.add_person("reader", [Permission.VIEW_SETUP])
    refused = acme.ask("POST", f"/apps/{acme.admin.app_id}/block", by=reader, body={"reason": "A test of the gate."})
    lines = acme.ask("GET", "/login-history", reason="permission_missing").json()["items"]
    assert [line["id"] for line in lines] == [refused.headers["x-gatebridge-receipt"]]
    assert lines[0]["user"] == reader.user.name


def test_a_stranger_who_knocks_often_fills_no_disk(acme: World) -> None:
    for _ in range(40):
        acme.client.get(f"http://{ACME}/api/v1/me")
    lines = acme.ask("GET", "/login-history", reason="bearer_missing", limit=100).json()["items"]
    assert len(lines) == 20
