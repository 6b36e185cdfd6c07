"""A house with two orgs, served in this process over ASGI: for the tests of the web door and of the command line."""

import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any

import anyio.from_thread
import httpx
import structlog
from tests.databases import MASTER_KEYS
from tests.ready_keys import ready_keys

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.oauth.keyring import Keyring
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Profile, User, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.signing_keys import seed_signing_keys
from gatebridge.storage import installations, listed_users, orgs, people, profiles
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx
from gatebridge.web import logs
from gatebridge.web.app import make_app
from gatebridge.web.house import House, Limits
from gatebridge.web.turnstile import Turnstile

ACME, OTHER = "acme.test", "other.test"
TRUSTED_PROXY = "10.0.0.9"


@dataclass(frozen=True)
class Person:
    """A user with an app that acts for it, so that a test can speak as that user."""

    user: User
    app_id: str
    consumer_key: str
    secret: str = field(repr=False)


@dataclass
class World:
    """Two orgs, each with an admin who may do everything. Requests go through the whole application, from loopback."""

    database: Database
    house: House
    client: httpx.Client
    orgs: dict[str, Org]
    admins: dict[str, Person]
    log: io.StringIO
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def admin(self) -> Person:
        return self.admins[ACME]

    @property
    def org(self) -> Org:
        return self.orgs[ACME]

    def token(self, person: Person, host: str = ACME, scope: str | None = "setup_api") -> str:
        """An access token of this person, from the token endpoint; asked for once."""
        known = self.tokens.get((person.consumer_key, scope or ""))
        if known is None:
            form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
            answer = self.client.post(f"http://{host}/services/oauth2/token", data=form, auth=(person.consumer_key, person.secret))
            assert answer.status_code == 200, answer.text
            known = self.tokens[(person.consumer_key, scope or "")] = answer.json()["access_token"]
        return known

    def ask(
        self,
        method: str,
        path: str,
        *,
        host: str = ACME,
        by: Person | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """One request to the admin API, as the org's admin or as somebody else."""
        token = self.token(by or self.admins[host], host)
        return self.client.request(
            method,
            f"http://{host}/api/v1{path}",
            json=body,
            params=query or None,
            headers={"Authorization": f"Bearer {token}"} | (headers or {}),
        )

    def add_person(self, name: str, permissions: Sequence[Permission], host: str = ACME, **policies: Any) -> Person:
        """One more user with just these rights, and with an app that acts for it."""
        with self.database.transaction() as tx:
            return add_person(tx, self.orgs[host], name, frozenset(permissions), **policies)

    def operator(self, host: str = ACME) -> Actor:
        return operator(self.orgs[host])

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def change(self, act: Callable[[Tx], Any]) -> Any:
        with self.database.transaction() as tx:
            return act(tx)


def operator(org: Org) -> Actor:
    return Actor(ActorKind.OPERATOR, org.id, "operator", EVERY_POWER)


def add_org(tx: Tx, host: str) -> Org:
    org = Org(tx.new_id(Prefix.ORG), host.partition(".")[0].capitalize(), OrgKind.PRODUCTION, host, f"http://{host}", 0, tx.now)
    assert orgs.insert(tx, org)
    with ready_keys():
        seed_signing_keys(tx, operator(org))
    return org


def add_person(tx: Tx, org: Org, name: str, permissions: frozenset[Permission], **policies: Any) -> Person:
    rights = permissions | {Permission.API_ENABLED}
    profile = Profile(tx.new_id(Prefix.PROFILE), org.id, f"Profile of {name}", "", rights, tx.now)
    assert profiles.insert(tx, profile)
    username = f"{name}@{org.host}.example"
    user = User(
        tx.new_id(Prefix.USER), org.id, username, username, name.capitalize(), "Example", profile.id, UserState.ACTIVE, False, 0, tx.now
    )
    assert people.insert(tx, user)
    holder = Actor(ActorKind.USER, org.id, username, EVERY_POWER, user_id=user.id)
    owner_id = user.id if rights & {Permission.REGISTER_CONNECTED_APPS, Permission.MANAGE_CONNECTED_APPS} else first_owner(tx, org)
    made = create_app(
        tx,
        holder,
        CreateApp(
            label=f"App of {name}",
            api_name=f"app_of_{name}",
            contact_email="dev@example.com",
            owner_id=owner_id,
            flows=frozenset({Flow.CLIENT_CREDENTIALS}),
            scopes=("api", "setup_api"),
        ),
    )
    granted = AppPolicies(made.installation.id, permitted_users=PermittedUsers.SELF_AUTHORIZE, run_as_user_id=user.id, may_administer=True)
    assert installations.update_policies(tx, org.id, replace(granted, **policies))
    assert made.secret is not None
    return Person(user, made.app.id, made.app.consumer_key, made.secret.reveal())


def first_owner(tx: Tx, org: Org) -> str:
    return listed_users.list_page(tx, org.id, after=None, limit=1)[0].id


@contextmanager
def world(database: Database, **changes: Any) -> Iterator[World]:
    """The world over this clean database. `changes` replace values of the house."""
    with database.transaction() as tx:
        made = {host: add_org(tx, host) for host in (ACME, OTHER)}
        admins = {host: add_person(tx, org, "ada", EVERY_POWER) for host, org in made.items()}
    turnstile = Turnstile(database)
    house = House(
        database=database,
        keys=MASTER_KEYS,
        hasher=PasswordHasher(parallel=1, random=os.urandom, memory_kib=8, passes=1),
        turnstile=turnstile,
        keyring=Keyring(MASTER_KEYS),
        base_url=f"http://{ACME}",
        limits=Limits(),
        trusted_proxies=(ip_network(TRUSTED_PROXY),),
    )
    house = replace(house, **changes)
    house.metrics.watch(turnstile)
    root = logging.getLogger()
    before = root.handlers, root.level
    log = io.StringIO()
    logs.configure("info", "json", log)
    turnstile.start()
    try:
        with served(make_app(house)) as client:
            yield World(database, house, client, made, admins, log)
    finally:
        turnstile.stop(5)
        root.handlers, root.level = before[0], before[1]
        structlog.reset_defaults()


@contextmanager
def served(app: Any, address: str = "127.0.0.1") -> Iterator[httpx.Client]:
    """A plain client whose requests go into the application, in an event loop of their own."""
    with anyio.from_thread.start_blocking_portal() as portal:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))

        class Bridge(httpx.BaseTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                async def go() -> httpx.Response:
                    request.stream = _Whole(body)
                    answer = await transport.handle_async_request(request)
                    content = b"".join([part async for part in answer.stream])  # type: ignore[union-attr]
                    return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)

                body = [part for part in request.stream]  # type: ignore[union-attr]  # noqa: C416
                return portal.call(go)

        with httpx.Client(transport=Bridge()) as client:
            yield client


class _Whole(httpx.AsyncByteStream):
    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts

    async def __aiter__(self) -> Any:
        for part in self.parts:
            yield part


def id18(id15: str) -> str:
    return long(id15)
