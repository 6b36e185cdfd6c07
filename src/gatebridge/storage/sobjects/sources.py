"""Where the records of one object are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from gatebridge.storage.sobjects.columns import Clause, Column, Sql
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Tables and columns of an object in one org."""

    table: sa.FromClause
    where: tuple[Clause, ...]  # what a row must be to be a record; it always names the org
    columns: Mapping[str, Column]  # by field
    key: tuple[Sql, ...]  # what tells two records apart
    id: Sql | None  # of a record, in 15 characters
    newest_first: bool = False  # without ORDER BY; otherwise by ascending key
    wide: bool = False  # its rows are long and many: a page is found by keys alone, which an index holds, and only then read


Maker = Callable[[Tx, str], Source]  # of the source in the org of this id
