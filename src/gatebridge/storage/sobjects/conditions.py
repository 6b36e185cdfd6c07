"""From a bound condition to SQL. Negations are carried down to the fields, each of which knows what its own empty records do."""

from collections.abc import Mapping

import sqlalchemy as sa

from gatebridge.rules.soql.query import Condition, Every, Not, Some
from gatebridge.storage.sobjects.columns import Clause, Column


def clause(condition: Condition, columns: Mapping[str, Column], *, wanted: bool = True) -> Clause:
    """The records for which the condition holds; not `wanted`: all the others."""
    if isinstance(condition, Not):
        return clause(condition.condition, columns, wanted=not wanted)
    if isinstance(condition, Every | Some):
        parts = [clause(part, columns, wanted=wanted) for part in condition.conditions]
        return sa.and_(*parts) if isinstance(condition, Every) is wanted else sa.or_(*parts)
    return columns[condition.field].test(condition, wanted=wanted)
