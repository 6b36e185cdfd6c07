"""A real browser for the stories that people live through: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

PATIENCE = 20_000  # milliseconds: how long a page may take on a busy machine before it counts as broken
# The first is Chromium built without windows. Pages are the same to it, and it opens them with a third less processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


def program() -> str:
    """Where Chromium is. Fails the test, saying what to install, where there is none: a page that nobody opened is not tested."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.fail("There is no Chromium on this machine. On Debian and Ubuntu: sudo apt-get install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, ended with the block."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def person(browser: Browser, *, javascript: bool = True, **given: object) -> Iterator[BrowserContext]:
    """One person's browser: cookies of its own, nothing left behind."""
    context = browser.new_context(java_script_enabled=javascript, reduced_motion="reduce", **given)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()
