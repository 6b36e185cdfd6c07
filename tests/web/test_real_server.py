"""The real server on a socket: what an HTTP library in front of us would hide (X-HT-02), and stopping in order."""

import signal
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from tests.journeys.installation import Installation, new_installation
from tests.web.world import add_org

from gatebridge import bootstrap
from gatebridge.storage import migrate


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation whose org answers at the name that the requests below carry."""
    found = new_installation(tmp_path_factory.mktemp("real"))
    with found.database() as database:
        migrate.upgrade(database)
        with database.transaction() as tx:
            add_org(tx, HOST_NAME)
    return found


@pytest.fixture(scope="module")
def port(installation: Installation) -> Iterator[int]:
    with installation.serving():
        yield int(installation.base_url.rpartition(":")[2])


HOST_NAME = "acme.test"


def talk(port: int, request: bytes) -> bytes:
    """Send bytes and read all that comes back until the server closes the connection, as it does after each of these."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65_536):
            received += part
    return received


def statuses(answer: bytes) -> list[bytes]:
    return [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]


HOST = f"Host: {HOST_NAME}\r\n".encode()
SMUGGLED = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


def test_the_server_answers_and_does_not_say_what_it_is_made_of(port: int) -> None:
    answer = talk(port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [b"200"]
    assert b"uvicorn" not in answer.lower()


TABLE = [
    pytest.param(b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + SMUGGLED, id="two lengths"),
    pytest.param(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, id="a length and chunks"),
    pytest.param(b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED, id="chunks that are not last"),
    pytest.param(b"Content-Length: +5\r\n\r\nhello" + SMUGGLED, id="a length with a sign"),
    pytest.param(b"Content-Length: 5 5\r\n\r\nhello" + SMUGGLED, id="a length that is two"),
    pytest.param(b"Content-Length : 5\r\n\r\nhello" + SMUGGLED, id="a blank before the colon"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + SMUGGLED, id="a chunk of no size"),
    pytest.param(b"X-A: b\x00c\r\n\r\n" + SMUGGLED, id="a NUL in a header"),
]


@pytest.mark.parametrize("rest", TABLE)
def test_X_HT_02_a_request_that_two_readers_could_end_in_two_places_lets_nothing_through_behind_it(port: int, rest: bytes) -> None:
    answer = talk(port, b"POST /services/oauth2/token HTTP/1.1\r\n" + HOST + rest)
    assert statuses(answer) == [b"400"], "one refusal, and no answer to what stood behind"


@pytest.mark.parametrize("line", [b"GET /help\x0b HTTP/1.1", b"GET /a b HTTP/1.1", b"get / HTTP/1.1", b"GET / HTTP/9.9", b"\x16\x03\x01"])
def test_X_XS_05_a_request_line_with_control_bytes_is_refused(port: int, line: bytes) -> None:
    assert statuses(talk(port, line + b"\r\n" + HOST + b"Connection: close\r\n\r\n")) == [b"400"]


def test_X_HT_01_a_body_in_endless_chunks_is_cut_off(port: int) -> None:
    head = b"POST /services/oauth2/token HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        answer = b""
        try:
            for _ in range(64):
                connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:  # it closed the connection while we were still sending
            pass
        while part := connection.recv(65_536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    assert statuses(answer)[0] == b"413"


@pytest.mark.parametrize("sizes", [(1,) * 60, (23, 37), (60,)], ids=["a byte at a time", "two pieces", "one piece"])
def test_a_form_in_chunks_without_a_length_is_read_whole(port: int, sizes: tuple[int, ...]) -> None:
    """So the Node.js libraries of Salesforce send theirs."""
    body = b"grant_type=client_credentials&scope=api%20id&scope=api%20web"
    assert sum(sizes) == len(body)
    head = b"POST /services/oauth2/token HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
    chunks = b""
    for size in sizes:
        chunks, body = chunks + b"%x\r\n%s\r\n" % (size, body[:size]), body[size:]
    answer = talk(port, head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert statuses(answer) == [b"400"]
    assert b"(scope)" in answer, "what stands at the very end was read, and found to be there twice"


def test_X_HT_08_clients_that_never_finish_their_request_do_not_keep_others_out(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(200)]
    try:
        for number, connection in enumerate(slow):
            half_a_body = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\ngrant_type="
            connection.sendall(b"POST /services/oauth2/token HTTP/1.1\r\n" + HOST + (half_a_body if number % 2 else b"X-A: "))
        answer = talk(port, b"GET /readyz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert statuses(answer) == [b"200"]
    finally:
        for connection in slow:
            connection.close()


def test_a_server_that_is_told_to_stop_tells_what_would_go_on_for_long() -> None:
    stopping = threading.Event()
    server = bootstrap.Listener(uvicorn.Config(lambda: None), stopping)
    server.handle_exit(signal.SIGTERM, None)
    assert (stopping.is_set(), server.should_exit) == (True, True)
