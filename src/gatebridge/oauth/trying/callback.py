"""Where a browser brings the answer of a run of Try it: a callback URL that no app registers, and that counts for one request only.

It is taken at the authorization endpoint when the `state` of the request is that of a live run of this very app; so nobody can have an
answer sent here that Try it has not asked for, and no setting of the app is touched to try it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gatebridge.crypto import secrets
from gatebridge.rules import ids
from gatebridge.rules.facts import Approving, Attempt, CallbackProof, Facts
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.tries import Kept, Step, Try
from gatebridge.storage import codes, tries
from gatebridge.storage.tx import Tx

PATH = "/setup/try/callback"

# What an answer may hold; whatever else a browser brings along is nobody's.
ANSWER = ("code", "error", "error_description", "error_uri", "iss")
LONGEST = 2_048


class Arrival(StrEnum):
    """What came of an answer that a browser brought."""

    KEPT = "kept"
    UNKNOWN = "unknown"  # no run waits for it
    SOMEBODY_ELSE = "somebody_else"  # another user approved than the one for whom it is tried; nothing is kept, and the code is burnt


@dataclass(frozen=True, slots=True)
class Arrived:
    """`refused`: the answer says no. `username`: for whom it is tried."""

    arrival: Arrival
    refused: bool = False
    username: str = ""


def address(org: Org) -> str:
    """The callback URL of every run in this org."""
    return org.issuer + PATH


def proof(tx: Tx, facts: Facts, parameters: Mapping[str, str], found: CallbackProof | None) -> CallbackProof | None:
    """What was found about the redirect URI of a request, or that it is proven, where the request is one of a live run of this app.

    Reads nothing unless the request names our own callback URL.
    """
    sent = parameters.get("redirect_uri")
    if sent != address(facts.org) or facts.app is None or (found is not None and found.uri is not None):
        return found
    waiting = _waiting(tx, facts.org, parameters.get("state", ""))
    return CallbackProof(uri=sent) if waiting is not None and waiting[0].app_id == facts.app.id else found


def admitted(tx: Tx, facts: Facts, parameters: Mapping[str, str], attempt: Attempt) -> Attempt:
    """The attempt of an authorization request, with its redirect URI proven where it is one of a live run of this app.

    Then the user is asked in any case, also where an admin has said yes for all or the user has before: what is approved is shown to
    whoever tries, and not to the app.
    """
    found = proof(tx, facts, parameters, attempt.callback)
    if found is attempt.callback:
        return attempt
    return replace(attempt, callback=found, approving=replace(attempt.approving or Approving(), ask_consent=True))


def arrived(tx: Tx, org: Org, brought: Mapping[str, str]) -> Arrived:
    """Keep the answer that a browser has brought, once, for the step of the run that waits for it."""
    waiting = _waiting(tx, org, brought.get("state", ""))
    answer = {name: brought[name][:LONGEST] for name in ANSWER if name in brought}
    if waiting is None or answer.get("iss") != org.issuer or not answer.keys() & {"code", "error"}:
        return Arrived(Arrival.UNKNOWN)
    run, kept = waiting
    if "code" in answer and not _by_subject(tx, org, kept, answer["code"]):
        return Arrived(Arrival.SOMEBODY_ELSE, username=kept.username)
    if not tries.save(tx, run, replace(kept, answer=answer)):
        return Arrived(Arrival.UNKNOWN)
    return Arrived(Arrival.KEPT, refused="error" in answer)


def _waiting(tx: Tx, org: Org, state: str) -> tuple[Try, Kept] | None:
    """The run that waits for the answer to the request with this state: it lives, has sent the browser, and has no answer yet."""
    try_id = ids.parse(state.partition(".")[0], Prefix.TRY)
    found = tries.by_id(tx, org.id, try_id) if try_id is not None else None
    run, kept = found if found is not None else (None, None)
    if run is None or kept is None:
        return None
    waits = not run.over(tx.now) and kept.next is Step.AUTHORIZATION and kept.address != "" and kept.answer is None
    return (run, kept) if waits and secrets.same(kept.state.encode(), state.encode("utf-8", "replace")) else None


def _by_subject(tx: Tx, org: Org, kept: Kept, value: str) -> bool:
    """Whether the user for whom it is tried has approved. The code of anybody else is burnt: it is good for nothing here or elsewhere."""
    code = codes.by_digest(tx, org.id, secrets.digest(value))
    if code is None or code.user_id == kept.subject_id:
        return True  # one that nobody knows will say so itself
    codes.burn(tx, org.id, code.id)
    return False
