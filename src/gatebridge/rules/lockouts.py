"""When wrong passwords lock, under which names they are counted, and of what else only so many are let through within a while."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from gatebridge.rules.network import network_of, parse_address

MOST_FOR_USER = 10
MOST_FOR_ADDRESS = 100  # an office stands behind one address
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)

LONGEST_NAME = 120  # as long as a username may be; what is longer is counted by its digest


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of something are let through within one window."""

    most: int
    window: timedelta = WINDOW

    def exceeded(self, counted: int) -> bool:
        """Whether the last of so many within the window was one too many."""
        return counted > self.most


MAILED_CODES = Limit(3)  # to one user, so that nobody fills a mailbox
PASSWORD_LINKS = Limit(3)  # to one user; a mailbox is not to be filled by whoever knows a username
REPORTS = Limit(5)  # of one user, so that nobody fills the trail and the mailboxes of others


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which two names one attempt is counted."""

    user: str
    address: str


def keys(username: str, address: str, known_browser: bytes | None) -> Keys:
    """Where an attempt is counted: for the username as typed, known or not, and for the network that it comes from.

    `known_browser` is the digest of a browser in which this user signed in before. Such a browser is counted apart: strangers cannot lock
    the user out of it (X-BF-06), and it gets no more tries than they do.
    """
    user = canonical(username)
    where = parse_address(address)
    return Keys(
        user=user if known_browser is None else f"{user} {known_browser.hex()}",
        address=network_of(where) if where is not None else "unknown",
    )


def canonical(username: str) -> str:
    """One spelling for all those that people would take for the same name, so that no spelling gets tries of its own (X-BF-04)."""
    # Folding and dropping each can leave something for the other to do (Unicode section 3.13, toNFKC_Casefold).
    for _ in range(3):
        username = _dropped(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()))
    return username if len(username) <= LONGEST_NAME else sha256(username.encode()).hexdigest()


def _dropped(text: str) -> str:
    """The text without blanks, controls, formats and what stands for no character: nobody sees them."""
    return "".join(character for character in text if unicodedata.category(character)[0] not in "CZ")
