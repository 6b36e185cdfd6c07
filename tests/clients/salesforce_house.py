"""A running server with what Salesforce's own clients need: their dialect, the app of the CLI, a service that acts by its key.

The clients are told the address of the server and nothing else of it; what they would find at Salesforce they find here.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey
from tests.clients.tls import TlsDoor
from tests.conformance.relying_party import Person
from tests.conformance.running import Registered, RunningHouse, running_house
from tests.oauth.client_keys import ClientKey, client_key

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import PLATFORM_CLI, Dialect
from gatebridge.rules.people import User
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.storage import people

SCOPES = ("refresh_token", "api", "web")


@dataclass(frozen=True)
class Service:
    """An app that acts for people who are not there, and its key as it keeps it."""

    app: Registered
    key: ClientKey = field(repr=False)

    @property
    def pem(self) -> str:
        """The private key as it stands in a file."""
        assert isinstance(self.key.key, RSAKey)
        return self.key.key.as_pem(private=True).decode()


@dataclass(frozen=True)
class SalesforceHouse:
    """The server and who is there: an admin, and somebody who may do no more than everybody."""

    house: RunningHouse
    admin: User
    clerk: User

    @property
    def url(self) -> str:
        return self.house.issuer

    def at_a_browser(self, user: User) -> Person:
        return Person(self.house.browser(), user)

    def app(self, label: str, **said: Any) -> Registered:
        """An app for a Salesforce client, which each user may approve."""
        return self.house.app(label, dialect=Dialect.SALESFORCE, scopes=SCOPES, **said)

    def service(self, *, number: int = 41) -> Service:
        """A service that may act for whoever has the profile of `clerk`."""
        key = client_key("RS256", number)
        app = self.app("Service", flows=frozenset({Flow.JWT_BEARER}), callbacks=())
        with self.house.database.transaction() as tx:
            add_certificate(tx, self.house.admin, AddCertificate(app.id, "Key", key.upload))
            assign_access(tx, self.house.admin, AssignAccess(app.id, self.house.profile.id))
            edit_policies(tx, self.house.admin, EditPolicies(app.id, PermittedUsers.ADMIN_APPROVED, confirmed=True))
        return Service(app, key)


@contextmanager
def salesforce_house(directory: Path, template: Path, door: TlsDoor | None = None) -> Iterator[SalesforceHouse]:
    """The server in this directory, whose database is a copy of `template`; with a `door` people and clients come by https."""
    (directory / "var").mkdir(parents=True)
    shutil.copy(template, directory / "var" / "gatebridge.db")
    with running_house(directory, front=door) as house:
        yield _furnished(house)


def _furnished(house: RunningHouse) -> SalesforceHouse:
    assert house.admin.user_id is not None
    with house.database.transaction() as tx:
        first = people.by_id(tx, house.admin.org_id, house.admin.user_id)
        assert first is not None
        installed = install_app(tx, house.admin, InstallApp(PLATFORM_CLI))
        edit_policies(tx, house.admin, EditPolicies(installed.app.id, PermittedUsers.SELF_AUTHORIZE, confirmed=True))
    admin = house.person("cora", profile_id=first.profile_id)
    return SalesforceHouse(house, admin, house.person("ben"))
