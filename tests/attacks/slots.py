"""Every place where a value can be presented, and what belongs there (X-AC-05)."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.attacks.hoard import BROWSER, CONSENT, DEVICE_CODE, SESSION, USERINFO, Hoard
from tests.oauth.browser import Browser
from tests.oauth.client_keys import ASSERTION_TYPE
from tests.oauth.door import FORM
from tests.oauth.flows.visits import Asking
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN
from tests.signin.people import make_person

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE as JWT_BEARER
from gatebridge.rules.ids import Prefix, long, parse


def _redeemed(held: Hoard, value: str) -> bool:
    return bool(held.portal.redeem(value).status_code == 200)


def _refreshed(held: Hoard, value: str) -> bool:
    return bool(held.portal.refresh(value).status_code == 200)


def _asserted(held: Hoard, value: str) -> bool:
    return bool(held.post(TOKEN, {"grant_type": JWT_BEARER, "assertion": value}).status_code == 200)


def _proven(held: Hoard, value: str) -> bool:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": value}
    return bool(held.post(TOKEN, form).status_code == 200)


def _secret(held: Hoard, value: str) -> bool:
    form = {"grant_type": "client_credentials", "client_id": held.portal.app.consumer_key, "client_secret": value}
    return bool(held.post(TOKEN, form).status_code == 200)


def _named(held: Hoard, value: str) -> bool:
    form = {"grant_type": "client_credentials", "client_id": value, "client_secret": held.portal.app.secret}
    return bool(held.post(TOKEN, form).status_code == 200)


def _verifier(held: Hoard, value: str) -> bool:
    return bool(held.portal.redeem(held.portal.code(), code_verifier=value).status_code == 200)


def _introspected(held: Hoard, value: str) -> bool:
    answer = held.post(INTROSPECT, dict(held.portal.credentials) | {"token": value})
    assert answer.status_code == 200
    assert answer.json()["active"] or answer.json() == {"active": False}
    return bool(answer.json()["active"])


def _polled(held: Hoard, value: str) -> bool:
    answer = held.post(TOKEN, {"grant_type": DEVICE_CODE, "device_code": value} | held.device.credentials)
    return answer.json()["error"] in ("authorization_pending", "slow_down")


def _typed(held: Hoard, value: str) -> bool:
    """Somebody else each time, since wrong codes are counted for each person."""
    person = make_person(held.acme, "typist")
    person.submits()
    page = person.browser.submit(person.browser.open("/connect"), "connect", user_code=value)
    assert page.status in (200, 400)
    return "connect-device" in page.forms


def _revoked(held: Hoard, value: str) -> bool:
    answer = held.post(REVOKE, dict(held.portal.credentials) | {"token": value})
    assert (answer.status_code, answer.content) == (200, b"")
    receipt_id = parse(answer.headers["X-Gatebridge-Receipt"], Prefix.RECEIPT)
    # Lines of what is nobody's fold into one, so the receipt of a repetition has no line of its own.
    return any(line.id == receipt_id and line.reason is None for line in held.acme.history())


def _session(held: Hoard, value: str) -> bool:
    return held.browser({SESSION: value}).step("GET", "/signin").status_code == 303


def _resumed(held: Hoard, value: str) -> bool:
    return held.waiting.step("GET", f"{CONSENT}?{urlencode({'interaction': value})}").status_code != 400


def _same_browser(held: Hoard, value: str) -> bool:
    asked = f"{CONSENT}?{urlencode({'interaction': held.values['interaction']})}"
    return held.browser({BROWSER: value}).step("GET", asked).status_code != 400


def _form(held: Hoard, value: str) -> bool:
    fields = held.form_of("/forgot-password", "forgot") | {"username": "nobody@acme.example", "form_token": value}
    headers = {"Content-Type": FORM, "Origin": held.acme.org.issuer}
    return held.waiting.step("POST", "/forgot-password", headers, urlencode(fields).encode()).status_code == 303


def _link(path: str) -> "Callable[[Hoard, str], bool]":
    def taken(held: Hoard, value: str) -> bool:
        return held.waiting.step("GET", f"{path}?{urlencode({'token': value})}").status_code == 200

    return taken


def _second_step(held: Hoard, value: str) -> bool:
    """Whether a sign-in waits under this name. It is the browser's in which the password was typed, so nobody's here."""
    page = held.waiting.open(f"/signin/verify?{urlencode({'step': value})}")
    return "code-form" in page.forms


def _hinted(held: Hoard, value: str) -> bool:
    asking = Asking(held.portal)
    answer = asking.arrived(held.ben.browser.open(asking.url(prompt="none", id_token_hint=value)))
    return "code" in answer


def _password(held: Hoard, value: str) -> bool:
    browser = Browser(held.acme.door, held.acme.org.issuer)
    browser.submit(browser.open("/signin"), "signin", username=held.ben.username, password=value)
    return SESSION in browser.cookies


def _cursor(held: Hoard, value: str) -> bool:
    bearer = {"Authorization": f"Bearer {held.values['access token']}"}
    query = urlencode({"cursor": value})
    answer = held.acme.door.get(f"{held.acme.org.issuer}/api/v1/me/grants?{query}", headers=bearer)
    assert answer.status_code < 500
    return answer.status_code == 200


@dataclass(frozen=True)
class Slot:
    """One place, and what belongs there."""

    taken: Callable[[Hoard, str], bool]
    right: tuple[str, ...] = ()


TOKENS = ("access token", "JWT access token")

SLOTS: dict[str, Slot] = {
    "code": Slot(_redeemed, ("authorization code",)),
    "refresh_token": Slot(_refreshed, ("refresh token",)),
    "assertion": Slot(_asserted, ("assertion",)),
    "client_assertion": Slot(_proven, ("client assertion",)),
    "client_secret": Slot(_secret, ("consumer secret",)),
    "client_id": Slot(_named, ("consumer key",)),
    "code_verifier": Slot(_verifier, ("verifier",)),
    "device_code": Slot(_polled, ("device code",)),
    "user code": Slot(_typed, ("user code",)),
    # Its own refresh token a client may ask about; of other apps' tokens it is told nothing.
    "token to introspect": Slot(_introspected, ("access token", "refresh token")),
    "bearer at userinfo": Slot(lambda held, value: held.bearer(USERINFO, value), TOKENS),
    "bearer at the identity URL": Slot(
        lambda held, value: held.bearer(f"/id/{long(held.acme.org.id)}/{long(held.acme.runner.id)}", value), TOKENS
    ),
    "bearer at the admin API": Slot(lambda held, value: held.bearer("/api/v1/me", value), TOKENS),
    "id_token_hint": Slot(_hinted, ("ID token",)),
    "session cookie": Slot(_session, ("session cookie",)),
    "browser cookie": Slot(_same_browser, ("browser cookie",)),
    "interaction": Slot(_resumed, ("interaction",)),
    "form token": Slot(_form, ("form token",)),
    "link to reset a password": Slot(_link("/reset-password"), ("password reset",)),
    "link of an invitation": Slot(_link("/invitation"), ("invitation",)),
    "second step": Slot(_second_step),
    "password": Slot(_password),
    "cursor": Slot(_cursor),
    "token to revoke": Slot(_revoked, ("access token", "refresh token")),
}
