"""Authorization requests that wait: each belongs to one browser and gets one answer."""

from dataclasses import replace
from datetime import timedelta

from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import at_once, digest

from gatebridge.rules.authorization import Interaction
from gatebridge.storage import interactions
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

BROWSER = digest("browser")


def waiting(tx: Tx, org: SmallOrg, value: str = "name", browser: bytes = BROWSER) -> Interaction:
    parameters = {"client_id": "gbk_acme", "state": 'ü "quoted" \\ and\nlines', "nonce": ""}
    interaction = Interaction(org.id, browser, parameters, tx.now, tx.now + timedelta(minutes=10))
    interactions.insert(tx, interaction, digest(value))
    return interaction


def test_a_request_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept = waiting(tx, acme)
        assert interactions.by_digest(tx, acme.id, digest("name")) == kept
        assert interactions.by_digest(tx, acme.id, digest("another")) is None


def test_X_AD_01_another_org_sees_claims_and_finishes_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept = waiting(tx, acme, browser=interactions.NOBODYS)
        assert interactions.by_digest(tx, other.id, digest("name")) is None
        assert not interactions.claim(tx, other.id, digest("name"), BROWSER)
        assert not interactions.finish(tx, other.id, digest("name"))
        assert interactions.forget_all(tx, other.id) == 0
        assert interactions.purge(tx, other.id, tx.now + timedelta(days=1), 10) == 0
        assert interactions.by_digest(tx, acme.id, digest("name")) == kept


def test_X_CO_03_std_AZ_37_of_many_who_answer_one_request_at_once_one_does(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept = waiting(tx, acme)

    def finish(_: int) -> bool:
        with timed.transaction() as tx:
            return interactions.finish(tx, acme.id, digest("name"))

    assert sum(at_once(8, finish)) == 1
    with timed.snapshot() as tx:
        assert interactions.by_digest(tx, acme.id, digest("name")) == replace(kept, finished_at=tx.now)


def test_std_AZ_29_a_request_of_nobody_belongs_to_the_first_browser_that_opens_it(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        waiting(tx, acme, browser=interactions.NOBODYS)
        waiting(tx, acme, "of a browser")

    def claim(number: int) -> bool:
        with timed.transaction() as tx:
            return interactions.claim(tx, acme.id, digest("name"), digest(str(number)))

    answers = at_once(8, claim)
    assert sum(answers) == 1
    with timed.transaction() as tx:
        found = interactions.by_digest(tx, acme.id, digest("name"))
        assert found is not None
        assert found.browser == digest(str(answers.index(True)))
        assert not interactions.claim(tx, acme.id, digest("of a browser"), digest("another"))


def test_every_request_of_an_org_is_forgotten_at_once(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        for value in ("1", "2"):
            waiting(tx, acme, value)
        kept = waiting(tx, other)
        interactions.finish(tx, acme.id, digest("1"))
        assert interactions.forget_all(tx, acme.id) == 2
        assert interactions.by_digest(tx, acme.id, digest("2")) is None
        assert interactions.by_digest(tx, other.id, digest("name")) == kept


def test_the_purge_forgets_what_ran_out_before_the_oldest_first(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    for number in range(4):
        with timed.transaction() as tx:
            waiting(tx, acme, str(number))
        clock.advance(minutes=1)
    with timed.transaction() as tx:
        last = tx.now + timedelta(minutes=9)  # when the youngest runs out
        assert [interactions.purge(tx, acme.id, last, 2) for _ in range(3)] == [2, 1, 0]
        assert [interactions.by_digest(tx, acme.id, digest(str(number))) is None for number in range(4)] == [True, True, True, False]
