"""Killing the server with -9 under load loses no acknowledged token, and leaves nothing half done."""

import http.client
import json
import threading
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from tests.journeys.installation import Installation, Server, wait_until
from tests.journeys.small_org import TOKEN, Client, seed

from gatebridge.crypto import secrets
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tokens import access_tokens

ROUNDS = 2
CLIENTS = 8
BEFORE_THE_KILL = 100  # tokens that must have been acknowledged in each round before the server is killed
ASKED_BACK = 40  # of the newest of a round, which are the ones in danger, so many are asked about over HTTP


class Ledger:
    """Clients that ask for tokens until the server is gone, and that write a token down when its whole answer has arrived, not before."""

    def __init__(self, server: Server, app: Client) -> None:
        self._address = urlsplit(server.base_url)
        self._form = urlencode({"grant_type": "client_credentials", "client_id": app.key, "client_secret": app.secret})
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]
        self.tokens: list[str] = []
        self.wrong: list[str] = []  # answers that are neither a token nor a broken connection
        for thread in self._threads:
            thread.start()

    def wait_for_its_clients(self) -> None:
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive(), "a client waits for a server that is dead"

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=10)
        try:
            while True:
                connection.request("POST", TOKEN, self._form, {"Content-Type": "application/x-www-form-urlencoded"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    self.tokens.append(json.loads(text)["access_token"])
                else:
                    self.wrong.append(f"{answer.status} {text[:200]!r}")
        except (OSError, http.client.HTTPException):
            return  # the server was killed in the middle of an answer, as is meant
        finally:
            connection.close()


def digests_with_history(database: Database) -> set[bytes]:
    """The digests of the tokens on record that also have their line of success in the history."""
    both = sa.and_(
        login_history.c.org_id == access_tokens.c.org_id, login_history.c.id == access_tokens.c.id, login_history.c.outcome == "success"
    )
    with database.snapshot() as tx:
        return {bytes(digest) for digest in tx.connection.execute(sa.select(access_tokens.c.digest).join(login_history, both)).scalars()}


def halves(database: Database) -> tuple[list[str], list[str]]:
    """The ids of tokens without their history line, and of history lines of a token given without the token."""
    same = sa.and_(login_history.c.org_id == access_tokens.c.org_id, login_history.c.id == access_tokens.c.id)
    unexplained = sa.select(access_tokens.c.id).outerjoin(login_history, same).where(login_history.c.id.is_(None))
    empty = (
        sa.select(login_history.c.id)
        .outerjoin(access_tokens, same)
        .where(login_history.c.event == "token", login_history.c.outcome == "success", access_tokens.c.id.is_(None))
    )
    with database.snapshot() as tx:
        return list(tx.connection.execute(unexplained).scalars()), list(tx.connection.execute(empty).scalars())


def test_a_kill_under_load_loses_no_acknowledged_token_and_leaves_nothing_half_done(installation: Installation) -> None:
    org = seed(installation)
    acknowledged: list[str] = []
    newest: list[str] = []
    for _ in range(ROUNDS):
        with installation.serving() as server:
            # What was acknowledged before the last kill, and is in the database that this server found.
            assert all(org.is_active(server.client, token) for token in newest)
            ledger = Ledger(server, org.job)
            wait_until(lambda ledger=ledger: len(ledger.tokens) >= BEFORE_THE_KILL, "tokens under load")  # type: ignore[misc]
            server.kill()
            ledger.wait_for_its_clients()
        assert ledger.wrong == []
        newest = ledger.tokens[-ASKED_BACK:]
        acknowledged += ledger.tokens
    with installation.serving() as server, installation.database() as database:
        assert all(org.is_active(server.client, token) for token in newest)
        recorded = digests_with_history(database)
        assert [token for token in acknowledged if secrets.digest(token) not in recorded] == []
        assert halves(database) == ([], [])
        assert len(recorded) >= ROUNDS * BEFORE_THE_KILL
