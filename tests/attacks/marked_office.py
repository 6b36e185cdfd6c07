"""An office in which everybody has said markup: its admins by the API and in every form, and strangers at its doors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urljoin

from tests.attacks.crawl import Crawl, kind_of, typed_fields
from tests.attacks.marked import Marks, Tried, mark_everything
from tests.conformance.running import PASSWORD
from tests.fuzz.administered import Administered, administered
from tests.fuzz.requests import PARAMETERS
from tests.oauth.browser import Browser, Page
from tests.oauth.door import FORM, basic

from gatebridge.rules.access_requests import RequestKind
from gatebridge.storage import access_requests, apps, people
from gatebridge.storage.access_requests import Wanted

STARTS = ("/setup", "/me")
DOORS = ("/signin", "/forgot-password", "/reset-password", "/invitation", "/connect", "/signin/verify", "/setup/install", "/")
# The forms that would end the very session in which they are sent.
ENDS_ITSELF = frozenset({"/setup/sessions/{id}/end", "/setup/users/{id}/end"})
PROTOCOL = ("token", "device", "revoke", "introspect")


@dataclass(frozen=True)
class MarkedOffice:
    """The office, what was tried in it, and the browser in which its admin looks at everything."""

    office: Administered
    marks: Marks
    tried: dict[str, Tried]
    told_strangers: list[Page]
    told_admin: list[Page]
    browser: Browser


@contextmanager
def marked_office(directory: Path, copy_database: Callable[[Path], object]) -> Iterator[MarkedOffice]:
    """Such an office, until the end of the block."""
    with administered(directory, copy_database) as office:
        marks = Marks()
        _leave_the_office_standing(office)
        _ask_for_access(office, marks)
        told_strangers = list(_as_strangers(office, marks))
        tried = mark_everything(office, marks)
        browser = _signed_in(office, marks)
        told_admin = list(_in_every_form(browser, marks))
        yield MarkedOffice(office, marks, tried, told_strangers, told_admin, browser)


def _leave_the_office_standing(office: Administered) -> None:
    """What is marked is an app of this org, and no token by which it is marked."""
    spare = [app["id"] for app in office.ask("GET", "/apps").json()["items"] if app["label"].startswith("Spare")]
    lines = office.ask("GET", "/login-history").json()["items"]
    office.ids["app_id"] = spare
    key = office.ask("POST", "/signing-keys", json={"algorithm": "ES256"}).json()["id"]
    assert office.ask("POST", f"/signing-keys/{key}/retire").status_code == 200
    office.ids["key_id"] = [key]
    for app in spare:  # an approval lets a user into an app that somebody may use
        assert office.ask("PUT", f"/apps/{app}/access/{office.ids['set_id'][0]}", json={}).status_code == 200
    office.ids["token_id"] = [line["id"] for line in lines if line["event"] == "token" and line["app_id"] in spare]


def _ask_for_access(office: Administered, marks: Marks) -> None:
    """Users ask to be let into apps, and for an app that is not installed, with words of their own."""
    with office.house.database.transaction() as tx:
        org_id, robot = office.house.admin.org_id, str(office.house.admin.user_id)
        platform = apps.by_consumer_key(tx, "PlatformCLI")
        assert platform is not None
        wanted = [(RequestKind.USER, app[:15], user[:15]) for app in office.ids["app_id"] for user in office.ids["user_id"]]
        for kind, app, user in (*wanted, (RequestKind.APP, platform.id, robot)):
            said = marks.new("ask_for_access.words")
            access_requests.count_up(tx, Wanted(org_id, kind, app, user, "api", "web_server", "192.0.2.10", said))
    office.ids["request_id"] = [each["id"] for each in office.ask("GET", "/requests").json()["items"]]


def _as_strangers(office: Administered, marks: Marks) -> Iterator[Page]:
    """Whatever a program or a browser may say to the protocol and at the doors, each parameter in a request of its own."""
    browser, issuer, robot = office.house.browser(), office.house.issuer, office.robot
    for name in PARAMETERS:
        usual = {"response_type": "code", "client_id": robot.client_id, "grant_type": "client_credentials", "scope": "api"}
        form = usual | {name: marks.new(f"request.{name}")}
        agent = {"User-Agent": marks.new(f"request.{name}.user_agent")}
        yield browser.open(f"/services/oauth2/authorize?{urlencode(form)}", agent)
        for path in PROTOCOL[:1] if name not in ("token", "scope", "client_id") else PROTOCOL:
            answer = office.house.door.post(f"{issuer}/services/oauth2/{path}", form, headers=basic(robot.client_id, robot.secret) | agent)
            yield Page(answer.status_code, path, answer.text, answer.headers)
    for door in DOORS:
        said = {
            name: marks.new(f"{door}.{name}") for name in ("then", "token", "said", "receipt", "key", "user_code", "interaction", "error")
        }
        page = browser.open(f"{door}?{urlencode(said)}", {"User-Agent": marks.new(f"{door}.user_agent")})
        yield page
        yield from _typed(browser, page, marks)


def _signed_in(office: Administered, marks: Marks) -> Browser:
    """The browser of the admin, whose own name is markup too, and who says more of it while signing in."""
    house = office.house
    with house.database.transaction() as tx:
        hashed = house.server.house.hasher.hash(PASSWORD)
        assert people.set_password_hash(tx, house.admin.org_id, str(house.admin.user_id), hashed)
    mine = f"/users/{house.admin.user_id}"
    body = {name: marks.new(f"patch_user.{name}") for name in ("first_name", "last_name")}
    assert office.ask("PATCH", mine, json=body, headers=office.version_of(mine)).status_code == 200
    browser = house.browser()
    agent = {"User-Agent": marks.new("sign_in.user_agent")}
    page = browser.submit(browser.open("/signin"), "signin", agent, username="ada@acme.example", password=PASSWORD)
    assert page.url == f"{house.issuer}/me"
    return browser


def _in_every_form(browser: Browser, marks: Marks) -> Iterator[Page]:
    """One form of each kind that stands in a page of setup or among the own pages, with marks in all that is typed there."""
    sent = set[tuple[str, str]]()
    for page in Crawl(browser, most_asked=1).pages(*STARTS):
        kind = kind_of(page.url)
        here = {form_id for form_id in typed_fields(page) if (kind, form_id) not in sent and kind not in ENDS_ITSELF}
        sent |= {(kind, form_id) for form_id in here}
        yield from _typed(browser, page, marks, here)


def _typed(browser: Browser, page: Page, marks: Marks, wanted: set[str] | None = None) -> Iterator[Page]:
    for form_id, names in typed_fields(page).items():
        form = page.forms[form_id]
        if form.method == "post" and (wanted is None or form_id in wanted):
            where = f"{kind_of(page.url)}#{form_id}"
            fields = form.fields | {name: marks.new(f"{where}.{name}") for name in names}
            headers = {"Content-Type": FORM, "User-Agent": marks.new(f"{where} user_agent")}
            yield browser.post(urljoin(page.url, form.action), fields, headers)
