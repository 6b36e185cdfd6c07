"""Browser sessions: found by the digest of their cookie, ended once, forgotten a while after that."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import a_session, at_once, digest

from gatebridge.storage import sessions
from gatebridge.storage.database import Database

BROWSER = digest("browser")


def test_a_session_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme)
        assert sessions.by_digest(tx, acme.id, digest("cookie")) == session
        assert sessions.by_id(tx, acme.id, session.id) == session
        assert sessions.by_digest(tx, acme.id, digest("Cookie")) is None


def test_X_AD_01_another_org_sees_and_ends_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme, browser=BROWSER)
        assert sessions.by_digest(tx, other.id, digest("cookie")) is None
        assert sessions.by_id(tx, other.id, session.id) is None
        assert sessions.live_of_user(tx, other.id, acme.user_id) == []
        assert not sessions.known_browser(tx, other.id, acme.user_id, BROWSER)
        assert not sessions.end(tx, other.id, session.id, "theirs")
        assert sessions.end_of_user(tx, other.id, acme.user_id, "theirs") == 0
        sessions.seen(tx, other.id, session.id)
        assert sessions.purge(tx, other.id, tx.now + timedelta(days=1), 10) == 0
        assert sessions.by_id(tx, acme.id, session.id) == session


def test_X_SE_01_two_sessions_never_have_one_value(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        a_session(tx, acme)
    with pytest.raises(sa.exc.IntegrityError), timed.transaction() as tx:
        a_session(tx, acme)


def test_the_last_use_is_the_time_of_the_request(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme)
    clock.advance(minutes=3)
    with timed.transaction() as tx:
        sessions.seen(tx, acme.id, session.id)
        assert sessions.by_id(tx, acme.id, session.id) == replace(session, last_seen_at=clock.now)


def test_X_SE_05_of_many_who_end_a_session_at_once_one_does_and_its_words_stay(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme)

    def end(number: int) -> bool:
        with timed.transaction() as tx:
            return sessions.end(tx, acme.id, session.id, f"by {number}")

    answers = at_once(8, end)
    assert sum(answers) == 1
    with timed.snapshot() as tx:
        assert sessions.by_id(tx, acme.id, session.id) == replace(session, ended_at=tx.now, ended_because=f"by {answers.index(True)}")


def test_the_live_sessions_of_a_user_come_newest_first(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        first, second, ended = (a_session(tx, acme, value) for value in ("1", "2", "3"))
        a_session(tx, acme, "theirs", user_id=acme.owner_id)
        sessions.end(tx, acme.id, ended.id, "signed out")
        assert sessions.live_of_user(tx, acme.id, acme.user_id) == [second, first]


def test_X_SE_04_all_sessions_of_one_user_end_or_all_but_one(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept, *_ = (a_session(tx, acme, value) for value in ("1", "2", "3"))
        theirs = a_session(tx, acme, "theirs", user_id=acme.owner_id)
        assert sessions.end_of_user(tx, acme.id, acme.user_id, "new password", but=kept.id) == 2
        assert sessions.live_of_user(tx, acme.id, acme.user_id) == [kept]
        assert sessions.end_of_user(tx, acme.id, acme.user_id, "frozen") == 1
        assert sessions.live_of_user(tx, acme.id, acme.owner_id) == [theirs]


def test_X_BF_06_a_browser_stays_known_to_its_own_user(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme, browser=BROWSER)
        sessions.end(tx, acme.id, session.id, "signed out")
        assert sessions.known_browser(tx, acme.id, acme.user_id, BROWSER)
        assert not sessions.known_browser(tx, acme.id, acme.owner_id, BROWSER)
        assert not sessions.known_browser(tx, acme.id, acme.user_id, digest("another"))


def test_the_purge_forgets_what_was_ended_or_last_used_before_the_oldest_first(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        used, ended, resting, busy = (a_session(tx, acme, value) for value in ("1", "2", "3", "4"))
    clock.advance(hours=1)
    with timed.transaction() as tx:
        sessions.seen(tx, acme.id, busy.id)
        sessions.seen(tx, acme.id, used.id)
        sessions.end(tx, acme.id, used.id, "signed out")
        sessions.end(tx, acme.id, ended.id, "signed out")
    with timed.transaction() as tx:
        assert sessions.purge(tx, acme.id, clock.now, 10) == 1
        assert sessions.by_id(tx, acme.id, resting.id) is None
        assert sessions.purge(tx, acme.id, clock.now + timedelta(seconds=1), 2) == 2
        assert sessions.live_of_user(tx, acme.id, acme.user_id) == [replace(busy, last_seen_at=clock.now)]
