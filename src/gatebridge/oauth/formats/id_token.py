"""ID tokens (OpenID Connect Core section 2): who signed in, how and when, for the app that asked.

What the scopes `profile`, `email`, `address` and `phone` ask for is told at userinfo and not in here (section 5.4), unless the app asks for
it here by the parameter `claims`.
"""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from gatebridge.crypto import signing
from gatebridge.oauth import claims as claims_of_people
from gatebridge.oauth.subjects import subject
from gatebridge.rules.facts import Facts
from gatebridge.rules.levels import Level

# No access token has this type (`at+jwt`, or no JWT at all), so neither is ever taken for the other (RFC 8725 section 3.11).
TYP = "JWT"

# By which hash each algorithm signs; Ed25519 uses SHA-512 (RFC 8032 section 5.1).
_HASHES: dict[str, Callable[[bytes], Any]] = {
    "ES256": hashlib.sha256,
    "RS256": hashlib.sha256,
    "PS256": hashlib.sha256,
    "EdDSA": hashlib.sha512,
}


def make(
    facts: Facts,
    *,
    scopes: tuple[str, ...],
    access_token: str,
    nonce: str | None,
    authenticated_at: datetime | None,
    level: Level,
    methods: tuple[str, ...],
    sid: str | None,
    tells_auth_time: bool,
    now: datetime,
    key: signing.SigningKey,
    custom: tuple[str, ...],
    requested: tuple[str, ...] = (),
) -> str:
    """The signed ID token of the user and app in these facts.

    `authenticated_at` is when the credential was last checked. It is told whenever it is known; `tells_auth_time` says that it must be.
    `sid` is the name of the browser session (`subjects.sid`). `custom` is the API names of the custom permissions that the user holds, and
    `requested` the claims about the user that the app asked for in here one by one. Raises ValueError where what must be told is not known,
    or `openid` was not granted.
    """
    app, settings, standing = facts.app, facts.settings, facts.standing
    if app is None or settings is None or standing is None:
        raise ValueError("An ID token was asked for without app or user")
    if "openid" not in scopes:
        raise ValueError("An ID token was asked for without the scope openid")
    if tells_auth_time and authenticated_at is None:
        raise ValueError("An ID token must say when the user signed in, and nobody knows")
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": facts.org.issuer,
        "sub": subject(facts.org, standing.user.id, app.dialect),
        "aud": app.consumer_key,
        "exp": issued + int(timedelta(minutes=settings.id_token_minutes).total_seconds()),
        "iat": issued,
        "acr": level.acr,
        "amr": list(methods),
        "at_hash": half_hash(access_token, key.alg),
    }
    if authenticated_at is not None:
        claims["auth_time"] = int(authenticated_at.timestamp())
    if nonce is not None:
        claims["nonce"] = nonce
    if sid is not None:
        claims["sid"] = sid
    # What an org or a developer has thought up never takes the place of what makes it an ID token.
    return signing.sign(key, TYP, claims_of_people.id_token_extra(facts, requested, scopes, custom) | claims)


def half_hash(value: str, algorithm: str) -> str:
    """The left half of the hash of a token or code, by the hash of the signature (OpenID Connect Core section 3.1.3.6), base64url."""
    digest = _HASHES[algorithm](value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
