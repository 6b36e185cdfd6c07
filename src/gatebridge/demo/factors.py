"""The second factor of a person of the demo: set up on the own pages, and used from then on."""

import re
from collections.abc import Callable
from datetime import datetime

import pyotp

from gatebridge.demo.browser import Browser, Page
from gatebridge.demo.people import Person

MAILED = re.compile(r"^ {4}(\d+)\s*$", re.MULTILINE)
SECRET = re.compile(r'id="secret">(.*?)</code>', re.DOTALL)


async def set_up(browser: Browser, person: Person, now: datetime, newest_mail: Callable[[], str]) -> str:
    """Sign in, show the code from the mailbox, scan what the page shows, and confirm it; the seed as it is typed into an app."""
    await browser.sign_in(person.username, person.password)
    proving = await browser.open("/me/security/app")
    asked = await browser.send(proving, "password-form", password=person.password)
    begin = await browser.send(asked, "code-form", code=_found(MAILED, newest_mail()))
    shown = await browser.send(begin, "app-begin")
    seed = re.sub(r"<[^>]+>|\s", "", _found(SECRET, shown.text))
    await browser.send(shown, "app-confirm", code=code(seed, now), name="Phone")
    return seed


async def show(browser: Browser, page: Page, seed: str, now: datetime, callback: str | None) -> Page:
    """Where a page asks for the code, type the one of this moment."""
    return await browser.send(page, "code-form", callback, code=code(seed, now)) if seed and "code-form" in page.forms else page


def _found(what: re.Pattern[str], text: str) -> str:
    found = what.search(text)
    if found is None:
        raise LookupError(f"There is no {what.pattern} in {text}")
    return found[1]


def code(seed: str, now: datetime) -> str:
    """What the authenticator app shows now."""
    return pyotp.TOTP(seed).at(now)
