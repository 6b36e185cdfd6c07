"""How much of a request is read at all. The body is taken in before anything parses it, so that no parser meets a flood (X-HT-01)."""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.web.house import Limits
from gatebridge.web.refusal import refuse

WITHOUT_BODY = frozenset({"GET", "HEAD"})
ADMIN_PATHS = ("/api/",)
UPLOADS = re.compile(r"/setup/apps/[0-9A-Za-z]+/logo")  # pages of setup whose form has a file


class RequestLimits:
    """Refuses too many or too long headers (431) and too large bodies (413), however the body is framed; passes the body on whole."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._headers_too_large(scope):
            await refuse(request_reasons.HEADERS_TOO_LARGE, scope, receive, send)
            return
        if scope["method"] in WITHOUT_BODY:
            await self.app(scope, receive, send)
            return
        body = await self._body(scope, receive)
        if isinstance(body, Reason):
            await refuse(body, scope, receive, send)
        elif body is not None:
            await self.app(scope, _replay(body, receive), send)

    def _headers_too_large(self, scope: Scope) -> bool:
        headers = scope["headers"]
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        size += sum(len(name) + len(value) + 4 for name, value in headers)
        return len(headers) > self.limits.header_count or size > self.limits.headers

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Reason | None:
        """The whole body; the reason for which it is not read; or None when the client stopped sending."""
        roomy = scope["path"].startswith(ADMIN_PATHS) or UPLOADS.fullmatch(scope["path"]) is not None
        most = self.limits.admin_body if roomy else self.limits.oauth_body
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > most:
            return request_reasons.BODY_TOO_LARGE
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    part = message.get("body", b"")
                    size += len(part)
                    if size > most:
                        return request_reasons.BODY_TOO_LARGE
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return request_reasons.BODY_MALFORMED


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body in one piece, and after it whatever else the server says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
