"""The heads of the audit chains, appended to a file outside the database: what was once written there, the database cannot take back."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from gatebridge.storage.outbox import Entry

# How much of the file's end is searched for the last whole line; a line has about 200 bytes.
LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class HeadsFile:
    """Appends one JSON object a line, as the pen of the audit trail left it, readable for the server's account alone."""

    path: Path

    @property
    def most_attempts(self) -> int | None:
        """A head that is never written would be a gap in the evidence, so it is tried until the disk takes it."""
        return None

    def deliver(self, entry: Entry) -> None:
        """Append the entry's payload and wait until it is on the disk. Raises OSError."""
        line = json.dumps(dict(entry.payload), sort_keys=True, separators=(",", ":")).encode() + b"\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _drop_torn_end(descriptor)
            if os.write(descriptor, line) != len(line):
                raise OSError("the disk took only a part of the line")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            sync_directory(self.path.parent)


def _drop_torn_end(descriptor: int) -> None:
    """Remove what a crash left of a line that was not finished. It was never noted as delivered, so it comes again."""
    size = os.fstat(descriptor).st_size
    end = os.pread(descriptor, LONGEST_LINE, max(0, size - LONGEST_LINE))
    if end and not end.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(end) + end.rfind(b"\n") + 1)


def sync_directory(directory: Path) -> None:
    """Make a new file's name as durable as its content."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
