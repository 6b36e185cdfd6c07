"""Where the org wants it, a resource server tells from where a token is used, and the ranges are held against that too."""

import pytest
from tests.oauth.door import OFFICE
from tests.oauth.flows.places import ELSEWHERE, ELSEWHERE_6, FLOWS, OFFICE_6, THE_OFFICE, InUse, client_credentials
from tests.oauth.tenants import Tenant, compared

from gatebridge.rules.network import Relaxation

INACTIVE = {"active": False}


@pytest.fixture
def app(acme: Tenant) -> InUse:
    app = client_credentials(acme)
    app.profile(login_ranges=THE_OFFICE)
    app.org(ranges_on_every_request=True)
    return app


@pytest.mark.parametrize(
    ("used_from", "active"),
    [(OFFICE, True), (OFFICE_6, True), (f"::ffff:{OFFICE}", True), (ELSEWHERE, False), (ELSEWHERE_6, False)],
)
def test_X_IP_04_a_token_counts_where_it_may_be_used(app: InUse, used_from: str, active: bool) -> None:
    token = app.token()
    assert app.guard.introspect(token, client_address=used_from).json()["active"] is active
    assert app.guard.introspect(token).json()["active"] is True, "nothing was told, so only the place of its issue is known"


def test_the_receipt_shows_from_where_the_token_was_used(acme: Tenant, app: InUse) -> None:
    answer = app.guard.introspect(app.token(), client_address=ELSEWHERE)
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "address_outside_ranges")
    assert compared(acme.receipt(answer))["client_address"]["sent"] == ELSEWHERE


def test_an_org_that_does_not_ask_is_not_told(acme: Tenant, app: InUse) -> None:
    token = app.token()
    app.org(ranges_on_every_request=False)
    for told in (ELSEWHERE, "unknown"):
        assert app.guard.introspect(token, client_address=told).json()["active"] is True


@pytest.mark.parametrize("told", ["unknown", "192.0.2.10:443", "192.0.2.010", "fe80::1%eth0", "x" * 1000])
def test_X_IP_02_what_is_no_address_is_no_answer(acme: Tenant, app: InUse, told: str) -> None:
    answer = app.guard.introspect(app.token(), client_address=told)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (acme.true_cause(answer), "client_address" in answer.json()["error_description"]) == ("parameter_malformed", True)


@pytest.mark.parametrize("flow", FLOWS)
def test_what_an_app_relaxes_is_relaxed_for_each_use_as_well(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    app.profile(login_ranges=THE_OFFICE)
    app.org(ranges_on_every_request=True)
    token = app.token()
    assert app.guard.introspect(token, client_address=ELSEWHERE).json() == INACTIVE
    app.policies(ip_relaxation=Relaxation.RELAX)
    assert app.guard.introspect(token, client_address=ELSEWHERE).json()["active"] is True


def test_who_may_not_see_a_token_learns_nothing_from_where_it_is_used(acme: Tenant, app: InUse) -> None:
    nosy = acme.app("Nosy")
    answer = nosy.introspect(app.token(), client_address=ELSEWHERE)
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_of_other_app")
