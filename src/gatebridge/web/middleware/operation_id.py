"""Gives every request an id, under which its answer, its log line and its receipt are found again."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatebridge.rules import ids
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.storage.database import Clock

HEADER = "X-Operation-Id"

# A caller's own id may go into the log; with any other character it could forge a line there (X-XS-06).
CALLERS_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class OperationId:
    """Sets `scope["gatebridge.operation_id"]` (15 characters), and sends its long form with the answer."""

    def __init__(self, app: ASGIApp, mint: IdMint, clock: Clock) -> None:
        self.app = app
        self.mint = mint
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        operation_id = self.mint.mint(Prefix.RECEIPT, self.clock())
        scope["gatebridge.operation_id"] = operation_id
        callers_id = Headers(scope=scope).get("x-request-id", "")
        scope["gatebridge.callers_id"] = callers_id if CALLERS_ID.fullmatch(callers_id) else None
        shown = ids.long(operation_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = shown
            await send(message)

        await self.app(scope, receive, send_with_id)


def operation_id(scope: Scope) -> str:
    """The id of this request, in 15 characters."""
    found: str = scope["gatebridge.operation_id"]
    return found
