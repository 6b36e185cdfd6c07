"""Runs of Try it as they are stored: sealed while they run, forgotten when they end, and found again by what they have shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import at_once

from gatebridge.crypto.sealing import SealBroken
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.tries import Done, Expected, Kept, Outcome, Step, Try, Wrong
from gatebridge.storage import tries
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

KEPT = Kept(
    steps=(Step.AUTHORIZATION, Step.TOKEN),
    scopes=("api", "openid"),
    wrong=Wrong.VERIFIER,
    subject_id="0051",
    username="ada",
    secret="gbs_a secret",
    answer={"code": "gbc_ü", "iss": "https://acme.example"},
    done=(Done(Step.AUTHORIZATION, Outcome.SUCCESS, "0Ya1"),),
)


def begun(tx: Tx, org: SmallOrg, flow: Flow = Flow.WEB_SERVER, expected: Expected = Expected.REFUSAL, kept: Kept = KEPT) -> Try:
    run = Try(tx.new_id(Prefix.TRY), org.id, "0H41", "0051", flow, expected, tx.now, tx.now + timedelta(minutes=10))
    tries.insert(tx, run, kept)
    return run


@pytest.fixture
def run(timed: Database, acme: SmallOrg) -> Try:
    with timed.transaction() as tx:
        return begun(tx, acme)


def test_a_run_comes_back_with_all_that_it_keeps(timed: Database, acme: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        assert tries.by_id(tx, acme.id, run.id) == (run, KEPT)
        later = replace(KEPT, under_way=tx.now, scopes=None, wrong=None, answer=None)
        assert tries.save(tx, run, later)
        assert tries.by_id(tx, acme.id, run.id) == (replace(run, version=2), later)


def test_what_it_keeps_is_sealed_and_opens_in_no_other_row(timed: Database, acme: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        other = begun(tx, acme)
        sealed = bytes(tx.connection.execute(sa.select(tries.tries.c.kept).where(tries.tries.c.id == run.id)).scalar_one())
        assert b"gbs_a secret" not in sealed
        tx.connection.execute(sa.update(tries.tries).where(tries.tries.c.id == other.id).values(kept=sealed))
        with pytest.raises(SealBroken):
            tries.by_id(tx, acme.id, other.id)


def test_X_AD_01_another_org_reads_saves_and_ends_nothing(timed: Database, acme: SmallOrg, other: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        assert tries.by_id(tx, other.id, run.id) is None
        assert not tries.save(tx, replace(run, org_id=other.id), KEPT)
        assert not tries.end(tx, other.id, run.id)
        assert tries.live_of_app(tx, other.id, run.app_id) == 0
        assert tries.by_id(tx, acme.id, run.id) == (run, KEPT)


def test_of_many_who_save_one_version_at_once_one_does(timed: Database, acme: SmallOrg, run: Try) -> None:
    def save(_: int) -> bool:
        with timed.transaction() as tx:
            return tries.save(tx, run, KEPT)

    assert sorted(at_once(8, save)) == [False] * 7 + [True]


def test_an_ended_run_keeps_nothing_and_cannot_be_saved_or_ended_again(
    timed: Database, clock: ManualClock, acme: SmallOrg, run: Try
) -> None:
    with timed.transaction() as tx:
        assert tries.end(tx, acme.id, run.id)
        found = tries.by_id(tx, acme.id, run.id)
        assert found is not None
        assert (found[0].ended_at, found[1]) == (tx.now, None)
        assert not tries.end(tx, acme.id, run.id)
        assert not tries.save(tx, found[0], KEPT)


def test_what_is_live_and_what_is_overdue_goes_by_time(timed: Database, clock: ManualClock, acme: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        assert (tries.live_of_app(tx, acme.id, run.app_id), tries.overdue(tx, acme.id, 10)) == (1, [])
    clock.advance(minutes=10)
    with timed.transaction() as tx:
        assert (tries.live_of_app(tx, acme.id, run.app_id), tries.overdue(tx, acme.id, 10)) == (0, [run.id])
        tries.end(tx, acme.id, run.id)
        assert tries.overdue(tx, acme.id, 10) == []


def test_only_runs_that_ended_as_they_were_meant_to_show_anything(timed: Database, clock: ManualClock, acme: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        since = tx.now
        for flow, expected, as_expected, receipt in (
            (Flow.WEB_SERVER, Expected.REFUSAL, True, "0Ya1"),
            (Flow.WEB_SERVER, Expected.SUCCESS, False, "0Ya2"),
            (Flow.JWT_BEARER, Expected.SUCCESS, True, None),
        ):
            made = begun(tx, acme, flow, expected)
            outcome = Outcome.SUCCESS if expected is Expected.SUCCESS else Outcome.REFUSED
            assert tries.save(tx, replace(made, outcome=outcome, as_expected=as_expected, receipt_id=receipt), KEPT)
        found = tries.shown(tx, acme.id, run.app_id, since)
        assert {key: proof.receipt_id for key, proof in found.items()} == {(Flow.WEB_SERVER, Expected.REFUSAL): "0Ya1"}
        assert tries.shown(tx, acme.id, "0H42", since) == {}
    clock.advance(minutes=1)
    with timed.transaction() as tx:
        assert tries.shown(tx, acme.id, run.app_id, tx.now) == {}


def test_what_ended_long_ago_is_forgotten_and_what_runs_is_not(timed: Database, clock: ManualClock, acme: SmallOrg, run: Try) -> None:
    with timed.transaction() as tx:
        tries.end(tx, acme.id, begun(tx, acme).id)
    clock.advance(days=200)
    with timed.transaction() as tx:
        assert tries.purge(tx, acme.id, tx.now - timedelta(days=180), 10) == 1
        assert tries.by_id(tx, acme.id, run.id) is not None
