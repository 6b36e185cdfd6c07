"""Device codes: what a device without a browser asked for, and what a user at a browser elsewhere said to it (RFC 8628).

The code that a user types is short, because people type it, so everything around it is narrow: it lives for ten minutes, is compared
under a key, and wrong tries are counted for the session, the user, the network and the org (docs/decisions/0021).
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.grants import Approved, Epochs

LIFETIME = timedelta(minutes=10)
INTERVAL_SECONDS = 5
SLOWER_BY = 5  # seconds, for good, each time that a device asks too soon (RFC 8628 section 3.5)
# A device that waits as it was told arrives a little early when the network was slow the time before.
EARLY = timedelta(seconds=1)

# Without vowels no code spells a word, and no letter here is taken for another (RFC 8628 section 6.1).
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
_LONGEST_TYPED = 64
_UNBIASED = 240  # 12 times 20: a byte below it names a letter without bias

MOST_RETYPED = 3  # wrong second typings after which a request is over

# How many requests may wait at once, so that nobody fills the disk or makes a guess likely to hit somebody's.
MOST_WAITING_IN_NETWORK = 100
MOST_WAITING_IN_ORG = 5_000

# How many wrong codes are typed before nobody is answered any more, for so long.
MOST_WRONG_IN_SESSION = 5
MOST_WRONG_OF_USER = 20
MOST_WRONG_IN_NETWORK = 100
MOST_WRONG_IN_ORG = 1_000
WINDOW = timedelta(minutes=15)


class Confirmation(StrEnum):
    """By what the user shows that the device is at hand, and that the own one is meant."""

    NUMBER = "number"  # the device shows a number, and the user picks it among others
    TYPED = "typed"  # the code was typed by hand, from the device
    RETYPED = "retyped"  # a link brought the code, so it is typed once more, from the device


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """One request of a device, from its asking until it has its answer. Neither of its two codes is here, only their digests are stored."""

    id: str
    org_id: str
    app_id: str
    installation_id: str
    scopes: tuple[str, ...]  # what the device may be given; what is granted is what was approved
    epochs: Epochs  # as they were read with the facts of the approval; before it, of the asking, with a user and a grant of 0
    created_at: datetime
    expires_at: datetime
    interval_seconds: int  # the device asks no oftener; each time that it does, this grows (RFC 8628 section 3.5)
    address: str = ""  # of the device
    user_agent: str = ""
    number: str = ""  # which the device shows, and the user picks among others; empty: it shows none
    polled_at: datetime | None = None
    tries: int = 0  # wrong second typings
    session_id: str | None = None  # the browser session in which its code was typed last, and which alone decides
    by_link: bool = False  # a link brought the code there
    user_id: str | None = None  # who decided
    approved: Approved | None = None
    decided_at: datetime | None = None  # approved where `approved` is there, else denied
    decided_from: str = ""  # the address of the browser
    used_at: datetime | None = None
    grant_id: str | None = None  # what it bought

    @property
    def confirmation(self) -> Confirmation:
        """What the user is asked for beside the yes."""
        if self.number:
            return Confirmation.NUMBER
        return Confirmation.RETYPED if self.by_link else Confirmation.TYPED

    def too_soon(self, now: datetime) -> bool:
        """Whether the device asks sooner than it was told to."""
        return self.polled_at is not None and now < self.polled_at + timedelta(seconds=self.interval_seconds) - EARLY


def new_code(random: Callable[[int], bytes]) -> str:
    """A new code for a user to type: eight letters, 34.6 bits."""
    letters = ""
    for _ in range(64):
        letters += "".join(LETTERS[byte % len(LETTERS)] for byte in random(LENGTH) if byte < _UNBIASED)
        if len(letters) >= LENGTH:
            return letters[:LENGTH]
    raise RuntimeError("The source of randomness gives no usable bytes")


def new_number(random: Callable[[int], bytes]) -> str:
    """A new number of two digits for a device to show."""
    return str(10 + int.from_bytes(random(8)) % 90)


def choices(number: str, drawn: bytes) -> tuple[str, ...]:
    """The number among two others, in an order that tells nothing. `drawn`: at least 16 bytes, the same for the same request each time,

    or whoever opens the page twice would see which of the numbers stays.
    """
    others = [other for other in dict.fromkeys(str(10 + byte % 90) for byte in drawn[1:]) if other != number][:2]
    place = drawn[0] % 3
    return (*others[:place], number, *others[place:])


def shown(code: str) -> str:
    """The code as people read it: XXXX-XXXX."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def typed(text: str) -> str | None:
    """The code that somebody typed, whatever the case and with whatever between the letters; None: it is no code (RFC 8628 section 6.1)."""
    if len(text) > _LONGEST_TYPED:
        return None
    letters = "".join(character for character in unicodedata.normalize("NFKC", text).upper() if character.isalnum())
    return letters if len(letters) == LENGTH and set(letters) <= set(LETTERS) else None
