"""A small mail server (RFC 5321) in a thread, which keeps what it is given and remembers how it was spoken to."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USERNAME, PASSWORD = "gatebridge", "a password of a mail server"


@dataclass
class MailServer:
    """What the server was told. `commands` are the first words, each with `+` in front where the way was protected by then."""

    context: ssl.SSLContext
    offers_starttls: bool = True
    implicit_tls: bool = False
    refuses: bool = False  # to take any mail
    port: int = 0
    commands: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    credentials: list[tuple[str, str]] = field(default_factory=list)


class _Conversation(socketserver.StreamRequestHandler):
    timeout = 10

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()  # the server knows only of the socket that was wrapped

    def handle(self) -> None:
        server: MailServer = self.server.state  # type: ignore[attr-defined]
        protected = server.implicit_tls
        if protected:
            self._protect(server)
        self._say("220 mail.example ready")
        while line := self.rfile.readline():
            word, _, rest = line.decode("ascii").strip().partition(" ")
            server.commands.append(("+" if protected else "") + word.upper())
            match word.upper():
                case "EHLO":
                    offers = ["AUTH PLAIN"] if protected or not server.offers_starttls else ["STARTTLS"]
                    self._say("250-mail.example", f"250 {offers[0]}")
                case "STARTTLS" if server.offers_starttls and not protected:
                    self._say("220 go on")
                    self._protect(server)
                    protected = True
                case "AUTH":
                    _, username, password = base64.b64decode(rest.split(" ")[1]).decode().split("\0")
                    server.credentials.append((username, password))
                    self._say("235 welcome" if (username, password) == (USERNAME, PASSWORD) else "535 no")
                case "MAIL":
                    server.senders.append(rest)
                    self._say("451 try again later" if server.refuses else "250 ok")
                case "RCPT":
                    server.recipients.append(rest)
                    self._say("250 ok")
                case "DATA":
                    self._say("354 go on")
                    server.mails.append(self._text())
                    self._say("250 kept")
                case "RSET":
                    self._say("250 ok")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("502 no such command")

    def _text(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _protect(self, server: MailServer) -> None:
        self.request = server.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up during a handshake is what some of the tests are about."""

    def shutdown_request(self, request: object) -> None:
        with suppress(OSError):
            super().shutdown_request(request)  # type: ignore[arg-type]


@contextmanager
def mail_server(directory: Path, **said: Any) -> Iterator[MailServer]:
    """A mail server on a free port of this machine, with a certificate for `localhost` that `client_context` believes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(directory))
    state = MailServer(context, **said)
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.state = state  # type: ignore[attr-defined]
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join(10)


def client_context(directory: Path) -> ssl.SSLContext:
    """A client that believes this server's certificate and no other."""
    return ssl.create_default_context(cafile=str(directory / "certificate.pem"))


def _certificate(directory: Path) -> tuple[Path, Path]:
    certificate, key_file = directory / "certificate.pem", directory / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, key_file
