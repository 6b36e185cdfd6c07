"""Users in setup: found, made, invited, changed, stopped, and what they hold; and who may do what of it."""

import re
from datetime import timedelta

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import enrol
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules.ids import long
from gatebridge.rules.people import Profile, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.storage import listed_users, people, permission_sets, profiles

__all__ = ["acme", "house", "loop"]

USERS = "/setup/users"
MARKUP = '<b id="injected">x</b>'


def page_of(user: User) -> str:
    return f"{USERS}/{long(user.id)}"


def listed(page: Page) -> list[str]:
    return re.findall(r'data-user="(\w+)"', page.text)


def refused_at(page: Page) -> dict[str, str]:
    """What the page says at each field that it refuses."""
    return dict(re.findall(r'<p class="error" id="(\w+)-problem">([^<]+)</p>', page.text))


def now(acme: Tenant, user: User) -> User:
    with acme.standing.database.snapshot() as tx:
        found = people.by_id(tx, acme.org.id, user.id)
    assert found is not None
    return found


def administrators(acme: Tenant) -> Profile:
    with acme.standing.database.snapshot() as tx:
        found = profiles.by_name(tx, acme.org.id, "Administrators")
    assert found is not None
    return found


def held(acme: Tenant, user: User) -> list[str]:
    with acme.standing.database.snapshot() as tx:
        return [held.label for held, _ in permission_sets.of_user(tx, acme.org.id, user.id)]


@pytest.fixture
def sam(acme: Tenant) -> User:
    return enrol(acme, "sam")


@pytest.fixture
def browser(acme: Tenant) -> Browser:
    return admin(acme)


class TestList:
    @pytest.mark.parametrize(
        ("narrowed", "found"),
        [("?q=sam", True), ("?q=nobody", False), ("?state=active", True), ("?state=frozen", False), ("?state=nonsense", True)],
    )
    def test_the_address_says_who_is_shown(self, browser: Browser, sam: User, narrowed: str, found: bool) -> None:
        page = browser.open(f"{USERS}{narrowed}")
        assert (page.status, long(sam.id) in listed(page)) == (200, found)

    def test_it_narrows_by_profile_and_state(self, acme: Tenant, browser: Browser, sam: User) -> None:
        browser.submit(browser.open(f"{page_of(sam)}/freeze"), "act", reason="The laptop is gone")
        assert listed(browser.open(f"{USERS}?state=frozen&profile={long(acme.profile.id)}")) == [long(sam.id)]

    def test_pages_follow_each_other_without_a_gap(self, acme: Tenant, browser: Browser) -> None:
        made = [long(enrol(acme, f"many{number:02d}").id) for number in range(27)]
        first = browser.open(f"{USERS}?q=many")
        onward = re.search(r'id="next" href="([^"]+)"', first.text)
        assert onward is not None
        assert listed(first) + listed(browser.open(onward[1].replace("&amp;", "&"))) == made

    def test_quick_find_knows_users_for_who_may_see_them(self, acme: Tenant, browser: Browser, sam: User) -> None:
        assert f'href="{page_of(sam)}"' in browser.open("/setup/find?q=sam").text
        other = at_setup(acme, with_rights(acme, "other", Permission.VIEW_AUDIT_TRAIL))
        assert page_of(sam) not in other.open("/setup/find?q=sam").text


class TestNew:
    def test_a_person_is_invited_and_a_service_user_is_active_at_once(self, acme: Tenant, browser: Browser) -> None:
        profile = long(acme.profile.id)
        who = {"email": "kim@acme.example", "first_name": "Kim", "last_name": "Sato"}
        page = browser.submit(browser.open(f"{USERS}/new"), "user", None, profile_id=profile, username="kim@acme.example", **who)
        assert (page.status, ">Invited<" in page.text, "on its way" in page.text) == (200, True, True)
        again = browser.submit(page, "invite")
        assert "Earlier ones work no more" in again.text
        service = {"username": "nightly", "email": "it@acme.example", "how": "active", "profile_id": profile}
        page = browser.submit(browser.open(f"{USERS}/new"), "user", None, **service)
        assert (">Active<" in page.text, 'id="invite"' in page.text) == (True, False)

    def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(self, acme: Tenant, browser: Browser, sam: User) -> None:
        page = browser.submit(browser.open(f"{USERS}/new"), "user", username="a b", email="nowhere", first_name="Kim")
        assert page.status == 422
        assert set(refused_at(page)) == {"username", "email", "profile_id"}
        assert refused_at(page)["profile_id"] == "Choose a profile."
        assert page.forms["user"].fields["first_name"] == "Kim"
        assert page.forms["user"].fields["username"] == "a b"
        chosen = long(acme.profile.id)
        taken = browser.submit(page, "user", username=sam.username, email="kim@acme.example", profile_id=chosen)
        assert (taken.status, set(refused_at(taken))) == (409, {"username"})


class TestOneUser:
    def test_it_tells_what_the_user_may_do_and_by_what(self, acme: Tenant, browser: Browser) -> None:
        auditor = with_rights(acme, "auditor", Permission.VIEW_AUDIT_TRAIL)
        page = browser.open(page_of(auditor))
        assert 'data-right="view_audit_trail"' in page.text
        assert "View Audit Trail, by <bdi>Rights of auditor</bdi>" in page.text

    def test_it_shows_the_apps_that_act_for_the_user_and_those_that_it_may_use(self, acme: Tenant, browser: Browser) -> None:
        app = acme.app("Nightly Sync")
        app.token()
        page = browser.open(page_of(acme.runner))
        assert re.findall(r'<tr data-app="(\w+)"', page.text) == [long(app.id)]
        assert f'<a href="/setup/apps/{long(app.id)}"><bdi>Nightly Sync</bdi></a>' in page.text

    def test_it_is_edited(self, acme: Tenant, browser: Browser, sam: User) -> None:
        page = browser.submit(browser.open(f"{page_of(sam)}/edit"), "user", last_name="Ruiz", external_id="E-17")
        assert "Sam Ruiz" in page.text
        assert now(acme, sam).external_id == "E-17"
        page = browser.submit(browser.open(f"{page_of(sam)}/edit"), "user", external_id="")
        assert now(acme, sam).external_id is None

    def test_X_AD_09_two_who_edit_at_once_see_both_versions(self, acme: Tenant, browser: Browser, sam: User) -> None:
        mine = browser.open(f"{page_of(sam)}/edit")
        browser.submit(browser.open(f"{page_of(sam)}/edit"), "user", last_name="Ruiz")
        page = browser.submit(mine, "user", last_name="Rice")
        assert (page.status, 'id="both"' in page.text) == (412, True)
        assert "<td><bdi>Ruiz</bdi></td><td><bdi>Rice</bdi></td>" in page.text
        assert now(acme, sam).last_name == "Ruiz"
        browser.submit(page, "user")
        assert now(acme, sam).last_name == "Rice"

    def test_X_AD_09_both_versions_are_told_by_what_things_are_called(self, acme: Tenant, browser: Browser, sam: User) -> None:
        mine = browser.open(f"{page_of(sam)}/edit")
        browser.submit(browser.open(f"{page_of(sam)}/edit"), "user", external_id="E-17")
        page = browser.submit(mine, "user", profile_id=long(administrators(acme).id))
        assert "<td><bdi>Integrations</bdi></td><td><bdi>Administrators</bdi></td>" in page.text

    def test_X_AD_09_a_form_without_a_version_saves_nothing(self, acme: Tenant, browser: Browser, sam: User) -> None:
        form = browser.open(f"{page_of(sam)}/edit").forms["user"]
        page = browser.post(form.action, {name: value for name, value in form.fields.items() if name != "version"} | {"last_name": "Ruiz"})
        assert (page.status, now(acme, sam).last_name) == (412, "Example")


class TestStopping:
    def test_freezing_and_going_on(self, acme: Tenant, browser: Browser, sam: User) -> None:
        at_setup(acme, sam)
        page = browser.open(f"{page_of(sam)}/freeze")
        assert "seen just now" in page.text
        unsaid = browser.submit(page, "act")
        assert (unsaid.status, set(refused_at(unsaid))) == (422, {"reason"})
        page = browser.submit(unsaid, "act", reason="The laptop is gone")
        assert (">Frozen<" in page.text, now(acme, sam).frozen) == (True, True)
        browser.submit(browser.open(f"{page_of(sam)}/unfreeze"), "act")
        assert now(acme, sam).frozen is False

    def test_deactivating_wants_the_username_typed_in(self, acme: Tenant, browser: Browser, sam: User) -> None:
        page = browser.submit(browser.open(f"{page_of(sam)}/deactivate"), "act", reason="Left the company", typed_name="sam")
        assert (page.status, set(refused_at(page)), now(acme, sam).state) == (422, {"typed_name"}, UserState.ACTIVE)
        browser.submit(page, "act", typed_name=sam.username)
        assert now(acme, sam).state is UserState.DEACTIVATED
        browser.submit(browser.open(f"{page_of(sam)}/activate"), "act")
        assert now(acme, sam).state is UserState.ACTIVE

    def test_ending_sessions_and_what_apps_have(self, acme: Tenant, browser: Browser, sam: User) -> None:
        theirs = at_setup(acme, sam)
        page = browser.submit(browser.open(f"{page_of(sam)}/end"), "act")
        assert "Every session of the user is ended." in page.text
        assert "/signin" in theirs.open("/me").url
        page = browser.open(f"{page_of(sam)}/end")
        unsaid = browser.post(page.forms["act"].action, page.forms["act"].fields | {"end_grants": "yes"})
        assert (unsaid.status, set(refused_at(unsaid))) == (422, {"reason"})

    def test_removing_second_factors(self, browser: Browser, sam: User) -> None:
        page = browser.submit(browser.open(f"{page_of(sam)}/remove-factors"), "act", reason="The phone was lost")
        assert "The second factors are gone." in page.text

    def test_a_link_for_a_new_password_is_sent_and_never_shown(self, acme: Tenant, browser: Browser, sam: User) -> None:
        page = browser.open(f"{page_of(sam)}/password-link")
        assert sam.email in page.text
        page = browser.submit(page, "act", reason="It was on a note")
        assert ("on its way by mail" in page.text, "token=" in page.text) == (True, False)
        browser.submit(browser.open(f"{page_of(sam)}/freeze"), "act", reason="The laptop is gone")
        assert 'id="password-link"' not in browser.open(page_of(sam)).text
        assert "This user is frozen" in browser.submit(browser.open(f"{page_of(sam)}/password-link"), "act").text

    def test_what_is_in_no_such_state_is_told_on_the_page(self, browser: Browser, sam: User) -> None:
        page = browser.submit(browser.open(f"{page_of(sam)}/activate"), "act")
        assert (page.status, 'data-reason="state_conflict"' in page.text) == (409, True)


class TestPermissionSets:
    def test_one_is_given_until_a_moment_and_taken_away(self, acme: Tenant, browser: Browser, sam: User) -> None:
        soon = (acme.standing.clock.now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
        page = browser.open(f"{page_of(sam)}/sets/new")
        unsaid = browser.submit(page, "assign")
        assert (unsaid.status, set(refused_at(unsaid))) == (422, {"set_id"})
        past = browser.submit(page, "assign", set_id=long(acme.approved.id), expires_at="2001-01-01T00:00")
        assert (past.status, set(refused_at(past))) == (422, {"expires_at"})
        for nonsense in ("soon", "9999-12-31T23:59-23:00"):
            never = browser.submit(page, "assign", set_id=long(acme.approved.id), expires_at=nonsense)
            assert (never.status, set(refused_at(never))) == (422, {"expires_at"})
        page = browser.submit(page, "assign", set_id=long(acme.approved.id), expires_at=soon)
        assert (held(acme, sam), "in 2 days" in page.text or "in 3 days" in page.text) == (["Sync Users"], True)
        end = browser.open(f"{page_of(sam)}/sets/{long(acme.approved.id)}")
        assert end.forms["assign"].fields["expires_at"] == soon
        assert "no end" in browser.submit(end, "assign", expires_at="").text
        browser.submit(browser.open(f"{page_of(sam)}/sets/{long(acme.approved.id)}/take"), "take")
        assert held(acme, sam) == []

    def test_X_AD_09_an_end_that_somebody_else_changed_meanwhile_is_shown_beside_ones_own(
        self, acme: Tenant, browser: Browser, sam: User
    ) -> None:
        browser.submit(browser.open(f"{page_of(sam)}/sets/new"), "assign", set_id=long(acme.approved.id))
        address = f"{page_of(sam)}/sets/{long(acme.approved.id)}"
        mine = browser.open(address)
        browser.submit(browser.open(address), "assign", expires_at="2099-01-01T12:00")
        page = browser.submit(mine, "assign", expires_at="2099-02-02T12:00")
        assert (page.status, "<td><bdi>2099-01-01T12:00</bdi></td><td><bdi>2099-02-02T12:00</bdi></td>" in page.text) == (412, True)
        assert browser.open(address).forms["assign"].fields["expires_at"] == "2099-01-01T12:00"
        browser.submit(page, "assign")
        assert browser.open(address).forms["assign"].fields["expires_at"] == "2099-02-02T12:00"

    def test_X_AD_09_what_was_taken_away_meanwhile_is_not_given_anew(self, acme: Tenant, browser: Browser, sam: User) -> None:
        browser.submit(browser.open(f"{page_of(sam)}/sets/new"), "assign", set_id=long(acme.approved.id))
        address = f"{page_of(sam)}/sets/{long(acme.approved.id)}"
        mine, another = browser.open(address), browser.open(f"{page_of(sam)}/sets/new")
        browser.submit(browser.open(f"{address}/take"), "take")
        page = browser.submit(mine, "assign", expires_at="2099-02-02T12:00")
        assert (page.status, "does not hold Sync Users any more" in page.text, held(acme, sam)) == (409, True, [])
        browser.submit(another, "assign", set_id=long(acme.approved.id))
        again = browser.submit(another, "assign", set_id=long(acme.approved.id), expires_at="2099-02-02T12:00")
        assert (again.status, set(refused_at(again))) == (422, {"set_id"})

    def test_who_decides_about_sets_alone_comes_back_to_a_page_that_opens(self, acme: Tenant, browser: Browser, sam: User) -> None:
        lee = at_setup(acme, with_rights(acme, "lee", Permission.MANAGE_PROFILES_AND_PERMISSION_SETS))
        sets = f"/setup/permission-sets/{long(acme.approved.id)}"
        page = lee.submit(lee.open(f"{sets}/assign"), "assign", username=sam.username)
        assert (page.status, page_of(sam) in page.text, f"{page_of(sam)}/sets/" in page.text) == (200, True, True)
        address = f"{page_of(sam)}/sets/{long(acme.approved.id)}"
        page = lee.submit(lee.open(address), "assign", expires_at="2099-02-02T12:00")
        assert (page.status, page.url.partition("?")[0].endswith(sets), "is assigned" in page.text) == (200, True, True)
        assert "is taken away" in lee.submit(lee.open(f"{address}/take"), "take").text

    def test_X_AD_12_whom_it_would_shut_out_is_shown_before_it_is_done(self, acme: Tenant, browser: Browser) -> None:
        acme.app("Nightly Sync").token()
        page = browser.submit(browser.open(f"{page_of(acme.runner)}/sets/{long(acme.approved.id)}/take"), "take")
        assert (page.status, 'id="hits"' in page.text, held(acme, acme.runner)) == (409, True, ["Sync Users"])
        browser.submit(page, "take", confirmed="yes")
        assert held(acme, acme.runner) == []

    def test_X_AD_04_nobody_decides_what_they_hold_themselves(self, acme: Tenant, browser: Browser) -> None:
        with acme.standing.database.snapshot() as tx:
            (dana,) = listed_users.list_page(tx, acme.org.id, after=None, limit=2, search="dana")
        assert 'id="assign"' not in browser.open(page_of(dana)).text
        page = browser.submit(browser.open(f"{page_of(dana)}/sets/new"), "assign", set_id=long(acme.approved.id))
        assert (page.status, 'data-reason="own_assignment"' in page.text) == (403, True)


class TestWhoMay:
    PAGES = ("", "/edit", "/freeze", "/deactivate", "/end", "/remove-factors", "/sets/new")

    def test_who_may_only_look_sees_no_way_to_change_anything(self, acme: Tenant, sam: User) -> None:
        viewer = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP))
        page = viewer.open(page_of(sam))
        assert (page.status, 'id="edit"' in page.text, 'id="assign"' in page.text) == (200, False, False)
        assert {viewer.open(f"{page_of(sam)}{each}").status for each in self.PAGES[1:]} == {403}
        assert viewer.open(f"{USERS}/new").status == 403
        form = admin(acme).open(f"{page_of(sam)}/deactivate").forms["act"]
        token = viewer.open(page_of(sam)).forms["signout"].fields["form_token"]
        page = viewer.post(form.action, {"form_token": token, "reason": "Because", "typed_name": sam.username})
        assert (page.status, now(acme, sam).state) == (403, UserState.ACTIVE)

    def test_without_the_right_it_is_refused(self, acme: Tenant, sam: User) -> None:
        other = at_setup(acme, with_rights(acme, "other", Permission.VIEW_AUDIT_TRAIL))
        assert {other.open(USERS).status, other.open(page_of(sam)).status} == {403}

    def test_X_AD_01_a_user_of_another_org_is_not_found(self, acme: Tenant, browser: Browser) -> None:
        stranger = make_tenant(acme.standing).runner
        assert {browser.open(f"{page_of(stranger)}{each}").status for each in self.PAGES} == {404}
        assert browser.open(f"{USERS}/nonsense").status == 404

    def test_a_forged_form_changes_nothing(self, acme: Tenant, browser: Browser, sam: User) -> None:
        form = browser.open(f"{page_of(sam)}/freeze").forms["act"]
        for fields in (form.fields | {"form_token": "x"}, {}):
            assert browser.post(form.action, fields | {"reason": "Because"}).status == 403
        assert now(acme, sam).frozen is False


def test_X_XS_01_markup_in_what_people_type_stays_text(acme: Tenant, browser: Browser, sam: User) -> None:
    browser.submit(browser.open(f"{page_of(sam)}/edit"), "user", first_name=MARKUP, last_name=MARKUP, external_id=MARKUP)
    bad = browser.submit(browser.open(f"{USERS}/new"), "user", username=MARKUP, email=MARKUP, first_name=MARKUP, external_id=MARKUP)
    pages = [browser.open(f"{page_of(sam)}{each}") for each in TestWhoMay.PAGES]
    for page in (bad, browser.open(USERS), browser.open(f"{USERS}?q={MARKUP.replace(' ', '+')}"), *pages):
        assert MARKUP not in page.text, page.url
