"""Apps that let users sign out, and that hear of it: their ID tokens, where they send browsers, and what is posted to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth.browser import Browser, Page
from tests.oauth.flows.visits import Asking, approve, chooser, enrol
from tests.oauth.tenants import Tenant

from gatebridge.delivery import courier
from gatebridge.delivery.backchannel import Backchannel
from gatebridge.delivery.courier import Delivery
from gatebridge.delivery.fetching import Answer, Fetching
from gatebridge.oauth.end_session import CONFIRM, PATH
from gatebridge.oauth.logouts import LogoutDesk, Spreading
from gatebridge.records import logouts
from gatebridge.rules.people import User
from gatebridge.storage import outbox
from gatebridge.storage.outbox import Entry

BYE = "https://portal.example/bye"
SCOPE = "openid api"
OUT = "https://portal.example/backchannel"
LISTENING = {"post_logout_redirect_uris": (BYE, f"{BYE}?from=menu"), "backchannel_logout_uri": OUT}


@dataclass
class Post:
    """What is posted to the apps, and what they answer; nothing leaves this process."""

    status: int = 200
    fails: Exception | None = None
    sent: list[tuple[str, dict[str, str], Fetching]] = field(default_factory=list)

    def __call__(self, uri: str, form: Mapping[str, str], way: Fetching) -> Answer:
        self.sent.append((uri, dict(form), way))
        if self.fails is not None:
            raise self.fails
        return Answer(self.status, b"")

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"] for _, form, _ in self.sent]


def listener(acme: Tenant, label: str = "Photo Printer", **said: Any) -> Asking:
    """An app for which each user decides, and which hears of logouts."""
    return chooser(acme, label, **LISTENING | said)


@dataclass(frozen=True)
class Visit:
    """A user who has signed in to an app: the browser, and what the app got."""

    app: Asking
    user: User
    browser: Browser
    tokens: dict[str, Any]

    @property
    def id_token(self) -> str:
        return str(self.tokens["id_token"])

    @property
    def claims(self) -> dict[str, Any]:
        claims: dict[str, Any] = decoded(self.app.acme, self.id_token).claims
        return claims

    @property
    def signed_in(self) -> bool:
        """Whether the server knows the session of this browser, and the app finds it so (prompt=none)."""
        at_home = self.browser.step("GET", "/signin").status_code == 303
        answer = self.app.arrived(self.browser.open(self.app.url(prompt="none", scope=SCOPE)))
        assert ("code" in answer) is at_home
        assert at_home or answer["error"] == "login_required"
        return at_home

    def leave(self, **said: str | None) -> Page:
        """The app sends the browser to sign out."""
        return self.browser.open(logout_url(**{"id_token_hint": self.id_token} | said))


def visit(app: Asking, user: User | None = None, browser: Browser | None = None) -> Visit:
    """A user signs in to an app, at a new browser or at one that is signed in already."""
    user = user or enrol(app.acme, "ben")
    browser = browser or app.signed_in(user)
    page = browser.open(app.url(scope=SCOPE))
    answer = app.arrived(page if page.went_to else approve(browser, page))
    tokens = app.portal.redeem(answer["code"])
    assert tokens.status_code == 200, tokens.text
    return Visit(app, user, browser, tokens.json())


def logout_url(**said: str | None) -> str:
    named = {name: value for name, value in said.items() if value is not None}
    return f"{PATH}?{urlencode(named, quote_via=quote)}" if named else PATH


def confirmed(browser: Browser, page: Page) -> Page:
    """The user presses the button."""
    assert page.forms["logout"].action == CONFIRM
    return browser.submit(page, "logout")


def decoded(acme: Tenant, token: str) -> Any:
    """Header and claims, checked with the published keys as an app does it."""
    published = KeySet.import_key_set(acme.door.get(f"{acme.org.issuer}/id/keys").json())
    return jwt.decode(token, published, algorithms=["ES256", "RS256"])


def waiting(acme: Tenant) -> list[Entry]:
    """The logouts that wait to be told, of this org."""
    with acme.standing.database.reading() as tx:
        due = outbox.due(tx, 100_000)
    return [entry for entry in due if entry.org_id == acme.org.id and entry.kind in (logouts.KIND, logouts.OF_APP_KIND)]


def told(acme: Tenant) -> list[tuple[str, str]]:
    """To which app, about which user: one pair for each entry that waits."""
    return [(str(entry.payload["app"]), str(entry.payload["user"])) for entry in waiting(acme) if entry.kind == logouts.KIND]


def carry(acme: Tenant, post: Post) -> courier.Round:
    """One round of the courier over what this org has left; what others left in the same house stays where it is."""
    house = acme.standing.house
    desk = LogoutDesk(house.database, house.keyring)
    deliveries: dict[str, Delivery] = {logouts.KIND: Backchannel(desk, post=post), logouts.OF_APP_KIND: Spreading(house.database)}
    with house.database.transaction() as tx:
        others = [entry for entry in outbox.due(tx, 100_000) if entry.org_id != acme.org.id or entry.kind not in deliveries]
        outbox.mark_sent(tx, others)
    return courier.run_once(house.database, deliveries, lambda: 1.0)


def refused(page: Page, reason: str) -> Page:
    """A page of ours that says what is wrong, and nobody was sent anywhere."""
    assert (page.status, page.went_to) == (400, None)
    assert f'data-reason="{reason}"' in page.text
    assert page.headers["X-Gatebridge-Receipt"] in page.text
    return page


def asked(page: Page) -> Page:
    """The page that asks the user."""
    assert (page.status, page.went_to) == (200, None)
    assert "Sign out of" in page.text
    return page
