"""Bringing a database to the schema of this version. One tree of migrations serves both databases."""

import warnings
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gatebridge.storage import dialects
from gatebridge.storage.database import Database
from gatebridge.storage.schema import metadata

HERE = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, to: str = "head") -> None:
    """Run every migration that is missing up to `to`, in one transaction, while no other process does the same."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection = connection.execution_options(gatebridge_write=True)
        with dialects.tables_made_anew(connection), connection.begin():
            dialects.lock_migrations(connection)
            before = _revision(connection)
            command.upgrade(_config(connection), to)
            if _revision(connection) != before:  # which takes a look at every row that refers to another
                dialects.check_references(connection)


def revision(database: Database) -> str | None:
    """The migration at which the database stands; None for an empty one."""
    with database.engine.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def differences(database: Database) -> list[str]:
    """What differs between the tables of the database and those of this version, in words. Empty: nothing."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*expression-based index")
            found = [str(difference) for difference in compare_metadata(context, metadata)]
        return found + [f"no index {name}" for name in sorted(_of_expressions() - dialects.index_names(connection))]


def _of_expressions() -> set[str]:
    """The indexes of this version over more than columns, which SQLAlchemy does not see on SQLite, and which a table made anew loses."""
    indexes = (index for table in metadata.sorted_tables for index in table.indexes)
    return {str(index.name) for index in indexes if not all(isinstance(each, sa.Column) for each in index.expressions)}
