"""Containing an app over the API: what it would come to, the act, and the evidence."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from tests.web.world import OTHER, World, id18

from gatebridge.rules.permissions import Permission
from gatebridge.web.console import exports

WHY = {"reason": "Its vendor was broken into."}


@pytest.fixture(autouse=True)
def all_places_are_free_again() -> Iterator[None]:
    yield
    assert exports.AT_ONCE._value == 4


def test_it_is_asked_about_contained_and_looked_into(acme_on_both: World) -> None:
    acme = acme_on_both
    job = acme.add_person("job", [])
    acme.token(job, scope=None)
    foreseen = acme.ask("GET", f"/apps/{job.app_id}/containment").json()
    assert (foreseen["reach"]["live"]["tokens"], foreseen["reach"]["user_number"]) == (1, 1)
    assert [each["user_id"] for each in foreseen["reach"]["users"]] == [id18(job.user.id)]
    assert ([each["name"] for each in foreseen["secrets"]], foreseen["certificates"]) == (["First secret"], [])
    done = acme.ask("POST", f"/apps/{job.app_id}/contain", body=WHY)
    assert (done.status_code, done.json()["secrets"]) == (200, ["First secret"])
    assert done.json() == {
        "app_id": id18(job.app_id),
        "ended": foreseen["reach"]["live"],
        "secrets": ["First secret"],
        "certificates": [],
        "told": foreseen["tells"],
    }
    assert acme.ask("GET", f"/apps/{job.app_id}").json()["state"] == "blocked"
    sent = acme.ask("POST", f"/apps/{job.app_id}/evidence")
    assert (sent.status_code, sent.headers["content-type"]) == (200, "application/zip")
    bundle = zipfile.ZipFile(io.BytesIO(sent.content))
    assert bundle.testzip() is None
    told = json.loads(bundle.read("app.json"))
    assert (told["app"]["state"], told["reach"]["live"]["tokens"]) == ("blocked", 0)
    assert job.secret.encode() not in b"".join(map(bundle.read, bundle.namelist()))
    assert b"setup:app:contained" in bundle.read("changes.csv")


def test_what_is_left_out_is_said(acme: World) -> None:
    job = acme.add_person("job", [])
    done = acme.ask("POST", f"/apps/{job.app_id}/contain", body=WHY | {"end_credentials": False, "tell": False}).json()
    assert (done["secrets"], done["certificates"], done["told"]) == ([], [], [])


def test_X_AD_01_who_may_not_and_another_org(acme: World) -> None:
    job = acme.add_person("job", [])
    reader = acme.add_person("reader", [Permission.VIEW_SETUP])
    for method, ending, body in (("GET", "containment", None), ("POST", "contain", WHY), ("POST", "evidence", None)):
        path = f"/apps/{job.app_id}/{ending}"
        assert acme.ask(method, path, by=reader, body=body).json()["reason"] == "permission_missing"
        assert acme.ask(method, path, host=OTHER, body=body).status_code == 404
    assert acme.ask("POST", f"/apps/{job.app_id}/contain", body={}).json()["reason"] == "reason_required"
    assert acme.ask("GET", f"/apps/{job.app_id}").json()["state"] == "active"
