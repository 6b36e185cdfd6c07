"""The heads of the audit chains as they were written outside the database: what the database cannot take back."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutsideHead:
    """That at some moment the chain of an org ended in the line of this number with this MAC."""

    org_id: str
    sequence: int
    mac: bytes


class HeadsUnreadable(Exception):  # noqa: N818 - named for what was found
    """A line of the file of heads is none. Nothing can be concluded from such a file."""


def read(path: Path) -> list[OutsideHead]:
    """The heads in the file that the courier writes. Raises OSError, and HeadsUnreadable.

    Read them before the transaction in which the chain is verified begins: a head that came later would look like a line that is gone.
    """
    with path.open("rb") as file:
        return list(parse(file))


def parse(lines: Iterable[bytes]) -> Iterator[OutsideHead]:
    """The heads in these lines. One that is last and not ended is being written at this moment, or was cut by a crash, and comes again."""
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            said = json.loads(line)
            yield OutsideHead(str(said["org"]), int(said["sequence"]), bytes.fromhex(said["mac"]))
        except (ValueError, KeyError, TypeError) as error:
            raise HeadsUnreadable(f"Line {number} of the file of heads is none: {type(error).__name__}") from None
