"""How long a browser session lives, and what ends it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.rules.facts_builder import A_MOMENT, BEFORE, NOW, ORG, SERVICE_PROFILE, USER, but

from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.sessions import (
    DEFAULT_IDLE_MINUTES,
    OUTSIDE_HOURS,
    USED_ELSEWHERE,
    Session,
    due_to_be_seen,
    fresh_for,
    idle_minutes,
    over,
    proven_lately,
    surplus,
)

SESSION = Session(
    id="0Ak000000000001",
    org_id=ORG.id,
    user_id=USER.id,
    level=Level.STANDARD,
    methods=("pwd",),
    authenticated_at=NOW,
    created_at=NOW,
    last_seen_at=NOW,
    org_epoch=ORG.epoch,
    user_epoch=USER.epoch,
)


STANDING = Standing(USER, SERVICE_PROFILE)


def settings(**changes: Any) -> Org:
    return but(ORG, "settings", **changes)


def profile(**changes: Any) -> Standing:
    return but(STANDING, "profile", **changes)


def why(
    session: Session = SESSION, *, now: datetime = NOW, org: Org = ORG, standing: Standing = STANDING, address: str | None = None
) -> str | None:
    return over(session, org=org, standing=standing, now=now, address=address)


def test_a_new_session_lives() -> None:
    assert why() is None


@pytest.mark.parametrize(("level", "acr"), [(Level.STANDARD, "urn:gatebridge:level:standard"), (Level.HIGH, "urn:gatebridge:level:high")])
def test_a_level_has_its_name_on_the_wire(level: Level, acr: str) -> None:
    assert level.acr == acr


@pytest.mark.parametrize(
    ("profile", "org", "minutes"), [(15, 480, 15), (None, 480, 480), (None, None, DEFAULT_IDLE_MINUTES), (15, None, 15)]
)
def test_the_profile_goes_before_the_org_and_the_org_before_the_default(profile: int | None, org: int | None, minutes: int) -> None:
    assert idle_minutes(profile=profile, org=org) == minutes


@pytest.mark.parametrize(
    ("org", "standing", "minutes"),
    [
        (ORG, STANDING, 120),
        (settings(session_minutes=30), STANDING, 30),
        (settings(session_minutes=30), profile(session_minutes=480), 480),
    ],
)
def test_a_session_rests_up_to_the_limit_and_not_a_moment_longer(org: Org, standing: Standing, minutes: int) -> None:
    end = NOW + timedelta(minutes=minutes)
    assert why(org=org, standing=standing, now=end - A_MOMENT) is None
    assert why(org=org, standing=standing, now=end) == "it was not used for too long"


@pytest.mark.parametrize(("org", "hours"), [(ORG, 24), (settings(session_absolute_hours=2), 2)])
def test_however_busy_it_is_a_session_ends_after_the_hours_that_the_org_allows(org: Org, hours: int) -> None:
    end = NOW + timedelta(hours=hours)
    busy = replace(SESSION, last_seen_at=end)
    assert why(busy, org=org, now=end - A_MOMENT) is None
    assert why(busy, org=org, now=end) == "the user signed in too long ago"


@pytest.mark.parametrize(
    ("locked", "address", "words"),
    [
        (False, "198.51.100.7", None),
        (True, "192.0.2.10", None),
        (True, "198.51.100.7", USED_ELSEWHERE),
        (True, "", USED_ELSEWHERE),  # an address that cannot be told is not the one that it began at
        (True, None, None),  # only looked at
    ],
)
def test_an_org_may_lock_sessions_to_the_address_at_which_they_began(locked: bool, address: str | None, words: str | None) -> None:
    began_here = replace(SESSION, address="192.0.2.10")
    assert why(began_here, org=settings(lock_sessions_to_address=locked), address=address) == words


def test_outside_the_login_hours_a_session_opens_nothing() -> None:
    today = profile(login_hours=(OpenHours(NOW.weekday(), 12 * 60, 12 * 60 + 30),))
    assert why(standing=today) is None
    assert why(standing=today, now=NOW + timedelta(minutes=30)) == OUTSIDE_HOURS


@pytest.mark.parametrize(("org", "minutes"), [(ORG, 60), (settings(reauthenticate_minutes=5), 5)])
def test_what_is_weighty_wants_a_sign_in_of_the_last_minutes(org: Org, minutes: int) -> None:
    assert fresh_for(org.settings) == timedelta(minutes=minutes)


def used(minutes_ago: int) -> Session:
    return replace(SESSION, id=f"0Ak{minutes_ago:012}", last_seen_at=NOW - timedelta(minutes=minutes_ago))


@pytest.mark.parametrize(("most", "given_way"), [(None, []), (4, []), (3, [9]), (2, [9, 5]), (1, [9, 5, 1])], ids=lambda value: str(value))
def test_the_least_recently_used_sessions_make_room_for_one_more(most: int | None, given_way: list[int]) -> None:
    assert surplus([used(1), used(9), used(5)], most) == [used(minutes) for minutes in given_way]


ENDED: dict[str, tuple[Session, dict[str, Any], str]] = {
    "ended, with a reason": (replace(SESSION, ended_at=NOW, ended_because="the user signed out"), {}, "the user signed out"),
    "ended, without one": (replace(SESSION, ended_at=NOW), {}, "it was ended"),
    "of another org": (replace(SESSION, org_id="00D000000000002"), {}, "it is another user's"),
    "of another user": (replace(SESSION, user_id="005000000000009"), {}, "it is another user's"),
    "of a user of another org": (SESSION, {"standing": but(STANDING, "user", org_id="00D000000000002")}, "it is another user's"),
    "of an org that ended everything": (SESSION, {"org": replace(ORG, epoch=9)}, "everything that the user had was ended"),
    "of a user whose access was ended": (SESSION, {"standing": but(STANDING, "user", epoch=9)}, "everything that the user had was ended"),
    "of a frozen user": (SESSION, {"standing": but(STANDING, "user", frozen=True)}, "the user is frozen or not active"),
    "of a deactivated user": (
        SESSION,
        {"standing": but(STANDING, "user", state=UserState.DEACTIVATED)},
        "the user is frozen or not active",
    ),
    "of an invited user": (SESSION, {"standing": but(STANDING, "user", state=UserState.INVITED)}, "the user is frozen or not active"),
}


@pytest.mark.parametrize("kind", ENDED)
def test_a_session_is_over(kind: str) -> None:
    session, changed, words = ENDED[kind]
    assert why(session, **changed) == words


def test_the_last_use_is_worth_writing_after_a_minute() -> None:
    assert not due_to_be_seen(SESSION, NOW + timedelta(minutes=1) - A_MOMENT)
    assert due_to_be_seen(SESSION, NOW + timedelta(minutes=1))
    assert due_to_be_seen(replace(SESSION, last_seen_at=BEFORE), NOW)


@pytest.mark.parametrize(
    ("ago", "minutes", "lately"),
    [
        (timedelta(), None, True),
        (timedelta(minutes=60), None, True),
        (timedelta(minutes=60) + A_MOMENT, None, False),
        (timedelta(minutes=30), 30, True),
        (timedelta(minutes=5), 1, False),
    ],
)
def test_how_long_a_sign_in_is_good_for_what_is_weighty(ago: timedelta, minutes: int | None, lately: bool) -> None:
    said = settings(reauthenticate_minutes=minutes).settings
    assert proven_lately(replace(SESSION, authenticated_at=NOW - ago), said, NOW) is lately


def test_X_AD_05_who_may_use_nothing_but_apis_has_no_session() -> None:
    assert why(standing=profile(permissions=frozenset({Permission.API_ONLY}))) == "the user may use nothing but APIs"
