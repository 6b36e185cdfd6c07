"""Authorization codes: each is used up by one conditional update, and stays known as used for a while."""

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import a_code, at_once, digest, undone

from gatebridge.storage import codes
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

GRANT = "0GR000000000001"


def left(tx: Tx) -> list[str]:
    return list(tx.connection.scalars(sa.select(codes.authorization_codes.c.id).order_by(codes.authorization_codes.c.id)))


def test_a_code_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        full = a_code(tx, acme)
        bare = a_code(tx, acme, "bare", challenge=None, nonce=None, callback_sent=False, tells_auth_time=True, scopes=())
        assert codes.by_digest(tx, acme.id, digest("code")) == full
        assert codes.by_digest(tx, acme.id, digest("bare")) == bare
        assert codes.by_digest(tx, acme.id, digest("CODE")) is None


def test_X_AD_01_X_AC_05_another_org_sees_redeems_and_burns_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        code = a_code(tx, acme)
        assert codes.by_digest(tx, other.id, digest("code")) is None
        assert not codes.redeem(tx, other.id, code.id, GRANT)
        assert not codes.burn(tx, other.id, code.id)
        assert codes.burn_of_user(tx, other.id, acme.installation_id, acme.user_id) == 0
        assert codes.purge(tx, other.id, tx.now + timedelta(days=1), 10) == 0
        assert codes.by_digest(tx, acme.id, digest("code")) == code


def test_X_AC_02_std_CG_04_of_many_who_redeem_one_code_at_once_one_wins(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        code = a_code(tx, acme)

    def redeem(number: int) -> bool:
        with timed.transaction() as tx:
            return codes.redeem(tx, acme.id, code.id, f"0GR00000000000{number}")

    answers = at_once(8, redeem)
    assert sum(answers) == 1
    with timed.snapshot() as tx:
        bought = f"0GR00000000000{answers.index(True)}"
        assert codes.by_digest(tx, acme.id, digest("code")) == replace(code, used_at=tx.now, grant_id=bought)


def test_X_AC_01_a_code_whose_redemption_was_undone_is_unused(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        code = a_code(tx, acme)
    assert undone(timed, lambda tx: codes.redeem(tx, acme.id, code.id, GRANT))
    with timed.transaction() as tx:
        assert codes.redeem(tx, acme.id, code.id, GRANT)
    with timed.transaction() as tx:
        assert not codes.redeem(tx, acme.id, code.id, GRANT)


def test_X_AC_09_a_code_that_was_burnt_buys_nothing(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        code = a_code(tx, acme)
        assert [codes.burn(tx, acme.id, code.id), codes.burn(tx, acme.id, code.id)] == [True, False]
        assert not codes.redeem(tx, acme.id, code.id, GRANT)
        assert codes.by_digest(tx, acme.id, digest("code")) == replace(code, used_at=tx.now)


def test_a_code_that_was_redeemed_is_not_burnt_any_more(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        code = a_code(tx, acme)
        assert codes.redeem(tx, acme.id, code.id, GRANT)
        assert not codes.burn(tx, acme.id, code.id)
        found = codes.by_digest(tx, acme.id, digest("code"))
        assert found is not None
        assert found.grant_id == GRANT


def test_what_an_app_has_not_redeemed_yet_of_a_user_is_burnt_together(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        over = a_code(tx, acme, "over")
    clock.advance(minutes=2)
    with timed.transaction() as tx:
        used, waiting, waiting_too = (a_code(tx, acme, value) for value in ("used", "waiting", "waiting too"))
        a_code(tx, acme, "of another user", user_id=acme.owner_id)
        a_code(tx, acme, "of another app", installation_id="0HI000000000001")
        assert codes.redeem(tx, acme.id, used.id, GRANT)
    clock.advance(seconds=59)
    with timed.transaction() as tx:
        assert codes.burn_of_user(tx, acme.id, acme.installation_id, acme.user_id) == 2
        found = {code.id: codes.by_digest(tx, acme.id, digest(value)) for code, value in ((waiting, "waiting"), (over, "over"))}
        assert found == {waiting.id: replace(waiting, used_at=clock.now), over.id: over}
        assert not codes.redeem(tx, acme.id, waiting_too.id, GRANT)


def test_std_CG_05_the_purge_forgets_what_expired_before_the_oldest_first_used_or_not(
    timed: Database, acme: SmallOrg, clock: ManualClock
) -> None:
    with timed.transaction() as tx:
        old = [a_code(tx, acme, str(number)) for number in range(3)]
        assert codes.redeem(tx, acme.id, old[0].id, GRANT)
    clock.advance(minutes=1)
    with timed.transaction() as tx:
        young = a_code(tx, acme, "young")
        assert codes.purge(tx, acme.id, clock.now, 10) == 0
        assert codes.purge(tx, acme.id, clock.now + timedelta(seconds=1), 2) == 2
        assert left(tx) == [old[2].id, young.id]
        assert codes.purge(tx, acme.id, clock.now + timedelta(seconds=1), 2) == 1
        assert left(tx) == [young.id]
