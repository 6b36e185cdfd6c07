"""Passkeys as second factor and as sign-in: what is asked of them, and everything that is none."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.tenants import Tenant
from tests.signin.passkey_device import Device
from tests.signin.people import Person, make_person
from tests.signin.second_factors import actor_of, at_second_step, factors_of, session_of

from gatebridge.rules.factors import rp_id
from gatebridge.rules.levels import Level
from gatebridge.rules.reasons import Refused
from gatebridge.setup.my_factors import AddPasskey, add_passkey, asked_to_make
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import factors
from gatebridge.web import browser as browsers

HERE = b"b" * 32  # the digest of some browser


def device_of(person: Person, **said: Any) -> Device:
    org = person.tenant.org
    return Device(origin=org.issuer, rp_id=rp_id(org.host), **said)


def adds(person: Person, device: Device, *, browser: bytes = HERE, answered_at: bytes = HERE, **changed: Any) -> None:
    """The person makes a passkey with this device. Raises Refused."""
    with person.database.transaction() as tx:
        options, challenge = asked_to_make(tx, actor_of(person), browser)
        add_passkey(tx, actor_of(person), AddPasskey(device.makes(options, **changed), challenge, answered_at, "Blue key"))


@pytest.fixture
def key(dana: Person) -> Device:
    device = device_of(dana)
    adds(dana, device)
    return device


def options_on(page: Page, form_id: str = "passkey") -> str:
    found = re.search(rf'<form[^>]* id="{form_id}"[^>]* data-options="([^"]*)"', page.text)
    assert found is not None
    return html.unescape(found[1])


def shows(browser: Browser, page: Page, device: Device, **changed: Any) -> Page:
    """Let the device answer what the page asks, and send the form, as the script does."""
    form = page.forms["passkey"]
    return browser.post(form.action, form.fields | {"passkey": device.signs(options_on(page), **changed)})


def test_a_passkey_is_a_second_factor(dana: Person, key: Device) -> None:
    assert shows(dana.browser, at_second_step(dana), key).url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.HIGH, ("pwd", "hwk"), True)


def test_a_passkey_signs_in_alone_where_the_device_makes_sure_of_the_person(dana: Person, key: Device) -> None:
    assert shows(dana.browser, dana.opens(), key).url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.HIGH, ("hwk", "user"), True)
    [line] = [line for line in dana.tenant.history() if line.event == "sign_in"]
    assert (line.outcome, line.auth_method, line.user_id) == ("success", "passkey", dana.user.id)


def test_as_second_factor_a_device_that_asks_for_nothing_will_do_and_alone_it_will_not(dana: Person) -> None:
    device = device_of(dana, verifies=False)
    adds(dana, device)
    assert shows(dana.browser, dana.opens(), device).status == 400
    assert dana.tenant.last_cause() == "passkey_refused"
    assert dana.session() is None
    assert shows(dana.browser, at_second_step(dana), device).url.endswith("/me")


@pytest.mark.parametrize(
    "changed",
    [{"origin": "https://elsewhere.example"}, {"origin": "http://acme.example"}, {"type": "webauthn.create"}, {"challenge": "AAAA"}],
    ids=str,
)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "second factor"])
def test_an_answer_to_another_question_or_from_another_place_proves_nothing(
    dana: Person, key: Device, changed: dict[str, str], alone: bool
) -> None:
    page = dana.opens() if alone else at_second_step(dana)
    assert shows(dana.browser, page, key, **changed).status == 400
    assert dana.tenant.last_cause() == "passkey_refused"
    assert dana.session() is None


def test_an_answer_that_another_key_signed_proves_nothing(dana: Person, key: Device) -> None:
    other = replace(device_of(dana), id=key.id, handle=key.handle)
    assert shows(dana.browser, at_second_step(dana), other).status == 400
    assert shows(dana.browser, dana.opens(), other).status == 400


def test_a_key_that_counts_backwards_is_a_copy_and_is_refused(dana: Person, key: Device) -> None:
    key.count = 5
    shows(dana.browser, at_second_step(dana), key)
    copy, browser = replace(key, count=5), dana.another_browser()
    assert shows(browser, at_second_step(dana, browser), copy).status == 400
    assert dana.tenant.last_cause() == "passkey_refused"


def test_a_key_that_is_kept_in_several_devices_counts_nothing_and_works_again(dana: Person) -> None:
    device = device_of(dana, counts=False)
    adds(dana, device)
    for browser in (dana.browser, dana.another_browser()):
        assert shows(browser, at_second_step(dana, browser), device).url.endswith("/me")


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "second factor"])
def test_a_challenge_is_answered_once(dana: Person, alone: bool) -> None:
    device = device_of(dana, counts=False)
    adds(dana, device)
    page = dana.opens() if alone else at_second_step(dana)
    fields = page.forms["passkey"].fields | {"passkey": device.signs(options_on(page))}
    assert dana.browser.post(page.forms["passkey"].action, fields).url.endswith("/me")
    second = {"step": at_second_step(dana, fresh(dana)).forms["passkey"].fields["step"]} if not alone else {}
    assert dana.browser.post(page.forms["passkey"].action, fields | second).status == 400
    assert dana.live_sessions() == 1


def fresh(dana: Person) -> Browser:
    """The same browser after signing out of its session: its own cookie stays, and so do the forms that it has."""
    dana.browser.cookies.pop("__Host-gb_session", None)
    return dana.browser


def test_a_challenge_runs_out(dana: Person, key: Device) -> None:
    page = dana.opens()
    dana.tenant.standing.clock.advance(minutes=10)
    assert shows(dana.browser, page, key).status == 400
    assert shows(dana.browser, dana.opens(), key).url.endswith("/me")


def test_a_challenge_is_of_its_browser_its_purpose_and_its_user(dana: Person, key: Device) -> None:
    other = dana.another_browser()
    elsewhere = other.open("/signin")
    page = dana.opens()
    answer = key.signs(options_on(elsewhere))
    form = page.forms["passkey"]
    taken = form.fields | {"challenge": elsewhere.forms["passkey"].fields["challenge"], "passkey": answer}
    assert dana.browser.post(form.action, taken).status == 400
    second = at_second_step(dana)
    form = second.forms["passkey"]
    swapped = form.fields | {"challenge": page.forms["passkey"].fields["challenge"], "passkey": key.signs(options_on(page))}
    assert dana.browser.post(form.action, swapped).status == 400
    assert dana.session() is None


def test_X_AD_01_a_passkey_of_another_user_is_no_second_factor_of_mine(acme: Tenant, dana: Person, key: Device) -> None:
    sam = make_person(acme, "sam")
    adds(sam, device_of(sam))
    assert shows(sam.browser, at_second_step(sam), key).status == 400
    key.handle = sam.user.id.encode()
    assert shows(sam.browser, sam.opens(), key).status == 400


def test_X_BF_01_a_frozen_user_and_an_unknown_passkey_hear_the_same(dana: Person, key: Device) -> None:
    unknown = shows(dana.browser, dana.opens(), device_of(dana, handle=dana.user.id.encode()))
    with dana.database.transaction() as tx:
        freeze_user(tx, dana.tenant.admin, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    frozen = shows(dana.browser, dana.opens(), key)
    assert dana.tenant.last_cause() == "sign_in_frozen"
    said = [re.sub(r"[0-9A-Za-z_-]{75}", "", page.text) for page in (unknown, frozen)]
    assert said[0] == said[1]
    assert dana.session() is None


def test_X_SE_10_X_BF_05_passkeys_are_counted_with_passwords(dana: Person, key: Device) -> None:
    page = at_second_step(dana)
    for _ in range(10):
        shows(dana.browser, page, key, origin="https://elsewhere.example")
    assert shows(dana.browser, page, key).status == 400
    assert dana.tenant.last_cause() == "user_locked"
    assert shows(dana.browser, dana.opens(), key).status == 400


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "{", '{"response": {}}', '{"response": []}', "x" * 20_000, "[" * 9_000])
def test_what_is_no_answer_is_refused_and_breaks_nothing(dana: Person, key: Device, answer: str) -> None:
    for page in (dana.opens(), at_second_step(dana)):
        form = page.forms["passkey"]
        assert dana.browser.post(form.action, form.fields | {"passkey": answer}).status == 400
        assert dana.tenant.last_cause() == "passkey_refused"


refusals: list[Callable[[Person, Device], None]] = [
    lambda dana, device: adds(dana, device, origin="https://elsewhere.example"),
    lambda dana, device: adds(dana, device, type="webauthn.get"),
    lambda dana, device: adds(dana, device, challenge="AAAA"),
    lambda dana, device: adds(dana, device, algorithm=-65535),  # RS1
    lambda dana, device: adds(dana, replace(device, rp_id="elsewhere.example")),
    lambda dana, device: adds(dana, device, answered_at=b"c" * 32),
]


@pytest.mark.parametrize("refused", refusals, ids=["origin", "type", "challenge", "algorithm", "relying party", "browser"])
def test_a_passkey_is_made_for_this_place_with_a_good_algorithm_or_not_at_all(
    dana: Person, refused: Callable[[Person, Device], None]
) -> None:
    with pytest.raises(Refused):
        refused(dana, device_of(dana))
    assert factors_of(dana) == []


def test_one_passkey_is_of_one_user(acme: Tenant, dana: Person, key: Device) -> None:
    with pytest.raises(Refused):
        adds(make_person(acme, "sam"), key)
    assert factors_of(dana) == ["passkey"]


def test_the_browser_is_told_which_passkeys_it_need_not_make_again(dana: Person, key: Device) -> None:
    with dana.database.transaction() as tx:
        options, _ = asked_to_make(tx, actor_of(dana), HERE)
        [kept] = factors.of_user(tx, dana.tenant.org.id, dana.user.id)
    assert '"excludeCredentials": [{' in options
    assert (kept.transports, kept.name, kept.sign_count) == (("internal",), "Blue key", 0)
    assert browsers.BROWSER
