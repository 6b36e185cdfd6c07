"""Whether the login history is as it was sealed: the lines of each stretch are digested anew and held against the seal in the chain."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gatebridge.crypto.sealing import MasterKeys
from gatebridge.records import history_seals as pen
from gatebridge.records.chain import ALGORITHM, BEGINNING, chain_key, line_mac
from gatebridge.rules import history_seals
from gatebridge.rules.events import Event
from gatebridge.rules.history_seals import Seal
from gatebridge.storage import audit_trail, login_history
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.tx import Tx

SEALS_AT_ONCE = 100
LINES_AT_ONCE = 20_000  # less than a second


@dataclass(frozen=True, slots=True)
class HistoryVerification:
    """What came of holding seals against the history, the newest first. Only `intact` is good news, and it is about what was looked at."""

    state: Literal["intact", "tampered", "could_not_check"]
    seals: int  # that were held against their lines
    lines: int  # that were digested
    first_bad: int | None  # the number of the line of the trail whose seal does not fit, or could not be checked
    words: str
    go_on: int | None  # the number of the last seal that was looked at, where older ones may be left; None: none is left


class _Fault(Exception):  # noqa: N818 - told as a state, not as an error
    """Where the walk ended, and why."""

    def __init__(self, state: Literal["tampered", "could_not_check"], number: int | None, words: str, *, go_on: int | None = None) -> None:
        super().__init__(words)
        self.state, self.number, self.words, self.go_on = state, number, words, go_on


def verify(tx: Tx, org_id: str, keys: MasterKeys, *, go_on: int | None = None, lines_at_once: int = LINES_AT_ONCE) -> HistoryVerification:
    """Hold the newest seals against the history, or those older than the seal number `go_on`, until so many lines were read.

    Finds a line that was changed, removed or put in since its hour was sealed, a stretch that no seal covers, and a seal that nobody with
    the key has written; what the house removed because its time was over is not missed. The first fault ends it, and behind an hour that
    does not fit one may go on. Whether the trail is whole is for `monitoring.audit_trail` to say: a tail of it that was cut off takes its
    seals along. `tx` is a snapshot.
    """
    walk = _Walk(tx, org_id, {key.id: chain_key(key) for key in keys.all})
    try:
        older = walk.through(go_on, lines_at_once)
    except _Fault as fault:
        return HistoryVerification(fault.state, walk.seals, walk.lines, fault.number, fault.words, fault.go_on)
    return HistoryVerification("intact", walk.seals, walk.lines, None, walk.words(older), older)


@dataclass(slots=True)
class _Walk:
    """One walk through the seals of an org, from new to old."""

    tx: Tx
    org_id: str
    chain_keys: dict[str, bytes]
    seals: int = 0
    lines: int = 0
    newest: str = ""
    expired: str = ""  # up to here the house has removed what there was
    before: dict[int, bytes] = field(default_factory=dict)  # the MACs of the lines before those that are looked at, by their numbers

    def through(self, go_on: int | None, lines_at_once: int) -> int | None:
        """Go on as far as it goes. The number of the last seal, where there are older ones. Raises _Fault."""
        for line in self._newest_first(Event.LOGIN_HISTORY_EXPIRED, None, 1):
            self._authentic(line)
            self.expired = pen.up_to(line)
            break  # an older one tells of less
        last: tuple[int, Seal] | None = None
        for line in self._newest_first(Event.LOGIN_HISTORY_SEALED, go_on, SEALS_AT_ONCE):
            number, seal = line.sequence, self._seal_of(line)
            if last is not None and last[1].behind_id != seal.up_to_id:
                raise _Fault("tampered", last[0], f"The seals in lines {number} and {last[0]} of the trail do not meet.")
            if last is None and go_on is None:
                self._look_behind(seal.up_to_id)
            if number != go_on:
                if seal.up_to_id <= self.expired:
                    return None
                if last is not None and self.lines >= lines_at_once:
                    return last[0]
                self._compare(number, seal)
            last = number, seal
        if last is None:
            self._look_behind(history_seals.BEGINNING)
        elif last[1].behind_id != history_seals.BEGINNING:
            raise _Fault("tampered", last[0], f"The seal before the one in line {last[0]} of the trail is gone.")
        return None

    def words(self, older: int | None) -> str:
        """What is good news, in a sentence or two."""
        if not self.seals:
            said = (
                "No hour of the login history is sealed." if not self.expired else "No hour of the login history is left that was sealed."
            )
        else:
            many = f"{self.lines:,} {'line' if self.lines == 1 else 'lines'} of login history"
            said = (
                f"Until {_moment(self.newest)}, {many} under {self.seals:,} {'seal' if self.seals == 1 else 'seals'} fit what was sealed."
            )
        if older is not None:
            return f"{said} There are older ones."
        return f"{said} What was older than {_moment(self.expired)} was removed when its time was over." if self.expired else said

    def _newest_first(self, event: Event, up_to_number: int | None, at_once: int) -> Iterator[AuditLine]:
        behind = None if up_to_number is None else up_to_number + 1
        while lines := audit_trail.page(self.tx, self.org_id, behind=behind, limit=at_once, event=event):
            self.before = audit_trail.macs(self.tx, self.org_id, [line.sequence - 1 for line in lines])
            yield from lines
            behind = lines[-1].sequence

    def _authentic(self, line: AuditLine) -> None:
        if line.algorithm > ALGORITHM or line.key_id not in self.chain_keys:
            missing = line.key_id if line.algorithm <= ALGORITHM else f"algorithm {line.algorithm}"
            raise _Fault("could_not_check", line.sequence, f"Line {line.sequence} of the trail needs what is not at hand: {missing}.")
        previous = self.before.get(line.sequence - 1, BEGINNING)
        if not hmac.compare_digest(line_mac(self.chain_keys[line.key_id], previous, line), line.mac):
            raise _Fault("tampered", line.sequence, f"Line {line.sequence} of the trail, which tells of the login history, was changed.")

    def _seal_of(self, line: AuditLine) -> Seal:
        self._authentic(line)
        seal = history_seals.read(line.changes)
        if seal is None:
            raise _Fault("could_not_check", line.sequence, f"The seal in line {line.sequence} of the trail is one of a newer version.")
        return seal

    def _compare(self, number: int, seal: Seal) -> None:
        try:
            found = pen.held(self.tx, self.org_id, seal.behind_id, seal.up_to_id)
            wrong = history_seals.fault(seal, found)
            self.lines += found.lines
        except (ValueError, TypeError, OverflowError):  # SQLite keeps what is no moment, when it is told to
            wrong = "a line was changed, and cannot be read"
        if wrong is not None:
            words = f"Of the login history until {_moment(seal.up_to_id)}, sealed in line {number}, {wrong}."
            raise _Fault("tampered", number, words, go_on=number)
        self.seals += 1
        self.newest = self.newest or seal.up_to_id

    def _look_behind(self, sealed_up_to: str) -> None:
        """Is all sealed that should be by now, and is there nothing that could not be there?"""
        if login_history.first_id_behind(self.tx, self.org_id, history_seals.too_new_from(self.tx.now)) is not None:
            raise _Fault("tampered", None, "A line of the login history claims to be of a time that is still to come.")
        oldest = login_history.first_id_behind(self.tx, self.org_id, max(sealed_up_to, self.expired))
        if oldest is not None and oldest < history_seals.overdue_before(self.tx.now):
            since = _moment(sealed_up_to) if sealed_up_to else "the beginning"
            raise _Fault("could_not_check", None, f"The login history since {since} is not sealed yet. Does the worker run?")


def _moment(up_to_id: str) -> str:
    return f"{history_seals.end_of(up_to_id):%Y-%m-%d %H:%M} UTC"
