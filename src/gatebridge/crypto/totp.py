"""Codes of authenticator apps (TOTP, RFC 6238): six digits, SHA-1, a new one every 30 seconds, which is what every app can do."""

import base64
from collections.abc import Iterable

import pyotp

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Randomness

SEED_BYTES = 20  # as long as the hash, as RFC 4226 section 4 recommends
_NOTHING_FITS = bytes(SEED_BYTES)


def new_seed(random: Randomness) -> bytes:
    """The secret that an app and we share."""
    return random(SEED_BYTES)


def text_of(seed: bytes) -> str:
    """The seed as people type it into an app: base32."""
    return base64.b32encode(seed).decode()


def address_of(seed: bytes, *, issuer: str, username: str) -> str:
    """The `otpauth` address that an app reads from a QR code."""
    return pyotp.TOTP(text_of(seed)).provisioning_uri(name=username, issuer_name=issuer)


def step_of_code(seed: bytes | None, code: str, steps: Iterable[int]) -> int | None:
    """In which of these time steps the app shows this code; None: in none. It takes as long for a seed that is not there."""
    codes = pyotp.TOTP(text_of(seed or _NOTHING_FITS))
    found = None
    for step in steps:
        if secrets.same(codes.generate_otp(step).encode(), code.encode("utf-8", "surrogatepass")) and seed is not None:
            found = step
    return found
