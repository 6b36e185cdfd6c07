"""ID tokens (OpenID Connect Core section 2): who signed in, how and when, for the app that asked."""

from datetime import datetime, timedelta

from gatebridge.crypto import signing
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.sessions import Level

TYP = "JWT"


def make(
    facts: Facts,
    *,
    scopes: tuple[str, ...],
    access_token: str,
    nonce: str | None,
    authenticated_at: datetime,
    level: Level,
    methods: tuple[str, ...],
    session_id: str | None,
    tells_auth_time: bool,
    now: datetime,
    key: signing.SigningKey,
    custom: tuple[str, ...],
) -> str:
    """The signed ID token of the user and app in these facts."""
    if facts.app is None or facts.settings is None or facts.standing is None:
        raise ValueError("An ID token was asked for without app or user")
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": facts.org.issuer,
        "sub": long(facts.standing.user.id),
        "aud": facts.app.consumer_key,
        "iat": issued,
        "exp": issued + int(timedelta(minutes=facts.settings.id_token_minutes).total_seconds()),
        "acr": level.acr,
        "amr": list(methods),
    }
    if tells_auth_time:
        claims["auth_time"] = int(authenticated_at.timestamp())
    if nonce is not None:
        claims["nonce"] = nonce
    return signing.sign(key, TYP, claims)
