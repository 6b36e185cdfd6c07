"""Our guides for Salesforce's clients at a running server: the app as the guide has it registered, and what it says to type there."""

from dataclasses import dataclass
from typing import Any

from tests.clients.salesforce_house import SalesforceHouse
from tests.conformance.running import Registered
from tests.oauth.client_keys import client_key

from gatebridge.rules import client_steps
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.client_guides import WAYS, GuidedClient
from gatebridge.rules.client_settings import registered
from gatebridge.rules.client_values import Values
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.edit_policies import EditPolicies, edit_policies

KEY = client_key("RS256", 43)


@dataclass(frozen=True)
class Guided:
    """One way of one guide."""

    app: Registered
    steps: tuple[str, ...]  # what to type, in order


def guided(place: SalesforceHouse, client: GuidedClient, name: str, **said: Any) -> Guided:
    """The way of this name for a client at this server, done by an admin up to where the client begins: its user is `place.clerk`.

    An app that acts for itself acts for `place.admin`. `said` are settings that the guide leaves open, or that differ.
    """
    (way,) = (way for way in WAYS[client] if way.name == name)
    fields: dict[str, Any] = {field: tuple(value) if isinstance(value, list) else value for field, value in registered(way).items()}
    fields |= {field: frozenset(fields[field]) for field in ("flows", "auth_methods")} | said
    app = place.house.app(f"{client.called} {name}", run_as=place.admin if not way.names_a_user else None, **fields)
    with place.house.database.transaction() as tx:
        if way.signs:
            add_certificate(tx, place.house.admin, AddCertificate(app.id, "server.crt", KEY.upload))
        for holder in (place.house.profile.id, place.admin.profile_id):
            assign_access(tx, place.house.admin, AssignAccess(app.id, holder))
        edit_policies(tx, place.house.admin, EditPolicies(app.id, PermittedUsers.ADMIN_APPROVED, confirmed=True))
    values = Values(place.url, app.client_id, place.clerk.username, *fields["callbacks"])
    return Guided(app, tuple(step.code for step in client_steps.steps(client, way, values)))
