"""Mail, written as one file each into a directory, from which a mail system takes it or a person reads it."""

import os
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from gatebridge.delivery.courier import MOST_ATTEMPTS
from gatebridge.delivery.file import sync_directory
from gatebridge.rules.ids import long
from gatebridge.storage.outbox import Entry

SENDER = "Gatebridge <gatebridge@localhost>"


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
        message = self._message(entry)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished, finished = self.directory / f"{long(entry.id)}.part", self.directory / f"{long(entry.id)}.eml"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=SMTP))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(finished)
        sync_directory(self.directory)

    def _message(self, entry: Entry) -> EmailMessage:
        # EmailMessage refuses a line end in a header, so an address or a subject can add no header of its own.
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = str(entry.payload["to"])
        message["Subject"] = str(entry.payload["subject"])
        message["Date"] = format_datetime(entry.created_at)
        message["Message-ID"] = f"<{long(entry.id)}@gatebridge>"
        message.set_content(str(entry.payload["text"]))
        return message
