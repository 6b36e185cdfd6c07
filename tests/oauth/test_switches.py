"""What is off is off at its address, not only out of sight (X-BF-09): every switch is tried by calling what it switches."""

import pytest
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Tenant

from gatebridge.oauth.flows import FLOWS
from gatebridge.rules.app_settings import Flow

# Grants and endpoints that other servers have, and this one does not offer at all.
NOT_OFFERED = (
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
)
NOWHERE = ("/services/oauth2/register", "/services/oauth2/par", "/signup", "/register", "/setup/register")


@pytest.fixture
def bare(acme: Tenant) -> Portal:
    """An app of which every flow is switched off."""
    portal = make_portal(acme)
    portal.settings(flows=frozenset())
    return portal


@pytest.mark.parametrize("grant", FLOWS)
def test_X_BF_09_a_flow_that_is_switched_off_is_refused_by_the_token_endpoint(acme: Tenant, bare: Portal, grant: str) -> None:
    kept = {"code": bare.code(), "refresh_token": "gbr_nothing", "assertion": "e30.e30.e30"}
    answer = bare.app.ask({"grant_type": grant} | kept | dict(bare.credentials))
    assert answer.status_code in (400, 401), answer.text
    assert "access_token" not in answer.text
    flow = {"authorization_code": Flow.WEB_SERVER, "refresh_token": Flow.REFRESH_TOKEN, "client_credentials": Flow.CLIENT_CREDENTIALS}
    if grant in flow:
        assert acme.true_cause(answer) == "flow_not_enabled"


@pytest.mark.parametrize("grant", NOT_OFFERED)
def test_X_BF_09_std_SC_01_a_grant_that_nobody_offers_is_refused_whatever_comes_with_it(acme: Tenant, grant: str) -> None:
    portal = make_portal(acme)
    answer = portal.app.ask({"grant_type": grant, "username": portal.user.username, "password": "x"} | dict(portal.credentials))
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_X_BF_09_what_is_not_built_has_no_address(acme: Tenant, path: str, method: str) -> None:
    answer = acme.door.send(method, acme.org.issuer + path, body=b"", headers={}, address="192.0.2.10")
    assert answer.status_code == 404, answer.text
