"""Users at their browsers: an app sends them to the authorization endpoint, they sign in and decide, and the app gets its answer."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

from tests.oauth.browser import Browser, Page
from tests.oauth.door import OFFICE
from tests.oauth.flows.portal import CALLBACK, FLOWS, SCOPES, VERIFIER, Portal, challenge_of
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User, UserState
from gatebridge.storage import people

AUTHORIZE, CONSENT, SIGN_IN = "/services/oauth2/authorize", "/services/oauth2/consent", "/signin"
PASSWORD = "a river of slow glass"
STATE = "s-42/ä+b c=&;%20"


def enrol(acme: Tenant, name: str) -> User:
    """A new active user of the org, with the password that everybody has here and no right but to use APIs."""
    hashed = acme.standing.house.hasher.hash(PASSWORD)
    with acme.standing.database.transaction() as tx:
        user = User(
            id=tx.new_id(Prefix.USER),
            org_id=acme.org.id,
            username=f"{name}@{acme.org.id}.example",
            email=f"{name}@example.com",
            first_name=name.capitalize(),
            last_name="Example",
            profile_id=acme.profile.id,
            state=UserState.ACTIVE,
            frozen=False,
            epoch=0,
            created_at=tx.now,
        )
        assert people.insert(tx, user, hashed)
    return user


@dataclass(frozen=True)
class Asking:
    """An app that sends browsers, and the requests that it sends them with."""

    portal: Portal
    callback: str = CALLBACK
    usual: dict[str, str] = field(default_factory=dict)

    @property
    def acme(self) -> Tenant:
        return self.portal.acme

    @property
    def issuer(self) -> str:
        return self.acme.org.issuer

    def parameters(self, **changed: str | None) -> dict[str, str]:
        """The parameters of a request in which nothing is wrong; what is said as None is left out."""
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.portal.app.consumer_key,
            "redirect_uri": self.callback,
            "state": STATE,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (said | self.usual | changed).items() if value is not None}

    def url(self, **changed: str | None) -> str:
        return f"{AUTHORIZE}?{urlencode(self.parameters(**changed), quote_via=quote)}"

    def browser(self, address: str = OFFICE) -> Browser:
        return Browser(self.acme.door, self.issuer, address)

    def signed_in(self, user: User) -> Browser:
        """A browser in which this user is signed in already."""
        browser = self.browser()
        sign_in(browser, browser.open(SIGN_IN), user)
        assert "__Host-gb_session" in browser.cookies
        return browser

    def arrived(self, page: Page) -> dict[str, str]:
        """The answer that the app got. It is at its callback, and no page of ours."""
        assert page.went_to is not None, page.text
        assert page.went_to.startswith(self.callback)
        assert page.answer["iss"] == self.issuer
        return page.answer

    def refused(self, page: Page, reason: str) -> Page:
        """A page of ours that says no, and nobody was sent anywhere."""
        assert (page.status, page.went_to) == (400, None)
        assert f'data-reason="{reason}"' in page.text
        assert "location" not in page.headers
        return page


def sign_in(browser: Browser, page: Page, user: User, password: str = PASSWORD) -> Page:
    """Fill in the sign-in page."""
    return browser.submit(page, "signin", username=user.username, password=password)


def publisher_on(page: Page, form_id: str) -> dict[str, str]:
    """The publisher's name as a page that warns wants it typed, read from the page; nothing where it asks for none."""
    if "publisher" not in page.forms[form_id].fields:
        return {}
    read = re.search(r"Publisher</(?:dt><dd|th><td[^>]*)><bdi>(.*?)</bdi>", page.text)
    assert read is not None
    return {"publisher": unescape(read[1])}


def approve(browser: Browser, page: Page) -> Page:
    return browser.submit(page, "consent", None, decision="approve", **publisher_on(page, "consent"))


def deny(browser: Browser, page: Page) -> Page:
    return browser.submit(page, "consent", decision="deny")


def go_back(browser: Browser, page: Page) -> Page:
    """Go back to the app without access, from the page that says that the user may not use it."""
    return browser.submit(page, "back", decision="deny")


def chooser(acme: Tenant, label: str = "Photo Printer", **said: Any) -> Asking:
    """An app for which each user decides."""
    usual = {"flows": FLOWS, "scopes": SCOPES, "callbacks": (CALLBACK,), "policies": {"permitted_users": PermittedUsers.SELF_AUTHORIZE}}
    client = acme.app(label, **usual | said)
    portal = Portal(acme, client, acme.runner, guard=client, credentials=client.credentials)
    return Asking(portal, said.get("callbacks", (CALLBACK,))[0])
