"""The OAuth endpoints, as a table of routes. Hot ones go through the turnstile, documents are read and sent."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebridge.oauth import device_authorization, discovery, errors, introspect, jwks, revocation_feed, revoke, token
from gatebridge.oauth.formats.encoded import Form, encoded, wanted
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Answer
from gatebridge.oauth.request import Malformed, OAuthRequest, in_address, read_form, read_multipart
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import outage as outage_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage.database import Database
from gatebridge.storage.dialects import is_outage
from gatebridge.storage.facts import FactsReader
from gatebridge.web import cors
from gatebridge.web.middleware.operation_id import operation_id
from gatebridge.web.turnstile import Decide, Turnstile, TurnstileFull, TurnstileShut

RECEIPT_HEADER = b"x-gatebridge-receipt"
NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
JSON = (b"content-type", b"application/json;charset=UTF-8")
TEXT = (b"content-type", b"text/plain;charset=UTF-8")
LONGEST_AGENT = 512

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

# How long a resource server may wait for news, and how often it is looked for. Bounded: a waiting request holds a connection.
LONGEST_WAIT = 30.0
LOOK_EVERY = 0.25


# Those that a program in a browser needs: it gets its tokens and gives them back. Asking about tokens is for servers.
CROSS_ORIGIN = frozenset({token.PATH, revoke.PATH})

# Those that clients of Salesforce call in ways of their own: with parts for a body, or wanting the answer in another form (wire.md).
SALESFORCES = frozenset({token.PATH, device_authorization.PATH})

# What clients say that take JSON; the others are few.
_ANY_FORM = frozenset({b"", b"*/*", b"application/json", b"application/json, text/plain, */*"})


def hot_endpoints(database: Database, turnstile: Turnstile, keyring: Keyring, base_url: str) -> dict[str, "HotEndpoint"]:
    """The endpoints that go through the turnstile, by path. `base_url` stands in for the issuer where no org could be found."""
    decisions: dict[str, Decide] = {
        token.PATH: partial(token.decide, keyring=keyring),
        introspect.PATH: introspect.decide,
        revoke.PATH: revoke.decide,
        device_authorization.PATH: device_authorization.decide,
    }
    return {
        path: HotEndpoint(turnstile, base_url, decide, database if path in CROSS_ORIGIN else None, salesforces=path in SALESFORCES)
        for path, decide in decisions.items()
    }


def routes(database: Database, turnstile: Turnstile, keyring: Keyring, base_url: str) -> list[Route]:
    """Every route of the OAuth endpoints."""
    return [
        *(Route(path, endpoint) for path, endpoint in hot_endpoints(database, turnstile, keyring, base_url).items()),
        Route(revocation_feed.PATH, RevocationFeed(database, turnstile, base_url)),
        Route(jwks.PATH, _document(database, jwks.document, jwks.CACHE_SECONDS), methods=["GET"]),
        *(
            Route(path, _document(database, lambda reader, org: discovery.document(reader, org), 300), methods=["GET"])
            for path in discovery.PATHS
        ),
    ]


class ClientGone(Exception):  # noqa: N818 - a state: nobody waits for an answer any more
    """The client hung up before it had sent its whole request; half a request is none."""


class HotEndpoint:
    """One endpoint that goes through the turnstile. POST only, forms only; whatever comes, the answer has an id.

    `origins_in` is the database that knows which pages of other origins may ask, None where none may. `salesforces`: an app of that
    dialect may send parts, and choose in which form it is answered.
    """

    def __init__(
        self, turnstile: Turnstile, base_url: str, decide: Decide, origins_in: Database | None = None, *, salesforces: bool = False
    ) -> None:
        self.turnstile = turnstile
        self.base_url = base_url
        self.decide = decide
        self.origins_in = origins_in
        self.salesforces = salesforces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientGone):
            await send_answer(await self.answer(scope, receive), send)

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return await self._other_method(scope)
        return await self.passed(await self.read(scope, receive))

    async def read(self, scope: Scope, receive: Receive) -> OAuthRequest:
        """The request, with the origin of the page that sent it only where pages of other origins may read the answer."""
        request = await read_request(scope, receive, salesforces=self.salesforces)
        misplaced = in_address(scope["query_string"])
        if misplaced is not None:
            request = replace(request, malformed=misplaced)
        origin = cors.origin(scope) if self.origins_in is not None else None
        return replace(request, origin=origin) if origin is not None else request

    async def passed(self, request: OAuthRequest) -> Answer:
        """The turnstile's answer to a request that was read."""
        answer = await passed(self.turnstile, self.decide, request, self.base_url)
        return replace(answer, headers=(*answer.headers, cors.VARY)) if self.origins_in is not None else answer

    async def _other_method(self, scope: Scope) -> Answer:
        if self.origins_in is not None and cors.is_preflight(scope):
            try:
                return await cors.preflight(self.origins_in, scope, "POST")
            except Exception as error:
                if not is_outage(error):
                    raise
                return errors.answer(outage_reasons.DATABASE_AWAY, Dialect.STANDARD, self.base_url)
        return errors.answer(request_reasons.METHOD_NOT_ALLOWED, Dialect.STANDARD, self.base_url)


async def passed(turnstile: Turnstile, decide: Decide, request: OAuthRequest, base_url: str) -> Answer:
    """The turnstile's answer; an outage becomes 503 and never a wrong answer (house rule 7, X-RL-07)."""
    try:
        return await turnstile.pass_through(decide, request)
    except (TurnstileFull, TurnstileShut):
        return errors.answer(outage_reasons.SERVER_BUSY, Dialect.STANDARD, base_url)
    except Exception as error:
        if is_outage(error):
            return errors.answer(outage_reasons.DATABASE_AWAY, Dialect.STANDARD, base_url)
        raise


async def read_request(scope: Scope, receive: Receive, *, salesforces: bool = False) -> OAuthRequest:
    """The request as the rooms below see it. What cannot be read as a form is carried as such, so that it gets its receipt.

    Whether the app may do what `salesforces` admits is known only when the app is.
    """
    headers: dict[bytes, bytes] = {}
    repeated: Malformed | None = None
    for name, value in scope["headers"]:
        if name in headers and name in (b"authorization", b"content-type", b"host"):
            repeated = Malformed(request_reasons.PARAMETER_REPEATED, name.decode("latin-1"))
        headers[name] = value
    body = await _body(receive)
    typed, packed = _text(headers, b"content-type"), _text(headers, b"content-encoding")
    form, multipart = read_form(typed, packed, body), False
    if salesforces and isinstance(form, Malformed) and form.reason is request_reasons.CONTENT_TYPE_WRONG:
        parts = read_multipart(typed, packed, body)
        form, multipart = (parts, True) if parts is not None else (form, False)
    parameters: Mapping[str, str] = {} if isinstance(form, Malformed) else form
    return OAuthRequest(
        host=_text(headers, b"host").lower(),
        address=scope["gatebridge.address"],
        user_agent=_text(headers, b"user-agent")[:LONGEST_AGENT].replace("\0", ""),
        operation_id=operation_id(scope),
        authorization=_text(headers, b"authorization") if b"authorization" in headers else None,
        parameters=parameters,
        malformed=repeated or (form if isinstance(form, Malformed) else None),
        form=form_asked(parameters.get("format"), headers.get(b"accept", b"")) if salesforces else Form.JSON,
        multipart=multipart,
    )


def form_asked(format_param: str | None, accept: bytes) -> Form:
    """The form in which the answer is wanted."""
    return Form.JSON if format_param is None and accept in _ANY_FORM else wanted(format_param, accept.decode("latin-1"))


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


async def _body(receive: Receive) -> bytes:
    # The limits stand before this: the size of the body is bounded.
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_answer(answer: Answer, send: Send) -> None:
    """An answer on the wire, never stored, with the id of its receipt."""
    body, headers = wire_form(answer)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wire_form(answer: Answer) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of an answer."""
    body = b""
    headers = [*NO_STORE, *((name.lower().encode(), value.encode()) for name, value in answer.headers)]
    if answer.receipt_id is not None:
        headers.append((RECEIPT_HEADER, long(answer.receipt_id).encode()))
    if answer.body is not None:
        said = answer.body
        if answer.receipt_id is not None and "error_uri" in said:
            said = {**said, "error_uri": f"{said['error_uri']}?receipt={long(answer.receipt_id)}"}
        if answer.form is Form.JSON:
            body = _encode(said).encode()
            headers.append(JSON)
        else:
            body, media = encoded(said, answer.form, answer.root)
            headers.append((b"content-type", media.encode()))
    elif answer.text is not None:
        body = answer.text.encode()
        headers.append(TEXT)
    if answer.status != 204:  # which has no content that could have a length (RFC 9110 section 8.6)
        headers.append((b"content-length", b"%d" % len(body)))
    return body, headers


class RevocationFeed:
    """What was ended since a cursor, as a long poll for resource servers: the caller is proven first, then waits for news.

    While callers wait, only the head of their org's feed is looked at, once for all of them.
    """

    def __init__(self, database: Database, turnstile: Turnstile, base_url: str) -> None:
        self.database = database
        self.endpoint = HotEndpoint(turnstile, base_url, revocation_feed.decide)
        self.looks: dict[str, asyncio.Task[int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await send_answer(await self.endpoint.answer(scope, receive), send)
            return
        request = await self.endpoint.read(scope, receive)
        deadline = asyncio.get_running_loop().time() + revocation_feed.wait_asked(request, LONGEST_WAIT)
        while True:
            answer = await passed(self.endpoint.turnstile, self.endpoint.decide, request, self.endpoint.base_url)
            if not revocation_feed.is_empty(answer) or not await self._news(request.host, answer, deadline):
                await send_answer(answer, send)
                return

    async def _news(self, host: str, answer: Answer, deadline: float) -> bool:
        """Wait for the head of the feed to move; False: it has not by the deadline. An outage is news too, and is answered as such."""
        known = revocation_feed.cursor_of(answer)
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(LOOK_EVERY, left))
            try:
                if await asyncio.shield(self._head(host)) != known:
                    return True
            except Exception as error:
                if not is_outage(error):
                    raise
                return True
        return False

    def _head(self, host: str) -> "asyncio.Task[int]":
        """One look for everybody who asks while it is under way."""
        look = self.looks.get(host)
        if look is None or look.done():
            look = self.looks[host] = asyncio.get_running_loop().create_task(run_in_threadpool(revocation_feed.head, self.database, host))
        return look


Document = Callable[[FactsReader, Any], dict[str, object]]


def _document(database: Database, make: Document, cache_seconds: int) -> Callable[[Request], Awaitable[Response]] | ASGIApp:
    """A document about the org of the host, the same for everybody, cached as long as it says, readable from any origin."""

    def read(host: str) -> dict[str, object] | Reason:
        with database.reading() as tx:
            reader = FactsReader(tx)
            org = reader.org(host)
            return make(reader, org) if org is not None else request_reasons.HOST_UNKNOWN

    async def send_document(request: Request) -> Response:
        found = await run_in_threadpool(read, request.headers.get("host", "").lower())
        if isinstance(found, Reason):
            return JSONResponse({"error": found.error, "error_description": found.sentence}, found.status)
        headers = {"Cache-Control": f"public, max-age={cache_seconds}", "Access-Control-Allow-Origin": "*"}
        return JSONResponse(found, headers=headers)

    return send_document
