"""A relying party's address for logout tokens: a small HTTP server on the loopback that keeps what is posted to it."""

import http.server
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

WAIT_SECONDS = 15


@dataclass
class Hearing:
    """What was posted, in order. `status` is what the next posts are answered with."""

    port: int
    posts: "queue.Queue[dict[str, str]]" = field(default_factory=queue.Queue)
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/backchannel"

    def next(self) -> dict[str, str]:
        """The next form that comes, which must come soon."""
        return self.posts.get(timeout=WAIT_SECONDS)

    def nothing_more(self) -> bool:
        return self.posts.empty()


@contextmanager
def hearing() -> Iterator[Hearing]:
    """Such a server, until the end of the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            found.posts.put({name: values[0] for name, values in parse_qs(body).items()})
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It says nothing by itself."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Hearing(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join(5)
