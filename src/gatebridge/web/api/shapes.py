"""What all shapes of the admin API have in common: closed on the way in, ids in 18 characters on the way out."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from gatebridge.rules import ids
from gatebridge.setup.edits import UNCHANGED


class Closed(BaseModel):
    """A body as it is sent to us: an unknown field is refused, so that a typing error never passes for success (X-AD-08)."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """A record as it is sent out, read from the attributes of what the rooms below return."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def _as_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _long(id15: str) -> str:
    return ids.long(id15) if len(id15) == 15 else id15


def _short(text: str) -> str:
    found = ids.parse(text)
    if found is None:
        raise ValueError("is not a record id: 15 or 18 letters and digits")
    return found


def _in_the_calendar(moment: datetime) -> datetime:
    # In another zone than it was typed in, a time at either end of the calendar is in a year that there is not.
    if not 1970 < moment.year < 9999:
        raise ValueError("is no time between the years 1971 and 9998")
    return moment.astimezone(UTC)


# A time goes out in UTC with a Z; one that comes in must say its zone.
Moment = Annotated[datetime, PlainSerializer(_as_text, return_type=str)]
GivenMoment = Annotated[AwareDatetime, AfterValidator(_in_the_calendar)]

# An id goes out in 18 characters, and comes in with 15 or 18.
Id = Annotated[str, PlainSerializer(_long, return_type=str)]
GivenId = Annotated[str, AfterValidator(_short), Field(description="A record id, in 15 or 18 characters.")]


class WithReason(Closed):
    """A dangerous act: the audit trail keeps why it was done."""

    reason: str = Field("", description="Why this is done, in a sentence.", examples=["The laptop that had the token was lost."])


def omitted() -> Any:
    """The default of a field that an edit may leave alone: the very value by which a setup verb knows it (null is a value of its own)."""
    return Field(default_factory=lambda: UNCHANGED)


def given(body: BaseModel) -> dict[str, Any]:
    """The fields of a body, for a command whose fields have the same names."""
    return {name: getattr(body, name) for name in type(body).model_fields}


# Said with what would lock people out (`locks_out`): in a body as a field, or in the query where there is no body.
Confirmed = Annotated[bool, Query(description="Do it even if it locks out who uses the app.")]
CONFIRMED = Field(False, description="Do it even if it locks out who uses the app.")
