"""A listener on the loopback that hopes to be called, and reports whether it was."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Listener:
    """Counts who connects to it, and answers nothing."""

    port: int
    calls: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/latest/meta-data"

    @property
    def urls(self) -> list[str]:
        """The same place in the spellings by which a deny list is walked round (X-SS-04)."""
        hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]"]
        spelled = [f"http://{host}:{self.port}/keys" for host in hosts]
        return [*spelled, f"https://127.0.0.1:{self.port}/keys", f"http://user@127.0.0.1:{self.port}/", f"//127.0.0.1:{self.port}/"]


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Listener(server.getsockname()[1])

        def take() -> None:
            with suppress(OSError):  # the end of the block closes the socket
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(1)
                        with suppress(OSError):
                            found.calls.append(connection.recv(1024))

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
