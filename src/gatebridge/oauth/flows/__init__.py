"""The flows that this server has. A flow is one file and one line here; discovery and the choices of the console follow."""

from collections.abc import Mapping
from types import ModuleType

from gatebridge.oauth.flows import client_credentials

# By the value of `grant_type`.
FLOWS: Mapping[str, ModuleType] = {client_credentials.GRANT_TYPE: client_credentials}
