"""The houses and orgs in which people sign in: those of the stories of the protocol, once on each database."""

import pytest
from tests.oauth.conftest import acme, house, loop, own_house, rival
from tests.oauth.tenants import Tenant
from tests.signin.people import Person, make_person

__all__ = ["acme", "dana", "house", "loop", "own_house", "rival"]


@pytest.fixture
def dana(acme: Tenant) -> Person:
    """Somebody with a password, in an org of this test's own."""
    return make_person(acme)
