"""The pages of a query: that they lose and repeat nothing, and that the way from one to the next leads nobody else anywhere."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.records.seed import line
from tests.salesforce.asking import EVERYTHING, LINES, Asking, ids, locator

from gatebridge.rules.ids import long
from gatebridge.rules.reasons import sobjects as reasons
from gatebridge.salesforce import query
from gatebridge.storage import login_history

lines = login_history.login_history


@pytest.mark.parametrize(
    ("tail", "sizes"),
    [
        ("", [200, 200, 50]),
        (" ORDER BY LoginTime DESC", [200, 200, 50]),
        (" ORDER BY Status, SourceIp DESC", [200, 200, 50]),
        (" LIMIT 400", [200, 200]),
        (" LIMIT 401", [200, 200, 1]),
        (" LIMIT 450 OFFSET 100", [200, 150]),
        (" LIMIT 3000", [200, 200, 50]),
        (" LIMIT 200", [200]),
        (" LIMIT 0", [0]),
    ],
)
def test_the_pages_of_a_query_give_each_record_once_and_the_same_total(asking: Asking, tail: str, sizes: list[int]) -> None:
    pages = asking.pages(EVERYTHING + tail)
    assert [len(page.records) for page in pages] == sizes
    assert {page.total_size for page in pages} == {sum(sizes)}
    assert [page.done for page in pages] == [False] * (len(sizes) - 1) + [True]
    assert ids(pages) == ids([asking.run(EVERYTHING + tail)])
    assert len(set(ids(pages))) == sum(sizes)


@pytest.mark.parametrize(("asked", "given"), [(-1, 200), (1, 200), (199, 200), (250, 250), (100_000, LINES)])
def test_a_page_is_as_large_as_was_asked_within_bounds(asking: Asking, asked: int, given: int) -> None:
    assert len(asking.run(EVERYTHING, batch_size=asked).records) == given


def test_the_total_stops_somewhere_and_the_pages_do_not(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_COUNTED", 250)
    pages = asking.pages(EVERYTHING)
    assert {page.total_size for page in pages} == {250}
    assert len(set(ids(pages))) == LINES


def test_what_is_written_between_two_pages_moves_no_record_from_one_to_the_other(asking: Asking) -> None:
    asking.clock.advance(minutes=5)
    first = asking.run("SELECT Id FROM User ORDER BY Username")
    page = asking.run(EVERYTHING, batch_size=200)
    new = line(asking.other, asking.clock.now)
    with asking.database.transaction() as tx:
        login_history.insert_many(tx, [replace(new, org_id=asking.acme.id, app_id=asking.acme.app_id, event="probe")])
    try:
        rest = asking.more(page.next_locator or "")
        assert not set(ids([page])) & set(ids([rest]))
        assert long(new.id) not in ids([page, rest])
        assert first.done
    finally:
        with asking.database.transaction() as tx:
            tx.connection.execute(sa.delete(lines).where(lines.c.event == "probe"))


def test_today_is_the_same_day_on_every_page_and_begins_where_the_user_is(asking: Asking) -> None:
    text = "SELECT Id FROM LoginHistory WHERE LoginTime = TODAY"
    assert asking.run(text).total_size == LINES
    assert (
        asking.run(text, timezone="Asia/Tokyo").total_size == LINES
    )  # nine hours ahead: 21:00, and today began at 15:00 of yesterday in UTC
    assert asking.run(text, timezone="Pacific/Kiritimati").total_size == 120  # fourteen hours ahead: today began at 10:00 in UTC
    first = asking.run(text, batch_size=200)
    asking.clock.advance(hours=20)
    assert asking.run(text).total_size == 0
    assert len(asking.more(first.next_locator or "").records) == 200


def test_a_locator_fits_into_an_address(asking: Asking) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{100,600}", locator(asking))
    long_text = (
        EVERYTHING + " WHERE UserId != null AND Status IN (" + ", ".join(f"'{number:x}'" for number in range(1_500)) + ", 'Success')"
    )
    page = asking.run(long_text, batch_size=200)
    assert page.next_locator is not None
    assert len(page.next_locator) < len(long_text)
    assert asking.more(page.next_locator).done


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: "",
        lambda whole: "01gRM000002vxVGYAY-2000",
        lambda whole: whole[:-1],
        lambda whole: whole[:50] + ("A" if whole[50] != "A" else "B") + whole[51:],
        lambda whole: whole + "ä",
        lambda whole: whole + "/../x",
        lambda whole: "A" * 100_000,
    ],
    ids=["empty", "Salesforce's own", "cut", "changed", "not ASCII", "longer", "huge"],
)
def test_X_HT_07_a_locator_that_was_not_made_here_leads_nowhere(asking: Asking, change: Callable[[str], str]) -> None:
    asking.refused(reasons.QUERY_LOCATOR_INVALID, lambda: asking.more(change(locator(asking))))


def test_X_HT_07_a_locator_leads_nobody_else_anywhere(asking: Asking) -> None:
    made = locator(asking)
    others = (
        replace(asking.admin, user_id=asking.acme.owner_id),
        replace(asking.admin, org_id=asking.other.id),
        replace(asking.admin, grant_id="0GR000000000002"),
    )
    for actor in others:
        asking.refused(reasons.QUERY_LOCATOR_INVALID, lambda actor=actor: asking.more(made, actor))  # type: ignore[misc]
    assert len(asking.more(made).records) == 200


def test_a_locator_counts_for_two_days(asking: Asking) -> None:
    made = locator(asking)
    asking.clock.advance(days=2, seconds=-1)
    assert len(asking.more(made).records) == 200
    asking.clock.advance(seconds=1)
    asking.refused(reasons.QUERY_LOCATOR_INVALID, lambda: asking.more(made))


def test_a_right_that_is_lost_between_two_pages_is_lost_on_the_second(asking: Asking) -> None:
    made = locator(asking)
    narrowed = asking.more(made, asking.actor())
    assert {record.values["UserId"] for record in narrowed.records} == {long(asking.acme.user_id)}
    audit = asking.run("SELECT Id FROM LoginHistory ORDER BY Status", batch_size=200).next_locator or ""
    nobody = replace(asking.actor(), user_id=None)
    asking.refused(reasons.QUERY_LOCATOR_INVALID, lambda: asking.more(audit, nobody))
