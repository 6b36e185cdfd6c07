"""Seals over the login history: which stretch of it is sealed next, what a seal says, and whether the lines of now still fit it.

A stretch holds every line whose id is behind `behind_id` and not behind `up_to_id`. Each begins where the one before it ended, so every
line is in one of them, and so is a line that somebody puts in later. Ids sort by the moment at which their request came in; a stretch ends
with an hour, or with the last of its lines where an hour has very many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix

FORMAT = 1  # what is digested, and how; a seal of a newer one cannot be checked by this version
MOST_LINES = 10_000  # in one seal, which is read at once: a fifth of a second, in which the pages of the server wait now and then

HOUR = timedelta(hours=1)
# A line is written at most `LATEST` after its id was made; its transaction may then take another ten minutes.
LATEST = timedelta(minutes=5)
SETTLED_AFTER = timedelta(minutes=15)
OVERDUE_AFTER = timedelta(hours=3)  # how old a line is that should have been sealed, if any node works at all
EARLY = timedelta(days=1)  # no node's clock is so far ahead

BEGINNING = ""  # where the first stretch begins


@dataclass(frozen=True, slots=True)
class Held:
    """What a stretch holds: how many lines, the ids of the first and the last (None: no line), and the SHA-256 over all of them in hex."""

    lines: int
    first_id: str | None
    last_id: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Seal:
    """That a stretch held this when it was sealed."""

    behind_id: str
    up_to_id: str
    held: Held


def stretch_end(behind_id: str, oldest_id: str | None, now: datetime) -> str | None:
    """Up to which id is sealed next; None: nothing has to be sealed now.

    `behind_id` is where the newest seal ends, `oldest_id` the first line behind it. An hour with lines is sealed when no more can be
    written to it. Hours without any are sealed once a day, so that no line can be put into them much later; before the first line, never.
    """
    settled = _hour(now - SETTLED_AFTER)
    if oldest_id is not None:
        over = _hour(ids.minted_at(oldest_id)) + HOUR
        if over <= settled:
            return last_id_before(over)
    today = last_id_before(_day(settled))
    return today if BEGINNING < behind_id < today else None


def expires_up_to(now: datetime, keep: timedelta) -> str:
    """Up to which id lines have been kept for long enough, by whole days. A stretch is removed whole or not at all."""
    return last_id_before(_day(now - keep))


def last_id_before(moment: datetime) -> str:
    """The greatest id of a line that can be made before this moment."""
    return ids.floor(Prefix.RECEIPT, moment - timedelta(milliseconds=1))[:-5] + "z" * 5


def first_id_written(now: datetime) -> str:
    """The smallest id with which a line may be written now: an hour in which it could be older may be sealed already."""
    return ids.floor(Prefix.RECEIPT, now - LATEST)


def overdue_before(now: datetime) -> str:
    """A line with a smaller id should be sealed by now."""
    return ids.floor(Prefix.RECEIPT, now - OVERDUE_AFTER)


def too_new_from(now: datetime) -> str:
    """A line with this id or a greater one was not written by any node."""
    return ids.floor(Prefix.RECEIPT, now + EARLY)


def end_of(id15: str) -> datetime:
    """The moment at which a stretch is over that goes up to this id."""
    return ids.minted_at(id15) + timedelta(milliseconds=1)


def told(seal: Seal) -> dict[str, object]:
    """What the line of a seal says. `read` reads it back."""
    return {"behind_id": seal.behind_id, "up_to_id": seal.up_to_id, **asdict(seal.held), "format": FORMAT}


def read(changes: Sequence[Mapping[str, object]]) -> Seal | None:
    """The seal that a line of the trail tells of; None where a newer version has made it."""
    said = {str(each["field"]): each["after"] for each in changes}
    if said.get("format") != FORMAT:
        return None
    first_id, last_id = said.get("first_id"), said.get("last_id")
    held = Held(int(str(said["lines"])), _text(first_id), _text(last_id), str(said["sha256"]))
    return Seal(str(said.get("behind_id", BEGINNING)), str(said["up_to_id"]), held)


def fault(seal: Seal, found: Held) -> str | None:
    """What is wrong with the lines of a stretch as they are found now, as a sentence without its end; None where they are as sealed."""
    missing = seal.held.lines - found.lines
    if missing > 0:
        return f"{missing:,} {'line is' if missing == 1 else 'lines are'} gone"
    if missing < 0:
        return f"{-missing:,} {'line was' if missing == -1 else 'lines were'} put in"
    return "a line was changed" if found != seal.held else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
