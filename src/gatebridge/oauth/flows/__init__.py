"""The flows that this server has. A flow is one file and one line here; discovery and the choices of the console follow."""

from collections.abc import Mapping
from types import ModuleType

from gatebridge.oauth.flows import client_credentials, device, jwt_bearer, refresh_token, web_server

# By the value of `grant_type`.
FLOWS: Mapping[str, ModuleType] = {
    client_credentials.GRANT_TYPE: client_credentials,
    web_server.GRANT_TYPE: web_server,
    refresh_token.GRANT_TYPE: refresh_token,
    jwt_bearer.GRANT_TYPE: jwt_bearer,
    device.GRANT_TYPE: device,
}

# What Salesforce's clients say instead of the standard's name. Not announced: it counts in their dialect alone.
ALSO_CALLED: Mapping[str, ModuleType] = {device.SALESFORCE_GRANT_TYPE: device}
