"""The signing keys of the orgs: which one signs now, unsealed once and kept parsed."""

from datetime import datetime
from threading import Lock

from gatebridge.crypto import sealing, signing
from gatebridge.crypto.sealing import MasterKeys
from gatebridge.setup.signing_keys import PURPOSE
from gatebridge.storage.signing_keys import StoredKey

KEPT = 4096


class NoSigningKey(Exception):  # noqa: N818 - said of the org
    """The org has no key of this algorithm that may sign now."""


class Keyring:
    """Parsed private keys by their id. Which of them may sign is read from the database every time, never remembered."""

    def __init__(self, keys: MasterKeys) -> None:
        self._keys = keys
        self._parsed: dict[str, signing.SigningKey] = {}
        self._lock = Lock()

    def key_for(self, published: list[StoredKey], algorithm: str, now: datetime) -> signing.SigningKey:
        """The newest key of the algorithm whose time to sign has come (X-TK-13). Raises NoSigningKey."""
        for key in published:
            if key.algorithm == algorithm and key.retired_at is None and key.signs_from <= now:
                return self._unsealed(key)
        raise NoSigningKey(algorithm)

    def opens(self, stored: StoredKey) -> bool:
        """Whether the master keys that this node was given open this key."""
        try:
            self._unsealed(stored)
        except sealing.SealBroken:
            return False
        return True

    def _unsealed(self, stored: StoredKey) -> signing.SigningKey:
        found = self._parsed.get(stored.id)
        if found is None:
            private = sealing.open_(self._keys, PURPOSE, stored.sealed, context=f"{stored.org_id} {stored.id}")
            found = signing.SigningKey.load(stored.id, stored.algorithm, private)
            with self._lock:
                if len(self._parsed) >= KEPT:
                    self._parsed.clear()
                self._parsed[stored.id] = found
        return found
