"""Whoever changes the audit trail behind our back is found out (X-AU-02, 04, 05)."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.seed import SmallOrg, change, make_org

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.monitoring import audit_heads, audit_trail
from gatebridge.monitoring.audit_heads import HeadsUnreadable, OutsideHead
from gatebridge.monitoring.audit_trail import AuditFilter, Verification
from gatebridge.records.chain import chain_key, line_mac
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import audit_trail as stored
from gatebridge.storage import outbox
from gatebridge.storage.audit_trail import audit_heads as heads_table
from gatebridge.storage.audit_trail import audit_trail as lines_table
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

LINES = 12
NEWER = MasterKeys(MasterKey(sha256(b"the key that came after the tests' own").digest()), older=MASTER_KEYS.all)


@pytest.fixture
def org(database: Database) -> SmallOrg:
    """An org with twelve lines, whose heads were all delivered a while ago."""
    with database.transaction() as tx:
        org = make_org(tx)
        for number in range(LINES):
            change(tx, org, number)
        tx.connection.execute(sa.update(outbox.outbox).values(sent_at=tx.now.replace(year=2020)))
    return org


def outside(tx: Tx, org: SmallOrg) -> list[OutsideHead]:
    return [OutsideHead(org.id, line.sequence, line.mac) for line in stored.chunk(tx, org.id, 0, 1000)]


def verify_after(database: Database, org: SmallOrg, harm: Callable[[Tx], object], keys: MasterKeys = MASTER_KEYS) -> Verification:
    """Do harm with SQL and verify against the heads as they were before it."""
    with database.transaction() as tx:
        before = outside(tx, org)
        harm(tx)
    with database.snapshot() as tx:
        return audit_trail.verify(tx, org.id, keys, before)


def edit(number: int, **values: object) -> Callable[[Tx], object]:
    return lambda tx: tx.connection.execute(sa.update(lines_table).where(lines_table.c.sequence == number).values(**values))


def cut(last: int) -> Callable[[Tx], object]:
    """The tail is gone and the head is moved, as somebody would who knows how the chain is built."""

    def harm(tx: Tx) -> None:
        kept = tx.connection.execute(sa.select(lines_table.c.mac).where(lines_table.c.sequence == LINES - last)).scalar_one_or_none()
        tx.connection.execute(sa.delete(lines_table).where(lines_table.c.sequence > LINES - last))
        tx.connection.execute(sa.update(heads_table).values(sequence=LINES - last, mac=kept or bytes(32)))

    return harm


def test_an_untouched_chain_is_intact(database: Database, org: SmallOrg) -> None:
    verified = verify_after(database, org, lambda tx: None)
    assert verified == Verification("intact", LINES, None, "All 12 lines are as they were written.")


def test_an_org_without_lines_is_intact(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        fresh = make_org(tx, "fresh")
    with database.snapshot() as tx:
        assert audit_trail.verify(tx, fresh.id, MASTER_KEYS, []).state == "intact"


@pytest.mark.parametrize("last", [1, 10, LINES])
def test_X_AU_02_a_tail_that_was_cut_off_is_missed(database: Database, org: SmallOrg, last: int) -> None:
    verified = verify_after(database, org, cut(last))
    assert (verified.state, verified.first_bad) == ("tampered", LINES - last + 1)


def test_X_AU_02_all_rows_gone_with_their_head_are_missed(database: Database, org: SmallOrg) -> None:
    def harm(tx: Tx) -> None:
        tx.connection.execute(sa.delete(lines_table))
        tx.connection.execute(sa.delete(heads_table))

    verified = verify_after(database, org, harm)
    assert (verified.state, verified.checked, verified.first_bad) == ("tampered", 0, 1)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"actor_name": "Mallory"}, id="who"),
        pytest.param({"changes": []}, id="what"),
        pytest.param({"reason": "because"}, id="why"),
        pytest.param({"address": "203.0.113.9"}, id="from where"),
        pytest.param({"target_id": "0H4000000000000"}, id="on which record"),
        pytest.param({"mac": bytes(32)}, id="the MAC itself"),
    ],
)
def test_an_edited_line_is_found_by_its_number(database: Database, org: SmallOrg, values: dict[str, object]) -> None:
    verified = verify_after(database, org, edit(5, **values))
    assert (verified.state, verified.checked, verified.first_bad) == ("tampered", 4, 5)


def test_a_line_that_was_taken_out_is_missed(database: Database, org: SmallOrg) -> None:
    verified = verify_after(database, org, lambda tx: tx.connection.execute(sa.delete(lines_table).where(lines_table.c.sequence == 7)))
    assert (verified.state, verified.first_bad) == ("tampered", 7)


def test_a_line_put_in_front_of_the_first_is_seen(database: Database, org: SmallOrg) -> None:
    assert verify_after(database, org, edit(1, sequence=0)).state == "tampered"


def test_a_head_that_was_moved_is_seen(database: Database, org: SmallOrg) -> None:
    assert verify_after(database, org, lambda tx: tx.connection.execute(sa.update(heads_table).values(sequence=3))).state == "tampered"


def test_whoever_has_the_master_key_is_found_by_the_heads_outside(database: Database, org: SmallOrg) -> None:
    """The whole chain is forged anew with the right key, so only the heads outside can tell."""

    def harm(tx: Tx) -> None:
        mac = bytes(32)
        for line in stored.chunk(tx, org.id, 0, 1000):
            forged = replace(line, actor_name="Somebody else")
            mac = line_mac(chain_key(MASTER_KEYS.current), mac, forged)
            edit(line.sequence, actor_name=forged.actor_name, mac=mac)(tx)
        tx.connection.execute(sa.update(heads_table).values(mac=mac))

    verified = verify_after(database, org, harm)
    assert (verified.state, verified.first_bad) == ("tampered", 1)


def test_X_AU_04_a_line_that_claims_an_older_algorithm_is_refused(database: Database, org: SmallOrg) -> None:
    verified = verify_after(database, org, edit(LINES, algorithm=0))
    assert (verified.state, verified.first_bad) == ("tampered", LINES)


def test_X_AU_04_a_line_that_claims_a_replaced_master_key_is_refused(database: Database, org: SmallOrg) -> None:
    """After the key was replaced, the thief of the old one adds a line with it that is right in everything else."""

    def harm(tx: Tx) -> None:
        change(replace(tx, keys=NEWER), org, 100)
        change(replace(tx, keys=MASTER_KEYS), org, 101)

    verified = verify_after(database, org, harm, NEWER)
    assert (verified.state, verified.first_bad) == ("tampered", LINES + 2)


def test_a_chain_goes_on_over_a_new_master_key(database: Database, org: SmallOrg) -> None:
    verified = verify_after(database, org, lambda tx: change(replace(tx, keys=NEWER), org, 100), NEWER)
    assert (verified.state, verified.checked) == ("intact", LINES + 1)


def test_X_AU_05_without_the_master_key_nothing_is_called_intact(database: Database, org: SmallOrg) -> None:
    stranger = MasterKeys(MasterKey(sha256(b"another house").digest()))
    verified = verify_after(database, org, lambda tx: None, stranger)
    assert (verified.state, verified.checked, verified.first_bad) == ("could_not_check", 0, 1)
    assert MASTER_KEYS.current.id in verified.words


def test_X_AU_05_an_algorithm_of_the_future_is_doubt(database: Database, org: SmallOrg) -> None:
    assert verify_after(database, org, edit(LINES, algorithm=9)).state == "could_not_check"


def test_X_AU_05_tampering_is_told_even_where_a_key_is_missing(database: Database, org: SmallOrg) -> None:
    def harm(tx: Tx) -> None:
        edit(2, key_id="deadbeef")(tx)
        edit(9, reason="because")(tx)

    assert verify_after(database, org, harm).state == "tampered"


@pytest.mark.parametrize("known", [0, 5])
def test_X_AU_05_a_file_that_lacks_delivered_heads_is_doubt(database: Database, org: SmallOrg, known: int) -> None:
    with database.snapshot() as tx:
        verified = audit_trail.verify(tx, org.id, MASTER_KEYS, outside(tx, org)[:known])
    assert (verified.state, verified.first_bad) == ("could_not_check", known + 1)


def test_heads_that_still_wait_in_the_outbox_are_no_doubt(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        known = outside(tx, org)
        change(tx, org, 100)
    with database.snapshot() as tx:
        assert audit_trail.verify(tx, org.id, MASTER_KEYS, known).state == "intact"


def test_the_heads_of_other_orgs_say_nothing_about_this_one(database: Database, org: SmallOrg) -> None:
    with database.snapshot() as tx:
        heads = [*outside(tx, org), OutsideHead("00D000000000000", 999, bytes(32))]
        assert audit_trail.verify(tx, org.id, MASTER_KEYS, heads).state == "intact"


def test_two_heads_of_one_number_are_tampering(database: Database, org: SmallOrg) -> None:
    with database.snapshot() as tx:
        heads = [*outside(tx, org), OutsideHead(org.id, 3, bytes(32))]
        verified = audit_trail.verify(tx, org.id, MASTER_KEYS, heads)
    assert (verified.state, verified.first_bad) == ("tampered", 3)


HEAD = b'{"org":"00D000000000000","sequence":1,"mac":"00ff"}\n'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(b"", 0, id="an empty file has no heads"),
        pytest.param(HEAD + HEAD, 2, id="each line is a head"),
        pytest.param(HEAD + HEAD[:20], 1, id="a last line that is not finished is still being written"),
    ],
)
def test_the_file_of_heads_is_read_line_by_line(text: bytes, count: int) -> None:
    assert len(list(audit_heads.parse(text.splitlines(keepends=True)))) == count


@pytest.mark.parametrize("bad", [b"{}\n", b"[1]\n", b"nonsense\n", b'{"org":"a","sequence":1,"mac":"xyz"}\n'])
def test_X_AU_05_a_file_of_heads_that_cannot_be_read_raises(bad: bytes) -> None:
    with pytest.raises(HeadsUnreadable):
        list(audit_heads.parse([HEAD, bad, HEAD]))


class TestReading:
    """The audit trail is read newest first, by who may."""

    def numbers(self, database: Database, org: SmallOrg, wanted: AuditFilter, **paging: Any) -> list[int]:
        with database.reading() as tx:
            return [line.sequence for line in audit_trail.page(tx, org.actor(Permission.VIEW_AUDIT_TRAIL), wanted, **paging)]

    def test_pages_join_without_gap_or_overlap(self, database: Database, org: SmallOrg) -> None:
        first = self.numbers(database, org, AuditFilter(), limit=5)
        second = self.numbers(database, org, AuditFilter(), limit=50, behind=first[-1])
        assert first + second == list(range(LINES, 0, -1))

    def test_filters_narrow_to_target_event_and_actor(self, database: Database, org: SmallOrg) -> None:
        assert len(self.numbers(database, org, AuditFilter(target_id=org.app_id, event="setup:app:edited"))) == LINES
        assert self.numbers(database, org, AuditFilter(target_id=org.user_id)) == []
        assert self.numbers(database, org, AuditFilter(event="setup:app:deleted")) == []
        assert self.numbers(database, org, AuditFilter(actor_id=org.user_id)) == []

    def test_since_is_included_and_until_is_not(self, database: Database, org: SmallOrg) -> None:
        with database.reading() as tx:
            at = stored.chunk(tx, org.id, 0, 1)[0].at
        assert len(self.numbers(database, org, AuditFilter(since=at))) == LINES
        assert self.numbers(database, org, AuditFilter(until=at)) == []

    def test_it_needs_the_permission(self, database: Database, org: SmallOrg) -> None:
        with database.reading() as tx, pytest.raises(Refused):
            audit_trail.page(tx, org.actor(*set(Permission) - {Permission.VIEW_AUDIT_TRAIL}), AuditFilter())

    def test_a_line_is_found_by_its_id_in_its_own_org_only(self, database: Database, org: SmallOrg) -> None:
        with database.transaction() as tx:
            other = make_org(tx, "other")
            line = stored.chunk(tx, org.id, 0, 1)[0]
            assert audit_trail.by_id(tx, org.actor(Permission.VIEW_AUDIT_TRAIL), line.id) == line
            with pytest.raises(Refused):
                audit_trail.by_id(tx, other.actor(Permission.VIEW_AUDIT_TRAIL), line.id)
