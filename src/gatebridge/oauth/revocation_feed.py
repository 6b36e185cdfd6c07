"""The revocation feed: what was ended since a cursor, for resource servers that check JWT access tokens by themselves.

A resource server begins at `after=newest`, keeps the last `cursor` and asks again; without entries it may wait up to 30 s for one. Entries
come in the order of their commits and without gaps, and are kept for 30 days. A token is dead when an entry names it, or when an entry
names its app (`client_id`), user (`sub`) or org at a time not before the token's `iat`. Times are whole seconds, and an ending takes effect
at its commit: who finds a token issued in the second of an entry, or little later, asks the introspection endpoint about it
(docs/decisions/0026).
"""

from gatebridge.oauth import endpoint
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.gates import Door
from gatebridge.rules.ids import long
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage import revocations
from gatebridge.storage.database import Database
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.revocations import Revocation

PATH = "/services/oauth2/revocations"
EVENT = "revocations"
MOST = 1000

# Where a resource server begins that needs no history: it asks about the tokens that it finds from before.
NEWEST = "newest"


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """The entries after the cursor `after` (0: from the beginning), at most a thousand, for a client that has proven itself.

    `more` says that this is not all yet. A cursor from ahead of us, as after a restore, is answered with ours, which lies behind it.
    """
    admitted = endpoint.admit(reader, request, EVENT, PATH)
    if isinstance(admitted, Outcome):
        return admitted
    after = request.parameters.get("after", "0")
    if after != NEWEST and not (after.isascii() and after.isdecimal() and len(after) <= 18):
        malformed = endpoint.refusing(Door.CALLER, request_reasons.PARAMETER_MALFORMED)
        return endpoint.refused(admitted.org, request, EVENT, admitted.caller, malformed, parameter="after")
    # The head is read first: one that was read after the entries could count some that were not among them.
    head = revocations.head(reader.tx, admitted.org.id)
    start = head if after == NEWEST else int(after)
    found = revocations.since(reader.tx, admitted.org.id, start, MOST) if after != NEWEST else []
    cursor = found[-1].sequence if found else min(start, head)
    answer = Answer(
        200,
        {
            "cursor": str(cursor),
            "now": int(reader.now.timestamp()),
            "more": len(found) == MOST,
            "revocations": [_entry(each) for each in found],
        },
    )
    return admitted.once(request, EVENT, Outcome(answer))


def _entry(revocation: Revocation) -> dict[str, object]:
    said: dict[str, object] = {"sequence": revocation.sequence, "at": int(revocation.at.timestamp()), "kind": revocation.kind}
    names = {"jti": revocation.token_id, "grant": revocation.grant_id, "app": revocation.app_id, "sub": revocation.user_id}
    said |= {name: long(value) for name, value in names.items() if value is not None}
    return said | ({"client_id": revocation.consumer_key} if revocation.consumer_key is not None else {})


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


def cursor_of(answer: Answer) -> int:
    """The cursor that an answer gives."""
    return int(str(answer.body["cursor"])) if answer.body is not None else 0


def head(database: Database, host: str) -> int:
    """The number of the newest entry of the org at this host. It tells nothing to anybody: whoever waits has proven itself before."""
    with database.reading() as tx:
        org = FactsReader(tx).org(host)
        return revocations.head(tx, org.id) if org is not None else -1
