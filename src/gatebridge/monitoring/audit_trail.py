"""The setup audit trail: reading it, and finding out whether anybody changed it behind our back."""

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from gatebridge.crypto.sealing import MasterKeys
from gatebridge.monitoring.audit_heads import OutsideHead
from gatebridge.records.chain import ALGORITHM, BEGINNING, chain_key, line_mac
from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import audit_trail, outbox
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.tx import Tx

CHUNK = 1_000
JUST_NOW = timedelta(minutes=1)  # between reading the heads outside and the beginning of the snapshot, a few more may be delivered


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted; None narrows nothing. `since` is included, `until` is not."""

    target_id: str | None = None
    actor_id: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    target_ids: tuple[str, ...] | None = None  # of any of these records
    seals: bool = False  # those too that seal an hour of the login history, which is no change; asked for by their event, they are there


def page(tx: Tx, actor: Actor, wanted: AuditFilter, *, behind: int | None = None, limit: int = 50, rising: bool = False) -> list[AuditLine]:
    """The lines behind number `behind` (None: from the first of them), at most `limit`, newest first or `rising`. Raises Refused."""
    permit(actor, Permission.VIEW_AUDIT_TRAIL)
    narrowed = asdict(wanted)
    but_event = None if narrowed.pop("seals") or wanted.event is not None else Event.LOGIN_HISTORY_SEALED
    return audit_trail.page(tx, actor.org_id, behind=behind, limit=limit, rising=rising, but_event=but_event, **narrowed)


def by_id(tx: Tx, actor: Actor, line_id: str) -> AuditLine:
    """The line of this id. Raises Refused."""
    permit(actor, Permission.VIEW_AUDIT_TRAIL)
    line = audit_trail.by_id(tx, actor.org_id, line_id)
    if line is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return line


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking one org's chain. Only `intact` is good news: any doubt is `could_not_check` (X-AU-05)."""

    state: Literal["intact", "tampered", "could_not_check"]
    checked: int  # lines whose MAC was recomputed
    first_bad: int | None  # the number of the first line that is wrong, is missing, or could not be checked
    words: str


def verify(tx: Tx, org_id: str, keys: MasterKeys, outside_heads: Iterable[OutsideHead]) -> Verification:
    """Recompute the whole chain of an org, and compare it with its head and with the heads outside the database.

    Finds a line that was edited, put in, taken out or moved; a tail that was cut off, or all lines (X-AU-02); and a line that claims an
    older algorithm or a master key that was already replaced (X-AU-04). `tx` is a snapshot that began after the heads were read. `keys`
    holds the older master keys too. A master key must be replaced while every node is stopped, or a node that still uses the
    old one writes lines that look like that.
    """
    outside: dict[int, bytes] = {}
    for head in outside_heads:
        if head.org_id != org_id:
            continue
        if outside.setdefault(head.sequence, head.mac) != head.mac:
            return _tampered(0, head.sequence, f"Two different heads number {head.sequence} were written outside the database.")
    walk = _Walk({key.id: chain_key(key) for key in keys.all}, outside)
    for line in _lines(tx, org_id):
        fault = walk.fault_of(line)
        if fault is not None:
            return _tampered(walk.checked, walk.expected, fault)
        walk.step(line)
    return _at_the_end(tx, org_id, walk)


@dataclass(slots=True)
class _Walk:
    """Where a verification stands: behind the line number `last`, whose MAC is `mac`."""

    chain_keys: dict[str, bytes]
    outside: dict[int, bytes]
    last: int = 0
    mac: bytes = BEGINNING
    checked: int = 0
    floor: int = ALGORITHM
    key_id: str = ""
    replaced: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)
    first_unknown: int | None = None

    @property
    def expected(self) -> int:
        """The number that the next line must have."""
        return self.last + 1

    def fault_of(self, line: AuditLine) -> str | None:
        """What is wrong with the next line, as a sentence; None when nothing is, or when it cannot be checked."""
        number = line.sequence
        if number != self.expected:
            return f"Line {self.expected} is missing: the next one is line {number}."
        if line.algorithm < self.floor:
            return f"Line {number} claims algorithm {line.algorithm}, which is older than what the chain was made with."
        if line.key_id in self.replaced:
            return f"Line {number} claims master key {line.key_id}, which had been replaced before it."
        if number in self.outside and not hmac.compare_digest(self.outside[number], line.mac):
            return f"Line {number} is not the one whose MAC was written outside the database."
        if self._can_check(line) and not hmac.compare_digest(line_mac(self.chain_keys[line.key_id], self.mac, line), line.mac):
            return f"Line {number} was changed: its MAC does not fit what it says and the line before it."
        return None

    def step(self, line: AuditLine) -> None:
        """Go behind a line without a fault."""
        if self._can_check(line):
            self.checked += 1
        else:
            self.unknown[line.key_id if line.algorithm <= ALGORITHM else f"algorithm {line.algorithm}"] += 1
            self.first_unknown = self.first_unknown or line.sequence
        if self.key_id not in ("", line.key_id):
            self.replaced.add(self.key_id)
        self.last, self.mac, self.key_id, self.floor = line.sequence, line.mac, line.key_id, line.algorithm

    def _can_check(self, line: AuditLine) -> bool:
        return line.algorithm <= ALGORITHM and line.key_id in self.chain_keys


def _at_the_end(tx: Tx, org_id: str, walk: _Walk) -> Verification:
    """The chain itself has no fault: is it whole, and was all of it checked?"""
    newest = max(walk.outside, default=0)
    if newest > walk.last:
        gone = newest - walk.last
        words = f"The end is cut off: {gone} {'line is' if gone == 1 else 'lines are'} gone that were written outside the database."
        return _tampered(walk.checked, walk.expected, words)
    head = audit_trail.head(tx, org_id)
    if (head.sequence if head else 0, head.mac if head else BEGINNING) != (walk.last, walk.mac):
        return _tampered(walk.checked, walk.expected, f"The head of the chain does not fit its last line, number {walk.last}.")
    if walk.unknown:
        missing = ", ".join(sorted(walk.unknown))
        words = f"{walk.unknown.total()} lines need what is not at hand: {missing}. Give every older master key, and the newest version."
        return Verification("could_not_check", walk.checked, walk.first_unknown, words)
    behind = walk.last - newest
    if behind > outbox.undelivered(tx, org_id, "audit_head", tx.now - JUST_NOW):
        words = f"The heads outside end at line {newest}; those up to line {walk.last} were delivered. Is this the right file, and whole?"
        return Verification("could_not_check", walk.checked, newest + 1, words)
    return Verification("intact", walk.checked, None, f"All {walk.checked} lines are as they were written.")


def _tampered(checked: int, first_bad: int, words: str) -> Verification:
    return Verification("tampered", checked, first_bad, words)


def _lines(tx: Tx, org_id: str) -> Iterator[AuditLine]:
    # From below 1, so that a line put in front of the first is seen too.
    lines = audit_trail.chunk(tx, org_id, -(2**62), CHUNK)
    while lines:
        yield from lines
        lines = audit_trail.chunk(tx, org_id, lines[-1].sequence, CHUNK)
