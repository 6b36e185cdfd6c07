"""What was left in the outbox leaves the house: at least once, outside any transaction, and never silently not at all."""

import stat
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from tests.records.on_a_clock import clock, database, org
from tests.records.seed import ManualClock, SmallOrg, change, lines_of

from gatebridge.delivery import courier
from gatebridge.delivery.courier import Round
from gatebridge.delivery.email import FileMailer
from gatebridge.delivery.file import HeadsFile
from gatebridge.monitoring import audit_heads
from gatebridge.records.outbox import leave
from gatebridge.rules import ids
from gatebridge.storage import audit_trail, outbox
from gatebridge.storage.database import Database
from gatebridge.storage.outbox import Entry

__all__ = ["clock", "database", "org"]


@dataclass
class Receiver:
    """Takes what it is given, unless it is told to fail."""

    most_attempts: int | None = 3
    broken: bool = False
    got: list[str] = field(default_factory=list)

    def deliver(self, entry: Entry) -> None:
        if self.broken:
            raise OSError("no space left on device")
        self.got.append(entry.id)


def no_jitter() -> float:
    return 1.0


def put(database: Database, org: SmallOrg, count: int = 1, kind: str = "parcel") -> list[str]:
    with database.transaction() as tx:
        return [leave(tx, org.id, kind, {"number": number}) for number in range(count)]


def run(database: Database, receiver: Receiver, limit: int = 100) -> Round:
    return courier.run_once(database, {"parcel": receiver}, no_jitter, limit)


def test_what_is_due_is_delivered_once_and_in_order(database: Database, org: SmallOrg) -> None:
    left, receiver = put(database, org, 5), Receiver()
    assert run(database, receiver) == Round(sent=5)
    assert run(database, receiver) == Round()
    assert receiver.got == left


def test_a_round_takes_a_bounded_number(database: Database, org: SmallOrg) -> None:
    put(database, org, 5)
    assert [run(database, Receiver(), limit=2).sent for _ in range(4)] == [2, 2, 1, 0]


def test_a_failure_does_not_hold_up_what_comes_after_it(database: Database, org: SmallOrg) -> None:
    put(database, org, 1, "unknown")
    (left,), receiver = put(database, org), Receiver()
    assert run(database, receiver) == Round(sent=1, failed=1)
    assert receiver.got == [left]


def test_a_failure_is_tried_again_later_and_keeps_its_error(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    (left,), receiver = put(database, org), Receiver(broken=True)
    assert run(database, receiver) == Round(failed=1)
    receiver.broken = False
    assert run(database, receiver) == Round()
    clock.advance(seconds=5)
    with database.reading() as tx:
        assert [(entry.attempts, entry.last_error) for entry in outbox.due(tx, 10)] == [(1, "OSError: no space left on device")]
    assert run(database, receiver) == Round(sent=1)
    assert receiver.got == [left]


def test_what_fails_too_often_is_given_up_and_stays_visible(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    (left,), receiver = put(database, org), Receiver(broken=True, most_attempts=3)
    rounds = []
    for _ in range(4):
        rounds.append(run(database, receiver))
        clock.advance(days=1)
    assert rounds == [Round(failed=1), Round(failed=1), Round(given_up=1), Round()]
    with database.reading() as tx:
        assert [(entry.id, entry.attempts, entry.last_error) for entry in outbox.given_up(tx, 10)] == [
            (left, 3, "OSError: no space left on device")
        ]


def test_a_crash_between_delivery_and_note_delivers_twice_and_loses_nothing(database: Database, org: SmallOrg) -> None:
    """The process dies in the middle of a round: what it had delivered comes once more, what it had not comes once."""
    left = put(database, org, 4)

    class Crashing(Receiver):
        def deliver(self, entry: Entry) -> None:
            if len(self.got) == 2:
                raise KeyboardInterrupt
            super().deliver(entry)

    before, after = Crashing(), Receiver()
    with pytest.raises(KeyboardInterrupt):
        run(database, before)
    assert run(database, after) == Round(sent=4)
    assert before.got == left[:2]
    assert after.got == left


def test_what_waits_is_counted_whether_it_is_due_or_given_up(database: Database, org: SmallOrg) -> None:
    put(database, org, 2)
    put(database, org, 1, "unknown")
    with database.reading() as tx:
        assert outbox.waiting_everywhere(tx) == 3
    run(database, Receiver(broken=True, most_attempts=1), limit=1)
    run(database, Receiver())
    with database.reading() as tx:
        assert outbox.waiting_everywhere(tx) == 2


def test_nothing_is_delivered_of_what_was_rolled_back(database: Database, org: SmallOrg) -> None:
    def act() -> None:
        with database.transaction() as tx:
            leave(tx, org.id, "parcel", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert run(database, Receiver()) == Round()


def test_no_transaction_is_open_while_something_is_delivered(database: Database, org: SmallOrg) -> None:
    """The receiver itself writes into the database, which would wait for ever behind a transaction that is open for writing."""
    put(database, org)

    class Writing(Receiver):
        def deliver(self, entry: Entry) -> None:
            put(database, org, kind="answer")

    assert run(database, Writing()).sent == 1


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (500, 3600)])
def test_each_delay_is_twice_the_last_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert courier.delay(attempts, 1.0) == timedelta(seconds=seconds)
    assert courier.delay(attempts, 0.0) == timedelta(seconds=seconds) / 2


class TestHeadsFile:
    """The heads of the audit chains end in a file that only the server's account can read."""

    def deliver_all(self, database: Database, path: Path) -> None:
        assert courier.run_once(database, {"audit_head": HeadsFile(path)}, no_jitter).failed == 0

    def test_every_line_of_the_chain_leaves_its_number_and_mac(self, database: Database, org: SmallOrg, tmp_path: Path) -> None:
        path = tmp_path / "new" / "heads.log"
        with database.transaction() as tx:
            change(tx, org, 1)
            change(tx, org, 2)
        self.deliver_all(database, path)
        with database.reading() as tx:
            chain = audit_trail.chunk(tx, org.id, 0, 10)
        assert [(head.org_id, head.sequence, head.mac) for head in audit_heads.read(path)] == [
            (org.id, line.sequence, line.mac) for line in chain
        ]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_line_that_a_crash_tore_is_replaced_by_the_whole_one(self, tmp_path: Path) -> None:
        path, clock = tmp_path / "heads.log", ManualClock()
        entries = [Entry("o", "0OB00000000000" + str(n), "audit_head", {"sequence": n}, clock(), 0, "") for n in (1, 2)]
        HeadsFile(path).deliver(entries[0])
        with path.open("ab") as file:
            file.write(b'{"seque')
        HeadsFile(path).deliver(entries[1])
        assert lines_of(path) == [{"sequence": 1}, {"sequence": 2}]

    def test_a_head_is_never_given_up(self, database: Database, org: SmallOrg, clock: ManualClock, tmp_path: Path) -> None:
        directory = tmp_path / "not-a-file"
        directory.mkdir()
        with database.transaction() as tx:
            change(tx, org, 1)
        for _ in range(courier.MOST_ATTEMPTS + 1):
            assert courier.run_once(database, {"audit_head": HeadsFile(directory)}, no_jitter) == Round(failed=1)
            clock.advance(hours=2)
        self.deliver_all(database, tmp_path / "heads.log")
        assert len(audit_heads.read(tmp_path / "heads.log")) == 1


class TestFileMailer:
    """Mail is written as a file."""

    def entry(self, **payload: object) -> Entry:
        return Entry("o", "0OB000000000001", "mail", payload, ManualClock()(), 0, "")

    def test_a_mail_has_what_the_entry_says(self, tmp_path: Path) -> None:
        FileMailer(tmp_path / "mail").deliver(self.entry(to="ada@example.com", subject="Größe", text="Two\nlines"))
        (path,) = (tmp_path / "mail").iterdir()
        message = message_from_bytes(path.read_bytes(), policy=default)
        assert path.name == ids.long("0OB000000000001") + ".eml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (message["To"], message["Subject"], message.get_content()) == ("ada@example.com", "Größe", "Two\r\nlines\r\n")

    def test_the_same_entry_twice_is_one_mail(self, tmp_path: Path) -> None:
        for _ in range(2):
            FileMailer(tmp_path).deliver(self.entry(to="ada@example.com", subject="Hello", text="you"))
        assert len(list(tmp_path.iterdir())) == 1

    @pytest.mark.parametrize("place", ["to", "subject"])
    def test_a_line_end_adds_no_header(self, tmp_path: Path, place: str) -> None:
        payload = {"to": "ada@example.com", "subject": "Hello", "text": "you"} | {place: "a@example.com\r\nBcc: eve@example.com"}
        with pytest.raises(ValueError, match="linefeed"):
            FileMailer(tmp_path).deliver(self.entry(**payload))
        assert list(tmp_path.iterdir()) == []
