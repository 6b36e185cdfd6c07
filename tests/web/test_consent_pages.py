"""The consent page and its neighbours as they are sent: what they show, what they forbid, and what they do not do (X-CO-01 to X-CO-06)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import house, loop  # noqa: F401 - the house of the protocol's stories
from tests.oauth.flows.portal import CALLBACK, PUBLIC
from tests.oauth.flows.visits import AUTHORIZE, CONSENT, PASSWORD, SIGN_IN, Asking, approve, chooser, deny, enrol, publisher_on, sign_in
from tests.oauth.houses import Standing
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.ids import Prefix
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.people import PermissionSet
from gatebridge.rules.permissions import Permission
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.use_uninstalled import UseUninstalled, use_uninstalled
from gatebridge.storage import orgs, permission_sets

SUCCESS = "/services/oauth2/success"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def org(house: Standing) -> Tenant:  # noqa: F811 - the fixture
    """An org of this test's own."""
    return make_tenant(house)


@pytest.fixture
def rival(house: Standing) -> Tenant:  # noqa: F811 - the fixture
    """A second org in the same installation."""
    return make_tenant(house)


def text_of(page: Page) -> str:
    """What a reader reads, with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def scopes_of(page: Page) -> list[tuple[str, str]]:
    return re.findall(r'data-weight="(\w+)" data-scope="([^"]+)"', page.text)


def question(app: Asking, **changed: str | None) -> tuple[Browser, Page]:
    browser = app.signed_in(enrol(app.acme, f"reader{len(app.acme.history())}"))
    return browser, browser.open(app.url(**changed))


def test_X_CO_08_the_page_says_who_asks_for_what_for_how_long_and_where_it_goes(org: Tenant) -> None:
    app = chooser(org, scopes=("api", "id", "openid", "refresh_token", "full"), full_scope_reason="It prints everything.")
    org.standing.clock.advance(days=3)
    _, page = question(app)
    read = text_of(page)
    assert "Photo Printer asks to act as you in" in read
    assert f"Publisher {org.org.name} Registered here, in your own org" in read
    assert "3 days ago" in read
    assert "Used by Nobody else yet" in read
    assert [name for _, name in scopes_of(page)] == ["full", "refresh_token", "api", "openid", "id"]
    assert [weight for weight, _ in scopes_of(page)] == ["heavy", "heavy", "medium", "light", "light"]
    assert "Do everything that you can do, with all your data" in read
    assert "Until it has been idle for 30 days at the latest" in read
    assert "https:// portal. example" in read
    assert "Reader" in read
    assert '<a href="/signin?interaction=gbx_' in page.text


def test_it_counts_the_colleagues_who_have_approved_it(org: Tenant) -> None:
    app = chooser(org)
    for name, said in (("ben", "Nobody else yet"), ("cleo", "1 colleague"), ("dan", "2 colleagues")):
        browser = app.signed_in(enrol(org, name))
        page = browser.open(app.url())
        assert f"Used by {said}" in text_of(page)
        assert app.portal.redeem(app.arrived(approve(browser, page))["code"]).status_code == 200


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ((RefreshPolicy("idle", 7, "days"),), "Until it has been idle for 7 days at the latest"),
        ((RefreshPolicy("absolute", 1, "hours"),), "For 1 hour Goes back to"),
        ((RefreshPolicy("immediately"),), "2 hours; then it has to send you here again"),
    ],
)
def test_how_long_it_lasts_is_what_the_policies_say(org: Tenant, policies: tuple[RefreshPolicy, ...], words: str) -> None:
    app = chooser(org)
    app.portal.policies(refresh_policies=policies)
    assert words in text_of(question(app)[1])


def test_without_refresh_tokens_it_lasts_as_long_as_an_access_token(org: Tenant) -> None:
    app = chooser(org)
    app.portal.policies(access_token_minutes=45)
    assert "45 minutes; then it has to send you here again" in text_of(question(app, scope="api")[1])


def test_two_names_of_one_scope_are_one_sentence_and_an_orgs_own_scope_has_its_own(org: Tenant) -> None:
    with org.standing.database.transaction() as tx:
        own = (("invoices", "See <b>invoices</b> & pay them"), ("silent", ""))
        assert orgs.update(tx, replace(org.org, settings=replace(org.org.settings, custom_scopes=own)))
    app = chooser(org, scopes=("refresh_token", "offline_access", "invoices", "silent", "id"))
    _, page = question(app)
    assert scopes_of(page) == [("heavy", "refresh_token"), ("medium", "invoices"), ("medium", "silent"), ("light", "id")]
    assert "See &lt;b&gt;invoices&lt;/b&gt; &amp; pay them" in page.text


def test_it_says_that_an_old_approval_ends_where_the_limit_is_reached(org: Tenant) -> None:
    app, ben = chooser(org), enrol(org, "ben")
    app.portal.policies(max_grants_per_user=2)
    browser = app.signed_in(ben)
    for _ in range(2):
        page = browser.open(app.url(prompt="consent"))
        assert "stops working" not in page.text
        app.portal.redeem(app.arrived(approve(browser, page))["code"])
    assert "You have 2 of this app" in text_of(browser.open(app.url(prompt="consent")))


def test_an_app_of_another_org_is_shown_with_its_publisher(org: Tenant, rival: Tenant) -> None:
    foreign = chooser(rival, "Ledger Viewer")
    with org.standing.database.transaction() as tx:
        installed = install_app(tx, org.admin, InstallApp(foreign.portal.app.consumer_key))
        edit_policies(tx, org.admin, EditPolicies(foreign.portal.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
    assert installed is not None
    app = Asking(replace(foreign.portal, acme=org))
    read = text_of(question(app)[1])
    assert f"Publisher {rival.org.name} Another org, verified by {org.org.name} : an admin installed it" in read


def test_approve_and_deny_are_equal_but_where_a_look_alike_asks(org: Tenant) -> None:
    _, page = question(chooser(org, "Data Loader"))
    buttons = re.findall(r"<button class=\"button\" id=\"(\w+)\" name=\"decision\" value=\"(\w+)\">", page.text)
    assert buttons == [("deny", "deny"), ("approve", "approve")]
    _, page = question(chooser(org, "Data L0ader", api_name="Forged"))
    assert 'id="deny" name="decision" value="deny" data-kind="advised" formnovalidate>' in page.text
    assert re.findall(r'id="approve"[^>]*>', page.text) == ['id="approve" name="decision" value="approve" aria-describedby="hurdle">']


@pytest.mark.parametrize("label", ["Data-Loader", "DATA LOADER", "Data L\u00f6ader", "Data L0ader"])
def test_X_CO_05_a_name_that_looks_like_an_older_apps_is_warned_of(org: Tenant, label: str) -> None:
    older = chooser(org, "Data Loader", api_name="First")
    org.standing.clock.advance(minutes=1)
    _, page = question(chooser(org, label, api_name="Second"))
    assert 'data-warning="twin"' in page.text
    assert 'role="alert"' in page.text
    read = text_of(page)
    assert f"This is not the Data Loader that {org.org.name} has used so far" in read
    assert "Asks now Here before" in read
    assert f"<bdi>{label}</bdi>" == re.sub(
        r'<mark data-kind="missing">.*?</mark>|</?mark>', "", re.findall(r"Name</th><td>(<bdi>.*?</bdi>)", page.text)[0]
    )
    assert "<mark>" in page.text
    _, page = question(older)  # the one that was here first is in order
    assert "data-warning" not in page.text


@pytest.mark.parametrize(
    ("callback", "warning"),
    [
        (CALLBACK, ""),
        ("http://127.0.0.1/done", "loopback"),
        ("http://localhost:7171/done", "loopback"),
        ("com.example.app:/done", "scheme"),
    ],
)
def test_an_answer_to_this_device_is_warned_of(org: Tenant, callback: str, warning: str) -> None:
    app = chooser(org, native=True, auth_methods=PUBLIC, callbacks=(callback,))
    _, page = question(app, scope="api")
    assert re.findall(r'data-warning="(\w+)"', page.text) == ([warning] if warning else [])
    assert ("Have you started" in page.text) is bool(warning)


# --- A page that warns ---------------------------------------------------------------------------------------------------------


def look_alike(org: Tenant) -> Asking:
    """An app whose name is almost that of one which was here before."""
    chooser(org, "Data Loader", api_name="First")
    org.standing.clock.advance(minutes=1)
    return chooser(org, "Data-Loader", api_name="Second")


def approvals(org: Tenant) -> int:
    return sum(line.event == "authorize" and line.outcome == "success" for line in org.history())


def test_X_CO_05_a_warned_yes_takes_a_sign_in_newer_than_the_question_and_then_the_publishers_name(org: Tenant) -> None:
    app, ben = look_alike(org), enrol(org, "ben")
    browser = app.signed_in(ben)
    org.standing.clock.advance(seconds=1)
    page = browser.open(app.url())
    assert ('data-lack="sign_in"' in page.text, "publisher" in page.forms["consent"].fields) == (True, False)
    # Whatever is typed before it, the sign-in comes first.
    proving = browser.post(CONSENT, page.forms["consent"].fields | {"decision": "approve", "publisher": org.org.name})
    assert "/me/security/prove?interaction=" in proving.url
    assert "So that nobody lets <bdi>Data-Loader</bdi> in" in proving.text
    assert proving.directives["form-action"] == ["'self'", "https://portal.example"]
    org.standing.clock.advance(seconds=30)
    asked = browser.submit(proving, "password-form", password=PASSWORD)
    assert ('data-lack="publisher"' in asked.text, asked.forms["consent"].fields["publisher"]) == (True, "")
    for typed in ("", "Data-Loader", f"{org.org.name} Ltd"):
        again = browser.submit(asked, "consent", decision="approve", publisher=typed)
        assert (again.status, 'id="publisher-problem"' in again.text) == (400, True)
        assert again.forms["consent"].fields["publisher"] == typed
    assert approvals(org) == 0
    assert app.portal.redeem(app.arrived(approve(browser, again))["code"]).status_code == 200
    assert [line.receipt["request"].get("warned") for line in org.history() if line.event == "authorize"] == ["twin"]


def test_X_CO_05_a_warned_yes_without_its_fields_decides_nothing_and_a_no_takes_one_click(org: Tenant) -> None:
    app = look_alike(org)
    browser, page = question(app)
    fields = {name: value for name, value in page.forms["consent"].fields.items() if name != "publisher"}
    again = browser.post(CONSENT, fields | {"decision": "approve"})
    assert ("consent" in again.forms, approvals(org)) == (True, 0)
    assert app.arrived(deny(browser, page))["error"] == "access_denied"


def test_X_CO_05_an_app_that_nobody_vouches_for_is_a_stranger_for_a_day(org: Tenant, rival: Tenant) -> None:
    foreign = chooser(rival, "Ledger Viewer")
    pilot = enrol(org, "pilot")
    with org.standing.database.transaction() as tx:
        rights = frozenset({Permission.API_ENABLED, Permission.APPROVE_UNINSTALLED_CONNECTED_APPS})
        actor = replace(org.admin, user_id=pilot.id, name=pilot.username, permissions=rights)
        holders = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), org.org.id, "Pilots", "Pilots", "", rights, tx.now)
        assert permission_sets.insert(tx, holders)
        permission_sets.assign(tx, org.org.id, pilot.id, holders.id, None)
        use_uninstalled(tx, actor, UseUninstalled(foreign.portal.app.consumer_key))
    app = Asking(replace(foreign.portal, acme=org))
    browser = app.signed_in(pilot)
    page = browser.open(app.url())
    assert re.findall(r'data-warning="(\w+)"', page.text) == ["stranger"]
    assert f"Nobody at {org.org.name} vouches for Ledger Viewer" in text_of(page)
    assert 'value="deny" data-kind="advised" formnovalidate' in page.text
    assert publisher_on(page, "consent") == {"publisher": rival.org.name}
    org.standing.clock.advance(days=1)
    browser = app.signed_in(pilot)
    later = browser.open(app.url())
    assert ("data-warning" in later.text, 'id="unverified"' in later.text) == (False, True)
    app.arrived(approve(browser, later))


OUR_SCRIPT = re.compile(r'<script type="module" src="/static/(?:passkeys|form-post)\.js"></script>')
NAMES = ["<script>alert(1)</script>", "Verified ✓ by Acme", "\u05d0\u05e4\u05dc\u05d9\u05e7\u05e6\u05d9\u05d4", "{{ 7 * 7 }}", "A" * 80]


@pytest.mark.parametrize("label", NAMES)
def test_X_CO_06_X_XS_01_std_SC_11_a_name_is_plain_text_in_a_box_of_its_own_on_every_page(org: Tenant, label: str) -> None:
    from markupsafe import escape

    app = chooser(org, label, api_name="Named")
    browser = app.browser()
    page = browser.open(app.url())
    for each in (page, sign_in(browser, page, enrol(org, "ben"))):
        shown = str(escape(label))
        places = each.text.count(shown)
        assert places
        inside = len(re.findall(rf"<bdi[^>]*>{re.escape(shown)}</bdi>", each.text))
        in_title = len(re.findall(rf"<title>[^<]*{re.escape(shown)}", each.text))
        assert inside + in_title == places
        assert all(OUR_SCRIPT.fullmatch(found) for found in re.findall(r"<script.*", each.text))


def all_pages(org: Tenant) -> Iterator[tuple[str, httpx.Response]]:
    """Every page between an app and its answer, each in the browser of somebody who has signed in."""
    app = chooser(org, "Pages")
    browser = app.signed_in(enrol(org, "walker"))

    def get(url: str) -> httpx.Response:
        return browser.step("GET", url)

    asked = browser.open(app.url())
    yield "sign in", get(SIGN_IN + "?" + asked.url.partition("?")[2])
    yield "consent", get(asked.url)
    yield "refused", get(app.url(redirect_uri="https://evil.example/"))
    yield "unknown", get(f"{CONSENT}?interaction=gbx_x")
    yield "form_post", get(app.url(response_mode="form_post", scope="nonsense"))
    yield "success", get(f"{SUCCESS}?code=x")
    yield "redirect", get(app.url(scope="nonsense"))
    yield "waits", get(app.url())


def test_X_CO_01_X_RU_18_std_AZ_28_AZ_31_no_page_can_be_framed_or_tells_where_one_came_from(org: Tenant) -> None:
    for name, answer in all_pages(org):
        assert answer.headers["x-frame-options"] == "DENY", name
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], name
        assert answer.headers["referrer-policy"] == "no-referrer", name
        assert answer.headers["cache-control"] == "no-store", name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        assert "access-control-allow-origin" not in answer.headers, name
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text), name
        assert all(OUR_SCRIPT.fullmatch(each) for each in re.findall(r"<script.*", answer.text)), name
        assert ("<script" in answer.text) is (name in ("form_post", "sign in")), name
        assert "style=" not in answer.text, name
        assert " on" not in "".join(re.findall(r"<[^>]+>", answer.text)).replace(" one", ""), name


def test_std_G_11_authorize_answers_no_other_origin(org: Tenant) -> None:
    app = chooser(org)
    for origin in ("https://portal.example", "null"):
        answer = app.browser().step("GET", app.url(), {"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        preflight = app.browser().step("OPTIONS", AUTHORIZE, {"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert "access-control-allow-origin" not in preflight.headers


def test_std_AZ_28_the_policy_names_where_the_form_leads_and_nothing_more(org: Tenant) -> None:
    app = chooser(org)
    browser, page = question(app)
    assert page.directives["form-action"] == ["'self'", "https://portal.example"]
    assert "script-src" not in page.directives
    signing_in = app.browser().open(app.url())
    assert signing_in.directives["form-action"] == ["'self'", "https://portal.example"]
    assert browser.open(SUCCESS).directives["form-action"] == ["'self'"]


@pytest.mark.parametrize("path", [AUTHORIZE, CONSENT, SUCCESS])
def test_X_CO_02_a_head_changes_nothing(org: Tenant, path: str) -> None:
    app, ben = chooser(org), enrol(org, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url()))
    lines = len(org.history())
    waits = browser.open(app.url(prompt="consent")).url.partition("?")[2]
    query = {AUTHORIZE: app.url().partition("?")[2], CONSENT: waits, SUCCESS: "code=x"}[path]
    answer = browser.step("HEAD", f"{path}?{query}")
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert len(org.history()) == lines
    assert "consent" in browser.open(f"{CONSENT}?{waits}").forms


@pytest.mark.parametrize("headers", [{"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "POST"}])
def test_X_CO_02_a_get_decides_nothing(org: Tenant, headers: dict[str, str]) -> None:
    app = chooser(org)
    browser, page = question(app)
    fields = page.forms["consent"].fields | {"decision": "approve", "_method": "POST"}
    assert "consent" in browser.open(f"{CONSENT}?{urlencode(fields)}", headers).forms


def forged(fields: dict[str, str], how: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and headers of a decision that did not come from our page."""
    changed = dict(fields)
    headers: dict[str, str] = {"Origin": "https://org.example"}
    if how == "no token":
        changed.pop("form_token")
    elif how == "another token":
        changed["form_token"] = "0" * 64
    elif how == "another origin":
        headers = {"Origin": "https://evil.example"}
    elif how == "another site":
        headers = {"Sec-Fetch-Site": "cross-site"}
    return changed, headers


@pytest.mark.parametrize("how", ["no token", "another token", "another origin", "another site", "another browsers token"])
def test_X_CO_02_std_AZ_29_a_decision_comes_from_our_own_page_in_this_browser(org: Tenant, how: str) -> None:
    app = chooser(org)
    browser, page = question(app)
    fields, headers = forged(page.forms["consent"].fields | {"decision": "approve"}, how)
    if headers.get("Origin") == "https://org.example":
        headers = {"Origin": app.issuer}
    if how == "another browsers token":
        _, other = question(app)
        fields["form_token"] = other.forms["consent"].fields["form_token"]
    answer = browser.step("POST", CONSENT, FORM | headers, urlencode(fields).encode())
    assert (answer.status_code, 'data-reason="form_forged"' in answer.text) == (403, True)
    assert "consent" in browser.open(page.url).forms  # the question waits as before


@pytest.mark.parametrize("decision", ["", "APPROVE", "yes", "approve deny"])
def test_what_is_no_decision_asks_once_more(org: Tenant, decision: str) -> None:
    app = chooser(org)
    browser, page = question(app)
    again = browser.post(CONSENT, page.forms["consent"].fields | {"decision": decision})
    assert "consent" in again.forms


def test_the_page_that_refuses_tells_a_stranger_less_than_a_user_and_nobody_what_is_registered(org: Tenant) -> None:
    app = chooser(org)
    browser = app.signed_in(enrol(org, "ben"))
    told = {}
    for who, at in (("stranger", app.browser()), ("user", browser)):
        page = at.open(app.url(client_id="gbk_nobody"))
        told[who] = re.findall(r'data-reason="(\w+)"', page.text)
        assert f"gatebridge receipt {page.headers['x-gatebridge-receipt']}" in page.text
        assert org.history()[-1].reason == "client_unknown"
        page = at.open(app.url(redirect_uri="https://portal.example/callbak"))
        assert "callback_not_registered" in page.text
        assert CALLBACK not in page.text
        assert "callbak" not in page.text
    assert told == {"stranger": ["client_authentication_failed"], "user": ["client_unknown"]}


def test_the_success_page_repeats_nothing(org: Tenant) -> None:
    browser = chooser(org).browser()
    page = browser.open(f"{SUCCESS}?code=gbc_secret&state=<b>x")
    assert "goes on from here" in page.text
    assert "gbc_secret" not in page.text
    assert "<b>x" not in page.text
    assert "got no access" in browser.open(f"{SUCCESS}?error=access_denied").text
    posted = browser.post(SUCCESS, {"code": "gbc_secret", "iss": browser.issuer})  # where the app asked for form_post
    assert (posted.status, "gbc_secret" in posted.text) == (200, False)


def test_a_fault_is_a_page_for_a_browser(org: Tenant) -> None:
    answer = chooser(org).browser().step("GET", f"{AUTHORIZE}?{'x' * 20_000}")
    assert answer.status_code == 431
    assert answer.headers["content-type"].startswith("text/html")


def test_no_password_or_value_of_a_cookie_stands_in_a_page(org: Tenant) -> None:
    app = chooser(org)
    browser, page = question(app)
    for value in (*browser.cookies.values(), PASSWORD):
        assert value not in page.text
