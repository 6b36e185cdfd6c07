"""The lists of apps, users and rights: sorted as the address says, taken out as files, and sent packed to a browser on our own page."""

import csv
import gzip
import io
import re

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.monitoring import exposures
from gatebridge.rules.exposures import grade
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage import app_weights
from gatebridge.storage.app_weights import Weight
from gatebridge.web import packing

__all__ = ["acme", "house", "loop"]

APPS = "/setup/apps"
WITHOUT_AGE = (APPS, "/setup/profiles")  # which have no column for it; they are sorted by it in the bar that narrows them
LISTS = {
    APPS: ("name", "exposure", "used", "ends", "age"),
    "/setup/users": ("name", "age"),
    "/setup/profiles": ("name", "age"),
    "/setup/permission-sets": ("name", "users", "age"),
    "/setup/custom-permissions": ("name", "age"),
}


on_one_database = pytest.mark.parametrize("house", ["sqlite"], indirect=True)


@pytest.fixture
def browser(acme: Tenant) -> Browser:
    return admin(acme)


def file_of(browser: Browser, address: str, what: str = "csv") -> list[dict[str, str]]:
    sent = browser.submit(browser.open(address), "export", format=what)
    assert sent.status == 200
    return list(csv.DictReader(io.StringIO(sent.text.removeprefix("\ufeff"), newline="")))


def listed(text: str) -> list[str]:
    return re.findall(r'<tr data-[a-z]+="(\w{18})"', text)


def shown(browser: Browser, address: str) -> list[str]:
    return listed(browser.open(address).text)


@on_one_database
def test_every_order_of_every_list_is_the_other_one_backwards_and_the_file_has_it_too(acme: Tenant, browser: Browser) -> None:
    for name in ("Beta", "alpha"):
        acme.app(name)
        with_rights(acme, name.lower(), Permission.VIEW_SETUP)
    for path, orders in LISTS.items():
        for order in orders:
            rising, falling = (browser.open(f"{path}?sort={way}{order}&size=100").text for way in ("", "-"))
            assert listed(rising) == listed(falling)[::-1], (path, order)
            told = [text.count(f'aria-sort="{way}"') for text, way in ((rising, "ascending"), (falling, "descending"))]
            shows = bool(listed(rising)) and not (order == "age" and path in WITHOUT_AGE)
            assert told == [shows, shows], (path, order)
        last = f"{path}?sort=-{orders[0]}"
        assert [row["id"] for row in file_of(browser, last)] == listed(browser.open(f"{last}&size=100").text)


@on_one_database
def test_apps_begin_with_a_and_what_ends_first_comes_first(acme: Tenant, browser: Browser) -> None:
    made = [acme.app(name) for name in ("Zulu", "alpha", "Beta")]
    labels = re.findall(r"<bdi>(Zulu|alpha|Beta)</bdi></a>", browser.open(APPS).text)
    assert labels == ["alpha", "Beta", "Zulu"]
    assert {long(each.id) for each in made} <= set(shown(browser, f"{APPS}?sort=ends"))


@on_one_database
def test_who_registers_apps_takes_out_the_own_ones_alone(acme: Tenant) -> None:
    developer = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
    mine = acme.app("Mine", owner_id=developer.id)
    acme.app("Another")
    (row,) = file_of(at_setup(acme, developer), APPS)
    assert (row["id"], row["app"], row["state"]) == (long(mine.id), "Mine", "active")


@on_one_database
def test_the_heaviest_exposed_apps_come_first_as_they_were_weighed_last(acme: Tenant, browser: Browser) -> None:
    light, heavy = acme.app("Light"), acme.app("Heavy", scopes=("full", "api"), full_scope_reason="It moves everything")
    with acme.standing.database.transaction() as tx:
        app_weights.replace(tx, acme.org.id, "", "0H4~", exposures.weights(tx, acme.org, "", 100))
        assert list(app_weights.heaviest(tx, acme.org.id, 1)) == [heavy.id]
    found = shown(browser, f"{APPS}?sort=-exposure")
    assert found.index(long(heavy.id)) < found.index(long(light.id))


@on_one_database
def test_of_many_apps_the_list_tells_what_they_weighed_last_and_of_a_new_one_what_it_weighs(
    acme: Tenant, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = {each["api_name"]: each for each in file_of(browser, APPS)}
    relaxed = acme.app("Was_light")
    with acme.standing.database.transaction() as tx:
        weights = exposures.weights(tx, acme.org, "", 100)
        app_weights.replace(tx, acme.org.id, "", "0H4~", weights | {relaxed.id: Weight(30, 17)})
    monkeypatch.setattr(exposures, "SEEN_AT_ONCE", 0)
    acme.app("New", scopes=("full", "api"), full_scope_reason="It moves everything")
    told = {each["api_name"]: each for each in file_of(browser, APPS)}
    assert (told["Was_light"]["grade"], told["Was_light"]["exposures"]) == (grade(30), "17")
    assert int(told["New"]["exposures"]) > 0
    assert {name: told[name] for name in was} == was


@pytest.mark.parametrize(
    ("site", "takes", "packs"),
    [
        ("same-origin", "gzip, br", True),
        ("same-origin", "br, gzip;q=0", False),
        ("same-origin", "gzip; q=0.5", True),
        ("same-origin", "", False),
        ("cross-site", "gzip", False),
        ("same-site", "gzip", False),
        ("none", "gzip", False),
        ("", "gzip", False),
    ],
)
def test_what_a_stranger_may_have_chosen_is_not_packed_together_with_what_is_nobodys_business(site: str, takes: str, packs: bool) -> None:
    body = b"<p>Acme</p>" * 400
    request = Request({"type": "http", "headers": [(b"sec-fetch-site", site.encode()), (b"accept-encoding", takes.encode())]})
    answer = packing.packed(Response(body), request)
    assert (answer.headers.get("content-encoding") == "gzip") is packs
    assert (gzip.decompress(bytes(answer.body)) if packs else answer.body) == body
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Site"
