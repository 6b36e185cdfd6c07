"""Mail: sent through a mail server, or written as one file each into a directory, from which a person reads it."""

import os
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Literal

from gatebridge.crypto.secrets import Secret
from gatebridge.delivery.courier import MOST_ATTEMPTS
from gatebridge.delivery.file import sync_directory
from gatebridge.rules.ids import long
from gatebridge.storage.outbox import Entry

SENDER = "Gatebridge <gatebridge@localhost>"

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class FileMailer:
    """Writes entries of the kind `mail`, whose payload is `to`, `subject` and `text`, as `<outbox id>.eml` (RFC 5322).

    The name is the entry's id, so an entry that comes twice is still one mail.
    """

    directory: Path
    sender: str = SENDER

    @property
    def most_attempts(self) -> int | None:
        return MOST_ATTEMPTS

    def deliver(self, entry: Entry) -> None:
        """Write the mail durably. Raises OSError, and ValueError or KeyError where the payload makes no mail."""
        message = message_of(entry, self.sender)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished, finished = self.directory / f"{long(entry.id)}.part", self.directory / f"{long(entry.id)}.eml"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=SMTP))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(finished)
        sync_directory(self.directory)


@dataclass(slots=True)
class SmtpMailer:
    """Hands entries of the kind `mail` to a mail server (RFC 5321), one connection each.

    `security` is `tls` from the first byte, `starttls` (RFC 3207), which is never left out where the server does not offer it, or `none`.
    After a failed connection nothing is tried for `rest_seconds`: the worker has other work, and a server that is away makes every mail
    wait. An entry that comes twice is sent twice, with the same Message-ID, by which mail programs know it again.
    """

    host: str
    port: int
    security: Security
    sender: str = SENDER
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)  # whom to believe; None: whom this machine believes
    timeout_seconds: float = 10
    rest_seconds: float = 30
    monotonic: Callable[[], float] = time.monotonic
    _rests_until: float = field(default=float("-inf"), repr=False)

    @property
    def most_attempts(self) -> int | None:
        return MOST_ATTEMPTS

    def deliver(self, entry: Entry) -> None:
        """Send the mail. Raises OSError (smtplib's errors are), and ValueError or KeyError where the payload makes no mail."""
        message = message_of(entry, self.sender)
        if self.monotonic() < self._rests_until:
            raise ConnectionError("the mail server could not be reached a moment ago")
        with self._connected() as server:
            # What goes into the envelope is read from the message, so the two never differ.
            server.send_message(message)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._greeted()
        except (OSError, smtplib.SMTPException):
            self._rests_until = self.monotonic() + self.rest_seconds
            raise
        # Leaving the block says QUIT, and closes the connection where that fails too.
        with server:
            yield server

    def _greeted(self) -> smtplib.SMTP:
        # The name to greet with is given, since looking for the own one asks name servers and may take minutes.
        said: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "timeout": self.timeout_seconds,
            "local_hostname": _domain(self.sender),
        }
        context = self.context or ssl.create_default_context()
        server = smtplib.SMTP_SSL(**said, context=context) if self.security == "tls" else smtplib.SMTP(**said)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.username is not None and self.password is not None:
                server.login(self.username, self.password.reveal())
        except BaseException:
            server.close()
            raise
        return server


def message_of(entry: Entry, sender: str) -> EmailMessage:
    """The mail that an entry asks for. Raises ValueError or KeyError where the payload makes none."""
    # EmailMessage refuses a line end in a header, so an address or a subject can add no header of its own.
    message = EmailMessage()
    message["From"] = sender
    message["To"] = str(entry.payload["to"])
    message["Subject"] = str(entry.payload["subject"])
    message["Date"] = format_datetime(entry.created_at)
    message["Message-ID"] = f"<{long(entry.id)}@{_domain(sender)}>"
    # A mailing program that answers by itself answers this: no machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    text = str(entry.payload["text"])
    # As it is where it can be: a link that is longer than a line would be spelled otherwise, and could not be read in the file.
    if text.isascii():
        message.set_content(text, cte="7bit")
    else:
        message.set_content(text)
    return message


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
