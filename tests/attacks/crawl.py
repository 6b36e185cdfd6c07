"""A crawl: from a few pages on to every page that a person is led to by links and by the forms of filters, each looked at once."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from tests.oauth.browser import Browser, Page

# Documents and files, which no text of a person is in.
OUTSIDE = re.compile(r"/(?:static|api|help|healthz|readyz|metrics|\.well-known|id)(?:/|$)")
_ID = re.compile(r"[0-9A-Za-z]{18}")
_TYPED = frozenset({"text", "search", "email", "url", "tel", "password", "number", "date", "datetime-local", "time"})


class _Read(HTMLParser):
    """The links of a page, and by form the fields in which people type."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.typed: dict[str, list[str]] = {}
        self._form = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif tag == "form":
            self._form = said.get("id", "")
        elif "name" in said and (tag == "textarea" or (tag == "input" and said.get("type", "text") in _TYPED)):
            self.typed.setdefault(said.get("form", self._form), []).append(said["name"])


def typed_fields(page: Page) -> dict[str, list[str]]:
    """The fields of each form in which people type, by the id of the form."""
    return _Read(page.text).typed


def links(page: Page) -> list[str]:
    """Where the page leads: its links, and its forms that only ask, as they stand filled in."""
    asking = [f"{form.action}?{urlencode(form.fields)}" for form in page.forms.values() if form.method == "get"]
    return [urljoin(page.url, href) for href in (*_Read(page.text).links, *asking)]


def kind_of(url: str) -> str:
    """What kind of page an address leads to: its path with ids left out, and a question mark where it asks for a part of what is there."""
    parts = urlsplit(url)
    path = "/".join("{id}" if _ID.fullmatch(part) else part for part in parts.path.split("/"))
    return f"{path}?" if parts.query else path


@dataclass
class Crawl:
    """One person who looks at everything. Of each kind of page so many are looked at, the first ones that are met."""

    browser: Browser
    most_of_a_kind: int = 1
    most_asked: int = 2  # of a kind whose address asks for a part of a list, or fills a form in
    each_of: frozenset[str] = frozenset()  # kinds of which every page is looked at
    seen: Counter[str] = field(default_factory=Counter)

    def pages(self, *starts: str) -> Iterator[Page]:
        """Every page that is met, with whatever status it answers."""
        met, waiting = set[str](), deque(urljoin(self.browser.issuer, start) for start in starts)
        while waiting:
            url = urldefrag(waiting.popleft()).url
            if url in met or not self._wanted(url):
                continue
            met.add(url)
            self.seen[kind_of(url)] += 1
            page = self.browser.open(url)
            if page.went_to is None:
                yield page
                waiting.extend(links(page))

    def _wanted(self, url: str) -> bool:
        here = url.startswith(self.browser.issuer + "/") and not OUTSIDE.match(urlsplit(url).path)
        kind = kind_of(url)
        return here and (kind in self.each_of or self.seen[kind] < (self.most_asked if "?" in url else self.most_of_a_kind))
