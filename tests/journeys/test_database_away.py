"""While PostgreSQL is away every door answers 503 and when to come again, and when it is back the server goes on without a restart."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.databases import Postgres, migrate
from tests.journeys.installation import Installation, json_of, new_installation, wait_until
from tests.journeys.small_org import INTROSPECT, TOKEN, seed

REVOKE, FEED = "/services/oauth2/revoke", "/services/oauth2/revocations"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that this test may stop."""
    with Postgres() as server:
        yield server


@pytest.fixture
def on_postgres(own_postgres: Postgres, tmp_path: Path) -> Installation:
    url = own_postgres.create("gatebridge")
    migrate(url)
    return new_installation(tmp_path, url)


def test_X_RL_07_a_database_that_goes_away_is_answered_with_503_everywhere_and_no_restart_is_needed_when_it_is_back(
    own_postgres: Postgres, on_postgres: Installation
) -> None:
    org = seed(on_postgres)
    with on_postgres.serving() as server:
        http = server.client
        kept = org.job.token(http)
        bearer = {"Authorization": f"Bearer {org.robot.token(http, scope='setup_api')}"}
        assert org.is_active(http, kept)
        own_postgres.stop()
        for attempt in ("when its connections have just broken", "when it is known to be away"):
            oauth = {
                "token": org.job.ask(http),
                "introspection": http.post(INTROSPECT, data={"token": kept}, auth=org.guard.auth),
                "revocation": http.post(REVOKE, data={"token": kept}, auth=org.job.auth),
                "revocation feed": http.post(FEED, data={"cursor": "0"}, auth=org.guard.auth),
                "a token asked for in a way of its own": http.post(
                    f"{TOKEN}?x=1", data={"grant_type": "client_credentials"}, auth=org.job.auth
                ),
            }
            for door, answer in oauth.items():
                assert answer.status_code == 503, f"{door} {attempt}: {answer.status_code} {answer.text[:300]}"
                assert answer.headers["Retry-After"].isdigit(), door
                assert answer.json()["error"] == "temporarily_unavailable", door
                assert answer.json()["error_uri"].endswith("/help/reasons/database_away"), door
                assert "postgres" not in answer.text.lower(), door
            admin = {
                "a read": http.get("/api/v1/apps", headers=bearer),
                "a change": http.post(f"/api/v1/apps/{org.job.app_id}/revoke", json={"reason": "Too late"}, headers=bearer),
                "whose token it is": http.get("/api/v1/me", headers=bearer),
            }
            for door, answer in admin.items():
                assert answer.status_code == 503, f"{door} {attempt}: {answer.status_code} {answer.text[:300]}"
                assert answer.headers["Retry-After"].isdigit(), door
                assert answer.headers["Content-Type"].startswith("application/problem+json"), door
                assert answer.json()["reason"] == "database_away", door
            for path in ("/.well-known/oauth-authorization-server", "/id/keys"):
                answer = http.get(path)
                assert answer.status_code == 503, f"{path} {attempt}: {answer.status_code} {answer.text[:300]}"
                assert answer.headers["Retry-After"].isdigit(), path
        assert http.get("/healthz").status_code == 200
        assert json_of(http.get("/readyz"), 503)["checks"] == {"database": "away"}
        assert "gatebridge_database_up 0.0" in http.get("/metrics").text
        own_postgres.start()
        wait_until(server.is_ready, "the server is ready again")
        assert org.is_active(http, kept)  # neither the revocation nor the revoke of the outage happened
        assert org.is_active(http, org.job.token(http))
        assert http.get("/api/v1/me", headers=bearer).status_code == 200
        assert "gatebridge_database_up 1.0" in http.get("/metrics").text
        assert _answers_with(http, 500) == []


def _answers_with(http: httpx.Client, status: int) -> list[str]:
    """The lines of the metrics that count answers with this status."""
    counted = [line for line in http.get("/metrics").text.splitlines() if line.startswith("gatebridge_requests_total")]
    assert counted
    return [line for line in counted if f'status="{status}"' in line]
