"""An outcome: what an endpoint decided, before anything is written. `record` applies many of them in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gatebridge.records.history import HistoryEntry
from gatebridge.rules.grants import AccessToken, Grant
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.tokens import NewToken


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back on the wire. `{receipt}` in a body's `error_uri` is filled in when the receipt has its id."""

    status: int
    body: Mapping[str, object] | None = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    receipt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must be redeemed, what is to be written, and the answer. A refusal is an outcome too."""

    answer: Answer
    history: HistoryEntry | None = None  # None: nothing worth a line happened
    new_grant: Grant | None = None  # the service grant, where the facts had none yet
    new_token: NewToken | None = None
    used: UsedAssertion | None = None
    if_used_before: "Outcome | None" = None  # what this becomes when somebody else used the assertion first
    ends: AccessToken | None = None

    @property
    def writes(self) -> bool:
        """Whether anything is to be written; an active introspection, the commonest outcome of all, writes nothing."""
        return self.history is not None or self.used is not None or self.ends is not None

    def under_grant(self, grant: Grant) -> "Outcome":
        """This outcome, hanging from a grant that somebody else made first."""
        token = self.new_token
        if token is not None:
            epochs = replace(token.token.epochs, grant=grant.epoch)
            token = NewToken(replace(token.token, grant_id=grant.id, epochs=epochs), token.digest)
        history = self.history
        if history is not None:
            history = replace(history, line=replace(history.line, grant_id=grant.id))
        return replace(self, new_grant=None, new_token=token, history=history)
