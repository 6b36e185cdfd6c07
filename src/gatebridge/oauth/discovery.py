"""The metadata documents (RFC 8414, OpenID Connect Discovery 1.0), made from what this server does and from nothing else."""

from gatebridge.oauth import (
    authorization_checks,
    authorize,
    claims,
    device_authorization,
    end_session,
    introspect,
    jwks,
    revoke,
    token,
    userinfo,
)
from gatebridge.oauth.client_auth import private_key_jwt
from gatebridge.oauth.flows import FLOWS, user_agent
from gatebridge.rules import authorization, signing_keys
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.levels import Level
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
        "token_endpoint_auth_methods_supported": [*methods, ClientAuthMethod.NONE.value],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": org.issuer + introspect.PATH,
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": org.issuer + revoke.PATH,
        "revocation_endpoint_auth_methods_supported": [*methods, ClientAuthMethod.NONE.value],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "jwks_uri": org.issuer + jwks.PATH,
        "grant_types_supported": sorted(
            [name for name, flow in FLOWS.items() if not org.switched_off(flow.FLOW)]
            + ([] if org.switched_off(user_agent.FLOW) else [user_agent.GRANT_TYPE])
        ),
        **({} if org.switched_off(Flow.DEVICE) else {"device_authorization_endpoint": org.issuer + device_authorization.PATH}),
        "scopes_supported": sorted({*CATALOGUE, *org.custom_scopes}),
        "service_documentation": f"{org.issuer}/help/reasons/",
        **_of_sign_ins(org),
        # With which `client_id` the people of this org sign in on the command line; not named where an admin has taken the app away.
        **({"gatebridge_cli_client_id": command_line} if command_line is not None else {}),
    }


def _of_sign_ins(org: Org) -> dict[str, object]:
    """What concerns a browser, and who sits at it."""
    return {
        "authorization_endpoint": org.issuer + authorize.PATH,
        "response_types_supported": [each.name for each in authorization.offered(org)],
        "response_modes_supported": list(authorization_checks.MODES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": sorted(authorization_checks.PROMPTS),
        "acr_values_supported": [level.acr for level in Level],
        "request_parameter_supported": False,
        # Taken for true where it is not said (OpenID Connect Discovery section 3).
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": True,
        "userinfo_endpoint": org.issuer + userinfo.PATH,
        "end_session_endpoint": org.issuer + end_session.PATH,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(signing_keys.ALGORITHMS),
        "claim_types_supported": ["normal"],
        "claims_supported": [*claims.OF_ID_TOKENS, *claims.OF_PEOPLE, *claims.OF_SALESFORCE, *claims.of_org(org)],
    }
