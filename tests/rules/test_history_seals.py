"""Seals over the login history, as one-line truths: what is sealed when, and what is wrong where the lines do not fit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatebridge.rules import audit, history_seals, ids
from gatebridge.rules.history_seals import BEGINNING, FORMAT, Held, Seal, last_id_before, stretch_end
from gatebridge.rules.ids import IdMint, Prefix

NOW = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
HELD = Held(3, "0Ya000000000001", "0Ya000000000003", "ab" * 32)
SEAL = Seal("0Ya000000000000", "0Ya00000000zzzz", HELD)


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def an_id(moment: datetime) -> str:
    return IdMint(7).mint(Prefix.RECEIPT, moment)


@pytest.mark.parametrize(
    ("behind", "oldest", "now", "ends"),
    [
        pytest.param(at(11), at(11, 30), at(12, 14), None, id="an hour is not sealed while lines may still be written to it"),
        pytest.param(at(11), at(11, 30), at(12, 15), at(12), id="and is a quarter of an hour later"),
        pytest.param(None, at(3, 59), NOW, at(4), id="the first seal is over the hour of the first line"),
        pytest.param(at(3), at(9, 1), NOW, at(10), id="hours without a line are sealed with the next that has one"),
        pytest.param(at(3), at(12, 1), NOW, None, id="they wait for one for the rest of the day"),
        pytest.param(at(3, day=1), at(12, 1), NOW, at(0), id="and no longer"),
        pytest.param(at(3, day=1), None, NOW, at(0), id="with no line since as well"),
        pytest.param(at(0), None, NOW, None, id="once a day"),
        pytest.param(None, None, NOW, None, id="before the first line there is nothing to seal"),
        pytest.param(None, at(12, 1), NOW, None, id="nor before its hour is over"),
    ],
)
def test_what_is_sealed_next(behind: datetime | None, oldest: datetime | None, now: datetime, ends: datetime | None) -> None:
    behind_id = last_id_before(behind) if behind is not None else BEGINNING
    found = stretch_end(behind_id, an_id(oldest) if oldest is not None else None, now)
    assert found == (last_id_before(ends) if ends is not None else None)


def test_a_stretch_ends_between_the_last_id_of_an_hour_and_the_first_of_the_next() -> None:
    last, first = an_id(at(12) - timedelta(milliseconds=1)), an_id(at(12))
    assert last < last_id_before(at(12)) < first
    assert history_seals.end_of(last_id_before(at(12))) == at(12)


def test_a_line_may_be_written_until_its_id_is_five_minutes_old() -> None:
    first = history_seals.first_id_written(NOW)
    assert (an_id(NOW - timedelta(minutes=5)) >= first, an_id(NOW - timedelta(minutes=5, milliseconds=1)) >= first) == (True, False)


def test_what_may_still_be_written_is_in_no_hour_that_is_sealed() -> None:
    begins = NOW - timedelta(minutes=15)  # of the transaction that is at work when the hour is sealed
    assert stretch_end(BEGINNING, history_seals.first_id_written(begins), NOW) is None
    for minutes in range(60):
        now = NOW + timedelta(minutes=minutes)
        sealed = stretch_end(last_id_before(at(11)), an_id(at(11, 30)), now)
        assert sealed is None or sealed < history_seals.first_id_written(now - timedelta(minutes=10))


def test_a_line_is_overdue_after_three_hours_and_too_new_a_day_ahead() -> None:
    assert history_seals.overdue_before(NOW) == ids.floor(Prefix.RECEIPT, NOW - timedelta(hours=3))
    assert history_seals.too_new_from(NOW) == ids.floor(Prefix.RECEIPT, NOW + timedelta(days=1))


def test_lines_expire_by_whole_days() -> None:
    assert history_seals.expires_up_to(NOW, timedelta(days=1)) == last_id_before(at(0, day=1))


@pytest.mark.parametrize(
    "seal",
    [
        pytest.param(SEAL, id="any"),
        pytest.param(replace(SEAL, behind_id=BEGINNING), id="the first"),
        pytest.param(replace(SEAL, held=Held(0, None, None, "cd" * 32)), id="one over nothing"),
    ],
)
def test_a_seal_is_read_back_from_its_line_as_it_was(seal: Seal) -> None:
    changes = [{"field": each.field, "after": each.after} for each in audit.diff(None, history_seals.told(seal))]
    assert history_seals.read(changes) == seal
    assert history_seals.read([each | {"after": FORMAT + 1} if each["field"] == "format" else each for each in changes]) is None


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        pytest.param(HELD, None, id="as it was sealed"),
        pytest.param(replace(HELD, lines=2), "1 line is gone", id="one fewer"),
        pytest.param(replace(HELD, lines=1), "2 lines are gone", id="fewer"),
        pytest.param(replace(HELD, lines=4), "1 line was put in", id="one more"),
        pytest.param(replace(HELD, lines=1_003), "1,000 lines were put in", id="more"),
        pytest.param(replace(HELD, sha256="cd" * 32), "a line was changed", id="as many with other words"),
        pytest.param(replace(HELD, last_id="0Ya000000000002"), "a line was changed", id="as many with another last"),
    ],
)
def test_what_is_wrong_with_a_stretch(found: Held, wrong: str | None) -> None:
    assert history_seals.fault(SEAL, found) == wrong
