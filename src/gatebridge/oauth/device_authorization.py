"""The device endpoint (RFC 8628 section 3.1): a client asks for a pair of codes, one for the device to keep and one for its user to type.

Everything that can be refused without knowing the user is refused here, before anybody is asked to type anything (X-DV-07).
"""

import hmac

from gatebridge.crypto import sealing, secrets
from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth import dialects, endpoint
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.flows import device as flow
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import device_codes as rules
from gatebridge.rules.apps import Dialect
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import Epochs
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import network_of
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import device as reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage import device_codes
from gatebridge.storage.device_codes import NewDeviceCode
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

PATH = "/services/oauth2/device"
EVENT = "device_started"

VERIFICATION_PATH = "/connect"
SALESFORCE_VERIFICATION_PATH = "/setup/connect"

# Salesforce has no device endpoint: its clients send this to the token endpoint, instead of a grant type.
RESPONSE_TYPE = "device_code"

# Ours: a device that sends it shows the number of the same name in the answer to its user, who picks it (docs/decisions/0021).
MATCH_NUMBER = "match_number"

PURPOSE = "device user code"
DRAWS = 3


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """The pair of codes, or why there is none. Reads facts and writes nothing; `record` writes."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    caller = endpoint.call(reader, org, request, PATH, flow.name_is_enough)
    if request.unfit_for(caller.dialect):
        return dialects.unfit(reader, org, request, EVENT)
    return begin(reader, org, request, caller)


def begin(reader: FactsReader, org: Org, request: OAuthRequest, caller: Caller) -> Outcome:
    """The same for a caller who is identified already."""
    caller = caller.for_somebody()
    scopes, scopes_refused = endpoint.scopes_asked(request)
    attempt = Attempt(
        door=Door.DEVICE_START,
        address=request.address,
        client=caller.proof,
        flow=flow.FLOW,
        scopes_asked=scopes,
        scopes_refused=scopes_refused,
    )
    verdict = endpoint.decide(reader, caller.facts, attempt)
    if verdict.reason is not None:
        return endpoint.refused(org, request, EVENT, caller, verdict, flow=flow.FLOW)
    network = network_of(request.address) if request.address is not None else "unknown"
    here, everywhere = device_codes.waiting(reader.tx, org.id, network)
    if here >= rules.MOST_WAITING_IN_NETWORK or everywhere >= rules.MOST_WAITING_IN_ORG:
        busy = endpoint.refusing(Door.DEVICE_START, reasons.DEVICE_CODES_TOO_MANY)
        return endpoint.refused(org, request, EVENT, caller, busy, flow=flow.FLOW)
    return _begun(reader, org, request, caller, verdict, network)


def _begun(reader: FactsReader, org: Org, request: OAuthRequest, caller: Caller, verdict: Verdict, network: str) -> Outcome:
    value, typed = secrets.new(Kind.DEVICE_CODE, reader.tx.random), _unused_code(reader.tx, org)
    device = _device(reader.tx, request, caller.facts, verdict)
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        caller.facts,
        reason=None,
        status=200,
        flow=flow.FLOW,
        acts_for=False,
        scopes_given=render(verdict.scopes),
        auth_method=caller.proof.method,
        credential_id=caller.credential_id,
        receipt=history.receipt(verdict.findings, endpoint.said(request) | {"device": device.id}),
    )
    return Outcome(
        Answer(200, _body(org, caller.dialect, device, value, typed), form=request.form_in(caller.dialect)),
        # Anybody can send a public app's name, so of many in one network only some leave a line of their own; the approval always does.
        HistoryEntry(line, folds=not caller.trusted, proven=caller.proven),
        uses=endpoint.uses(org, request, EVENT, caller, verdict, flow=flow.FLOW),
        new_device=NewDeviceCode(device, secrets.digest(value), user_digest(reader.tx.keys.current, org, typed), network),
    )


def _device(tx: Tx, request: OAuthRequest, facts: Facts, verdict: Verdict) -> DeviceCode:
    app, installation = facts.app, facts.installation
    if app is None or installation is None:
        raise ValueError("A verdict without refusal was given to an app that is not here")
    return DeviceCode(
        id=tx.new_id(Prefix.DEVICE_CODE),
        org_id=facts.org.id,
        app_id=app.id,
        installation_id=installation.id,
        scopes=verdict.scopes,
        epochs=Epochs(facts.org.epoch, app.epoch, installation.epoch, 0, 0),
        created_at=tx.now,
        expires_at=tx.now + rules.LIFETIME,
        interval_seconds=rules.INTERVAL_SECONDS,
        address=endpoint.address_text(request),
        user_agent=request.user_agent,
        number=rules.new_number(tx.random) if request.parameters.get(MATCH_NUMBER) == "true" else "",
    )


def _body(org: Org, dialect: Dialect, device: DeviceCode, value: str, typed: str) -> dict[str, object]:
    """RFC 8628 section 3.2. In Salesforce's dialect the code is one word, and a client appends it to the address by itself."""
    body: dict[str, object] = {"device_code": value}
    if dialect is Dialect.SALESFORCE:
        body |= {"user_code": typed, "verification_uri": org.issuer + SALESFORCE_VERIFICATION_PATH}
    else:
        address = org.issuer + VERIFICATION_PATH
        shown = rules.shown(typed)
        body |= {"user_code": shown, "verification_uri": address, "verification_uri_complete": f"{address}?user_code={shown}"}
    body |= {"expires_in": int(rules.LIFETIME.total_seconds()), "interval": device.interval_seconds}
    return body | ({MATCH_NUMBER: device.number} if device.number else {})


def _unused_code(tx: Tx, org: Org) -> str:
    """A code that nobody has. Of 25 billion two are seldom the same, and then the first one keeps it."""
    for _ in range(DRAWS):
        typed = rules.new_code(tx.random)
        if of_user_code(tx, org, typed) is None:
            return typed
    raise RuntimeError("Every code that was drawn is taken")


def of_user_code(tx: Tx, org: Org, typed: str) -> DeviceCode | None:
    """The request whose user types this code, also where a master key was the current one that is an older one now."""
    return device_codes.by_user_digests(tx, org.id, [user_digest(key, org, typed) for key in tx.keys.all])


def user_digest(key: MasterKey, org: Org, typed: str) -> bytes:
    """What is stored of a code for people. It is short, so a plain hash of it would be undone in a second: the key keeps it."""
    return hmac.digest(sealing.derive(key, PURPOSE), f"{org.id} {typed}".encode(), "sha256")


def choices(keys: MasterKeys, device: DeviceCode) -> tuple[str, ...]:
    """The device's number among two others, the same each time that the page is opened."""
    return rules.choices(device.number, hmac.digest(sealing.derive(keys, PURPOSE), f"{device.org_id} {device.id}".encode(), "sha256"))
