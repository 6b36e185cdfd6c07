"""The listener on this machine to which the browser brings the answer of a sign-in (RFC 8252 section 7.3)."""

import errno
import hmac
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from gatebridge.cli.exits import Exit, Stop

LOCALHOST = "localhost"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{words}</p></body></html>
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen. An app that takes any port leaves it to the system (0); the callback of another may be a fixed one."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/callback"


ANY_PORT = Place()


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener. The answer that names `state` is the one that was asked for; any other request changes nothing."""

    port: int
    answers: "queue.Queue[dict[str, str]]" = field(repr=False)
    place: Place = ANY_PORT

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to bring the answer."""
        return f"http://{self.place.host}:{self.port}{self.place.path}"

    def wait(self, seconds: float) -> dict[str, str] | None:
        """The parameters of the answer; None when nobody brought it in time."""
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return None


@contextmanager
def listening(state: str, place: Place = ANY_PORT) -> Iterator[Listener]:
    """A listener on loopback and nowhere else, for as long as the block lasts. Raises Stop where a fixed port is somebody else's."""
    answers: queue.Queue[dict[str, str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            pairs = parse_qsl(parts.query, keep_blank_values=True)
            told = dict(pairs)
            if parts.path != place.path:
                self._say(404, "Nothing here", "This address only waits for a sign-in.")
            elif len(told) != len(pairs) or not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
                # Any page in the browser can send something here; only our own request knows the state (RFC 9700 section 2.1).
                self._say(400, "Not this sign-in", "This answer belongs to no sign-in that the command line has begun.")
            else:
                try:
                    self._say(200, "Back to the terminal", "The command line has the answer and says the rest. You can close this window.")
                finally:
                    # Only now: whoever waits may end the program at once, and the browser is to have its page by then.
                    answers.put(told)

        def _say(self, status: int, title: str, words: str) -> None:
            body = PAGE.format(title=title, words=words).encode()
            self.send_response(status)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The address of the request holds the code, so nothing of it is written anywhere."""

    with ExitStack() as running:
        ports = [running.enter_context(_serving(server)) for server in _servers(place, Handler)]
        yield Listener(ports[0], answers, place)


class _OverIPv6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def _servers(place: Place, handler: type[BaseHTTPRequestHandler]) -> list[ThreadingHTTPServer]:
    """One for each address of the host. A browser may take either for `localhost`, and nobody else is to sit at the other."""
    if place.host != LOCALHOST:
        return [ThreadingHTTPServer((place.host, place.port), handler)]
    try:
        servers = [ThreadingHTTPServer(("127.0.0.1", place.port), handler)]
    except OSError as error:
        raise _taken(place, error) from None
    try:
        servers.append(_OverIPv6(("::1", servers[0].server_address[1]), handler))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            servers[0].server_close()
            raise _taken(place, error) from None
        # This machine has no IPv6, so no browser on it comes that way.
    return servers


def _taken(place: Place, error: OSError) -> Stop:
    words = f"Port {place.port} of this machine cannot be had ({error.strerror}), and the app's callback names it. What listens there?"
    return Stop(Exit.STOPPED, words)


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[int]:
    """The port of a server that answers until the block ends."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
