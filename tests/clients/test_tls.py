"""The TLS door of the tests, which must be as an operator's reverse proxy is, or what goes through it shows nothing."""

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.clients.tls import TlsDoor, tls_door
from tests.conformance.relying_party import Person
from tests.conformance.running import RunningHouse, running_house

NAME = "acme.my.salesforce.com"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    with tls_door(tmp_path_factory.mktemp("tls"), NAME) as door:
        yield door


@pytest.fixture(scope="module")
def house(door: TlsDoor, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    directory = tmp_path_factory.mktemp("behind")
    (directory / "var").mkdir()
    shutil.copy(sqlite_template, directory / "var" / "gatebridge.db")
    with running_house(directory, front=door) as running:
        yield running


def test_the_org_behind_it_has_its_address(house: RunningHouse) -> None:
    discovery = house.http.get(f"https://{NAME}/.well-known/openid-configuration").json()
    assert (house.issuer, discovery["issuer"]) == (f"https://{NAME}", f"https://{NAME}")


def test_a_client_that_does_not_trust_the_authority_does_not_get_in(house: RunningHouse, door: TlsDoor) -> None:
    with httpx.Client(trust_env=False) as stranger, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        stranger.get(f"https://localhost:{door.port}/healthz")


def test_it_shows_a_certificate_that_a_strict_client_takes(house: RunningHouse, door: TlsDoor) -> None:
    context = door.authority.client_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with httpx.Client(trust_env=False, verify=context) as client:
        assert client.get(f"https://localhost:{door.port}/healthz", headers={"Host": NAME}).status_code == 200


def test_bodies_come_through_with_and_without_a_length(house: RunningHouse) -> None:
    address, form = f"{house.issuer}/services/oauth2/token", "application/x-www-form-urlencoded"
    known = house.http.post(address, content=b"grant_type=x", headers={"Content-Type": form})
    chunked = house.http.post(address, content=iter([b"grant", b"_type=x"]), headers={"Content-Type": form})
    assert known.status_code == chunked.status_code
    assert known.json()["error"] == chunked.json()["error"]


def test_people_sign_in_through_it_with_cookies_for_https_alone(house: RunningHouse) -> None:
    browser = house.browser()
    visit = Person(browser, house.person()).visit(f"{house.issuer}/signin")
    assert visit.asked == ["signin"]
    assert any(name.startswith("__Host-") for name in browser.cookies)


def test_what_a_client_says_about_its_address_is_not_passed_on(house: RunningHouse) -> None:
    house.log.truncate(0)
    house.http.get(f"{house.issuer}/healthz", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"})
    assert "203.0.113.9" not in json.dumps(house.log.getvalue())
