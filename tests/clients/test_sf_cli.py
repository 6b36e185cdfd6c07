"""The Salesforce CLI, unchanged, from its sign-in in the browser to its sign-out, over https as over plain http on loopback.

It is told the address of the server and nothing else. Each way in is one story, told once; a test looks at one command of it.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from tests.clients.people import Approver
from tests.clients.salesforce_house import SalesforceHouse, salesforce_house
from tests.clients.sf_program import Said, SalesforceCli
from tests.clients.tls import tls_door
from tests.conformance.relying_party import Person
from tests.conformance.running import PASSWORD

from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.ids import long
from gatebridge.rules.people import User
from gatebridge.setup.revoke import RevokeApp, revoke_app
from gatebridge.storage import apps

pytestmark = pytest.mark.timeout(300)  # a story is some fifteen commands, each of which loads the whole CLI

FAILED_LOGINS = "SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status != 'Success'"
OWN_LOGINS = "SELECT UserId, Status FROM LoginHistory"
PEOPLE = "SELECT Id, Username FROM User ORDER BY Username"


@dataclass
class Story:
    """Who takes part, and what each command of the CLI said, by the name that the tests call it."""

    place: SalesforceHouse
    cli: SalesforceCli
    stranger: User  # for whom no key speaks
    said: dict[str, Said] = field(default_factory=dict)
    wanted: dict[str, list[str]] = field(default_factory=dict)  # what it wanted to reach beyond this machine meanwhile

    def run(self, name: str, *words: str) -> Said:
        return self._note(name, partial(self.cli.run, *words))

    def sign_in(self, name: str, visit: Callable[[str], str], *words: str) -> Said:
        return self._note(name, partial(self.cli.sign_in, visit, *words))

    def query(self, name: str, org: str, text: str) -> Said:
        return self.run(name, "data", "query", "--target-org", org, "--query", text)

    def _note(self, name: str, command: Callable[[], Said]) -> Said:
        before = len(self.cli.machine.wanted)
        self.said[name] = command()
        self.wanted[name] = self.cli.machine.wanted[before:]
        return self.said[name]


def denying(person: Person) -> Callable[[str], str]:
    """Somebody who signs in, reads what is asked for, and does not want it."""

    def visit(url: str) -> str:
        page = person.browser.open(url)
        page = person.browser.submit(page, "signin", username=person.user.username, password=PASSWORD)
        page = person.browser.submit(page, "consent", decision="deny")
        assert page.went_to is not None, page.text[:600]
        return page.went_to

    return visit


def told(story: Story, directory: Path) -> None:
    """Everything that somebody does with the CLI, in the order in which one does it. Over plain http it is less."""
    place, whole = story.place, story.place.url.startswith("https")
    at = ("--instance-url", place.url)
    service = place.service()
    key = directory / "service.pem"
    key.write_text(service.pem)
    by_key = ("org", "login", "jwt", "--client-id", service.app.client_id, "--jwt-key-file", str(key), *at)

    story.sign_in("web", Approver(place.house, place.at_a_browser(place.admin)).visit, *at, "--alias", "acme")
    story.run("display", "org", "display", "--target-org", "acme")
    story.run("jwt", *by_key, "--username", place.clerk.username, "--alias", "job")
    story.query("own logins", "job", OWN_LOGINS)
    if whole:
        _asking(story, by_key)
        _moving(story, directory)
    place.house.clock.wait(hours=3)
    story.query("later", "acme", PEOPLE)
    if whole:
        place.house.clock.wait(hours=3)
        _at_once(story, ("later, first", "later, second", "later, third"))
        with place.house.database.transaction() as tx:
            app = apps.by_consumer_key(tx, PLATFORM_CLI)
            assert app is not None
            revoke_app(tx, place.house.admin, RevokeApp(app.id, "It is not known whose it is."))
        story.query("revoked", "acme", PEOPLE)
    story.run("logout", "org", "logout", "--all", "--no-prompt")


def _asking(story: Story, by_key: tuple[str, ...]) -> None:
    """What is refused, and what an admin sees of it."""
    place = story.place
    story.sign_in("denied", denying(place.at_a_browser(place.clerk)), "--instance-url", place.url)
    # Somebody who has not signed in: where a sign-in by key fails, the CLI has already forgotten the one that its user had.
    story.run("unpermitted", *by_key, "--username", story.stranger.username)
    story.query("failed logins", "acme", FAILED_LOGINS)
    story.query("malformed", "acme", "SELECT Id FROM User WHERE")
    story.run("open", "org", "open", "--target-org", "acme", "--url-only")
    story.run("list", "org", "list")


def _at_once(story: Story, names: tuple[str, ...]) -> None:
    """The same question in several terminals, each of which finds that the token is over."""
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: story.query(name, "acme", PEOPLE), names))


def _moving(story: Story, directory: Path) -> None:
    """Take the sign-in to another machine, in a file."""
    url = directory / "auth-url"
    url.write_text(story.run("auth url", "org", "auth", "show-sfdx-auth-url", "--target-org", "acme").result["sfdxAuthUrl"])
    story.run("left", "org", "logout", "--target-org", "acme", "--no-prompt")
    story.run("arrived", "org", "login", "sfdx-url", "--sfdx-url-file", str(url), "--alias", "acme")


@pytest.fixture(scope="module")
def whole(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Over https, with a certificate of a private authority."""
    directory = tmp_path_factory.mktemp("https")
    with tls_door(directory) as door, salesforce_house(directory / "house", sqlite_template, door) as place:
        yield _told(place, directory, door.authority.bundle)


@pytest.fixture(scope="module")
def plain(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Over http on loopback, as on a developer's own machine."""
    directory = tmp_path_factory.mktemp("http")
    with salesforce_house(directory / "house", sqlite_template) as place:
        yield _told(place, directory)


@pytest.fixture(params=["whole", "plain"])
def story(request: pytest.FixtureRequest) -> Story:
    found: Story = request.getfixturevalue(request.param)
    return found


def _told(place: SalesforceHouse, directory: Path, bundle: Path | None = None) -> Story:
    home = directory / "home"
    home.mkdir()
    story = Story(place, SalesforceCli(home, bundle), place.house.person("dana", profile_id=place.admin.profile_id))
    told(story, directory)
    return story


# --- Signing in ----------------------------------------------------------------------------------------------------------


def test_compat_05_it_signs_in_through_the_browser(story: Story) -> None:
    got = story.said["web"].result
    assert (got["username"], got["instanceUrl"], got["clientId"]) == (story.place.admin.username, story.place.url, "PlatformCLI")
    assert got["orgId"] == long(story.place.house.admin.org_id)
    assert story.said["display"].result["connectedStatus"] == "Connected"


def test_compat_05_no_org_is_taken_for_a_dev_hub(whole: Story) -> None:
    listed = whole.said["list"].result
    assert whole.said["web"].result["isDevHub"] is False
    assert (listed["devHubs"], listed["scratchOrgs"], listed["sandboxes"]) == ([], [], [])
    orgs = {each["alias"]: (each["username"], each["connectedStatus"]) for each in listed["nonScratchOrgs"]}
    assert orgs == {"acme": (whole.place.admin.username, "Connected"), "job": (whole.place.clerk.username, "Connected")}


def test_it_hears_that_its_user_does_not_want_it(whole: Story) -> None:
    assert whole.said["denied"].refusal == ("access_denied", "end-user denied authorization")


def test_compat_04_it_signs_in_by_its_key_with_a_lifetime_in_milliseconds(story: Story) -> None:
    got = story.said["jwt"].result
    assert (got["username"], got["instanceUrl"], got["isDevHub"]) == (story.place.clerk.username, story.place.url, False)


def test_it_hears_whom_a_key_does_not_speak_for(whole: Story) -> None:
    name, message = whole.said["unpermitted"].refusal
    assert name == "JwtGrantError"
    assert "user is not admin approved to access this app" in message


def test_it_signs_in_with_an_auth_url_that_it_made(whole: Story) -> None:
    """Such a URL names a host and no scheme, and the CLI goes there by https."""
    assert whole.said["auth url"].result["sfdxAuthUrl"].startswith("force://PlatformCLI::")
    assert whole.said["left"].result == [whole.place.admin.username]
    assert whole.said["arrived"].result["username"] == whole.place.admin.username


# --- Asking --------------------------------------------------------------------------------------------------------------


def test_it_shows_the_sign_ins_that_failed_and_why(whole: Story) -> None:
    records = whole.said["failed logins"].result["records"]
    assert {record["SourceIp"] for record in records} == {"127.0.0.1"}
    assert {(record["UserId"], record["Status"], record["Application"].split(" ")[0]) for record in records} == {
        (long(whole.place.clerk.id), "consent_denied", "Salesforce"),
        (long(whole.stranger.id), "user_not_approved", "Service"),
        (None, "grant_audience_wrong", "Service"),  # it tried Salesforce's own audiences too, and then nobody is spoken for
    }


def test_who_may_not_see_the_history_of_all_sees_their_own(story: Story) -> None:
    records = story.said["own logins"].result["records"]
    assert {(record["UserId"], record["Status"]) for record in records} == {(long(story.place.clerk.id), "Success")}


def test_it_is_told_where_a_query_is_wrong(whole: Story) -> None:
    name, message = whole.said["malformed"].refusal
    assert name == "MALFORMED_QUERY"
    assert "^" in message


def test_it_is_told_that_no_page_opens_with_its_token(whole: Story) -> None:
    _, message = whole.said["open"].refusal
    assert message == "No page opens with a token here: sign in with a browser"


# --- Staying signed in, and leaving --------------------------------------------------------------------------------------


def test_compat_03_it_gets_a_new_token_whenever_its_own_is_over_also_in_several_terminals_at_once(story: Story) -> None:
    everybody = {story.place.admin.username, story.place.clerk.username, story.stranger.username}
    later = [said.result["records"] for name, said in story.said.items() if name.startswith("later")]
    assert later
    for records in later:
        assert everybody < {record["Username"] for record in records}


def test_it_is_out_when_an_admin_revokes_it(whole: Story) -> None:
    _, message = whole.said["revoked"].refusal
    assert message.endswith("expired access/refresh token")


def test_it_forgets_what_it_knew(story: Story) -> None:
    """Only the CLI does: it tells nobody, so what it had lives on at the server until somebody revokes it."""
    assert set(story.said["logout"].result) == {story.place.admin.username, story.place.clerk.username}


def test_only_a_key_that_was_refused_makes_it_look_at_salesforce(whole: Story) -> None:
    beyond = {name: hosts for name, hosts in whole.wanted.items() if hosts}
    assert beyond == {"unpermitted": ["test.salesforce.com", "login.salesforce.com"]}
