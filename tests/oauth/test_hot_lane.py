"""The lane of its own for the hottest requests: the same answers as by the ordinary way, which stays the definition."""

import re
from collections.abc import Mapping

import httpx
import pytest
from tests.oauth.door import FORM, Door, Loop
from tests.oauth.houses import Standing
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant, make_tenant

from gatebridge.rules.apps import Dialect
from gatebridge.web.hot_lane import HotLane


@pytest.fixture(scope="module")
def lane(house: Standing) -> Door:
    """The application as it is served: the lane stands in front."""
    assert isinstance(house.door.app, HotLane)
    return house.door


@pytest.fixture(scope="module")
def road(house: Standing, loop: Loop) -> Door:
    """What stands behind the lane, reached without it."""
    assert isinstance(house.door.app, HotLane)
    return Door(house.door.app.app, loop)


@pytest.fixture(scope="module")
def acme(house: Standing) -> Tenant:
    house.clock.advance(minutes=10)
    return make_tenant(house)


@pytest.fixture(scope="module")
def app(acme: Tenant) -> Client:
    return acme.app()


# What is another each time, although the same is meant: ids and token values.
PASSING = re.compile(r"0Ya[0-9A-Za-z]{15}|gba_[0-9A-Za-z_]+")


def meant(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    headers = {name: PASSING.sub("…", value) for name, value in answer.headers.items() if name != "content-length"}
    return answer.status_code, PASSING.sub("…", answer.text), headers


FORMS: list[Mapping[str, str]] = [
    {"grant_type": "client_credentials"},
    {"grant_type": "client_credentials", "scope": "bogus"},
    {"grant_type": "magic"},
    {"grant_type": "client_credentials", "client_secret": "wrong"},
    {"grant_type": "client_credentials", "client_id": "gbk_nobody"},
    {"token": "unknown"},
]


@pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE])
@pytest.mark.parametrize("form", FORMS, ids=["good", "a wrong scope", "no flow", "a wrong secret", "an unknown client", "an unknown token"])
def test_both_ways_give_the_same_answer(app: Client, lane: Door, road: Door, path: str, form: Mapping[str, str]) -> None:
    said = app.credentials | dict(form)
    assert meant(lane.post(app.issuer + path, said)) == meant(road.post(app.issuer + path, said))


UNUSUAL = [
    pytest.param("GET", b"", {}, id="another method"),
    pytest.param("POST", b"{}", {"Content-Type": "application/json"}, id="another type"),
    pytest.param("POST", b"a=" + b"x" * 65_536, {"Content-Type": FORM}, id="a body too large"),
    pytest.param("POST", b"a=1&a=2", {"Content-Type": FORM}, id="a repeated parameter"),
    pytest.param("POST", b"", {"Content-Type": FORM} | {f"X-{number}": "x" for number in range(120)}, id="too many headers"),
]


@pytest.mark.parametrize(("method", "body", "headers"), UNUSUAL)
def test_the_unusual_is_answered_alike(app: Client, lane: Door, road: Door, method: str, body: bytes, headers: dict[str, str]) -> None:
    url = app.issuer + TOKEN
    by_lane, by_road = (door.send(method, url, body=body, headers=headers) for door in (lane, road))
    assert meant(by_lane) == meant(by_road)


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
@pytest.mark.parametrize(("form", "accept"), [({"format": "xml"}, "*/*"), ({}, "application/xml"), ({"format": "urlencoded"}, "text/xml")])
def test_the_form_of_an_answer_is_the_same_by_both(
    acme: Tenant, lane: Door, road: Door, dialect: Dialect, form: dict[str, str], accept: str
) -> None:
    app = acme.app(f"{dialect} {accept}", api_name=f"{dialect}_{len(accept)}", dialect=dialect)
    for scope in ("api", "bogus"):
        said = {"grant_type": "client_credentials", "scope": scope} | app.credentials | form
        by_lane, by_road = (door.post(app.issuer + TOKEN, said, headers={"Accept": accept}) for door in (lane, road))
        types = by_lane.headers["content-type"], by_road.headers["content-type"]
        assert (types[0] == types[1], "json" in types[0]) == (True, dialect is Dialect.STANDARD)
        assert (by_lane.status_code, by_lane.headers.keys()) == (by_road.status_code, by_road.headers.keys())


def test_an_unknown_host_is_refused_by_both(app: Client, lane: Door, road: Door) -> None:
    url = f"https://nobody.example{TOKEN}"
    by_lane, by_road = lane.post(url, app.credentials), road.post(url, app.credentials)
    assert (by_lane.status_code, by_lane.json()["error"]) == (by_road.status_code, by_road.json()["error"]) == (421, "invalid_request")


def test_a_token_from_the_lane_is_recorded_and_lives(acme: Tenant, app: Client, lane: Door) -> None:
    answer = lane.post(app.issuer + TOKEN, {"grant_type": "client_credentials"} | app.credentials)
    assert acme.receipt(answer).outcome == "success"
    assert app.introspect(answer.json()["access_token"]).json()["active"] is True
