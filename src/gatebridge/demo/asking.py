"""How people of the demo ask to be let in: on the page that refused them, in words for whoever decides."""

import re

from gatebridge.demo.browser import Browser, Page
from gatebridge.demo.clients import AppAt
from gatebridge.demo.people import Person

LOOK = re.compile(r"/setup/install\?receipt=\w+")


async def for_access(browser: Browser, app: AppAt, person: Person, words: str) -> Page:
    """Try to sign in to an app that is here, and ask for access on the page that says no."""
    refused = await app.authorized(browser, person, app.verifier())
    return await browser.send(refused, "ask-access", words=words)


async def for_app(browser: Browser, app: AppAt, person: Person, words: str) -> Page:
    """Come signed in from an app that is not installed, look at it, and ask for it. A stranger would not be told which app that is.

    Raises LookupError where the page does not lead there.
    """
    await browser.send(await browser.open("/signin"), "signin", username=person.username, password=person.password)
    refused = await app.authorized(browser, person, app.verifier())
    found = LOOK.search(refused.text)
    if found is None:
        raise LookupError(f"No way from {refused.url} to ask for the app")
    return await browser.send(await browser.open(found[0]), "ask", words=words, decision="ask")
