"""Which recorded requests are decided alike, so that a replay decides each kind once: an org has far more people and places than rules.

Of a user the gates see profile, permission sets and state, never the name; of an address they see between which ends of ranges it lies.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gatebridge.monitoring.replay_facts import ReplayFacts
from gatebridge.rules.network import Range, parse_address
from gatebridge.rules.people import Standing, User
from gatebridge.storage.recorded_uses import Recorded

_End = tuple[int, int]  # the IP version, and an address as a number

_NAMELESS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


class Likeness:
    """Gives each line the face that all lines of its kind have. A kind may be split by what is learned later, and is never joined."""

    def __init__(self, facts: ReplayFacts) -> None:
        self._facts = facts
        self._people: dict[str, str] = {}
        self._kinds: dict[object, str] = {}
        self._ends: list[_End] = []
        self._places: dict[str, str] = {}

    def learn(self) -> None:
        """Take in the ranges of all that has been read by now. What lies between two ends is one place."""
        ends = sorted({end for each in self._facts.ranges() for end in _ends(each)})
        if ends != self._ends:
            self._ends, self._places = ends, {}

    def face(self, line: Recorded) -> Recorded:
        """The line with the kind of its user and its place instead of who and where."""
        user_id = line.user_id
        if user_id is not None:
            approved = self._facts.approved(line.app_id, user_id)
            user_id = f"{self._person(user_id)} {' '.join(sorted(approved)) if approved is not None else ''}"
        return line._replace(user_id=user_id, address=self._place(line.address))

    def _person(self, user_id: str) -> str:
        if user_id not in self._people:
            standing = self._facts.standing(user_id)
            kind = _kind(standing, user_id if user_id in self._facts.draft.sets else "") if standing is not None else None
            self._people[user_id] = self._kinds.setdefault(kind, str(len(self._kinds)))
        return self._people[user_id]

    def _place(self, text: str) -> str:
        if text not in self._places:
            address = parse_address(text)
            around = "nowhere"
            if address is not None:
                place = bisect_right(self._ends, (address.version, int(address)))
                around = f"{self._ends[place - 1 : place]} {self._ends[place : place + 1]} {address.version}"
            self._places[text] = around
        return self._places[text]


def _ends(each: Range) -> Iterable[_End]:
    version = each.first.version
    return (version, int(each.first)), (version, int(each.last) + 1)


def _kind(standing: Standing, drafted: str) -> object:
    """All of a user but who it is. A field that a user gets one day splits kinds until somebody says here that no gate sees it."""
    return _nameless(standing.user), standing.profile.id, standing.sets, drafted


def _nameless(user: User) -> User:
    return replace(
        user,
        id="",
        username="",
        email="",
        first_name="",
        last_name="",
        epoch=0,
        epoch_at=None,
        created_at=_NAMELESS_SINCE,
        updated_at=None,
        email_verified_at=None,
        password_changed_at=None,
        version=1,
        external_id=None,
        phone="",
        street="",
        city="",
        region="",
        postal_code="",
        country="",
    )
