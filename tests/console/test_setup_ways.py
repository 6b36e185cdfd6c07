"""Ways through setup that lead on: nobody is sent where they are refused, and what helps stands where one looks for it."""

import re
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tests.console.app_pages import at, problem_at, saved
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import approve, chooser, enrol
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.rules.lockouts import MOST_FOR_USER
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.setup.manage_users import CreateUser, EditUser, create_user, edit_user
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import access_requests, epochs
from gatebridge.storage.access_requests import Wanted
from gatebridge.web.console.moments import Moments

__all__ = ["acme", "house", "loop"]

HISTORY = "/setup/login-history"


def owner_of(acme: Tenant, app: Client) -> Browser:
    """A developer who owns the app, sees its usage, and reads no login history."""
    dev = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS, Permission.VIEW_OAUTH_USAGE)
    with acme.standing.database.transaction() as tx:
        transfer_ownership(tx, acme.admin, TransferOwnership(app.id, dev.id))
    return at_setup(acme, dev)


def guess(acme: Tenant, user: User, times: int) -> None:
    browser = Browser(acme.door, acme.org.issuer)
    for _ in range(times):
        browser.submit(browser.open("/signin"), "signin", username=user.username, password="no idea")


class TestTheOwnerOfAnApp:
    def test_finds_its_receipts_from_its_activity_and_by_their_ids_and_the_way_back_to_it(self, acme: Tenant) -> None:
        app, other = acme.app("Own"), acme.app("Other")
        own, others = (each.token(scope="full").headers["X-Gatebridge-Receipt"] for each in (app, other))
        browser = owner_of(acme, app)
        assert f'href="{HISTORY}/{own}"' in browser.open(at(app, "/activity")).text
        assert [f"{HISTORY}/{each}" in browser.open(f"/setup/find?q={each}").text for each in (own, others)] == [True, False]
        receipt = browser.open(f"{HISTORY}/{own}")
        assert (receipt.status, f'href="{at(app)}"' in receipt.text, f'href="{HISTORY}"' in receipt.text) == (200, True, False)
        let_in = app.token().headers["X-Gatebridge-Receipt"]
        assert f'href="{HISTORY}"' not in browser.open(f"{HISTORY}/{let_in}/revoke").text

    def test_is_led_to_no_form_for_what_an_admin_decides(self, acme: Tenant) -> None:
        app = acme.app("Own", open_for_use=False)
        no_ranges = re.compile(rf'href="{at(app)}/(?:policies/\w+|credentials)[^"]*" aria-label="Set ranges')
        assert no_ranges.search(admin(acme).open(at(app)).text) is not None
        assert no_ranges.search(owner_of(acme, app).open(at(app)).text) is None


class TestALockedUser:
    def test_is_told_with_its_end_and_the_way_to_what_was_tried(self, acme: Tenant) -> None:
        sam = enrol(acme, "sam")
        page, browser = f"/setup/users/{long(sam.id)}", admin(acme)
        guess(acme, sam, MOST_FOR_USER - 1)
        assert 'id="locked"' not in browser.open(page).text
        guess(acme, sam, 1)
        assert 'id="locked"' in browser.open(page).text
        acme.standing.clock.advance(minutes=16)
        assert 'id="locked"' not in browser.open(page).text

    def test_and_from_the_user_one_asks_whether_an_app_would_let_it_in(self, acme: Tenant) -> None:
        sam = enrol(acme, "sam")
        browser = admin(acme)
        (way,) = re.findall(r'id="explain" href="([^"]+)"', browser.open(f"/setup/users/{long(sam.id)}").text)
        asking = browser.open(way)
        assert (asking.status, problem_at(asking, "app"), sam.username in asking.text) == (200, "", True)


def test_an_app_leads_to_the_questions_about_it(acme: Tenant) -> None:
    app, browser = acme.app("Own"), admin(acme)
    (explain,) = re.findall(r'id="explain" href="([^"]+)"', browser.open(at(app, "/access")).text)
    assert "Let through" in browser.open(explain.replace("&amp;", "&")).text
    (replay,) = re.findall(r'id="replay" href="([^"]+)"', browser.open(at(app, "/policies")).text)
    assert "Policy replay, Own" in browser.open(replay).text
    reader = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
    assert 'id="replay"' not in reader.open(at(app, "/policies")).text


def test_a_blocked_app_says_why_on_its_first_page(acme: Tenant) -> None:
    app = acme.app("Own")
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(app.id, "Odd traffic by night"))
    assert "Odd traffic by night" in admin(acme).open(at(app)).text


class TestALossOfRights:
    def test_another_profile_names_what_the_user_would_lose_before_it_is_saved(self, acme: Tenant) -> None:
        acme.app("Nightly").token()
        with acme.standing.database.transaction() as tx:
            bare = create_profile(tx, acme.admin, CreateProfile("Bare"))
        browser = admin(acme)
        asked = browser.submit(browser.open(f"/setup/users/{long(acme.runner.id)}/edit"), "user", profile_id=long(bare.id))
        assert (asked.status, "<bdi>Nightly</bdi>" in asked.text) == (409, True)
        assert "Saved." in browser.submit(asked, "user", confirmed="yes").text

    def test_a_set_with_fewer_rights_too(self, acme: Tenant) -> None:
        with acme.standing.database.transaction() as tx:
            callers = create_permission_set(
                tx, acme.admin, CreatePermissionSet("Callers", "Callers", permissions=frozenset({Permission.API_ENABLED}))
            )
            assign_permission_set(tx, acme.admin, AssignPermissionSet(acme.runner.id, callers.id, None))
            bare = create_profile(tx, acme.admin, CreateProfile("Bare"))
            edit_user(tx, acme.admin, EditUser(acme.runner.id, profile_id=bare.id))
        acme.app("Nightly").token()
        browser = admin(acme)
        page = browser.open(f"/setup/permission-sets/{long(callers.id)}/edit")
        asked = saved(browser, page, "set", right_api_enabled=None)
        assert (asked.status, "<bdi>Nightly</bdi>" in asked.text) == (409, True)
        assert browser.submit(asked, "set", confirmed="yes").url.endswith("said=saved")


class TestClocks:
    def test_the_last_moment_of_the_calendar_is_told_as_it_is_where_it_has_no_hour(self) -> None:
        no_end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # of a certificate, RFC 5280 section 4.1.2.5
        at = Moments(datetime(2026, 11, 28, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))
        assert (at.exactly(no_end), at.day(no_end)) == ("31 Dec 9999, 23:59:59 UTC", "31 Dec 9999")
        assert at.clock(no_end).endswith("23:59:59")

    def test_whoever_sets_a_time_zone_is_told_times_on_its_clocks_from_then_on(self, acme: Tenant) -> None:
        browser = admin(acme)
        refused = browser.submit(browser.open("/me/clocks"), "clocks", timezone="Mars/Olympus")
        assert (refused.status, "is no time zone" in refused.text, 'value="Mars/Olympus"' in refused.text) == (422, True, True)
        assert "Saved." in browser.submit(refused, "clocks", timezone="Asia/Tokyo").text
        assert re.search(r'title="[^"]+ JST"', browser.open("/setup/audit").text) is not None

    def test_an_admin_sets_that_of_others_and_who_is_new_has_the_orgs(self, acme: Tenant) -> None:
        with acme.standing.database.transaction() as tx:
            edit_org(tx, acme.admin, EditOrg(timezone="Asia/Tokyo"))
            new = create_user(tx, acme.admin, CreateUser("kai@acme.example", "kai@acme.example", acme.profile.id))
        browser, page = admin(acme), f"/setup/users/{long(new.id)}"
        edit = browser.open(f"{page}/edit")
        assert edit.forms["user"].fields["timezone"] == "Asia/Tokyo"
        assert problem_at(browser.submit(edit, "user", timezone="Mars/Olympus"), "timezone") != ""
        assert "<bdi>Europe/Berlin</bdi>" in browser.submit(edit, "user", timezone="Europe/Berlin").text


def test_a_session_shows_which_apps_were_approved_in_it_until_they_are_revoked(acme: Tenant) -> None:
    asking = chooser(acme)
    sam = enrol(acme, "sam")
    theirs = at_setup(acme, sam)
    answered = approve(theirs, theirs.open(asking.url()))
    assert asking.portal.redeem(asking.arrived(answered)["code"]).status_code == 200
    browser, row = admin(acme), re.compile(r'data-label="Apps"><span>\s*<bdi>Photo Printer</bdi>')
    listed = browser.open("/setup/sessions?q=sam")
    (end,) = re.findall(r'href="(/setup/sessions/\w+/end)"', listed.text)
    assert (row.search(listed.text) is not None, 'id="apps"' in browser.open(end).text) == (True, True)
    with acme.standing.database.transaction() as tx:
        epochs.raise_installation(tx, acme.org.id, asking.portal.app.id)
    assert row.search(browser.open("/setup/sessions?q=sam").text) is None


def test_who_is_signed_out_while_a_form_is_open_comes_back_to_it(acme: Tenant) -> None:
    browser = admin(acme)
    app = acme.app("Own")
    page = browser.open(at(app, "/identity"))
    acme.standing.clock.advance(hours=25)
    assert f"/signin?then={quote(at(app, '/identity'), safe='')}" in browser.submit(page, "edit").text


def test_whoever_leaves_is_shown_with_the_apps_that_need_another_owner(acme: Tenant) -> None:
    app, dev = acme.app("Own"), with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
    with acme.standing.database.transaction() as tx:
        transfer_ownership(tx, acme.admin, TransferOwnership(app.id, dev.id))
    browser, page = admin(acme), f"/setup/users/{long(dev.id)}"
    for path in (page, f"{page}/deactivate", f"{page}/freeze"):
        assert f'href="{at(app)}"' in browser.open(path).text.partition('id="owned"')[2], path
    assert 'id="owned"' not in browser.open(f"{page}/password-link").text


def test_the_access_of_an_app_leads_to_those_who_wait_for_it(acme: Tenant) -> None:
    app, browser = acme.app("Own"), admin(acme)
    assert 'id="waiting"' not in browser.open(at(app, "/access")).text
    with acme.standing.database.transaction() as tx:
        access_requests.count_up(tx, Wanted(acme.org.id, RequestKind.USER, app.id, acme.runner.id, "api", "web_server"))
    (way,) = re.findall(r'id="waiting"><p><a href="([^"]+)"', browser.open(at(app, "/access")).text)
    assert "Runner Example" in browser.open(way.replace("&amp;", "&")).text


def test_a_developer_asks_to_be_let_into_the_own_app_without_being_refused_first(acme: Tenant) -> None:
    app = acme.app("Board", flows=frozenset({Flow.WEB_SERVER}), callbacks=("https://board.example/cb",), open_for_use=False)
    browser = owner_of(acme, app)
    (way,) = re.findall(r'id="ask" href="([^"]+)"', browser.open(at(app, "/access")).text)
    nothing_said = browser.submit(browser.open(way), "ask", words="")
    assert problem_at(nothing_said, "words") != ""
    assert 'id="said"' in browser.submit(nothing_said, "ask", words="To test it").text
    deciding = admin(acme)
    assert "To test it" in deciding.open("/setup/requests").text
    assert ('id="ask"' in deciding.open(at(app, "/access")).text, 'id="nobody"' in deciding.open(way).text) == (False, True)
