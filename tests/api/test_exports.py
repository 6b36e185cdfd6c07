"""Lists of setup as files over the API: the file of the page, by the right to the list, with its line in the trail."""

import csv
import io
import json
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any

import httpx
import pytest
from tests.web.world import OTHER, World, id18

from gatebridge.rules.permissions import Permission
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.web.api.exports import LISTS
from gatebridge.web.console import exports

AUDIT = "/setup/audit"


@pytest.fixture(autouse=True)
def all_places_are_free_again() -> Iterator[None]:
    yield
    assert exports.AT_ONCE._value == 4


def export(acme: World, view: str, style: str = "csv", **said: Any) -> httpx.Response:
    return acme.ask("POST", "/exports", body={"view": view, "format": style}, **said)


def rows_of(sent: httpx.Response) -> list[dict[str, str]]:
    assert sent.status_code == 200, sent.text
    return list(csv.DictReader(io.StringIO(sent.text.removeprefix("\ufeff"), newline="")))


def test_it_is_the_view_narrowed_and_sorted_and_its_line_stands_in_the_trail(acme: World) -> None:
    for name in ("bob", "cleo"):
        acme.ask("POST", "/permission-sets", body={"label": name, "api_name": name})
    view = f"{AUDIT}?event=setup%3Apermission_set%3Acreated&sort=time"
    read = json.loads(export(acme, view, "json").text)
    assert [each["of"] for each in read["rows"]] == ["bob", "cleo"]
    assert (read["list"], read["address"], read["complete"]) == ("Setup Audit Trail", view, True)
    sent = export(acme, view)
    assert sent.headers["content-disposition"].startswith('attachment; filename="acme-setup-audit-trail-')
    assert (sent.headers["content-type"], sent.headers["cache-control"]) == ("text/csv; charset=utf-8", "no-store")
    assert list(rows_of(sent)[0]) == [column.name for column in LISTS[6].columns]
    line = acme.ask("GET", "/audit").json()["items"][0]
    assert (line["event"], line["actor_id"]) == ("setup:record:exported", id18(acme.admin.user.id))


def test_every_list_of_setup_is_exported_by_its_address(acme_on_both: World) -> None:
    acme = acme_on_both
    of_app = {"{app_id}": id18(acme.admin.app_id)}
    acme.token(acme.admin)
    for one in LISTS:
        path = one.path or one.place.path
        for name, value in of_app.items():
            path = path.replace(name, value)
        rows = rows_of(export(acme, path))
        filled = one.called not in ("Requests", "Sessions", "Permission Sets", "Custom Permissions")
        assert (one.called, bool(rows)) == (one.called, filled)


def test_a_name_that_is_typed_as_people_write_it_is_found(acme: World) -> None:
    acme.ask("POST", "/permission-sets", body={"label": "Jürgen & Söhne", "api_name": "sons"})
    assert [each["api_name"] for each in rows_of(export(acme, "/setup/permission-sets?q=Jürgen"))] == ["sons"]


def test_what_is_no_list_of_setup_is_refused_at_its_field(acme: World) -> None:
    for view in ("/setup", "/setup/keys", "audit", "https://acme.test/setup/audit", "/setup/audit/export", "", "//"):
        answer = export(acme, view)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["view"]), view


def test_X_AD_08_what_the_list_does_not_know_is_refused_and_never_exports_more_than_was_asked_for(acme: World) -> None:
    for query in ("evnt=setup:app:created", "event=setup:app:create", "since=8d", "sort=name", "event=x&since=7d"):
        answer = export(acme, f"{AUDIT}?{query}")
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["view"]), query
        assert answer.json()["errors"][0]["problem"].startswith("This list takes q, event, since")


def test_an_address_that_was_copied_from_a_page_is_taken_as_it_is(acme: World) -> None:
    for query in ("", "since=7d&size=100&after=3", "event=&since=", "sort=-time", "q=%20ada@acme.test.example"):
        assert rows_of(export(acme, f"{AUDIT}?{query}")), query


def test_X_AD_05_it_takes_the_right_to_the_list_and_leaves_no_line_without(acme: World) -> None:
    reader = acme.add_person("reader", [Permission.VIEW_AUDIT_TRAIL])
    refused = export(acme, "/setup/users", by=reader)
    assert (refused.status_code, refused.json()["reason"]) == (403, "permission_missing")
    assert export(acme, AUDIT, "xlsx", by=reader).status_code == 422
    assert "setup:record:exported" not in {each["event"] for each in acme.ask("GET", "/audit").json()["items"]}
    assert export(acme, AUDIT, by=reader).status_code == 200


def test_X_AD_01_an_app_of_another_org_has_no_list(acme: World) -> None:
    foreign = id18(acme.admins[OTHER].app_id)
    for view in (f"/setup/apps/{foreign}/changes", f"/setup/usage/{foreign}", "/setup/usage/x"):
        answer = export(acme, view)
        assert (answer.status_code, answer.json()["reason"]) == (404, "record_not_found"), view


def test_it_ends_where_the_token_ends_and_says_so(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = acme.add_person("bob", [Permission.VIEW_AUDIT_TRAIL])
    monkeypatch.setattr(exports, "CHUNK", 2)
    read = exports._chunks

    def frozen_meanwhile(*said: Any) -> Iterator[Any]:
        for number, chunk in enumerate(read(*said)):
            yield chunk
            if number == 0:
                acme.change(lambda tx: freeze_user(tx, acme.operator(), FreezeUser(bob.user.id, "A drill.")))

    monkeypatch.setattr(exports, "_chunks", frozen_meanwhile)
    *rows, last = rows_of(export(acme, AUDIT, by=bob))
    assert (len(rows), last["line"]) == (2, f"({exports.OVER})")


def test_no_more_than_so_many_at_once(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    full = BoundedSemaphore(1)
    full.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(exports, "AT_ONCE", full)
        told = export(acme, AUDIT)
    assert (told.status_code, told.json()["detail"]) == (503, exports.BUSY)
