"""The door as clients know it: HTTP in, HTTP out, around a web app that runs in this process."""

import asyncio
import base64
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import httpx
from starlette.types import ASGIApp

Found = TypeVar("Found")
Form = Mapping[str, str] | Sequence[tuple[str, str]] | bytes

FORM = "application/x-www-form-urlencoded"
OFFICE = "192.0.2.10"
BOUND_SECONDS = 30


class Loop:
    """An event loop in a thread of its own, so that tests stay plain functions and may call from many threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="door", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        return self.submit(work).result(BOUND_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(BOUND_SECONDS)
        self._loop.close()


@contextmanager
def event_loop() -> Iterator[Loop]:
    loop = Loop()
    try:
        yield loop
    finally:
        loop.close()


class Door:
    """Sends requests to one web app, from any thread and from any address."""

    def __init__(self, app: ASGIApp, loop: Loop) -> None:
        self.app = app
        self.loop = loop

    def post(self, url: str, form: Form = (), *, headers: Mapping[str, str] | None = None, address: str = OFFICE) -> httpx.Response:
        """A form, or bytes as they are, posted to an absolute address."""
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        return self.send("POST", url, body=body, headers={"Content-Type": FORM} | dict(headers or {}), address=address)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, address: str = OFFICE) -> httpx.Response:
        return self.send("GET", url, headers=headers, address=address)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        address: str = OFFICE,
    ) -> httpx.Response:
        return self.begin(method, url, body=body, headers=headers, address=address).result(BOUND_SECONDS)

    def begin(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        address: str = OFFICE,
    ) -> Future[httpx.Response]:
        """Send, and do not wait for the answer."""
        named = list(headers.items()) if isinstance(headers, Mapping) else list(headers or ())
        request = httpx.Request(method, url, headers=named, content=body)

        async def exchange() -> httpx.Response:
            response = await httpx.ASGITransport(app=self.app, client=(address, 50_000)).handle_async_request(request)
            await response.aread()
            return response

        return self.loop.submit(exchange())


def basic(consumer_key: str, secret: str) -> dict[str, str]:
    """An HTTP Basic header whose two parts are form-encoded first (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(consumer_key)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
