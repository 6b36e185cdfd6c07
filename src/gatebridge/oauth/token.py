"""The token endpoint (RFC 6749 section 3.2): which client, which flow, may it, and then the token."""

from dataclasses import replace
from functools import partial

from gatebridge.oauth import consequences, device_authorization, dialects, endpoint, granting
from gatebridge.oauth import redeeming as requests
from gatebridge.oauth.flows import ALSO_CALLED, FLOWS
from gatebridge.oauth.flows import device as device_flow
from gatebridge.oauth.keyring import Keyring, NoSigningKey
from gatebridge.oauth.outcome import Outcome
from gatebridge.oauth.redeeming import Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import outage as outage_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.storage.facts import FactsReader

PATH = requests.PATH
EVENT = "token"


def decide(reader: FactsReader, request: OAuthRequest, keyring: Keyring) -> Outcome:
    """What this request gets. Reads facts and writes nothing; `record` writes."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    if "grant_type" not in request.parameters and request.parameters.get("response_type") == device_authorization.RESPONSE_TYPE:
        caller = endpoint.call(reader, org, request, PATH, device_flow.name_is_enough)
        if caller.dialect is Dialect.SALESFORCE:
            return device_authorization.begin(reader, org, request, caller)
    redeeming = _redeeming(reader, org, request)
    if request.unfit_for(redeeming.caller.dialect):
        return dialects.unfit(reader, org, request, EVENT)
    return _decided(reader, redeeming, org=org, request=request, keyring=keyring)


def _redeeming(reader: FactsReader, org: Org, request: OAuthRequest) -> Redeeming:
    grant_type = request.parameters.get("grant_type")
    flow = FLOWS.get(grant_type) or ALSO_CALLED.get(grant_type) if grant_type is not None else None
    if flow is not None:
        redeeming: Redeeming = flow.redeem(reader, org, request)
        return redeeming
    # Nobody knows for whom it would have been: the run-as user did nothing.
    caller = endpoint.call(reader, org, request, PATH).for_somebody()
    reason = flow_reasons.GRANT_TYPE_MISSING if grant_type is None else flow_reasons.GRANT_TYPE_UNKNOWN
    return Redeeming(caller, Attempt(door=Door.TOKEN, address=request.address, client=caller.proof, flow_refused=reason))


def _decided(reader: FactsReader, redeeming: Redeeming, *, org: Org, request: OAuthRequest, keyring: Keyring) -> Outcome:
    verdict = endpoint.decide(reader, redeeming.caller.facts, redeeming.attempt)
    if verdict.reason is None:
        anew = partial(_decided, org=org, request=request, keyring=keyring)
        try:
            return granting.granted(reader, org, request, EVENT, redeeming, verdict, keyring, anew)
        except NoSigningKey:
            verdict = _unsigned(verdict)
    return _refused(org, request, redeeming, verdict)


def _refused(org: Org, request: OAuthRequest, redeeming: Redeeming, verdict: Verdict) -> Outcome:
    caller, attempt = redeeming.caller, redeeming.attempt
    refusal = endpoint.refused(
        org,
        request,
        EVENT,
        caller,
        verdict,
        flow=attempt.flow,
        parameter=redeeming.parameter if verdict.reason is request_reasons.PARAMETER_MISSING else "",
        acts_for=attempt.approved is not None or attempt.refresh is not None,
    )
    with_consequences = consequences.of(refusal, redeeming, verdict)
    if with_consequences is refusal:
        return refusal
    # Only somebody who proves to be the client now may end anything, and a copied assertion proves nothing.
    return replace(with_consequences, uses=endpoint.uses(org, request, EVENT, caller, verdict, flow=attempt.flow))


def _unsigned(verdict: Verdict) -> Verdict:
    """The verdict over a request that would get its token, if the org had a key to sign it with."""
    reason = outage_reasons.SIGNING_KEY_MISSING
    said = Finding(Gate.LIFETIME, State.REFUSED, reason.sentence, reason)
    return Verdict(verdict.door, tuple(said if finding.gate is Gate.LIFETIME else finding for finding in verdict.findings))
