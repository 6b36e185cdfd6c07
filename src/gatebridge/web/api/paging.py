"""Lists, page by page, by key: a page begins behind the last item of the one before, however much was added meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.web.api import cursors
from gatebridge.web.api.desk import Desk, Visit

Record = TypeVar("Record")
Item = TypeVar("Item")

SIZES = (25, 50, 100)


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` is the cursor of the page after it, null at the end."""

    items: list[Item]
    next: str | None


Limit = Annotated[int, Query(description="How many items a page has: 25, 50 or 100.", json_schema_extra={"enum": list(SIZES)})]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]


def page_of(
    desk: Desk,
    visit: Visit,
    listed: Mapping[str, object],
    limit: int,
    cursor: str | None,
    fetch: Callable[[str | None, int], Sequence[Record]],
    position: Callable[[Record], str],
    show: Callable[[Record], Item],
) -> Page[Item]:
    """One page. `listed` names the list and its filter, to which the cursor is bound; `fetch` gives so many records behind a position."""
    if limit not in SIZES:
        raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("limit", f"{limit} is none of 25, 50 and 100."),))
    after = str(cursors.read(desk.house.keys, visit.actor, listed, cursor)) if cursor is not None else None
    # One more than is shown tells whether there is another page, so that `next` never leads to an empty one.
    found = fetch(after, limit + 1)
    more = len(found) > limit
    shown = found[:limit]
    following = cursors.write(desk.house.keys, visit.actor, listed, position(shown[-1])) if more else None
    return Page(items=[show(each) for each in shown], next=following)
