"""The pages on which a user connects a device: what they tell, what they ask, and that nothing but the user's own yes approves."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.door import FORM
from tests.oauth.flows.devices import AGENT, CONNECT, FAR, HERE, Panel, decide, make_panel, member, type_code
from tests.oauth.flows.test_step_up import add_factor, step_up
from tests.oauth.flows.visits import PASSWORD, enrol, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules import device_codes as rules
from gatebridge.rules.events import Event
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lockouts import REPORTS
from gatebridge.rules.people import User
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.revoke import RevokeApp, revoke_app
from gatebridge.storage import audit_trail, outbox
from gatebridge.storage.audit_trail import AuditLine

NO_DEVICE = "No device waits with this code. Let the device show a new one and type that."


@pytest.fixture
def ada(acme: Tenant) -> User:
    return member(acme)


@pytest.fixture
def panel(acme: Tenant) -> Panel:
    return make_panel(acme)


@pytest.fixture
def browser(panel: Panel, ada: User) -> Browser:
    return panel.browser(ada)


def text_of(page: Page) -> str:
    """What a person reads, without the marks."""
    main = page.text.partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def wrong(page: Page) -> bool:
    """The page says the one text, and asks for a code once more."""
    return page.status == 400 and "connect" in page.forms and NO_DEVICE in page.text


def last(acme: Tenant) -> tuple[str, str, str | None]:
    line = acme.history()[-1]
    return line.event, line.outcome, line.reason


def reported(acme: Tenant) -> list[AuditLine]:
    with acme.standing.database.snapshot() as tx:
        return [line for line in audit_trail.page(tx, acme.org.id, limit=100) if line.event == Event.ODD_THING_REPORTED]


def reports(acme: Tenant) -> int:
    return len(reported(acme))


def last_report(acme: Tenant) -> tuple[str, dict[str, Any]]:
    line = reported(acme)[0]
    return line.target_name, {str(each["field"]): each["after"] for each in line.changes}


# --- What the page tells -------------------------------------------------------------------------------------------------------


def test_X_DV_01_std_DV_04_the_page_says_who_asks_for_what_from_where_and_asks_who_wanted_it(acme: Tenant, panel: Panel, ada: User) -> None:
    named = (TypedRange("192.0.2.0/24", "Hamburg office"), TypedRange("198.51.100.0/24", "Lisbon depot"))
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(monitored_ranges=named))
    browser, begun = panel.browser(ada), panel.begin()
    acme.standing.clock.advance(minutes=3)
    page = type_code(browser, begun["user_code"])
    assert page.status == 200
    said = text_of(page)
    for each in (
        *("Wall Panel", acme.org.name, begun["user_code"], FAR, HERE, AGENT, "Hamburg office", "Lisbon depot", "3 min ago"),
        *("Publisher", "Registered here, in your own org", "Installed here by an admin", "First seen here", "Nobody else yet"),
        *("Read and change", "Did somebody ask you to enter this code?", "This device is in another network than you", "Deny", "Approve"),
    ):
        assert each in said, each
    assert 'data-near="no"' in page.text
    assert [form for form in page.forms if form] == ["connect-device"]
    assert page.forms["connect-device"].buttons["decision"] == ["report", "approve"]


def test_a_device_in_the_same_network_is_said_to_be_near(acme: Tenant, ada: User) -> None:
    panel = Panel(make_panel(acme).portal, "192.0.2.77")
    page = type_code(panel.browser(ada), panel.begin()["user_code"])
    assert 'data-near="yes"' in page.text
    assert "same network as the device" in text_of(page)
    assert page.forms["connect-device"].buttons["decision"] == ["deny", "approve"]
    assert ("publisher" in page.forms["connect-device"].fields, 'data-kind="advised"' in page.text) == (False, False)
    assert "in another network than you" not in page.text


def test_X_CO_01_X_CO_05_X_CO_06_what_a_device_and_an_app_say_of_themselves_is_text_and_the_page_cannot_be_framed(
    acme: Tenant, ada: User
) -> None:
    panel = make_panel(acme, "<b>Verified</b> ✔", api_name="Panel")
    answer = panel.app.post("/services/oauth2/device", panel.app.credentials, headers={"User-Agent": "<script>x</script>"}, address=FAR)
    page = type_code(panel.browser(ada), answer.json()["user_code"])
    assert "<bdi>&lt;b&gt;Verified&lt;/b&gt; ✔</bdi>" in page.text
    assert "<bdi>&lt;script&gt;x&lt;/script&gt;</bdi>" in page.text
    assert page.directives["frame-ancestors"] == ["'none'"]
    assert page.directives["form-action"] == ["'self'"]
    assert "script-src" not in page.directives
    assert page.headers["x-frame-options"] == "DENY"


def test_the_user_gets_a_mail_that_says_what_was_connected_and_where_it_is_ended(acme: Tenant, panel: Panel, browser: Browser) -> None:
    decide(browser, type_code(browser, panel.begin()["user_code"]))
    with acme.standing.database.snapshot() as tx:
        (told,) = [
            str(dict(each.payload)) for each in outbox.due(tx, limit=1_000_000) if each.org_id == acme.org.id and each.kind == "mail"
        ]
    assert all(each in told for each in ("A device was connected", "Wall Panel", FAR, f"{acme.org.issuer}/me"))


# --- Who decides ---------------------------------------------------------------------------------------------------------------


def test_std_DV_04_X_DV_02_opening_a_link_with_the_code_approves_nothing(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = browser.open(begun["verification_uri_complete"])
    assert f'value="{begun["user_code"]}"' in page.text
    assert "Does your device show this code?" in page.text
    assert browser.step("HEAD", begun["verification_uri_complete"]).status_code == 200
    assert panel.said(begun["device_code"]) == "authorization_pending"
    question = browser.submit(page, "connect")
    assert (question.status, "connect-device" in question.forms) == (200, True)
    assert browser.step("HEAD", question.url).content == b""
    acme.standing.clock.advance(seconds=5)
    assert panel.said(begun["device_code"]) == "authorization_pending"


def test_X_DV_02_only_the_session_in_which_the_code_was_typed_decides(panel: Panel, ada: User, browser: Browser) -> None:
    begun = panel.begin()
    page, other = type_code(browser, begun["user_code"]), panel.browser(ada)
    assert NO_DEVICE in other.open(page.url).text
    form = page.forms["connect-device"]
    token = other.open(CONNECT).forms["connect"].fields["form_token"]
    taken = other.post(page.url, form.fields | {"form_token": token, "told": "no", "decision": "approve"})
    assert NO_DEVICE in taken.text
    # Who types it there too decides there, and the first session does no longer.
    decided = decide(other, type_code(other, begun["user_code"]), "deny")
    assert 'data-said="denied"' in decided.text
    assert NO_DEVICE in decide(browser, page).text
    assert panel.said(begun["device_code"]) == "access_denied"


@pytest.mark.parametrize("path", ["/connect", "/connect/0DC000000000001AAA"])
def test_X_DV_02_X_CO_02_a_form_of_somebody_else_is_refused(panel: Panel, browser: Browser, path: str) -> None:
    for fields, cross_site in (({"user_code": "x", "decision": "approve"}, False), ({"user_code": "x", "form_token": "0" * 64}, True)):
        page = browser.post(path, fields, cross_site=cross_site)
        assert (page.status, 'data-reason="form_forged"' in page.text) == (403, True)


def test_X_CO_03_a_yes_counts_for_what_was_shown(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun = panel.begin(scope="api openid")
    page = type_code(browser, begun["user_code"])
    with acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(panel.app.id, scopes=("api", "refresh_token")))
    again = decide(browser, page)
    assert (again.status, 'id="changed"' in again.text) == (400, True)
    assert 'data-said="approved"' in decide(browser, again).text
    assert panel.poll(begun["device_code"]).json()["scope"] == "api"


def test_nobody_decides_twice(panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = type_code(browser, begun["user_code"])
    assert 'data-said="denied"' in decide(browser, page, "deny").text
    # Pressed once more, or gone back to, it tells what was decided.
    assert 'data-said="denied"' in decide(browser, page).text
    assert 'data-said="denied"' in browser.open(page.url).text
    assert wrong(type_code(browser, begun["user_code"]))
    assert panel.said(begun["device_code"]) == "access_denied"


def test_who_is_not_signed_in_signs_in_first(panel: Panel, ada: User) -> None:
    stranger = Browser(panel.acme.door, panel.acme.org.issuer)
    for address in ("/connect", "/setup/connect", "/connect?user_code=WDJB-MJHT", "/connect/0DC000000000001AAA"):
        answer = stranger.step("GET", address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin?then=connect")
    # A word leads on, and no address that somebody made up (X-RU-14).
    led = sign_in(stranger, stranger.open("/signin?then=connect"), ada)
    assert (urlsplit(led.url).path, "connect" in led.forms) == ("/connect", True)
    assert urlsplit(stranger.open("/signin?then=//evil.example").url).path == "/me"


# --- What makes a yes doubtful -------------------------------------------------------------------------------------------------


def test_X_DV_01_who_says_that_somebody_asked_for_it_has_refused(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = decide(browser, type_code(browser, begun["user_code"]), told="yes")
    assert 'data-said="asked-for"' in page.text
    assert "how strangers get into accounts" in page.text
    assert 'href="/help/reasons/device_asked_for"' in page.text
    assert last(acme) == ("device_denied", "refused", "device_asked_for")
    assert panel.said(begun["device_code"]) == "access_denied"


@pytest.mark.parametrize(
    ("parameters", "said", "problem"),
    [
        ({}, {"told": "perhaps"}, "told"),
        ({"match_number": "true"}, {}, "number"),
    ],
)
def test_what_was_not_answered_is_asked_again_and_decides_nothing(
    panel: Panel, browser: Browser, parameters: dict[str, str], said: dict[str, str], problem: str
) -> None:
    begun = panel.begin(**parameters)
    page = decide(browser, type_code(browser, begun["user_code"]), **said)
    assert (page.status, f'id="{problem}-problem"' in page.text) == (400, True)
    assert panel.said(begun["device_code"]) == "authorization_pending"
    assert begun["user_code"] in page.text
    right = decide(browser, page, number=begun.get("match_number", ""))
    assert 'data-said="approved"' in right.text


def test_X_DV_01_a_device_elsewhere_takes_the_publishers_name_typed_out(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = type_code(browser, begun["user_code"])
    for typed in ("Wall Panel", " "):
        page = decide(browser, page, publisher=typed)
        assert (page.status, 'id="publisher-problem"' in page.text) == (400, True)
    form = page.forms["connect-device"]
    left_out = {name: value for name, value in form.fields.items() if name != "publisher"}
    page = browser.post(page.url, left_out | {"told": "no", "decision": "approve"})
    assert 'id="publisher-problem"' in page.text
    assert panel.said(begun["device_code"]) == "authorization_pending"
    assert 'data-said="approved"' in decide(browser, page, publisher=f" {acme.org.name.upper()} ").text


def test_X_DV_01_a_device_elsewhere_takes_a_sign_in_newer_than_its_question_and_its_code_again(
    acme: Tenant, panel: Panel, browser: Browser
) -> None:
    acme.standing.clock.advance(seconds=1)
    begun = panel.begin(match_number="true")
    page = type_code(browser, begun["user_code"])
    assert ('data-lack="sign_in"' in page.text, 'name="number"' in page.text, 'name="publisher"' in page.text) == (True, False, False)
    proving = browser.post(
        page.url, page.forms["connect-device"].fields | {"told": "no", "decision": "approve", "publisher": acme.org.name}
    )
    assert urlsplit(proving.url).path == "/me/security/prove"
    led = browser.submit(proving, "password-form", password=PASSWORD)
    assert (urlsplit(led.url).path, "connect" in led.forms) == ("/connect", True)
    assert NO_DEVICE in browser.open(page.url).text
    assert panel.said(begun["device_code"]) == "authorization_pending"
    asked = type_code(browser, begun["user_code"])
    assert 'data-said="approved"' in decide(browser, asked, number=begun["match_number"]).text
    assert acme.history()[-1].receipt["request"]["warned"] == "elsewhere"


def test_X_DV_01_deny_and_report_refuses_the_device_and_tells_the_admins(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = type_code(browser, begun["user_code"])
    done = decide(browser, page, "report", told="")
    assert 'data-said="reported"' in done.text
    assert panel.said(begun["device_code"]) == "access_denied"
    assert last_report(acme) == ("Wall Panel", {"reported_by": "Ada.of.sales Example", "device_address": FAR})
    # Pressed once more it reports nothing more, and a device that somebody approved is none to be refused.
    decide(browser, page, "report")
    assert reports(acme) == 1


def test_X_DV_01_who_says_no_and_that_somebody_asked_for_it_is_recorded_so(acme: Tenant, panel: Panel, browser: Browser) -> None:
    for decision in ("deny", "report"):
        page = decide(browser, type_code(browser, panel.begin()["user_code"]), decision, told="yes")
        assert 'data-said="asked-for"' in page.text
        assert last(acme) == ("device_denied", "refused", "device_asked_for")
    assert reports(acme) == 1


def test_a_refusal_stands_when_more_was_reported_than_is_taken(acme: Tenant, panel: Panel, browser: Browser) -> None:
    for _ in range(REPORTS.most):
        decide(browser, type_code(browser, panel.begin()["user_code"]), "report")
    begun = panel.begin()
    page = decide(browser, type_code(browser, begun["user_code"]), "report")
    assert ('data-said="denied"' in page.text, panel.said(begun["device_code"])) == (True, "access_denied")
    assert reports(acme) == REPORTS.most


@pytest.mark.parametrize("picked", ["other", "none"])
def test_a_wrong_number_refuses_the_device_at_once(acme: Tenant, panel: Panel, browser: Browser, picked: str) -> None:
    begun = panel.begin(match_number="true")
    page = type_code(browser, begun["user_code"])
    offered = re.findall(r'name="number" value="(\d\d)"', page.text)
    assert len(set(offered)) == 3
    assert begun["match_number"] in offered
    assert offered == re.findall(r'name="number" value="(\d\d)"', browser.open(page.url).text)
    other = next(number for number in offered if number != begun["match_number"])
    refused = decide(browser, page, number=other if picked == "other" else "none")
    assert 'data-said="number"' in refused.text
    assert last(acme) == ("device_denied", "refused", "device_number_wrong")
    assert panel.said(begun["device_code"]) == "access_denied"


def test_a_code_that_a_link_brought_is_typed_once_more_from_the_device(panel: Panel, browser: Browser) -> None:
    begun = panel.begin()
    page = browser.submit(browser.open(begun["verification_uri_complete"]), "connect")
    assert (begun["user_code"] in page.text, begun["user_code"] in page.url) == (False, False)
    missing = decide(browser, page)
    assert 'id="user_code-problem"' in missing.text
    mistyped = decide(browser, missing, user_code="BBBB-BBBB")
    assert 'id="user_code-problem"' in mistyped.text
    assert 'data-said="approved"' in decide(browser, mistyped, user_code=begun["user_code"].lower()).text
    assert panel.said(begun["device_code"]) == "yes"


def test_a_code_from_a_link_that_cannot_be_typed_refuses_the_device(acme: Tenant, panel: Panel, browser: Browser) -> None:
    begun, other = panel.begin(), panel.begin()
    page = browser.submit(browser.open(begun["verification_uri_complete"]), "connect")
    for typed in ("BBBB-BBBB", "nonsense", other["user_code"]):
        page = decide(browser, page, user_code=typed)
    assert 'data-said="code"' in page.text
    assert last(acme) == ("device_denied", "refused", "device_code_retyped_wrong")
    assert panel.said(begun["device_code"]) == "access_denied"


def test_a_code_that_was_typed_over_the_one_of_a_link_counts_as_typed(panel: Panel, browser: Browser) -> None:
    linked, own = panel.begin(), panel.begin()
    page = browser.submit(browser.open(linked["verification_uri_complete"]), "connect", user_code=own["user_code"])
    assert 'data-confirm="typed"' in page.text
    numbered = panel.begin(match_number="true")
    page = browser.submit(browser.open(numbered["verification_uri_complete"]), "connect")
    assert 'data-confirm="number"' in page.text


# --- Wrong codes ---------------------------------------------------------------------------------------------------------------


def test_X_DV_03_wrong_used_and_expired_codes_are_one_text_and_the_history_names_the_cause(
    acme: Tenant, panel: Panel, browser: Browser
) -> None:
    used, old, ended = panel.begin(), panel.begin(), panel.begin()
    decide(browser, type_code(browser, used["user_code"]), "deny")
    found: list[tuple[bool, str | None]] = []

    def tried(code: str) -> None:
        found.append((wrong(type_code(browser, code)), acme.last_cause()))

    tried("BBBB-BBBB")
    tried(used["user_code"])
    with acme.standing.database.transaction() as tx:
        revoke_app(tx, acme.admin, RevokeApp(panel.app.id, "It is a drill."))
    tried(ended["user_code"])
    acme.standing.clock.advance(minutes=10)
    tried(old["user_code"])
    assert found == [(True, f"user_code_{cause}") for cause in ("unknown", "decided", "ended", "expired")]
    line = acme.history()[-1]
    assert (line.event, line.user_id is not None, line.address) == ("device_code", True, HERE)
    assert old["user_code"] not in str(tuple(line))


def test_X_DV_03_after_five_wrong_codes_not_even_the_right_one_counts_in_this_session(
    acme: Tenant, panel: Panel, ada: User, browser: Browser
) -> None:
    begun = panel.begin()
    assert all(wrong(type_code(browser, "BBBB-BBBB")) for _ in range(5))
    assert wrong(type_code(browser, begun["user_code"]))
    assert acme.last_cause() == "user_codes_locked"
    # Nobody else is held up by it, nor the same user elsewhere.
    assert "connect-device" in type_code(panel.browser(ada), begun["user_code"]).forms
    acme.standing.clock.advance(minutes=16)
    assert "connect-device" in type_code(browser, panel.begin()["user_code"]).forms


@pytest.mark.parametrize("limit", ["MOST_WRONG_OF_USER", "MOST_WRONG_IN_NETWORK", "MOST_WRONG_IN_ORG"])
def test_std_DV_03_X_DV_03_guesses_are_counted_beyond_the_session(
    acme: Tenant, panel: Panel, ada: User, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(rules, limit, 3)
    begun, first = panel.begin(), panel.browser(ada)
    assert all(wrong(type_code(first, "BBBB-BBBB")) for _ in range(3))
    same_user, same_place, elsewhere = (
        panel.browser(ada, "203.0.113.5"),
        panel.browser(member(acme, "bob")),
        panel.browser(member(acme, "eve"), "203.0.113.6"),
    )
    held_up = [wrong(type_code(each, begun["user_code"])) for each in (same_user, same_place, elsewhere)]
    assert held_up == [limit != "MOST_WRONG_IN_NETWORK", limit != "MOST_WRONG_OF_USER", limit == "MOST_WRONG_IN_ORG"]


def test_an_empty_form_is_no_guess(acme: Tenant, panel: Panel, browser: Browser) -> None:
    lines = len(acme.history())
    page = type_code(browser, "")
    assert (page.status, "Type the code that your device shows." in page.text) == (400, True)
    assert len(acme.history()) == lines


# --- Who may -------------------------------------------------------------------------------------------------------------------


def test_X_DV_06_whom_the_admin_has_not_let_in_cannot_approve_and_may_ask_to(acme: Tenant, panel: Panel) -> None:
    browser, begun = panel.browser(enrol(acme, "mallory")), panel.begin()
    page = type_code(browser, begun["user_code"])
    assert (page.status, 'data-reason="user_not_approved"' in page.text, "ask-access" in page.forms) == (400, True, True)
    assert last(acme) == ("device_approved", "refused", "user_not_approved")
    assert panel.said(begun["device_code"]) == "authorization_pending"
    asked = browser.submit(page, "ask-access", words="For the stock count.")
    assert "Your request waits." in asked.text


def test_a_level_that_is_asked_for_is_shown_first_and_then_the_question_waits(acme: Tenant, panel: Panel, ada: User) -> None:
    begun, browser = panel.begin(), panel.browser(ada)
    add_factor(acme, ada)
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(panel.app.id, required_level=Level.HIGH, level_action=LevelAction.RAISE, confirmed=True))
    form = browser.open(CONNECT).forms["connect"].fields | {"user_code": begun["user_code"]}
    answer = _sent(browser, CONNECT, form)
    led = browser.step("GET", answer.headers["location"])
    assert (led.status_code, led.headers["location"]) == (303, "/signin/verify?then=connect")
    step_up(acme, browser)
    page = browser.open(answer.headers["location"])
    assert 'data-said="approved"' in decide(browser, page).text
    assert panel.said(begun["device_code"]) == "yes"


def _sent(browser: Browser, path: str, fields: dict[str, str]) -> Any:
    headers = {"Content-Type": FORM, "Origin": browser.issuer, "Sec-Fetch-Site": "same-origin"}
    return browser.step("POST", path, headers, urlencode(fields).encode())


def test_the_last_page_says_nothing_that_a_link_could_make_it_say(panel: Panel, browser: Browser) -> None:
    for said, shown in (("approved", "approved"), ("number", "number"), ("<b>", "denied"), ("", "denied")):
        assert f'data-said="{shown}"' in browser.open(f"/connect/done?said={said}").text
