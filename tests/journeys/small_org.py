"""A small org made through the verbs: an admin with an app that acts for her, a service user with a job that may have tokens, and a
resource server."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.journeys.installation import Installation, json_of

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.people import User
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.first_admin import FirstAdmin, create_first_admin
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

TOKEN = "/services/oauth2/token"
INTROSPECT = "/services/oauth2/introspect"


@dataclass(frozen=True, slots=True)
class Client:
    """An app, and what it proves itself with."""

    app_id: str
    key: str
    secret: str = field(repr=False)

    @property
    def auth(self) -> tuple[str, str]:
        return self.key, self.secret

    def ask(self, http: httpx.Client, **form: str) -> httpx.Response:
        """Ask for a token."""
        return http.post(TOKEN, data={"grant_type": "client_credentials"} | form, auth=self.auth)

    def token(self, http: httpx.Client, **form: str) -> str:
        """A token, which must be given."""
        return str(json_of(self.ask(http, **form))["access_token"])


@dataclass(frozen=True, slots=True)
class SmallOrg:
    """Who and what is there."""

    id: str
    host: str
    admin: Actor
    machine: User  # for whom the job runs
    job: Client
    robot: Client  # acts for the admin at the API
    guard: Client  # a resource server, which asks about every token that it is shown

    def is_active(self, http: httpx.Client, token: str) -> bool:
        """Whether a token is good at this moment, as the server says to the resource server."""
        return bool(json_of(http.post(INTROSPECT, data={"token": token}, auth=self.guard.auth))["active"])

    def as_admin(self, http: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request to the admin API, as the admin, with a token of its own."""
        bearer = {"Authorization": f"Bearer {self.robot.token(http, scope='setup_api')}"}
        return http.request(method, "/api/v1" + path, json=body, headers=bearer)


def seed(installation: Installation) -> SmallOrg:
    """The small org at the address of this installation."""
    with installation.database() as database:
        return make(database, installation.base_url)


def make(database: Database, base_url: str) -> SmallOrg:
    """The small org in this empty database."""
    host = urlsplit(base_url).netloc
    with database.transaction() as tx:
        command = FirstAdmin("Acme", host, base_url, "ada@acme.example", "ada@acme.example", "Ada", "Example")
        first = create_first_admin(tx, command)
        admin = replace(first.actor, kind=ActorKind.USER, user_id=first.user.id)
        profile = first.profiles["Integration User"]
        machine = create_user(tx, admin, CreateUser("job@acme.example", "it@acme.example", profile.id, last_name="Job"))
        job = _app(tx, admin, "Nightly Job", machine, scopes=("api",))
        robot = _app(tx, admin, "Robot", first.user, scopes=("setup_api",), may_administer=True)
        guard = _registered(tx, admin, "Orders API", introspect_all_tokens=True)
    return SmallOrg(first.org.id, host, admin, machine, job, robot, guard)


def _app(tx: Tx, admin: Actor, label: str, run_as: User, *, scopes: tuple[str, ...], may_administer: bool = False) -> Client:
    client = _registered(tx, admin, label, flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=scopes)
    edit_policies(tx, admin, EditPolicies(client.app_id, run_as_user_id=run_as.id, may_administer=may_administer))
    assign_access(tx, admin, AssignAccess(client.app_id, run_as.profile_id))
    return client


def _registered(tx: Tx, admin: Actor, label: str, **settings: Any) -> Client:
    made = create_app(tx, admin, CreateApp(label, label.replace(" ", "_"), "it@acme.example", **settings))
    assert made.secret is not None
    return Client(made.app.id, made.app.consumer_key, made.secret.reveal())
