"""How long is kept what nobody can use any more, and what forgets it: of one org, the oldest first, in chunks."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage import (
    codes,
    device_codes,
    idempotency,
    interactions,
    limited_acts,
    outbox,
    password_resets,
    refresh_tokens,
    revocations,
    sessions,
    strangers,
    tokens,
    tries,
    verifications,
)
from gatebridge.storage.tx import Tx

KEEP_EXPIRED_TOKENS = timedelta(days=1)  # so that a caller is told for a while that its token expired
KEEP_IDEMPOTENCY_KEYS = timedelta(hours=24)
KEEP_STRANGER_COUNTS = timedelta(days=90)
KEEP_DELIVERED = timedelta(days=7)
KEEP_USED_CODES = timedelta(days=1)  # so that a replay is known as one (CG-05)
KEEP_DEVICE_CODES = timedelta(hours=1)  # what became of one is in the history
KEEP_ENDED_FAMILIES = timedelta(days=30)
KEEP_REVOCATIONS = timedelta(days=30)  # no JWT lives for longer than half a day; who revoked what stays in the records
KEEP_ENDED_SESSIONS = timedelta(days=30)
KEEP_INTERACTIONS = timedelta(days=1)
KEEP_USED_LINKS = timedelta(days=30)
KEEP_COUNTS = timedelta(days=1)
KEEP_TRY_CREDENTIALS = timedelta(days=1)
KEEP_TRIES = timedelta(days=180)

Purge = Callable[[Tx, str, int], int]
"""Forgets at most so many records of an org, and tells how many there were; so many again where more may be left."""


def _tokens(tx: Tx, org_id: str, limit: int) -> int:
    before = tx.now - KEEP_EXPIRED_TOKENS
    return tokens.purge(tx, org_id, before, ids.floor(Prefix.RECEIPT, before), limit)


def _outbox(tx: Tx, org_id: str, limit: int) -> int:
    return outbox.purge(tx, org_id, ids.floor(Prefix.OUTBOX, tx.now - KEEP_DELIVERED), limit)


def _older(purge: Callable[[Tx, str, datetime, int], int], kept: timedelta) -> Purge:
    return lambda tx, org_id, limit: purge(tx, org_id, tx.now - kept, limit)


PURGES: tuple[Purge, ...] = (
    _tokens,
    _outbox,
    _older(idempotency.purge, KEEP_IDEMPOTENCY_KEYS),
    _older(strangers.purge, KEEP_STRANGER_COUNTS),
    _older(codes.purge, KEEP_USED_CODES),
    _older(device_codes.purge, KEEP_DEVICE_CODES),
    _older(refresh_tokens.purge, KEEP_ENDED_FAMILIES),
    _older(revocations.purge, KEEP_REVOCATIONS),
    _older(sessions.purge, KEEP_ENDED_SESSIONS),
    _older(interactions.purge, KEEP_INTERACTIONS),
    _older(verifications.purge, KEEP_INTERACTIONS),
    _older(password_resets.purge, KEEP_USED_LINKS),
    _older(limited_acts.purge, KEEP_COUNTS),
    # The credentials of runs of Try it that have ended, and at last the runs, by which their app is validated.
    _older(tries.forget_credentials, KEEP_TRY_CREDENTIALS),
    _older(tries.purge, KEEP_TRIES),
)
