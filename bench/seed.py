"""What is there before anything is measured: an org, a run-as user, and an app for each format of token."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Assignment, Profile, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.signing_keys import seed_signing_keys
from gatebridge.storage import installations, orgs, people, profiles
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


def seed(database: Database, base_url: str) -> Seeded:
    """Fill an empty, migrated database, in one transaction."""
    with database.transaction() as tx:
        org = Org(tx.new_id(Prefix.ORG), "Bench", OrgKind.PRODUCTION, urlsplit(base_url).netloc, base_url, 0, tx.now)
        orgs.insert(tx, org)
        profile = Profile(tx.new_id(Prefix.PROFILE), org.id, "Integrations", "", frozenset({Permission.API_ENABLED}), tx.now)
        profiles.insert(tx, profile)
        user = _user(tx, profile)
        actor = Actor(ActorKind.OPERATOR, org.id, "bench", frozenset(Permission), user_id=user.id)
        seed_signing_keys(tx, actor)
        return Seeded(org.id, actor, {name: _app(tx, actor, user, name) for name in APPS})


def _user(tx: Tx, profile: Profile) -> User:
    user = User(
        id=tx.new_id(Prefix.USER),
        org_id=profile.org_id,
        username="integration@bench.example",
        email="integration@bench.example",
        first_name="",
        last_name="Integration",
        profile_id=profile.id,
        state=UserState.ACTIVE,
        frozen=False,
        epoch=0,
        created_at=tx.now,
    )
    people.insert(tx, user)
    return user


def _app(tx: Tx, actor: Actor, run_as: User, name: str) -> SeededApp:
    command = CreateApp(
        label=f"Bench {name}",
        api_name=f"Bench_{name}",
        contact_email="bench@bench.example",
        flows=frozenset({Flow.CLIENT_CREDENTIALS}),
        scopes=("api",),
    )
    created = create_app(tx, actor, replace(command, **APPS[name]))  # type: ignore[arg-type]
    if created.secret is None:
        raise RuntimeError(f"The app {created.app.label} has no secret")
    installations.update_policies(tx, actor.org_id, replace(created.policies, run_as_user_id=run_as.id))
    installations.put_permit(tx, actor.org_id, created.installation.id, Assignment(run_as.profile_id))
    return SeededApp(created.app.id, created.app.label, created.app.consumer_key, created.secret.reveal())
