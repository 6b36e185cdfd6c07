"""The one way out: whom it reaches, what it believes, and when it stops (std SC-07, X-SS-03, X-SS-04, X-SS-05)."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.delivery.listener import Listener, listening, says

from gatebridge.delivery import fetching
from gatebridge.delivery.fetching import MOST_BYTES, Fetching, NoAnswer, NotAllowed
from gatebridge.rules.outbound import Reach

HOME = Fetching(Reach(loopback=True))
ABROAD = Fetching(Reach(own=(ip_network("0.0.0.0/0"), ip_network("::/0"))))
SHORT = Fetching(Reach(loopback=True), seconds=0.3)
FORM = {"logout_token": "ey.canary.x"}


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening(says("200 OK", b"thanks")) as made:
        yield made


def test_a_form_is_posted_and_the_answer_comes_back(listener: Listener) -> None:
    answer = fetching.post(f"{listener.url}/out?from=here", FORM | {"a": "b c&"}, HOME)
    assert (answer.status, answer.body) == (200, b"thanks")
    (request,) = listener.got
    head = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[0] == "POST /out?from=here HTTP/1.1"
    assert {
        f"Host: 127.0.0.1:{listener.port}",
        "Content-Type: application/x-www-form-urlencoded",
        "Accept-Encoding: identity",
        "Connection: close",
    } <= set(head)
    assert listener.forms() == [FORM | {"a": "b c&"}]


@pytest.mark.parametrize("status", [204, 400, 404, 500])
def test_every_status_is_an_answer(status: int) -> None:
    with listening(says(f"{status} So")) as listener:
        assert fetching.post(listener.url, FORM, HOME).status == status


def test_X_SS_03_a_redirect_is_an_answer_and_is_not_followed(listener: Listener) -> None:
    with listening(says("302 Found", b"", f"Location: {listener.url}/")) as sends_away:
        assert fetching.post(sends_away.url, FORM, HOME).status == 302
    assert listener.silent


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "127.9.9.9", "2130706433", "0x7f000001", "[::ffff:7f00:1]", "[::1]", "[::]", "0.0.0.0"],
)
def test_X_SS_04_this_machine_is_not_reached_by_any_spelling(listener: Listener, host: str) -> None:
    """Whatever the machine's own resolver makes of it; plain http is refused before that."""
    with pytest.raises((NotAllowed, NoAnswer)):
        fetching.post(f"https://{host}:{listener.port}/", FORM, ABROAD)
    with pytest.raises(NotAllowed):
        fetching.post(f"http://{host}:{listener.port}/", FORM, ABROAD)
    assert listener.silent


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["fe80::1%lo"]])
def test_X_SS_04_a_name_that_leads_inside_is_not_followed_there(found: list[str]) -> None:
    way = Fetching(Reach(), resolve=lambda host, port: found)
    with pytest.raises(NotAllowed, match="nothing is sent there"):
        fetching.post("https://app.example/out", FORM, way)


def test_X_SS_04_a_name_is_resolved_once_and_the_connection_goes_to_the_address_that_was_judged(listener: Listener) -> None:
    """A resolver that says something good first and something bad after that (rebinding) is asked once only."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    way = Fetching(Reach(loopback=True), resolve=rebinding)
    assert fetching.post(f"http://app.invalid:{listener.port}/", FORM, way).status == 200
    assert asked == ["app.invalid"]
    # And for a second request it is judged anew: no connection is kept.
    with pytest.raises(NotAllowed):
        fetching.post(f"http://app.invalid:{listener.port}/", FORM, way)
    assert len(listener.got) == 1


def test_the_next_address_is_tried_where_one_does_not_answer(listener: Listener) -> None:
    way = Fetching(Reach(loopback=True), resolve=lambda host, port: ["::1", "127.0.0.1"])
    assert fetching.post(f"http://app.invalid:{listener.port}/", FORM, way).status == 200


def test_std_SC_07_no_proxy_of_the_environment_is_asked(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(says("200 OK")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert fetching.post(listener.url, FORM, HOME).body == b"thanks"
        assert proxy.silent


def test_X_SS_05_a_drip_of_bytes_does_not_hold_us_longer_than_silence() -> None:
    over = threading.Event()

    def drip(line: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
            line.sendall(bytes([letter]))
            if over.wait(0.05):
                return

    def silence(_: socket.socket) -> None:
        over.wait(10)

    for talk in (drip, silence):
        over.clear()
        with listening(talk) as listener:
            before = time.monotonic()
            with pytest.raises(NoAnswer, match=r"127\.0\.0\.1 did not answer within 0\.3 seconds"):
                fetching.post(listener.url, FORM, SHORT)
            assert time.monotonic() - before < 5
            over.set()


def test_X_SS_05_of_a_huge_answer_a_small_part_is_read() -> None:
    def flood(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 65_536)

    with listening(flood) as listener:
        assert len(fetching.post(listener.url, FORM, HOME).body) == MOST_BYTES


def test_X_SS_05_nothing_is_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    with listening(says("200 OK", bomb, "Content-Encoding: gzip")) as listener:
        assert fetching.post(listener.url, FORM, HOME).body == bomb[:MOST_BYTES]


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(lambda line: line.sendall(b"canary, I am no web server\r\n\r\n"), id="no HTTP"),
        pytest.param(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\n" + b"canary: x\r\n" * 500 + b"\r\n"), id="too many headers"),
        pytest.param(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\ncanary: " + b"x" * 100_000 + b"\r\n\r\n"), id="a header too long"),
        pytest.param(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n"), id="a broken chunk"),
        pytest.param(lambda line: None, id="nothing at all"),
    ],
)
def test_X_SS_05_the_words_hold_nothing_that_was_sent_or_received(talk: object) -> None:
    with listening(talk) as listener, pytest.raises(NoAnswer) as refused:  # type: ignore[arg-type]
        fetching.post(f"{listener.url}/out?key=canary", FORM, HOME)
    assert "canary" not in str(refused.value)
    assert str(refused.value).startswith("127.0.0.1 could not be reached (")


def test_nobody_at_the_address_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoAnswer, match="could not be reached"):
        fetching.post(f"http://127.0.0.1:{port}/", FORM, HOME)


@pytest.mark.parametrize("uri", ["", "app.example", "ftp://app.example/", "https://ada@app.example/"])
def test_what_is_no_address_is_not_sent_to(uri: str) -> None:
    with pytest.raises(NotAllowed):
        fetching.post(uri, FORM, HOME)


def test_a_name_that_does_not_resolve_and_a_resolver_that_sleeps_are_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> list[object]:
        raise socket.gaierror("canary")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(NoAnswer, match=r"app\.example could not be reached \(gaierror\)"):
        fetching.post("https://app.example/", FORM, ABROAD)

    over = threading.Event()

    def sleeps(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", sleeps)
    before = time.monotonic()
    with pytest.raises(NoAnswer, match="did not answer within"):
        fetching.post("https://app.example/", FORM, SHORT)
    assert time.monotonic() - before < 5
    over.set()


def certified(directory: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate for a name, and what a client needs to trust it: one context each."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = directory / "certificate.pem"
    path.write_bytes(pem + plain)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_std_SC_07_https_goes_to_the_judged_address_and_checks_the_certificate_of_the_name(tmp_path: Path) -> None:
    server, trusting = certified(tmp_path, "app.example")
    with listening(says("200 OK"), lambda plain: server.wrap_socket(plain, server_side=True)) as listener:

        def way(context: ssl.SSLContext | None) -> Fetching:
            return Fetching(Reach(loopback=True), resolve=lambda host, port: ["127.0.0.1"], context=context)

        assert fetching.post(f"https://app.example:{listener.port}/", FORM, way(trusting)).status == 200
        assert len(listener.got) == 1
        for name, context in (("other.example", trusting), ("app.example", None)):
            with pytest.raises(NoAnswer, match="could not be trusted"):
                fetching.post(f"https://{name}:{listener.port}/", FORM, way(context))
        assert len(listener.got) == 1
