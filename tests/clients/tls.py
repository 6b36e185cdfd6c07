"""A TLS door on the loopback before the plain port of a running server, as an operator's reverse proxy is, and the private CA behind it.

The server then has an https address and trusts 127.0.0.1 as its proxy. A client trusts the door by `door.authority.bundle`
(REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS); one that can go only to a name of salesforce.com has that name led to `door.port` by itself.
"""

import http.client
import http.server
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gatebridge.storage.database import utc_now

NAMES = ("localhost", "*.my.salesforce.com", "login.salesforce.com", "test.salesforce.com")
LOOPBACK = "127.0.0.1"
QUIET_SECONDS = 30  # after which a connection that says nothing is closed
_BETWEEN_NEIGHBOURS = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"})


class Authority:
    """A private certificate authority, as a company's own machines trust one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bundle = directory / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed("Private CA", self._key, None)
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        """What a server of NAMES shows."""
        key, chain = ec.generate_private_key(ec.SECP256R1()), self.directory / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain.write_bytes(private + self._signed(NAMES[0], key, NAMES).public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.bundle))

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...] | None) -> x509.Certificate:
        """A certificate for these names, or, without any, for an authority that signs others. Strict clients want every extension here."""
        subject, now, is_authority = _name(name), utc_now(), names is None
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
        )
        building = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if is_authority else self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=7))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **usage), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names is not None:
            hosts: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
            building = building.add_extension(
                x509.SubjectAlternativeName([*hosts, x509.IPAddress(ip_address(LOOPBACK))]), critical=False
            ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return building.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class TlsDoor:
    """The door. `url` is the address of the server behind it, as its org has it."""

    url: str
    port: int
    authority: Authority
    behind: int | None = None  # the server's plain port; None: there is no server yet

    def transport(self) -> httpx.BaseTransport:
        """How the tests' own browser comes to `url`, wherever that is."""
        return _ThroughTheDoor(self)


class _ThroughTheDoor(httpx.HTTPTransport):
    def __init__(self, door: TlsDoor) -> None:
        super().__init__(verify=door.authority.client_context(), limits=httpx.Limits(max_keepalive_connections=4))
        self._door = door

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        request.url = request.url.copy_with(host=LOOPBACK, port=self._door.port)  # the Host header keeps the name
        request.extensions = {**request.extensions, "sni_hostname": name}
        return super().handle_request(request)


@contextmanager
def tls_door(directory: Path, name: str = "localhost") -> Iterator[TlsDoor]:
    """A door that is open until the end of the block; `running_house(..., front=door)` puts a server behind it.

    Its address is https://localhost with its port, or https:// and `name`, which nobody but the clients of a test finds.
    """
    authority = Authority(directory)
    server = _Listener((LOOPBACK, 0), _Passing)
    server.socket = authority.server_context().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    port = server.server_port
    server.door = TlsDoor(f"https://localhost:{port}" if name == "localhost" else f"https://{name}", port, authority)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="tls door", daemon=True)
    thread.start()
    try:
        yield server.door
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Listener(http.server.ThreadingHTTPServer):
    door: TlsDoor
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that does not trust the door, or that left
            super().handle_error(request, client_address)


class _Passing(http.server.BaseHTTPRequestHandler):
    """Passes each request on as it came, but for what only neighbours say to each other, and says from where it came."""

    protocol_version = "HTTP/1.1"
    timeout = QUIET_SECONDS

    def pass_on(self) -> None:
        door = cast(_Listener, self.server).door
        if door.behind is None:
            self.send_error(502)
            return
        body, chunked = self._body()
        upstream = http.client.HTTPConnection(LOOPBACK, door.behind, timeout=QUIET_SECONDS)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _BETWEEN_NEIGHBOURS and not name.lower().startswith("x-forwarded-"):
                    upstream.putheader(name, value)
            upstream.putheader("X-Forwarded-For", self.client_address[0])
            upstream.putheader("X-Forwarded-Proto", "https")
            if chunked:
                upstream.putheader("Transfer-Encoding", "chunked")
            upstream.endheaders(body, encode_chunked=chunked)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _BETWEEN_NEIGHBOURS and name.lower() != "content-length":
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", (answer.getheader("Content-Length") or "0") if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = pass_on  # noqa: N815 - as the library calls them

    def _body(self) -> tuple[bytes | None, bool]:
        """The body, and whether it came in chunks; it is passed on in the same manner."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = int(self.headers.get("Content-Length") or 0)
            return (self.rfile.read(length) if length else None), False
        chunks = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers, which nobody sends
            pass
        return bytes(chunks), True

    def log_message(self, *_: object) -> None:
        pass
