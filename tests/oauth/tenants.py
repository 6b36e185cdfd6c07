"""An org with its people and apps, made through the verbs, and what the developers of those apps can do at the door."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx
import sqlalchemy as sa
from tests.oauth.client_keys import ClientKey, assertion_form
from tests.oauth.door import OFFICE, Door, Form
from tests.oauth.houses import Standing
from tests.ready_keys import ready_keys

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.apps import Installation
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import PermissionSet, Profile, User, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.signing_keys import AddSigningKey, add_signing_key
from gatebridge.storage import orgs, people, permission_sets, profiles
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx

TOKEN = "/services/oauth2/token"
INTROSPECT = "/services/oauth2/introspect"
REVOKE = "/services/oauth2/revoke"
FEED = "/services/oauth2/revocations"
ME = "/api/v1/me"

BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})


@dataclass(frozen=True)
class Client:
    """A connected app as its developer holds it: the key, the secret or private key, and the address of an org."""

    door: Door
    issuer: str
    id: str
    installation_id: str
    consumer_key: str
    secret: str = field(default="", repr=False)
    key: ClientKey | None = field(default=None, repr=False)

    @property
    def credentials(self) -> dict[str, str]:
        """What proves this app in the body of a request."""
        if self.key is not None:
            return assertion_form(self.key, self.consumer_key, self.issuer)
        named = {"client_id": self.consumer_key}
        return named | {"client_secret": self.secret} if self.secret else named

    def ask(
        self,
        form: Mapping[str, str] | None = None,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        address: str = OFFICE,
        **parameters: str,
    ) -> httpx.Response:
        """A token request with exactly these parameters beside the grant type."""
        said = {"grant_type": "client_credentials"} | dict(form or {}) | parameters
        return self.door.post(self.issuer + TOKEN, said, headers=headers, address=address)

    def token(self, form: Mapping[str, str] | None = None, /, *, address: str = OFFICE, **parameters: str) -> httpx.Response:
        """A token request that proves the app as it always does, with something added or changed."""
        return self.ask(self.credentials | dict(form or {}) | parameters, address=address)

    def access_token(self, **parameters: str) -> str:
        answer = self.token(**parameters)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def introspect(self, token: str, **parameters: str) -> httpx.Response:
        return self.post(INTROSPECT, self.credentials | {"token": token} | parameters)

    def revoke(self, token: str, **parameters: str) -> httpx.Response:
        return self.post(REVOKE, self.credentials | {"token": token} | parameters)

    def feed(self, **parameters: str) -> httpx.Response:
        return self.post(FEED, self.credentials | parameters)

    def post(self, path: str, form: Form = (), headers: Mapping[str, str] | None = None, address: str = OFFICE) -> httpx.Response:
        return self.door.post(self.issuer + path, form, headers=headers, address=address)

    def me(self, token: str) -> httpx.Response:
        """The smallest request to the admin API with this token."""
        return self.door.get(self.issuer + ME, headers={"Authorization": f"Bearer {token}"})

    def at(self, standing: Standing) -> Self:
        """The same app, talking to another node."""
        return replace(self, door=standing.door)


@dataclass(frozen=True)
class Tenant:
    """One org: who administers it, whom its apps run as, and through which permission set they are approved."""

    standing: Standing
    org: Org
    admin: Actor
    profile: Profile
    approved: PermissionSet
    runner: User

    @property
    def door(self) -> Door:
        return self.standing.door

    def app(self, label: str = "Nightly Sync", *, open_for_use: bool = True, key: ClientKey | None = None, **said: Any) -> Client:
        """A connected app, registered by the verbs and, unless said otherwise, opened for the run-as user with these `policies`."""
        by_key = {"auth_methods": BY_KEY} if key is not None else {}
        given = {"flows": frozenset({Flow.CLIENT_CREDENTIALS}), "scopes": ("api", "id")} | by_key | said
        api_name, policies = given.pop("api_name", label.replace(" ", "_")), given.pop("policies", {})
        command = CreateApp(label, api_name, "dev@example.com", **given)
        with self.standing.database.transaction() as tx:
            made = create_app(tx, self.admin, command)
            if key is not None:
                add_certificate(tx, self.admin, AddCertificate(made.app.id, "Key", key.upload))
            if open_for_use:
                self.open_for_use(tx, made.app.id, **policies)
        secret = made.secret.reveal() if made.secret is not None else ""
        return Client(self.door, self.org.issuer, made.app.id, made.installation.id, made.app.consumer_key, secret, key)

    def open_for_use(self, tx: Tx, app_id: str, **policies: Any) -> AppPolicies:
        assign_access(tx, self.admin, AssignAccess(app_id, self.approved.id))
        return edit_policies(tx, self.admin, EditPolicies(app_id, run_as_user_id=self.runner.id, **policies))

    def install(self, client: Client) -> Client:
        """An app of another org, installed here and opened; the same client, at this org's address."""
        with self.standing.database.transaction() as tx:
            installed: Installation = install_app(tx, self.admin, InstallApp(client.consumer_key)).installation
            self.open_for_use(tx, client.id)
        return replace(client, issuer=self.org.issuer, installation_id=installed.id)

    def add_rs256(self) -> None:
        with self.standing.database.transaction() as tx, ready_keys():
            add_signing_key(tx, self.admin, AddSigningKey("RS256"))

    def history(self) -> list[Any]:
        """Every line of the org's login history, oldest first."""
        with self.standing.database.snapshot() as tx:
            wanted = sa.select(login_history).where(login_history.c.org_id == self.org.id).order_by(login_history.c.id)
            return list(tx.connection.execute(wanted))

    def receipt(self, answer: httpx.Response) -> Any:
        """The line to which the answer points."""
        receipt_id = parse(answer.headers["X-Gatebridge-Receipt"], Prefix.RECEIPT)
        (line,) = [line for line in self.history() if line.id == receipt_id]
        return line

    def true_cause(self, answer: httpx.Response) -> str | None:
        """The reason that the receipt of this answer names."""
        reason: str | None = self.receipt(answer).reason
        return reason

    def last_cause(self) -> str | None:
        """The reason of the newest line, for answers that tell no receipt's id."""
        reason: str | None = self.history()[-1].reason
        return reason


def make_tenant(standing: Standing) -> Tenant:
    """A new org of its own in the house, with a signing key, an admin, and a run-as user who holds the approved permission set."""
    host = f"org{next(standing.numbers)}.example"
    with standing.database.transaction() as tx:
        org = Org(tx.new_id(Prefix.ORG), host, OrgKind.PRODUCTION, host, f"https://{host}", 0, tx.now)
        assert orgs.insert(tx, org)
        every_right = _profile(tx, org, "Administrators", EVERY_POWER)
        profile = _profile(tx, org, "Integrations", frozenset({Permission.API_ENABLED}))
        ada, runner = _user(tx, every_right, "ada"), _user(tx, profile, "runner")
        admin = Actor(ActorKind.USER, org.id, ada.username, EVERY_POWER, user_id=ada.id)
        add_signing_key(tx, admin, AddSigningKey("ES256"))
        approved = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), org.id, "Sync Users", "Sync_Users", "", frozenset(), tx.now)
        assert permission_sets.insert(tx, approved)
        permission_sets.assign(tx, org.id, runner.id, approved.id, None)
    return Tenant(standing, org, admin, profile, approved, runner)


def _profile(tx: Tx, org: Org, name: str, rights: frozenset[Permission]) -> Profile:
    profile = Profile(tx.new_id(Prefix.PROFILE), org.id, name, "", rights, tx.now)
    assert profiles.insert(tx, profile)
    return profile


def _user(tx: Tx, profile: Profile, name: str) -> User:
    username = f"{name}@{profile.org_id}.example"
    user = User(
        id=tx.new_id(Prefix.USER),
        org_id=profile.org_id,
        username=username,
        email=f"{name}@example.com",
        first_name=name.capitalize(),
        last_name="Example",
        profile_id=profile.id,
        state=UserState.ACTIVE,
        frozen=False,
        epoch=0,
        created_at=tx.now,
    )
    assert people.insert(tx, user)
    return user


def compared(line: Any) -> dict[str, dict[str, str | None]]:
    """What a receipt shows side by side, by name: what was sent, and what is registered."""
    receipt = json.loads(line.receipt) if isinstance(line.receipt, str) else line.receipt
    return {each["name"]: each for finding in receipt["findings"] for each in finding.get("compared", ())}
