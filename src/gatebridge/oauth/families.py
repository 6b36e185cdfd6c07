"""Refresh tokens: the first of a family, the successor of one that rotates, and the same successor once more."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gatebridge.crypto import sealing, secrets
from gatebridge.rules import refresh_families
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import Epochs, Grant, RefreshToken
from gatebridge.rules.verdict import Verdict
from gatebridge.storage import refresh_tokens
from gatebridge.storage.tx import Tx

PURPOSE = "refresh successor"


@dataclass(frozen=True, slots=True)
class Given:
    """A refresh token value to hand out, and its record where there is none yet."""

    value: str = field(repr=False)
    record: tuple[RefreshToken, bytes] | None = None


def first(tx: Tx, facts: Facts, verdict: Verdict, grant: Grant, epochs: Epochs) -> Given | None:
    """The refresh token with which a family begins; None where the grant has none. It carries the epochs of the facts."""
    if not refresh_families.begins(facts, verdict.scopes):
        return None
    value = secrets.new(secrets.Kind.REFRESH_TOKEN, tx.random)
    record = RefreshToken(
        org_id=grant.org_id,
        grant_id=grant.id,
        app_id=grant.app_id,
        installation_id=grant.installation_id,
        user_id=grant.user_id,
        generation=0,
        issued_at=tx.now,
        epochs=epochs,
    )
    return Given(value, (record, secrets.digest(value)))


def successor(tx: Tx, parent: RefreshToken, presented: str) -> Given:
    """The token for which this one is exchanged. It lives no longer than its family did before (standards RT-05)."""
    value = next(_successors(tx, presented))
    record = RefreshToken(
        org_id=parent.org_id,
        grant_id=parent.grant_id,
        app_id=parent.app_id,
        installation_id=parent.installation_id,
        user_id=parent.user_id,
        generation=parent.generation + 1,
        issued_at=tx.now,
        epochs=parent.epochs,
    )
    return Given(value, (record, secrets.digest(value)))


def again(tx: Tx, parent: RefreshToken, presented: str) -> Given:
    """The token for which this one was exchanged before.

    It was derived from a master key that may not be the current one any more, so where there are several the recorded one is looked for.
    """
    candidates = list(_successors(tx, presented))
    if len(candidates) > 1:
        for value in candidates:
            if refresh_tokens.by_digest(tx, parent.org_id, secrets.digest(value)) is not None:
                return Given(value)
    return Given(candidates[0])


def _successors(tx: Tx, presented: str) -> Iterator[str]:
    """What each master key makes of a token, that of the current one first."""
    for key in tx.keys.all:
        yield secrets.refresh_successor(sealing.derive(key, PURPOSE), presented)
