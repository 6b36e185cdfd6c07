"""Times as the reader of a page wants them: how long ago, and exactly, in the zone that stands in the own account."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatebridge.rules.people import User
from gatebridge.web import told


@dataclass(frozen=True, slots=True)
class Moments:
    """The moment of the page and the zone of its reader."""

    now: datetime
    zone: tzinfo

    @classmethod
    def of(cls, user: User, now: datetime) -> "Moments":
        """In the user's zone; in UTC where this machine knows no such zone."""
        try:
            return cls(now, ZoneInfo(user.timezone))
        except (ZoneInfoNotFoundError, ValueError):
            return cls(now, UTC)

    def ago(self, moment: datetime) -> str:
        """How long ago, or how soon: `12 min ago`, `in 3 days`."""
        if moment <= self.now:
            return told.ago(moment, self.now)
        left = moment - self.now
        if left < timedelta(hours=1):
            return f"in {max(left // timedelta(minutes=1), 1)} min"
        if left < timedelta(days=2):
            return f"in {left // timedelta(hours=1)} h"
        return f"in {left.days:,} days"

    def exactly(self, moment: datetime) -> str:
        """To the second, with the zone: `23 Nov 2026, 10:42:11 CET`."""
        return told.exactly(self._here(moment))

    def read(self, words: str) -> str:
        """What was recorded, with the moments in it as they are told here."""
        return told.read(words, self.exactly)

    def clock(self, moment: datetime) -> str:
        """By the clock, for a list that stays open for long: `10:42:11`; on another day with that day: `23 Nov, 10:42:11`."""
        here = self._here(moment)
        today = here.date() == self.now.astimezone(self.zone).date()
        return f"{here:%H:%M:%S}" if today else f"{told.day_of_this_year(here)}, {here:%H:%M:%S}"

    def day(self, moment: datetime) -> str:
        """The day, as it is where the reader is: `23 Nov 2026`."""
        return told.day(self._here(moment))

    def _here(self, moment: datetime) -> datetime:
        """The moment on the reader's clocks. The last of the calendar, which says *no end* in a certificate (RFC 5280 section 4.1.2.5), has
        no other hour elsewhere, and stays as it is.
        """
        try:
            return moment.astimezone(self.zone)
        except OverflowError:
            return moment
