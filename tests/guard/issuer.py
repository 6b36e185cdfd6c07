"""A server as a guard knows it, small enough to lie, to be slow and to be away, with a clock that the test moves."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httpx

from gatebridge.crypto.signing import SigningKey, new_key, sign
from gatebridge_guard import Guard, Refusal, Token

ISSUER = "https://id.example"
AUDIENCE = "https://orders.example"
USER = "005000000000001AAA"
APP = "gbk_App"
BEGIN = 1_772_000_000


@cache
def key(alg: str = "ES256", kid: str = "first") -> SigningKey:
    _, private = new_key(alg, kid)
    return SigningKey.load(kid, alg, private)


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Issuer:
    """What it publishes, what it has ended, what it says about tokens, and what it was asked."""

    now: float = BEGIN
    keys: list[dict[str, Any]] = field(default_factory=lambda: [dict(key().public_jwk())])
    entries: list[dict[str, Any]] = field(default_factory=list)
    said: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # about tokens; of those that are not here it says that they are not active
    asked: list[str] = field(default_factory=list)  # the paths, in order
    forms: list[dict[str, str]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)  # paths that answer nothing
    answers: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)  # instead of the true ones
    audience: str = AUDIENCE

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        assert request.headers["host"] == "id.example"
        if path in self.away:
            raise httpx.ConnectError("away")
        if path in self.answers:
            return self.answers[path]()
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        self.forms.append(form)
        if path == "/id/keys":
            return httpx.Response(200, json={"keys": self.keys})
        assert request.headers["authorization"] == "Basic " + base64.b64encode(b"gbk_Guard:gbs_Guard").decode()
        if path.endswith("/introspect"):
            return httpx.Response(200, json=self.said.get(form["token"], {"active": False}))
        head = len(self.entries)
        start = head if form["after"] == "newest" else int(form["after"])
        news = self.entries[start : start + 3]
        cursor = news[-1]["sequence"] if news else min(start, head)
        body = {"cursor": str(cursor), "now": int(self.now), "more": len(news) == 3, "revocations": news}
        return httpx.Response(200, json=body)

    def count(self, path: str) -> int:
        return sum(asked.endswith(path) for asked in self.asked)

    def end(self, **names: str) -> None:
        self.entries.append({"sequence": len(self.entries) + 1, "at": int(self.now), "kind": "some", **names})

    def claims(self, **changed: Any) -> dict[str, Any]:
        made = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": USER,
            "client_id": APP,
            "scope": "orders id",
            "iat": int(self.now),
            "exp": int(self.now) + 900,
            "jti": "0Ya000000000001AAA",
        } | changed
        return {name: value for name, value in made.items() if value is not ...}

    def jwt(self, signed_by: SigningKey | None = None, **changed: Any) -> str:
        return sign(signed_by or key(), "at+jwt", self.claims(**changed))

    def opaque(self, name: str = "One", **changed: Any) -> str:
        token = f"gba_00D000000000001_{name}"
        self.said[token] = {"active": True, "token_type": "Bearer", "username": "ada", **self.claims(jti=name, **changed)}
        return token

    @contextmanager
    def guarded(self, **said: Any) -> Iterator["Guarded"]:
        """A guard that follows nothing by itself, and has heard the server once."""
        given = {"audience": self.audience, "client_id": "gbk_Guard", "client_secret": "gbs_Guard"} | said
        clocks: dict[str, Any] = {"now": lambda: self.now, "wall_clock": lambda: self.now}
        with Guard(ISSUER, **given, **clocks, transport=httpx.MockTransport(self), background=False) as guard:
            guard.poll()
            self.now += 120  # so that what is issued from here on is out of the doubt of the beginning
            guard.poll()
            yield Guarded(self, guard)


@dataclass
class Guarded:
    """A guard with the server that it asks."""

    issuer: Issuer
    guard: Guard

    def check(self, token: str, **needed: Any) -> Token | Refusal:
        return self.guard.check(f"Bearer {token}", **needed)

    def lets_in(self, token: str, **needed: Any) -> bool:
        return isinstance(self.check(token, **needed), Token)

    def refusal(self, token: str, **needed: Any) -> tuple[int, str]:
        found = self.check(token, **needed)
        assert isinstance(found, Refusal), found
        return found.status, found.error

    def pass_time(self, seconds: float) -> None:
        """Time passes, and the guard hears from the server as it always does."""
        self.issuer.now += seconds
        self.guard.poll()
