"""How people of the demo come by an app that does not let them in: they ask for it, take it up for themselves, or report it."""

import html
import re

from gatebridge.demo.browser import Browser, Page
from gatebridge.demo.clients import AppAt
from gatebridge.demo.people import Person

LOOK = re.compile(r"/setup/install\?receipt=\w+")
REPORT = re.compile(r"/me/report\?interaction=[^\"]+")


async def for_access(browser: Browser, app: AppAt, person: Person, words: str) -> Page:
    """Try to sign in to an app that is here, and ask for access on the page that says no."""
    refused = await app.authorized(browser, person, app.verifier())
    return await browser.send(refused, "ask-access", words=words)


async def for_app(browser: Browser, app: AppAt, person: Person, words: str) -> Page:
    """Come from an app that is not installed, look at it, and ask an admin for it. Raises LookupError where no link leads there."""
    return await browser.send(await _looked_at(browser, app, person), "ask", words=words, decision="ask")


async def for_oneself(browser: Browser, app: AppAt, person: Person) -> Page:
    """Come from an app that is not installed, and take it up for oneself, as some may. Raises LookupError like `for_app`."""
    return await browser.send(await _looked_at(browser, app, person), "install", decision="use")


async def _looked_at(browser: Browser, app: AppAt, person: Person) -> Page:
    """The page about an app that is not installed. A stranger would not be told which app that is, so the person signs in first."""
    await browser.sign_in(person.username, person.password)
    refused = await app.authorized(browser, person, app.verifier())
    return await browser.open(_link(LOOK, refused))


async def report(browser: Browser, app: AppAt, person: Person, words: str) -> Page:
    """Be asked by an app, report it to the admins from the page that warns of it, and deny. Raises LookupError where no page warns."""
    await browser.sign_in(person.username, person.password)
    asked = await app.authorized(browser, person, app.verifier(), decision="")
    await browser.send(await browser.open(_link(REPORT, asked)), "report", words=words)
    return await browser.send(asked, "consent", app.app.callback, decision="deny")


def _link(wanted: re.Pattern[str], page: Page) -> str:
    found = wanted.search(page.text)
    if found is None:
        raise LookupError(f"No link to {wanted.pattern} at {page.url}")
    return html.unescape(found[0])
