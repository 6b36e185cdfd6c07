"""The pen of the login history: one line per outcome, in the transaction of the outcome; strangers are folded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from gatebridge.records import request_queue
from gatebridge.rules import history_seals, network
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding
from gatebridge.storage import login_history, strangers
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

# A stranger can make the server write; these bound how much (data.md, "Refusals from strangers do not fill the disk").
RECEIPTS_PER_WINDOW = 20
RECEIPTS_PER_DAY = 5_000
WINDOW = timedelta(minutes=10)
EVERYWHERE = "*"
DAY_ROW = "day"

LONGEST = 512


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line to be written. `folds`: whoever asked has proven nothing to this org, so repetitions are only counted.

    `proven`: a client asked that has proven itself, be its app known here or not.
    """

    line: HistoryLine
    folds: bool = False
    proven: bool = False


def receipt(findings: Sequence[Finding], request: Mapping[str, str | None]) -> dict[str, object]:
    """What a receipt keeps: every finding, and what the request said. Values are cut to 512 bytes; secrets never come here."""
    return {
        "findings": [_finding(finding) for finding in findings],
        "request": {name: _cut(value) for name, value in request.items() if value is not None},
    }


def would_refuse(receipt: Mapping[str, object]) -> str | None:
    """The first reason with which a monitored rule would have refused what this receipt tells of; None where none would."""
    findings = receipt.get("findings")
    told = (finding.get("would_refuse") for finding in findings) if isinstance(findings, list) else ()
    return next((code for code in told if code is not None), None)


def write(tx: Tx, entries: Sequence[HistoryEntry]) -> list[str]:
    """Write the lines and return the id under which each can be found: its own, or that of the row that counts it.

    A line whose id was made too long ago, by a node that stood still or whose clock is slow, gets one of now: the hour in which it would
    stand may be sealed by now, and it would look as if somebody had put it in.
    """
    first_id = history_seals.first_id_written(tx.now)
    entries = [_written_late(tx, entry) if entry.line.id < first_id else entry for entry in entries]
    entries = [_shortened(entry) if entry.folds else entry for entry in entries]
    strange = [entry.line for entry in entries if entry.folds]
    counted = _counted(tx, strange) if strange else {}
    if full := [entry.line for entry in entries if entry.line.id not in counted]:
        login_history.insert_many(tx, full)
    if attempts := [entry.line for entry in entries if request_queue.asks(entry.line, proven=entry.proven)]:
        request_queue.count(tx, attempts)
    return [counted.get(entry.line.id, entry.line.id) for entry in entries]


def _written_late(tx: Tx, entry: HistoryEntry) -> HistoryEntry:
    return replace(entry, line=replace(entry.line, id=tx.new_id(Prefix.RECEIPT)))


def _shortened(entry: HistoryEntry) -> HistoryEntry:
    """A stranger's entry: the scopes that it names are as many as its sender liked, and are kept as far as a receipt keeps anything."""
    asked = entry.line.scopes_asked or ""
    if len(asked) <= LONGEST:
        return entry
    return replace(entry, line=replace(entry.line, scopes_asked=asked[:LONGEST].rpartition(" ")[0]))


def _counted(tx: Tx, lines: Sequence[HistoryLine]) -> dict[str, str]:
    """Those of the strangers' lines that are only counted, each with the id of the row that counts it."""
    groups: dict[tuple[str, str, str], list[HistoryLine]] = {}
    for line in lines:
        groups.setdefault((line.org_id, line.reason or "", _network(line.address)), []).append(line)
    left: dict[str, int] = {}
    beyond: dict[tuple[str, str], list[HistoryLine]] = {}
    found: dict[str, str] = {}
    admitted_of: dict[str, int] = {}
    # Every worker takes the counting rows in the same order, the rows of the day last, so that two of them never wait for each other.
    for (org_id, reason, where), group in sorted(groups.items(), key=itemgetter(0)):
        if org_id not in left:
            left[org_id] = RECEIPTS_PER_DAY - strangers.counted(tx, org_id, _day(tx.now), DAY_ROW, EVERYWHERE)
        if left[org_id] <= 0:
            # One row for the rest of the day, from wherever they come: a flood from a million networks makes no million rows.
            beyond.setdefault((org_id, reason), []).extend(group)
            continue
        admitted, counting_id = _fold(tx, org_id, reason, where, len(group), left[org_id])
        left[org_id] -= admitted
        admitted_of[org_id] = admitted_of.get(org_id, 0) + admitted
        found |= {line.id: counting_id for line in group[admitted:]}
    for (org_id, reason), group in sorted(beyond.items(), key=itemgetter(0)):
        row = strangers.count(tx, org_id, _day(tx.now), reason, EVERYWHERE, tx.new_id(Prefix.RECEIPT), len(group))
        found |= {line.id: row.id for line in group}
    for org_id, admitted in sorted(admitted_of.items()):
        if admitted:
            strangers.count(tx, org_id, _day(tx.now), DAY_ROW, EVERYWHERE, tx.new_id(Prefix.RECEIPT), admitted)
    return found


def _fold(tx: Tx, org_id: str, reason: str, where: str, times: int, left_today: int) -> tuple[int, str]:
    """How many of so many like refusals still get a receipt of their own, and the id of the row that counts the others."""
    counted = strangers.count(tx, org_id, _window(tx.now), reason, where, tx.new_id(Prefix.RECEIPT), times)
    before = counted.count - times
    return max(0, min(times, RECEIPTS_PER_WINDOW - before, left_today)), counted.id


def _day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _window(now: datetime) -> datetime:
    seconds = int(WINDOW.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def _network(address: str) -> str:
    parsed = network.parse_address(address)
    return network.network_of(parsed) if parsed is not None else "unknown"


def _finding(finding: Finding) -> dict[str, object]:
    said: dict[str, object] = {"gate": finding.gate, "state": finding.state, "words": _cut(finding.words)}
    if finding.reason is not None:
        said["reason"] = finding.reason.code
    if finding.would_refuse is not None:
        said["would_refuse"] = finding.would_refuse.code
    if finding.compared:
        said["compared"] = [_compared(each) for each in finding.compared]
    return said


def _compared(compared: Compared) -> dict[str, str | None]:
    return {
        "name": compared.name,
        "sent": _cut(compared.sent) if compared.sent is not None else None,
        "registered": _cut(compared.registered) if compared.registered is not None else None,
        "difference": _cut(compared.difference),
    }


def _cut(text: str) -> str:
    if len(text) <= LONGEST and text.isascii() and "\0" not in text:
        return text
    raw = text.replace("\0", "�").encode("utf-8", "replace")  # half a surrogate pair, which no database keeps either, is left out of it
    return raw.decode() if len(raw) <= LONGEST else raw[: LONGEST - 3].decode("utf-8", "ignore") + "…"
