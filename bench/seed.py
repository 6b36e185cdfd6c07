"""What is there before anything is measured: an org, a run-as user, and an app for each format of token."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from bench import people, sign_in
from bench.people import People
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.people import User
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.first_admin import FirstAdmin, create_first_admin
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

APPS = {
    "opaque": {"access_token_format": TokenFormat.OPAQUE},
    "es256": {"access_token_format": TokenFormat.JWT, "signing_algorithm": "ES256"},
    "rs256": {"access_token_format": TokenFormat.JWT, "signing_algorithm": "RS256"},
}


@dataclass(frozen=True, slots=True)
class SeededApp:
    """An app that may have tokens, with what it proves itself with."""

    id: str
    label: str
    consumer_key: str
    secret: str = field(repr=False)

    def form(self, **parameters: str) -> str:
        """A form body with which this app asks for something."""
        return urlencode({**parameters, "client_id": self.consumer_key, "client_secret": self.secret})


@dataclass(frozen=True, slots=True)
class Seeded:
    """The org under measurement, who administers it, and its apps by the format of their tokens."""

    org_id: str
    actor: Actor
    apps: Mapping[str, SeededApp]
    people: People


def seed(database: Database, base_url: str) -> Seeded:
    """Fill an empty, migrated database through the verbs, in one transaction."""
    with database.transaction() as tx:
        first = create_first_admin(
            tx,
            FirstAdmin(
                org_name="Bench",
                host=urlsplit(base_url).netloc,
                issuer=base_url,
                username="admin@bench.example",
                email="admin@bench.example",
                first_name="Bench",
                last_name="Admin",
            ),
        )
        profile = first.profiles["Integration User"]
        user = CreateUser("integration@bench.example", "integration@bench.example", profile.id, last_name="Integration")
        run_as = create_user(tx, first.actor, user)
        # An app belongs to a person, so the admin registers it.
        actor = replace(first.actor, kind=ActorKind.USER, user_id=first.user.id)
        hashed = PasswordHasher(1, random=os.urandom).hash(sign_in.PASSWORD)
        standard = first.profiles["Standard User"].id
        there = people.add(tx, actor, first.org.id, base_url, standard, hashed)
        apps = {name: _app(tx, actor, run_as, name) for name in APPS}
        apps |= {name: SeededApp(app.id, f"Bench {name}", app.consumer_key, app.secret) for name, app in there.apps.items()}
        return Seeded(first.org.id, actor, apps, there)


def _app(tx: Tx, actor: Actor, run_as: User, name: str) -> SeededApp:
    command = CreateApp(
        label=f"Bench {name}",
        api_name=f"Bench_{name}",
        contact_email="admin@bench.example",
        flows=frozenset({Flow.CLIENT_CREDENTIALS}),
        scopes=("api",),
    )
    created = create_app(tx, actor, replace(command, **APPS[name]))  # type: ignore[arg-type]
    if created.secret is None:
        raise RuntimeError(f"The app {created.app.label} has no secret")
    edit_policies(tx, actor, EditPolicies(created.app.id, run_as_user_id=run_as.id))
    assign_access(tx, actor, AssignAccess(created.app.id, run_as.profile_id))
    return SeededApp(created.app.id, created.app.label, created.app.consumer_key, created.secret.reveal())
