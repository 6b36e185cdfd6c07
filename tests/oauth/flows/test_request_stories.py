"""The request queue as people live through it: refused, asked, decided, let in, and out again when the time is over."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.client_keys import client_key
from tests.oauth.flows.portal import CALLBACK, FLOWS, PUBLIC, SCOPES, Portal, make_portal
from tests.oauth.flows.visits import Asking, approve, enrol
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import PermissionSet, User
from gatebridge.rules.permissions import Permission
from gatebridge.setup.access_requests import (
    ApproveOnce,
    ApproveRequest,
    BlockRequest,
    RefuseRequest,
    approve_once,
    approve_request,
    block_request,
    refuse_request,
)
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.storage import access_requests, outbox, permission_sets
from gatebridge.storage.access_requests import ListedRequest

WORDS = "I close the books at month's end."
NOT_LET_IN = ("user_not_approved", "approval_expired")  # a page of ours tells the user which; the app hears the first for both


def at(tenant: Tenant, client: Client) -> Client:
    """The same app, calling this org, which knows nothing of it."""
    return Client(client.door, tenant.org.issuer, client.id, client.installation_id, client.consumer_key, client.secret, client.key)


def asking_at(tenant: Tenant, client: Client) -> Asking:
    """The same app, sending browsers to this org."""
    here = at(tenant, client)
    return Asking(Portal(tenant, here, tenant.runner, guard=here, credentials=here.credentials))


def queue(tenant: Tenant, state: RequestState | None = RequestState.OPEN) -> list[ListedRequest]:
    with tenant.standing.database.snapshot() as tx:
        return access_requests.page(tx, tenant.org.id, limit=50, state=state)


def decide(tenant: Tenant, verb, command: object) -> ListedRequest:  # type: ignore[no-untyped-def]
    with tenant.standing.database.transaction() as tx:
        decided: ListedRequest = verb(tx, tenant.admin, command)
    return decided


def last_mail(tenant: Tenant, user: User) -> str:
    """What the newest mail to this user says."""
    with tenant.standing.database.snapshot() as tx:
        waiting = outbox.due(tx, limit=100_000)  # of every org in the house
    return str([each.payload["text"] for each in waiting if each.org_id == tenant.org.id and each.payload.get("to") == user.email][-1])


@pytest.fixture
def foreign(rival: Tenant) -> Client:
    """An app of another org, for people and for itself."""
    flows = FLOWS | {Flow.CLIENT_CREDENTIALS}
    return rival.app("Ledger Sync", flows=flows, scopes=SCOPES, callbacks=(CALLBACK,), open_for_use=False)


# --- What lands in the queue, and who hears what ---------------------------------------------------------------------------------


def test_a_user_who_comes_with_an_app_that_is_not_installed_is_told_and_stands_in_the_queue(acme: Tenant, foreign: Client) -> None:
    app, ben = asking_at(acme, foreign), enrol(acme, "ben")
    browser = app.signed_in(ben)
    for _ in range(3):
        app.refused(browser.open(app.url(scope="api")), "app_not_installed")
    (found,) = queue(acme)
    assert (found.app, found.publisher, found.user) == ("Ledger Sync", foreign.issuer.removeprefix("https://"), "Ben Example")
    assert (found.request.kind, found.request.count, found.request.scopes) == (RequestKind.APP, 3, ("api",))
    assert (found.request.flow, found.request.address) == ("web_server", "192.0.2.10")
    assert acme.last_cause() == "app_not_installed"


def test_a_client_that_proves_itself_hears_that_it_is_not_installed_and_stands_in_the_queue(acme: Tenant, foreign: Client) -> None:
    here = at(acme, foreign)
    answers = [here.token(scope="api") for _ in range(2)]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(400, "unauthorized_client")}
    assert {acme.true_cause(answer) for answer in answers} == {"app_not_installed"}
    (found,) = queue(acme)
    assert (found.request.user_id, found.request.count, found.request.flow) == (None, 2, "client_credentials")


def test_a_client_that_signs_hears_it_too_and_names_nobody_in_our_history(acme: Tenant, rival: Tenant) -> None:
    key = client_key(clock=acme.standing.clock)
    app = rival.app("Robot", key=key, flows=frozenset({Flow.JWT_BEARER, Flow.CLIENT_CREDENTIALS}), open_for_use=False)
    here = at(acme, app)
    assert here.token().json()["error"] == "unauthorized_client"
    claims = {"iss": app.consumer_key, "sub": acme.runner.username, "aud": acme.org.issuer, "jti": "one", "exp": _in_a_minute(acme)}
    asserted = here.ask({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": key.sign(claims)})
    assert (asserted.json()["error"], acme.true_cause(asserted)) == ("unauthorized_client", "app_not_installed")
    assert acme.receipt(asserted).user_id is None
    assert [found.request.count for found in queue(acme)] == [2]


STRANGERS = [
    pytest.param({"client_secret": "wrong"}, id="a wrong secret"),
    pytest.param({"client_secret": ""}, id="no secret"),
]


@pytest.mark.parametrize("said", STRANGERS)
def test_X_CA_01_who_proves_nothing_cannot_tell_a_key_of_another_org_from_no_key(
    acme: Tenant, foreign: Client, said: dict[str, str]
) -> None:
    here = at(acme, foreign)
    nobody = here.token(said | {"client_id": "gbk_nobody"})
    somebody = here.token(said)
    assert (nobody.status_code, _without_ids(nobody.text)) == (somebody.status_code, _without_ids(somebody.text))
    assert {acme.true_cause(answer) for answer in (nobody, somebody)} == {"client_unknown"}
    assert {acme.receipt(answer).app_id for answer in (nobody, somebody)} == {""}
    assert queue(acme) == []


def test_X_CA_04_the_name_of_a_public_app_proves_nothing(acme: Tenant, rival: Tenant) -> None:
    public = rival.app("Reader", flows=FLOWS, scopes=("api",), callbacks=(CALLBACK,), auth_methods=PUBLIC, open_for_use=False)
    answer = at(acme, public).ask(grant_type="authorization_code", client_id=public.consumer_key, code="x")
    assert (answer.status_code, acme.true_cause(answer)) == (401, "client_unknown")
    assert queue(acme) == []


def test_who_is_not_signed_in_cannot_tell_an_app_of_another_org_from_none_nor_one_that_was_uninstalled(
    acme: Tenant, foreign: Client
) -> None:
    app, gone = asking_at(acme, foreign), make_portal(acme, "Once Here")
    decide(acme, uninstall_app, UninstallApp(gone.app.id, "No longer needed."))
    browser = app.browser()
    pages = [browser.open(app.url(client_id=key)) for key in ("gbk_nobody", foreign.consumer_key, gone.app.consumer_key)]
    for page in pages:
        app.refused(page, "client_authentication_failed")
    assert len({_without_ids(page.text) for page in pages}) == 1
    assert acme.last_cause() == "app_not_installed"  # the receipt knows, where the org does
    assert queue(acme) == []


def test_a_flood_of_one_client_is_one_request_and_few_lines(acme: Tenant, foreign: Client) -> None:
    """Anybody can register an app somewhere; to an org that never installed it, its refusals are those of a stranger."""
    here, before = at(acme, foreign), len(acme.history())
    for _ in range(30):
        here.token()
    assert [found.request.count for found in queue(acme)] == [30]
    assert len(acme.history()) - before == 20


def test_what_was_uninstalled_and_knocks_again_stands_in_the_queue(acme: Tenant) -> None:
    app = acme.app("Nightly")
    decide(acme, uninstall_app, UninstallApp(app.id, "Tidying up."))
    assert app.token().json()["error"] == "unauthorized_client"
    assert [found.request.app_id for found in queue(acme)] == [app.id]


def test_no_other_refusal_and_no_success_asks_for_anything(acme: Tenant) -> None:
    app = acme.app("Nightly")
    app.access_token()
    app.token(scope="web")
    app.token(client_secret="wrong")
    assert queue(acme, None) == []


# --- Decided ---------------------------------------------------------------------------------------------------------------------


def test_an_approved_app_arrives_closed_and_works_once_somebody_is_let_in(acme: Tenant, foreign: Client) -> None:
    app, ben = asking_at(acme, foreign), enrol(acme, "ben")
    browser = app.signed_in(ben)
    browser.open(app.url())
    decide(acme, approve_request, ApproveRequest(queue(acme)[0].request.id))
    assert _refused_in(browser.open(app.url()), browser) == "user_not_approved"
    with acme.standing.database.transaction() as tx:
        assign_access(tx, acme.admin, AssignAccess(foreign.id, acme.approved.id))
        assign_permission_set(tx, acme.admin, AssignPermissionSet(ben.id, acme.approved.id))
    code = app.arrived(browser.open(app.url()))["code"]
    assert app.portal.redeem(code).status_code == 200


def test_an_app_that_was_approved_once_works_for_a_day_and_everything_of_it_ends_then(acme: Tenant, foreign: Client) -> None:
    here = at(acme, foreign)
    here.token()
    decide(acme, approve_once, ApproveOnce(queue(acme)[0].request.id))
    with acme.standing.database.transaction() as tx:
        acme.open_for_use(tx, foreign.id)
    acme.standing.clock.advance(hours=23)
    token = here.access_token(scope="api")
    assert here.introspect(token).json()["active"] is True
    acme.standing.clock.advance(hours=1)
    assert here.token().json()["error"] == "unauthorized_client"
    guard = acme.app("Guard", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    assert guard.introspect(token).json() == {"active": False}
    assert acme.last_cause() == "app_not_installed"
    assert len(queue(acme)) == 1  # and asks again


def test_X_CA_09_a_blocked_app_is_stopped_for_everybody_who_comes_with_it(acme: Tenant, foreign: Client) -> None:
    app, here, ben = asking_at(acme, foreign), at(acme, foreign), enrol(acme, "ben")
    browser = app.signed_in(ben)
    browser.open(app.url())
    here.token()
    decide(acme, block_request, BlockRequest(queue(acme)[0].request.id, "A look-alike of ours."))
    assert queue(acme) == []
    answer = here.token()
    assert (answer.status_code, acme.true_cause(answer)) == (401, "app_blocked")
    app.refused(browser.open(app.url()), "app_blocked")
    assert queue(acme) == []


def test_what_was_refused_is_counted_and_asks_nobody_again_for_a_while(acme: Tenant, foreign: Client) -> None:
    here = at(acme, foreign)
    here.token()
    refused = decide(acme, refuse_request, RefuseRequest(queue(acme)[0].request.id, "We use another one."))
    here.token()
    assert queue(acme) == []
    assert [found.request.count for found in queue(acme, RequestState.REFUSED)] == [refused.request.count + 1]
    acme.standing.clock.advance(days=30)
    here.token()
    assert len(queue(acme)) == 1


# --- A user asks, and is let in until a date ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """An app that an admin opens to people, and one of them who was not let in."""

    app: Asking
    user: User
    browser: Browser

    @property
    def acme(self) -> Tenant:
        return self.app.acme

    def ask(self, words: str = WORDS) -> Page:
        """From the refusal to its page, and from there to the form."""
        page = self.browser.open(self.app.url())
        link = re.search(r'href="(/signin/ask-access[^"]+)"', _reason_page(page, self.browser).text)
        form = self.browser.open(link[1]) if link is not None else page
        return self.browser.submit(form, "ask-access", words=words)

    def approve(self, until: datetime) -> ListedRequest:
        return decide(self.acme, approve_request, ApproveRequest(queue(self.acme)[0].request.id, until))


@pytest.fixture
def refusal(acme: Tenant) -> Refusal:
    app, dana = Asking(make_portal(acme, "Books")), enrol(acme, "dana")
    browser = app.signed_in(dana)
    return Refusal(app, dana, browser)


def test_ask_approve_until_a_date_works_runs_out_is_refused(acme: Tenant, refusal: Refusal) -> None:
    """The whole story, over the pages that people see and the endpoints that apps call."""
    app, browser, clock = refusal.app, refusal.browser, acme.standing.clock
    assert _refused_in(browser.open(app.url()), browser) == "user_not_approved"
    page = refusal.ask()
    assert 'data-state="open"' in page.text
    assert "Your request waits" in page.text
    (found,) = queue(acme)
    assert (found.request.kind, found.request.words, found.user) == (RequestKind.USER, WORDS, "Dana Example")
    until = clock.now + timedelta(days=2)
    refusal.approve(until)
    assert "You may use Books" in last_mail(acme, refusal.user)
    tokens = app.portal.redeem(app.arrived(browser.open(app.url()))["code"]).json()
    assert app.portal.live(tokens["access_token"])
    clock.advance(days=1, hours=23)
    browser = app.signed_in(refusal.user)
    refreshed = app.portal.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    clock.advance(hours=1)
    assert not app.portal.live(refreshed.json()["access_token"])
    assert app.portal.refresh(tokens["refresh_token"]).status_code == 400
    assert acme.last_cause() == "approval_expired"
    assert _refused_in(browser.open(app.url()), browser) in NOT_LET_IN
    assert acme.last_cause() == "approval_expired"


def test_a_user_who_is_let_in_once_is_out_again_after_a_day(acme: Tenant, refusal: Refusal) -> None:
    app, browser = refusal.app, refusal.browser
    refusal.ask()
    decide(acme, approve_once, ApproveOnce(queue(acme)[0].request.id))
    token = app.portal.redeem(app.arrived(browser.open(app.url()))["code"]).json()["access_token"]
    assert app.portal.live(token)
    acme.standing.clock.advance(hours=24)
    browser = app.signed_in(refusal.user)
    assert _refused_in(browser.open(app.url()), browser) in NOT_LET_IN


def test_uninstalling_and_blocking_end_what_an_approval_had_bought_at_once(acme: Tenant, refusal: Refusal) -> None:
    app = refusal.app
    refusal.ask()
    refusal.approve(acme.standing.clock.now + timedelta(days=2))
    tokens = app.portal.redeem(app.arrived(refusal.browser.open(app.url()))["code"]).json()
    decide(acme, uninstall_app, UninstallApp(app.portal.app.id, "The vendor was bought."))
    assert not app.portal.live(tokens["access_token"])
    assert app.portal.refresh(tokens["refresh_token"]).json()["error"] == "unauthorized_client"
    (found,) = queue(acme)
    decide(acme, block_request, BlockRequest(found.request.id, "The vendor was bought."))
    assert app.portal.refresh(tokens["refresh_token"]).status_code == 401


def test_a_user_who_was_refused_is_told_why_and_when_to_ask_again(acme: Tenant, refusal: Refusal) -> None:
    page = refusal.ask()
    decide(acme, refuse_request, RefuseRequest(queue(acme)[0].request.id, "Your team has another app for this."))
    page = refusal.browser.open(page.url)
    assert 'data-state="refused"' in page.text
    assert "Your team has another app for this." in page.text
    assert "ask-access" not in page.forms


def test_words_that_say_nothing_are_refused_at_the_field_and_kept(acme: Tenant, refusal: Refusal) -> None:
    page = refusal.ask("<b>...</b>\u202e")
    assert (page.status, queue(acme)) == (422, [])
    assert "&lt;b&gt;...&lt;/b&gt;" in page.text
    assert 'aria-invalid="true"' in page.text


def test_X_CO_02_a_request_comes_from_our_own_page_in_this_browser(acme: Tenant, refusal: Refusal) -> None:
    page = refusal.browser.open(refusal.app.url())
    receipt = _receipt(page)
    forged = refusal.browser.post("/signin/ask-access", {"receipt": receipt, "words": WORDS}, cross_site=True)
    assert (forged.status, 'data-reason="form_forged"' in forged.text) == (403, True)
    for method in ("GET", "HEAD"):
        refusal.browser.step(method, f"/signin/ask-access?receipt={receipt}&words=please")
    assert queue(acme) == []


def test_nobody_asks_at_the_receipt_of_somebody_else_and_a_stranger_signs_in_first(acme: Tenant, refusal: Refusal) -> None:
    receipt = _receipt(refusal.browser.open(refusal.app.url()))
    other = refusal.app.signed_in(enrol(acme, "eve"))
    for text in (receipt, "0Yazzzzzzz00000", "x"):
        page = other.open(f"/signin/ask-access?receipt={text}")
        assert 'data-reason="record_not_found"' in page.text
    stranger = refusal.app.browser().open(f"/signin/ask-access?receipt={receipt}")
    assert 'id="sign-in-first"' in stranger.text
    assert "Books" not in stranger.text


# --- An app that is not installed, for who may use such apps --------------------------------------------------------------------------


@pytest.fixture
def pilots(acme: Tenant) -> PermissionSet:
    """A permission set that lets its holders use apps that are not installed."""
    held = frozenset({Permission.APPROVE_UNINSTALLED_CONNECTED_APPS})
    with acme.standing.database.transaction() as tx:
        given = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), acme.org.id, "Pilots", "Pilots", "", held, tx.now)
        assert permission_sets.insert(tx, given)
    return given


def test_a_holder_uses_an_app_alone_is_asked_and_loses_it_with_the_right(acme: Tenant, foreign: Client, pilots: PermissionSet) -> None:
    app, holly = asking_at(acme, foreign), enrol(acme, "holly")
    with acme.standing.database.transaction() as tx:
        permission_sets.assign(tx, acme.org.id, holly.id, pilots.id, None)
    browser = app.signed_in(holly)
    page = browser.open(app.url())
    look = re.search(r'href="(/setup/install\?receipt=[^"]+)"', app.refused(page, "app_not_installed").text)
    assert look is not None
    page = browser.submit(browser.open(look[1]), "install", decision="use")
    assert 'data-state="holders"' in page.text
    page = browser.open(app.url())
    assert "consent" in page.forms  # it asks its user, as every app does that no admin has approved
    assert ('id="stranger"' in page.text, 'class="icon verified"' in page.text) == (True, False)
    tokens = app.portal.redeem(app.arrived(approve(browser, page))["code"]).json()
    guard = acme.app("Guard", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    assert guard.introspect(tokens["access_token"]).json()["active"] is True
    assert app.portal.refresh(tokens["refresh_token"]).status_code == 200
    ben = app.signed_in(enrol(acme, "ben"))
    app.refused(ben.open(app.url()), "app_not_installed")
    with acme.standing.database.transaction() as tx:
        permission_sets.unassign(tx, acme.org.id, holly.id, pilots.id)
    assert guard.introspect(tokens["access_token"]).json() == {"active": False}
    assert app.portal.refresh(tokens["refresh_token"]).json()["error"] == "unauthorized_client"
    app.refused(browser.open(app.url()), "app_not_installed")


def test_a_key_that_no_database_could_hold_is_one_that_nobody_knows(acme: Tenant, foreign: Client) -> None:
    browser = asking_at(acme, foreign).signed_in(enrol(acme, "ben"))
    assert [browser.open(f"/setup/install?key={key}").status for key in ("gbk_x", "gbk_%00x")] == [404, 404]


def _in_a_minute(acme: Tenant) -> int:
    return int(acme.standing.clock.now.timestamp()) + 60


def _without_ids(text: str) -> str:
    """A page without what is different in every page: receipt, form token."""
    return re.sub(r"0Ya\w{15}|[0-9a-f]{64}", "", text)


def _receipt(page: Page) -> str:
    """The id of the receipt of a refusal, on our page or with the app."""
    found = re.search(r"0Ya\w{15}", page.text or page.answer.get("error_uri", ""))
    assert found is not None
    return found[0]


def _reason_page(page: Page, browser: Browser) -> Page:
    return browser.open(f"/help/reasons/user_not_approved?receipt={_receipt(page)}")


def _refused_in(page: Page, browser: Browser) -> str:
    """The reason that the user, or the app, is told: on our page, or in the address of the page that the answer names."""
    shown = re.search(r'data-reason="(\w+)"', page.text)
    if shown is not None:
        return shown[1]
    assert page.answer["error"] == "access_denied"
    told = re.search(r"/help/reasons/(\w+)", page.answer["error_uri"])
    assert told is not None
    assert f'id="ask-access" href="/signin/ask-access?receipt={_receipt(page)}"' in _reason_page(page, browser).text
    return told[1]
