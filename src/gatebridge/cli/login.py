"""Signing in with a browser: authorization code with PKCE S256, the answer on loopback (RFC 8252), then tokens for this command line."""

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from gatebridge.cli import loopback, metadata, token_store
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.loopback import ANY_PORT, Place
from gatebridge.cli.metadata import Metadata
from gatebridge.cli.token_store import Login

SCOPE = "setup_api refresh_token"
WAIT_SECONDS = 300.0
# Who is signed in at the browser since yesterday signs in once more: what is weighty needs a recent sign-in, and this is how to get one.
MAX_AGE_SECONDS = 60

ENDED = "Your sign-in to {url} does not count any more. Sign in again: gatebridge login --url {url}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one sign-in begins with, told to nobody but the server: the verifier of PKCE, and the state that the answer must bring back."""

    verifier: str
    state: str

    @property
    def challenge(self) -> str:
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def new_attempt() -> Attempt:
    """A fresh attempt, as any client makes one."""
    return Attempt(verifier=_text(os.urandom(32)), state=_text(os.urandom(32)))


@dataclass(frozen=True, slots=True)
class Asking:
    """As which app somebody signs in: what it asks for, where it listens, and its secret where it has one."""

    scope: str = SCOPE
    place: Place = ANY_PORT
    secret: str | None = field(default=None, repr=False)


COMMAND_LINE = Asking()


def sign_in(http: httpx.Client, url: str, show: Callable[[str], None], wait: float = WAIT_SECONDS) -> Login:
    """Sign in at this server. `show` brings the address to a browser, or to the eyes of whoever has one. Raises Stop."""
    server = metadata.fetch(http, url)
    return _login(url, server, get_tokens(http, server, show, wait))


def get_tokens(
    http: httpx.Client, server: Metadata, show: Callable[[str], None], wait: float = WAIT_SECONDS, asking: Asking = COMMAND_LINE
) -> dict[str, Any]:
    """The token answer for whoever signs in at the browser. Raises Stop."""
    attempt = new_attempt()
    with loopback.listening(attempt.state, asking.place) as listener:
        show(address(server, attempt, listener.redirect_uri, asking.scope))
        answer = listener.wait(wait)
        if answer is None:
            raise Stop(Exit.STOPPED, f"Nobody signed in within {wait:.0f} seconds. Nothing was changed.")
        code = code_of(answer, server)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": listener.redirect_uri,
            "client_id": server.client_id,
            "code_verifier": attempt.verifier,
        }
        return _tokens(http, server.token_endpoint, form | ({"client_secret": asking.secret} if asking.secret else {}))


def address(server: Metadata, attempt: Attempt, redirect_uri: str, scope: str = SCOPE) -> str:
    """Where the browser goes to sign in."""
    asked = {
        "response_type": "code",
        "client_id": server.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": attempt.state,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
        "max_age": str(MAX_AGE_SECONDS),
    }
    return f"{server.authorization_endpoint}?{urlencode(asked)}"


def code_of(answer: Mapping[str, str], server: Metadata) -> str:
    """The code in an answer that came from the issuer that was asked (RFC 9207 section 2.4, X-MX-08). Raises Stop."""
    if answer.get("iss") != server.issuer:
        said = answer.get("iss", "nobody")
        raise Stop(Exit.REFUSED, f"The answer says that it comes from {said}, and {server.issuer} was asked. It was thrown away.")
    if "error" in answer or "code" not in answer:
        raise Stop(Exit.REFUSED, _refusal("You were not signed in.", answer))
    return answer["code"]


def renew(http: httpx.Client, path: Path, dead: Login) -> Login:
    """The sign-in with a new access token, kept before anybody uses it. Raises Stop when the sign-in has ended at the server.

    Of several commands at once one asks, and the others find what it has kept: a refresh token that is sent twice looks stolen.
    """
    with token_store.locked(path):
        kept = token_store.load(path, dead.url)
        if kept is not None and kept.access_token != dead.access_token:
            return kept
        if kept is None or kept.refresh_token is None:
            raise Stop(Exit.NO_CREDENTIALS, ENDED.format(url=dead.url))
        form = {"grant_type": "refresh_token", "refresh_token": kept.refresh_token, "client_id": kept.client_id}
        try:
            said = _tokens(http, kept.token_endpoint, form)
        except Stop as stop:
            if (stop.problem or {}).get("error") != "invalid_grant":
                raise
            # It is not forgotten: a frozen user, or an address that is not allowed, is refused in the same words as what has ended.
            raise Stop(Exit.NO_CREDENTIALS, f"{stop.words}\n{ENDED.format(url=dead.url)}", stop.problem) from None
        renewed = Login(
            url=kept.url,
            client_id=kept.client_id,
            token_endpoint=kept.token_endpoint,
            revocation_endpoint=kept.revocation_endpoint,
            access_token=said["access_token"],
            refresh_token=said.get("refresh_token") or kept.refresh_token,
        )
        token_store.save(path, renewed)
        return renewed


def end(http: httpx.Client, login: Login) -> None:
    """Let the server end everything that hangs from a sign-in. Raises Stop when it did not say that it has."""
    end_token(http, login.revocation_endpoint, login.refresh_token or login.access_token, login.client_id)


def end_token(http: httpx.Client, endpoint: str, token: str, client_id: str, secret: str | None = None) -> None:
    """Let the server end one token, and what hangs from it. Raises Stop when it did not say that it has."""
    form = {"token": token, "client_id": client_id} | ({"client_secret": secret} if secret else {})
    answer = _post(http, endpoint, form)
    if answer.status_code != 200:
        raise Stop(Exit.REFUSED, _refusal("The server did not end the sign-in.", _object(answer)))


def _login(url: str, server: Metadata, said: Mapping[str, Any]) -> Login:
    return Login(
        url=url,
        client_id=server.client_id,
        token_endpoint=server.token_endpoint,
        revocation_endpoint=server.revocation_endpoint,
        access_token=said["access_token"],
        refresh_token=said.get("refresh_token"),
    )


def _tokens(http: httpx.Client, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
    answer = _post(http, endpoint, form)
    said = _object(answer)
    if answer.status_code != 200:
        raise Stop(Exit.REFUSED, _refusal("No token was given.", said), said)
    if not isinstance(said.get("access_token"), str) or str(said.get("token_type")).lower() != "bearer":
        raise Stop(Exit.REFUSED, f"{endpoint} answered something that is no token.")
    return said


def _post(http: httpx.Client, endpoint: str, form: Mapping[str, str]) -> httpx.Response:
    try:
        return http.post(endpoint, data=dict(form), headers={"Accept": "application/json"})
    except httpx.HTTPError as error:
        raise Stop(Exit.UNREACHABLE, f"{endpoint} does not answer: {error}.") from None


def _refusal(words: str, said: Mapping[str, Any]) -> str:
    told = [words, str(said.get("error_description") or said.get("error") or "No reason was given.")]
    if said.get("error_uri"):
        told.append(f"More: {said['error_uri']}")
    return " ".join(told)


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
