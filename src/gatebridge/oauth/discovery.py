"""The metadata documents (RFC 8414, OpenID Connect Discovery 1.0), made from what this server does and from nothing else."""

from gatebridge.oauth import introspect, jwks, revoke, token
from gatebridge.oauth.client_auth import private_key_jwt
from gatebridge.oauth.flows import FLOWS
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.orgs import Org
from gatebridge.rules.scopes import CATALOGUE
from gatebridge.storage import listed_apps
from gatebridge.storage.facts import FactsReader

PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def document(reader: FactsReader, org: Org) -> dict[str, object]:
    """What a client may rely on at this org's issuer. Endpoints that do not exist yet are not named (standards MD-05)."""
    methods = [method.value for method in ClientAuthMethod if method is not ClientAuthMethod.NONE]
    algorithms = sorted(private_key_jwt.ALGORITHMS)
    command_line = listed_apps.command_line_key(reader.tx, org.id)
    return {
        "issuer": org.issuer,
        "token_endpoint": org.issuer + token.PATH,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": org.issuer + introspect.PATH,
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": org.issuer + revoke.PATH,
        "revocation_endpoint_auth_methods_supported": [*methods, ClientAuthMethod.NONE.value],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "jwks_uri": org.issuer + jwks.PATH,
        "grant_types_supported": sorted(FLOWS),
        # No flow with an authorization endpoint exists yet; RFC 8414 section 2 requires the member all the same.
        "response_types_supported": [],
        "scopes_supported": sorted({*CATALOGUE, *org.custom_scopes}),
        "service_documentation": f"{org.issuer}/help/reasons/",
        "request_uri_parameter_supported": False,
        # With which `client_id` the people of this org sign in on the command line; not named where an admin has taken the app away.
        **({"gatebridge_cli_client_id": command_line} if command_line is not None else {}),
    }
