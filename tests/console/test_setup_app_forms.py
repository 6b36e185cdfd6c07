"""The tabs of an app: its settings and policies read and edited, who may use it, who it is and who answers for it."""

import re

import sqlalchemy as sa
from tests.console.app_pages import at, policies_of, problem_at, record_of, saved, settings_of
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import Permission
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import people, permission_sets
from gatebridge.storage.people import users

__all__ = ["acme", "house", "loop"]

MARKUP = '<b id="injected">x</b>'
FORMS = (
    *("/settings/flows", "/settings/scopes", "/settings/tokens", "/settings/sign-out", "/settings/attributes"),
    *("/policies/who", "/policies/network", "/policies/level", "/policies/lifetimes"),
    *("/access/assign", "/identity", "/owner"),
)
TABS = ("", "/settings", "/policies", "/access")

UNSAVABLE: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("/settings/tokens", {"id_token_minutes": "soon"}, "id_token_minutes", "whole number"),
    ("/settings/tokens", {"id_token_minutes": "9999"}, "id_token_minutes", "1 to 720"),
    ("/settings/sign-out", {"backchannel_logout_uri": "http://x.example"}, "backchannel_logout_uri", "loopback only"),
    ("/settings/attributes", {"custom_attributes": "a = nothing.known"}, "custom_attributes", "a = nothing.known"),
    ("/policies/who", {"run_as_user_id": "nobody@here.example"}, "run_as_user_id", "no user with this username"),
    ("/policies/who", {"permitted_users": "everybody"}, "permitted_users", "Choose one"),
    ("/policies/network", {"ip_ranges": "192.0.2.0/24 Office\n10.0.0.300"}, "ip_ranges", "10.0.0.300"),
    ("/policies/lifetimes", {"refresh_idle": "a while"}, "refresh_idle", "30 days"),
    ("/policies/lifetimes", {"access_token_minutes": "1"}, "access_token_minutes", "15 minutes to 24 hours"),
    ("/policies/lifetimes", {"refresh_policies": "until_revoked"}, "refresh_exception_reason", "written reason"),
    ("/identity", {"label": ""}, "label", "not be empty"),
    ("/identity", {"contact_email": "nobody"}, "contact_email", "e-mail address"),
    ("/owner", {"owner_id": "nobody"}, "owner_id", "no user with this username"),
    ("/owner", {"owner_id": ""}, "owner_id", "answers for it"),
)


class TestTabs:
    def test_every_page_of_an_app_shows_the_tabs_that_it_has(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        for tab in TABS:
            page = browser.open(at(app, tab))
            assert page.status == 200
            (tabs,) = re.findall(r'<nav class="tabs".*?</nav>', page.text, re.DOTALL)
            assert [f'href="{at(app, each)}"' in tabs for each in TABS] == [True] * len(TABS)
            assert f'<a href="{at(app, tab)}" aria-current="page">' in page.text
            assert len(page.text) < 60_000

    def test_an_app_of_another_org_has_policies_here_and_its_settings_there(self, acme: Tenant) -> None:
        installed = acme.install(make_tenant(acme.standing).app("Partner"))
        browser = admin(acme)
        assert f'href="{at(installed, "/settings")}"' not in browser.open(at(installed)).text
        answers = {
            tab: browser.open(at(installed, tab)).status for tab in ("/settings", "/settings/flows", "/identity", "/policies", "/access")
        }
        assert answers == {"/settings": 404, "/settings/flows": 404, "/identity": 404, "/policies": 200, "/access": 200}

    def test_a_station_leads_to_where_its_gate_is_set_and_an_exposure_to_its_question(self, acme: Tenant) -> None:
        app = acme.app(scopes=("full",), full_scope_reason="It moves everything", policies={"ip_relaxation": Relaxation.RELAX})
        page = admin(acme).open(at(app))
        ways = (
            "/settings#scopes",
            "/policies#network",
            "/access",
            "/block",
            "/settings/scopes?smaller=full_scope#scopes",
            "/policies/network?smaller=ip_relaxed#ip_relaxation",
        )
        for address in ways:
            assert f'href="{at(app, address)}"' in page.text, address

    def test_X_AD_01_what_another_org_has_is_not_there_on_any_page(self, acme: Tenant) -> None:
        other = make_tenant(acme.standing).app("Elsewhere")
        browser = admin(acme)
        form = browser.open(at(acme.app(), "/policies/who")).forms["edit"].fields
        for ending in (*TABS, *FORMS, f"/access/{long(acme.approved.id)}", f"/access/{long(acme.approved.id)}/remove"):
            assert browser.open(at(other, ending)).status == 404, ending
            if ending not in TABS:
                assert browser.post(at(other, ending), form).status == 404, ending

    def test_who_may_only_look_sees_no_way_to_edit_and_no_form(self, acme: Tenant) -> None:
        app = acme.app()
        app.token()
        browser = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
        for tab in TABS:
            page = browser.open(at(app, tab))
            assert (page.status, "/setup/login-history/" in page.text) == (200, False)
            assert not re.search(r'href="/setup/apps/\w+/(settings|policies|access|identity|owner)/?\w+"', page.text)
        for ending in FORMS:
            refused = browser.open(at(app, ending))
            assert (refused.status, 'data-reason="permission_missing"' in refused.text) == (403, True), ending

    def test_X_CO_02_a_form_from_elsewhere_changes_nothing(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        for ending in FORMS:
            form = browser.open(at(app, ending)).forms
            (fields,) = [each.fields for name, each in form.items() if each.method == "post" and name != "signout"]
            assert browser.post(at(app, ending), fields, cross_site=True).status == 403, ending
            assert browser.post(at(app, ending), fields | {"form_token": "made up"}).status == 403, ending
        assert (settings_of(acme, app).version, record_of(acme, app).version) == (1, 1)

    def test_X_XS_01_markup_in_what_people_type_stays_text(self, acme: Tenant) -> None:
        app = acme.app(f"App {MARKUP}", api_name="Marked", purpose=MARKUP, custom_attributes=(("note", f"'{MARKUP}'"),))
        with acme.standing.database.transaction() as tx:
            marked = permission_sets.by_id(tx, acme.org.id, acme.approved.id)
            assert marked is not None
            tx.connection.execute(sa.update(users).where(users.c.id == acme.runner.id).values(first_name=MARKUP, last_name=""))
            tx.connection.execute(sa.update(people.permission_sets).where(people.permission_sets.c.id == marked.id).values(label=MARKUP))
        app.token()
        browser = admin(acme)
        for ending in (*TABS, *FORMS, f"/access/{long(acme.approved.id)}", f"/access/{long(acme.approved.id)}/remove"):
            page = browser.open(at(app, ending))
            assert page.status == 200
            assert MARKUP not in page.text, ending
        page = browser.open(at(app, "/settings/flows"))
        assert MARKUP not in saved(browser, page, "edit", callbacks=MARKUP).text


class TestSettings:
    def test_what_is_typed_is_saved_and_the_rest_stays(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/settings/flows"))
        done = saved(browser, page, "edit", flows_web_server="yes", callbacks="https://a.example/cb\r\n\r\n https://b.example/cb ")
        assert (done.url, 'id="said"' in done.text) == (f"{acme.org.issuer}{at(app, '/settings?said=saved')}", True)
        settings = settings_of(acme, app)
        assert settings.flows == {Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER}
        assert settings.callbacks == ("https://a.example/cb", "https://b.example/cb")
        assert (settings.scopes, settings.pkce_required) == (("api", "id"), True)

    def test_every_part_is_saved_as_it_stands_without_a_change(self, acme: Tenant) -> None:
        attributes = (("cost_centre", "user.external_id"), ("mail", "lower(user.email)"))
        app = acme.app(scopes=("api", "openid", "email"), custom_attributes=attributes, audience="https://api.example", id_token_minutes=5)
        browser = admin(acme)
        before = settings_of(acme, app), policies_of(acme, app), record_of(acme, app)
        for ending in FORMS:
            if ending != "/access/assign":
                assert "said=" in saved(browser, browser.open(at(app, ending)), "edit").url, ending
        assert (settings_of(acme, app), policies_of(acme, app), record_of(acme, app)) == before

    def test_a_callback_that_cannot_be_registered_says_why_at_its_field_and_keeps_what_was_typed(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/settings/flows"))
        again = saved(browser, page, "edit", callbacks="https://a.example/cb\nhttp://b.example/cb", flows_web_server="yes")
        assert again.status == 422
        assert problem_at(again, "callbacks").startswith("http://b.example/cb: http is for loopback only")
        assert "http://b.example/cb</textarea>" in again.text
        assert 'name="flows_web_server" value="yes" checked' in again.text
        assert settings_of(acme, app).callbacks == ()

    def test_scopes_are_sentences_the_weightiest_first_and_full_wants_its_reason(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/settings/scopes"))
        weights = re.findall(r'class="check" data-weight="(\w+)"', page.text)
        assert weights == sorted(weights, key=["heavy", "medium", "light"].index)
        again = saved(browser, page, "edit", scopes_full="yes")
        assert (again.status, "needs a written reason" in problem_at(again, "full_scope_reason")) == (422, True)
        saved(browser, again, "edit", full_scope_reason="The migration needs every object", scopes_id=None)
        assert set(settings_of(acme, app).scopes) == {"full", "api"}

    def test_a_scope_that_the_org_has_taken_away_is_told_and_goes_with_the_next_save(self, acme: Tenant) -> None:
        app = acme.app()
        for custom, named in (((("ledger_read", "Read your ledger"),), ("api", "ledger_read")), ((), None)):
            with acme.standing.database.transaction() as tx:
                edit_org(tx, acme.admin, EditOrg(custom_scopes=custom))
                if named is not None:
                    edit_settings(tx, acme.admin, EditSettings(app.id, scopes=named))
        browser = admin(acme)
        page = browser.open(at(app, "/settings"))
        assert "<code>ledger_read</code>: it opens nothing any more" in page.text
        assert re.findall(r'data-scope="(\w+)"', page.text) == ["api"]
        done = saved(browser, browser.open(at(app, "/settings/scopes")), "edit")
        assert (settings_of(acme, app).scopes, 'id="gone"' in done.text) == (("api",), False)

    def test_a_public_app_is_one_choice_and_its_rules_are_told(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        again = saved(browser, browser.open(at(app, "/settings/flows")), "edit", auth_methods="public")
        assert "leave out client_credentials" in problem_at(again, "flows")
        again = saved(browser, again, "edit", flows_client_credentials=None, flows_web_server="yes", callbacks="https://a.example/cb")
        assert "said=saved" in again.url
        assert settings_of(acme, app).public

    def test_X_AD_09_who_was_overtaken_sees_both_versions_and_can_save_again(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        page = browser.open(at(app, "/settings/tokens"))
        with acme.standing.database.transaction() as tx:
            edit_settings(tx, acme.admin, EditSettings(app.id, audience="https://theirs.example"))
        again = saved(browser, page, "edit", audience="https://mine.example", access_token_format="jwt")
        assert again.status == 412
        rows = dict(re.findall(r'<th scope="row">([^<]+)</th>(<td>.*?</td><td>.*?</td>)</tr>', again.text))
        assert ("https://theirs.example" in rows["Audience of access tokens"], "JWT" in rows["Access tokens are"]) == (True, True)
        assert settings_of(acme, app).audience == "https://theirs.example"
        saved(browser, again, "edit")
        assert settings_of(acme, app).audience == "https://mine.example"

    def test_what_cannot_be_saved_is_told_at_its_field(self, acme: Tenant) -> None:
        app = acme.app()
        browser = admin(acme)
        for ending, typed, field, words in UNSAVABLE:
            again = saved(browser, browser.open(at(app, ending)), "edit", **typed)
            assert again.status == 422, (ending, typed)
            assert words in problem_at(again, field).replace("&#39;", "'")
            assert f'aria-describedby="{field}-problem' in again.text or '<fieldset class="field" data-state="refused">' in again.text
