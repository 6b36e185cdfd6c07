"""What can come next for an authorization request, and what a user can press."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatebridge.oauth.response_modes import Reply
from gatebridge.rules.facts import Facts
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import render
from gatebridge.rules.warned import Lack


class Decision(StrEnum):
    """What the user has pressed."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A form that was sent: the button, the mark of the question that it answers, and the publisher's name where the page warns."""

    decision: Decision | None
    mark: str = ""
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A page of our own says why, and nothing is sent anywhere. `within`: the reader has signed in here, and is no stranger."""

    reason: Reason
    within: bool = False
    parameter: str = ""
    receipt_id: str | None = None
    interaction: str = ""  # under which the request waits, where the user can do something about the refusal and then go on
    form_target: str = ""  # where the way back to the app leads


@dataclass(frozen=True, slots=True)
class SendBack:
    """The browser goes back to the app with this."""

    reply: Reply
    receipt_id: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """The user signs in first; the request waits under this name."""

    interaction: str


@dataclass(frozen=True, slots=True)
class StepUp:
    """The user, who is signed in, shows another factor first; the request waits under this name."""

    interaction: str


@dataclass(frozen=True, slots=True)
class ProveAgain:
    """The user, who is signed in and was warned, shows once more to be it; the request waits under this name."""

    interaction: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to one user: may this app do this here, and be answered there?

    `claims` are the scopes that say what the app asks to know beside what it asks to be allowed.
    """

    facts: Facts
    scopes: tuple[str, ...]
    callback: str
    claims: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Tells this question from any other, for the form that answers it: who is asked, about which app, scopes and callback."""
        user_id = self.facts.session.user_id if self.facts.session is not None else ""
        app_id = self.facts.app.id if self.facts.app is not None else ""
        said = (user_id, app_id, render(self.scopes), self.callback, render(self.claims))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Ask:
    """The user is asked first; the request waits under this name. `asked` is what the question is about.

    `asked_at`: when the request came in. `lack`: what the yes lacks that was just said.
    """

    interaction: str
    asked: Asked
    asked_at: datetime
    lack: Lack = Lack.NOTHING


Step = Refuse | SendBack | SignIn | StepUp | ProveAgain | Ask
