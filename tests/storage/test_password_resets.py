"""Links for a new password: each works once, for a while, in its own org."""

from datetime import timedelta

from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import at_once, digest, undone

from gatebridge.rules.ids import Prefix
from gatebridge.storage import password_resets
from gatebridge.storage.database import Database
from gatebridge.storage.password_resets import PasswordReset
from gatebridge.storage.tx import Tx


def a_link(tx: Tx, org: SmallOrg, value: str = "link", user_id: str | None = None) -> None:
    end = tx.now + timedelta(minutes=30)
    reset = PasswordReset(org.id, tx.new_id(Prefix.PASSWORD_RESET), user_id or org.user_id, digest(value), tx.now, end)
    password_resets.insert(tx, reset)


def test_X_SE_09_of_many_who_use_one_link_at_once_one_wins(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        a_link(tx, acme)

    def use(_: int) -> str | None:
        with timed.transaction() as tx:
            return password_resets.use(tx, acme.id, digest("link"))

    assert [user_id for user_id in at_once(8, use) if user_id is not None] == [acme.user_id]


def test_X_SE_09_a_link_whose_use_was_undone_still_works(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        a_link(tx, acme)
    assert undone(timed, lambda tx: password_resets.use(tx, acme.id, digest("link"))) == acme.user_id
    with timed.transaction() as tx:
        assert password_resets.use(tx, acme.id, digest("link")) == acme.user_id


def test_asking_whose_link_it_is_does_not_use_it_up(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        a_link(tx, acme)
        assert [password_resets.user_of(tx, acme.id, digest("link")) for _ in range(2)] == [acme.user_id] * 2
        assert password_resets.use(tx, acme.id, digest("link")) == acme.user_id
        assert password_resets.user_of(tx, acme.id, digest("link")) is None
        assert password_resets.use(tx, acme.id, digest("unknown")) is None


def test_a_link_works_until_the_moment_at_which_it_runs_out(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        a_link(tx, acme)
    clock.advance(minutes=30, microseconds=-1)
    with timed.transaction() as tx:
        assert password_resets.user_of(tx, acme.id, digest("link")) == acme.user_id
    clock.advance(microseconds=1)
    with timed.transaction() as tx:
        assert password_resets.user_of(tx, acme.id, digest("link")) is None
        assert password_resets.use(tx, acme.id, digest("link")) is None


def test_the_links_of_one_user_are_withdrawn_together(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        for value in ("1", "2", "used"):
            a_link(tx, acme, value)
        a_link(tx, acme, "theirs", acme.owner_id)
        password_resets.use(tx, acme.id, digest("used"))
        assert password_resets.withdraw(tx, acme.id, acme.user_id) == 2
        assert [password_resets.use(tx, acme.id, digest(value)) for value in ("1", "2", "theirs")] == [None, None, acme.owner_id]


def test_X_AD_01_another_org_sees_uses_and_withdraws_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        a_link(tx, acme)
        assert password_resets.user_of(tx, other.id, digest("link")) is None
        assert password_resets.use(tx, other.id, digest("link")) is None
        assert password_resets.withdraw(tx, other.id, acme.user_id) == 0
        assert password_resets.purge(tx, other.id, tx.now + timedelta(days=1), 10) == 0
        assert password_resets.use(tx, acme.id, digest("link")) == acme.user_id


def test_the_purge_forgets_what_ran_out_before_the_oldest_first(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    for number in range(4):
        with timed.transaction() as tx:
            a_link(tx, acme, str(number))
        clock.advance(minutes=1)
    with timed.transaction() as tx:
        last = tx.now + timedelta(minutes=29)  # when the youngest runs out
        assert [password_resets.purge(tx, acme.id, last, 2) for _ in range(3)] == [2, 1, 0]
        assert password_resets.use(tx, acme.id, digest("3")) == acme.user_id
