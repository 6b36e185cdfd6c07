"""Rights, and that nobody hands out more than they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.permissions import EVERY_POWER, NARROWING, SENTENCES, Permission, beyond_own, gains

some_rights = st.frozensets(st.sampled_from(Permission))

ADMIN = frozenset({Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.MANAGE_USERS, Permission.API_ENABLED})


@pytest.mark.parametrize(
    ("own", "given", "beyond"),
    [
        pytest.param(ADMIN, [Permission.MANAGE_USERS], (), id="what one holds one may give"),
        pytest.param(ADMIN, [], (), id="nothing is never too much"),
        pytest.param(ADMIN, [Permission.MANAGE_SECURITY], (Permission.MANAGE_SECURITY,), id="what one does not hold one may not give"),
        pytest.param(
            ADMIN,
            [Permission.PROMOTE, Permission.MANAGE_USERS, Permission.MANAGE_SECURITY, Permission.PROMOTE],
            (Permission.MANAGE_SECURITY, Permission.PROMOTE),
            id="all that is too much is named, each once, in the order of the catalogue",
        ),
        pytest.param(frozenset(), [Permission.API_ENABLED], (Permission.API_ENABLED,), id="who holds nothing may give nothing"),
        pytest.param(frozenset(), [Permission.API_ONLY], (), id="API Only takes away, so anybody may give it"),
        pytest.param(EVERY_POWER, list(Permission), (), id="who holds every power may give everything"),
    ],
)
def test_X_AD_04_nobody_gives_a_right_beyond_their_own(
    own: frozenset[Permission], given: list[Permission], beyond: tuple[Permission, ...]
) -> None:
    assert beyond_own(own, given) == beyond


@given(some_rights, some_rights)
def test_X_AD_04_after_giving_what_one_may_nobody_holds_more_power_than_the_giver(
    own: frozenset[Permission], wanted: frozenset[Permission]
) -> None:
    given_away = wanted - frozenset(beyond_own(own, wanted))
    assert given_away & EVERY_POWER <= own


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        pytest.param(set(), {Permission.VIEW_SETUP}, True, id="a power more"),
        pytest.param({Permission.API_ONLY}, set(), True, id="a narrowing less"),
        pytest.param({Permission.VIEW_SETUP}, {Permission.PROMOTE}, True, id="another power"),
        pytest.param({Permission.VIEW_SETUP}, set(), False, id="a power less"),
        pytest.param(set(), {Permission.API_ONLY}, False, id="a narrowing more"),
        pytest.param({Permission.VIEW_SETUP}, {Permission.VIEW_SETUP}, False, id="the same"),
    ],
)
def test_who_gains_may_do_more_than_before(before: set[Permission], after: set[Permission], more: bool) -> None:
    assert gains(frozenset(before), frozenset(after)) is more


def test_api_only_is_the_one_right_that_is_no_power() -> None:
    assert {Permission.API_ONLY} == NARROWING
    assert frozenset(Permission) == EVERY_POWER | NARROWING


def test_every_right_has_a_sentence_of_its_own_for_admins() -> None:
    assert SENTENCES.keys() == set(Permission)
    assert len(set(SENTENCES.values())) == len(Permission)


@pytest.mark.parametrize(
    ("kind", "user_id", "recorded"),
    [
        pytest.param(ActorKind.USER, "005000000000001", "005000000000001", id="a user is recorded by id"),
        pytest.param(ActorKind.OPERATOR, None, "operator", id="the operator, who is no user, by kind"),
        pytest.param(ActorKind.HOUSE, None, "house", id="the house by kind"),
    ],
)
def test_who_did_it_is_recorded(kind: ActorKind, user_id: str | None, recorded: str) -> None:
    assert Actor(kind, "00D000000000001", "somebody", frozenset(), user_id=user_id).id == recorded
