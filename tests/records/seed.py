"""A small org written straight into the tables, for tests of what is read and ended, and a clock that moves when it is told to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from tests.databases import MASTER_KEYS

from gatebridge.records.change import Target, record_change
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.events import Event
from gatebridge.rules.grants import AccessToken, Epochs, Grant
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import grants, login_history, tokens
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.credentials import secrets
from gatebridge.storage.database import Database, open_database
from gatebridge.storage.installations import installations
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import profiles, users
from gatebridge.storage.tokens import NewToken
from gatebridge.storage.tx import Tx

UNRAISED = Epochs(0, 0, 0, 0, 0)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class ManualClock:
    """The time that a test says it is."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@contextmanager
def at_the_time_of(clock: ManualClock, url: str) -> Iterator[Database]:
    """The database at this URL, whose time is the clock's."""
    database = open_database(url, MASTER_KEYS, clock=clock)
    try:
        yield database
    finally:
        database.close()


@dataclass(frozen=True)
class SmallOrg:
    """One org with two people, and one installed app that the first of them owns and that has one secret."""

    id: str
    owner_id: str
    user_id: str
    app_id: str
    installation_id: str
    secret_id: str
    mint: IdMint = field(default_factory=lambda: IdMint(7))

    def actor(self, *permissions: Permission, user_id: str | None = None) -> Actor:
        """Somebody of this org with these permissions; not one of the two people, unless a user is named."""
        return Actor(ActorKind.USER, self.id, "Ada", frozenset(permissions), user_id=user_id)


def make_org(tx: Tx, name: str = "acme") -> SmallOrg:
    org_id, profile_id = tx.new_id(Prefix.ORG), tx.new_id(Prefix.PROFILE)
    owner_id, user_id, app_id = tx.new_id(Prefix.USER), tx.new_id(Prefix.USER), tx.new_id(Prefix.APP)
    installation_id, secret_id = tx.new_id(Prefix.INSTALLATION), tx.new_id(Prefix.SECRET)
    here = {"org_id": org_id, "created_at": tx.now}

    def add(table: sa.Table, **values: object) -> None:
        tx.connection.execute(sa.insert(table).values(values))

    add(
        orgs,
        id=org_id,
        name=name,
        kind="production",
        host=f"{name}.example",
        issuer=f"https://{name}.example",
        settings={},
        created_at=tx.now,
    )
    add(profiles, id=profile_id, name="Standard", permissions=[], login_ranges=[], **here)
    for person, first_name in ((owner_id, "Olga"), (user_id, "Uwe")):
        username = f"{first_name.lower()}@{name}.example"
        person_values = {"username": username, "email": username, "first_name": first_name, "last_name": "Example"}
        add(users, id=person, profile_id=profile_id, state="active", frozen=False, **person_values, **here)
    named = {"label": "Billing", "api_name": "billing", "consumer_key": f"gbk_{name}", "dialect": "standard"}
    add(apps, id=app_id, contact_email="dev@example.com", owner_id=owner_id, **named, **here)
    add(app_directory, consumer_key=f"gbk_{name}", org_id=org_id, app_id=app_id)
    add(installations, org_id=org_id, id=installation_id, app_id=app_id, installed_at=tx.now)
    add(secrets, id=secret_id, app_id=app_id, name="first", hint="gbs_…", digest=bytes(32), created_by=owner_id, **here)
    return SmallOrg(org_id, owner_id, user_id, app_id, installation_id, secret_id)


def add_grant(tx: Tx, org: SmallOrg, user_id: str | None = None) -> Grant:
    grant = Grant(
        tx.new_id(Prefix.GRANT), org.id, org.app_id, org.installation_id, user_id or org.user_id, Flow.CLIENT_CREDENTIALS, 0, tx.now
    )
    assert grants.insert_if_first(tx, grant)
    return grant


def add_token(tx: Tx, org: SmallOrg, grant: Grant, epochs: Epochs = UNRAISED) -> AccessToken:
    """A token with the line of its issue, as the token endpoint leaves them."""
    token = AccessToken(
        id=tx.new_id(Prefix.RECEIPT),
        org_id=org.id,
        grant_id=grant.id,
        app_id=org.app_id,
        installation_id=org.installation_id,
        user_id=grant.user_id,
        flow=Flow.CLIENT_CREDENTIALS,
        format=TokenFormat.OPAQUE,
        scopes=("api",),
        audience="https://acme.example",
        issued_at=tx.now,
        expires_at=tx.now + timedelta(hours=2),
        epochs=epochs,
        address="192.0.2.1",
    )
    tokens.insert_many(tx, [NewToken(token, token.id.encode().ljust(32))])
    login_history.insert_many(tx, [line(org, tx.now, id=token.id, user_id=grant.user_id, grant_id=grant.id, credential_id=org.secret_id)])
    return token


def line(org: SmallOrg, at: datetime, **given: object) -> HistoryLine:
    """One line of the login history: a success of the org's app, unless something else is given."""
    values: dict[str, object] = {
        "org_id": org.id,
        "id": org.mint.mint(Prefix.RECEIPT, at),
        "at": at,
        "event": "token",
        "outcome": "success",
        "status": 200,
        "address": "192.0.2.1",
        "user_agent": "probe/1",
        "receipt": {"findings": [], "request": {}},
        "app_id": org.app_id,
        "flow": "client_credentials",
    }
    return HistoryLine(**(values | given))  # type: ignore[arg-type]


def change(tx: Tx, org: SmallOrg, number: int, **values: object) -> None:
    """One change in the org's setup, with its audit line."""
    after = {"purpose": f"purpose {number}"} | values
    record_change(tx, org.actor(), Event.APP_EDITED, Target("app", org.app_id, "Billing"), {"purpose": "before"}, after)


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(text) for text in path.read_text().splitlines()]
