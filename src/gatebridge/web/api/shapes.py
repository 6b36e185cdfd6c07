"""What all shapes of the admin API have in common: closed on the way in, ids in 18 characters on the way out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from gatebridge.rules import ids
from gatebridge.web.api import cursors
from gatebridge.web.api.desk import Desk, Visit

Record = TypeVar("Record")
Item = TypeVar("Item")


class Closed(BaseModel):
    """A body as it is sent to us: an unknown field is refused, so that a typing error never passes for success (X-AD-08)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Shown(BaseModel):
    """A record as it is sent out."""

    model_config = ConfigDict(frozen=True)


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_moment, return_type=str)]

# An id as it leaves the product. What is empty names nothing and stays so.
Id = Annotated[str, PlainSerializer(lambda id15: ids.long(id15) if len(id15) == 15 else id15, return_type=str), Field(examples=["0H4A0X7nQm2LfTzKJK"])]


def _parsed(text: str) -> str:
    found = ids.parse(text)
    if found is None:
        raise ValueError("is not a record id")
    return found


# An id as it comes in, in 15 or 18 characters.
GivenId = Annotated[str, AfterValidator(_parsed), Field(examples=["005A0X7nQm2LfTzKJK"])]


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` is the cursor of the next page, null at the end."""

    items: list[Item]
    next: str | None


class Window(Closed):
    """Which part of a list: how many, and after what."""

    limit: int = Field(25, description="How many items a page has: 25, 50 or 100.")
    cursor: str | None = Field(None, description="`next` of the page before.")


Limit = Annotated[int, Query(description="How many items a page has: 25, 50 or 100.", json_schema_extra={"enum": [25, 50, 100]})]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
