"""What a column is to have or to hold, asked of each database in the way that costs it least."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def holds_text(connection: sa.Connection, text: str, *columns: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Whether one of the columns, none of which is ever null, holds the text, in upper or lower case."""
    if connection.dialect.name == "sqlite":
        # LIKE minds no case there by itself, for the same letters for which lower() does; calling that for each row takes thrice as long.
        return sa.or_(*(column.contains(text, autoescape=True) for column in columns))
    # A look for a text as it is takes two thirds of the time of LIKE, and one look through all of them less than one through each.
    joined: sa.ColumnElement[str] = columns[0]
    for column in columns[1:]:
        joined = joined.concat("\n").concat(column)
    return holds_exactly(connection, sa.func.lower(joined), sa.func.lower(text))


def holds_exactly(connection: sa.Connection, found_in: sa.ColumnElement[str], text: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a text stands in it letter for letter."""
    place = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    return place(found_in, text) > 0


def holds_item(connection: sa.Connection, listed: sa.ColumnElement[Any], item: str) -> sa.ColumnElement[bool]:
    """Whether a list of words, kept as JSON, has this word; it stands there in quotation marks."""
    if connection.dialect.name == "sqlite":
        return sa.cast(listed, sa.Text).contains(f'"{item}"', autoescape=True)
    # Of this question PostgreSQL knows how many rows say yes. It takes LIKE for rare, and reads thousands of apps for a hundred.
    has: sa.ColumnElement[bool] = sa.type_coerce(listed, postgresql.JSONB).has_key(sa.literal(str(item), sa.Text))
    return has


def one_of(connection: sa.Connection, column: sa.ColumnElement[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether the column has one of the values. PostgreSQL gets them as one list, and plans once, however long it is."""
    if connection.dialect.name == "sqlite":
        return column.in_(sorted(values))
    return column == sa.any_(sa.literal(sorted(values), postgresql.ARRAY(sa.String)))
