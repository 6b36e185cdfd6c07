"""Bringing a database that is in use to the newest schema: nothing is lost, and nothing gives up because there is much of it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.seed import SmallOrg, make_org

from gatebridge.storage import dialects, migrate
from gatebridge.storage.app_origins import app_origins
from gatebridge.storage.apps import app_settings
from gatebridge.storage.database import Database, open_database
from gatebridge.storage.factors import factors
from gatebridge.storage.grants import grants
from gatebridge.storage.installations import permits, policies
from gatebridge.storage.people import users
from gatebridge.storage.schema import metadata
from gatebridge.storage.tx import Tx


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    opened = open_database(empty_database_url, MASTER_KEYS)
    yield opened
    opened.close()


def filled(tx: Tx) -> SmallOrg:
    """An org as the first version kept it, with something in each table that others hang from."""
    org = make_org(tx)
    flags = ("native", "pkce_required", "legacy_audience", "introspect_all_tokens")
    callbacks = ["https://billing.example:443/cb", "billing:/cb"]
    said: dict[str, object] = {"flows": ["web_server"], "scopes": ["api"], "auth_methods": [], "callbacks": callbacks}
    said |= {"org_id": org.id, "app_id": org.app_id, "access_token_format": "opaque", "signing_algorithm": "ES256"}
    here = {"org_id": org.id, "installation_id": org.installation_id}
    allowed = {"permitted_users": "admin_approved", "ip_relaxation": "enforce", "may_administer": False}
    for table, row in (
        (app_settings, said | dict.fromkeys(flags, False)),
        (policies, here | allowed),
        (permits, here | {"holder_id": "00e000000000001"}),
        (
            grants,
            here | {"id": "0GR000000000001", "app_id": org.app_id, "user_id": org.user_id, "flow": "jwt_bearer", "created_at": tx.now},
        ),
    ):
        tx.connection.execute(sa.insert(table).values(row))
    tx.connection.execute(sa.update(users).where(users.c.id == org.user_id).values(first_name="Úwe", last_name="Øye Straße"))
    return org


def factors_of(org: SmallOrg, tx: Tx) -> list[dict[str, object]]:
    """Two authenticator apps as they were kept when there were factors for the first time; one of them was never confirmed."""
    like = {"org_id": org.id, "kind": "totp", "name": "Phone", "created_at": tx.now}
    of_users = {"0FA000000000001": (org.user_id, tx.now), "0FA000000000002": (org.owner_id, None)}
    return [like | {"id": each, "user_id": user_id, "confirmed_at": at} for each, (user_id, at) in of_users.items()]


def without_rowid(database: Database) -> set[str]:
    """The tables that SQLite keeps in the order of their key, which is not to be lost where one is made anew."""
    if not database.is_sqlite:
        return {table.name for table in metadata.sorted_tables if not table.dialect_options["sqlite"]["with_rowid"]}
    with database.snapshot() as tx:
        return set(
            tx.connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID%'").scalars()
        )


def test_a_filled_database_comes_to_the_newest_schema_one_migration_after_the_other(empty: Database) -> None:
    migrate.upgrade(empty, "0001")
    with empty.transaction() as tx:
        org = filled(tx)
    newest = migrate.head()
    assert newest is not None
    for number in range(2, int(newest) + 1):
        migrate.upgrade(empty, f"{number:04}")
        if number == 3:
            with empty.transaction() as tx:
                tx.connection.execute(sa.insert(factors), factors_of(org, tx))
    assert migrate.differences(empty) == []
    assert without_rowid(empty) == {table.name for table in metadata.sorted_tables if not table.dialect_options["sqlite"]["with_rowid"]}
    with empty.snapshot() as tx:
        assert tx.connection.scalars(sa.select(app_origins.c.origin)).all() == ["https://billing.example"]
        named = tx.connection.scalars(sa.select(users.c.sort_name).order_by(users.c.sort_name)).all()
        assert named == ["olga example", "uwe øye strasse"]
        told = tx.connection.scalars(sa.select(users.c.found_by).order_by(users.c.sort_name)).all()
        assert [each.rsplit("\n", 1)[1] for each in told] == named
        counted = {row.id: row.factor_count for row in tx.connection.execute(sa.select(users.c.id, users.c.factor_count))}
        assert counted == {org.user_id: 1, org.owner_id: 0}
        kept = [tx.connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (app_settings, policies, permits, grants)]
        assert (kept, tx.connection.scalar(sa.select(grants.c.user_id))) == ([1, 1, 1, 1], org.user_id)


def test_a_migration_takes_as_long_as_it_takes_and_waits_for_a_table_no_longer_than_a_request(postgresql_url: str) -> None:
    database = open_database(postgresql_url, MASTER_KEYS, statement_timeout=3)
    try:
        with database.engine.begin() as connection:
            dialects.lock_migrations(connection)
            bounds = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("statement_timeout", "lock_timeout")]
        assert bounds == ["0", "3s"]
        with database.engine.begin() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "3s"
    finally:
        database.close()


def test_an_index_over_an_expression_that_is_lost_is_a_difference(empty: Database) -> None:
    """SQLAlchemy cannot see such an index on SQLite, and a migration that makes the table anew would lose it there."""
    migrate.upgrade(empty)
    with empty.transaction() as tx:
        tx.connection.exec_driver_sql("DROP INDEX ix_apps_by_name")
    assert any("ix_apps_by_name" in each for each in migrate.differences(empty))
