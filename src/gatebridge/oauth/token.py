"""The token endpoint (RFC 6749 section 3.2): which client, which flow, may it, and then the token."""

from collections.abc import Callable
from dataclasses import replace

from gatebridge.crypto.signing import SigningKey
from gatebridge.oauth import endpoint, issue
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.flows import FLOWS
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/token"
EVENT = "token"


def decide(reader: FactsReader, request: OAuthRequest, keyring: Keyring) -> Outcome:
    """What this request gets. Reads facts and writes nothing; `record` writes."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    caller = endpoint.call(reader, org, request, PATH)
    attempt = _attempt(request, caller)
    verdict = endpoint.decide(reader, caller.facts, attempt)
    if verdict.reason is not None:
        return endpoint.refused(org, request, EVENT, caller, verdict, flow=attempt.flow)

    def signing_key(algorithm: str) -> SigningKey:
        return keyring.key_for(reader.signing_keys(org), algorithm, reader.now)

    return _granted(reader, org, request, caller, attempt, verdict, signing_key)


def _attempt(request: OAuthRequest, caller: Caller) -> Attempt:
    grant_type = request.parameters.get("grant_type")
    flow = FLOWS.get(grant_type) if grant_type is not None else None
    if flow is None:
        reason = flow_reasons.GRANT_TYPE_MISSING if grant_type is None else flow_reasons.GRANT_TYPE_UNKNOWN
        return Attempt(door=Door.TOKEN, address=request.address, client=caller.proof, flow_refused=reason)
    attempt: Attempt = flow.redeem(request, caller.proof)
    return attempt


def _granted(
    reader: FactsReader,
    org: Org,
    request: OAuthRequest,
    caller: Caller,
    attempt: Attempt,
    verdict: Verdict,
    signing_key: Callable[[str], SigningKey],
) -> Outcome:
    if attempt.flow is None:
        raise ValueError("A verdict without refusal was given to an attempt without a flow")
    issued = issue.issue(
        reader.tx,
        caller.facts,
        verdict,
        flow=attempt.flow,
        token_id=request.operation_id,
        address=endpoint.address_text(request),
        secret=caller.secret,
        signing_key=signing_key,
    )
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        caller.facts,
        reason=None,
        status=200,
        flow=attempt.flow,
        grant_id=issued.new.token.grant_id,
        scopes_given=render(verdict.scopes),
        auth_method=caller.proof.method,
        credential_id=caller.proof.secret_id or caller.proof.certificate_id,
        receipt=history.receipt(verdict.findings, endpoint.said(request)),
    )
    outcome = Outcome(Answer(200, issued.body), HistoryEntry(line), new_grant=issued.new_grant, new_token=issued.new)
    if caller.used is None:
        return outcome
    replay = endpoint.replayed(org, request, EVENT, caller, verdict, assertion_reasons.ASSERTION_REPLAYED, flow=attempt.flow)
    return replace(outcome, used=caller.used, if_used_before=replay)
