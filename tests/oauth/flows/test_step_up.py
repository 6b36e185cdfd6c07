"""In the middle of a login a surer sign-in is wanted: the request waits until the user has shown another factor, and nothing goes round it.

How the factor is shown is told where the page of it is tested; here the session is raised as that page raises it.
"""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.oauth.browser import Browser
from tests.oauth.door import FORM
from tests.oauth.flows.portal import make_portal
from tests.oauth.flows.visits import CONSENT, Asking, approve, chooser, deny, enrol, go_back
from tests.oauth.tenants import Tenant
from tests.web.test_install_page import link, person

from gatebridge.crypto import secrets
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.signin import sessions as signin_sessions
from gatebridge.storage import factors, permission_sets, sessions

VERIFY = "/signin/verify"
COOKIE = "__Host-gb_session"
HIGH = Level.HIGH.acr


@pytest.fixture
def ada(acme: Tenant) -> User:
    """A user whom an admin has approved for the apps of the org."""
    user = enrol(acme, "ada.of.sales")
    with acme.standing.database.transaction() as tx:
        permission_sets.assign(tx, acme.org.id, user.id, acme.approved.id, None)
    return user


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return Asking(make_portal(acme, "Sales Portal"))


def require(app: Asking, action: LevelAction = LevelAction.RAISE) -> None:
    with app.acme.standing.database.transaction() as tx:
        edit_policies(tx, app.acme.admin, EditPolicies(app.portal.app.id, required_level=Level.HIGH, level_action=action, confirmed=True))


def add_factor(acme: Tenant, user: User) -> None:
    with acme.standing.database.transaction() as tx:
        factor = Factor(tx.new_id(Prefix.FACTOR), acme.org.id, user.id, FactorKind.TOTP, "Phone", tx.now, confirmed_at=tx.now)
        assert factors.insert(tx, factor)


def sent_to_step_up(browser: Browser, url: str) -> str:
    """The name under which the request waits while the browser is at the page that asks for another factor."""
    answer = browser.step("GET", url)
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    assert target.path == VERIFY
    return parse_qs(target.query)["interaction"][0]


def step_up(acme: Tenant, browser: Browser) -> None:
    """What comes of showing the factor: the session goes on at the higher level, and under a new value."""
    with acme.standing.database.transaction() as tx:
        session = sessions.by_digest(tx, acme.org.id, secrets.digest(browser.cookies[COOKIE]))
        assert session is not None
        raised = signin_sessions.raise_level(tx, session, methods=("pwd", "otp"))
        assert raised is not None
    browser.cookies[COOKIE] = raised[1]


def go_on(name: str) -> str:
    return f"{CONSENT}?{urlencode({'interaction': name})}"


def claims_of(app: Asking, code: str) -> dict[str, object]:
    answer = app.portal.redeem(code)
    assert answer.status_code == 200, answer.text
    payload = answer.json()["id_token"].split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_std_SU_02_a_user_shows_another_factor_on_the_way_and_the_app_learns_how_sure_it_is(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    before = claims_of(app, app.arrived(browser.open(app.url()))["code"])
    assert (before["acr"], before["amr"]) == (Level.STANDARD.acr, ["pwd"])
    require(app)
    name = sent_to_step_up(browser, app.url())
    step_up(app.acme, browser)
    after = claims_of(app, app.arrived(browser.open(go_on(name)))["code"])
    assert (after["acr"], after["amr"]) == (HIGH, ["pwd", "otp"])
    # The password was not asked for again, so nobody is told that it was (AZ-20).
    assert after["auth_time"] == before["auth_time"]
    assert app.arrived(browser.open(app.url()))["code"]  # from now on this session is enough


def test_X_SE_07_std_SC_06_a_step_up_is_neither_skipped_nor_walked_around(acme: Tenant, ada: User) -> None:
    app = chooser(acme)
    browser = app.signed_in(ada)
    page = browser.open(app.url())
    form = page.forms["consent"]
    require(app)
    # The consent page was open already, and its button is pressed.
    answer = browser.step("POST", CONSENT, {"Content-Type": FORM}, urlencode(form.fields | {"decision": "approve"}).encode())
    assert answer.headers["location"].startswith(f"{VERIFY}?interaction=")
    # The address that comes after the step-up is opened without it; the app's own address is opened again.
    assert sent_to_step_up(browser, go_on(form.fields["interaction"])) == form.fields["interaction"]
    assert sent_to_step_up(browser, app.url()) != form.fields["interaction"]
    assert not any(line.event == "authorize" and line.outcome == "success" for line in acme.history())


def test_X_SE_07_who_cancels_the_step_up_sends_the_app_a_no(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    page = browser.open(app.url(prompt="consent"))
    require(app)
    answer = app.arrived(deny(browser, page))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_the_question_is_asked_after_the_step_up_and_not_before(acme: Tenant, ada: User) -> None:
    app = chooser(acme)
    browser = app.signed_in(ada)
    require(app)
    name = sent_to_step_up(browser, app.url())
    step_up(acme, browser)
    assert app.arrived(approve(browser, browser.open(go_on(name))))["code"]


def test_X_SE_01_after_a_step_up_the_value_before_is_nobody(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    planted = browser.cookies[COOKIE]
    step_up(app.acme, browser)
    thief = app.browser()
    thief.cookies[COOKIE] = planted
    assert "signin" in thief.open(app.url()).forms
    assert app.arrived(browser.open(app.url()))["code"]


def test_std_AZ_18_with_prompt_none_the_app_hears_that_a_page_would_be_needed(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    assert app.arrived(browser.open(app.url(prompt="none")))["code"]
    require(app)
    answer = app.arrived(browser.open(app.url(prompt="none")))
    assert answer["error"] == "interaction_required"
    assert "/level_too_low?receipt=" in answer["error_uri"]
    assert app.acme.last_cause() == "level_too_low"


def test_where_it_is_block_the_app_is_told_no_and_nobody_is_asked(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    require(app, LevelAction.BLOCK)
    answer = app.arrived(browser.open(app.url()))
    assert answer["error"] == "access_denied"
    assert "/level_blocked?receipt=" in answer["error_uri"]
    assert app.acme.last_cause() == "level_blocked"
    step_up(app.acme, browser)
    assert app.arrived(browser.open(app.url()))["code"]


def test_std_AZ_21_SU_01_a_wish_for_a_level_raises_who_has_a_factor_and_stops_nobody_who_has_none(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    without = claims_of(app, app.arrived(browser.open(app.url(acr_values=f"urn:nobody:knows {HIGH}")))["code"])
    assert without["acr"] == Level.STANDARD.acr  # what was reached, and not what was wished for
    add_factor(app.acme, ada)
    silent = claims_of(app, app.arrived(browser.open(app.url(acr_values=HIGH, prompt="none")))["code"])
    assert silent["acr"] == Level.STANDARD.acr
    assert app.arrived(browser.open(app.url(acr_values=f"{Level.STANDARD.acr} {HIGH}")))["code"]
    name = sent_to_step_up(browser, app.url(acr_values=HIGH))
    step_up(app.acme, browser)
    assert claims_of(app, app.arrived(browser.open(go_on(name)))["code"])["acr"] == HIGH


def test_who_may_not_use_the_app_is_told_so_and_shows_no_factor_for_nothing(app: Asking) -> None:
    ben = enrol(app.acme, "ben")
    browser = app.signed_in(ben)
    require(app)
    answer = app.arrived(go_back(browser, app.refused(browser.open(app.url()), "user_not_approved")))
    assert (answer["error"], app.acme.last_cause()) == ("access_denied", "user_not_approved")


def test_who_must_sign_in_anew_does_so_first(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    require(app)
    assert browser.step("GET", app.url(prompt="login")).headers["location"].startswith("/signin?interaction=")


def test_where_the_org_locks_sessions_one_that_turns_up_elsewhere_is_ended(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    with app.acme.standing.database.transaction() as tx:
        edit_org(tx, app.acme.admin, EditOrg(lock_sessions_to_address=True))
    assert app.arrived(browser.open(app.url()))["code"]
    thief = copied(app, browser)
    assert "signin" in thief.open(app.url()).forms
    assert "signin" in browser.open(app.url()).forms  # the user learns of it, and signs in anew


def copied(app: Asking, browser: Browser) -> Browser:
    """Somebody who copied the cookies, elsewhere."""
    thief = app.browser("203.0.113.77")
    thief.cookies |= browser.cookies
    return thief


@pytest.mark.parametrize("document", ["openid-configuration", "oauth-authorization-server"])
def test_std_MD_04_both_documents_list_the_levels_that_there_are(acme: Tenant, document: str) -> None:
    said = acme.door.get(f"{acme.org.issuer}/.well-known/{document}").json()
    assert said["acr_values_supported"] == [Level.STANDARD.acr, HIGH]


def test_where_more_is_demanded_by_now_a_browser_has_no_right_until_its_session_is_raised(acme: Tenant, rival: Tenant) -> None:
    foreign = rival.app("Ledger Sync", open_for_use=False)
    browser = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS)
    assert 'id="install-submit"' in browser.open(link(foreign)).text
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(required_level=Level.HIGH))
    assert 'id="install-submit"' not in browser.open(link(foreign)).text
    assert browser.open("/me").url.endswith("/me")  # the own account is where the factor is set up
    step_up(acme, browser)
    assert 'id="install-submit"' in browser.open(link(foreign)).text


def test_a_locked_session_that_turns_up_elsewhere_sees_no_page_of_the_own_account(app: Asking, ada: User) -> None:
    browser = app.signed_in(ada)
    with app.acme.standing.database.transaction() as tx:
        edit_org(tx, app.acme.admin, EditOrg(lock_sessions_to_address=True))
    assert browser.open("/me").url.endswith("/me")
    assert "signin" in copied(app, browser).open("/me").forms
    assert "signin" in browser.open("/me").forms
