"""Refresh token (Salesforce: "Refresh Token Flow"; RFC 6749 section 6, rotation as in RFC 9700 section 4.14).

For an app that goes on working while its user is away. A public app's refresh token is exchanged for a successor at each use, others' by
choice. The successor is derived from the presented token, so that a client whose answer was lost gets the same one once more within
the grace; any other second use ends the family, for one of the two who use it is a thief.
"""

from dataclasses import replace

from gatebridge.crypto import secrets
from gatebridge.oauth import endpoint
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.redeeming import PATH, Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import callbacks, refresh_families
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import RefreshToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.storage.facts import FactsReader

GRANT_TYPE = "refresh_token"
FLOW = Flow.REFRESH_TOKEN
PARAMETERS = frozenset({"grant_type", "refresh_token", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"})


def redeem(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    """What this request attempts: a new access token under a grant that its user has given before."""
    caller = endpoint.call(reader, org, request, PATH, name_is_enough).for_somebody()
    value, refresh, refused = request.parameters.get("refresh_token"), None, None
    if value is not None and caller.proof.refused is None:
        facts, refresh = (
            reader.refresh(org, secrets.digest(value)) if secrets.looks_right(secrets.Kind.REFRESH_TOKEN, value) else (None, None)
        )
        if refresh is not None and facts is not None:
            if caller.facts.app is not None and refresh.app_id == caller.facts.app.id:
                caller = caller.knowing(facts)
                refused = grant_reasons.REFRESH_IN_PROGRESS if refresh_families.on_its_way(facts, refresh) else None
            else:
                refresh, refused = None, grant_reasons.REFRESH_OF_OTHER_APP
    scopes, scopes_refused = endpoint.scopes_asked(request)
    settings = caller.facts.settings
    attempt = Attempt(
        door=Door.REFRESH,
        address=request.address,
        client=caller.proof,
        flow=FLOW,
        request_refused=request_reasons.PARAMETER_MISSING if value is None else _elsewhere(caller, request),
        scopes_asked=scopes,
        scopes_refused=scopes_refused,
        refresh=refresh,
        rotates=settings is not None and settings.rotates(proven=caller.proven),
        proof_refused=refused,
    )
    return Redeeming(caller, attempt, value or "", parameter="refresh_token" if value is None else "")


def _elsewhere(caller: Caller, request: OAuthRequest) -> Reason | None:
    """Why the `redirect_uri` of a refresh is refused, which clients of Salesforce may send; the standard knows none here."""
    sent, settings = request.parameters.get("redirect_uri"), caller.facts.settings
    if sent is None or settings is None or caller.dialect is not Dialect.SALESFORCE:
        return None
    found = callbacks.match(sent, settings.callbacks, native=settings.native)
    return callback_reasons.CALLBACK_NOT_REGISTERED if isinstance(found, Mismatch) else None


def name_is_enough(settings: AppSettings) -> bool:
    """Whether this app may refresh without proving itself; then its refresh tokens rotate."""
    return not settings.require_secret_for_refresh


def overtaken(redeeming: Redeeming, refresh: RefreshToken | None) -> Redeeming:
    """What is attempted when another request has exchanged this very token after it was looked up, and before it was ours.

    That was no reuse, for nobody could know of the exchange. Without a grace there is nothing to give, and the family lives on.
    """
    anew = redeeming.with_refresh(refresh)
    policies = redeeming.caller.facts.policies
    if policies is not None and policies.refresh_grace_seconds == 0:
        return replace(anew, attempt=replace(anew.attempt, proof_refused=grant_reasons.REFRESH_IN_PROGRESS))
    return anew
