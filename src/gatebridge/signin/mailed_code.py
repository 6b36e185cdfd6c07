"""Codes by mail: they show that somebody reads the user's mailbox, and so activate a browser. They are no second factor."""

import hmac

from gatebridge.crypto import sealing
from gatebridge.records import outbox
from gatebridge.rules import factors as rules
from gatebridge.rules import lockouts
from gatebridge.rules.factors import MAILED_DIGITS, Step
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import factors, lockout, outcomes, second_step
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.signin.second_step import PASSWORD, Pending, Waiting
from gatebridge.storage import limited_acts, verifications
from gatebridge.storage.tx import Tx

PURPOSE = "mailed code"
METHOD = "mailed_code"
MOST_TRIES = 5  # at one code

MAIL = """Hello {name},

somebody, perhaps you, gave the right password for {username} at {org}. To let this browser in, type this code there:

    {code}

It works once, for a quarter of an hour, in the browser that asked for it, which came from {where}.

If it was not you, somebody knows your password. Give the code to nobody, and choose a new password at
{issuer}/forgot-password
"""


def begin(tx: Tx, org: Org, standing: Standing, place: Place, *, password_hash: str) -> Pending:
    """Let a sign-in wait for a code, and mail it."""
    pending = second_step.open_for(tx, org, standing, place, password_hash=password_hash)
    waiting = second_step.find(tx, org, pending.name, place.browser)
    if isinstance(waiting, Waiting):
        send(tx, org, waiting, place)
    return pending


def send(tx: Tx, org: Org, waiting: Waiting, place: Place) -> bool:
    """Mail a code to the user; one that was mailed before for this sign-in is dead then. False: enough were mailed lately."""
    user = waiting.standing.user
    if limited_acts.one_too_many(tx, org.id, "mailed", lockouts.canonical(user.username), lockouts.MAILED_CODES):
        return False
    code = f"{int.from_bytes(tx.random(8)) % 10**MAILED_DIGITS:0{MAILED_DIGITS}}"
    verifications.expect(tx, org.id, waiting.row.digest, _digest(tx, waiting, code))
    where = place.address or "an address that is not known"
    text = MAIL.format(name=user.name, username=user.username, org=org.name, code=code, where=where, issuer=org.issuer)
    outbox.leave(tx, org.id, "mail", {"to": user.email, "subject": f"A code for signing in to {org.name}", "text": text})
    return True


def answer(tx: Tx, org: Org, name: str, typed: str, place: Place) -> Begun | Waiting | Reason:
    """Show the code. The session; or what is asked next, now that the browser is activated; or the true reason why not."""
    waiting = second_step.find(tx, org, name, place.browser)
    if isinstance(waiting, Reason):
        return waiting
    if waiting.step is not Step.MAIL:
        return reasons.INTERACTION_UNKNOWN
    standing, user = waiting.standing, waiting.standing.user
    keys = outcomes.keys(tx, org, user, user.username, place)
    reason = lockout.locked(tx, org.id, keys) or factors.stopped(tx, org, standing)
    if reason is None and not _take(tx, org, waiting, typed):
        reason = reasons.MAILED_CODE_WRONG
    if reason is not None:
        verifications.count_try(tx, org.id, waiting.row.digest)
        lockout.count(tx, org.id, keys)
        folds = reason is not reasons.MAILED_CODE_WRONG
        outcomes.record(tx, org, place, user.username, user, reason, factors.told(PASSWORD, METHOD), folds=folds)
        return reason
    second_step.activate(tx, org, standing, place, METHOD)
    step, _ = second_step.due(tx, org, standing, place.browser)
    if step is Step.NONE:
        return second_step.finish(tx, org, waiting, place, None)
    return Waiting(waiting.row, standing, step)


def _take(tx: Tx, org: Org, waiting: Waiting, typed: str) -> bool:
    code = rules.mailed_code(typed)
    return verifications.take_code(tx, org.id, waiting.row.digest, _digest(tx, waiting, code or ""), MOST_TRIES)


def _digest(tx: Tx, waiting: Waiting, code: str) -> bytes:
    """What is stored of a code. It has few digits, so without the key nobody finds it by trying."""
    return hmac.digest(sealing.derive(tx.keys, PURPOSE), waiting.row.digest + code.encode(), "sha256")
