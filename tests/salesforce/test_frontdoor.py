"""`sf org open` asks for an address that signs a browser in for its token, which is not to be had here."""

import pytest
from tests.oauth.tenants import Tenant
from tests.salesforce.surface import refused


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer whatever"}], ids=["without a token", "with one"])
def test_whoever_asks_for_a_page_that_opens_signed_in_hears_that_there_is_none(acme: Tenant, method: str, headers: dict[str, str]) -> None:
    answer = acme.door.send(method, f"{acme.org.issuer}/services/oauth2/singleaccess?redirect_uri=/setup", headers=headers)
    refused(answer, 404, "NOT_FOUND", "No page opens with a token here: sign in with a browser")
    assert "location" not in answer.headers
