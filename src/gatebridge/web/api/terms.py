"""Levels, login hours and what is in force in the end, in bodies and answers."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gatebridge.rules.hours import WEEKDAYS, OpenHours, clock, parse_clock
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.network import Rule
from gatebridge.web.api.shapes import Closed, Shown

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _on_a_clock(text: str) -> str:
    if parse_clock(text) is None:
        raise ValueError("is no time of day, such as 08:30; 24:00 is the midnight that ends the day")
    return text


TimeOfDay = Annotated[str, AfterValidator(_on_a_clock)]


class HoursShown(Shown):
    """One span of a weekday in which people may come in, by the clock of the org's time zone."""

    weekday: Weekday
    start: str
    end: str


class GivenHours(Closed):
    """One span of a weekday, from `start` until before `end`."""

    weekday: Weekday
    start: TimeOfDay = Field(examples=["08:00"])
    end: TimeOfDay = Field(examples=["18:00"], description="24:00 is the midnight that ends the day.")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if (parse_clock(self.start) or 0) >= (parse_clock(self.end) or 0):
            raise ValueError("ends before it begins; hours over midnight are two spans, to 24:00 and from 00:00")
        return self


class LinkShown(Shown):
    """One place where a number may be set; null: it is not set there."""

    source: Literal["app", "profile", "org", "default"]
    value: int | None


class ChosenShown(Shown):
    """A number that the nearest setting decides, whose setting that is, and all places that were asked, the nearest first."""

    value: int
    source: Literal["app", "profile", "org", "default"]
    chain: list[LinkShown]


class NetworkShown(Shown):
    """The network rule that holds, in words; `monitored` says which one would, with the monitored ranges in force."""

    rule: Rule
    words: str
    monitored: str


class LevelShown(Shown):
    """The level that a sign-in must reach in the end, and who requires it."""

    level: Level
    action: LevelAction | None
    required_by: str


def hours_shown(hours: Iterable[OpenHours]) -> list[HoursShown]:
    """Login hours as they are sent out."""
    return [
        HoursShown.model_validate({"weekday": WEEKDAYS[each.weekday], "start": clock(each.start), "end": clock(each.end)}) for each in hours
    ]


def with_hours(given: dict[str, Any], name: str) -> dict[str, Any]:
    """The fields of a body, with the list of spans as the setup verbs take it; one that was left out stays so."""
    if not isinstance(given[name], tuple):
        return given
    return given | {name: tuple(_span(each) for each in given[name])}


def _span(given: GivenHours) -> OpenHours:
    return OpenHours(WEEKDAYS.index(given.weekday), parse_clock(given.start) or 0, parse_clock(given.end) or 0)
