"""All pages of a query over the setup objects, one after the other."""

from collections.abc import Sequence
from typing import Any

from tests.records.seed import SmallOrg

from gatebridge.rules.soql.query import Query
from gatebridge.rules.soql.sobjects import SObject
from gatebridge.storage import sobjects
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

Values = dict[str, Any]
Filled = tuple[Database, SmallOrg]

# What tells two records apart where no id does.
KEYS = {"PermissionSetAssignment": ("AssigneeId", "PermissionSetId")}


def every_field(sobject: SObject) -> tuple[str, ...]:
    return tuple(field.name for field in sobject.fields)


def pages(tx: Tx, org: SmallOrg, query: Query, size: int, own_user_id: str | None = None) -> list[Values]:
    """All records of a query, page by page, each beginning where the last one ended."""
    records: list[Values] = []
    after: Sequence[Any] | None = None
    while True:
        asked = query if after is None else Query(query.sobject, query.fields, where=query.where, order=query.order)
        found = sobjects.select(tx, org.id, asked, own_user_id=own_user_id, after=after, limit=size)
        assert len(found.rows) == size or not found.more
        records += [dict(zip(query.fields, row.values, strict=True)) for row in found.rows]
        if not found.more:
            return records
        after = found.last


def shown(filled: Filled, query: Query, own_user_id: str | None = None) -> list[Values]:
    database, org = filled
    with database.snapshot() as tx:
        return pages(tx, org, query, 1_000, own_user_id)
