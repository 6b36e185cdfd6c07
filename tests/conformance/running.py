"""A whole server that answers on a socket of the loopback, wired by `bootstrap` as `gatebridge serve` is, with an org, people and apps.

It runs in threads of this process, so that a test can move its clock and change a setting without a second door. Passwords are hashed
cheaply; all else is what an operator gets.
"""

import io
import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import structlog
import uvicorn
from tests.databases import MASTER_KEYS
from tests.oauth.browser import Browser
from tests.oauth.door import OFFICE, Door

from gatebridge import bootstrap
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Profile, User, UserState
from gatebridge.settings.load import load
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.first_admin import FirstAdmin, create_first_admin
from gatebridge.storage import people
from gatebridge.storage.database import Database, utc_now
from gatebridge.web import logs
from gatebridge.web.app import make_app

PASSWORD = "a river of slow glass"
START_SECONDS = 20
SIGN_INS = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})


class PatientClock:
    """The time of this machine, ahead by as long as the tests have waited without waiting."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def wait(self, **parts: float) -> None:
        self._ahead += timedelta(**parts)


class Line(Door):
    """A door at the other end of a connection: what `Door` does inside the process, over a socket. Redirects are not followed."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        address: str = OFFICE,  # where everybody sits is 127.0.0.1, whatever is said here
    ) -> httpx.Response:
        named = list(headers.items()) if isinstance(headers, Mapping) else list(headers or ())
        return self.http.send(httpx.Request(method, url, headers=named, content=body))


@dataclass(frozen=True)
class Registered:
    """An app as its developer holds it."""

    id: str
    client_id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class RunningHouse:
    """The server, and its only org."""

    server: bootstrap.Server
    clock: PatientClock
    log: io.StringIO
    issuer: str
    admin: Actor
    profile: Profile  # which every person here has, and which may use APIs
    door: Line
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def database(self) -> Database:
        return self.server.house.database

    @property
    def http(self) -> httpx.Client:
        return self.door.http

    def browser(self) -> Browser:
        """A browser in which nobody is signed in."""
        return Browser(self.door, self.issuer)

    def person(self, name: str = "ben", **changed: Any) -> User:
        """A new user of whom everything is known that a scope can tell; the password is everybody's."""
        number = next(self.numbers)
        with self.database.transaction() as tx:
            user = User(
                id=tx.new_id(Prefix.USER),
                org_id=self.admin.org_id,
                username=f"{name}.{number}@acme.example",
                email=f"{name}.{number}@mail.example",
                first_name=name.capitalize(),
                last_name="Example",
                profile_id=self.profile.id,
                state=UserState.ACTIVE,
                frozen=False,
                epoch=0,
                created_at=tx.now,
                email_verified_at=tx.now,
                phone="+49 30 901820",
                street="Example Street 1",
                city="Berlin",
                postal_code="10115",
                country="DE",
            )
            user = replace(user, **changed)
            assert people.insert(tx, user, self.server.house.hasher.hash(PASSWORD))
        return user

    def app(self, label: str = "Relying Party", *, run_as: User | None = None, **said: Any) -> Registered:
        """An app that each user may approve; with `run_as` also one that acts as that user."""
        number = next(self.numbers)
        given = {"flows": SIGN_INS, "callbacks": (f"https://rp{number}.example/callback",)} | said
        with self.database.transaction() as tx:
            made = create_app(tx, self.admin, CreateApp(f"{label} {number}", f"app_{number}", "dev@acme.example", **given))
            policies = EditPolicies(made.app.id, PermittedUsers.SELF_AUTHORIZE, confirmed=True)
            edit_policies(tx, self.admin, replace(policies, run_as_user_id=run_as.id) if run_as is not None else policies)
        return Registered(made.app.id, made.app.consumer_key, made.secret.reveal() if made.secret is not None else "")

    def edit(self, app: Registered, **changed: Any) -> None:
        with self.database.transaction() as tx:
            edit_settings(tx, self.admin, EditSettings(app.id, **changed))


class Front(Protocol):
    """What stands before a server and makes another address of it: `tests.clients.tls.TlsDoor`."""

    @property
    def url(self) -> str: ...

    behind: int | None

    def transport(self) -> httpx.BaseTransport: ...


@contextmanager
def running_house(directory: Path, database_url: str | None = None, *, front: Front | None = None) -> Iterator[RunningHouse]:
    """A server in this directory, until the end of the block. Without `database_url` it has an SQLite file of its own.

    With a `front`, which is a trusted proxy, the server has its address, and the tests come to it through there.
    """
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        issuer = front.url if front is not None else f"http://127.0.0.1:{port}"
        settings = load(
            {
                "GATEBRIDGE_BASE_URL": issuer,
                "GATEBRIDGE_VAR_DIRECTORY": str(directory / "var"),
                "GATEBRIDGE_MASTER_KEY": MASTER_KEYS.current.text(),
            }
            | ({"GATEBRIDGE_DATABASE_URL": database_url} if database_url is not None else {})
            | ({"GATEBRIDGE_TRUSTED_PROXIES": "127.0.0.1/32"} if front is not None else {})
        )
        clock = PatientClock()
        wired = bootstrap.wire(settings, clock=clock)
        hasher = PasswordHasher(parallel=2, random=os.urandom, memory_kib=8, passes=1)
        house = replace(wired.house, hasher=hasher)
        server = replace(wired, house=house, app=make_app(house))
        transport = front.transport() if front is not None else httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=4))
        with (
            _logging() as log,
            bootstrap.running(server),
            _listening(server, listening),
            httpx.Client(timeout=20, trust_env=False, transport=transport) as http,
        ):
            if front is not None:
                front.behind = port
            yield _founded(server, clock, log, issuer, Line(http))


@contextmanager
def _logging() -> Iterator[io.StringIO]:
    """The server's log, which nobody needs to see while nothing breaks."""
    root = logging.getLogger()
    before, log = (root.handlers, root.level), io.StringIO()
    logs.configure("info", "json", log)
    try:
        yield log
    finally:
        root.handlers, root.level = before[0], before[1]
        structlog.reset_defaults()


@contextmanager
def _listening(server: bootstrap.Server, listening: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        server.app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False
    )
    listener = uvicorn.Server(config)
    thread = threading.Thread(target=listener.run, kwargs={"sockets": [listening]}, name="listener", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not listener.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server is not ready"
        time.sleep(0.005)  # there is nothing to wait on; bounded by the deadline
    try:
        yield
    finally:
        listener.should_exit = True
        thread.join(START_SECONDS)


def _founded(server: bootstrap.Server, clock: PatientClock, log: io.StringIO, issuer: str, line: Line) -> RunningHouse:
    with server.house.database.transaction() as tx:
        command = FirstAdmin("Acme", urlsplit(issuer).netloc, issuer, "ada@acme.example", "ada@acme.example", "Ada", "Example")
        first = create_first_admin(tx, command)
    admin = replace(first.actor, kind=ActorKind.USER, user_id=first.user.id)
    return RunningHouse(server, clock, log, issuer, admin, first.profiles["Standard User"], line)
