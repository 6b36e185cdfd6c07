"""Authorization code (Salesforce: "Web Server Flow"; RFC 6749 section 4.1, with PKCE, RFC 7636), its second half at the token endpoint.

For an app whose user sits at a browser: a web application, and with PKCE and no secret also a single-page, mobile or desktop app. The
first half is the authorization endpoint. A code is bound to app, redirect URI, challenge, scopes, user and session, and is redeemed once.
"""

from gatebridge.crypto import secrets
from gatebridge.oauth import endpoint, pkce
from gatebridge.oauth.redeeming import PATH, Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.facts import Attempt, CallbackProof
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage.facts import FactsReader

GRANT_TYPE = "authorization_code"
FLOW = Flow.WEB_SERVER
PARAMETERS = frozenset(
    {"grant_type", "code", "redirect_uri", "code_verifier", "scope", "client_id"}
    | {"client_secret", "client_assertion", "client_assertion_type"}
)


def redeem(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    """What this request attempts: to buy, with a code, the grant that its user has approved.

    The code is looked up after the client was let in: a stranger learns nothing about any code (standards G-13).
    """
    caller = endpoint.call(reader, org, request, PATH, name_is_enough).for_somebody()
    value, code, refused = request.parameters.get("code"), None, None
    if value is not None and caller.proof.refused is None:
        facts, code = (
            reader.code(org, secrets.digest(value)) if secrets.looks_right(secrets.Kind.AUTHORIZATION_CODE, value) else (None, None)
        )
        if code is not None and facts is not None:
            if caller.facts.app is not None and code.app_id == caller.facts.app.id:
                caller = caller.knowing(facts)
            else:
                code, refused = None, grant_reasons.CODE_OF_OTHER_APP
    scopes, scopes_refused = endpoint.scopes_asked(request)
    attempt = Attempt(
        door=Door.CODE,
        address=request.address,
        client=caller.proof,
        flow=FLOW,
        request_refused=request_reasons.PARAMETER_MISSING if value is None else None,
        scopes_asked=scopes,
        scopes_refused=scopes_refused,
        callback=CallbackProof(uri=request.parameters.get("redirect_uri")),
        pkce_refused=pkce.verify(code, request.parameters.get("code_verifier"), caller.dialect) if code is not None else None,
        code=code,
        proof_refused=refused,
    )
    return Redeeming(caller, attempt, value or "", parameter="code" if value is None else "")


def name_is_enough(settings: AppSettings) -> bool:
    """Whether this app may redeem a code without proving itself; then the verifier alone does."""
    return not settings.require_secret_for_web_server
