"""Record ids: the fifteen characters that name a record, and the eighteen that leave the house.

An id is `prefix (3) + milliseconds since 2020-01-01 UTC (7) + node (2) + sequence within the millisecond (3)`, in base 62 whose digits
stand in byte order. So ids sort by creation, two nodes never collide, and Salesforce clients find the shape that they expect.
The 18-character form appends a checksum of the upper-case letters, which makes the id safe where case gets lost.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NODES = 62**2  # how many nodes can mint at the same time
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

MOMENTS = 62**7  # milliseconds that an id can tell: until the year 2131
SEQUENCES = 62**3  # ids of one node in one millisecond


class Prefix(StrEnum):
    """The first three characters of an id: what kind of record it names."""

    ORG = "00D"
    USER = "005"
    PROFILE = "00e"
    PERMISSION_SET = "0PS"
    CUSTOM_PERMISSION = "0CP"
    SECRET = "0SK"
    CERTIFICATE = "0P1"
    APP = "0H4"
    INSTALLATION = "0HI"
    APPROVAL = "0AP"
    GRANT = "0GR"
    SESSION = "0Ak"
    DEVICE_CODE = "0DC"
    RECEIPT = "0Ya"  # the login history entry, and the operation id: one record, one id
    AUDIT = "0Ym"
    ALERT = "0AL"
    ALERT_RULE = "0AR"
    REQUEST = "0RQ"
    PROMOTION = "0PM"
    WEBHOOK = "0WH"
    SIGNING_KEY = "0SG"
    OUTBOX = "0OB"
    INVITATION = "0IN"
    AUTHORIZATION_CODE = "0AC"
    PASSWORD_RESET = "0PR"
    FACTOR = "0FA"
    LOOSENING = "0LO"
    TRY = "0TR"
    SAVED_VIEW = "0SV"


# Two digits at a time, and case to bits in one pass: a node mints thousands of ids a second and shows each in its long form.
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_NUMBERS = {pair: number for number, pair in enumerate(_PAIRS)}
_CASE_BITS = {ord(character): "1" if character.isupper() else "0" for character in ALPHABET}
_CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# The leftmost character of a group of five is the lowest bit of its check character.
_CHECK_OF_BITS = {f"{number:05b}"[::-1]: character for number, character in enumerate(_CHECK_CHARACTERS)}
_BITS_OF_CHECK = {character: bits for bits, character in _CHECK_OF_BITS.items()}
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def checksum(id15: str) -> str:
    """The three characters that turn a 15-character id into its 18-character form, by Salesforce's algorithm."""
    bits = id15.translate(_CASE_BITS)
    return _CHECK_OF_BITS[bits[:5]] + _CHECK_OF_BITS[bits[5:10]] + _CHECK_OF_BITS[bits[10:15]]


def long(id15: str) -> str:
    """The 18-character form, in which an id leaves the product."""
    return id15 + checksum(id15)


def parse(text: str, prefix: Prefix | None = None) -> str | None:
    """The 15-character id that `text` names in either form, or None when it is no id, or not one with this prefix.

    An 18-character form whose letters have all become upper or all lower case is repaired from its checksum. One in mixed case
    that does not fit its checksum is a typing error and names nothing.
    """
    if _SHAPE.fullmatch(text) is None:
        return None
    id15: str | None = text[:15]
    if len(text) == 18 and checksum(text[:15]) != text[15:]:
        id15 = _repaired(text) if text in (text.upper(), text.lower()) else None
    if id15 is None or (prefix is not None and not id15.startswith(prefix)):
        return None
    return id15


def _repaired(text: str) -> str | None:
    groups = [_BITS_OF_CHECK.get(character) for character in text[15:].upper()]
    bits = "".join(group for group in groups if group is not None)
    if len(bits) != 15:
        return None
    id15 = "".join(character.upper() if bit == "1" else character.lower() for character, bit in zip(text[:15], bits, strict=True))
    # A digit has no case: where the checksum calls one upper case, it belongs to another id.
    return id15 if id15.translate(_CASE_BITS) == bits else None


class IdMint:
    """Makes ids for one node. Safe to call from many threads; each id is greater than the one before, whatever the clock does.

    The node number (0 to NODES - 1) must belong to one running process at a time; that is what keeps ids of two processes apart.
    """

    def __init__(self, node: int) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"a node number is between 0 and {NODES - 1}, not {node}")
        self._node = _PAIRS[node]
        self._lock = Lock()
        self._moment = -1
        self._sequence = 0
        self._stem = ""

    def mint(self, prefix: Prefix, now: datetime) -> str:
        """A new id of the moment `now` (aware), or of the last minted moment when the clock stands still or has stepped back.

        A millisecond that is used up continues in the next one. Raises OverflowError after the year 2131.
        """
        moment = max(_milliseconds(now), 0)
        with self._lock:
            if moment > self._moment:
                self._begin(moment)
            elif self._sequence == SEQUENCES - 1:
                self._begin(self._moment + 1)
            else:
                self._sequence += 1
            return prefix + self._stem + _PAIRS[self._sequence // 62] + ALPHABET[self._sequence % 62]

    def _begin(self, moment: int) -> None:
        if moment >= MOMENTS:
            raise OverflowError("an id cannot tell a moment after the year 2131")
        self._moment, self._sequence, self._stem = moment, 0, _seven_digits(moment) + self._node


def minted_at(id15: str) -> datetime:
    """When the id was minted, to the millisecond, by its node's clock."""
    high, middle, low = _NUMBERS[id15[4:6]], _NUMBERS[id15[6:8]], _NUMBERS[id15[8:10]]
    return EPOCH + timedelta(milliseconds=((ALPHABET.index(id15[3]) * NODES + high) * NODES + middle) * NODES + low)


def floor(prefix: Prefix, moment: datetime) -> str:
    """The smallest id that can be minted in the millisecond of `moment`: everything minted earlier sorts before it.

    A moment before 2020 gives the smallest id of all; one after 2131 gives an id that no minted one exceeds.
    """
    milliseconds = _milliseconds(moment)
    if milliseconds >= MOMENTS:
        return prefix + "z" * 12
    return prefix + _seven_digits(max(milliseconds, 0)) + "00000"


def _milliseconds(moment: datetime) -> int:
    # Whole numbers throughout: a float would put some moments into the wrong millisecond.
    since = moment - EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def _seven_digits(number: int) -> str:
    number, low = divmod(number, NODES)
    number, middle = divmod(number, NODES)
    first, high = divmod(number, NODES)
    return ALPHABET[first] + _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]
