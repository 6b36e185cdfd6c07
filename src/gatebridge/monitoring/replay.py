"""Policy replay: the decisions of the last days, judged once more on the facts of today and on those of a draft. Writes nothing.

Most requests of a job are alike, so lines that say the same are folded first, and each kind is decided twice, not each line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from gatebridge.monitoring.replay_answers import Answer, Change, Progress, Sum, Unjudged
from gatebridge.monitoring.replay_facts import ReplayFacts
from gatebridge.monitoring.replay_likeness import Likeness
from gatebridge.records.change import permit
from gatebridge.rules import reasons, replays
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.drafts import Draft
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.levels import Level
from gatebridge.rules.network import parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import level
from gatebridge.rules.replays import Difference, Kind, Use
from gatebridge.storage import names, recorded_uses
from gatebridge.storage.recorded_uses import Lines, Recorded
from gatebridge.storage.tx import Tx

DAYS = 30
MOST_DAYS = 366
MOST_LINES = 200_000
MOST_CHANGES = 500

EVENTS = ("token", "authorize", "api", "sign_in")
_DOOR_OF_FLOW = {
    Flow.CLIENT_CREDENTIALS: Door.TOKEN,
    Flow.WEB_SERVER: Door.CODE,
    Flow.USER_AGENT: Door.AUTHORIZE,
    Flow.REFRESH_TOKEN: Door.REFRESH,
    Flow.JWT_BEARER: Door.ASSERTION,
    Flow.DEVICE: Door.DEVICE,
}
_FLOWS, _METHODS = frozenset(Flow), frozenset(ClientAuthMethod)
_BOUND = (Door.CODE, Door.DEVICE, Door.REFRESH, Door.API)  # where the scopes are those of a code, family or token


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are replayed: the newest `lines` of the last `days`, perhaps of one app only."""

    days: int = DAYS
    app_id: str | None = None
    lines: int = MOST_LINES


@dataclass(slots=True)
class _Tally:
    outcome: Difference | Unjudged | None
    lines: int
    first_at: datetime
    last_at: datetime


# What was recorded, and whether its user may come in at that hour, today and by the draft; None: the hour does not matter.
_Key = tuple[Recorded, tuple[bool, bool] | None]


@dataclass(slots=True)
class _Run:
    facts: ReplayFacts
    likeness: Likeness
    tallies: dict[_Key, _Tally] = field(default_factory=dict)
    decided: dict[_Key, Difference | Unjudged | None] = field(default_factory=dict)  # by the face of the line


def run(tx: Tx, actor: Actor, org: Org, draft: Draft, wanted: Wanted) -> Iterator[Progress | Answer]:
    """Progress after every chunk, and the answer at last. In one snapshot, which stays open until then. Raises Refused at once."""
    permit(actor, Permission.VIEW_SETUP)
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    lines = Lines(EVENTS, tx.now - timedelta(days=wanted.days), wanted.app_id)
    there = recorded_uses.count(tx, org.id, lines, wanted.lines + 1)
    total = min(there, wanted.lines)
    facts = ReplayFacts(tx, org, draft)
    replayed, done = _Run(facts, Likeness(facts)), 0
    yield Progress(0, total)
    for chunk in recorded_uses.chunks(tx, org.id, lines, wanted.lines):
        _take(replayed, chunk)
        done += len(chunk)
        yield Progress(done, total)
    yield _answer(tx, org, replayed, lines.since, complete=there <= wanted.lines)


def _take(replayed: _Run, chunk: Sequence[tuple[datetime, Recorded]]) -> None:
    """Count the lines of a chunk, and decide those of a kind that has not been seen yet."""
    facts, tallies = replayed.facts, replayed.tallies
    facts.expect(
        {line.app_id for _, line in chunk},
        {line.user_id for _, line in chunk},
        {(line.app_id, line.user_id) for _, line in chunk if line.flow == Flow.JWT_BEARER and line.user_id is not None},
    )
    replayed.likeness.learn()
    for moment, line in chunk:
        key = (line, facts.open_at(line.user_id, moment) if line.user_id is not None else None)
        tally = tallies.get(key)
        if tally is None:
            tallies[key] = _Tally(_decided(replayed, key, moment), 1, moment, moment)
        else:
            tally.lines += 1
            tally.first_at = min(tally.first_at, moment)  # the newest come first


def _decided(replayed: _Run, key: _Key, moment: datetime) -> Difference | Unjudged | None:
    """What the draft changes for a line, decided once for all that are alike."""
    line, open_at = key
    face = (replayed.likeness.face(line), open_at)
    if face not in replayed.decided:
        replayed.decided[face] = _outcome(replayed.facts, line, moment if open_at is not None else None)
    return replayed.decided[face]


def _outcome(facts: ReplayFacts, line: Recorded, moment: datetime | None) -> Difference | Unjudged | None:
    """What the draft changes for requests like this one; None: nothing. `moment`: when it came, where the hour matters."""
    if line.outcome == "refused" and (cause := _closed(line)) is not None:
        return cause
    use = use_of(line)
    if use is None:
        return Unjudged.FLOW_UNKNOWN
    pair = facts.of(line.app_id, line.user_id or "", use.door)
    if pair is None:
        return Unjudged.NOBODY
    today, drafted = pair
    if today is drafted:
        return None
    if line.outcome == "refused" and use.door in _BOUND and use.scopes_held is None and _gate(line.reason) is Gate.SCOPES:
        return Unjudged.SCOPES_UNKNOWN
    if moment is not None:
        today, drafted = replays.at(today, moment), replays.at(drafted, moment)
    found = replays.difference(today, drafted, use)
    if use.door is not Door.AUTHORIZE or found is None or found.kind is Kind.ASKED or line.outcome == "refused":
        return found
    best = replays.difference(today, drafted, replace(use, level=Level.HIGH, activated=True))
    return found if best == found else Unjudged.SIGN_IN_UNKNOWN


def _closed(line: Recorded) -> Unjudged | None:
    """Why a recorded refusal stays one whatever the policies are."""
    gate = _gate(line.reason)
    if gate in replays.ANSWERED and line.event == "authorize" and line.reason != level.LEVEL_BLOCKED.code:
        return Unjudged.ANSWERED
    return Unjudged.NOT_PROVEN if gate is None or gate in replays.PROVING else None


def _gate(reason: str | None) -> Gate | None:
    # A code is for ever, yet a record may come from a newer version than the one that reads it.
    found = reasons.REASONS.get(reason or "")
    return found.gate if found is not None else None


def use_of(line: Recorded) -> Use | None:
    """The use that a line tells of; None where its flow is none that can be replayed."""
    if line.event == "sign_in":
        return Use(None, address=parse_address(line.address))
    flow = Flow(line.flow) if line.flow in _FLOWS else None
    door = {"authorize": Door.AUTHORIZE, "api": Door.API}.get(line.event) or (_DOOR_OF_FLOW.get(flow) if flow is not None else None)
    if door is None or flow is None:
        return None
    held = line.grant_scopes if line.grant_scopes and door in (Door.CODE, Door.DEVICE, Door.REFRESH) else line.scopes_given
    return Use(
        door=door,
        flow=flow,
        address=parse_address(line.address),
        method=ClientAuthMethod(line.auth_method) if line.auth_method in _METHODS else None,
        scopes_asked=tuple(line.scopes_asked.split()) if line.scopes_asked is not None else None,
        scopes_held=tuple(held.split()) if held is not None else None,
        level=Level(line.grant_level) if line.grant_level is not None else None,
        activated=bool(line.grant_activated),
        began=Flow(line.grant_flow) if line.grant_flow is not None else None,
    )


def _answer(tx: Tx, org: Org, replayed: _Run, since: datetime, *, complete: bool) -> Answer:
    changes: dict[tuple[Any, ...], Change] = {}
    unjudged: dict[Unjudged, int] = {}
    lines = 0
    for (line, _), tally in replayed.tallies.items():
        lines += tally.lines
        if isinstance(tally.outcome, Unjudged):
            unjudged[tally.outcome] = unjudged.get(tally.outcome, 0) + tally.lines
        elif tally.outcome is not None:
            change = _change(line, tally, tally.outcome)
            key = tuple(getattr(change, name) for name in ("kind", "reason", "app_id", "user_id", "door", "flow", "address", "scopes_lost"))
            changes[key] = _added(changes[key], change) if key in changes else change
    ordered = sorted(changes.values(), key=lambda each: (-each.lines, -each.last_at.timestamp(), each.app_id or "", each.user_id or ""))
    ordered.sort(key=lambda each: list(Kind).index(each.kind))
    return Answer(
        since=since,
        until=tx.now,
        lines=lines,
        judged=lines - sum(unjudged.values()),
        decisions=len(replayed.decided),
        complete=complete,
        sums={kind: _sum([each for each in ordered if each.kind is kind]) for kind in Kind},
        changes=_named(tx, org, ordered[:MOST_CHANGES]),
        more_changes=max(0, len(ordered) - MOST_CHANGES),
        unjudged=unjudged,
    )


def _change(line: Recorded, tally: _Tally, found: Difference) -> Change:
    use = use_of(line)
    return Change(
        kind=found.kind,
        reason=found.reason,
        app_id=line.app_id or None,
        user_id=line.user_id,
        door=use.door if use is not None else None,
        flow=use.flow if use is not None else None,
        address=line.address,
        lines=tally.lines,
        first_at=tally.first_at,
        last_at=tally.last_at,
        scopes_lost=found.scopes_lost,
    )


def _added(one: Change, other: Change) -> Change:
    first_at, last_at = min(one.first_at, other.first_at), max(one.last_at, other.last_at)
    return replace(one, lines=one.lines + other.lines, first_at=first_at, last_at=last_at)


def _sum(changes: Sequence[Change]) -> Sum:
    people, apps = (len(set(map(attrgetter(name), changes)) - {None}) for name in ("user_id", "app_id"))
    return Sum(sum(each.lines for each in changes), people, apps)


def _named(tx: Tx, org: Org, changes: Sequence[Change]) -> tuple[Change, ...]:
    apps = names.of_apps(tx, org.id, {each.app_id for each in changes if each.app_id is not None})
    users = names.of_users(tx, org.id, {each.user_id for each in changes if each.user_id is not None})
    return tuple(
        replace(
            each,
            app=apps[each.app_id].label if each.app_id is not None and each.app_id in apps else "",
            user=users.get(each.user_id or "", ""),
        )
        for each in changes
    )
