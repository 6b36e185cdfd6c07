"""What the resource surface takes of a server: a few connections at a time, and nothing that others would wait for."""

import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from tests.databases import MASTER_KEYS
from tests.oauth.door import Loop
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import Tenant, make_tenant
from tests.salesforce.surface import ROOT, Surface, refused, surface

from gatebridge.rules.ids import Prefix
from gatebridge.storage.database import open_database
from gatebridge.web import salesforce
from gatebridge.web.salesforce import MOST_WAITING, Told, Visit


def asked(acme: Tenant, token: str) -> Request:
    """A request as the layers in front of the surface hand it on."""
    standing = acme.standing
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": ROOT,
            "path_params": {"version": "v51.0"},
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "gatebridge.host": acme.org.host,
            "gatebridge.issuer": acme.org.issuer,
            "gatebridge.address": None,
            "gatebridge.operation_id": standing.database.mint.mint(Prefix.RECEIPT, standing.clock()),
        }
    )


def test_more_than_can_be_read_for_wait_and_more_than_may_wait_are_told_to_come_again(acme: Tenant) -> None:
    token, free, inside = surface(acme).token, threading.Event(), threading.Event()

    def slow(visit: Visit) -> Told:
        inside.set()
        assert free.wait(20)
        return Told({"user": visit.guest.user.id}, "slow")

    endpoint = salesforce.Surface(acme.standing.house, at_once=1).below_version(slow)
    first = acme.door.loop.submit(endpoint(asked(acme, token)))
    assert inside.wait(20)
    waiting = [acme.door.loop.submit(endpoint(asked(acme, token))) for _ in range(MOST_WAITING + 3)]
    # Those that may not wait are answered while nobody has been let in yet.
    beyond = [each.result(20) for each in waiting[MOST_WAITING:]]
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in beyond] == [(503, "1")] * 3
    assert b'"errorCode":"SERVER_UNAVAILABLE"' in beyond[0].body
    # Whoever signs in does not wait for them.
    assert acme.app("Nightly", scopes=("api",)).access_token()
    free.set()
    assert [each.result(20).status_code for each in (first, *waiting[:MOST_WAITING])] == [200] * (MOST_WAITING + 1)


PARTS = st.sampled_from(["sobjects", "query", "queryAll", "User", "describe", "tooling", "v51.0", "", "%2E%2E", "005", "%00", "%2F", "%FF"])
PATHS = st.lists(PARTS | st.text(max_size=8).map(quote), max_size=6).map("/".join).filter(lambda path: ".." not in path)
QUERIES = st.sampled_from(["", "?", "?q=", "?fields=Id", "?fields=,", "?q=SELECT+Id+FROM+User", "?q=%00", "?q=%FF", "?&&=&"]) | st.text(
    max_size=20
).map(lambda text: f"?q={quote(text)}")


@pytest.fixture(scope="module")
def sf(house: Standing) -> Surface:
    return surface(make_tenant(house))


@settings(max_examples=80)
@given(PATHS, QUERIES, st.sampled_from(["GET", "HEAD", "POST"]), st.sampled_from(["", "application/xml", "text/html", "*/*;q=x"]))
def test_whatever_is_asked_is_answered_in_salesforces_shape_and_no_fault_of_ours(
    sf: Surface, path: str, query: str, method: str, accept: str
) -> None:
    answer = sf.get(f"{ROOT}/{path}{query}", {"Accept": accept}, method=method)
    assert answer.status_code in (200, 400, 404, 405), answer.text
    if answer.status_code != 200 and method != "HEAD" and accept != "application/xml":
        (error,) = answer.json()
        assert error.keys() == {"message", "errorCode"}


@pytest.fixture
def on_a_file(sqlite_url: str, loop: Loop) -> Iterator[Standing]:
    with standing_house(sqlite_url, loop, timeout=0) as standing:
        yield standing


def test_who_only_reads_waits_for_no_writer_and_a_refusal_stands_without_its_line(on_a_file: Standing) -> None:
    sf = surface(make_tenant(on_a_file))
    somebody_else = open_database(on_a_file.url, MASTER_KEYS)
    with somebody_else.transaction():
        assert sf.get("/query?q=SELECT+Id+FROM+User").status_code == 200
        answer = sf.get("", {"Authorization": "Bearer gba_nonsense"})
        refused(answer, 401, "INVALID_SESSION_ID")
        assert "x-gatebridge-receipt" not in answer.headers
        fault = sf.acme.door.send("POST", f"{sf.acme.org.issuer}/services/Soap/u/51.0")
        assert (fault.status_code, "x-gatebridge-receipt" in fault.headers) == (500, False)
    somebody_else.close()
    assert "x-gatebridge-receipt" in sf.get("", {"Authorization": "Bearer gba_nonsense"}).headers
