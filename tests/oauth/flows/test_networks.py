"""From where: each relaxation mode in each flow, in IPv4 and IPv6; the ranges of an app, its list for refreshing, and monitored ranges."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.oauth.browser import Browser
from tests.oauth.door import OFFICE, Door, Loop
from tests.oauth.flows.places import (
    ELSEWHERE,
    ELSEWHERE_6,
    FLOWS,
    INSIDE,
    OUTSIDE,
    SALESFORCE,
    THE_CLOUD,
    THE_OFFICE,
    client_credentials,
    refresh,
    web_server,
)
from tests.oauth.flows.visits import chooser, enrol
from tests.oauth.tenants import ME, Tenant, compared

from gatebridge.monitoring import login_history, receipts
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules.network import Relaxation
from gatebridge.rules.reasons import Refused
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.web.app import make_app

NO = "address_outside_ranges"
NOT_APPROVED = "The user that this request acts for may not use this app."

every_flow = pytest.mark.parametrize("flow", FLOWS)


# Which flows each mode lets through from outside the ranges of the user's profile, where no device was activated.
LETS_THROUGH = {
    Relaxation.ENFORCE: set[str](),
    Relaxation.RELAX_REFRESH: {"refresh"},
    Relaxation.RELAX_ACTIVATED: set[str](),
    Relaxation.RELAX: set(FLOWS),
}


@every_flow
@pytest.mark.parametrize("mode", Relaxation)
def test_X_IP_04_a_mode_means_the_same_in_every_flow_and_both_families(acme: Tenant, flow: str, mode: Relaxation) -> None:
    app = FLOWS[flow](acme)
    app.policies(ip_relaxation=mode)
    app.profile(login_ranges=THE_OFFICE)
    assert app.causes(*INSIDE, *OUTSIDE) == [None, None] + [None if flow in LETS_THROUGH[mode] else NO] * 2


@every_flow
def test_X_IP_04_without_ranges_of_the_profile_the_orgs_count_unless_they_only_waive(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    app.org(trusted_ranges=THE_OFFICE)
    assert app.causes(*INSIDE, *OUTSIDE) == [None, None, NO, NO]
    app.org(trusted_ranges_only_waive=True)
    assert app.causes(*OUTSIDE) == [None, None]


@pytest.mark.parametrize("flow", ["web server", "refresh"])
def test_an_activated_device_is_let_through_where_the_app_relaxes_for_it(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme, activated=True)
    app.profile(login_ranges=THE_OFFICE)
    assert app.causes(*OUTSIDE) == [NO, NO]
    app.policies(ip_relaxation=Relaxation.RELAX_ACTIVATED)
    assert app.causes(*OUTSIDE) == [None, None]


def test_what_a_token_from_an_activated_device_may_do_its_refreshes_may_do_too(acme: Tenant) -> None:
    """The grant remembers the device of its approval, so a live token passes from elsewhere as the code did."""
    app = web_server(acme, activated=True)
    app.profile(login_ranges=THE_OFFICE)
    app.policies(ip_relaxation=Relaxation.RELAX_ACTIVATED)
    token = app.token(ELSEWHERE)
    assert app.guard.introspect(token).json()["active"] is True
    app.policies(ip_relaxation=Relaxation.ENFORCE)
    assert app.guard.introspect(token).json()["active"] is False


@every_flow
def test_the_ranges_of_an_app_hold_beside_those_of_its_user(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    app.policies(ip_ranges=THE_CLOUD)
    assert app.causes(*OUTSIDE, *INSIDE) == [None, None] + ["address_outside_app_ranges"] * 2
    app.profile(login_ranges=THE_OFFICE)
    assert app.causes(ELSEWHERE, OFFICE) == [NO, "address_outside_app_ranges"]
    app.policies(ip_relaxation=Relaxation.RELAX_ACTIVATED)
    assert app.causes(*OUTSIDE, OFFICE) == [None, None, "address_outside_app_ranges"], "the app's ranges stand in for the user's"


@every_flow
def test_X_IP_04_tokens_die_with_the_place_where_they_were_issued(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    token = app.token(ELSEWHERE)
    app.policies(ip_ranges=THE_OFFICE)
    assert app.guard.introspect(token).json() == {"active": False}
    assert acme.last_cause() == "address_outside_app_ranges"
    app.policies(ip_ranges=())
    assert app.guard.introspect(token).json()["active"] is True


@pytest.mark.parametrize("mode", Relaxation)
def test_X_IP_04_a_refresh_token_is_taken_from_its_listed_addresses_whatever_is_relaxed(acme: Tenant, mode: Relaxation) -> None:
    app = refresh(acme, activated=True)
    app.policies(
        refresh_ranges=(replace(THE_OFFICE[0], text="192.0.2.10"), replace(THE_OFFICE[1], text="2001:db8:1::10")), ip_relaxation=mode
    )
    assert app.causes(*INSIDE, "192.0.2.11", *OUTSIDE) == [None, None] + ["refresh_address_refused"] * 3


def test_who_steals_a_refresh_token_learns_nothing_from_the_wrong_place(acme: Tenant) -> None:
    app = refresh(acme)
    app.policies(refresh_ranges=(replace(THE_OFFICE[0], text="192.0.2.10"),))
    answer = app.ask(ELSEWHERE)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_description"]) == (400, "invalid_grant", NOT_APPROVED)
    line = acme.receipt(answer)
    shown = compared(line)["address"]
    assert (line.reason, shown["sent"], shown["registered"]) == ("refresh_address_refused", ELSEWHERE, "192.0.2.10")


@pytest.mark.parametrize("flow", ["client credentials", "refresh"])
def test_salesforces_clients_read_their_own_text(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme, **SALESFORCE)
    app.policies(ip_ranges=THE_CLOUD)
    said = app.ask(OFFICE).json()
    assert (said["error"], said["error_description"]) == ("invalid_grant", "ip restricted")


@every_flow
def test_monitored_ranges_record_what_they_would_refuse_and_refuse_nothing(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    app.policies(monitored_ranges=THE_OFFICE)
    inside, outside, outside_6 = (app.ask(address) for address in (OFFICE, ELSEWHERE, ELSEWHERE_6))
    assert [answer.status_code for answer in (inside, outside, outside_6)] == [200, 200, 200]
    assert [acme.receipt(answer).would_refuse for answer in (inside, outside, outside_6)] == [
        None, "address_outside_app_ranges", "address_outside_app_ranges",
    ]  # fmt: skip
    with acme.standing.database.snapshot() as tx:
        watched = login_history.page(tx, acme.admin, HistoryFilter(would_refuse=True))
        others = login_history.page(tx, acme.admin, HistoryFilter(would_refuse=False, app_id=app.app.id))
        receipt = receipts.by_id(tx, acme.admin, watched[0].id)
    assert [(line.outcome, line.address) for line in watched] == [("success", ELSEWHERE_6), ("success", ELSEWHERE)]
    assert OFFICE in {line.address for line in others}
    assert {line.would_refuse for line in others} == {None}
    (found,) = (finding for finding in receipt.findings if finding.gate == "network")
    assert (found.state, found.would_refuse) == ("passed", "address_outside_app_ranges")


def test_a_refusal_is_no_trial(acme: Tenant) -> None:
    app = client_credentials(acme)
    app.policies(monitored_ranges=THE_OFFICE)
    app.profile(login_ranges=THE_OFFICE)
    assert acme.receipt(app.ask(ELSEWHERE)).would_refuse is None


def test_monitored_ranges_are_recorded_at_the_approval_too(acme: Tenant) -> None:
    asking = chooser(acme)
    asking.portal.policies(monitored_ranges=THE_OFFICE)
    browser = asking.signed_in(enrol(acme, "dana"))
    browser.address = ELSEWHERE
    page = browser.submit(browser.open(asking.url()), "consent", decision="approve")
    assert "code" in asking.arrived(page)
    (line,) = (line for line in acme.history() if line.event == "authorize" and line.outcome == "success")
    assert line.would_refuse == "address_outside_app_ranges"


def test_X_IP_04_a_browser_that_moves_after_the_sign_in_is_held_against_the_ranges_where_it_is(acme: Tenant) -> None:
    asking = chooser(acme)
    browser: Browser = asking.signed_in(enrol(acme, "dana"))
    asking.portal.policies(ip_ranges=THE_OFFICE, confirmed=True)
    browser.address = ELSEWHERE
    assert asking.arrived(browser.open(asking.url()))["error"] == "access_denied"
    assert acme.last_cause() == "address_outside_app_ranges"
    browser.address = OFFICE
    assert "consent" in browser.open(asking.url()).forms


@pytest.mark.parametrize("whose", ["app", "profile", "org"])
def test_X_IP_04_a_token_that_moves_after_the_sign_in_is_refused_at_our_own_api(acme: Tenant, whose: str) -> None:
    app = client_credentials(acme, scopes=("api", "setup_api"))
    app.policies(may_administer=True)
    bearer = {"Authorization": f"Bearer {app.token(OFFICE)}"}

    def statuses(*addresses: str) -> list[int]:
        return [acme.door.get(acme.org.issuer + ME, headers=bearer, address=address).status_code for address in addresses]

    assert statuses(*INSIDE, *OUTSIDE) == [200] * 4
    bind = {"app": lambda: app.policies(ip_ranges=THE_OFFICE), "profile": lambda: app.profile(login_ranges=THE_OFFICE)}
    bind.get(whose, lambda: app.org(trusted_ranges=THE_OFFICE))()
    assert statuses(*INSIDE, *OUTSIDE) == [200, 200, 401, 401]
    assert acme.last_cause() == ("address_outside_app_ranges" if whose == "app" else NO)


FORGED = [
    {"X-Forwarded-For": OFFICE},
    {"X-Forwarded-For": f"{OFFICE}, {ELSEWHERE}"},
    {"Forwarded": f"for={OFFICE}"},
    {"X-Real-IP": OFFICE},
    {"X-Client-IP": OFFICE},
    {"True-Client-IP": OFFICE},
    {"CF-Connecting-IP": OFFICE},
]


@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: next(iter(headers.items()))[0])
def test_X_IP_01_nobody_comes_from_the_office_by_saying_so(acme: Tenant, headers: dict[str, str]) -> None:
    app = client_credentials(acme)
    app.policies(ip_ranges=THE_OFFICE)
    answer = app.app.ask(app.app.credentials, headers=headers, address=ELSEWHERE)
    assert acme.true_cause(answer) == "address_outside_app_ranges"
    assert acme.receipt(answer).address == ELSEWHERE


@pytest.mark.parametrize("told", ["unknown", "", "9" * 10_000, 'for="_x"', "192.0.2.10:443", "192.0.2.010"])
def test_X_IP_02_an_address_that_a_proxy_garbles_opens_no_range(acme: Tenant, loop: Loop, told: str) -> None:
    behind = Door(make_app(replace(acme.standing.house, trusted_proxies=(ip_network("10.0.0.0/8"),))), loop)
    app = client_credentials(acme)
    client = replace(app.app, door=behind)

    def cause(said: str) -> str | None:
        return acme.true_cause(client.ask(client.credentials, headers={"X-Forwarded-For": said}, address="10.0.0.5"))

    assert cause(told) is None, "where no range applies, the address need not be known"
    app.policies(ip_ranges=THE_OFFICE)
    assert (cause(OFFICE), cause(ELSEWHERE), cause(told)) == (None, "address_outside_app_ranges", "address_unknown")


def test_an_org_that_would_lock_somebody_out_hears_whom(acme: Tenant) -> None:
    app = client_credentials(acme)
    app.token(ELSEWHERE)
    with acme.standing.database.transaction() as tx, pytest.raises(Refused) as refused:
        edit_org(tx, acme.admin, EditOrg(trusted_ranges=THE_OFFICE))
    assert refused.value.reason.code == "locks_out"
    assert "Runner Example" in (refused.value.detail or "")
    app.org(trusted_ranges=THE_OFFICE)
    assert app.causes(ELSEWHERE) == [NO]
