"""The two ceremonies of WebAuthn: what a browser is asked, and whether what it answers holds.

The library checks structures and signatures; here stands what we ask for. A challenge carries its own proof (`new_challenge`), so that
nothing is stored for a page that was only looked at.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gatebridge.crypto import sealing, secrets
from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.crypto.secrets import Randomness

# ES256, EdDSA and RS256, which the passkeys of all platforms can sign with; nothing weaker is taken.
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
LIFETIME = timedelta(minutes=10)
LONGEST_ANSWER = 16_384
PURPOSE = "passkey challenge"

_RANDOM, _MOMENT = 16, 8
_CHALLENGE = _RANDOM + _MOMENT + 32


class PasskeyRefused(Exception):  # noqa: N818 - an answer
    """What a browser sent is no proof. The message is for the log and holds no secret."""


@dataclass(frozen=True, slots=True)
class Party:
    """To whom a passkey belongs: the org's host, its name, and the one origin from which an answer may come."""

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is kept of a passkey that was made."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that came back, as it was given out."""

    value: bytes = field(repr=False)
    expires_at: datetime

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.value).digest()


def new_challenge(keys: MasterKeys, random: Randomness, now: datetime, bound_to: bytes) -> bytes:
    """A challenge for one browser and one purpose, which `bound_to` spells: 16 random bytes, until when it holds, and a MAC over all."""
    head = random(_RANDOM) + int((now + LIFETIME).timestamp()).to_bytes(_MOMENT)
    return head + _mac(keys.current, head, bound_to)


def read_challenge(keys: MasterKeys, value: bytes, now: datetime, bound_to: bytes) -> Challenge | None:
    """The challenge, if it was given out for this and still holds; that it is used once is for the caller to see to."""
    if len(value) != _CHALLENGE:
        return None
    head, mac = value[: _RANDOM + _MOMENT], value[_RANDOM + _MOMENT :]
    if not any(secrets.same(mac, _mac(key, head, bound_to)) for key in keys.all):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(head[_RANDOM:]), UTC)
    return Challenge(value, expires_at) if now < expires_at else None


def asked_to_make(party: Party, challenge: bytes, *, user_handle: bytes, username: str, name: str, known: Iterable[bytes]) -> str:
    """What `navigator.credentials.create` is asked, as JSON. A passkey that one can sign in with by itself, where the device can."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_handle,
        user_name=username,
        user_display_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return webauthn.options_to_json(options)


def made(answer: str, party: Party, challenge: bytes) -> NewPasskey:
    """The passkey that a browser made. Raises PasskeyRefused."""
    said = _read(answer)
    try:
        found = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception as error:  # whatever the library stumbles over in a stranger's bytes is a no
        raise PasskeyRefused(str(error)) from error
    known = {each.value for each in AuthenticatorTransport}
    told = said.get("response", {}).get("transports")
    transports = tuple(each for each in told if each in known) if isinstance(told, list) else ()
    return NewPasskey(found.credential_id, found.credential_public_key, found.sign_count, transports[:4])


def asked_to_sign(party: Party, challenge: bytes, *, known: Iterable[tuple[bytes, tuple[str, ...]]], verified: bool) -> str:
    """What `navigator.credentials.get` is asked, as JSON. `verified`: the device must make sure of the user (a PIN, a finger, a face)."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        allow_credentials=[
            PublicKeyCredentialDescriptor(id=each, transports=[AuthenticatorTransport(way) for way in ways] or None) for each, ways in known
        ],
        user_verification=UserVerificationRequirement.REQUIRED if verified else UserVerificationRequirement.PREFERRED,
    )
    return webauthn.options_to_json(options)


def named_in(answer: str) -> tuple[bytes, bytes | None]:
    """Which passkey an answer claims to be of, and of which user, before anything of it is proven. Raises PasskeyRefused."""
    try:
        parsed = parse_authentication_credential_json(_read(answer))
    except Exception as error:
        raise PasskeyRefused(str(error)) from error
    return parsed.raw_id, parsed.response.user_handle


def signed(answer: str, party: Party, challenge: bytes, *, public_key: bytes, sign_count: int, verified: bool) -> int:
    """How often the passkey was used, as it counts itself, this time included. Raises PasskeyRefused.

    A count that does not grow is refused: two devices hold one key then. Passkeys that are kept in several devices on purpose count 0.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=verified,
        )
    except Exception as error:
        raise PasskeyRefused(str(error)) from error
    return found.new_sign_count


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused("the answer is too long")
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused("the answer is not JSON") from error
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise PasskeyRefused("the answer is not an object with a response")
    return said


def _mac(key: MasterKey, head: bytes, bound_to: bytes) -> bytes:
    return hmac.digest(sealing.derive(key, PURPOSE), head + bound_to, "sha256")
