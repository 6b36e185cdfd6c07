"""Node numbers: what keeps the ids of two processes apart."""

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.storage.metadata import metadata

node_numbers = sa.Table(
    "node_numbers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)


def draw(connection: sa.Connection) -> int:
    """The next node number; they begin again after 3,844 starts, long after the process that had the number before."""
    drawn = connection.execute(
        sa.update(node_numbers).where(node_numbers.c.id == 1).values(last=node_numbers.c.last + 1).returning(node_numbers.c.last)
    ).scalar_one()
    return int(drawn) % ids.NODES
