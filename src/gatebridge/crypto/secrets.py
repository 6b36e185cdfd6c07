"""The high-entropy values that the product hands out: consumer keys, secrets, tokens, invitations.

A value is a recognisable prefix, at least 256 bits in base-62, and a six-character base-62 CRC-32 of all that stands before it. The prefix
lets secret scanners find a leaked value; the checksum tells a typing error from a wrong secret without asking the database.
Only `digest` of a value is ever stored.
"""

import hashlib
import hmac
import itertools
import re
import zlib
from collections.abc import Callable
from enum import StrEnum

Randomness = Callable[[int], bytes]
"""A source of that many unpredictable bytes; `os.urandom` everywhere but in tests."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY_LENGTH = 43  # 43 x log2(62) is 256.03 bits
CHECKSUM_LENGTH = 6  # 62^6 is the first power that holds 32 bits
SALESFORCE_BODY_LENGTH = 88  # with "AQ" and the checksum, 96 characters after the "!", as Salesforce's own tokens have

_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)
# A byte below 248 (4 x 62) names a character without bias; the eight others are thrown away.
_BYTE_TO_CHARACTER = bytes(ord(ALPHABET[byte % 62]) for byte in range(256))
_BIASED_BYTES = bytes(range(248, 256))
_ASK_FOR = 1.3  # bytes per character: one byte in 32 is thrown away, so that a second draw is rare

_STANDARD_TOKEN = re.compile(rf"gba_([0-9A-Za-z]{{15}})_[0-9A-Za-z]{{{BODY_LENGTH + CHECKSUM_LENGTH}}}")
_SALESFORCE_TOKEN = re.compile(rf"([0-9A-Za-z]{{15}})!AQ[0-9A-Za-z]{{{SALESFORCE_BODY_LENGTH + CHECKSUM_LENGTH}}}")
_KNOWN_PREFIX = re.compile(r"gb[a-z]_|[0-9A-Za-z]{15}!AQ")


class Kind(StrEnum):
    """The kinds of value that carry nothing but their prefix. The value is the prefix."""

    CONSUMER_KEY = "gbk_"
    CONSUMER_SECRET = "gbs_"
    REFRESH_TOKEN = "gbr_"
    INVITATION = "gbi_"
    AUTHORIZATION_CODE = "gbc_"
    PASSWORD_RESET = "gbp_"
    SESSION = "gbn_"  # the value of a session cookie
    BROWSER = "gbb_"  # the value of the cookie that tells one browser from another before anybody has signed in
    INTERACTION = "gbx_"  # names a stored authorization request in the address of a page
    VERIFICATION = "gbv_"  # names a sign-in that waits for its second step
    DEVICE_CODE = "gbd_"


class Secret:
    """A secret on its way through the house. Prints as `***` everywhere; `reveal` is the one way to the text (ASVS 16.2.5)."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return same(self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled or copied: it would leave its wrapper")


def new(kind: Kind, random: Randomness) -> str:
    """A new value of this kind: prefix, 43 random base-62 characters, checksum; 53 characters in all."""
    return _with_checksum(kind.value + _characters(BODY_LENGTH, random))


def looks_right(kind: Kind, text: str) -> bool:
    """Whether the text could have been handed out as this kind: prefix, length, alphabet and checksum. Says nothing about it being live."""
    return (
        text.startswith(kind.value)
        and len(text) == len(kind.value) + BODY_LENGTH + CHECKSUM_LENGTH
        and text.isascii()
        and text[len(kind.value) :].isalnum()
        and _checksum_holds(text)
    )


def opaque_access_token(org15: str, dialect: str, random: Randomness) -> str:
    """A new opaque access token of an org, in the spelling of the app's dialect, `standard` or `salesforce`.

    Standard: `gba_{org15}_` and a b64token (RFC 6750 section 2.1). Salesforce: `{org15}!AQ` and letters and digits, since its clients
    take the org from before the `!` and accept word characters and dots after it.
    """
    if len(org15) != 15:
        raise ValueError("An access token carries the 15-character id of its org")
    if dialect == "standard":
        return _with_checksum(f"gba_{org15}_{_characters(BODY_LENGTH, random)}")
    if dialect == "salesforce":
        return _with_checksum(f"{org15}!AQ{_characters(SALESFORCE_BODY_LENGTH, random)}")
    raise ValueError(f"There is no dialect {dialect!r}")


def access_token_org(text: str) -> str | None:
    """The 15-character id of the org that an opaque access token claims to be of; None when it is not one of ours or is mistyped."""
    shape = _STANDARD_TOKEN.fullmatch(text) or _SALESFORCE_TOKEN.fullmatch(text)
    return shape.group(1) if shape and _checksum_holds(text) else None


def refresh_successor(key: bytes, presented: str) -> str:
    """The refresh token that follows the presented one: the same each time, and not to be found without the key.

    So a client whose answer was lost gets the same successor again within the grace, and nothing plain is stored. `key` is
    `sealing.derive(keys, "refresh successor")`.
    """
    if len(key) < 32:
        raise ValueError("The key of refresh successors has at least 32 bytes")
    block = itertools.count()

    def derived(count: int) -> bytes:
        return hmac.digest(key, next(block).to_bytes(4) + presented.encode(), "sha512")[:count]

    return new(Kind.REFRESH_TOKEN, derived)


def digest(value: str) -> bytes:
    """SHA-256 of the value, 32 bytes: what is stored and looked up. Right for values of 256 bits only; passwords need `passwords`."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()


def same(a: bytes, b: bytes) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(a, b)


def hint(value: str) -> str:
    """What a list may show of a value, so that its owner knows it again: the prefix and the last four characters.

    The last four belong to the checksum, so none of the random characters is shown. Of a text too short to be one of ours nothing is.
    """
    if len(value) < 32:
        return "…"
    prefix = _KNOWN_PREFIX.match(value)
    return f"{prefix.group() if prefix else ''}…{value[-4:]}"


def _characters(count: int, random: Randomness) -> str:
    """So many base-62 characters, each with the same probability."""
    # 64 bytes is what one block of `refresh_successor` can give; a longer value takes what it needs in rounds.
    found = b""
    for _ in range(64):
        found += random(min(int(count * _ASK_FOR), 64)).translate(_BYTE_TO_CHARACTER, _BIASED_BYTES)
        if len(found) >= count:
            return found[:count].decode("ascii")
    raise RuntimeError("The source of randomness gives no usable bytes")


def _with_checksum(text: str) -> str:
    high, low = divmod(zlib.crc32(text.encode("ascii")), 62**2)
    high, middle = divmod(high, 62**2)
    return f"{text}{_PAIRS[high]}{_PAIRS[middle]}{_PAIRS[low]}"


def _checksum_holds(text: str) -> bool:
    return _with_checksum(text[:-CHECKSUM_LENGTH]) == text
