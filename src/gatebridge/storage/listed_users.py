"""The users of an org as lists show them: narrowed, and by age or by name."""

from enum import StrEnum

import sqlalchemy as sa

from gatebridge.rules.people import User, UserState, folded_name
from gatebridge.storage import rows, sorting
from gatebridge.storage.factors import factors
from gatebridge.storage.matching import holds_exactly, one_of
from gatebridge.storage.people import UNSECURED, users
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
    without_factor: bool = False,
    by: UserOrder = UserOrder.AGE,
    descending: bool = False,
) -> list[User]:
    """The users of the org behind the one with the id `after`, at most `limit`.

    `search` looks into usernames, e-mails and whole names, whatever the case of a letter and what stands above it.
    `without_factor`: those active ones alone who have no second factor that works.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if profile_id is not None:
        wanted.append(users.c.profile_id == profile_id)
    if state is not None:
        wanted.append(users.c.state == state)
    if frozen is not None:
        wanted.append(users.c.frozen.is_(frozen))
    if without_factor:
        has_one = sa.exists().where(
            factors.c.org_id == users.c.org_id, factors.c.user_id == users.c.id, factors.c.confirmed_at.is_not(None)
        )
        # The number finds them; the factors themselves have the last word.
        wanted += [UNSECURED, users.c.state == UserState.ACTIVE, sa.not_(has_one)]
    if search:
        typed = folded_name(search)
        wanted.append(holds_exactly(tx.connection, users.c.found_by, typed) if typed else sa.false())
    key: sa.ColumnElement[str] | None = users.c.sort_name if by is UserOrder.NAME else None
    # First only the ids, which an index holds together with what is searched: only those who are shown are read as a whole.
    found = sorting.page(
        tx,
        sa.select(users.c.id).where(users.c.org_id == org_id),
        *wanted,
        record_id=users.c.id,
        key=key,
        indexed=True,
        descending=descending,
        after=after,
        limit=limit,
    )
    ids = [row.id for row in found]
    shown = sa.select(users).where(users.c.org_id == org_id, one_of(tx.connection, users.c.id, ids))
    read = {row.id: rows.user(row) for row in tx.connection.execute(shown)} if ids else {}
    return [read[each] for each in ids]
