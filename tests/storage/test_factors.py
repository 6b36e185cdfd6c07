"""Second factors, recovery codes, sign-ins that wait and activated browsers: what is used up is used up once, in its own org."""

from datetime import timedelta
from typing import Any

from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import at_once, digest, undone

from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.storage import factors, listed_users, verifications
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx
from gatebridge.storage.verifications import ActivatedBrowser, Verification

HERE = digest("browser")


def a_factor(tx: Tx, org: SmallOrg, kind: FactorKind = FactorKind.TOTP, *, confirmed: bool = True, **said: Any) -> Factor:
    given: dict[str, Any] = {
        "id": tx.new_id(Prefix.FACTOR),
        "org_id": org.id,
        "user_id": org.user_id,
        "kind": kind,
        "name": "Phone",
        "created_at": tx.now,
        "confirmed_at": tx.now if confirmed else None,
    }
    given |= {"sealed_seed": b"sealed"} if kind is FactorKind.TOTP else {"credential_id": b"credential", "public_key": b"key"}
    factor = Factor(**given | said)
    assert factors.insert(tx, factor)
    return factor


def a_wait(tx: Tx, org: SmallOrg, name: str = "wait") -> Verification:
    end = tx.now + timedelta(minutes=15)
    row = Verification(org.id, digest(name), org.user_id, HERE, {"password": "version"}, tx.now, end)
    verifications.insert(tx, row)
    return row


def test_a_factor_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        app = a_factor(tx, acme)
        key = a_factor(tx, acme, FactorKind.PASSKEY, sign_count=7, transports=("usb", "nfc"))
    with timed.snapshot() as tx:
        assert factors.of_user(tx, acme.id, acme.user_id) == [app, key]
        assert factors.by_credential(tx, acme.id, b"credential") == key
        assert factors.by_credential(tx, acme.id, b"other") is None


def test_what_is_not_confirmed_is_no_factor(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        begun = a_factor(tx, acme, confirmed=False)
        assert factors.of_user(tx, acme.id, acme.user_id) == []
        assert not factors.take_step(tx, acme.id, begun.id, 5)
        assert factors.begun(tx, acme.id, acme.user_id, tx.now) == begun
        assert factors.begun(tx, acme.id, acme.user_id, tx.now + timedelta(microseconds=1)) is None
    with timed.transaction() as tx:
        assert factors.confirm(tx, begun, name="My phone", step=5)
        assert not factors.confirm(tx, begun, name="Another", step=6)
        assert factors.begun(tx, acme.id, acme.user_id, begun.created_at) is None
        [factor] = factors.of_user(tx, acme.id, acme.user_id)
        assert (factor.name, factor.last_step) == ("My phone", 5)
        assert factors.remove_begun(tx, acme.id, acme.user_id) == 0


def test_a_user_is_without_a_factor_until_one_works_and_again_when_the_last_is_removed(timed: Database, acme: SmallOrg) -> None:
    def without(tx: Tx) -> bool:
        return acme.user_id in {user.id for user in listed_users.list_page(tx, acme.id, after=None, limit=9, without_factor=True)}

    with timed.transaction() as tx:
        begun = a_factor(tx, acme, confirmed=False)
        assert without(tx)
        assert factors.confirm(tx, begun, name="My phone", step=5)
        assert not without(tx)
        key = a_factor(tx, acme, FactorKind.PASSKEY)
        assert factors.remove(tx, acme.id, acme.user_id, begun.id)
        assert not without(tx)
        assert factors.remove(tx, acme.id, acme.user_id, key.id)
        assert without(tx)


def test_X_SE_10_of_many_who_show_one_code_at_once_one_wins_and_none_before_it_is_taken(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        factor = a_factor(tx, acme)

    def take(_: int) -> bool:
        with timed.transaction() as tx:
            return factors.take_step(tx, acme.id, factor.id, 100)

    assert sum(at_once(8, take)) == 1
    with timed.transaction() as tx:
        assert [factors.take_step(tx, acme.id, factor.id, step) for step in (99, 100, 101)] == [False, False, True]


def test_a_step_that_was_undone_may_be_taken(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        factor = a_factor(tx, acme)
    assert undone(timed, lambda tx: factors.take_step(tx, acme.id, factor.id, 100))
    with timed.transaction() as tx:
        assert factors.take_step(tx, acme.id, factor.id, 100)


def test_a_count_is_compared_with_the_one_that_stands(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        key = a_factor(tx, acme, FactorKind.PASSKEY, sign_count=3)
        assert factors.count_signature(tx, key, 4)
        assert not factors.count_signature(tx, key, 5)  # read before the other use


def test_a_passkey_is_in_an_org_once_and_in_another_org_again(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        key = a_factor(tx, acme, FactorKind.PASSKEY)
        again = Factor(tx.new_id(Prefix.FACTOR), acme.id, acme.user_id, FactorKind.PASSKEY, "", tx.now, tx.now, credential_id=b"credential")
        assert not factors.insert(tx, again)
        a_factor(tx, other, FactorKind.PASSKEY)
        assert factors.by_credential(tx, acme.id, b"credential") == key


def test_X_AD_01_a_factor_is_removed_in_its_own_org_by_its_own_user(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        factor = a_factor(tx, acme)
        assert not factors.remove(tx, other.id, other.user_id, factor.id)
        assert not factors.remove(tx, acme.id, "0050000000000XX", factor.id)
        assert factors.remove(tx, acme.id, acme.user_id, factor.id)
        assert not factors.remove(tx, acme.id, acme.user_id, factor.id)


def test_of_many_who_use_one_recovery_code_at_once_one_wins(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        factors.replace_recovery_codes(tx, acme.id, acme.user_id, [digest(str(number)) for number in range(10)])
        assert factors.recovery_codes_left(tx, acme.id, acme.user_id) == 10

    def use(_: int) -> bool:
        with timed.transaction() as tx:
            return factors.use_recovery_code(tx, acme.id, acme.user_id, digest("3"))

    assert sum(at_once(8, use)) == 1
    with timed.transaction() as tx:
        assert factors.recovery_codes_left(tx, acme.id, acme.user_id) == 9
        assert not factors.has_recovery_code(tx, acme.id, acme.user_id, digest("3"))
        assert factors.has_recovery_code(tx, acme.id, acme.user_id, digest("4"))
        factors.replace_recovery_codes(tx, acme.id, acme.user_id, [digest("new")])
        assert not factors.has_recovery_code(tx, acme.id, acme.user_id, digest("4"))
        factors.replace_recovery_codes(tx, acme.id, acme.user_id, ())
        assert factors.recovery_codes_left(tx, acme.id, acme.user_id) == 0


def test_a_sign_in_that_waits_comes_back_and_is_done_once(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        row = a_wait(tx, acme)
        assert verifications.by_digest(tx, acme.id, row.digest) == row
        assert verifications.by_digest(tx, acme.id, digest("another")) is None

    def use(_: int) -> bool:
        with timed.transaction() as tx:
            return verifications.use(tx, acme.id, row.digest)

    assert sum(at_once(8, use)) == 1


def test_a_sign_in_waits_until_the_moment_at_which_it_runs_out(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        row = a_wait(tx, acme)
    clock.advance(minutes=15)
    with timed.transaction() as tx:
        assert not verifications.use(tx, acme.id, row.digest)
        assert verifications.purge(tx, acme.id, tx.now, 10) == 0
    clock.advance(microseconds=1)
    with timed.transaction() as tx:
        assert verifications.purge(tx, acme.id, tx.now, 10) == 1
        assert verifications.by_digest(tx, acme.id, row.digest) is None


def test_X_SE_10_a_mailed_code_is_taken_once_and_not_after_too_many_tries(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        row = a_wait(tx, acme)
        assert not verifications.take_code(tx, acme.id, row.digest, b"code", 5)  # none was mailed
        verifications.expect(tx, acme.id, row.digest, b"code")

    def take(_: int) -> bool:
        with timed.transaction() as tx:
            return verifications.take_code(tx, acme.id, row.digest, b"code", 5)

    assert sum(at_once(8, take)) == 1
    with timed.transaction() as tx:
        verifications.expect(tx, acme.id, row.digest, b"next")
        for _ in range(5):
            verifications.count_try(tx, acme.id, row.digest)
        assert not verifications.take_code(tx, acme.id, row.digest, b"next", 5)
        verifications.expect(tx, acme.id, row.digest, b"last")  # a new code has tries of its own
        assert not verifications.take_code(tx, acme.id, row.digest, b"next", 5)
        assert verifications.take_code(tx, acme.id, row.digest, b"last", 5)


def test_of_many_who_answer_one_challenge_at_once_one_wins(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    def use(_: int) -> bool:
        with timed.transaction() as tx:
            return verifications.use_challenge(tx, acme.id, digest("challenge"), HERE, acme.user_id, tx.now + timedelta(minutes=1))

    assert sum(at_once(8, use)) == 1
    with timed.transaction() as tx:
        assert verifications.by_digest(tx, acme.id, digest("challenge")) is None  # it is no sign-in that waits
        assert verifications.use_challenge(tx, other.id, digest("challenge"), HERE, other.user_id, tx.now)


def test_after_a_restore_nothing_waits_counts_or_recovers_in_this_org(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        for org in (acme, other):
            a_wait(tx, org)
            verifications.activate(tx, org.id, org.user_id, ActivatedBrowser(HERE, "totp", "", "", tx.now))
            factors.replace_recovery_codes(tx, org.id, org.user_id, [digest("1")])
        verifications.forget_all(tx, acme.id)
        factors.forget_recovery_codes(tx, acme.id)
        for org, left in ((acme, 0), (other, 1)):
            assert len(verifications.browsers_of(tx, org.id, org.user_id)) == left
            assert factors.recovery_codes_left(tx, org.id, org.user_id) == left
            assert (verifications.by_digest(tx, org.id, digest("wait")) is not None) == bool(left)


def test_a_browser_is_activated_for_one_user_of_one_org(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        browser = ActivatedBrowser(HERE, "mailed_code", "192.0.2.1", "Browser/1", tx.now)
        assert verifications.activate(tx, acme.id, acme.user_id, browser)
        assert not verifications.activate(tx, acme.id, acme.user_id, browser)
        assert verifications.activated(tx, acme.id, acme.user_id, HERE)
        assert not verifications.activated(tx, acme.id, acme.user_id, digest("another"))
        assert not verifications.activated(tx, other.id, other.user_id, HERE)
        assert verifications.browsers_of(tx, acme.id, acme.user_id) == [browser]
        assert verifications.forget_browsers(tx, acme.id, acme.user_id) == 1
        assert not verifications.activated(tx, acme.id, acme.user_id, HERE)
