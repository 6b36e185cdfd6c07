"""What answers where no route does: an unknown path, and a known one with another method."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebridge.rules.reasons import request as request_reasons
from gatebridge.web import refusal


async def path_unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """There is nothing at this address."""
    if scope["type"] == "http":
        await refusal.refuse(request_reasons.PATH_UNKNOWN, scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


class MethodsByName:
    """Turns the refusal of a method, which routes raise, into an answer with the Allow header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # a route raises what it cannot answer only where somebody says that it is caught
        try:
            await self.app(scope, receive, send)
        except HTTPException as error:
            reason = request_reasons.METHOD_NOT_ALLOWED if error.status_code == 405 else request_reasons.PATH_UNKNOWN
            answer = refusal.response(reason, scope)
            answer.headers.update(error.headers or {})
            await answer(scope, receive, send)
