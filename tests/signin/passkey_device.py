"""A passkey in software: what a browser and its authenticator answer, built byte by byte, so that a test can get any byte wrong."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Device:
    """One key pair for one user at one site. `verifies`: it makes sure of the person."""

    origin: str
    rp_id: str
    verifies: bool = True
    counts: bool = True
    count: int = 0
    handle: bytes = b""
    id: bytes = field(default_factory=lambda: os.urandom(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)

    def makes(self, options: str, **changed: Any) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle = base64.urlsafe_b64decode(asked["user"]["id"] + "==")
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + self._public_key(changed.pop("algorithm", -7))
        data = self._data(ATTESTED) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], **changed)
        return self._answer({"clientDataJSON": encoded(client), "attestationObject": encoded(made), "transports": ["internal", "?"]})

    def signs(self, options: str, **changed: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        self.count += self.counts
        data = self._data()
        client = self._client("webauthn.get", asked["challenge"], **changed)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer({name: encoded(part) for name, part in parts.items()})

    def _data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, asked: str, **changed: Any) -> bytes:
        return json.dumps({"type": kind, "challenge": asked, "origin": self.origin, "crossOrigin": False} | changed).encode()

    def _public_key(self, algorithm: int) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: algorithm, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps({"id": encoded(self.id), "rawId": encoded(self.id), "type": "public-key", "response": response})
