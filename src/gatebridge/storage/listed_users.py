"""The users of an org as lists show them: narrowed, and by age or by name."""

from enum import StrEnum

import sqlalchemy as sa

from gatebridge.rules.people import User, UserState, folded_name
from gatebridge.storage import rows, sorting
from gatebridge.storage.dialects import holds_exactly, holds_text
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx


class UserOrder(StrEnum):
    """By what a list of users is sorted."""

    AGE = "age"
    NAME = "name"


def list_page(
    tx: Tx,
    org_id: str,
    *,
    after: str | None,
    limit: int,
    search: str = "",
    profile_id: str | None = None,
    state: UserState | None = None,
    frozen: bool | None = None,
    by: UserOrder = UserOrder.AGE,
    descending: bool = False,
) -> list[User]:
    """The users of the org behind the one with the id `after`, at most `limit`.

    `search` looks into usernames, e-mails and whole names, in names whatever the case of a letter and what stands above it.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if profile_id is not None:
        wanted.append(users.c.profile_id == profile_id)
    if state is not None:
        wanted.append(users.c.state == state)
    if frozen is not None:
        wanted.append(users.c.frozen.is_(frozen))
    if search:
        wanted.append(_called(tx, search))
    key: sa.ColumnElement[str] | None = users.c.sort_name if by is UserOrder.NAME else None
    indexed = not search and profile_id is None and state is None and frozen is None
    if key is not None and not indexed:
        # What fits may be rare, and read by the index of names every row that does not fit would be looked up by itself. So none serves.
        key = key.concat("")
    found = sorting.page(
        tx,
        sa.select(users).where(users.c.org_id == org_id),
        *wanted,
        record_id=users.c.id,
        key=key,
        indexed=indexed,
        descending=descending,
        after=after,
        limit=limit,
    )
    return [rows.user(row) for row in found]


def _called(tx: Tx, text: str) -> sa.ColumnElement[bool]:
    found = holds_text(tx.connection, text, users.c.username, users.c.email)
    name = folded_name(text)
    return sa.or_(found, holds_exactly(tx.connection, users.c.sort_name, name)) if name else found
