"""How a server starts, what it says of itself while it runs, and how it ends."""

import base64
import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from tests.databases import MASTER_KEYS
from tests.journeys.installation import Installation, Server, json_of, new_installation, wait_until
from tests.journeys.small_org import INTROSPECT, TOKEN, SmallOrg, seed

from gatebridge import worker
from gatebridge.cli.exits import Exit
from gatebridge.crypto import secrets
from gatebridge.demo.clients import assertion as signed
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.keys import make_certificate
from gatebridge.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from gatebridge.storage import leases, tokens

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY_APP = {
    "label": "Key App",
    "api_name": "Key_App",
    "contact_email": "it@acme.example",
    "flows": ["client_credentials"],
    "scopes": ["api"],
    "auth_methods": ["private_key_jwt"],
}


@pytest.fixture
def served_installation(tmp_path: Path, sqlite_url: str) -> Installation:
    return new_installation(tmp_path, sqlite_url, GATEBRIDGE_LOG_LEVEL="debug")


def test_a_setting_that_nobody_knows_stops_the_start_and_names_the_nearest(plain_installation: Installation) -> None:
    misspelt = replace(plain_installation, settings={**plain_installation.settings, "GATEBRIDGE_MAX_BODY_BYTE": "1024"})
    ended = misspelt.run("serve")
    assert ended.code == Exit.USAGE
    assert ended.err == "GATEBRIDGE_MAX_BODY_BYTE is no setting. Did you mean GATEBRIDGE_MAX_BODY_BYTES?\n"
    assert ended.out == ""
    assert not plain_installation.var.exists()  # nothing was begun


def test_production_without_a_master_key_does_not_start_and_makes_none(plain_installation: Installation) -> None:
    settings = {name: value for name, value in plain_installation.settings.items() if name != "GATEBRIDGE_MASTER_KEY"}
    ended = replace(plain_installation, settings=settings | {"GATEBRIDGE_ENVIRONMENT": "production"}).run("serve")
    assert ended.code == Exit.USAGE
    assert "GATEBRIDGE_MASTER_KEY_FILE or GATEBRIDGE_MASTER_KEY must be given" in ended.err
    assert "Traceback" not in ended.err
    assert not plain_installation.var.exists()


def test_a_server_answers_what_has_begun_when_it_is_told_to_stop_and_then_ends_in_order(served_installation: Installation) -> None:
    org = seed(served_installation)
    form = urlencode({"grant_type": "client_credentials", "client_id": org.job.key, "client_secret": org.job.secret})
    with served_installation.serving() as server, begun(server, len(form)) as connection:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not listens(server), "nobody new is let in")
        assert server.process.poll() is None
        connection.sendall(form.encode())
        answer = connection.makefile("rb").read().decode()
        assert answer.startswith("HTTP/1.1 200 "), answer
        assert server.process.wait(20) == 0
    assert "Traceback" not in served_installation.log
    with served_installation.database() as database:
        given = json.loads(answer.partition("\r\n\r\n")[2])["access_token"]
        with database.snapshot() as tx:
            assert tokens.by_digests(tx, org.id, [secrets.digest(given)])
        with database.transaction() as tx:
            # Another node need not wait until the lease of the one that was stopped has run out.
            assert leases.acquire(tx, worker.LEASE, "another node", worker.LEASE_LIFE)


def begun(server: Server, length: int) -> socket.socket:
    """A token request that the server has begun to read: it asked for the body, which is still owed."""
    address = urlsplit(server.base_url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    return connection


def listens(server: Server) -> bool:
    address = urlsplit(server.base_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=20).close()
    except OSError:
        return False
    return True


PASSWORD = "canary-password-7Qh2"
WRONG_SECRET = "canary-secret-that-nobody-has"
QUERY_CANARY = "canary-in-a-query"
PRIVATE_KEY_CANARY = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWtleQ==\n-----END PRIVATE KEY-----"


def test_X_SE_12_the_log_and_the_receipts_of_a_whole_journey_hold_no_secret_and_each_line_is_one_object(
    served_installation: Installation,
) -> None:
    org = seed(served_installation)
    with served_installation.serving() as server:
        http = server.client
        canaries = {PASSWORD, WRONG_SECRET, QUERY_CANARY, "Y2FuYXJ5LWtleQ", MASTER_KEYS.current.text()}
        for client in (org.job, org.robot, org.guard):
            canaries |= {client.secret, base64.b64encode(f"{client.key}:{client.secret}".encode()).decode()}
        for answer in whole_journey(http, org, served_installation.directory, canaries):
            assert answer.status_code < 500, answer.text
        for path, shown in (("/healthz", "ok"), ("/readyz", '"ready":true'), ("/metrics", "gatebridge_requests_total")):
            assert shown in http.get(path).text
            assert http.get(path, headers={"Host": "balancer.internal"}).status_code == 200
        told = everything_told(http, org)
        assert server.stop() == 0
    log = served_installation.log
    lines = [json.loads(line) for line in log.splitlines()]
    assert all(isinstance(line, dict) and {"at", "level", "event"} <= line.keys() for line in lines)
    assert any(line.get("path") == TOKEN for line in lines)  # at this level even the hottest requests have their line
    assert any(line.get("path") == "/api/v1/apps" for line in lines)
    assert [canary for canary in canaries if canary in log] == []
    assert [canary for canary in canaries if canary in told] == []


def everything_told(http: httpx.Client, org: SmallOrg) -> str:
    """What an admin can take away for a diagnosis: every line of the history with its receipt, and the setup audit trail."""
    bearer = {"Authorization": f"Bearer {org.robot.token(http, scope='setup_api')}"}
    found = json_of(http.get("/api/v1/login-history", params={"limit": 100}, headers=bearer), 200)
    assert len(found["items"]) > 10
    receipts = [http.get(f"/api/v1/receipts/{line['id']}", headers=bearer).text for line in found["items"]]
    return json.dumps(found) + "".join(receipts) + http.get("/api/v1/audit", params={"limit": 100}, headers=bearer).text


def whole_journey(http: httpx.Client, org: SmallOrg, directory: Path, canaries: set[str]) -> Iterator[httpx.Response]:
    """Everything that carries something secret, well and badly put. What is made on the way is added to the canaries."""
    token = org.job.token(http)
    bearer = {"Authorization": f"Bearer {org.robot.token(http, scope='setup_api')}"}
    canaries |= {token, bearer["Authorization"].partition(" ")[2]}
    yield http.post(TOKEN, data={"grant_type": "client_credentials", "client_id": org.job.key, "client_secret": org.job.secret})
    yield http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(org.job.key, WRONG_SECRET))
    yield http.post(f"{TOKEN}?client_secret={QUERY_CANARY}", data={"grant_type": "client_credentials"}, auth=org.job.auth)
    yield http.post(TOKEN, content=f"client_secret={WRONG_SECRET}&client_secret={org.job.secret}", headers=FORM)
    yield http.post(TOKEN, content=f"client_secret={WRONG_SECRET}%zz\xff".encode("latin-1"), headers=FORM)
    yield http.post(TOKEN, json={"client_secret": WRONG_SECRET})
    yield http.get(TOKEN, params={"client_secret": QUERY_CANARY})
    yield http.post(INTROSPECT, data={"token": token}, auth=org.guard.auth)
    yield http.post("/services/oauth2/revoke", data={"token": token}, auth=org.job.auth)
    yield http.get(f"/nowhere/?access_token={QUERY_CANARY}")
    yield http.get("/api/v1/apps", params={"access_token": QUERY_CANARY})
    yield http.get("/api/v1/apps", headers=bearer)
    yield http.get("/api/v1/apps", headers={"Authorization": f"Bearer {QUERY_CANARY}"})
    yield http.get("/api/v1/apps", headers={"Cookie": f"session={QUERY_CANARY}"} | bearer)
    yield http.post(f"/api/v1/users/{org.machine.id}/password", json={"password": PASSWORD}, headers=bearer)
    yield http.post(f"/api/v1/users/{org.machine.id}/password", content=f'{{"password": "{PASSWORD}', headers=bearer)
    rotated = http.post(f"/api/v1/apps/{org.job.app_id}/secrets/rotate", json={"overlap_hours": 1}, headers=bearer)
    canaries.add(json_of(rotated, 201)["secret"])
    yield rotated
    key_app = json_of(http.post("/api/v1/apps", json=KEY_APP, headers=bearer), 201)
    key_file, cert_file = make_certificate(directory, "canary", datetime.now(UTC), 30)
    certificates = f"/api/v1/apps/{key_app['id']}/certificates"
    yield http.post(certificates, json={"name": "Wrong half", "certificate": PRIVATE_KEY_CANARY}, headers=bearer)
    added = http.post(certificates, json={"name": "Key", "certificate": cert_file.read_text()}, headers=bearer)
    assert added.status_code == 201, added.text
    client = DemoApp(key_app["id"], "Key", "client_credentials", key_app["consumer_key"], None, None, str(key_file), str(cert_file))
    for audience in (str(http.base_url).rstrip("/"), "https://elsewhere.example"):
        assertion = signed(client, client.key, audience, datetime.now(UTC), "client-authentication+jwt")
        canaries |= {assertion, assertion.rpartition(".")[2]}
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        yield http.post(TOKEN, data={"grant_type": "client_credentials"} | proof)
