"""Finds the pages as a reader does, by their links, and takes each of them once."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from playwright.sync_api import Page

from bench.screenshots.addresses import page_of, worth_a_visit
from bench.screenshots.camera import Camera

BUSY, TRIES = 503, 5
LINKS = "all => all.map(each => each.href)"


@dataclass(slots=True)
class Crawl:
    """What has been seen, so that each page is taken once. `only` is a pattern for the names of the pages that are wanted."""

    base_url: str
    camera: Camera
    only: re.Pattern[str]
    seen: set[str] = field(default_factory=set)

    def follow(self, page: Page, beginnings: Iterable[str], below: tuple[str, ...]) -> None:
        """From these addresses to every page below these paths that a link leads to."""
        waiting = deque(f"{self.base_url}{path}" for path in beginnings)
        while waiting:
            address = waiting.popleft()
            name = page_of(address)
            if name in self.seen:
                continue
            self.seen.add(name)
            status = self._arrive(page, address)
            if status >= 400:
                self.camera.wrong.append(f"{name} answers {status}: {address}")
            if self.only.search(name):
                self.camera.take(page, name)
            for link in page.eval_on_selector_all("a[href]", LINKS):
                target = str(link).partition("#")[0]
                path = target.removeprefix(self.base_url)
                if worth_a_visit(target, self.base_url) and path.startswith(below) and page_of(target) not in self.seen:
                    waiting.append(target)

    def _arrive(self, page: Page, address: str) -> int:
        """Go there, again where the server has more to do than it can; how it answered in the end."""
        status = BUSY
        for _ in range(TRIES):
            answer = page.goto(address)
            status = answer.status if answer is not None else 200
            if status != BUSY:
                break
            page.wait_for_timeout(3_000)
        return status
