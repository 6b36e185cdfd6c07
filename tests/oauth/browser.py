"""One person at one browser, for stories: it keeps cookies, follows redirects on our own host, and sends forms as they stand in a page.

It is strict where real browsers are: a cookie that must be secure is kept from https alone, a lax one does not go along with another
site's POST, and a form goes nowhere that the page's own policy does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from tests.oauth.door import FORM, OFFICE, Door

MOST_REDIRECTS = 8
_NO_VALUE_OF_ITS_OWN = frozenset({"submit", "button", "image", "reset"})


@dataclass
class Form:
    """One form of a page: where it goes, what is filled in, and the values of its named buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, Form] = {}
        self._here: Form | None = None
        self._typing: str | None = None  # the name of the text area whose text comes next
        self._choosing: str | None = None  # the name of the list whose options come next
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._here = self.found[said.get("id", "")] = Form(said.get("action", ""), said.get("method", "get").lower())
        if tag == "option" and self._here is not None and self._choosing is not None:
            chosen = "selected" in said or self._choosing not in self._here.fields
            self._here.fields |= {self._choosing: said.get("value", "")} if chosen else {}
        if self._here is None or "name" not in said:
            return
        kind = said.get("type", "submit" if tag == "button" else "text")
        if tag == "button" or (tag == "input" and kind in _NO_VALUE_OF_ITS_OWN):
            self._here.buttons.setdefault(said["name"], []).append(said.get("value", ""))
        elif tag == "input" and (kind not in ("checkbox", "radio") or "checked" in said):
            self._here.fields[said["name"]] = said.get("value", "")
        elif tag == "select":
            self._choosing = said["name"]
        elif tag == "textarea":
            self._typing = said["name"]
            self._here.fields[self._typing] = ""

    def handle_data(self, data: str) -> None:
        if self._here is not None and self._typing is not None:
            self._here.fields[self._typing] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._here = None
        if tag == "textarea":
            self._typing = None
        if tag == "select":
            self._choosing = None


@dataclass(frozen=True)
class Page:
    """Where the browser came to: a page of ours, or, with `went_to`, an address elsewhere that we sent it to."""

    status: int
    url: str
    text: str = field(repr=False)
    headers: httpx.Headers = field(repr=False)
    went_to: str | None = None
    body: bytes = field(default=b"", repr=False)  # of what is no text, such as a file

    @property
    def forms(self) -> dict[str, Form]:
        return _Forms(self.text).found

    @property
    def answer(self) -> dict[str, str]:
        """The parameters with which the app got its browser back, be it behind the `#`; empty where it did not."""
        parts = urlsplit(self.went_to or "")
        return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True, errors="strict"))

    @property
    def directives(self) -> dict[str, list[str]]:
        """The page's content security policy."""
        parts = (part.split() for part in self.headers.get("content-security-policy", "").split(";"))
        return {part[0]: part[1:] for part in parts if part}


class Browser:
    """One person at one browser at an org."""

    def __init__(self, door: Door, issuer: str, address: str = OFFICE) -> None:
        self.door = door
        self.issuer = issuer
        self.address = address
        self.cookies: dict[str, str] = {}

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """Go to an address, absolute or of this org, and on as far as we are sent."""
        return self._arrive("GET", urljoin(self.issuer, url), dict(headers or {}))

    def step(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> httpx.Response:
        """One request with the cookies, and no step further."""
        return self._send(method, urljoin(self.issuer, url), dict(headers or {}), body)

    def submit(self, page: Page, form_id: str, headers: Mapping[str, str] | None = None, **typed: str) -> Page:
        """Fill in a form and send it; the button that is pressed is given like a field. KeyError: the page has no such form."""
        form = page.forms[form_id]
        for name, value in typed.items():
            assert name in form.fields or value in form.buttons.get(name, ()), f"the form has no field or button {name}={value!r}"
        return self.post(urljoin(page.url, form.action), form.fields | typed, headers, policy=page.directives.get("form-action"))

    def post(
        self,
        url: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        *,
        policy: list[str] | None = None,
        cross_site: bool = False,
    ) -> Page:
        """Send fields as a form of our own origin does, or, with `cross_site`, as a page of somebody else's does."""
        said = {"Content-Type": FORM} | _origin(self.issuer, cross_site) | dict(headers or {})
        return self._arrive("POST", urljoin(self.issuer, url), said, urlencode(fields).encode(), policy, lax=not cross_site)

    def _arrive(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b"", policy: list[str] | None = None, *, lax: bool = True
    ) -> Page:
        for _ in range(MOST_REDIRECTS):
            answer = self._send(method, url, headers, body, lax=lax)
            if not answer.has_redirect_location:
                return Page(answer.status_code, url, answer.text, answer.headers, body=answer.content)
            assert answer.status_code in (302, 303), "a redirect that keeps the method would send what was typed once more"
            assert method == "GET" or answer.status_code == 303
            url = urljoin(url, answer.headers["location"])
            _assert_allowed(url, self.issuer, policy)
            if not url.startswith(self.issuer + "/"):
                return Page(answer.status_code, url, "", answer.headers, went_to=url)
            # A redirect is followed with GET; then also lax cookies go along.
            method, body, headers, lax = "GET", b"", {}, True
        raise AssertionError("the browser is sent in circles")

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes, *, lax: bool = True) -> httpx.Response:
        said = {"Accept": "text/html", "User-Agent": "Browser/1"} | headers
        if self.cookies and lax:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.door.send(method, url, body=body, headers=said, address=self.address)
        for line in answer.headers.get_list("set-cookie"):
            self._keep(line, url)
        return answer

    def _keep(self, line: str, url: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if name.startswith("__Host-"):
                assert morsel["secure"]
                assert morsel["path"] == "/"
                assert not morsel["domain"]
            if morsel["secure"] and not url.startswith("https://"):
                continue
            if morsel.value and morsel["max-age"] != "0":
                self.cookies[name] = morsel.value
            else:
                self.cookies.pop(name, None)


def _origin(issuer: str, cross_site: bool) -> dict[str, str]:
    if cross_site:
        return {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    return {"Origin": issuer, "Sec-Fetch-Site": "same-origin"}


def _assert_allowed(url: str, issuer: str, policy: list[str] | None) -> None:
    """Chromium holds a form's whole way, redirects included, against the policy of the page that it stood in."""
    if policy is None:
        return
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    allowed = {issuer if source == "'self'" else source for source in policy}
    assert origin in allowed or f"{parts.scheme}:" in allowed, f"the page's form-action {policy} does not let the browser go to {url}"
