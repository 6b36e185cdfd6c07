"""Remembered consent: what one user has approved of one installed app, all approvals taken together."""

from dataclasses import replace

from tests.records.seed import ManualClock, SmallOrg, at_the_time_of
from tests.storage.people_flows import at_once
from tests.storage.plans import steps_of

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.approvals import Approval
from gatebridge.rules.apps import Installation
from gatebridge.rules.ids import Prefix
from gatebridge.storage import approvals, installations
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

CALLBACK = "https://acme.example/cb"


def remember(tx: Tx, org: SmallOrg, *scopes: str, callback: str = CALLBACK, user_id: str | None = None) -> None:
    approvals.remember(tx, org.id, org.installation_id, user_id or org.user_id, scopes, callback)


def of_user(tx: Tx, org: SmallOrg, user_id: str | None = None) -> Approval | None:
    return approvals.of_user(tx, org.id, org.installation_id, user_id or org.user_id)


def test_the_first_approval_is_remembered_and_the_next_ones_widen_it(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        assert of_user(tx, acme) is None
        remember(tx, acme, "api", "id")
        first = of_user(tx, acme)
        assert first is not None
        expected = Approval(
            first.id, acme.id, acme.installation_id, acme.user_id, frozenset({"api", "id"}), frozenset({CALLBACK}), tx.now, tx.now
        )
        assert first == expected
    clock.advance(days=1)
    with timed.transaction() as tx:
        remember(tx, acme, "api", "refresh_token", callback="acme.app:/cb")
        wider = replace(
            first,
            scopes=frozenset({"api", "id", "refresh_token"}),
            callbacks=frozenset({CALLBACK, "acme.app:/cb"}),
            renewed_at=clock.now,
        )
        assert of_user(tx, acme) == wider


def test_approving_no_scope_at_all_is_remembered_too(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        remember(tx, acme)
        found = of_user(tx, acme)
        assert found is not None
        assert (found.scopes, found.callbacks) == (frozenset(), frozenset({CALLBACK}))


def test_what_one_user_has_approved_is_found_without_reading_what_all_others_have(sqlite_url: str, clock: ManualClock) -> None:
    with at_the_time_of(clock, sqlite_url) as database:
        asked = ("00D000000000001", "0HI000000000001", "005000000000001")
        steps = steps_of(database, lambda tx: (approvals.of_user(tx, *asked), approvals.list_of_user(tx, asked[0], asked[2])))
    assert steps
    assert [step for step in steps if not step.startswith("SEARCH")] == []


def test_X_CO_04_approvals_are_of_one_user_and_one_app(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        remember(tx, acme, "api")
        assert of_user(tx, acme, acme.owner_id) is None
        assert approvals.of_user(tx, acme.id, "0HI000000000001", acme.user_id) is None
        remember(tx, acme, "id", user_id=acme.owner_id)
        theirs, mine = of_user(tx, acme, acme.owner_id), of_user(tx, acme)
        assert theirs is not None
        assert mine is not None
        assert (theirs.scopes, mine.scopes) == (frozenset({"id"}), frozenset({"api"}))


def test_X_CO_07_everything_that_a_user_has_approved_is_listed_oldest_first(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        theirs = Installation(tx.new_id(Prefix.INSTALLATION), acme.id, other.app_id, 0, tx.now)
        assert installations.insert(tx, theirs, AppPolicies(theirs.id))
        remember(tx, acme, "id")
        approvals.remember(tx, acme.id, theirs.id, acme.user_id, ["api"], "https://other.example/cb")
        remember(tx, acme, "web", user_id=acme.owner_id)
        found = approvals.list_of_user(tx, acme.id, acme.user_id)
        assert [(each.installation_id, each.scopes) for each in found] == [
            (acme.installation_id, frozenset({"id"})),
            (theirs.id, frozenset({"api"})),
        ]
        assert found[0] == of_user(tx, acme)


def test_X_CO_07_what_is_forgotten_is_asked_again(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        remember(tx, acme, "api", "id")
        remember(tx, acme, "web", user_id=acme.owner_id)
        answers = [approvals.forget(tx, acme.id, acme.installation_id, acme.user_id) for _ in range(2)]
        assert answers == [True, False]
        assert of_user(tx, acme) is None
        assert of_user(tx, acme, acme.owner_id) is not None
        remember(tx, acme, "id")
        again = of_user(tx, acme)
        assert again is not None
        assert again.scopes == {"id"}


def test_X_AD_01_another_org_sees_and_forgets_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        remember(tx, acme, "api")
        kept = of_user(tx, acme)
        assert approvals.of_user(tx, other.id, acme.installation_id, acme.user_id) is None
        assert approvals.list_of_user(tx, other.id, acme.user_id) == []
        assert not approvals.forget(tx, other.id, acme.installation_id, acme.user_id)
        approvals.forget_all(tx, other.id)
        assert of_user(tx, acme) == kept
        approvals.forget_all(tx, acme.id)
        assert of_user(tx, acme) is None


def test_approvals_at_once_are_one_and_lose_nothing(timed: Database, acme: SmallOrg) -> None:
    def approve(number: int) -> None:
        with timed.transaction() as tx:
            remember(tx, acme, "api", f"scope_{number}", callback=f"https://acme.example/{number}")

    at_once(8, approve)
    with timed.snapshot() as tx:
        (found,) = approvals.list_of_user(tx, acme.id, acme.user_id)
        assert found.scopes == {"api", *(f"scope_{number}" for number in range(8))}
        assert len(found.callbacks) == 8


def test_whoever_forgets_while_others_approve_comes_before_or_after_them(timed: Database, acme: SmallOrg) -> None:
    def act(number: int) -> None:
        for _ in range(5):
            with timed.transaction() as tx:
                if number % 2:
                    remember(tx, acme, "api", f"scope_{number}")
                else:
                    approvals.forget(tx, acme.id, acme.installation_id, acme.user_id)

    at_once(8, act)
    with timed.snapshot() as tx:
        found = of_user(tx, acme)
        assert found is None or "api" in found.scopes
