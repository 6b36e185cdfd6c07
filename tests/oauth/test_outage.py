"""A database that is away: 503 with Retry-After, never a wrong answer, and all is well again without a restart (X-RV-05)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS, Postgres, migrate
from tests.oauth.door import Loop
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, make_tenant

from gatebridge.storage.database import open_database


@pytest.fixture(scope="module")
def postgres_of_its_own() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def every_door(app: Client, token: str) -> list[tuple[int, str | None]]:
    """How each endpoint answers, and when it says to come again."""
    form = {"grant_type": "client_credentials", "token": token} | app.credentials
    answers = [app.post(path, form) for path in (TOKEN, INTROSPECT, REVOKE)] + [app.feed(), app.me(token)]
    return [(answer.status_code, answer.headers.get("retry-after")) for answer in answers]


def test_X_RV_05_postgresql_goes_away_and_comes_back(postgres_of_its_own: Postgres, loop: Loop) -> None:
    url = postgres_of_its_own.create("comes_back")
    migrate(url)
    with standing_house(url, loop) as standing:
        app = make_tenant(standing).app()
        token = app.access_token()
        postgres_of_its_own.stop()
        assert every_door(app, token) == [(503, "1")] * 5
        postgres_of_its_own.start()
        # Connections of before the outage are found broken one by one, each at the cost of one 503; then it works.
        answers = [app.introspect(token) for _ in range(12)]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert answers[-1].json()["active"] is True
        assert app.token().status_code == 200


@pytest.fixture
def on_a_file(sqlite_url: str, loop: Loop) -> Iterator[Standing]:
    with standing_house(sqlite_url, loop, timeout=0) as standing:
        yield standing


def test_sqlite_is_written_by_somebody_else_who_does_not_let_go(on_a_file: Standing) -> None:
    app = make_tenant(on_a_file).app()
    token = app.access_token()
    somebody_else = open_database(on_a_file.url, MASTER_KEYS)
    with somebody_else.transaction():
        answer = app.token()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error_uri"].startswith("https://first.example/help/reasons/database_away")
        assert app.introspect(token).json()["active"] is True  # it reads only, and readers wait for no writer
    somebody_else.close()
    assert app.token().status_code == 200


def test_a_database_that_was_never_migrated_is_away(tmp_path: Path, loop: Loop, on_a_file: Standing) -> None:
    app = make_tenant(on_a_file).app()
    engine = on_a_file.database.engine
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE access_tokens RENAME TO elsewhere"))
    assert app.token().status_code == 503
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO access_tokens"))
    assert app.token().status_code == 200
