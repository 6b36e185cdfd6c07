"""The gate Installed: an app is in use until a moment, for good, or for nobody but who may use apps that are not installed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import A_MOMENT, AUTHORIZING, FACTS, NOW, PASSING, PEOPLE, answer, but, finding

from gatebridge.rules.apps import BUILT_IN, PLATFORM_CLI
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import client, installed
from gatebridge.rules.verdict import State

ASKED_AT = [
    pytest.param(facts, attempt, id=door) for door, (facts, attempt) in PASSING.items() if door is not Door.REVOKE
]  # a client may give back what it has, wherever its app stands
AT_A_DEVICE = frozenset({Door.DEVICE_START, Door.CONNECT, Door.DEVICE})
RIGHTS = frozenset({Permission.API_ENABLED, Permission.APPROVE_UNINSTALLED_CONNECTED_APPS})


def for_holders(facts: Facts, *, holds: bool) -> Facts:
    """The same facts where nobody has installed the app, and the user may use such apps or may not."""
    here = but(facts, "installation", uninstalled_at=NOW, holders_only=True)
    return but(here, "standing.profile", permissions=RIGHTS) if holds else here


@pytest.mark.parametrize(("facts", "attempt"), ASKED_AT)
@pytest.mark.parametrize(
    ("ends", "state"),
    [
        pytest.param(None, State.PASSED, id="installed for good"),
        pytest.param(A_MOMENT, State.PASSED, id="installed for one moment more"),
        pytest.param(timedelta(0), State.REFUSED, id="installed until this moment"),
        pytest.param(-A_MOMENT, State.REFUSED, id="installed until a moment ago"),
    ],
)
def test_an_app_is_in_use_until_the_moment_that_its_installation_names(
    facts: Facts, attempt: Attempt, ends: timedelta | None, state: State
) -> None:
    here = but(facts, "installation", uninstalled_at=NOW + ends if ends is not None else None)
    assert finding(Gate.INSTALLED, here, attempt).state is state


def test_the_words_say_until_when_it_is_installed() -> None:
    here = but(PEOPLE, "installation", uninstalled_at=NOW + timedelta(days=1))
    assert finding(Gate.INSTALLED, here, AUTHORIZING).words == "installed in this org until 2026-03-02T12:00:00+00:00"


@pytest.mark.parametrize(("facts", "attempt"), [each for each in ASKED_AT if each.id not in AT_A_DEVICE])
def test_an_app_that_is_not_installed_is_used_by_who_may_use_such_apps_and_by_nobody_else(facts: Facts, attempt: Attempt) -> None:
    assert finding(Gate.INSTALLED, for_holders(facts, holds=True), attempt).state is State.PASSED
    assert finding(Gate.INSTALLED, for_holders(facts, holds=False), attempt).reason is installed.APP_NOT_INSTALLED


@pytest.mark.parametrize("changes", [{"installation": None}, {"policies": None}])
def test_the_right_alone_makes_no_app_usable_that_nobody_has_taken_into_use(changes: dict[str, None]) -> None:
    assert answer(but(for_holders(PEOPLE, holds=True), **changes), AUTHORIZING) == "app_not_installed"


def test_an_app_that_an_admin_took_out_of_use_is_not_for_holders_either() -> None:
    taken = but(for_holders(PEOPLE, holds=True), "installation", holders_only=False)
    assert answer(taken, AUTHORIZING) == "app_not_installed"


def test_an_app_for_holders_is_nobodys_where_no_user_is_known() -> None:
    assert answer(but(for_holders(FACTS, holds=True), standing=None), PASSING[Door.CALLER][1]) == "app_not_installed"


def test_a_block_stops_holders_too() -> None:
    assert answer(but(for_holders(PEOPLE, holds=True), "installation", blocked_at=NOW), AUTHORIZING) == "app_blocked"


def test_who_has_not_signed_in_at_a_browser_is_told_what_is_told_of_an_unknown_app() -> None:
    stranger = but(but(PEOPLE, "installation", uninstalled_at=NOW), session=None, standing=None, approval=None)
    found = finding(Gate.INSTALLED, stranger, AUTHORIZING)
    assert found.gate is Gate.INSTALLED
    assert found.reason is not None
    assert found.reason.code == "app_not_installed"  # for the receipt
    unknown = client.CLIENT_UNKNOWN
    assert (found.reason.public_code, found.reason.public_sentence) == (unknown.public_code, unknown.public_sentence)
    assert found.reason.gate is Gate.APP  # whose refusals a stranger cannot tell apart


@pytest.mark.parametrize(("key", "hears"), [(PLATFORM_CLI, "login_required"), ("gbk_another", "app_not_installed")])
def test_who_comes_with_the_app_that_everybody_knows_signs_in_first(key: str, hears: str) -> None:
    here = but(but(PEOPLE, "app", consumer_key=key), installation=None, policies=None)
    assert answer(but(here, session=None, standing=None, approval=None), AUTHORIZING) == hears
    assert answer(but(here, approval=None), AUTHORIZING) == "app_not_installed"


def test_only_the_app_of_that_very_key_is_fixed() -> None:
    assert PEOPLE.app is not None
    keys = (PLATFORM_CLI, PLATFORM_CLI.lower(), PEOPLE.app.consumer_key)
    assert [replace(PEOPLE.app, consumer_key=key).fixed for key in keys] == [True, False, False]
    assert [replace(PEOPLE.app, consumer_key=key).publisher("Acme") for key in keys] == ["this server", "Acme", "Acme"]
    assert PEOPLE.app.publisher(None) == ""
    assert PLATFORM_CLI in BUILT_IN


def test_who_has_signed_in_is_told_openly() -> None:
    assert finding(Gate.INSTALLED, but(PEOPLE, "installation", uninstalled_at=NOW), AUTHORIZING).reason is installed.APP_NOT_INSTALLED


@pytest.mark.parametrize("door", sorted(AT_A_DEVICE))
def test_X_DV_07_at_a_device_even_who_may_use_such_apps_does_not(door: Door) -> None:
    facts, attempt = PASSING[door]
    assert answer(for_holders(facts, holds=True), attempt) == "app_not_installed"
