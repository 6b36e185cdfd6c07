"""The epochs that a token records when it is issued, and by which it ends."""

import pytest
from tests.rules.facts_builder import BARE_FACTS, FACTS, TOKEN, but

from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import Epochs


def test_a_token_records_the_epochs_of_all_that_it_hangs_from_as_they_were_read() -> None:
    assert FACTS.epochs() == Epochs(org=1, app=2, installation=3, user=4, grant=5) == TOKEN.epochs


def test_the_first_token_of_a_grant_that_is_made_with_it_begins_at_epoch_0() -> None:
    assert but(FACTS, grant=None).epochs() == Epochs(org=1, app=2, installation=3, user=4, grant=0)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(but(FACTS, app=None), id="without an app"),
        pytest.param(but(FACTS, installation=None), id="without an installation"),
        pytest.param(but(FACTS, standing=None), id="without a user"),
        pytest.param(BARE_FACTS, id="without anything"),
    ],
)
def test_nothing_can_hang_from_what_is_not_there(facts: Facts) -> None:
    assert facts.epochs() is None
