"""An access token presented to one of our own APIs (RFC 6750): from the header to the actor, by the same decision as at every door."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from gatebridge.oauth import presented_token
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import access
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import bearer as reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.sessions import fresh_for
from gatebridge.rules.verdict import Verdict
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

EVENT = "api"
SCOPE = "setup_api"


@dataclass(frozen=True, slots=True)
class Surface:
    """One of our own APIs: how its lines in the history are called, which scope it needs, and how the header may be written."""

    event: str
    scope: str
    header: re.Pattern[str] = field(repr=False)  # whose first group is the token


# One scheme, one space, one b64token (RFC 6750 section 2.1). Salesforce's tokens hold `!`, which is none, and come here too.
ADMIN = Surface(EVENT, SCOPE, re.compile(r"Bearer ([A-Za-z0-9\-._~+/!]+=*)", re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token that was let in: what they may do, and as which user."""

    actor: Actor
    user: User


class BearerRefused(Refused):
    """A token was refused at an API of ours; `entry` is the line that the door still has to write, in a transaction of its own."""

    def __init__(self, verdict: Verdict, entry: HistoryEntry, *, by_person: bool) -> None:
        reason = verdict.reason
        if reason is None:
            raise ValueError("The verdict refuses nothing")
        # What the holder of a token hears is nearly the same whichever gate it failed at; the entry keeps the true reason.
        super().__init__(reasons.at_our_api(reason, by_person=by_person))
        self.entry = entry


def authenticate(tx: Tx, authorization: str | None, *, org: Org, address: Address | None, operation_id: str, user_agent: str = "") -> Actor:
    """The actor for whom the token in an Authorization header administers, with the user's rights at this moment."""
    return judge(tx, authorization, surface=ADMIN, org=org, address=address, operation_id=operation_id, user_agent=user_agent).actor


def judge(
    tx: Tx, authorization: str | None, *, surface: Surface, org: Org, address: Address | None, operation_id: str, user_agent: str
) -> Holder:
    """Let the holder of the token in an Authorization header in.

    Raises Refused: `bearer_missing`, `bearer_malformed`, or, for a token that was read, whatever the decision says. What the actor
    may do is what the user may do; that the app may be used for it at all is the scope and the app's policy (X-AD-05).
    """
    if authorization is None:
        raise Refused(reasons.BEARER_MISSING)
    matched = surface.header.fullmatch(authorization)
    if matched is None:
        raise Refused(reasons.BEARER_MALFORMED)
    reader = FactsReader(tx)
    facts, token = presented_token.find(reader, org, matched[1])
    verdict = access.decide(facts, Attempt(door=Door.API, address=address, token=token, scope_needed=surface.scope))
    if token is None or verdict.reason is not None:
        entry = _entry(surface, facts, verdict, token, org, address, operation_id, user_agent)
        raise BearerRefused(verdict, entry, by_person=signed_in_at(facts) is not None)
    if facts.standing is None or facts.app is None:
        raise ValueError("A live token was judged without its app or its user")
    actor = Actor(
        kind=ActorKind.USER,
        org_id=org.id,
        name=facts.standing.user.username,
        permissions=facts.standing.permissions(facts.now),
        user_id=facts.standing.user.id,
        app_id=facts.app.id,
        address=str(address) if address is not None else "",
        operation_id=operation_id,
        grant_id=token.grant_id,
        authenticated_at=signed_in_at(facts),
        fresh_for=fresh_for(org.settings),
    )
    return Holder(actor, facts.standing.user)


def signed_in_at(facts: Facts) -> datetime | None:
    """When the person signed in from whose approval a token hangs; None: nobody did, as for a service."""
    return facts.grant.authenticated_at if facts.grant is not None else None


def _entry(
    surface: Surface,
    facts: Facts,
    verdict: Verdict,
    token: AccessToken | None,
    org: Org,
    address: Address | None,
    operation_id: str,
    user_agent: str,
) -> HistoryEntry:
    reason = verdict.reason
    line = HistoryLine(
        org_id=org.id,
        id=operation_id,
        at=facts.now,
        event=surface.event,
        outcome="refused",
        reason=reason.code if reason else None,
        status=reason.status if reason else 200,
        address=str(address) if address is not None else "unknown",
        user_agent=user_agent,
        receipt=history.receipt(verdict.findings, {}),
    )
    if token is not None:
        line = replace(
            line,
            app_id=token.app_id,
            installation_id=token.installation_id,
            grant_id=token.grant_id,
            user_id=token.user_id,
            flow=token.flow,
            scopes_given=render(token.scopes),
        )
    return HistoryEntry(line, folds=True)
