"""How long a browser session lives, and what ends it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.rules.facts_builder import A_MOMENT, BEFORE, NOW, ORG, USER

from gatebridge.rules.people import UserState
from gatebridge.rules.sessions import ABSOLUTE, DEFAULT_IDLE_MINUTES, Level, Session, due_to_be_seen, idle_minutes, over

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


def why(session: Session = SESSION, *, now: Any = NOW, org: Any = ORG, user: Any = USER, idle: int = 120) -> str | None:
    return over(session, org=org, user=user, idle_minutes=idle, now=now)


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


def test_a_session_rests_up_to_the_limit_and_not_a_moment_longer() -> None:
    assert why(now=NOW + timedelta(minutes=120) - A_MOMENT) is None
    assert why(now=NOW + timedelta(minutes=120)) == "it was not used for too long"


def test_however_busy_it_is_a_session_ends_after_a_day() -> None:
    busy = replace(SESSION, last_seen_at=NOW + ABSOLUTE)
    assert why(busy, now=NOW + ABSOLUTE - A_MOMENT) is None
    assert why(busy, now=NOW + ABSOLUTE) == "the user signed in too long ago"


ENDED: dict[str, tuple[Session, dict[str, Any], str]] = {
    "ended, with a reason": (replace(SESSION, ended_at=NOW, ended_because="the user signed out"), {}, "the user signed out"),
    "ended, without one": (replace(SESSION, ended_at=NOW), {}, "it was ended"),
    "of another org": (replace(SESSION, org_id="00D000000000002"), {}, "it is another user's"),
    "of another user": (replace(SESSION, user_id="005000000000009"), {}, "it is another user's"),
    "of a user of another org": (SESSION, {"user": replace(USER, org_id="00D000000000002")}, "it is another user's"),
    "of an org that ended everything": (SESSION, {"org": replace(ORG, epoch=9)}, "everything that the user had was ended"),
    "of a user whose access was ended": (SESSION, {"user": replace(USER, epoch=9)}, "everything that the user had was ended"),
    "of a frozen user": (SESSION, {"user": replace(USER, frozen=True)}, "the user is frozen or not active"),
    "of a deactivated user": (SESSION, {"user": replace(USER, state=UserState.DEACTIVATED)}, "the user is frozen or not active"),
    "of an invited user": (SESSION, {"user": replace(USER, state=UserState.INVITED)}, "the user is frozen or not active"),
}


@pytest.mark.parametrize("kind", ENDED)
def test_a_session_is_over(kind: str) -> None:
    session, changed, words = ENDED[kind]
    assert why(session, **changed) == words


def test_the_last_use_is_worth_writing_after_a_minute() -> None:
    assert not due_to_be_seen(SESSION, NOW + timedelta(minutes=1) - A_MOMENT)
    assert due_to_be_seen(SESSION, NOW + timedelta(minutes=1))
    assert due_to_be_seen(replace(SESSION, last_seen_at=BEFORE), NOW)
