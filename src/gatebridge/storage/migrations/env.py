"""How Alembic runs here: on the connection that `migrate.upgrade` hands over, inside its transaction."""

from typing import Any, Literal

from alembic import context

from gatebridge.storage import dialects
from gatebridge.storage.schema import metadata

NAMED_TYPES = {"Id": dialects.Id, "Json": dialects.Json, "Digest": dialects.Digest}


def render_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Write our own column types by their names, so that a migration reads like the table."""
    if kind != "type":
        return False
    if isinstance(item, dialects.Moment):
        return "dialects.Moment"
    return next((f"dialects.{name}" for name, named in NAMED_TYPES.items() if item is named), False)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_type,
    transaction_per_migration=False,
)
context.run_migrations()
