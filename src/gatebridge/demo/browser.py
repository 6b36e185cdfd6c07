"""A browser for the demo's people: it keeps cookies, follows redirects on our own host, and sends forms as they stand in the page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.types import ASGIApp

MOST_REDIRECTS = 8


@dataclass(slots=True)
class Form:
    """One form of a page: where it goes, and what is filled in already."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """Finds the forms of a page, by their id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, Form] = {}
        self._here: Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._here = self.found[said.get("id", "")] = Form(said.get("action", ""))
        elif tag == "input" and self._here is not None and said.get("type") not in ("checkbox", "radio", "submit"):
            self._here.fields[said.get("name", "")] = said.get("value", "")
        elif tag == "input" and self._here is not None and "checked" in said:
            self._here.fields[said.get("name", "")] = said.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._here = None


@dataclass(frozen=True, slots=True)
class Page:
    """Where the browser came to: a page of ours, or, with `went_to`, an address of the app that we sent it to."""

    status: int
    url: str
    text: str = field(repr=False)
    went_to: str | None = None

    @property
    def forms(self) -> dict[str, Form]:
        return Forms(self.text).found

    @property
    def answer(self) -> dict[str, str]:
        """The parameters with which the app got its browser back, before or behind the `#`; empty where it did not."""
        where = urlsplit(self.went_to or "")
        return dict(parse_qsl(where.query) + parse_qsl(where.fragment))


class Browser:
    """One person at one device. Leave it with `close`."""

    def __init__(self, app: ASGIApp, issuer: str, address: str, agent: str) -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 50_000))
        self.http = httpx.AsyncClient(transport=transport, base_url=issuer, headers={"User-Agent": agent, "Accept": "text/html"})
        self.issuer = issuer

    async def close(self) -> None:
        """End the browser and forget its cookies."""
        await self.http.aclose()

    async def sign_in(self, username: str, password: str) -> Page:
        """Sign in on the page for it, which is where who has no app to come from begins."""
        return await self.send(await self.open("/signin"), "signin", username=username, password=password)

    async def open(self, url: str, callback: str | None = None) -> Page:
        """Go to an address of ours, and on as far as we are sent, up to a page or the app's callback."""
        return await self._arrive(await self.http.get(url), callback)

    async def send(self, page: Page, form_id: str, callback: str | None = None, **typed: str) -> Page:
        """Fill in a form and send it. Raises KeyError where the page has none of that id."""
        form = page.forms[form_id]
        where = httpx.URL(page.url).join(form.action) if form.action else page.url
        headers = {"Origin": self.issuer, "Sec-Fetch-Site": "same-origin"}
        return await self._arrive(await self.http.post(where, data=form.fields | typed, headers=headers), callback)

    async def _arrive(self, answer: httpx.Response, callback: str | None) -> Page:
        for _ in range(MOST_REDIRECTS):
            if answer.next_request is None:
                return Page(answer.status_code, str(answer.url), answer.text)
            target = str(answer.next_request.url)
            if (callback is not None and target.partition("#")[0].partition("?")[0] == callback) or not target.startswith(
                self.issuer + "/"
            ):
                return Page(answer.status_code, str(answer.url), "", went_to=target)
            answer = await self.http.get(target)
        raise RuntimeError("This browser is sent in circles")
