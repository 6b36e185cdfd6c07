"""Who may use an app, from where and for how long, and who answers for it: edited at setup, with whom it hits."""

from datetime import UTC, datetime, timedelta

from tests.console.app_pages import at, holders_of, policies_of, problem_at, record_of, saved
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.edit_policies import EditPolicies, edit_policies

__all__ = ["acme", "house", "loop"]


class TestPolicies:
    def test_each_part_is_saved_in_the_words_in_which_it_is_shown(self, acme: Tenant) -> None:
        app = acme.app(policies={"permitted_users": PermittedUsers.SELF_AUTHORIZE})
        browser = admin(acme)
        ranges = "198.51.100.0/24 Head office\n192.0.2.1 - 192.0.2.20 Warehouse\n\n203.0.113.9"
        saved(browser, browser.open(at(app, "/policies/network")), "edit", ip_relaxation="relax", ip_ranges=ranges)
        saved(browser, browser.open(at(app, "/policies/level")), "edit", required_level="high", level_action="block")
        numbers = {"access_token_minutes": "30", "refresh_idle": "6 hours", "refresh_absolute": "1 month"}
        saved(browser, browser.open(at(app, "/policies/lifetimes")), "edit", **numbers)
        done = saved(browser, browser.open(at(app, "/policies/who")), "edit", max_grants_per_user="3", may_administer="yes")
        found = policies_of(acme, app)
        assert found.ip_relaxation is Relaxation.RELAX
        assert [(str(each), each.label) for each in found.ip_ranges] == [
            ("198.51.100.0/24", "Head office"),
            ("192.0.2.1-192.0.2.20", "Warehouse"),
            ("203.0.113.9", ""),
        ]
        assert (found.requirement.level, found.requirement.action) == (Level.HIGH, LevelAction.BLOCK)
        assert found.refresh_policies == (RefreshPolicy("idle", 6, "hours"), RefreshPolicy("absolute", 1, "months"))
        assert (found.access_token_minutes, found.max_grants_per_user, found.may_administer) == (30, 3, True)
        assert found.run_as_user_id == acme.runner.id
        for words in (
            "Warehouse",
            "Unused for 6 hours, it dies",
            "It dies 1 month after the grant",
            "30 min",
            "by this app",
            "It may administer",
        ):
            assert words in done.text, words

    def test_an_exception_has_its_reason_and_end_and_goes_with_its_policy(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        until = datetime.now(UTC) + timedelta(days=90)
        with acme.standing.database.snapshot() as tx:
            until = tx.now + timedelta(days=90)
        typed = {"refresh_exception_reason": "Their box cannot sign in", "refresh_exception_until": f"{until:%Y-%m-%dT%H:%M}"}
        saved(browser, browser.open(at(app, "/policies/lifetimes")), "edit", refresh_policies="until_revoked", **typed)
        found = policies_of(acme, app)
        assert found.refresh_policies == (RefreshPolicy("until_revoked"),)
        assert (found.refresh_exception_reason, found.refresh_exception_until) == (
            "Their box cannot sign in",
            until.replace(second=0, microsecond=0),
        )
        page = browser.open(at(app, "/policies/lifetimes"))
        saved(browser, page, "edit", refresh_policies="limits")
        found = policies_of(acme, app)
        assert (found.refresh_policies, found.refresh_exception_reason, found.refresh_exception_until) == (
            DEFAULT_REFRESH_POLICIES,
            "",
            None,
        )

    def test_X_AD_12_whom_a_policy_shuts_out_is_shown_before_it_is_saved(self, acme: Tenant) -> None:
        app = acme.app()
        app.token()
        browser = admin(acme)
        page = browser.open(at(app, "/policies/network"))
        asked = saved(browser, page, "edit", ip_ranges="198.51.100.0/24 Elsewhere")
        assert (asked.status, 'id="hits"' in asked.text, acme.runner.name in asked.text) == (409, True, True)
        assert policies_of(acme, app).ip_ranges == ()
        done = saved(browser, asked, "edit", confirmed="yes")
        assert "said=saved" in done.url
        assert [str(each) for each in policies_of(acme, app).ip_ranges] == ["198.51.100.0/24"]

    def test_X_AD_04_a_run_as_user_with_more_rights_than_ones_own_is_refused_in_the_form(self, acme: Tenant) -> None:
        app = acme.app()
        mighty = with_rights(acme, "mighty", *EVERY_POWER)
        browser = at_setup(acme, with_rights(acme, "vera", Permission.MANAGE_CONNECTED_APPS))
        page = browser.open(at(app, "/policies/who"))
        again = saved(browser, page, "edit", run_as_user_id=mighty.username)
        assert (again.status, 'data-reason="right_beyond_own"' in again.text, mighty.username in again.text) == (403, True, True)
        assert policies_of(acme, app).run_as_user_id == acme.runner.id

    def test_X_AD_09_both_versions_of_a_policy_are_shown(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/policies/network"))
        with acme.standing.database.transaction() as tx:
            edit_policies(tx, acme.admin, EditPolicies(app.id, ip_relaxation=Relaxation.RELAX))
        again = saved(browser, page, "edit", ip_relaxation="enforce_relax_refresh")
        assert again.status == 412
        assert "<bdi>Relax IP restrictions</bdi>" in again.text
        assert "<bdi>Enforce, but relax for refresh tokens</bdi>" in again.text
        saved(browser, again, "edit")
        assert policies_of(acme, app).ip_relaxation is Relaxation.RELAX_REFRESH


class TestAccess:
    def test_one_is_assigned_gets_an_end_and_is_listed(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/access/assign"))
        assert f'value="{long(acme.approved.id)}"' not in page.text  # who may use it already is not offered
        assert problem_at(saved(browser, page, "assign-form"), "holder_id") == "Choose a profile or a permission set."
        listed = saved(browser, page, "assign-form", holder_id=long(acme.profile.id))
        assert (f'data-holder="{long(acme.profile.id)}"' in listed.text, "Integrations" in listed.text) == (True, True)
        with acme.standing.database.snapshot() as tx:
            soon = (tx.now + timedelta(days=2)).replace(second=0, microsecond=0)
        end = browser.open(at(app, f"/access/{long(acme.profile.id)}"))
        past = saved(browser, end, "end-form", expires_at="2001-01-01T00:00")
        assert (past.status, problem_at(past, "expires_at")) == (422, "The end must be in the future.")
        saved(browser, end, "end-form", expires_at=f"{soon:%Y-%m-%dT%H:%M}")
        assert holders_of(acme, app)[acme.profile.id].expires_at == soon

    def test_an_end_that_was_changed_meanwhile_is_shown_and_what_was_removed_is_not_found_in_the_frame(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, f"/access/{long(acme.approved.id)}"))
        with acme.standing.database.transaction() as tx:
            theirs, mine = tx.now + timedelta(days=9), tx.now + timedelta(days=2)
            assign_access(tx, acme.admin, AssignAccess(app.id, acme.approved.id, theirs))
        again = saved(browser, page, "end-form", expires_at=f"{mine:%Y-%m-%dT%H:%M}")
        assert (again.status, f"<bdi>{theirs:%Y-%m-%dT%H:%M}</bdi>" in again.text) == (412, True)
        assert holders_of(acme, app)[acme.approved.id].expires_at == theirs
        assert "said=ends" in saved(browser, again, "end-form").url
        with acme.standing.database.transaction() as tx:
            remove_access(tx, acme.admin, RemoveAccess(app.id, acme.approved.id, confirmed=True))
        gone = saved(browser, page, "end-form")
        assert (gone.status, 'aria-label="Setup"' in gone.text) == (404, True)

    def test_a_choice_that_is_gone_by_now_is_told_at_its_field(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        again = saved(
            browser, browser.open(at(app, "/access/assign")), "assign-form", holder_id="0PS000000000000", expires_at="2030-01-01T00:00"
        )
        assert (again.status, "not there any more" in problem_at(again, "holder_id")) == (422, True)
        assert again.forms["assign-form"].fields["expires_at"] == "2030-01-01T00:00"

    def test_the_choice_is_narrowed_by_a_part_of_a_name(self, acme: Tenant) -> None:
        page = admin(acme).open(at(acme.app(), "/access/assign?q=admin"))
        assert ("Administrators</option>" in page.text, "Integrations</option>" in page.text) == (True, False)

    def test_X_AD_12_who_loses_the_app_is_shown_before_it_is_taken(self, acme: Tenant) -> None:
        app = acme.app()
        app.token()
        browser = admin(acme)
        page = browser.open(at(app, f"/access/{long(acme.approved.id)}/remove"))
        assert (page.status, 'id="hits"' in page.text, acme.runner.name in page.text) == (200, True, True)
        assert acme.approved.id in holders_of(acme, app)
        done = saved(browser, page, "remove")
        assert ("said=removed" in done.url, 'id="empty"' in done.text) == (True, True)
        assert holders_of(acme, app) == {}
        assert app.token().status_code != 200

    def test_a_list_that_decides_nothing_says_so(self, acme: Tenant) -> None:
        app = acme.app(policies={"permitted_users": PermittedUsers.SELF_AUTHORIZE})
        assert 'id="not-counted"' in admin(acme).open(at(app, "/access")).text

    def test_what_is_no_holder_is_not_found(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        for ending in (f"/access/{long(acme.profile.id)}", f"/access/{long(acme.runner.id)}", "/access/nonsense/remove", "/policies/x"):
            assert browser.open(at(app, ending)).status == 404, ending


class TestExposure:
    def test_somebody_answers_for_it_until_a_date_and_then_no_more(self, acme: Tenant) -> None:
        app = acme.app(policies={"ip_relaxation": Relaxation.RELAX})
        browser = admin(acme)
        overview = browser.open(at(app))
        assert f'href="{at(app, "/exposures/ip_relaxed")}"' in overview.text
        page = browser.open(at(app, "/exposures/ip_relaxed"))
        assert f'id="mend" href="{at(app, "/policies/network?smaller=ip_relaxed#ip_relaxation")}"' in page.text
        again = saved(browser, page, "accept", reason="", ends_at="2001-01-01T00:00")
        assert (again.status, "future" in problem_at(again, "ends_at")) == (422, True)
        with acme.standing.database.snapshot() as tx:
            until = tx.now + timedelta(days=30)
        done = saved(browser, page, "accept", reason="They move in spring", ends_at=f"{until:%Y-%m-%dT%H:%M}")
        assert ("said=accepted" in done.url, "They move in spring" in done.text) == (True, True)
        page = browser.open(at(app, "/exposures/ip_relaxed"))
        assert "They move in spring" not in saved(browser, page, "withdraw").text

    def test_the_smaller_setting_is_filled_in_and_saved_by_whoever_agrees(self, acme: Tenant) -> None:
        app = acme.app(policies={"ip_relaxation": Relaxation.RELAX, "refresh_grace_seconds": 60})
        browser = admin(acme)
        page = browser.open(at(app, "/policies/network?smaller=ip_relaxed"))
        assert "IP relaxation: <b>Enforce IP restrictions</b> instead of Relax IP restrictions" in page.text
        assert page.forms["edit"].fields["ip_relaxation"] == "enforce"
        assert policies_of(acme, app).ip_relaxation is Relaxation.RELAX
        saved(browser, page, "edit")
        assert policies_of(acme, app).ip_relaxation is Relaxation.ENFORCE
        assert 'id="filled"' not in browser.open(at(app, "/policies/network?smaller=ip_relaxed")).text
        for stranger in ("nonsense", "full_scope"):
            assert browser.open(at(app, f"/settings/scopes?smaller={stranger}")).status == 200

    def test_one_that_the_app_has_not_is_not_found_and_who_only_looks_cannot_answer(self, acme: Tenant) -> None:
        app = acme.app(policies={"ip_relaxation": Relaxation.RELAX})
        browser = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
        assert browser.open(at(app, "/exposures/full_scope")).status == 404
        page = browser.open(at(app, "/exposures/ip_relaxed"))
        assert (page.status, "accept" in page.forms) == (200, False)
        assert browser.post(at(app, "/exposures/ip_relaxed"), page.forms["signout"].fields | {"reason": "x"}).status == 403


class TestIdentity:
    def test_who_it_is_is_saved(self, acme: Tenant) -> None:
        clock = acme.standing.clock
        today, app = clock.now.date(), acme.app(review_on=clock.now.date().isoformat())
        clock.advance(days=2)
        browser = admin(acme)
        page = browser.open(at(app, "/identity"))
        typed = {"purpose": "Carries invoices.\r\nEvery night.", "dialect": "salesforce"}
        again = saved(browser, page, "edit", label="Ledger Sync", **typed, review_on="2020-03-07")
        assert (again.status, "This day has passed" in problem_at(again, "review_on")) == (422, True)
        done = saved(browser, again, "edit", review_on=today.isoformat())  # as it stood
        assert ("said=saved" in done.url, "<h1><bdi>Ledger Sync</bdi></h1>" in done.text) == (True, True)
        assert (f">{today.day} {today:%b %Y}</time>" in done.text, "the day has passed" in done.text) == (True, True)
        found = record_of(acme, app)
        assert (found.label, found.purpose, found.dialect, found.contact_email) == (
            "Ledger Sync",
            "Carries invoices.\nEvery night.",
            "salesforce",
            "dev@example.com",
        )

    def test_an_owner_gives_the_app_away_and_sees_it_no_more(self, acme: Tenant) -> None:
        owner, heir = (with_rights(acme, name, Permission.REGISTER_CONNECTED_APPS) for name in ("olga", "heike"))
        app = acme.app("Mine", owner_id=owner.id)
        browser = at_setup(acme, owner)
        page = browser.open(at(app, "/owner"))
        again = saved(browser, page, "edit", owner_id=acme.runner.username)
        assert (again.status, "Register Connected Apps" in problem_at(again, "owner_id")) == (422, True)
        done = saved(browser, page, "edit", owner_id=heir.username, backup_owner_id="", reason="New team")
        assert done.url == f"{acme.org.issuer}/setup/apps"
        assert (record_of(acme, app).owner_id, browser.open(at(app)).status) == (heir.id, 404)

    def test_a_developer_edits_the_own_app_and_decides_nothing_about_its_use(self, acme: Tenant) -> None:
        owner = with_rights(acme, "olga", Permission.REGISTER_CONNECTED_APPS)
        app = acme.app("Mine", owner_id=owner.id)
        browser = at_setup(acme, owner)
        assert browser.open(at(app, "/settings/flows")).status == 200
        assert f'href="{at(app, "/policies/")}' not in browser.open(at(app, "/policies")).text
        assert browser.open(at(app, "/policies/who")).status == 403
        assert browser.post(at(app, "/access/assign"), browser.open(at(app, "/identity")).forms["edit"].fields).status == 403
