"""What must be readable again, closed under the master key: signing keys, TOTP seeds, outbound credentials.

The master key never is in the database. One key is current and seals; older ones open what they sealed, until it is sealed anew.
Each purpose has its own subkey (HKDF-SHA-256, RFC 5869), so that what was sealed for one purpose opens for no other.
"""

import base64
import binascii
import hashlib
import itertools
import re
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatebridge.crypto.secrets import Randomness

KEY_BYTES = 32
# A sealed value: one byte of version, four of the master key's id, twelve of nonce, the ciphertext, sixteen of tag.
VERSION = b"\x01"
NONCE_BYTES = 12
_HEAD = len(VERSION) + 4
_SHORTEST = _HEAD + NONCE_BYTES + 16

_MAKE_ONE = "Make one with: openssl rand -base64 32"
_WORDS_NOBODY_MAY_HASH = (
    "",
    "gatebridge",
    "master key",
    "masterkey",
    "secret",
    "password",
    "changeme",
    "change me",
    "test",
    "example",
    "demo",
)


class MasterKeyRefused(ValueError):  # noqa: N818 - the key was refused; the message says why and what to do
    """The text is no master key to be trusted with anything. The message names the fault and never holds the text."""


class SealBroken(Exception):  # noqa: N818 - named for what was found
    """A sealed value does not open: it was changed, cut, sealed for something else, or its master key is not at hand."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 random bytes and the name by which sealed values refer to them: eight hex digits that tell nothing about the key."""

    raw: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise MasterKeyRefused(f"The master key has {len(self.raw)} bytes; it must have {KEY_BYTES}. {_MAKE_ONE}")
        object.__setattr__(self, "id", hashlib.sha256(b"gatebridge master key id\0" + self.raw).hexdigest()[:8])

    @classmethod
    def generate(cls, random: Randomness) -> Self:
        return cls(random(KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key from its text: base64url (43 characters, with or without padding; the classic alphabet too) or 64 hex digits.

        Raises MasterKeyRefused for anything shorter or longer, and for what no random source has made: one byte repeated, a pattern, a
        counting row, readable text, the hash of an obvious word (X-AD-10).
        """
        raw = _decoded(text.strip())
        key = cls(raw)
        if weakness := _weakness(raw):
            raise MasterKeyRefused(f"The master key is {weakness}. {_MAKE_ONE}")
        return key

    def text(self) -> str:
        """The key as base64url without padding, as `parse` takes it. For the key file only."""
        return base64.urlsafe_b64encode(self.raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master key that seals now, and those that sealed before it and still open."""

    current: MasterKey
    older: tuple[MasterKey, ...] = ()

    def __post_init__(self) -> None:
        names = [key.id for key in self.all]
        if len(set(names)) != len(names):
            raise MasterKeyRefused(f"A master key is given twice: {', '.join(sorted(names))}")

    @property
    def all(self) -> tuple[MasterKey, ...]:
        return (self.current, *self.older)


def derive(key: MasterKey | MasterKeys, purpose: str) -> bytes:
    """The 32-byte subkey of a master key for one purpose; of several keys, of the current one.

    The callers are HMACs: the audit chain, cursors, refresh successors. Who must still check what an older key made derives from each of
    `keys.all`. It costs microseconds: derive once and keep the result.
    """
    return _hkdf(key.current if isinstance(key, MasterKeys) else key, b"gatebridge derive\0" + purpose.encode())


def seal(keys: MasterKeys, purpose: str, plaintext: bytes, random: Randomness, *, context: str = "") -> bytes:
    """Close `plaintext` with AES-256-GCM (NIST SP 800-38D) under the current master key.

    `context` names the place that the value belongs to (such as org and key id); the value opens only where the same is said, so a value
    copied into another row does not open there.
    """
    head = VERSION + bytes.fromhex(keys.current.id)
    nonce = random(NONCE_BYTES)
    return head + nonce + AESGCM(_sealing_key(keys.current, purpose)).encrypt(nonce, plaintext, _bound(head, purpose, context))


def open_(keys: MasterKeys, purpose: str, sealed: bytes, *, context: str = "") -> bytes:
    """The plaintext of a sealed value. Raises SealBroken."""
    key_id = sealed_under(sealed)
    key = next((key for key in keys.all if key.id == key_id), None)
    if key is None:
        raise SealBroken(f"Sealed under master key {key_id}, which is not among those given: {', '.join(key.id for key in keys.all)}")
    head, nonce, closed = sealed[:_HEAD], sealed[_HEAD : _HEAD + NONCE_BYTES], sealed[_HEAD + NONCE_BYTES :]
    try:
        return AESGCM(_sealing_key(key, purpose)).decrypt(nonce, closed, _bound(head, purpose, context))
    except InvalidTag:
        raise SealBroken(f"A value sealed for {purpose!r} was changed, or belongs to another purpose or place") from None


def sealed_under(sealed: bytes) -> str:
    """The id of the master key that a sealed value needs; `setup.reseal` looks for what is not under the current one. Raises SealBroken."""
    if len(sealed) < _SHORTEST or not sealed.startswith(VERSION):
        raise SealBroken("This is not a sealed value, or it was cut short")
    return sealed[len(VERSION) : _HEAD].hex()


def _sealing_key(key: MasterKey, purpose: str) -> bytes:
    return _hkdf(key, b"gatebridge seal\0" + purpose.encode())


def _hkdf(key: MasterKey, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key.raw)


def _bound(head: bytes, purpose: str, context: str) -> bytes:
    """The associated data. The length in front of the purpose keeps ("ab", "c") and ("a", "bc") apart."""
    named = purpose.encode()
    return head + len(named).to_bytes(4) + named + context.encode()


def _decoded(text: str) -> bytes:
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[0-9A-Za-z_-]*", bare):
        raise MasterKeyRefused(f"The master key is neither base64url nor hex. {_MAKE_ONE}")
    try:
        raw = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise MasterKeyRefused(f"The master key is cut short. {_MAKE_ONE}") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != bare:
        raise MasterKeyRefused(f"The last character of the master key is mistyped. {_MAKE_ONE}")
    return raw


def _weakness(raw: bytes) -> str | None:
    if len(set(raw)) == 1:
        return "one byte repeated"
    # 32 random bytes have some 30 different values; fewer than 16 come by chance less than once in 10^15 keys.
    if len(set(raw)) < 16:
        return "a repeated pattern"
    if len({(after - before) % 256 for before, after in itertools.pairwise(raw)}) == 1:
        return "a counting row"
    if all(0x20 <= byte < 0x7F for byte in raw):
        return "readable text, not random bytes"
    if raw in {hashlib.sha256(word.encode()).digest() for word in _WORDS_NOBODY_MAY_HASH}:
        return "the hash of an obvious word"
    return None
