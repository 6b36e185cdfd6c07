"""Answers that belong to somebody else: tokens asked about by the wrong caller, in turn, and in every form of an answer (X-MX-06)."""

import pytest
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import INTROSPECT, Tenant

from gatebridge.rules.app_settings import TokenFormat

SHAPES = ("application/json", "application/token-introspection+jwt", "application/jwt", "*/*", "text/html")


@pytest.fixture
def portals(acme: Tenant) -> tuple[Portal, Portal]:
    """Two apps, each a resource server for what is its own."""
    return make_portal(acme, "Orders"), make_portal(acme, "Ledger", access_token_format=TokenFormat.JWT)


def test_X_MX_06_std_IN_02_IN_04_a_caller_out_of_the_audience_is_told_that_there_is_nothing_in_every_form(
    portals: tuple[Portal, Portal],
) -> None:
    first, second = portals
    tokens = [(first, first.signed_in()["access_token"]), (second, second.signed_in()["access_token"])]
    for shape in SHAPES:
        for caller in (first, second, first):
            for owner, token in tokens:
                form = dict(caller.credentials) | {"token": token}
                answer = caller.app.post(INTROSPECT, form, headers={"Accept": shape})
                assert answer.status_code == 200
                if owner is caller:
                    assert answer.json()["active"] is True
                else:
                    assert answer.json() == {"active": False}, shape


def test_X_MX_06_a_hint_of_the_wrong_kind_tells_nothing_more(portals: tuple[Portal, Portal]) -> None:
    first, second = portals
    theirs = second.signed_in()
    for name in ("access_token", "refresh_token", "id_token"):
        for hint in ("access_token", "refresh_token", "id_token", "nonsense", "urn:ietf:params:oauth:token-type:jwt"):
            assert first.app.introspect(theirs[name], token_type_hint=hint).json() == {"active": False}


def test_X_MX_06_revoking_what_is_anothers_ends_nothing(portals: tuple[Portal, Portal]) -> None:
    first, second = portals
    theirs = second.signed_in()
    for name in ("access_token", "refresh_token", "id_token"):
        assert first.app.revoke(theirs[name]).status_code == 200
    assert second.live(theirs["access_token"])
    assert second.refresh(theirs["refresh_token"]).status_code == 200
