"""The pages of setup in a real browser: nothing that axe finds, in both themes, at every width; and what the scripts add."""

from datetime import timedelta
from typing import Literal

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page
from tests.conformance.running import PASSWORD, RunningHouse
from tests.console.own_pages import own_paths
from tests.journeys.chromium import person
from tests.journeys.conftest import chrome, setup_house

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.manage_custom_permissions import (
    AssignCustomPermission,
    CreateCustomPermission,
    assign_custom_permission,
    create_custom_permission,
)
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.setup.try_flow import StartTry, start_try
from gatebridge.storage import (
    access_requests,
    apps,
    audit_trail,
    custom_permissions,
    history_reading,
    listed_sessions,
    listed_users,
    orgs,
    permission_sets,
    signing_keys,
)
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.tries import tries
from gatebridge.web.console import places

__all__ = ["chrome", "setup_house"]

PARTS = 6
WIDTHS = (360, 768, 1440)  # the last as it began
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def house(setup_house: RunningHouse) -> RunningHouse:
    """A server with something to show on every page."""
    running = setup_house
    flows = frozenset({Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
    robot = running.person("robot")
    with running.database.transaction() as tx:
        held = create_permission_set(tx, running.admin, CreatePermissionSet("Night Jobs", "Night_Jobs"))
        assign_permission_set(tx, running.admin, AssignPermissionSet(robot.id, held.id, tx.now + timedelta(days=30)))
        custom = create_custom_permission(tx, running.admin, CreateCustomPermission("Approve Invoices", "Approve_Invoices"))
        assign_custom_permission(tx, running.admin, AssignCustomPermission(custom.id, held.id))
    app = running.app("Wide", run_as=robot, flows=flows, scopes=("full", "api"), full_scope_reason="It moves everything")
    with running.database.transaction() as tx:
        assign_access(tx, running.admin, AssignAccess(app.id, held.id))
        start_try(tx, running.admin, StartTry(app.id, Flow.CLIENT_CREDENTIALS))
        platform = apps.by_consumer_key(tx, "PlatformCLI")
        assert platform is not None
        for kind, wanted in ((RequestKind.USER, app.id), (RequestKind.APP, platform.id)):
            asked = Wanted(running.admin.org_id, kind, wanted, robot.id, "api", "web_server", "192.0.2.10", "For the audit.")
            access_requests.count_up(tx, asked)
    for scope in ("api", "nothing_known"):
        form = {"grant_type": "client_credentials", "scope": scope}
        running.http.post(f"{running.issuer}/services/oauth2/token", data=form, auth=(app.client_id, app.secret))
    return running


def paths(house: RunningHouse) -> list[str]:
    """One address of every page."""
    with house.database.snapshot() as tx:
        org_id = house.admin.org_id
        org = orgs.by_id(tx, org_id)
        assert org is not None
        lines = history_reading.page(tx, org_id, limit=100)[-5:]  # the oldest, since each sign-in of the tests adds one
        (change, *_) = audit_trail.page(tx, org_id, limit=1)
        (session, *_) = listed_sessions.list_page(tx, org, after=None, limit=1)
        robot = listed_users.list_page(tx, org_id, after=None, limit=1, search="robot")[0]
        ((held, _), *_) = permission_sets.of_user(tx, org_id, robot.id)
        (custom, *_) = custom_permissions.list_page(tx, org_id, after=None, limit=1)
        (key, *_) = signing_keys.published(tx, org_id)
        (install, let_in, *_) = access_requests.page(tx, org_id, limit=2)
        tried = tx.connection.execute(sa.select(tries.c.id, tries.c.app_id)).first()
        assert tried is not None
    app_id = next(line.app_id for line in lines if line.app_id)
    token = next(line for line in lines if line.outcome == "success" and line.grant_id)
    return [
        *(place.path for place in places.PLACES),
        *(f"/setup/login-history/{long(line.id)}" for line in lines),
        "/setup/login-history?q=nobody&outcome=refused",
        *(f"/setup/apps/new?kind=agent&step={step}" for step in ("kind", "about", "reach", "rule")),
        f"/setup/apps/{long(app_id)}",
        *(f"/setup/apps/{long(app_id)}/settings{each}" for each in ("", "/flows", "/scopes", "/tokens")),
        *(f"/setup/apps/{long(app_id)}/policies{each}" for each in ("", "/lifetimes")),
        *(f"/setup/apps/{long(app_id)}/access{each}" for each in ("", "/assign", f"/{long(held.id)}", f"/{long(held.id)}/remove")),
        *(f"/setup/apps/{long(app_id)}/{each}" for each in ("identity", "logo", "exposures/full_scope")),
        *(f"/setup/apps/{long(app_id)}/{each}" for each in ("credentials", "activity", "changes", "block", "contain")),
        *(f"/setup/apps/{long(app_id)}/credentials/{each}" for each in ("secrets/new", "secrets/rotate", "certificates/new")),
        f"/setup/apps/{long(app_id)}/credentials/secrets/{long(str(token.credential_id))}/retire",
        f"/setup/usage/grants/{long(str(token.grant_id))}/revoke",
        f"/setup/usage/{long(app_id)}/users/{long(str(token.user_id))}/revoke",
        f"/setup/login-history/{long(token.id)}/revoke",
        "/setup/apps/nonsense",
        f"/setup/usage/{long(app_id)}",
        f"/setup/audit/{long(change.id)}",
        "/setup/audit/chain",
        "/setup/audit?since=7d&sort=time",
        "/setup/saved-views",
        "/setup/saved-views/new?view=/setup/audit?since=7d",
        f"/setup/sessions/{long(session.session.id)}/end",
        *(
            f"/setup/users/{long(robot.id)}{each}"
            for each in ("", "/edit", "/deactivate", "/remove-factors", "/password-link", "/sets/new")
        ),
        *(f"/setup/users/{long(robot.id)}/sets/{long(held.id)}{each}" for each in ("", "/take")),
        *(f"/setup/profiles/{long(robot.profile_id)}{each}" for each in ("", "/edit", "/delete")),
        *(f"/setup/permission-sets/{long(held.id)}{each}" for each in ("", "/edit", "/assign")),
        *(f"/setup/custom-permissions/{long(custom.id)}{each}" for each in ("", "/edit", "/give", "/delete")),
        *(f"/setup/{each}" for each in ("session-settings/edit", "sign-in-methods/edit", "oauth-settings/scopes")),
        *(f"/setup/keys/{each}" for each in ("new", f"{long(key.id)}/retire", f"{long(key.id)}/remove")),
        *(f"/setup/orgs/{each}" for each in ("new", long(org_id))),
        *(f"/setup/requests/{long(each.request.id)}" for each in (install, let_in)),
        f"/setup/requests/{long(install.request.id)}/block",
        f"/setup/explain-access?app={long(app_id)}&flow=web_server&user={robot.username}&callback=https://elsewhere.example/",
        "/setup/explain-access?app=nobody",
        f"/setup/replay?app={long(app_id)}",
        f"/setup/replay?app={long(app_id)}&run=yes&permitted_users=admin_approved&ip_relaxation=enforce&ip_ranges=192.0.2.0/24"
        "&scopes=api&required_level=standard&level_action=raise&days=30",
        f"/setup/apps/{long(tried.app_id)}/try",
        f"/setup/apps/{long(tried.app_id)}/try/{long(tried.id)}",
        "/setup/users/new",
        *own_paths(house, app_id),
        "/setup/find?q=wide",
        "/setup/shortcuts",
    ]


def sign_in(page: Page, house: RunningHouse) -> None:
    page.goto(f"{house.issuer}/setup")
    page.fill("input[name=username]", "ada@acme.example")
    page.fill("input[name=password]", PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{house.issuer}/setup")


# In parts, since looking at all pages takes longer than one test may.
@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_on_any_page_in_either_theme_and_none_is_wider_than_its_window(
    house: RunningHouse, chrome: Browser, part: int
) -> None:
    # The script is long: the second look at a page finds it there.
    looks = {"light": Axe(), "dark": Axe("0")}
    with person(chrome) as context:
        page = context.new_page()
        broken: list[str] = []
        page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
        sign_in(page, house)
        found: dict[str, object] = {}
        theme: Literal["light", "dark"]
        page.emulate_media(reduced_motion="reduce")
        for path in paths(house)[part::PARTS]:
            page.goto(f"{house.issuer}{path}")
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                # Nothing but colours differs between the themes.
                wanted = TAGS if theme == "light" else ["color-contrast"]
                told = looks[theme].run(page, options={"resultTypes": ["violations"], "runOnly": wanted})
                for each in told.response["violations"]:
                    found[f"{theme} {path} {each['id']}"] = [node["html"][:200] for node in each["nodes"]][:3]
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found[f"{path} {width}"] = "wider than its window"
        assert found == {}
        # Pages that say what was not found, or what was typed wrong, are among them.
        assert [text for text in broken if "404" not in text and "422" not in text] == []


def test_a_form_that_outlives_its_session_is_sent_after_signing_in_in_a_second_tab(house: RunningHouse, chrome: Browser) -> None:
    with person(chrome) as context:
        page = context.new_page()
        sign_in(page, house)
        page.goto(f"{house.issuer}/setup/profiles/new")
        page.fill("#name", "Night shift")
        page.fill("#description", "Those who pack\nat night")
        context.clear_cookies(name="gb_session")
        page.click("#submit")
        page.wait_for_selector("#kept-form")
        assert Axe().run(page, options={"resultTypes": ["violations"], "runOnly": TAGS}).response["violations"] == []
        with context.expect_page() as opened:
            page.click("#first")
        second = opened.value
        second.fill("input[name=username]", "ada@acme.example")
        second.fill("input[name=password]", PASSWORD)
        second.locator("input[name=password]").press("Enter")
        second.wait_for_url(f"{house.issuer}/setup/profiles/new")
        second.close()
        page.click("#send")
        page.wait_for_selector("main h1:has-text('Night shift')")
        assert "Those who pack" in page.locator("main").inner_text()


def test_the_keys_lead_to_quick_find_and_to_the_shortcuts(house: RunningHouse, chrome: Browser) -> None:
    with person(chrome) as context:
        page = context.new_page()
        sign_in(page, house)
        page.keyboard.press("/")
        page.keyboard.type("history")
        page.keyboard.press("Enter")
        page.wait_for_url("**/setup/find?q=history")
        page.locator("main h1").click()
        page.keyboard.press("?")
        page.wait_for_url("**/setup/shortcuts")


def test_a_copy_takes_the_whole_of_a_shortened_key(house: RunningHouse, chrome: Browser) -> None:
    with person(chrome, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        sign_in(page, house)
        page.goto(f"{house.issuer}/setup/apps?q=wide")
        page.click("#apps tbody th a")
        whole = page.locator("button[data-copy]").first.get_attribute("data-copy")
        page.locator("button[data-copy]").first.click()
        page.wait_for_selector('[data-state="done"]')
        assert page.evaluate("navigator.clipboard.readText()") == whole


def test_new_lines_come_into_the_login_history_by_themselves_until_one_pauses(house: RunningHouse, chrome: Browser) -> None:
    app = house.app("Followed", run_as=house.person("rita"), flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",))

    def refused() -> str:
        form = {"grant_type": "client_credentials", "scope": "full"}
        answer = house.http.post(f"{house.issuer}/services/oauth2/token", data=form, auth=(app.client_id, app.secret))
        return str(answer.headers["X-Gatebridge-Receipt"])

    with person(chrome) as context:
        page = context.new_page()
        sign_in(page, house)
        page.goto(f"{house.issuer}/setup/login-history?outcome=refused")
        with page.expect_response(lambda answer: "/setup/live/" in answer.url):
            page.click("#live")
        first = refused()
        page.wait_for_selector(f'#outcomes tr[data-new][data-receipt="{first}"]')
        page.click('#live[aria-pressed="true"]')
        second = refused()
        assert page.locator("#said").inner_text().startswith("Paused")
        assert page.locator(f'[data-receipt="{second}"]').count() == 0
        page.click('#live[aria-pressed="false"]')
        page.wait_for_selector(f'#outcomes tbody tr:first-child[data-receipt="{second}"]')
        assert page.locator(f'[data-receipt="{first}"]').count() == 1


def test_the_wizard_reads_back_what_is_entered_and_its_last_page_is_as_good_as_the_others(house: RunningHouse, chrome: Browser) -> None:
    with person(chrome) as context:
        page = context.new_page()
        sign_in(page, house)
        page.goto(f"{house.issuer}/setup/apps/new?kind=agent&step=about")
        page.fill("#label", "Helper")
        page.fill("#purpose", "Answers what colleagues ask")
        page.click("#go-on")
        page.fill("#callbacks", "http://helper.example/")
        page.wait_for_selector("#callbacks-read >> text=Cannot be registered")
        page.fill("#callbacks", "https://helper.example/")
        page.wait_for_selector("#callbacks-read >> text=Users read that they go to helper.example.")
        page.fill("#upload", "-----BEGIN PRIVATE KEY-----")
        page.click("#go-on")
        assert "It was not sent" in page.locator("#checked-upload").inner_text()
        page.fill("#upload", "")
        page.click("#go-on")
        page.dblclick("#go-on")  # registered once, since the answer to the second form would hide the key of the first
        page.wait_for_selector("#made")
        told = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": TAGS})
        assert [each["id"] for each in told.response["violations"]] == []
