"""Whoever changes the login history behind our back is found out, as far as its hours are sealed."""

import os
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.on_a_clock import clock, database
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, change, line, make_org

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.monitoring import audit_history, audit_trail
from gatebridge.monitoring.audit_history import HistoryVerification
from gatebridge.monitoring.audit_trail import AuditFilter
from gatebridge.records import history_seals as pen
from gatebridge.rules import history_seals as rules
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.storage import login_history as stored
from gatebridge.storage.audit_trail import audit_trail as trail
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import login_history as lines
from gatebridge.storage.sobjects.records import of_audit_trail
from gatebridge.storage.tx import Tx
from gatebridge.worker import Worker

__all__ = ["clock", "database"]

Harm = Callable[[Tx, SmallOrg], object]


@pytest.fixture
def org(database: Database, clock: ManualClock) -> SmallOrg:
    return sealed_org(database, clock)


def sealed_org(database: Database, clock: ManualClock) -> SmallOrg:
    """An org with three hours of two lines each, sealed in the lines 1 to 3 of its trail, and one line of this hour."""
    with database.transaction() as tx:
        org = make_org(tx)
        for hour in range(3):
            stored.insert_many(tx, [line(org, clock() + timedelta(hours=hour, seconds=number)) for number in range(2)])
    clock.advance(hours=3, minutes=20)
    assert Worker(database, {}, random=os.urandom).run_once().sealed == 3
    with database.transaction() as tx:
        stored.insert_many(tx, [line(org, clock())])
    return org


def verify(database: Database, org: SmallOrg, keys: MasterKeys = MASTER_KEYS, **given: int) -> HistoryVerification:
    with database.snapshot() as tx:
        return audit_history.verify(tx, org.id, keys, **given)


def nth(tx: Tx, place: int) -> str:
    return str(tx.connection.scalars(sa.select(lines.c.id).order_by(lines.c.id)).all()[place])


def edit(place: int, **values: object) -> Harm:
    return lambda tx, org: tx.connection.execute(sa.update(lines).where(lines.c.id == nth(tx, place)).values(**values))


def put_in(tx: Tx, org: SmallOrg) -> None:
    stored.insert_many(tx, [line(org, tx.now, id=nth(tx, 3)[:-1] + "z")])


def take_out(tx: Tx, org: SmallOrg) -> None:
    tx.connection.execute(sa.delete(lines).where(lines.c.id == nth(tx, 3)))


def exchange(tx: Tx, org: SmallOrg) -> None:
    """One is taken out and another put in, so that the numbers fit."""
    put_in(tx, org)
    take_out(tx, org)


def move(tx: Tx, org: SmallOrg) -> None:
    tx.connection.execute(sa.update(lines).where(lines.c.id == nth(tx, 3)).values(id=nth(tx, 5)[:-1] + "z"))


def forge(tx: Tx, org: SmallOrg) -> None:
    """The line is changed, and so is what its seal says; but the key is not at hand."""
    edit(3, user_agent="else")(tx, org)
    found = trail.c.sequence == 2
    changes = tx.connection.scalars(sa.select(trail.c.changes).where(found)).one()
    seal = rules.read(changes)
    assert seal is not None
    held = pen.held(tx, org.id, seal.behind_id, seal.up_to_id)
    now = [each | {"after": held.sha256} if each["field"] == "sha256" else each for each in changes]
    tx.connection.execute(sa.update(trail).where(found).values(changes=now))


def test_what_nobody_touched_fits_and_this_hour_is_open(database: Database, org: SmallOrg) -> None:
    said = "Until 2026-03-02 15:00 UTC, 6 lines of login history under 3 seals fit what was sealed."
    assert verify(database, org) == HistoryVerification("intact", 3, 6, None, said, None)


@pytest.mark.parametrize(
    ("harm", "number", "words"),
    [
        pytest.param(edit(3, user_agent="else"), 2, "a line was changed.", id="a word is changed"),
        pytest.param(edit(2, user_id="005000000000001"), 2, "a line was changed.", id="whose it is"),
        pytest.param(edit(0, outcome="refused"), 1, "a line was changed.", id="in the oldest hour"),
        pytest.param(edit(5, receipt={"findings": []}), 3, "a line was changed.", id="the receipt of it"),
        pytest.param(take_out, 2, "1 line is gone.", id="one is taken out"),
        pytest.param(put_in, 2, "1 line was put in.", id="one is put in"),
        pytest.param(exchange, 2, "a line was changed.", id="one is exchanged"),
        pytest.param(move, 3, "1 line was put in.", id="one is moved to another hour"),
        pytest.param(edit(0, id="0Ya00000000000z"), 1, "a line was changed.", id="one is moved to a time before all"),
        pytest.param(edit(0, id="0"), 1, "a line was changed.", id="or to no time at all"),
        pytest.param(edit(6, id="0Yazzzzzzzzzzzz"), None, "is still to come.", id="one is moved to a far time"),
        pytest.param(forge, 2, "was changed.", id="the seal is changed as well"),
    ],
)
def test_harm_is_found_with_its_hour(database: Database, org: SmallOrg, harm: Harm, number: int | None, words: str) -> None:
    with database.transaction() as tx:
        harm(tx, org)
    found = verify(database, org)
    assert (found.state, found.first_bad) == ("tampered", number)
    assert found.words.endswith(words)


def test_behind_an_hour_that_does_not_fit_one_may_go_on(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        edit(5, user_agent="else")(tx, org)
        edit(0, user_agent="else")(tx, org)
    first = verify(database, org)
    second = verify(database, org, go_on=3)
    third = verify(database, org, go_on=1)
    assert [(part.state, part.first_bad, part.go_on) for part in (first, second, third)] == [
        ("tampered", 3, 3),
        ("tampered", 1, 1),
        ("intact", None, None),
    ]


def test_what_sqlite_cannot_read_any_more_is_a_change(sqlite_url: str, clock: ManualClock) -> None:
    with at_the_time_of(clock, sqlite_url) as database:
        org = sealed_org(database, clock)
        with database.transaction() as tx:
            tx.connection.exec_driver_sql("UPDATE login_history SET at = 'never'")
        found = verify(database, org)
        assert (found.state, found.first_bad, found.words.endswith("cannot be read.")) == ("tampered", 3, True)


def hide(number: int) -> Harm:
    """A seal is made to look like another line."""
    return lambda tx, org: tx.connection.execute(sa.update(trail).where(trail.c.sequence == number).values(event="setup:app:edited"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(2, "The seals in lines 1 and 3 of the trail do not meet.", id="one between"),
        pytest.param(1, "The seal before the one in line 2 of the trail is gone.", id="the first"),
    ],
)
def test_a_seal_that_is_gone_is_missed(database: Database, org: SmallOrg, number: int, words: str) -> None:
    with database.transaction() as tx:
        hide(number)(tx, org)
    assert (verify(database, org).state, verify(database, org).words) == ("tampered", words)


def test_X_AU_05_what_should_be_sealed_by_now_and_is_not_is_doubt(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    clock.advance(hours=3, minutes=1)
    found = verify(database, org)
    assert (found.state, found.first_bad) == ("could_not_check", None)
    with database.transaction() as tx:
        for number in (1, 2, 3):
            hide(number)(tx, org)
    assert verify(database, org).words == "The login history since the beginning is not sealed yet. Does the worker run?"


def test_X_AU_05_without_the_master_key_nothing_is_called_intact(database: Database, org: SmallOrg) -> None:
    found = verify(database, org, MasterKeys(MasterKey(sha256(b"another house").digest())))
    assert (found.state, found.first_bad, found.lines) == ("could_not_check", 3, 0)
    assert MASTER_KEYS.current.id in found.words


def test_X_AU_05_a_seal_of_a_newer_version_is_doubt(
    database: Database, org: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(hours=1)
    monkeypatch.setattr(rules, "FORMAT", 2)
    Worker(database, {}, random=os.urandom).run_once()
    monkeypatch.undo()
    assert (verify(database, org).state, verify(database, org).first_bad) == ("could_not_check", 4)


def test_many_are_looked_at_in_parts_from_new_to_old(database: Database, org: SmallOrg) -> None:
    first = verify(database, org, lines_at_once=2)
    assert (first.seals, first.lines, first.go_on, first.words.endswith("There are older ones.")) == (1, 2, 3, True)
    second = verify(database, org, lines_at_once=2, go_on=3)
    third = verify(database, org, lines_at_once=2, go_on=2)
    assert [(part.state, part.seals, part.go_on) for part in (second, third)] == [("intact", 1, 2), ("intact", 1, None)]


def test_a_seal_is_no_change_and_is_listed_when_asked_for(database: Database, org: SmallOrg) -> None:
    reader = org.actor(Permission.VIEW_AUDIT_TRAIL)
    with database.transaction() as tx:
        change(tx, org, 1)
    with database.snapshot() as tx:
        listed = [
            [line.sequence for line in audit_trail.page(tx, reader, wanted)]
            for wanted in (AuditFilter(), AuditFilter(seals=True), AuditFilter(event=Event.LOGIN_HISTORY_SEALED))
        ]
        source = of_audit_trail(tx, org.id)
        queried = tx.connection.scalars(sa.select(trail.c.sequence).where(*source.where)).all()
    assert (listed, queried) == ([[4], [4, 3, 2, 1], [3, 2, 1]], [4])


def test_an_org_in_which_nothing_happened_has_nothing_to_seal(database: Database) -> None:
    with database.transaction() as tx:
        fresh = make_org(tx, "fresh")
    found = verify(database, fresh)
    assert (found.state, found.words) == ("intact", "No hour of the login history is sealed.")
