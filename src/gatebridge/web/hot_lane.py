"""A lane of its own for the plain case of the hottest requests, in front of everything else.

A token request that is a POST with a small body of known length needs none of the general machinery, which costs as much as the decision.
This lane reads its headers once and writes its answer once. Whatever is unusual (another method, a chunked or large body, many headers)
goes the ordinary way, which stays the definition: tests send the same request down both and compare the answers.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebridge.oauth import errors
from gatebridge.oauth.outcome import Answer
from gatebridge.rules import ids
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import outage as outage_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.web.house import House
from gatebridge.web.middleware.proxy import Proxy
from gatebridge.web.middleware.security_headers import HEADERS, HSTS
from gatebridge.web.oauth import ClientGone, HotEndpoint, wire_form

log = structlog.get_logger("gatebridge.web")
access_log = structlog.get_logger("gatebridge.access")

_SECURITY = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items() if name != "Cache-Control")
_HSTS = (b"strict-transport-security", HSTS.encode())


class HotLane:
    """Answers the plain requests to `endpoints` (by path) itself, and hands all others to `app`."""

    def __init__(self, app: ASGIApp, house: House, endpoints: Mapping[str, HotEndpoint]) -> None:
        self.app = app
        self.house = house
        self.endpoints = endpoints
        self.proxy = Proxy(app, house.trusted_proxies)
        self.mint = house.database.mint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["gatebridge.door"] = self  # where Try it sends the requests of a run in
        endpoint = self.endpoints.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if endpoint is None or not self._is_plain(scope):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        scope["gatebridge.operation_id"] = operation_id = self.mint.mint(Prefix.RECEIPT, self.house.clock())
        self.proxy.find_address(scope)
        try:
            answer = await self._answer(endpoint, scope, receive, operation_id)
        except ClientGone:
            return
        body, headers = wire_form(answer)
        headers.extend(_SECURITY)
        headers.append((b"x-operation-id", ids.long(operation_id).encode()))
        if scope["scheme"] == "https":
            headers.append(_HSTS)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._count(scope["path"], answer.status, time.perf_counter() - began, operation_id)

    def _is_plain(self, scope: Scope) -> bool:
        limits, headers = self.house.limits, scope["headers"]
        if len(headers) > limits.header_count or scope["query_string"]:
            return False
        size, length = 0, None
        for name, value in headers:
            size += len(name) + len(value) + 4
            if name == b"content-length":
                if length is not None:
                    return False
                length = value
        return size <= limits.headers and length is not None and length.isdigit() and len(length) <= 9 and int(length) <= limits.oauth_body

    async def _answer(self, endpoint: HotEndpoint, scope: Scope, receive: Receive, operation_id: str) -> Answer:
        try:
            async with asyncio.timeout(self.house.limits.body_seconds):
                request = await endpoint.read(scope, receive)
        except TimeoutError:
            return errors.answer(request_reasons.BODY_MALFORMED, Dialect.STANDARD, endpoint.base_url)
        try:
            return await endpoint.passed(request)
        except Exception as error:
            log.error("fault", operation_id=operation_id, exc_info=error)
            return errors.answer(outage_reasons.INTERNAL_FAULT, Dialect.STANDARD, endpoint.base_url)

    def _count(self, path: str, status: int, seconds: float, operation_id: str) -> None:
        self.house.metrics.count(path, "POST", status, seconds)
        # These requests have their line in the login history; a second one here would cost more than the decision.
        if logging.root.level <= logging.DEBUG:
            access_log.debug("request", operation_id=ids.long(operation_id), path=path, status=status, ms=round(seconds * 1000, 2))
