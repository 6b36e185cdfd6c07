"""Requests at a browser: who waits for what, and what an admin decides."""

import re
from datetime import timedelta

from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.people import PermissionSet, User
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.storage import access_requests, installations, permission_sets
from gatebridge.storage.access_requests import ListedRequest, Wanted

__all__ = ["acme", "house", "loop"]

REQUESTS = "/setup/requests"
MARKUP = '<b id="injected">x</b>'
DECIDES = (Permission.MANAGE_CONNECTED_APPS,)


def opened(acme: Tenant, kind: RequestKind, app_id: str, user: User | None = None, words: str = "For the audit.") -> str:
    """A request that waits; its address."""
    user_id = user.id if user is not None else None
    with acme.standing.database.transaction() as tx:
        access_requests.count_up(tx, Wanted(acme.org.id, kind, app_id, user_id, "api", "web_server", "192.0.2.10", words))
        found = access_requests.latest(tx, acme.org.id, kind, app_id, user_id)
        assert found is not None
    return f"{REQUESTS}/{long(found.id)}"


def stands(acme: Tenant, address: str) -> ListedRequest:
    with acme.standing.database.snapshot() as tx:
        found = access_requests.by_id(tx, acme.org.id, address.rpartition("/")[2][:15])
        assert found is not None
        return found


def guarded(acme: Tenant, *sets: str) -> Client:
    """An app that only holders of these permission sets may use."""
    app = acme.app("Ledger", open_for_use=False)
    with acme.standing.database.transaction() as tx:
        for name in sets:
            given = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), acme.org.id, name, name, "", frozenset(), tx.now)
            assert permission_sets.insert(tx, given)
            assign_access(tx, acme.admin, AssignAccess(app.id, given.id))
    return app


def foreign(acme: Tenant, label: str = "Field App") -> Client:
    """An app of another org, which is not installed here."""
    return make_tenant(acme.standing).app(label, api_name="Field_App")


class TestTheList:
    def test_it_shows_what_waits_newest_first_and_narrows(self, acme: Tenant) -> None:
        sam = with_rights(acme, "sam")
        theirs, ours = foreign(acme), guarded(acme, "Readers")
        one, two = opened(acme, RequestKind.APP, theirs.id), opened(acme, RequestKind.USER, ours.id, sam)
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))

        def listed(query: str = "") -> list[str]:
            return re.findall(rf'<a href="({REQUESTS}/\w+)">', browser.open(f"{REQUESTS}{query}").text)

        assert listed() == [two, one]
        assert listed("?kind=app") == listed(f"?q={theirs.consumer_key}") == [one]
        assert listed("?kind=user") == listed(f"?q={sam.username}") == listed("?q=Ledger") == [two]
        assert listed("?state=refused") == listed("?q=nobody") == []
        assert listed("?state=nonsense&kind=nonsense") == listed("?state=any") == [two, one]

    def test_nothing_waits(self, acme: Tenant) -> None:
        page = at_setup(acme, with_rights(acme, "dana", *DECIDES)).open(REQUESTS)
        assert (page.status, "Nothing waits" in page.text) == (200, True)

    def test_a_hundred_lines_are_a_small_page(self, acme: Tenant) -> None:
        app = foreign(acme)
        with acme.standing.database.transaction() as tx:
            for _ in range(101):
                wanted = Wanted(
                    acme.org.id, RequestKind.APP, app.id, tx.new_id(Prefix.USER), "api id", "web_server", "192.0.2.10", "w" * 400
                )
                access_requests.count_up(tx, wanted)
        page = at_setup(acme, with_rights(acme, "dana", *DECIDES)).open(f"{REQUESTS}?size=100")
        assert len(re.findall(rf'<a href="{REQUESTS}/', page.text)) == 100
        assert len(page.text) < 60_000
        assert 'id="next"' in page.text


class TestARequestOfAUser:
    def test_it_is_approved_until_a_day_by_the_set_that_may_use_the_app(self, acme: Tenant) -> None:
        sam, app = with_rights(acme, "sam"), guarded(acme, "Readers")
        address = opened(acme, RequestKind.USER, app.id, sam)
        browser = at_setup(acme, with_rights(acme, "dana", *EVERY_POWER))
        page = browser.open(address)
        assert ("Readers" in page.text, "For the audit." in page.text, "Read and change your data" in page.text) == (True, True, True)
        until = (acme.standing.clock.now + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
        done = browser.submit(page, "decide", decision="approve", until=until, reason="As agreed.")
        assert (done.status, 'id="said"' in done.text, 'id="decide"' in done.text) == (200, True, False)
        assert ("asks to use" in page.text, "asked to use" in done.text) == (True, True)
        found = stands(acme, address).request
        assert (found.state, found.reason, found.ends_at is not None) == (RequestState.APPROVED, "As agreed.", True)
        with acme.standing.database.snapshot() as tx:
            assert "Readers" in {held.api_name for held, _ in permission_sets.of_user(tx, acme.org.id, sam.id)}

    def test_a_field_that_is_wrong_says_so_and_keeps_what_was_typed(self, acme: Tenant) -> None:
        app = guarded(acme, "Readers", "Writers")
        address = opened(acme, RequestKind.USER, app.id, with_rights(acme, "sam"))
        browser = at_setup(acme, with_rights(acme, "dana", *EVERY_POWER))
        page = browser.open(address)
        for typed, wrong in (
            ({"until": ""}, "until"),
            ({"until": "tomorrow"}, "until"),
            ({"until": "2020-01-01T00:00"}, "until"),
            ({}, "set_id"),
        ):
            refused = browser.submit(page, "decide", None, decision="approve", reason="As <agreed>.", **typed)
            assert (refused.status, f'id="{wrong}-problem"' in refused.text) == (422, True), typed
            assert "As &lt;agreed&gt;." in refused.text
        said_nothing = browser.submit(page, "decide", decision="refuse")
        assert 'id="reason-problem"' in said_nothing.text
        assert stands(acme, address).request.state is RequestState.OPEN

    def test_with_nothing_to_give_the_page_says_what_comes_first(self, acme: Tenant) -> None:
        address = opened(acme, RequestKind.USER, guarded(acme).id, with_rights(acme, "sam"))
        browser = at_setup(acme, with_rights(acme, "dana", *EVERY_POWER))
        page = browser.open(address)
        assert 'id="no-sets"' in page.text
        refused = browser.submit(page, "decide", decision="once")
        assert (refused.status, "No permission set may use this app" in refused.text) == (409, True)

    def test_nobody_is_offered_to_let_in_oneself(self, acme: Tenant) -> None:
        dana = with_rights(acme, "dana", *EVERY_POWER)
        page = at_setup(acme, dana).open(opened(acme, RequestKind.USER, guarded(acme, "Readers").id, dana))
        assert ('id="own"' in page.text, 'id="decide"' in page.text) == (True, False)


class TestARequestForAnApp:
    def test_it_is_installed_for_a_day(self, acme: Tenant) -> None:
        app = foreign(acme)
        address = opened(acme, RequestKind.APP, app.id)
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))
        done = browser.submit(browser.open(address), "decide", decision="once")
        assert (done.status, "for the next 24 hours" in done.text) == (200, True)
        with acme.standing.database.snapshot() as tx:
            here = installations.by_app(tx, acme.org.id, app.id)
        assert here is not None
        assert here.in_use(acme.standing.clock.now)

    def test_it_is_refused_with_a_reason(self, acme: Tenant) -> None:
        address = opened(acme, RequestKind.APP, foreign(acme).id)
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))
        done = browser.submit(browser.open(address), "decide", decision="refuse", reason="Use the app of your team.")
        assert ("Use the app of your team." in done.text, stands(acme, address).request.state) == (True, RequestState.REFUSED)

    def test_of_two_admins_one_wins_and_the_other_is_told_who_that_was(self, acme: Tenant) -> None:
        address = opened(acme, RequestKind.APP, foreign(acme).id)
        first, second = (at_setup(acme, with_rights(acme, name, *DECIDES)) for name in ("dana", "ben"))
        here, there = first.open(address), second.open(address)
        first.submit(here, "decide", decision="refuse", reason="No.")
        late = second.submit(there, "decide", decision="approve")
        assert (late.status, "Dana" in late.text or "dana" in late.text, 'id="decide"' in late.text) == (409, True, False)
        assert stands(acme, address).request.state is RequestState.REFUSED

    def test_blocking_says_who_is_answered_too_and_wants_a_reason(self, acme: Tenant) -> None:
        app = foreign(acme)
        address, other = opened(acme, RequestKind.APP, app.id), opened(acme, RequestKind.APP, app.id, with_rights(acme, "sam"))
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))
        page = browser.open(f"{address}/block")
        assert "2 requests that wait" in page.text
        refused = browser.submit(page, "block")
        assert (refused.status, 'id="reason-problem"' in refused.text) == (422, True)
        done = browser.submit(refused, "block", reason="Nobody here knows the publisher.")
        assert (done.url.endswith(f"{address}?said=block"), done.status) == (True, 200)
        assert {stands(acme, each).request.state for each in (address, other)} == {RequestState.BLOCKED}


class TestWhoMay:
    def test_without_the_right_none_of_it(self, acme: Tenant) -> None:
        address = opened(acme, RequestKind.APP, foreign(acme).id)
        browser = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP))
        assert {browser.open(path).status for path in (REQUESTS, address, f"{address}/block")} == {403}

    def test_a_request_of_another_org_does_not_exist(self, acme: Tenant) -> None:
        other = make_tenant(acme.standing)
        address = opened(other, RequestKind.APP, foreign(other).id)
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))
        assert {browser.open(path).status for path in (address, f"{address}/block", f"{REQUESTS}/nonsense")} == {404}

    def test_a_form_from_elsewhere_decides_nothing(self, acme: Tenant) -> None:
        address = opened(acme, RequestKind.APP, foreign(acme).id)
        browser = at_setup(acme, with_rights(acme, "dana", *DECIDES))
        browser.open(address)
        forged = {"form_token": "forged", "decision": "approve", "reason": "x"}
        assert {browser.post(f"{acme.org.issuer}{path}", forged).status for path in (address, f"{address}/block")} == {403}
        assert stands(acme, address).request.state is RequestState.OPEN


def test_X_XS_01_what_people_and_apps_call_themselves_stays_text(acme: Tenant) -> None:
    app = foreign(acme, MARKUP)
    address = opened(acme, RequestKind.APP, app.id, with_rights(acme, "sam"), words=MARKUP)
    browser = admin(acme)
    for path in (REQUESTS, address, f"{address}/block"):
        page = browser.open(path)
        assert (page.status, MARKUP in page.text, "&lt;b id=" in page.text) == (200, False, True), path
