"""Token revocation (RFC 7009): a client ends a token of its own, and hears the same whatever the token was."""

from dataclasses import replace

from gatebridge.oauth import endpoint, presented_token
from gatebridge.oauth.endpoint import Caller
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.verdict import Finding, State
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/revoke"
EVENT = "revocation"

# RFC 7009 section 2.2: also for a token that is unknown, dead already, or another client's. The receipt tells them apart.
DONE = Answer(200, None)


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """End the token if it is the caller's. In the salesforce dialect possession of the token is enough (wire.md)."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    value = request.parameters.get("token")
    if value is not None and _names_nobody(request):
        facts, token = presented_token.find(reader, org, value)
        if token is not None and facts.app is not None and facts.app.dialect is Dialect.SALESFORCE:
            return _ended(org, request, facts, token)
    return _by_caller(reader, org, request, value)


def _names_nobody(request: OAuthRequest) -> bool:
    return request.authorization is None and not {"client_id", "client_assertion", "client_secret"}.intersection(request.parameters)


def _by_caller(reader: FactsReader, org: Org, request: OAuthRequest, value: str | None) -> Outcome:
    caller = endpoint.call(reader, org, request, PATH)
    verdict = endpoint.decide(reader, caller.facts, Attempt(door=Door.CALLER, address=request.address, client=caller.proof))
    # A blocked app may still put away its keys: revoking takes nothing but the proof of who asks.
    client = next(finding for finding in verdict.findings if finding.gate is Gate.CLIENT)
    if client.state is not State.PASSED:
        return endpoint.refused(org, request, EVENT, caller, verdict)
    if value is None:
        missing = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MISSING)
        return endpoint.refused(org, request, EVENT, caller, missing, parameter="token")
    facts, token = presented_token.find(reader, org, value)
    if token is None:
        outcome = _nothing_done(org, request, caller, proof_reasons.TOKEN_UNKNOWN)
    elif caller.facts.app is None or token.app_id != caller.facts.app.id:
        outcome = _nothing_done(org, request, caller, proof_reasons.TOKEN_OF_OTHER_APP)
    else:
        outcome = _ended(org, request, facts, token, caller)
    if caller.used is None:
        return outcome
    replay = endpoint.replayed(org, request, EVENT, caller, verdict, assertion_reasons.ASSERTION_REPLAYED)
    return replace(outcome, used=caller.used, if_used_before=replay)


def _ended(org: Org, request: OAuthRequest, facts: Facts, token: AccessToken, caller: Caller | None = None) -> Outcome:
    line = endpoint.line_of(
        org,
        request,
        EVENT,
        facts,
        reason=None,
        status=200,
        token=token,
        auth_method=caller.proof.method if caller else None,
        credential_id=(caller.proof.secret_id or caller.proof.certificate_id) if caller else None,
        receipt=history.receipt((), {"token": token.id, "by": "the client" if caller else "possession of the token"}),
    )
    return Outcome(DONE, HistoryEntry(line), ends=token)


def _nothing_done(org: Org, request: OAuthRequest, caller: Caller, reason: Reason) -> Outcome:
    said = Finding(Gate.PROOF, State.REFUSED, reason.sentence, reason)
    line = endpoint.line_of(
        org, request, EVENT, caller.facts, reason=reason, status=200, acts_for=False, receipt=history.receipt((said,), {})
    )
    return Outcome(DONE, HistoryEntry(line, folds=True))
