"""The second step of every OAuth endpoint: outcomes become rows, in order, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import replace

from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.storage import assertions, codes, device_codes, grants, refresh_tokens, revocations, tokens
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.grants import ONE_LIVE_GRANT
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

EVICTED = "grant_evicted"


def record(tx: Tx, outcomes: Sequence[Outcome]) -> list[Answer]:
    """Redeem what is single-use, write what was decided, and return the answers in the same order.

    A redemption that somebody else won turns its outcome into what is true then: a refusal with its consequences, or the same successor
    once more. That is what is written. Everything is done in stages, and within a stage in one order for all workers, so that two of
    them seldom wait for each other; rows of one kind go in with one statement.
    """
    settled = list(outcomes)
    lost = []
    for place in sorted(range(len(settled)), key=lambda place: settled[place].place):
        won = _redeemed(tx, settled[place])
        if won is None:
            lost.append(place)
        else:
            settled[place] = won
    # What the winners of this batch bought must be there before the losers look.
    settled = [_granted(tx, outcome) for outcome in settled] if not lost else _with_losers(tx, settled, lost)
    if touched := sorted({(each.touches.org_id, each.touches.id) for each in settled if each.touches is not None}):
        grants.touch_many(tx, touched)
    evictions: list[HistoryEntry] = []
    settled = [_within_the_limit(tx, outcome, evictions) for outcome in settled]
    settled = [_ended(tx, outcome) for outcome in settled]
    if new := [outcome.new_token for outcome in settled if outcome.new_token is not None]:
        tokens.insert_many(tx, new)
    if fresh := [outcome.new_refresh for outcome in settled if outcome.new_refresh is not None]:
        refresh_tokens.insert_many(tx, fresh)
    if devices := [outcome.new_device for outcome in settled if outcome.new_device is not None]:
        device_codes.insert_many(tx, devices)
    # In one order, so that two workers whose devices ask at once do not wait for each other.
    for poll in sorted((each.polls for each in settled if each.polls is not None), key=lambda poll: poll.device.id):
        device_codes.polled(tx, poll.device.org_id, poll.device.id, slower=poll.slower)
    entries = [outcome.history for outcome in settled if outcome.history is not None]
    receipts = iter(history.write(tx, [*entries, *evictions]) if entries else ())
    return [_with_receipt(outcome.answer, next(receipts)) if outcome.history is not None else outcome.answer for outcome in settled]


def _with_receipt(answer: Answer, receipt_id: str) -> Answer:
    return replace(answer, receipt_id=receipt_id)


def _redeemed(tx: Tx, outcome: Outcome) -> Outcome | None:
    """The outcome with its single-use things redeemed, or what a replay is; None where code or refresh token was somebody else's."""
    for use in outcome.uses:
        if not assertions.use_up(tx, use.assertion):
            return use.if_before
    if outcome.redeems is not None:
        code, bought = outcome.redeems.code, outcome.new_grant
        if bought is None:
            raise ValueError("A code is to be redeemed and buys nothing")
        return outcome if codes.redeem(tx, code.org_id, code.id, bought.id) else None
    if outcome.redeems_device is not None:
        device, bought = outcome.redeems_device.device, outcome.new_grant
        if bought is None:
            raise ValueError("A device code is to be redeemed and buys nothing")
        return outcome if device_codes.redeem(tx, device.org_id, device.id, bought.id) else None
    if outcome.exchanges is not None:
        exchange = outcome.exchanges
        return outcome if refresh_tokens.exchange(tx, exchange.refresh.org_id, exchange.digest, exchange.address) else None
    if outcome.burns is not None:
        codes.burn(tx, outcome.burns.org_id, outcome.burns.id)
    return outcome


def _with_losers(tx: Tx, settled: list[Outcome], lost: list[int]) -> list[Outcome]:
    granted = [outcome if place in lost else _granted(tx, outcome) for place, outcome in enumerate(settled)]
    reader = FactsReader(tx)
    for place in lost:
        granted[place] = _granted(tx, _anew(tx, reader, granted[place]))
    return granted


def _anew(tx: Tx, reader: FactsReader, outcome: Outcome) -> Outcome:
    """What an outcome is that lost its redemption. Its assertions are used up by now, and it redeems nothing a second time."""
    anew = outcome
    if outcome.redeems is not None:
        anew = outcome.redeems.if_lost(reader, codes.by_digest(tx, outcome.redeems.code.org_id, outcome.redeems.digest))
    elif outcome.redeems_device is not None:
        redeemed = outcome.redeems_device
        anew = redeemed.if_lost(reader, device_codes.by_digest(tx, redeemed.device.org_id, redeemed.digest))
    elif outcome.exchanges is not None:
        anew = outcome.exchanges.if_lost(reader, refresh_tokens.by_digest(tx, outcome.exchanges.refresh.org_id, outcome.exchanges.digest))
    if anew.redeems is not None or anew.redeems_device is not None or anew.exchanges is not None:
        raise ValueError("What was redeemed by somebody else would be redeemed again")
    return replace(anew, uses=())


def _granted(tx: Tx, outcome: Outcome) -> Outcome:
    grant = outcome.new_grant
    if grant is None or grants.insert_if_first(tx, grant) or grant.flow not in ONE_LIVE_GRANT:
        return outcome
    first = grants.shared_grant(tx, grant.org_id, grant.installation_id, grant.user_id, grant.flow)
    # The other one may have been ended in this very moment; then the token hangs from nothing and is dead, as it should be.
    return outcome.under_grant(first) if first is not None else outcome


def _within_the_limit(tx: Tx, outcome: Outcome, evictions: list[HistoryEntry]) -> Outcome:
    """End what the user has of the app beyond the limit, the least recently used first, and say so in the receipt."""
    grant = outcome.new_grant
    if grant is None or outcome.grant_limit is None:
        return outcome
    evicted = grants.end_beyond(tx, grant.org_id, grant.installation_id, grant.user_id, outcome.grant_limit)
    if not evicted or outcome.history is None:
        return outcome
    line = outcome.history.line
    for each in evicted:
        _told(tx, each)
        evictions.append(HistoryEntry(_eviction(tx, each, line, outcome.grant_limit)))
    receipt = {**line.receipt, "evicted": [each.id for each in evicted]}
    return replace(outcome, history=replace(outcome.history, line=replace(line, receipt=receipt)))


def _eviction(tx: Tx, evicted: Grant, cause: HistoryLine, limit: int) -> HistoryLine:
    return HistoryLine(
        org_id=evicted.org_id,
        id=tx.new_id(Prefix.RECEIPT),
        at=tx.now,
        event=EVICTED,
        outcome="success",
        status=cause.status,
        address=cause.address,
        user_agent=cause.user_agent,
        receipt=history.receipt((), {"because_of": cause.grant_id, "limit": str(limit)}),
        app_id=evicted.app_id,
        installation_id=evicted.installation_id,
        grant_id=evicted.id,
        user_id=evicted.user_id,
        flow=evicted.flow,
    )


def _ended(tx: Tx, outcome: Outcome) -> Outcome:
    if outcome.ends is not None and tokens.end(tx, outcome.ends.org_id, outcome.ends.id):
        ended = outcome.ends
        revocations.append(
            tx, ended.org_id, "token", token_id=ended.id, grant_id=ended.grant_id, app_id=ended.app_id, user_id=ended.user_id
        )
    if outcome.ends_grant is not None:
        grant = outcome.ends_grant.grant
        # A family dies once: whoever replays it after that changes nothing, and is folded like any stranger (X-RT-09).
        if grants.end(tx, grant.org_id, grant.id, outcome.ends_grant.because):
            _told(tx, grant)
            return outcome.unfolded()
    return outcome


def _told(tx: Tx, grant: Grant) -> None:
    revocations.append(tx, grant.org_id, "grant", grant_id=grant.id, app_id=grant.app_id, user_id=grant.user_id)
