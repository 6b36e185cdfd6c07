"""The second step of every OAuth endpoint: outcomes become rows, in order, in the caller's transaction."""

from collections.abc import Sequence

from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.records import history
from gatebridge.storage import assertions, grants, revocations, tokens
from gatebridge.storage.tx import Tx


def record(tx: Tx, outcomes: Sequence[Outcome]) -> list[Answer]:
    """Redeem what is single-use, write what was decided, and return the answers in the same order.

    A redemption that somebody else won turns its outcome into the refusal that the outcome carries with it; that is what is
    written then. Rows of one kind go in with one statement.
    """
    settled = [_settle(tx, outcome) for outcome in outcomes]
    if new := [outcome.new_token for outcome in settled if outcome.new_token is not None]:
        tokens.insert_many(tx, new)
    entries = [outcome.history for outcome in settled if outcome.history is not None]
    receipts = iter(history.write(tx, entries) if entries else ())
    return [_with_receipt(outcome.answer, next(receipts)) if outcome.history is not None else outcome.answer for outcome in settled]


def _with_receipt(answer: Answer, receipt_id: str) -> Answer:
    return Answer(answer.status, answer.body, answer.headers, receipt_id)


def _settle(tx: Tx, outcome: Outcome) -> Outcome:
    if outcome.used is not None and not assertions.use_up(tx, outcome.used) and outcome.if_used_before is not None:
        return outcome.if_used_before
    if outcome.new_grant is not None:
        outcome = _under_one_grant(tx, outcome)
    if outcome.ends is not None and tokens.end(tx, outcome.ends.org_id, outcome.ends.id):
        ended = outcome.ends
        revocations.append(
            tx, ended.org_id, "token", token_id=ended.id, grant_id=ended.grant_id, app_id=ended.app_id, user_id=ended.user_id
        )
    return outcome


def _under_one_grant(tx: Tx, outcome: Outcome) -> Outcome:
    grant = outcome.new_grant
    if grant is None or grants.insert_if_first(tx, grant):
        return outcome
    first = grants.shared_grant(tx, grant.org_id, grant.installation_id, grant.user_id, grant.flow)
    # The other one may have been ended in this very moment; then the token hangs from nothing and is dead, as it should be.
    return outcome.under_grant(first) if first is not None else outcome
