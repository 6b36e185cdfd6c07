"""Writing: one verb in one transaction, edits that know their version, creations that happen once."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from PIL import Image
from tests.databases import MASTER_KEYS
from tests.web.world import ACME, OTHER, World, world

from gatebridge.monitoring.audit_heads import OutsideHead
from gatebridge.rules import ids
from gatebridge.rules.permissions import Permission
from gatebridge.storage.database import open_database

NEW_APP = {
    "label": "Nightly sync",
    "api_name": "nightly_sync",
    "contact_email": "dev@example.com",
    "flows": ["client_credentials"],
    "scopes": ["api"],
}


def register(world: World, key: str | None = None, **changes: Any) -> Any:
    return world.ask("POST", "/apps", body=NEW_APP | changes, headers={"Idempotency-Key": key} if key else {})


def test_ids_leave_in_18_characters_and_come_in_with_either(acme: World) -> None:
    app = register(acme).json()
    assert len(app["id"]) == 18
    for spelled in (app["id"], app["id"][:15], app["id"].lower(), app["id"].upper()):
        assert acme.ask("GET", f"/apps/{spelled}").json()["id"] == app["id"]
    assert acme.ask("GET", f"/apps/{app['id'][:15].lower()}").status_code == 404


def test_a_secret_is_in_one_answer_and_in_no_other(acme: World) -> None:
    answer = register(acme)
    secret = answer.json()["secret"]
    app = answer.json()["id"]
    assert secret.startswith("gbs_")
    for path in (f"/apps/{app}", f"/apps/{app}/secrets", f"/apps/{app}/settings", "/audit", "/apps"):
        assert secret not in acme.ask("GET", path).text
    assert secret not in acme.log.getvalue()


def test_X_RL_09_a_creation_repeated_under_its_key_does_nothing_again_and_shows_no_secret_again(acme_on_both: World) -> None:
    first, again = register(acme_on_both, "attempt-1"), register(acme_on_both, "attempt-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    assert (again.json()["secret"], again.json()["secret_note"]) == (None, "already shown")
    assert first.json()["secret"] is not None
    listed = acme_on_both.ask("GET", "/apps", search="nightly").json()["items"]
    assert len(listed) == 1


def test_the_same_request_written_differently_is_the_same_request(acme: World) -> None:
    register(acme, "attempt-1")
    assert acme.ask("POST", "/apps", body=dict(reversed(NEW_APP.items())), headers={"Idempotency-Key": "attempt-1"}).status_code == 201


def test_another_request_under_a_used_key_is_refused(acme: World) -> None:
    register(acme, "attempt-1")
    other = register(acme, "attempt-1", label="Another")
    assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused")
    elsewhere = acme.ask("POST", "/permission-sets", body={"label": "A", "api_name": "a_set"}, headers={"Idempotency-Key": "attempt-1"})
    assert elsewhere.json()["reason"] == "idempotency_key_reused"


def test_a_refused_creation_does_not_use_its_key_up(acme: World) -> None:
    assert register(acme, "attempt-1", contact_email="nobody").status_code == 422
    assert register(acme, "attempt-1").status_code == 201


def test_a_key_belongs_to_one_user(acme: World) -> None:
    register(acme, "attempt-1")
    other = acme.ask("POST", "/apps", host=OTHER, body=NEW_APP, headers={"Idempotency-Key": "attempt-1"})
    assert (other.status_code, other.json()["secret"] is not None) == (201, True)


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\x7f"])
def test_a_key_is_plain_and_short(acme: World, key: str) -> None:
    answer = acme.client.post(
        f"http://{ACME}/api/v1/apps",
        json=NEW_APP,
        headers=[(b"Authorization", f"Bearer {acme.token(acme.admin)}".encode()), (b"Idempotency-Key", key.encode())],
    )
    assert (answer.status_code, answer.json()["reason"]) == (422, "field_invalid")


def test_of_many_at_once_under_one_key_one_creates(acme_on_both: World) -> None:
    acme_on_both.token(acme_on_both.admin)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: register(acme_on_both, "attempt-1"), range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum(answer.json()["secret"] is not None for answer in answers) == 1


def test_X_AD_09_of_two_editors_the_second_is_told(acme_on_both: World) -> None:
    path = f"/apps/{register(acme_on_both).json()['id']}"
    etag = acme_on_both.ask("GET", path).headers["etag"]
    first = acme_on_both.ask("PATCH", path, body={"label": "First"}, headers={"If-Match": etag})
    second = acme_on_both.ask("PATCH", path, body={"label": "Second"}, headers={"If-Match": etag})
    assert first.status_code == 200
    assert (second.status_code, second.json()["reason"]) == (412, "version_stale")
    found = acme_on_both.ask("GET", path)
    assert (found.json()["label"], found.headers["etag"]) == ("First", first.headers["etag"])


def test_X_AD_08_a_record_sent_back_whole_is_refused_and_changes_nothing(acme: World) -> None:
    path = f"/apps/{register(acme).json()['id']}"
    found = acme.ask("GET", path)
    answer = acme.ask("PATCH", path, body=found.json() | {"label": "Changed"}, headers={"If-Match": found.headers["etag"]})
    assert (answer.status_code, answer.json()["reason"]) == (400, "read_only_field")
    assert acme.ask("GET", path).json() == found.json()


def test_X_AD_02_an_id_in_the_body_is_refused_beside_the_one_in_the_path(acme: World) -> None:
    mine, yours = acme.admin.app_id, acme.admins[OTHER].app_id
    etag = acme.ask("GET", f"/apps/{mine}").headers["etag"]
    for field in ("id", "app_id", "org_id"):
        answer = acme.ask("PATCH", f"/apps/{mine}", body={field: ids.long(yours), "label": "X"}, headers={"If-Match": etag})
        assert (answer.status_code, answer.json()["reason"]) == (400, "read_only_field")


def test_a_misspelt_field_is_named_with_the_right_spelling(acme: World) -> None:
    answer = register(acme, lable="x")
    assert answer.json()["errors"] == [{"field": "lable", "problem": "is not known; did you mean label?"}]


def test_every_wrong_field_is_named_at_once(acme: World) -> None:
    answer = register(acme, contact_email="nobody", api_name="1 2", callbacks=["javascript:alert(1)"])
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"contact_email", "api_name", "callbacks.0"}


def test_an_end_that_is_in_another_zone_in_no_year_is_refused_and_harms_no_list(acme_on_both: World) -> None:
    secrets = f"/apps/{acme_on_both.admin.app_id}/secrets"
    answer = acme_on_both.ask("POST", secrets, body={"name": "Late", "expires_at": "9999-12-31T23:59:59-12:00"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "expires_at")
    assert acme_on_both.ask("GET", secrets).status_code == 200


def test_a_reason_that_may_be_left_out_says_something_where_it_is_given(acme: World) -> None:
    bob = acme.add_person("bob", [])
    assert acme.ask("POST", f"/users/{bob.user.id}/deactivate", body={"reason": "A drill."}).status_code == 200
    app = acme.ask("GET", f"/apps/{acme.admin.app_id}").headers["etag"]
    owner = {"owner_id": acme.add_person("eve", [Permission.REGISTER_CONNECTED_APPS]).user.id}
    for text in (" .", "a\u202eb", "x" * 513):
        for answer in (
            acme.ask("POST", f"/users/{bob.user.id}/activate", body={"reason": text}),
            acme.ask("POST", f"/apps/{acme.admin.app_id}/owner", body=owner | {"reason": text}, headers={"If-Match": app}),
            acme.ask("DELETE", f"/users/{bob.user.id}/sessions", reason=text),
            acme.ask("DELETE", f"/users/{bob.user.id}/factors", reason=text),
        ):
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["field"] == "reason"


def test_a_problem_says_what_it_is_where_to_read_and_what_to_do(acme: World) -> None:
    answer = acme.ask("GET", "/apps/0H4zzzzzzz00000")
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"http://{ACME}/help/reasons/record_not_found"
    assert {"title", "status", "detail", "reason", "hint", "remedy", "operation_id"} <= set(said)
    assert acme.client.get(said["type"]).status_code == 200
    assert said["operation_id"] == answer.headers["x-operation-id"]


def test_a_private_key_that_was_sent_is_kept_nowhere_and_written_down(acme: World) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE\n-----END PRIVATE KEY-----"
    answer = acme.ask("POST", f"/apps/{acme.admin.app_id}/certificates", body={"name": "Oops", "certificate": pem})
    assert (answer.status_code, answer.json()["reason"]) == (422, "certificate_has_private_key")
    newest = acme.ask("GET", "/audit").json()["items"][0]
    assert newest["event"] == "setup:certificate:key_exposed"
    assert "EXAMPLEEXAMPLE" not in acme.ask("GET", "/audit").text


def test_a_logo_is_redrawn_and_served_as_nothing_but_a_picture(acme: World) -> None:
    path = f"/apps/{acme.admin.app_id}"
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(drawn, "PNG")
    headers = {"If-Match": acme.ask("GET", path).headers["etag"], "Authorization": f"Bearer {acme.token(acme.admin)}"}
    where = f"http://{ACME}/api/v1{path}/logo"
    polyglot = acme.client.put(where, content=drawn.getvalue() + b"<script>", headers=headers)
    assert (polyglot.status_code, polyglot.json()["reason"]) == (422, "logo_refused")
    sent = acme.client.put(where, content=drawn.getvalue(), headers=headers)
    assert sent.status_code == 204, sent.text
    served = acme.ask("GET", f"{path}/logo")
    assert (served.status_code, served.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in served.headers["content-security-policy"]
    assert served.content != drawn.getvalue(), "it is a picture of our own making"


def test_the_audit_chain_is_verified_over_the_api(acme: World) -> None:
    said = acme.ask("POST", "/audit/verify").json()
    assert said["state"] == "intact"
    assert said["checked"] > 0


def test_the_heads_outside_are_read_for_nobody_who_may_not_see_the_trail(sqlite_url: str) -> None:
    read: list[str] = []

    def outside_heads() -> list[OutsideHead]:
        read.append("all of them")
        return []

    with closing(open_database(sqlite_url, MASTER_KEYS)) as database, world(database, outside_heads=outside_heads) as acme:
        powerless = acme.add_person("bob", [Permission.VIEW_SETUP])
        assert acme.ask("POST", "/audit/verify", by=powerless).status_code == 403
        assert acme.ask("POST", "/audit/verify-history", by=powerless).status_code == 403
        assert acme.ask("POST", "/audit/verify", headers={"Authorization": "Bearer gba_nobodys"}).status_code == 401
        assert read == []
        assert acme.ask("POST", "/audit/verify").status_code == 200
        assert read == ["all of them"]


def test_a_user_or_a_set_is_edited_to_lose_what_was_used_lately_when_it_is_confirmed(acme: World) -> None:
    bob = acme.add_person("bob", [])
    acme.token(bob)
    bare = acme.ask("POST", "/profiles", body={"name": "Bare"}).json()["id"]
    gives = {"label": "Uses APIs", "api_name": "uses_apis", "permissions": ["api_enabled"]}
    uses_apis = acme.ask("POST", "/permission-sets", body=gives).json()["id"]

    def edited(path: str, **changes: Any) -> tuple[int, str | None]:
        headers = {"If-Match": acme.ask("GET", path).headers["etag"]}
        answer = acme.ask("PATCH", path, body=changes, headers=headers)
        return answer.status_code, answer.json().get("reason")

    assert edited(f"/users/{bob.user.id}", profile_id=bare) == (409, "locks_out")
    assert edited(f"/users/{bob.user.id}", profile_id=bare, confirmed=True) == (200, None)
    acme.ask("PUT", f"/apps/{bob.app_id}/access/{bare}", body={})
    acme.ask("PUT", f"/users/{bob.user.id}/permission-sets/{uses_apis}", body={})
    assert edited(f"/permission-sets/{uses_apis}", permissions=[]) == (409, "locks_out")
    assert edited(f"/permission-sets/{uses_apis}", permissions=[], confirmed=True) == (200, None)
