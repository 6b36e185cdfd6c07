"""The guard as ASGI middleware, for FastAPI, Starlette, Django and others: whatever reaches the application has shown a live token."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any

from gatebridge_guard.guard import Guard
from gatebridge_guard.needs import Needs
from gatebridge_guard.refusal import Refusal
from gatebridge_guard.token import Level

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN = "gatebridge.token"

# RFC 6455 section 7.4.1: the other side breaks a policy. Before the handshake is accepted, servers answer it with 403.
POLICY_VIOLATION = 1008


class ProtectASGI:
    """Lets in requests, and WebSockets, with a live token that has what is needed, and puts it into `scope["gatebridge.token"]`.

    `open_paths` are exact paths that need no token. A route that needs more asks for it with `guard.check_async`, which costs little
    for a token that was just let in.
    """

    def __init__(
        self,
        app: ASGIApp,
        guard: Guard,
        *,
        scopes: str | Sequence[str] = (),
        level: Level | str | None = None,
        max_age: int | None = None,
        open_paths: Collection[str] = (),
    ) -> None:
        self.app = app
        self.guard = guard
        self.needs = Needs.of(scopes, level, max_age)
        self.open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] in self.open_paths):
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        found = await self.guard.check_async(
            [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"],
            scopes=self.needs.scopes,
            level=self.needs.level,
            max_age=self.needs.max_age,
            address=client[0] if client else None,
            query=scope.get("query_string", b"").decode("latin-1"),
        )
        if isinstance(found, Refusal):
            await _refuse(found, scope, send)
        else:
            await self.app({**scope, TOKEN: found}, receive, send)


async def _refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal.error})
        return
    headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.body})
