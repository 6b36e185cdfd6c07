"""A small stage for the verbs about apps: two orgs, a few people with different rights, and a clock that a test moves by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import PermissionSet, Profile, User, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import Reason, Refused
from gatebridge.setup.create_app import CreateApp, CreatedApp, create_app
from gatebridge.storage import audit_trail, orgs, people, permission_sets, profiles, signing_keys
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.database import Database
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.storage.tx import Tx

Answer = TypeVar("Answer")


DEVELOPER = frozenset({Permission.VIEW_SETUP, Permission.REGISTER_CONNECTED_APPS, Permission.ROTATE_CONSUMER_CREDENTIALS})
CALLER = frozenset({Permission.API_ENABLED})


@dataclass(slots=True)
class Clock:
    """The time of the stage."""

    now: datetime = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(slots=True)
class Stage:
    """Ada administers the org, Dan and Eve develop apps, Sam is a service user who may call APIs; Otto administers another org."""

    database: Database
    clock: Clock
    org: Org = field(init=False)
    other: Org = field(init=False)
    ada: Actor = field(init=False)
    dan: Actor = field(init=False)
    eve: Actor = field(init=False)
    sam: Actor = field(init=False)
    otto: Actor = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as tx:
            self.org, self.other = add_org(tx, "Acme"), add_org(tx, "Other")
            self.ada = add_person(tx, self.org, "ada", EVERY_POWER)
            self.dan = add_person(tx, self.org, "dan", DEVELOPER)
            self.eve = add_person(tx, self.org, "eve", DEVELOPER)
            self.sam = add_person(tx, self.org, "sam", CALLER)
            self.otto = add_person(tx, self.other, "otto", EVERY_POWER)

    def do(self, verb: Callable[[Tx, Actor, Any], Answer], command: object, actor: Actor | None = None) -> Answer:
        """What the verb answers, in a transaction of its own; Ada does it unless somebody else is named."""
        with self.database.transaction() as tx:
            return verb(tx, actor or self.ada, command)

    def refused(self, reason: Reason, verb: Callable[[Tx, Actor, Any], object], command: object, actor: Actor | None = None) -> Refused:
        """The refusal of the verb, which must be for this reason, and must leave the audit trail as it was."""
        before = len(self.audit())
        with pytest.raises(Refused) as caught:
            self.do(verb, command, actor)
        assert caught.value.reason is reason
        assert len(self.audit()) == before
        return caught.value

    def app(self, api_name: str = "Nightly_Job", actor: Actor | None = None, **said: Any) -> CreatedApp:
        """A new app of Dan's, or of whoever is named."""
        command = CreateApp(label=api_name.replace("_", " "), api_name=api_name, contact_email="dan@acme.example", **said)
        return self.do(create_app, command, actor or self.dan)

    def audit(self, org: Org | None = None) -> list[AuditLine]:
        """The audit lines of the org, newest first."""
        return self.read(lambda tx: audit_trail.page(tx, (org or self.org).id, limit=100))

    def read(self, query: Callable[[Tx], Answer]) -> Answer:
        with self.database.snapshot() as tx:
            return query(tx)

    def user_of(self, actor: Actor) -> User:
        found = self.read(lambda tx: people.by_id(tx, actor.org_id, actor.user_id or ""))
        assert found is not None
        return found

    def permission_set(self, api_name: str = "Callers", org: Org | None = None) -> PermissionSet:
        """A new permission set that gives nothing but what it is assigned to."""
        org_id = (org or self.org).id
        with self.database.transaction() as tx:
            held = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), org_id, api_name, api_name, "", frozenset(), tx.now)
            assert permission_sets.insert(tx, held)
        return held

    def fields(self, refused: Refused) -> set[str]:
        """The fields that a refusal names."""
        return {problem.field for problem in refused.fields}


def add_org(tx: Tx, name: str) -> Org:
    host = f"{name.lower()}.localhost"
    org = Org(tx.new_id(Prefix.ORG), name, OrgKind.PRODUCTION, host, f"https://{host}", 0, tx.now)
    assert orgs.insert(tx, org)
    kid = tx.new_id(Prefix.SIGNING_KEY)
    # As every org has: without a key of its algorithm, a new app would make one.
    signing_keys.insert(tx, StoredKey(org.id, kid, "ES256", {"kid": kid}, b"", tx.now, tx.now))
    return org


def add_person(
    tx: Tx, org: Org, username: str, rights: frozenset[Permission], state: UserState = UserState.ACTIVE, *, frozen: bool = False
) -> Actor:
    """A user with a profile of these rights, as an actor who holds them."""
    profile = Profile(tx.new_id(Prefix.PROFILE), org.id, f"Profile of {username}", "", rights, tx.now)
    assert profiles.insert(tx, profile)
    user_id = tx.new_id(Prefix.USER)
    email = f"{username}@{org.name.lower()}.example"
    user = User(user_id, org.id, username, email, username.title(), "", profile.id, state, frozen, 0, tx.now)
    assert people.insert(tx, user)
    return Actor(ActorKind.USER, org.id, user.name, rights, user_id)
