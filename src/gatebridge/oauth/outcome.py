"""An outcome: what an endpoint decided, before anything is written. `record` applies many of them in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gatebridge.oauth.formats.encoded import Form
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.grants import AccessToken, AuthorizationCode, Grant, RefreshToken
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.device_codes import NewDeviceCode
from gatebridge.storage.exercised_scopes import ScopeUse
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tokens import NewToken


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back on the wire. Once its receipt has an id, that is sent along, and added to a body's `error_uri`."""

    status: int
    body: Mapping[str, object] | None = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    receipt_id: str | None = None
    text: str | None = None  # said instead of a body, where clients match on plain text
    form: Form = Form.JSON  # of the body
    root: str = "OAuth"  # what the body is called where its form wants a name for it


@dataclass(frozen=True, slots=True)
class Use:
    """An assertion to be used up, and what the outcome becomes when somebody else used it first."""

    assertion: UsedAssertion
    if_before: "Outcome"


@dataclass(frozen=True, slots=True)
class CodeRedemption:
    """An authorization code to be redeemed. `if_lost` decides anew on the code as whoever was faster has left it."""

    code: AuthorizationCode
    digest: bytes
    if_lost: Callable[[FactsReader, AuthorizationCode | None], "Outcome"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceRedemption:
    """An approved device code to be redeemed. `if_lost` decides anew on it as whoever was faster has left it."""

    device: DeviceCode
    digest: bytes
    if_lost: Callable[[FactsReader, DeviceCode | None], "Outcome"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A refresh token to be exchanged for its successor. `if_lost` decides anew on the token as whoever was faster has left it."""

    refresh: RefreshToken
    digest: bytes
    address: str
    if_lost: Callable[[FactsReader, RefreshToken | None], "Outcome"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Poll:
    """A device that asked while its user has not decided, and how many seconds longer it waits from now on."""

    device: DeviceCode
    slower: int = 0


@dataclass(frozen=True, slots=True)
class GrantEnd:
    """A grant that ends with everything that hangs from it, and why."""

    grant: Grant
    because: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must be redeemed, what is to be written, and the answer. A refusal is an outcome too, and may have consequences."""

    answer: Answer
    history: HistoryEntry | None = None  # None: nothing worth a line happened
    uses: tuple[Use, ...] = ()
    redeems: CodeRedemption | None = None
    redeems_device: DeviceRedemption | None = None
    exchanges: Exchange | None = None
    new_grant: Grant | None = None  # what a code buys, or the shared grant where the facts had none yet
    grant_limit: int | None = None  # how many grants the user may then have of the app; the least recently used ones end
    new_token: NewToken | None = None
    new_refresh: tuple[RefreshToken, bytes] | None = None  # with the digest of its value
    new_device: NewDeviceCode | None = None
    polls: Poll | None = None
    touches: Grant | None = None  # the grant that was used
    burns: AuthorizationCode | None = None  # a code that buys nothing any more
    ends: AccessToken | None = None
    ends_grant: GrantEnd | None = None
    exercised: tuple[ScopeUse, ...] = ()  # of which scopes use was made for this answer; written down where that is news

    @property
    def writes(self) -> bool:
        """Whether anything is to be written; an active introspection, the commonest outcome of all, writes nothing."""
        return self.history is not None or bool(self.uses) or self.ends is not None or self.polls is not None

    @property
    def place(self) -> bytes:
        """Where this outcome stands among those that redeem something, so that two workers redeem in the same order."""
        redeemed = self.redeems or self.redeems_device or self.exchanges
        if redeemed is not None:
            return redeemed.digest
        return self.uses[0].assertion.digest if self.uses else b""

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

    def unfolded(self) -> "Outcome":
        """This outcome with a line of its own, whoever asked: it has changed something."""
        return replace(self, history=replace(self.history, folds=False)) if self.history is not None else self
