"""Where a query goes on: the next page as a text that the client brings back.

Nothing is kept for it on the server. The text is sealed under the master key and bound to the org, the user and the grant of whoever asked,
and what it holds is asked anew: it names a place in an order, and opens nothing that the user may not read at that moment.
"""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.crypto.sealing import SealBroken, open_, seal
from gatebridge.rules.actors import Actor
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import sobjects as reasons
from gatebridge.storage.tx import Tx

# Whoever changes what stands in a locator, or by which steps an order goes, gives it another number: those made before then lead nowhere.
PURPOSE = "query locator 1"
LIFE = timedelta(days=2)
LONGEST = 65_536  # characters that are looked at; far more than any that was made here has
LARGEST = 1_000_000  # bytes that are unpacked


@dataclass(frozen=True, slots=True)
class Place:
    """A query, and what stands behind the last record that was answered. The values are of JSON types."""

    text: str  # the query as it was asked
    timezone: str  # in which its days are told
    asked_at: datetime  # so that TODAY is the same day on each page
    total_size: int
    left: int | None  # how many records its LIMIT still lets through; None: it has none
    batch_size: int
    after: tuple[str | int | bool | None, ...]  # of the last record: what it is sorted by


def write(tx: Tx, actor: Actor, place: Place) -> str:
    """The locator: letters, digits, `-` and `_`."""
    said = [
        *(place.text, place.timezone, place.asked_at.isoformat(), place.total_size, place.left, place.batch_size, place.after),
        (tx.now + LIFE).timestamp(),
    ]
    packed = zlib.compress(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    sealed = seal(tx.keys, PURPOSE, packed, tx.random, context=_context(actor))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(tx: Tx, actor: Actor, locator: str) -> Place:
    """What a locator says. Raises Refused for one that was changed, is too old, or was made for somebody else or another approval."""
    if len(locator) > LONGEST:
        raise Refused(reasons.QUERY_LOCATOR_INVALID)
    try:
        sealed = base64.b64decode(locator.encode("ascii") + b"=" * (-len(locator) % 4), altchars=b"-_", validate=True)
        packed = open_(tx.keys, PURPOSE, sealed, context=_context(actor))
    except (binascii.Error, UnicodeEncodeError, SealBroken):
        raise Refused(reasons.QUERY_LOCATOR_INVALID) from None
    # What is sealed was written here, so it can be read; only its size is not left to trust.
    text, timezone, asked_at, total_size, left, batch_size, after, ends = json.loads(zlib.decompressobj().decompress(packed, LARGEST))
    if tx.now.timestamp() >= ends:
        raise Refused(reasons.QUERY_LOCATOR_INVALID)
    return Place(text, timezone, datetime.fromisoformat(asked_at), total_size, left, batch_size, tuple(after))


def _context(actor: Actor) -> str:
    return f"{actor.org_id} {actor.user_id} {actor.grant_id}"
