"""Client credentials (Salesforce: "Client Credentials Flow"; RFC 6749 section 4.4).

For a nightly job or a service that acts as itself, with nobody at a browser. The app proves itself by secret or key and acts for
the run-as user that the admin of the org has set in the app's policies; who may be that user is decided like for any other.
There is never a refresh token: the client simply asks again.
"""

from gatebridge.oauth import endpoint
from gatebridge.oauth.redeeming import PATH, Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.storage.facts import FactsReader

GRANT_TYPE = "client_credentials"
FLOW = Flow.CLIENT_CREDENTIALS
PARAMETERS = frozenset({"grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"})


def redeem(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    """What this request attempts: a token for the run-as user, over all of the app's scopes or those that it names."""
    caller = endpoint.call(reader, org, request, PATH)
    scopes, refused = endpoint.scopes_asked(request)
    attempt = Attempt(door=Door.TOKEN, address=request.address, client=caller.proof, flow=FLOW, scopes_asked=scopes, scopes_refused=refused)
    return Redeeming(caller, attempt)
