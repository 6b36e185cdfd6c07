"""Profiles, permission sets and custom permissions in setup: what they give, to whom, and who may decide it."""

import re

import pytest
from tests.console.test_setup_people import MARKUP, refused_at
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import enrol
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules import settable
from gatebridge.rules.hours import parse_hours
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.storage import custom_permissions, listed_users, people, permission_sets, profiles
from gatebridge.web.console import rights
from gatebridge.web.console.profiles import hours_typed

__all__ = ["acme", "house", "loop"]

PROFILES, SETS, CUSTOM = "/setup/profiles", "/setup/permission-sets", "/setup/custom-permissions"


@pytest.fixture
def browser(acme: Tenant) -> Browser:
    return admin(acme)


def profile_called(acme: Tenant, name: str) -> Profile:
    with acme.standing.database.snapshot() as tx:
        found = profiles.by_name(tx, acme.org.id, name)
    assert found is not None
    return found


def made(page: Page) -> str:
    """The address of the record whose page this is, without what it says on arrival."""
    return page.url.partition("?")[0]


def both(page: Page) -> set[tuple[str, ...]]:
    """What stands in the table of both versions: the field, what stands now, what was typed."""
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td>(.*?)</td><td>(.*?)</td></tr>', page.text, re.DOTALL)
    return {(label, *("".join(re.findall(r"<bdi>([^<]+)", each)) for each in (now, typed))) for label, now, typed in rows}


class TestProfiles:
    def test_one_is_made_with_all_that_it_says(self, acme: Tenant, browser: Browser) -> None:
        new = browser.open(f"{PROFILES}/new")
        page = browser.post(
            new.forms["profile"].action,
            new.forms["profile"].fields
            | {
                "name": "Night jobs",
                "right_view_setup": "yes",
                "login_ranges": "192.0.2.0/24 Head office\r\n\r\n198.51.100.7 - 198.51.100.9 Shops",
                "monitored_ranges": "192.0.2.0/25",
                "login_hours": "mon-fri 08:00-12:00\r\nmon-fri 13:00-18:00\r\nsunday 00:00-24:00",
                "required_level": "block",
                "session_minutes": "30",
            },
        )
        assert (page.status, "Head office" in page.text, "09:00" in page.text) == (200, True, False)
        assert "08:00 to 12:00, 13:00 to 18:00" in page.text
        found = profile_called(acme, "Night jobs")
        assert found.permissions == {Permission.VIEW_SETUP}
        assert (found.requirement.level, found.requirement.action, found.session_minutes) == (Level.HIGH, LevelAction.BLOCK, 30)
        form = browser.open(f"{made(page)}/edit").forms["profile"].fields
        assert form["login_ranges"].strip() == "192.0.2.0/24 Head office\n198.51.100.7-198.51.100.9 Shops"
        assert form["login_hours"].strip() == "mon-fri 08:00-12:00\nmon-fri 13:00-18:00\nsun 00:00-24:00"
        browser.submit(browser.open(f"{made(page)}/edit"), "profile")
        assert profile_called(acme, "Night jobs") == found

    @pytest.mark.parametrize(
        "lines",
        [["wed 00:00-24:00"], ["mon-sun 06:00-22:00"], ["mon-tue 08:00-12:00", "thu 08:00-12:00"], ["mon 01:00-02:00", "mon 03:00-04:00"]],
    )
    def test_hours_are_typed_as_they_are_read(self, lines: list[str]) -> None:
        spans = tuple(span for line in lines for span in parse_hours(line) or ())
        assert hours_typed(spans) == "\n".join(lines)

    def test_what_is_wrong_is_said_at_its_field_with_the_line_it_is_in(self, browser: Browser) -> None:
        new = browser.open(f"{PROFILES}/new")
        page = browser.submit(new, "profile", name="Night jobs", login_hours="mon-fri 08:00-18:00\nmonday", session_minutes="soon")
        found = refused_at(page)
        assert (page.status, set(found)) == (422, {"login_hours", "session_minutes"})
        assert found["login_hours"].startswith("monday: ")
        page = browser.submit(page, "profile", name="", login_hours="", session_minutes="", login_ranges="192.0.2.0/24\n192.0.2.300 Attic")
        assert set(refused_at(page)) == {"name", "login_ranges"}
        assert refused_at(page)["login_ranges"].startswith("192.0.2.300 Attic: ")

    def test_X_AD_12_whom_it_would_shut_out_is_shown_before_it_is_saved(self, acme: Tenant, browser: Browser) -> None:
        acme.app("Nightly Sync").token()
        address = f"{PROFILES}/{long(acme.profile.id)}"
        with acme.standing.database.transaction() as tx:  # dana shall not have the profile that she changes
            (dana,) = listed_users.list_page(tx, acme.org.id, after=None, limit=2, search="dana")
            administrators = profiles.by_name(tx, acme.org.id, "Administrators")
            assert administrators is not None
            tx.connection.execute(people.users.update().where(people.users.c.id == dana.id).values(profile_id=administrators.id))
        page = browser.submit(browser.open(f"{address}/edit"), "profile", login_ranges="203.0.113.0/24 Elsewhere")
        assert (page.status, 'id="hits"' in page.text, "Nightly Sync" in page.text) == (409, True, True)
        assert profile_called(acme, "Integrations").login_ranges == ()
        browser.submit(page, "profile", confirmed="yes")
        assert [str(each) for each in profile_called(acme, "Integrations").login_ranges] == ["203.0.113.0/24"]

    def test_X_AD_09_two_who_edit_at_once_see_both_versions(self, acme: Tenant, browser: Browser) -> None:
        address = f"{PROFILES}/{long(acme.profile.id)}/edit"
        mine = browser.open(address)
        browser.submit(browser.open(address), "profile", name="Machines")
        typed = {"name": "Robots", "required_level": "raise", "right_promote": "yes", "login_ranges": "192.0.2.1\n192.0.2.2"}
        page = browser.post(address, mine.forms["profile"].fields | typed)
        assert (page.status, both(page)) == (
            412,
            {
                ("Name", "Machines", "Robots"),
                ("Promote", "no", "yes"),
                ("Login addresses", "", "192.0.2.1\n192.0.2.2"),
                ("How surely to sign in", "A password is enough", "A second factor is asked for"),
            },
        )
        # Who looks has this profile, and so cannot give it more.
        again = {name: value for name, value in page.forms["profile"].fields.items() if name != "right_promote"}
        browser.post(address, again | {"login_ranges": "", "required_level": "standard"})
        assert profile_called(acme, "Robots").id == acme.profile.id

    def test_X_AD_09_a_form_that_only_asks_whether_it_is_meant_compares_nothing(self, browser: Browser) -> None:
        address = made(browser.submit(browser.open(f"{PROFILES}/new"), "profile", name="Short lived"))
        mine = browser.open(f"{address}/delete")
        browser.submit(browser.open(f"{address}/edit"), "profile", description="For a day")
        page = browser.submit(mine, "delete", typed_name="Short lived")
        assert (page.status, 'id="both"' in page.text, browser.open(address).status) == (412, False, 200)
        browser.submit(page, "delete", typed_name="Short lived")
        assert browser.open(address).status == 404

    def test_X_AD_04_a_right_that_one_does_not_hold_cannot_be_ticked(self, acme: Tenant) -> None:
        lee = at_setup(acme, with_rights(acme, "lee", Permission.MANAGE_PROFILES_AND_PERMISSION_SETS))
        page = lee.open(f"{PROFILES}/new")
        assert re.search(r'name="right_manage_users" value="yes" disabled', page.text)
        fields = page.forms["profile"].fields | {"name": "More", "right_manage_users": "yes"}
        page = lee.post(page.forms["profile"].action, fields)
        assert (page.status, 'data-reason="right_beyond_own"' in page.text) == (403, True)

    def test_what_nothing_asks_for_yet_is_offered_to_nobody_and_kept_by_who_holds_it(self, acme: Tenant, browser: Browser) -> None:
        page = browser.open(f"{PROFILES}/new")
        assert ('name="right_view_setup"' in page.text, 'name="right_promote"' in page.text) == (True, False)
        held = page.forms["profile"].fields | {"name": "Carriers", "right_promote": "yes"}  # as the API gives it
        address = made(browser.post(page.forms["profile"].action, held))
        browser.submit(browser.open(f"{address}/edit"), "profile", description="Of sandboxes")
        kept = profile_called(acme, "Carriers")
        assert (kept.description, kept.permissions) == ("Of sandboxes", frozenset({Permission.PROMOTE}))

    def test_one_that_users_have_cannot_be_deleted_and_another_can(self, acme: Tenant, browser: Browser) -> None:
        page = browser.open(f"{PROFILES}/{long(acme.profile.id)}/delete")
        assert ("users have it" in page.text, 'id="submit"' in page.text) == (True, False)
        new = browser.submit(browser.open(f"{PROFILES}/new"), "profile", name="Short lived")
        page = browser.submit(browser.open(f"{made(new)}/delete"), "delete", typed_name="short lived")
        assert set(refused_at(page)) == {"typed_name"}
        page = browser.submit(page, "delete", typed_name="Short lived")
        assert (page.url, "Short lived" in page.text) == (f"{acme.org.issuer}{PROFILES}", False)


class TestPermissionSets:
    def test_one_is_made_edited_assigned_and_deleted(self, acme: Tenant, browser: Browser) -> None:
        new = browser.open(f"{SETS}/new")
        fields = new.forms["set"].fields | {"label": "Auditors", "api_name": "Auditors", "right_view_audit_trail": "yes"}
        page = browser.post(new.forms["set"].action, fields)
        assert ('data-right="view_audit_trail"' in page.text, "Nobody holds it yet" in page.text) == (True, True)
        taken = browser.post(new.forms["set"].action, fields)
        assert (taken.status, set(refused_at(taken))) == (409, {"api_name"})
        address, sam = made(page), enrol(acme, "sam")
        unknown = browser.submit(browser.open(f"{address}/assign"), "assign", username="nobody")
        assert (unknown.status, set(refused_at(unknown))) == (422, {"username"})
        page = browser.submit(unknown, "assign", username=sam.username)
        assert re.findall(r'data-user="(\w+)"', page.text) == [long(sam.id)]
        page = browser.submit(browser.open(f"{address}/edit"), "set", label="All auditors")
        assert "<bdi>All auditors</bdi>" in page.text
        assert "Back to the permission set" in browser.open(f"{address}/delete").text
        browser.submit(browser.open(f"/setup/users/{long(sam.id)}/sets/{address[-18:]}/take"), "take")
        browser.submit(browser.open(f"{address}/delete"), "delete", typed_name="All auditors")
        assert browser.open(address).status == 404

    def test_X_AD_09_two_who_edit_at_once_see_both_versions(self, acme: Tenant, browser: Browser) -> None:
        address = f"{SETS}/{long(acme.approved.id)}/edit"
        mine = browser.open(address)
        browser.submit(browser.open(address), "set", description="One thing")
        page = browser.submit(mine, "set", description="Another thing")
        assert (page.status, "<td><bdi>One thing</bdi></td><td><bdi>Another thing</bdi></td>" in page.text) == (412, True)

    def test_the_list_tells_how_many_hold_each(self, acme: Tenant, browser: Browser) -> None:
        page = browser.open(f"{SETS}?q=Sync")
        assert re.findall(r'data-set="(\w+)"', page.text) == [long(acme.approved.id)]
        assert '<td class="num" data-label="Users"><span>1</span></td>' in page.text


class TestCustomPermissions:
    def test_one_is_named_given_taken_and_deleted(self, acme: Tenant, browser: Browser) -> None:
        new = browser.open(f"{CUSTOM}/new")
        page = browser.submit(new, "permission", label="Approve invoices", api_name="Approve Invoices")
        assert (page.status, set(refused_at(page))) == (422, {"api_name"})
        page = browser.submit(page, "permission", api_name="Approve_Invoices")
        address = made(page)
        assert "Nothing gives it yet" in page.text
        unsaid = browser.submit(browser.open(f"{address}/give"), "give")
        assert (unsaid.status, set(refused_at(unsaid))) == (422, {"holder_id"})
        page = browser.submit(unsaid, "give", holder_id=long(acme.approved.id))
        assert re.findall(r'data-giver="(\w+)"', page.text) == [long(acme.approved.id)]
        assert "Approve_Invoices" in browser.open(f"/setup/users/{long(acme.runner.id)}").text
        assert 'id="submit"' not in browser.open(f"{address}/delete").text
        page = browser.submit(page, f"take-{long(acme.approved.id)}")
        with acme.standing.database.snapshot() as tx:
            assert custom_permissions.names_for(tx, acme.org.id, [acme.approved.id]) == ()
        page = browser.submit(browser.open(f"{address}/edit"), "permission", label="Approve all invoices")
        assert "Approve all invoices" in page.text
        browser.submit(browser.open(f"{address}/delete"), "delete", typed_name="Approve all invoices")
        assert browser.open(address).status == 404


class TestWhoMay:
    def test_who_may_only_look_sees_no_way_to_change_anything(self, acme: Tenant) -> None:
        viewer = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP))
        for listing, record in ((PROFILES, acme.profile.id), (SETS, acme.approved.id)):
            assert 'id="new"' not in viewer.open(listing).text
            assert 'id="edit"' not in viewer.open(f"{listing}/{long(record)}").text
            paths = (f"{listing}/new", f"{listing}/{long(record)}/edit", f"{listing}/{long(record)}/delete")
            assert {viewer.open(path).status for path in paths} == {403}
        assert (viewer.open(CUSTOM).status, viewer.open(f"{CUSTOM}/new").status) == (200, 403)

    def test_who_decides_about_rights_alone_is_led_nowhere_that_would_refuse(self, acme: Tenant, browser: Browser) -> None:
        acme.app("Nightly Sync")
        custom = made(browser.submit(browser.open(f"{CUSTOM}/new"), "permission", label="Approve", api_name="Approve"))
        for holder in (acme.profile, acme.approved):
            browser.submit(browser.open(f"{custom}/give"), "give", holder_id=long(holder.id))
        for name, right in (("lee", Permission.MANAGE_PROFILES_AND_PERMISSION_SETS), ("mia", Permission.MANAGE_USERS)):
            looks = at_setup(acme, with_rights(acme, name, right))
            for path in (f"{PROFILES}/{long(acme.profile.id)}", f"{SETS}/{long(acme.approved.id)}"):
                led = set(re.findall(r'<a [^>]*href="(/setup[^"#]*)"', looks.open(path).text))
                assert {to for to in led if looks.open(to).status != 200} == set(), (name, path)

    def test_no_form_does_anything_for_who_may_only_look(self, acme: Tenant, browser: Browser) -> None:
        custom = made(browser.submit(browser.open(f"{CUSTOM}/new"), "permission", label="Approve", api_name="Approve"))
        viewer = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP))
        token = {"form_token": viewer.open("/setup").forms["signout"].fields["form_token"]}
        user, profile, held = (
            f"/setup/users/{long(acme.runner.id)}",
            f"{PROFILES}/{long(acme.profile.id)}",
            f"{SETS}/{long(acme.approved.id)}",
        )
        forms = [
            *(f"{each}/new" for each in ("/setup/users", PROFILES, SETS, CUSTOM)),
            *(f"{each}/{end}" for each in (profile, held, custom) for end in ("edit", "delete")),
            *(
                f"{user}/{end}"
                for end in ("edit", "invite", "freeze", "unfreeze", "deactivate", "activate", "end", "remove-factors", "sets/new")
            ),
            *(f"{user}/sets/{long(acme.approved.id)}{end}" for end in ("", "/take")),
            *(f"{held}/assign", f"{custom}/give", f"{custom}/givers/{long(acme.approved.id)}/take"),
        ]
        for path in forms:
            page = viewer.post(path, token)
            assert (page.status, 'data-reason="permission_missing"' in page.text, 'id="quick-find"' in page.text) == (403, True, True), path

    def test_without_the_right_it_is_refused(self, acme: Tenant) -> None:
        other = at_setup(acme, with_rights(acme, "other", Permission.VIEW_AUDIT_TRAIL))
        paths = (PROFILES, SETS, CUSTOM, f"{PROFILES}/{long(acme.profile.id)}", f"{SETS}/{long(acme.approved.id)}")
        assert {other.open(path).status for path in paths} == {403}

    def test_X_AD_01_what_belongs_to_another_org_is_not_found(self, acme: Tenant, browser: Browser) -> None:
        other = make_tenant(acme.standing)
        for path in (f"{PROFILES}/{long(other.profile.id)}", f"{SETS}/{long(other.approved.id)}"):
            assert {browser.open(f"{path}{each}").status for each in ("", "/edit", "/delete")} == {404}
        assert {browser.open(f"{each}/nonsense").status for each in (PROFILES, SETS, CUSTOM)} == {404}

    def test_a_forged_form_changes_nothing(self, acme: Tenant, browser: Browser) -> None:
        form = browser.open(f"{PROFILES}/{long(acme.profile.id)}/edit").forms["profile"]
        page = browser.post(form.action, form.fields | {"name": "Forged", "form_token": "x"})
        assert (page.status, profile_called(acme, "Integrations").id) == (403, acme.profile.id)


def test_X_XS_01_markup_in_what_people_type_stays_text(acme: Tenant, browser: Browser) -> None:
    with acme.standing.database.transaction() as tx:
        assert profiles.update(tx, Profile(acme.profile.id, acme.org.id, MARKUP, MARKUP, EVERY_POWER, tx.now))
        held = permission_sets.by_id(tx, acme.org.id, acme.approved.id)
        assert held is not None
        tx.connection.execute(
            people.permission_sets.update().where(people.permission_sets.c.id == held.id).values(label=MARKUP, description=MARKUP)
        )
    custom = made(browser.submit(browser.open(f"{CUSTOM}/new"), "permission", label=MARKUP, api_name="Marked", description=MARKUP))
    browser.submit(browser.open(f"{custom}/give"), "give", holder_id=long(acme.approved.id))
    profile, set_ = f"{PROFILES}/{long(acme.profile.id)}", f"{SETS}/{long(acme.approved.id)}"
    ends = ("", "/edit", "/delete")
    paths = [f"{each}{end}" for each in (profile, set_, custom) for end in ends] + [
        f"{custom}/give",
        f"{set_}/assign",
        PROFILES,
        SETS,
        CUSTOM,
    ]
    for path in [*paths, f"/setup/users/{long(acme.runner.id)}", "/setup/users"]:
        page = browser.open(path)
        assert (page.status, MARKUP in page.text) == (200, False), path


def test_every_right_has_a_box_and_a_weight() -> None:
    assert set(rights.LABELS) == {rights.field_of(each) for each in Permission}
    assert settable.name_of(Permission.VIEW_OAUTH_USAGE) == "View OAuth Usage"
    assert [each.weight for each in rights.told([Permission.API_ENABLED, Permission.PROMOTE, Permission.MANAGE_USERS])] == [
        "heavy",
        "medium",
        "light",
    ]
