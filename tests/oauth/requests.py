"""Requests as the room of the protocol sees them, for tests that stand behind the door."""

from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address

from tests.oauth.door import OFFICE
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant

from gatebridge.oauth import introspect, revoke, token
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.ids import Prefix
from gatebridge.web.turnstile import Decide


def request_of(acme: Tenant, parameters: Mapping[str, str], address: str = OFFICE) -> OAuthRequest:
    """A request at this org's host, with an id of its own."""
    standing = acme.standing
    return OAuthRequest(
        host=acme.org.host,
        address=ip_address(address),
        user_agent="probe/1",
        operation_id=standing.database.mint.mint(Prefix.RECEIPT, standing.clock()),
        parameters=dict(parameters),
    )


def token_request(acme: Tenant, app: Client, **parameters: str) -> OAuthRequest:
    return request_of(acme, {"grant_type": "client_credentials"} | app.credentials | parameters)


def decision(acme: Tenant, path: str) -> Decide:
    """What decides at this endpoint, as the web door wires it."""
    deciders: dict[str, Decide] = {
        TOKEN: partial(token.decide, keyring=acme.standing.house.keyring),
        INTROSPECT: introspect.decide,
        REVOKE: revoke.decide,
    }
    return deciders[path]
