"""Device code (Salesforce: "Device Flow"; RFC 8628), its second half at the token endpoint, where the device waits for its user.

For a device without a browser or a keyboard: a television, a printer, a shell on another machine. The first half is the device endpoint
(`oauth.device_authorization`), and the user decides at a browser elsewhere (`oauth.connecting`). Because a stranger can read a code to
somebody on the telephone, it is off for every org and app until somebody wants it; whatever has a browser uses the web server flow.
"""

from gatebridge.crypto import secrets
from gatebridge.oauth import endpoint
from gatebridge.oauth.redeeming import PATH, Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import granted
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import device as reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage.facts import FactsReader

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SALESFORCE_GRANT_TYPE = "device"
FLOW = Flow.DEVICE
PARAMETERS = frozenset({"grant_type", "device_code", "code", "client_id", "client_secret", "client_assertion", "client_assertion_type"})


def redeem(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    """What this request attempts: to buy, with a device code, the grant that its user has approved, if that has happened.

    The device code is looked up after the client was let in: a stranger learns nothing about any (standards G-13).
    """
    caller = endpoint.call(reader, org, request, PATH, name_is_enough).for_somebody()
    salesforce = caller.dialect is Dialect.SALESFORCE
    value = request.parameters.get("device_code") or (request.parameters.get("code") if salesforce else None)
    device, refused = None, None
    if value is not None and caller.proof.refused is None:
        facts, device = reader.device(org, secrets.digest(value)) if secrets.looks_right(secrets.Kind.DEVICE_CODE, value) else (None, None)
        if device is not None and facts is not None:
            if caller.facts.app is not None and device.app_id == caller.facts.app.id:
                caller = caller.knowing(facts)
            else:
                device, refused = None, reasons.DEVICE_CODE_OF_OTHER_APP
    misnamed = request.parameters["grant_type"] == SALESFORCE_GRANT_TYPE and not salesforce
    attempt = Attempt(
        door=Door.DEVICE,
        address=request.address,
        client=caller.proof,
        flow=FLOW,
        flow_refused=flow_reasons.GRANT_TYPE_UNKNOWN if misnamed else None,
        request_refused=request_reasons.PARAMETER_MISSING if value is None else None,
        # The request names no scopes (RFC 8628 section 3.4): they are those of the approval, as far as the app still holds them.
        scopes_asked=granted.of_device(caller.facts, device) if device is not None else None,
        device=device,
        proof_refused=refused,
    )
    return Redeeming(caller, attempt, value or "", parameter="device_code" if value is None else "")


def name_is_enough(settings: AppSettings) -> bool:
    """Whether this app may use the flow without proving itself. Salesforce's setting is about both flows with a user at a browser."""
    return not settings.require_secret_for_web_server
