"""What a new app of each kind is registered with, and whether every line that is told of it is true."""

from dataclasses import replace

import pytest
from tests.rules.exposed_app import CLOSED
from tests.rules.facts_builder import NOW, USER

from gatebridge.rules import exposures, gates_as_set
from gatebridge.rules.app_checks import settings_problems
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.gates_as_set import Presence
from gatebridge.rules.new_app_kinds import AGENT, DEVICE, IN_PAGE, JOB, KINDS, SERVICE, WEB_APP
from gatebridge.rules.new_apps import (
    Connected,
    KindOfApp,
    api_name_of,
    api_name_problem,
    offered,
    purpose_problem,
    scopes_problem,
)
from gatebridge.rules.people import Assignment
from gatebridge.rules.policy_checks import policy_problems, with_both_limits
from gatebridge.rules.scopes import CATALOGUE, without_user
from gatebridge.rules.typed_text import api_name_problem as grammar_problem

EVERY = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def made(kind: KindOfApp) -> Subject:
    """An app of this kind as it is registered, with a user of its own, a holder, and an org that has ranges."""
    callbacks = ("https://ledger.example/callback",) if kind.comes_back else ()
    settings = AppSettings(CLOSED.app.id, flows=kind.flows_with(kind.ticked), scopes=kind.ticked, callbacks=callbacks)
    policies = replace(CLOSED.policies, run_as_user_id=USER.id if kind.acts_as_itself else None, **kind.policies)
    permits = (Assignment("0PS000000000001", None),)
    settings = replace(settings, auth_methods=kind.auth_methods)
    return replace(CLOSED, settings=settings, policies=policies, permits=permits, secrets=(), certificates=())


@EVERY
def test_every_gate_stands_as_it_is_told(kind: KindOfApp) -> None:
    subject = made(kind)
    stands = {each.gate: each.stand for each in gates_as_set.of(subject, Presence(in_use=True), exposures.of(subject))}
    assert {each.gate: stands[each.gate] for each in kind.gates} == {each.gate: each.stand for each in kind.gates}


@EVERY
def test_gates_are_told_in_their_order_each_with_its_reason(kind: KindOfApp) -> None:
    numbers = [each.gate.number for each in kind.gates]
    assert numbers == sorted(set(numbers))
    assert all(each.why.endswith(".") and not each.words.endswith(".") for each in kind.gates)


@EVERY
def test_nothing_is_open_without_need(kind: KindOfApp) -> None:
    assert [each.code for each in exposures.of(made(kind))] == (["device_flow"] if kind is DEVICE else [])


@EVERY
def test_what_it_is_registered_with_can_be_saved(kind: KindOfApp) -> None:
    subject = made(kind)
    assert settings_problems(subject.settings, frozenset(), Dialect.STANDARD) == []
    assert policy_problems(subject.policies, CLOSED.policies, NOW) == []
    assert with_both_limits(subject.policies.refresh_policies) == subject.policies.refresh_policies


@EVERY
def test_what_only_a_policy_sets_is_told_as_such(kind: KindOfApp) -> None:
    assert bool(kind.policies) <= any(each.ruled for each in kind.gates)


@pytest.mark.parametrize(
    ("kind", "comes_back", "signs", "public", "acts_as_itself", "has_an_address"),
    [
        (WEB_APP, True, False, False, False, False),
        (IN_PAGE, True, False, True, False, False),
        (JOB, False, True, False, False, True),
        (SERVICE, False, False, False, True, True),
        (DEVICE, False, False, True, False, False),
        (AGENT, True, True, False, False, False),
    ],
    ids=list(Connected),
)
def test_what_is_asked_of_each_kind(
    kind: KindOfApp, comes_back: bool, signs: bool, public: bool, acts_as_itself: bool, has_an_address: bool
) -> None:
    assert (kind.comes_back, kind.signs, kind.public) == (comes_back, signs, public)
    assert (kind.acts_as_itself, kind.has_an_address) == (acts_as_itself, has_an_address)


@EVERY
def test_what_is_ticked_is_offered_first_and_the_widest_scopes_never(kind: KindOfApp) -> None:
    first, more = offered(kind, ("orders",))
    assert {*kind.ticked, "orders"} <= set(first)
    assert not {"full", "setup_api"} & {*first, *more}
    assert len({*first, *more}) == len(first) + len(more)
    assert {*first, *more} <= {*CATALOGUE, "orders"}


@pytest.mark.parametrize("kind", [JOB, SERVICE])
def test_who_acts_without_anybody_there_is_offered_nothing_that_it_would_not_get(kind: KindOfApp) -> None:
    every = [name for names in offered(kind, ()) for name in names]
    assert list(without_user(every)) == every


def test_nothing_is_refreshed_without_the_scope_for_it() -> None:
    assert Flow.REFRESH_TOKEN in WEB_APP.flows_with(("api", "refresh_token"))
    assert WEB_APP.flows_with(("api",)) == {Flow.WEB_SERVER}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Night Ledger", "Night_Ledger"),
        ("  Night -- Ledger!  ", "Night_Ledger"),
        ("2nd Ledger 2", "nd_Ledger_2"),
        ("Büro für Rechnungen", "Buro_fur_Rechnungen"),
        ("Ledger_", "Ledger"),
        ("x" * 100, "x" * 80),
        ("y" * 79 + " z", "y" * 79),
        ("Счета", ""),
        ("2026", ""),
    ],
)
def test_an_api_name_is_made_of_a_label(label: str, name: str) -> None:
    assert api_name_of(label) == name
    assert not name or grammar_problem(name) is None


@pytest.mark.parametrize(
    ("label", "typed", "wrong"),
    [("Night Ledger", "", False), ("", "", False), ("Счета", "Accounts", False), ("Счета", "", True)],
)
def test_an_api_name_that_cannot_be_made_must_be_written(label: str, typed: str, wrong: bool) -> None:
    assert (api_name_problem(label, typed) is not None) is wrong


def test_an_app_has_a_purpose_and_something_to_ask_for() -> None:
    assert purpose_problem("Invoices to the ledger") is None
    assert purpose_problem(" . ") == purpose_problem("") == "Say in a sentence what it is for."
    assert scopes_problem(("api",)) is None
    assert scopes_problem(()) is not None
