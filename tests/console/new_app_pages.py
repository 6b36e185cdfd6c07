"""The new-app wizard at a browser without scripts: walked from its first question to the app, and what its last page shows."""

import html
import re
from collections.abc import Mapping

from tests.console.app_pages import problem_at
from tests.oauth.browser import Browser, Page

NEW = "/setup/apps/new"
FORM = "new-app"
PURPOSE = "Carries the invoices of the day into the ledger"

__all__ = ["FORM", "NEW", "PURPOSE", "begun", "code_of", "problem_at", "secret_of", "title", "walked"]


def begun(browser: Browser, kind: str, *, salesforce: bool = False) -> Page:
    """At the second step, which asks for the name."""
    page = browser.open(NEW)
    fields = page.forms[FORM].fields | {"kind": kind} | ({"salesforce": "yes"} if salesforce else {})
    return browser.post(NEW, fields)


def walked(browser: Browser, kind: str, label: str, typed: Mapping[str, str], *, salesforce: bool = False) -> Page:
    """The page behind the last step; `typed` are answers of whichever step asks for them."""
    page = begun(browser, kind, salesforce=salesforce)
    answers = {"label": label, "purpose": PURPOSE} | dict(typed)
    for _ in range(3):
        fields = page.forms[FORM].fields
        page = browser.post(NEW, fields | {name: text for name, text in answers.items() if _asked(page, name)})
        if FORM not in page.forms:
            break
    return page


def title(page: Page) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None, page.text[:400]
    return re.sub(r"<[^>]+>", "", found[1])


def secret_of(page: Page) -> str:
    found = re.search(r'<code id="secret">(\w+)</code>', page.text)
    return found[1] if found is not None else ""


def code_of(page: Page) -> dict[str, str]:
    """What is to be pasted, by language."""
    found = re.findall(r'data-language="([^"]+)".*?<pre[^>]*><code>(.*?)</code>', page.text, re.DOTALL)
    return {language: html.unescape(code) for language, code in found}


def _asked(page: Page, name: str) -> bool:
    """Whether this step asks for it: what is only carried along is hidden."""
    return re.search(rf'<(?:textarea|select|input(?! type="hidden"))[^>]* name="{name}"', page.text) is not None
