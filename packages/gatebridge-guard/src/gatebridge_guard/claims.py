"""From what is said about a token to a Token: required members by name and type, issuer, audience, time."""

from collections.abc import Mapping
from typing import Any

from gatebridge_guard.jws import BadToken
from gatebridge_guard.token import Level, Token

LONGEST_LIFE = 12 * 3600  # of a JWT, which the server cannot be told to exceed; the memory of the feed relies on it
LEEWAY = 60  # seconds by which the clocks of server and API may differ, for what must not lie ahead

_LATEST = 4_102_444_800  # the year 2100


def of_jwt(claims: Mapping[str, Any], *, issuer: str, audience: str, now: float) -> Token:
    """The token that signed claims describe (RFC 9068 section 4). Raises BadToken: what is missing or has another type fails."""
    token = _token(claims, issuer, audience, now)
    if not token.issued_at < token.expires_at <= token.issued_at + LONGEST_LIFE:
        raise BadToken("it lives longer than any token does")
    if token.issued_at > now + LEEWAY or (_date(claims, "nbf", 0) or 0) > now + LEEWAY:
        raise BadToken("it is not valid yet")
    return token


def of_introspection(said: Mapping[str, Any], *, issuer: str, audience: str, now: float) -> Token | None:
    """The token that the server describes (RFC 7662 section 2.2); None where it says that there is none. Raises BadToken like `of_jwt`.

    A refresh token that somebody presents is active too, so the type is looked at first.
    """
    if said.get("active") is not True:
        return None
    if str(said.get("token_type")).lower() not in ("bearer", "access_token"):
        raise BadToken("it is no access token")
    return _token(said, issuer, audience, now)


def _token(said: Mapping[str, Any], issuer: str, audience: str, now: float) -> Token:
    if said.get("iss") != issuer:
        raise BadToken("it is of another issuer")
    meant_for = _audience(said.get("aud"))
    if audience not in meant_for:
        raise BadToken("it is meant for another audience")
    expires_at = _date(said, "exp")
    if expires_at is None or expires_at <= now:
        raise BadToken("its time is over")
    issued_at = _date(said, "iat")
    authenticated_at = _date(said, "auth_time", 0) if "auth_time" in said else None
    scope, username = said.get("scope", ""), said.get("username")
    if issued_at is None or not isinstance(scope, str):
        raise BadToken("it lacks iat or scope")
    return Token(
        id=_text(said, "jti"),
        user_id=_user(_text(said, "sub")),
        client_id=_text(said, "client_id"),
        scopes=frozenset(scope.split()),
        audience=meant_for,
        issuer=issuer,
        issued_at=issued_at,
        expires_at=expires_at,
        level=Level.of_acr(said.get("acr")),
        authenticated_at=authenticated_at,
        username=username if isinstance(username, str) else None,
        claims=dict(said),
    )


def _user(subject: str) -> str:
    """The id of the user, however the dialect of the app writes it: bare, after `uid:`, or at the end of the identity URL."""
    return subject.removeprefix("uid:").rpartition("/")[2]


def _audience(said: object) -> tuple[str, ...]:
    if isinstance(said, str):
        return (said,)
    if isinstance(said, list) and all(isinstance(each, str) for each in said):
        return tuple(said)
    return ()


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken(f"it lacks {name}")
    return value


def _date(said: Mapping[str, Any], name: str, absent: int | None = None) -> int | None:
    """A NumericDate: a whole number of seconds up to the year 2100. Another type counts as absent where the claim must be there."""
    if name not in said:
        return absent
    value = said[name]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LATEST:
        return value
    raise BadToken(f"its {name} is no date")
