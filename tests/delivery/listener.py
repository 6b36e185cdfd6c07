"""Somebody who listens on this machine: takes what is sent, answers what a test says, and tells whether anybody came."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

BOUND_SECONDS = 5

Talk = Callable[[socket.socket], None]


@dataclass
class Listener:
    """What came in, request by request, and where it listens."""

    port: int
    got: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def silent(self) -> bool:
        return not self.got

    def forms(self) -> list[dict[str, str]]:
        """The forms that were posted."""
        return [{name: values[0] for name, values in parse_qs(each.partition(b"\r\n\r\n")[2].decode()).items()} for each in self.got]


def says(status: str, body: bytes = b"", *headers: str) -> Talk:
    """An answer as it is sent, whole."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]

    def talk(line: socket.socket) -> None:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return talk


def read_request(line: socket.socket) -> bytes:
    """One request with its whole body."""
    got = b""
    while b"\r\n\r\n" not in got and (more := line.recv(65_536)):
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(each[15:]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (more := line.recv(65_536)):
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def listening(talk: Talk, wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[Listener]:
    """Somebody who listens for as long as the block lasts. `wrap` makes the connection a secure one."""
    server = socket.create_server(("127.0.0.1", 0))
    listener = Listener(server.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return  # the block is over
            plain.settimeout(BOUND_SECONDS)
            try:
                line = wrap(plain) if wrap is not None else plain
                with line:
                    listener.got.append(read_request(line))
                    talk(line)
            except OSError:
                plain.close()  # whoever came has hung up

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(BOUND_SECONDS)
