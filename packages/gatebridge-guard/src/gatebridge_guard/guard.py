"""The guard: from the Authorization header of a request to the token that is let in, or to the refusal that goes back."""

import asyncio
import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx

from gatebridge_guard import bearer, claims
from gatebridge_guard.background import Follower, log
from gatebridge_guard.jws import BadToken, SignedToken
from gatebridge_guard.needs import Needs
from gatebridge_guard.parts import Parts
from gatebridge_guard.refusal import Refusal, Refuser
from gatebridge_guard.server import Server, Unavailable
from gatebridge_guard.token import Level, Token

START_SECONDS = 3.0  # how long the first requests wait until the server was heard for the first time
MOST_WAITING = 256  # requests that wait for the server at the same time; one more is refused with 503

PREFIX = "GATEBRIDGE_GUARD_"


def elapsed() -> float:
    """Seconds on a clock that never goes back, and that also runs while the machine sleeps: what was heard before is old afterwards."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Guard:
    """Checks access tokens for one API. One for each process is enough; it is safe to use from many threads and event loops.

    JWTs are checked here, with the issuer's published keys and what it tells about revocations; opaque tokens by asking it. It begins to
    listen at the first token, in each process anew, also after a fork.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        client_id: str,
        client_secret: str,
        address: str | None = None,
        tell_addresses: bool = False,
        timeout: float = 3.0,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
        background: bool = True,
        now: Callable[[], float] = elapsed,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """
        issuer: the issuer of the org, byte for byte, such as `https://id.example.com`.
        audience: what tokens for this API have as `aud`. A token without it is refused, whatever else it holds.
        client_id, client_secret: the connected app that stands for this API; it has no flow and the same `audience`, or else
            `introspect_all_tokens`, which lets it ask about the tokens of others.
        address: where the server is reached, if not at its issuer.
        tell_addresses: tell the server from where each token is used, for orgs that hold their ranges against every use. Then every token
            is asked about, JWTs too.
        timeout: seconds for one request to the server.
        background: False where no thread may run; then call `poll` at least every two seconds.

        Raises ValueError for what cannot work.
        """
        if not audience:
            raise ValueError("An API has an audience; without one it would take tokens that were meant for others")
        self.issuer = issuer
        self.audience = audience
        self.tell_addresses = tell_addresses
        self.refuse = Refuser(realm=urlsplit(issuer).netloc)
        self._now = now
        self._wall_clock = wall_clock
        self._background = background
        self._server = partial(
            Server, issuer, client_id=client_id, client_secret=client_secret, address=address, timeout=timeout, tls=tls, transport=transport
        )
        self._lock = threading.Lock()
        self._parts: Parts | None = None
        self._assembled()  # what cannot work is said at once
        _guards.add(self)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """A guard by GATEBRIDGE_GUARD_ISSUER, _AUDIENCE, _CLIENT_ID, and _CLIENT_SECRET or _CLIENT_SECRET_FILE; _ADDRESS may be there."""

        def said(name: str) -> str:
            if not environ.get(PREFIX + name):
                raise ValueError(f"{PREFIX}{name} is not set")
            return environ[PREFIX + name]

        file = environ.get(PREFIX + "CLIENT_SECRET_FILE")
        return cls(
            said("ISSUER"),
            audience=said("AUDIENCE"),
            client_id=said("CLIENT_ID"),
            client_secret=Path(file).read_text("utf-8").strip() if file else said("CLIENT_SECRET"),
            address=environ.get(PREFIX + "ADDRESS") or None,
        )

    def check(
        self,
        authorization: str | Sequence[str] | None,
        *,
        scopes: str | Sequence[str] = (),
        level: Level | str | None = None,
        max_age: int | None = None,
        address: str | None = None,
        query: str = "",
    ) -> Token | Refusal:
        """The token of a request with this Authorization header, or how the request is to be refused. It may wait for the server.

        scopes: each of these must be held. level: the sign-in behind the token must have been at least so sure. max_age: and not older,
        in seconds. address: of the client, which the server is told where `tell_addresses` is on. query: of the address of the request,
        in which a token must not stand.
        """
        wanted = Needs.of(scopes, level, max_age)
        found = self._checked(authorization, wanted, address, query, may_ask=True)
        assert found is not None  # noqa: S101 - only who may not ask gets nothing
        return found

    async def check_async(
        self,
        authorization: str | Sequence[str] | None,
        *,
        scopes: str | Sequence[str] = (),
        level: Level | str | None = None,
        max_age: int | None = None,
        address: str | None = None,
        query: str = "",
    ) -> Token | Refusal:
        """The same for an event loop: what is known is answered at once, and what is not is asked in a thread."""
        wanted = Needs.of(scopes, level, max_age)
        found = self._checked(authorization, wanted, address, query, may_ask=False)
        if found is not None:
            return found
        parts = self._assembled()
        if parts.waiting >= MOST_WAITING:
            return self.refuse.unavailable("too many requests wait for the server")
        parts.waiting += 1
        try:
            work = partial(self._checked, authorization, wanted, address, query, may_ask=True)
            found = await asyncio.get_running_loop().run_in_executor(parts.threads, work)
        finally:
            parts.waiting -= 1
        assert found is not None  # noqa: S101 - only who may not ask gets nothing
        return found

    def poll(self) -> None:
        """Ask the server once what was ended since, where no thread may do it. Raises Unavailable, after which `check` still refuses."""
        parts = self._assembled()
        parts.feed.poll(wait=0)
        parts.keys.refresh(parts.feed.everything_ended)

    def close(self) -> None:
        """Stop listening, and close the connections. A guard that is used again begins anew."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None:
            parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(
        self, authorization: str | Sequence[str] | None, wanted: Needs, address: str | None, query: str, *, may_ask: bool
    ) -> Token | Refusal | None:
        """The answer; None where the server would have to be asked, and `may_ask` is false."""
        headers = [authorization] if isinstance(authorization, str) else list(authorization or ())
        try:
            value = bearer.read(headers, query)
            token = self._found(value, wanted, _address(address) if self.tell_addresses else None, may_ask=may_ask)
        except bearer.NoToken:
            return self.refuse.missing()
        except bearer.NotOneToken as fault:
            return self.refuse.malformed(str(fault))
        except BadToken as fault:
            log.debug("a token was refused: %s", fault)
            return self.refuse.invalid(str(fault))
        except Unavailable as fault:
            log.debug("a token could not be checked: %s", fault)
            return self.refuse.unavailable(str(fault))
        return wanted.met(token, self.refuse, self._wall_clock()) if token is not None else None

    def _found(self, value: str, wanted: Needs, address: str | None, *, may_ask: bool) -> Token | None:
        """The live token. Raises BadToken, Unavailable; None: see `_checked`."""
        parts = self._running()
        if not bearer.is_jwt(value):
            if not bearer.could_be_opaque(value):
                raise BadToken("the server makes no such token")
            return self._asked(parts, value, wanted, address, may_ask=may_ask)
        signed = SignedToken(value)
        key = parts.keys.at_hand(signed.kid)
        if key is None:
            if not may_ask:
                return None
            key = parts.keys.find(signed.kid)
        token = claims.of_jwt(signed.checked(key), issuer=self.issuer, audience=self.audience, now=self._wall_clock())
        if address is not None:
            return self._asked(parts, value, wanted, address, may_ask=may_ask)
        if not parts.feed.is_fresh():
            if not may_ask:
                return None
            parts.feed.wait_for_first(START_SECONDS if self._background else 0)
            if not parts.feed.is_fresh():
                raise Unavailable("the server has not told for five seconds what was revoked")
        if parts.feed.ended(token):
            raise BadToken("it was revoked")
        if parts.feed.touched(token) <= parts.cleared_at(token):
            return token
        cursor = parts.feed.cursor
        if self._asked(parts, value, wanted, None, may_ask=may_ask) is None:
            return None
        parts.clear(token, cursor)
        return token

    def _asked(self, parts: Parts, value: str, wanted: Needs, address: str | None, *, may_ask: bool) -> Token | None:
        answer = parts.introspection.at_hand(value, address)
        if answer is None:
            if not may_ask:
                return None
            answer = parts.introspection.ask(value, address, wanted.scopes)
        if answer.token is None:
            raise BadToken(answer.cause)
        return answer.token

    def _assembled(self) -> Parts:
        with self._lock:
            if self._parts is None:
                self._parts = Parts(self._server(), self.audience, self._now, self._wall_clock)
            return self._parts

    def _running(self) -> Parts:
        parts = self._parts
        if parts is None or (self._background and parts.follower is None):
            parts = self._assembled()
            with self._lock:
                if self._background and parts.follower is None:
                    parts.follower = Follower(parts.feed, parts.keys)
                    weakref.finalize(self, parts.follower.stop)  # a guard that nobody holds any more listens to nothing
        return parts

    def _after_fork(self) -> None:
        """In a new process: no thread of the old one is here, a lock may be held by one that is not, and connections are not to share."""
        self._lock = threading.Lock()
        self._parts = None


def _address(said: str | None) -> str:
    """The address that the server is to be told. What is none could as well be one that its ranges keep out, so it lets nobody in."""
    try:
        return str(ip_address(said or ""))
    except ValueError:
        raise BadToken("from where it is used cannot be told") from None


_guards: "weakref.WeakSet[Guard]" = weakref.WeakSet()


def _after_fork() -> None:
    for guard in list(_guards):
        guard._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
