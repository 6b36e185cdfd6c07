"""A database that is away is told as that, and nothing else: 503, never a wrong answer, and recovery without a restart."""

from pathlib import Path

import pytest
from tests.databases import MASTER_KEYS
from tests.web.world import ACME, World, world

from gatebridge.storage.database import open_database


@pytest.fixture
def away(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A world, and a switch that takes its database away and brings it back."""
    database = open_database(sqlite_url, MASTER_KEYS)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    hidden = path.with_suffix(".away")

    def switch(gone: bool) -> None:
        database.engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            source, goal = (Path(f"{path}{suffix}"), Path(f"{hidden}{suffix}"))
            if not gone:
                source, goal = goal, source
            if source.exists():
                source.rename(goal)
        if gone:
            path.mkdir()  # so that nothing makes a new, empty database in its place

    def back() -> None:
        path.rmdir()
        switch(False)

    with world(database) as made:
        yield made, lambda: switch(True), back
    database.close()


PATHS = [
    ("GET", "/api/v1/me"),
    ("POST", "/services/oauth2/token"),
    ("GET", "/.well-known/openid-configuration"),
    ("POST", "/api/v1/profiles"),
]


def test_std_G_14_every_door_says_503_with_retry_after_and_recovers_by_itself(away) -> None:  # type: ignore[no-untyped-def]
    made, go, back = away
    acme: World = made
    token = acme.token(acme.admin)

    def ask(method: str, path: str):  # type: ignore[no-untyped-def]
        form = {"grant_type": "client_credentials"} if "oauth2" in path else None
        json = {"name": "X"} if path.endswith("profiles") else None
        return acme.client.request(
            method, f"http://{ACME}{path}", headers={"Authorization": f"Bearer {token}"} if not form else {}, data=form, json=json
        )

    assert ask("GET", "/api/v1/me").status_code == 200
    go()
    for method, path in PATHS:
        answer = ask(method, path)
        assert answer.status_code == 503, (path, answer.text)
        assert answer.headers["retry-after"].isdecimal()
        assert "sqlite" not in answer.text.lower()
        assert "Traceback" not in answer.text
    assert acme.client.get(f"http://{ACME}/healthz").status_code == 200
    assert acme.client.get(f"http://{ACME}/readyz").status_code == 503
    metrics = acme.client.get(f"http://{ACME}/metrics")
    assert "gatebridge_database_up 0.0" in metrics.text
    back()
    assert ask("GET", "/api/v1/me").status_code == 200
    assert acme.client.get(f"http://{ACME}/readyz").status_code == 200
