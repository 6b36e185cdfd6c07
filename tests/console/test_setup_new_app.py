"""The new-app wizard: what each step asks and refuses, that nothing is written before its end, and what is there then."""

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.console.new_app_pages import FORM, NEW, PURPOSE, begun, code_of, problem_at, secret_of, title, walked
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.client_keys import client_key
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission
from gatebridge.storage import apps, credentials, installations
from gatebridge.storage.audit_trail import audit_trail

__all__ = ["acme", "house", "loop"]

MARKUP = '<b id="injected">x</b>'
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----"


def found(acme: Tenant, api_name: str) -> App | None:
    with acme.standing.database.snapshot() as tx:
        return apps.by_api_name(tx, acme.org.id, api_name)


def held(acme: Tenant, api_name: str) -> tuple[App, AppSettings, AppPolicies, list[Assignment]]:
    """The app of this name with all that is set of it, and who may use it."""
    with acme.standing.database.snapshot() as tx:
        app = apps.by_api_name(tx, acme.org.id, api_name)
        assert app is not None
        settings, here = apps.settings_of(tx, acme.org.id, app.id), installations.by_app(tx, acme.org.id, app.id)
        assert settings is not None
        assert here is not None
        policies = installations.policies_of(tx, acme.org.id, here.id)
        assert policies is not None
        return app, settings, policies, installations.permits_of(tx, acme.org.id, here.id)


def changes(acme: Tenant) -> int:
    with acme.standing.database.snapshot() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(audit_trail)).scalar_one()


def profile_of(acme: Tenant) -> str:
    return long(acme.profile.id)


def test_the_six_kinds_are_offered_each_with_what_it_sets_and_why(acme: Tenant) -> None:
    page = admin(acme).open(f"{NEW}?kind=job")
    assert re.findall(r'name="kind" id="kind-(\w+)"', page.text) == ["web", "spa", "job", "service", "device", "agent"]
    assert page.forms[FORM].fields["kind"] == "job"
    assert "Nightly job sets 7 gates" in page.text
    assert "The private key never leaves the job" in page.text


class TestKinds:
    def test_a_web_app_ends_with_a_secret_and_lets_in_whom_the_admin_chose(self, acme: Tenant) -> None:
        page = walked(admin(acme), "web", "Night Ledger", {"callbacks": "https://ledger.example/callback", "holder_id": profile_of(acme)})
        assert title(page) == "Night Ledger is registered"
        app, settings, policies, permits = held(acme, "Night_Ledger")
        in_a_year = acme.standing.clock().date() + timedelta(days=365)
        assert (app.purpose, app.dialect, app.review_on) == (PURPOSE, Dialect.STANDARD, in_a_year.isoformat())
        assert settings.flows == {Flow.WEB_SERVER, Flow.REFRESH_TOKEN}
        assert settings.scopes == ("refresh_token", "api", "openid")
        assert settings.callbacks == ("https://ledger.example/callback",)
        assert settings.pkce_required
        assert [each.holder_id for each in permits] == [acme.profile.id]
        assert policies.run_as_user_id is None
        assert list(code_of(page)) == ["curl", "Python", "JavaScript"]
        assert secret_of(page).startswith("gbs_")
        assert app.consumer_key in page.text
        assert page.headers["cache-control"] == "no-store"

    def test_a_public_app_has_none_and_may_be_installed_where_its_user_is(self, acme: Tenant) -> None:
        page = walked(admin(acme), "spa", "Shop", {"callbacks": "com.example.shop:/back", "native": "yes"})
        _, settings, _, _ = held(acme, "Shop")
        assert (settings.public, settings.native, secret_of(page)) == (True, True, "")
        assert "createInterface" in code_of(page)["JavaScript"]

    @pytest.mark.parametrize(
        ("typed", "in_page"),
        [
            ({"callbacks": "https://shop.example/back"}, True),
            ({"callbacks": "http://localhost:5173/back"}, False),
            ({"callbacks": "https://shop.example/back", "native": "yes"}, False),
        ],
    )
    def test_what_is_pasted_into_a_page_may_read_the_answer_there(self, acme: Tenant, typed: dict[str, str], in_page: bool) -> None:
        code = code_of(walked(admin(acme), "spa", "Shop", typed))["JavaScript"]
        assert ("sessionStorage" in code, "createInterface" in code) == (in_page, not in_page)

    def test_a_job_signs_and_has_short_tokens_and_an_address(self, acme: Tenant) -> None:
        upload = client_key("RS256").upload.decode()
        page = walked(admin(acme), "job", "Night Run", {"upload": upload, "ip_ranges": "192.0.2.0/24 Plant\n198.51.100.7 - 198.51.100.9"})
        app, settings, policies, permits = held(acme, "Night_Run")
        assert settings.auth_methods == {ClientAuthMethod.PRIVATE_KEY_JWT}
        assert (policies.access_token_minutes, [str(each) for each in policies.ip_ranges], permits) == (
            15,
            ["192.0.2.0/24", "198.51.100.7-198.51.100.9"],
            [],
        )
        with acme.standing.database.snapshot() as tx:
            assert len(credentials.certificates_of(tx, acme.org.id, app.id)) == 1
        assert "Say who may use it" in page.text
        assert "Register a certificate" not in page.text

    def test_a_service_acts_for_its_run_as_user_and_its_secret_works(self, acme: Tenant) -> None:
        user = with_rights(acme, "robot")
        page = walked(admin(acme), "service", "Billing", {"run_as_user_id": user.username, "holder_id": profile_of(acme)})
        app, _, policies, _ = held(acme, "Billing")
        assert policies.run_as_user_id == user.id
        asked = {"grant_type": "client_credentials", "client_id": app.consumer_key, "client_secret": secret_of(page)}
        assert acme.door.post(f"{acme.org.issuer}/services/oauth2/token", asked).status_code == 200

    def test_a_device_says_that_its_flow_is_off(self, acme: Tenant) -> None:
        page = walked(admin(acme), "device", "Scanner", {})
        _, settings, policies, _ = held(acme, "Scanner")
        assert (set(settings.flows), settings.public) == ({Flow.DEVICE, Flow.REFRESH_TOKEN}, True)
        assert str(policies.refresh_policies[0]) == "idle:7:days"
        assert "Switch the device flow on" in page.text

    def test_an_agent_is_narrow_and_its_certificate_can_come_later(self, acme: Tenant) -> None:
        page = walked(admin(acme), "agent", "Helper", {"callbacks": "https://helper.example/back"})
        _, settings, policies, _ = held(acme, "Helper")
        assert settings.scopes == ("refresh_token", "openid")
        assert [str(each) for each in policies.refresh_policies] == ["idle:12:hours", "absolute:24:hours"]
        assert "Register a certificate" in page.text
        assert re.search(r'id="new-key">.*openssl req', page.text, re.DOTALL)

    def test_a_salesforce_client_is_met_as_it_expects(self, acme: Tenant) -> None:
        page = walked(admin(acme), "web", "sf", {}, salesforce=True)
        app, settings, _, _ = held(acme, "sf")
        assert app.dialect is Dialect.SALESFORCE
        assert settings.callbacks == ("http://localhost:1717/OauthRedirect",)
        assert {"web", "api", "refresh_token"} <= set(settings.scopes)
        assert f"--client-id {app.consumer_key}" in code_of(page)["Salesforce CLI"]


class TestSteps:
    def test_nothing_is_written_before_the_end_and_going_back_keeps_everything(self, acme: Tenant) -> None:
        browser = admin(acme)
        before = changes(acme)
        page = browser.submit(begun(browser, "web"), FORM, label="Night Ledger", purpose=PURPOSE)
        page = browser.submit(page, FORM, callbacks="https://ledger.example/callback")
        assert page.forms[FORM].fields["step"] == "rule"
        back = browser.post(NEW, page.forms[FORM].fields | {"holder_id": profile_of(acme), "go": "back"})
        assert back.forms[FORM].fields["callbacks"].strip() == "https://ledger.example/callback"
        unticked = {name: text for name, text in back.forms[FORM].fields.items() if name != "scopes_api"}
        first = browser.post(NEW, browser.post(NEW, unticked | {"go": "back"}).forms[FORM].fields | {"go": "back"})
        assert title(first) == "What are you connecting?"
        assert changes(acme) == before
        page = first
        for _ in range(3):
            page = browser.post(NEW, page.forms[FORM].fields)
        assert page.forms[FORM].fields["holder_id"] == profile_of(acme)
        assert title(browser.post(NEW, page.forms[FORM].fields)) == "Night Ledger is registered"
        assert held(acme, "Night_Ledger")[1].scopes == ("refresh_token", "openid")

    def test_another_kind_is_asked_anew_what_it_may(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "web"), FORM, label="Night Ledger", purpose=PURPOSE)
        first = browser.post(NEW, browser.post(NEW, page.forms[FORM].fields | {"go": "back"}).forms[FORM].fields | {"go": "back"})
        page = browser.post(NEW, first.forms[FORM].fields | {"kind": "service"})
        assert page.forms[FORM].fields["label"] == "Night Ledger"
        fields = browser.post(NEW, page.forms[FORM].fields).forms[FORM].fields
        assert [name for name in fields if "scopes_" in name] == ["scopes_api"]

    def test_each_problem_stands_at_its_field_and_what_was_typed_stays(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "web"), FORM, contact_email="nobody", backup_owner_id="")
        assert page.status == 422
        assert [bool(problem_at(page, name)) for name in ("label", "purpose", "contact_email", "api_name")] == [True, True, True, False]
        page = browser.submit(page, FORM, label="Счета", purpose=PURPOSE, contact_email="ada@acme.example", owner_id="nobody")
        assert problem_at(page, "owner_id") == "There is no user with this username."
        page = browser.submit(page, FORM, owner_id="Dana")
        assert "Did you mean dana@" in problem_at(page, "owner_id")
        page = browser.submit(page, FORM, owner_id="")
        assert "None can be made" in problem_at(page, "api_name")
        page = browser.submit(page, FORM, api_name="Accounts")
        page = browser.submit(page, FORM, callbacks="https://ledger.example/*")
        assert "no wildcards" in problem_at(page, "callbacks")
        assert 'data-reason="callback_invalid"' in page.text
        page = browser.submit(page, FORM, callbacks="")
        assert "needs a callback URL" in problem_at(page, "callbacks")
        assert ('data-reason="field_invalid"' in page.text, "Change what is marked, and go on." in page.text) == (True, True)

    def test_an_app_with_nothing_to_ask_for_is_told_so(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "service"), FORM, label="Billing", purpose=PURPOSE)
        fields = {name: text for name, text in page.forms[FORM].fields.items() if name != "scopes_api"}
        assert "Choose at least one" in problem_at(browser.post(NEW, fields), "scopes")

    def test_what_was_right_and_is_wrong_at_the_end_leads_back_to_its_step(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "service"), FORM, label="Billing", purpose=PURPOSE)
        page = browser.post(NEW, page.forms[FORM].fields)
        walked(browser, "service", "Billing", {"purpose": "Bills what was delivered"})
        again = browser.post(NEW, page.forms[FORM].fields | {"ip_ranges": "192.0.2.1"})
        assert (title(again), problem_at(again, "api_name")) == (
            "Name and owner",
            "Another app of this org has the API name Billing already.",
        )
        assert again.forms[FORM].fields["ip_ranges"] == "192.0.2.1"

    def test_a_last_step_that_is_sent_twice_makes_one_app_and_says_where_its_secret_was(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "web"), FORM, label="Night Ledger", purpose=PURPOSE)
        last = browser.submit(page, FORM, callbacks="https://ledger.example/callback")
        assert secret_of(browser.submit(last, FORM))
        before = changes(acme)
        twice = browser.submit(last, FORM)
        app, _, _, _ = held(acme, "Night_Ledger")
        assert twice.url == f"{acme.org.issuer}/setup/apps/{long(app.id)}?said=twice"
        assert ("It was registered already" in twice.text, changes(acme)) == (True, before)
        acme.standing.clock.advance(minutes=11)
        assert problem_at(browser.submit(last, FORM), "api_name")

    @pytest.mark.parametrize("typed", [{"ip_ranges": "nowhere"}, {"run_as_user_id": "nobody"}, {"holder_id": "0PS000000000000"}])
    def test_what_an_admin_answers_wrongly_makes_nothing(self, acme: Tenant, typed: dict[str, str]) -> None:
        page = walked(admin(acme), "service", "Billing", typed)
        assert page.status == 422
        assert all(problem_at(page, name) for name in typed)
        assert found(acme, "Billing") is None

    def test_callbacks_and_a_certificate_are_read_back_before_they_count(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "agent"), FORM, label="Helper", purpose=PURPOSE)
        typed = {"callbacks": "https://helper.example/back\nhttp://helper.example/", "upload": client_key().upload.decode(), "go": "check"}
        read = browser.post(NEW, page.forms[FORM].fields | typed)
        assert "Users read that they go to helper.example." in read.text
        assert "Cannot be registered" in read.text
        assert 'id="certificate-read"' in read.text
        wrong = browser.post(NEW, page.forms[FORM].fields | typed | {"upload": "nothing"})
        assert (wrong.status, bool(problem_at(wrong, "upload")), 'id="callbacks-read"' in wrong.text) == (422, True, True)

    def test_a_private_key_goes_no_further(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "job"), FORM, label="Night Run", purpose=PURPOSE)
        for pressed in ("", "check", "back"):
            answer = browser.post(NEW, page.forms[FORM].fields | {"upload": PEM, "go": pressed})
            assert "MC4CAQAwBQYDK2VwBCIEIA" not in answer.text
        assert problem_at(browser.submit(page, FORM, upload=PEM), "upload")

    def test_who_signed_in_long_ago_registers_the_key_afterwards(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "job"), FORM, label="Night Run", purpose=PURPOSE)
        acme.standing.clock.advance(minutes=61)
        again = browser.submit(page, FORM, upload=json.dumps(client_key().key.as_dict(private=False)))
        assert "signed in too long ago" in problem_at(again, "upload")
        assert title(browser.submit(again, FORM, upload="")) == "Who, and from where"

    def test_X_XS_01_markup_in_every_answer_stays_text(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.submit(begun(browser, "web"), FORM, label=MARKUP, purpose=MARKUP, api_name="Marked")
        pages = [page, browser.submit(page, FORM, callbacks=MARKUP, go="check"), browser.submit(page, FORM, callbacks=MARKUP)]
        pages.append(browser.submit(page, FORM, callbacks="https://ledger.example/"))
        pages.append(browser.submit(pages[-1], FORM))
        assert title(pages[-1]) == f"{MARKUP} is registered".replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
        assert not any(MARKUP in each.text for each in pages)


class TestWhoMay:
    def test_a_developer_registers_an_app_that_lets_nobody_in(self, acme: Tenant) -> None:
        user = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
        browser = at_setup(acme, user)
        assert "an admin’s to say" in browser.open(f"{NEW}?kind=job").text
        asked = {"owner_id": "somebody", "holder_id": profile_of(acme), "ip_ranges": "192.0.2.0/24", "upload": "-"}
        page = walked(browser, "job", "Night Run", asked)
        app, _, policies, permits = held(acme, "Night_Run")
        assert (app.owner_id, permits, policies.access_token_minutes, policies.ip_ranges) == (user.id, [], None, ())
        assert "Ask an admin to let users in" in page.text
        assert "Have a certificate registered" in page.text
        assert "send-test" not in page.text

    def test_what_is_sent_beside_the_questions_counts_for_nothing(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS))
        page = browser.submit(begun(browser, "service"), FORM, label="Billing", purpose=PURPOSE)
        fields = browser.post(NEW, page.forms[FORM].fields).forms[FORM].fields
        sent = {
            "scopes_full": "yes",
            "more_scopes_setup_api": "yes",
            "may_administer": "yes",
            "flows": "device",
            "permitted_users": "self_authorize",
        }
        sent |= {"holder_id": profile_of(acme), "run_as_user_id": "robot", "ip_ranges": "192.0.2.0/24"}
        browser.post(NEW, fields | sent)
        _, settings, policies, permits = held(acme, "Billing")
        assert (list(settings.scopes), set(settings.flows), permits) == (["api"], {Flow.CLIENT_CREDENTIALS}, [])
        assert policies == AppPolicies(policies.installation_id)

    def test_who_may_not_register_apps_is_told_so_at_once(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP))
        assert browser.open(NEW).status == 403

    def test_nobody_gives_an_app_a_user_with_more_rights_than_their_own(self, acme: Tenant) -> None:
        strong = with_rights(acme, "strong", Permission.MANAGE_SECURITY)
        browser = at_setup(acme, with_rights(acme, "manager", Permission.MANAGE_CONNECTED_APPS))
        page = walked(browser, "service", "Billing", {"run_as_user_id": strong.username})
        assert (page.status, "right_beyond_own" in page.text, found(acme, "Billing")) == (403, True, None)


def test_a_test_request_is_one_button_away(acme: Tenant) -> None:
    browser = admin(acme)
    page = walked(browser, "service", "Billing", {"run_as_user_id": with_rights(acme, "robot").username, "holder_id": profile_of(acme)})
    run = browser.submit(page, "try")
    assert re.search(r"/try/\w+$", run.url)
    assert "access_token" in browser.submit(run, "next").text
