"""Passwords of people: Argon2id (RFC 9106), so many at a time and no more."""

import base64
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from gatebridge.crypto.secrets import Randomness

MAX_BYTES = 1024
"""The longest password, in UTF-8. More is refused before any work is done on it (X-BF-07)."""

_SALT_BYTES = 16
_HASH_BYTES = 32


class PasswordTooLong(ValueError):  # noqa: N818 - said of the password
    """A password of more than MAX_BYTES bytes is not hashed."""


class HasherBusy(Exception):  # noqa: N818 - a state, answered with 503 and Retry-After
    """Too many passwords are being checked at this moment; nothing was checked."""


class PasswordHasher:
    """Makes and checks Argon2id hashes, `parallel` at a time, so that a flood of sign-ins takes neither all memory nor all processors.

    Each hash in work holds `memory_kib` KiB; the default is the second choice of RFC 9106 section 4 (64 MiB, three passes) in one lane.
    A caller waits at most `patience` seconds for its turn and then gets HasherBusy.
    """

    def __init__(
        self,
        parallel: int,
        *,
        random: Randomness,
        memory_kib: int = 64 * 1024,
        passes: int = 3,
        patience: float = 2.0,
    ) -> None:
        self._turns = threading.BoundedSemaphore(parallel)
        self._patience = patience
        self._random = random
        self._argon = argon2.PasswordHasher(passes, memory_kib, parallelism=1, hash_len=_HASH_BYTES, salt_len=_SALT_BYTES)
        # A hash that nobody's password has, with the same cost as the others: the work for users that do not exist.
        salt, unreachable = (base64.b64encode(random(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES))
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${unreachable}"

    def hash(self, password: str) -> str:
        """What to store for this password, with its parameters and salt inside. Raises PasswordTooLong, HasherBusy."""
        plain = _plain(password)
        with self._turn():
            return self._argon.hash(plain, salt=self._random(_SALT_BYTES))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was stored. Raises HasherBusy.

        With None, for a user who does not exist or has no password, it does the same work and says no (X-BF-02).
        """
        try:
            plain = _plain(password)
        except PasswordTooLong:
            return False  # for known and unknown users alike, so the quick answer tells nothing
        with self._turn():
            try:
                return self._argon.verify(stored or self._nobody, plain) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other costs than today's; then hash anew while the password is at hand."""
        return self._argon.check_needs_rehash(stored)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=self._patience):
            raise HasherBusy
        try:
            yield
        finally:
            self._turns.release()


def _plain(password: str) -> bytes:
    """The bytes that are hashed: all of them (X-BF-08), composed (NFC), since one keyboard sends é as one character and another as two."""
    if len(password) > MAX_BYTES or len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PasswordTooLong(f"A password has at most {MAX_BYTES} bytes")
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
