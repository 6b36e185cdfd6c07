"""The revocation feed: what was ended since a cursor, for resource servers that check JWT access tokens by themselves.

A resource server keeps the last `cursor` and asks again; without entries it may wait up to 30 s for one. Entries come in the order of
their commits and without gaps. A token is dead when an entry names it, or when an entry names its app, user or org at a time not
before the token's `iat`.
"""

from dataclasses import replace

from gatebridge.oauth import endpoint
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Door
from gatebridge.rules.ids import long
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage import revocations
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.revocations import Revocation

PATH = "/services/oauth2/revocations"
EVENT = "revocations"
MOST = 1000


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """The entries after the cursor `after` (0: from the beginning), at most a thousand, for a client that has proven itself."""
    org = reader.org(request.host)
    if org is None:
        return endpoint.unknown_host()
    if request.malformed is not None:
        return endpoint.malformed(org, request, EVENT, reader.bare_facts(org))
    caller = endpoint.call(reader, org, request, PATH)
    verdict = endpoint.decide(reader, caller.facts, Attempt(door=Door.CALLER, address=request.address, client=caller.proof))
    if verdict.reason is not None:
        return endpoint.refused(org, request, EVENT, caller, verdict)
    if not caller.proven:
        return endpoint.refused(org, request, EVENT, caller, endpoint.unproven(Door.CALLER))
    after = request.parameters.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        malformed = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MALFORMED)
        return endpoint.refused(org, request, EVENT, caller, malformed, parameter="after")
    found = revocations.since(reader.tx, org.id, int(after), MOST)
    cursor = found[-1].sequence if found else int(after)
    outcome = Outcome(Answer(200, {"cursor": str(cursor), "revocations": [_entry(each, reader) for each in found]}))
    if caller.used is None:
        return outcome
    replay = endpoint.replayed(org, request, EVENT, caller, verdict, assertion_reasons.ASSERTION_REPLAYED)
    return replace(outcome, used=caller.used, if_used_before=replay)


def _entry(revocation: Revocation, _: FactsReader) -> dict[str, object]:
    said: dict[str, object] = {"sequence": revocation.sequence, "at": int(revocation.at.timestamp()), "kind": revocation.kind}
    names = {"jti": revocation.token_id, "grant": revocation.grant_id, "app": revocation.app_id, "sub": revocation.user_id}
    return said | {name: long(value) for name, value in names.items() if value is not None}


def wait_asked(request: OAuthRequest, longest: float) -> float:
    """How many seconds the caller is willing to wait for news; 0 when it does not say, or says something else than a number."""
    asked = request.parameters.get("wait", "0")
    # An assertion can be used once, so a request that brings one is answered at once.
    if "client_assertion" in request.parameters or not (asked.isascii() and asked.isdecimal() and len(asked) <= 6):
        return 0.0
    return min(float(asked), longest)


def is_empty(answer: Answer) -> bool:
    """Whether the answer says that there is no news; only then is it worth waiting."""
    return answer.status == 200 and answer.body is not None and answer.body.get("revocations") == []
