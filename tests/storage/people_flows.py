"""What the doors write for the small org's user: a session, a code, a grant with its refresh tokens; and threads that begin together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

from tests.records.seed import UNRAISED, SmallOrg

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.sessions import Session
from gatebridge.storage import codes, grants, refresh_tokens, sessions
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

Answer = TypeVar("Answer")

HERE = "192.0.2.1"


def digest(value: str) -> bytes:
    return sha256(value.encode()).digest()


class UndoneError(Exception):
    """What a transaction is given up with."""


def undone(db: Database, act: Callable[[Tx], Answer]) -> Answer:
    """What `act` answers in a transaction that is then given up, as if the server had failed after it."""
    answers: list[Answer] = []
    with suppress(UndoneError), db.transaction() as tx:
        answers.append(act(tx))
        raise UndoneError
    return answers[0]


def at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """What `act` answers to each of so many threads that begin together. What one of them raises is raised here."""
    together = threading.Barrier(count)

    def begin(number: int) -> Answer:
        together.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count), timeout=60))


def a_session(tx: Tx, org: SmallOrg, value: str = "cookie", browser: bytes | None = None, **said: Any) -> Session:
    session = Session(
        id=tx.new_id(Prefix.SESSION),
        org_id=org.id,
        user_id=org.user_id,
        level=Level.HIGH,
        methods=("pwd", "otp"),
        authenticated_at=tx.now - timedelta(minutes=5),
        created_at=tx.now,
        last_seen_at=tx.now,
        org_epoch=3,
        user_epoch=4,
        address=HERE,
        user_agent="probe/1",
    )
    session = replace(session, **said)
    sessions.insert(tx, session, digest(value), browser)
    return session


def a_code(tx: Tx, org: SmallOrg, value: str = "code", **said: Any) -> AuthorizationCode:
    code = AuthorizationCode(
        id=tx.new_id(Prefix.AUTHORIZATION_CODE),
        org_id=org.id,
        app_id=org.app_id,
        installation_id=org.installation_id,
        user_id=org.user_id,
        session_id=tx.new_id(Prefix.SESSION),
        callback="https://acme.example/cb?a=%20b",
        callback_sent=True,
        challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        nonce="n-0S6_WzA2Mj",
        scopes=("api", "refresh_token"),
        level=Level.STANDARD,
        methods=("pwd",),
        authenticated_at=tx.now - timedelta(minutes=1),
        tells_auth_time=False,
        epochs=Epochs(1, 2, 3, 4, 0),
        issued_at=tx.now,
        expires_at=tx.now + timedelta(seconds=60),
        address=HERE,
    )
    code = replace(code, **said)
    codes.insert(tx, code, digest(value))
    return code


def a_grant(tx: Tx, org: SmallOrg, flow: Flow = Flow.WEB_SERVER, **said: Any) -> Grant:
    grant = Grant(tx.new_id(Prefix.GRANT), org.id, org.app_id, org.installation_id, org.user_id, flow, 0, tx.now, scopes=("api",))
    grant = replace(grant, **said)
    assert grants.insert_if_first(tx, grant)
    return grant


def a_refresh_token(tx: Tx, grant: Grant, value: str = "refresh", generation: int = 0) -> RefreshToken:
    token = RefreshToken(
        org_id=grant.org_id,
        grant_id=grant.id,
        app_id=grant.app_id,
        installation_id=grant.installation_id,
        user_id=grant.user_id,
        generation=generation,
        issued_at=tx.now,
        epochs=UNRAISED,
    )
    refresh_tokens.insert_many(tx, [(token, digest(value))])
    return token
