"""Which claims an app may be told that asks for them one by one: those that its own scopes here make known."""

import pytest
from tests.rules.facts_builder import FACTS, but

from gatebridge.rules import granted

ASKED = ("email", "name", "phone_number", "shoe_size")


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        pytest.param(("openid",), (), id="none without their scopes"),
        pytest.param(("openid", "email"), ("email",), id="those of a scope that the app has"),
        pytest.param(("id",), ("email", "name", "phone_number"), id="all, where its scope is all four"),
        pytest.param(("full",), ("email", "name", "phone_number"), id="and where it may do everything"),
        pytest.param(("api", "setup_api"), (), id="the data of the API are not the identity"),
    ],
)
def test_a_single_claim_is_told_to_an_app_that_may_ask_for_its_scope(scopes: tuple[str, ...], told: tuple[str, ...]) -> None:
    assert granted.singly(but(FACTS, "settings", scopes=scopes), ASKED) == told


def test_an_app_that_is_not_set_up_here_is_told_nothing() -> None:
    assert granted.singly(but(FACTS, policies=None), ASKED) == ()
    assert granted.singly(but(FACTS, settings=None), ASKED) == ()


def test_an_app_that_asks_for_none_is_told_none() -> None:
    assert granted.singly(but(FACTS, "settings", scopes=("full",)), ()) == ()
