"""The one way by which the server writes to an address that somebody else has named (std SC-07).

Written on the standard library, because three things must be in our hands that HTTP clients keep for themselves: which address the name
is taken for (resolved once, every address judged, and the connection made to one that was), the time of the whole exchange and not of
each read, and that nothing is followed, unpacked or kept. No proxy of the environment is asked.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from gatebridge.rules import outbound
from gatebridge.rules.outbound import Reach, Target

SECONDS = 3.0  # for everything together: finding the address, connecting, sending, and the answer
MOST_BYTES = 65_536

Resolve = Callable[[str, int], list[str]]


class NotAllowed(Exception):  # noqa: N818 - said of the address
    """Nothing may be sent there; trying again changes nothing. The words are ours and hold nothing that was to be sent."""


class NoAnswer(Exception):  # noqa: N818 - what came of it
    """Nobody answered in time, or not in HTTP. The words are ours and hold nothing that was sent or received."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and at most `MOST_BYTES` of the body as they came."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far it goes, and with what: tests give a resolver, a clock and certificates of their own."""

    reach: Reach
    resolve: Resolve | None = None  # None: as this machine resolves names
    context: ssl.SSLContext | None = field(default=None, repr=False)
    seconds: float = SECONDS
    monotonic: Callable[[], float] = time.monotonic


def post(uri: str, form: Mapping[str, str], way: Fetching) -> Answer:
    """Post a form and return the answer, whatever its status; a redirect is an answer like any other. Raises NotAllowed, NoAnswer."""
    aim = outbound.target(uri)
    if aim is None:
        raise NotAllowed("The address is no http or https address.")
    if problem := outbound.scheme_problem(aim, way.reach):
        raise NotAllowed(problem)
    deadline = _Deadline(way.monotonic() + way.seconds, way.monotonic)
    try:
        return _exchanged(aim, urlencode(form).encode(), way, deadline)
    except TimeoutError:
        raise NoAnswer(f"{aim.host} did not answer within {way.seconds:g} seconds") from None
    except ssl.SSLError as error:
        raise NoAnswer(f"{aim.host} could not be trusted: {error.reason or 'no TLS'}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{aim.host} could not be reached ({type(error).__name__})") from None


@dataclass(frozen=True, slots=True)
class _Deadline:
    at: float
    monotonic: Callable[[], float]

    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError when none are."""
        left = self.at - self.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _exchanged(aim: Target, body: bytes, way: Fetching, deadline: _Deadline) -> Answer:
    line = _connected(aim, way, deadline)
    try:
        connection = http.client.HTTPConnection(aim.host, aim.port)
        connection.sock = _Line(line, deadline)
        connection.putrequest("POST", aim.path, skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", aim.authority),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
            ("Accept-Encoding", "identity"),  # nothing is unpacked, so a few bytes stay a few
            ("Connection", "close"),
            ("User-Agent", "Gatebridge"),
        ):
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_BYTES))
    finally:
        line.close()


def _connected(aim: Target, way: Fetching, deadline: _Deadline) -> socket.socket:
    """A connection to one of the addresses that were judged, with the name's certificate checked where it is https."""
    found = (way.resolve or _within(deadline))(aim.host, aim.port)
    addresses = outbound.chosen(found, aim, way.reach)
    if isinstance(addresses, str):
        raise NotAllowed(addresses)
    failed: OSError = OSError("nobody was asked")
    for address in addresses:
        try:
            line = socket.create_connection((str(address), aim.port), deadline.left())
        except OSError as error:
            failed = error
            continue
        if not aim.secure:
            return line
        try:
            line.settimeout(deadline.left())
            return (way.context or ssl.create_default_context()).wrap_socket(line, server_hostname=aim.host)
        except BaseException:
            line.close()
            raise
    raise failed


def _within(deadline: _Deadline) -> Resolve:
    """The machine's own resolver, which knows no limit of time: it is asked in a thread that nobody waits for any longer than that."""

    def resolve(host: str, port: int) -> list[str]:
        found: list[str] = []
        failed: list[OSError] = []

        def ask() -> None:
            try:
                answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found.extend(dict.fromkeys(str(address[0]) for *_, address in answers))
            except OSError as error:
                failed.append(error)
            except UnicodeError:
                failed.append(OSError("no name"))

        asked = threading.Thread(target=ask, name="resolver", daemon=True)
        asked.start()
        asked.join(deadline.left())
        if asked.is_alive():
            raise TimeoutError
        if failed:
            raise failed[0]
        return found

    return resolve


@dataclass(frozen=True, slots=True)
class _Line:
    """A socket as `http.client` uses one. Only `_exchanged` closes it: the client would, before the body has been read."""

    line: socket.socket
    deadline: _Deadline

    def sendall(self, data: bytes) -> None:
        self.line.settimeout(self.deadline.left())
        self.line.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self))

    def close(self) -> None:
        """Nothing: see above."""


class _Reads(io.RawIOBase):
    """What comes in: each read has only the time that is left for the whole exchange, so that a drip of bytes does not hold us."""

    def __init__(self, of: _Line) -> None:
        self._of = of

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._of.line.settimeout(self._of.deadline.left())
        return self._of.line.recv_into(buffer)
