"""The ground that the other tests stand on: each gets a clean database, on both kinds, and none sees another's rows."""

import os

import psycopg
import pytest
import sqlalchemy as sa
from tests.databases import Postgres

from gatebridge.storage.database import Database


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_a_migrated_database_of_its_own(database: Database, turn: int) -> None:
    with database.engine.begin() as connection:
        assert "alembic_version" in sa.inspect(connection).get_table_names()
        connection.execute(sa.text("CREATE TABLE left_behind (x INTEGER)"))  # fails on the second turn if the first is still seen


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url.replace("postgresql://", "postgresql+psycopg://"))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_server_that_is_stopped_refuses_and_comes_back_with_its_data() -> None:
    with Postgres() as server:
        url = server.create("kept")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (x INTEGER)")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        home, pid = server.home, server.pid
    assert not home.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
