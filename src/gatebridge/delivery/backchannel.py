"""Logout tokens on their way to the apps (OpenID Connect Back-Channel Logout 1.0 section 2.5).

What is posted is made when it is sent, so that a token that lives for two minutes is fresh however long its entry has waited. An app that
is away is tried again for some hours; one that says no is believed at once, and the history tells its admin.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gatebridge.delivery import fetching
from gatebridge.delivery.courier import MOST_ATTEMPTS
from gatebridge.delivery.fetching import Answer, Fetching, NoAnswer, NotAllowed
from gatebridge.rules import outbound
from gatebridge.rules.outbound import Network, Reach
from gatebridge.storage.outbox import Entry

PARAMETER = "logout_token"
AT_ONCE = 8  # so many at the same time: whoever is slow holds up few
REST_SECONDS = 30.0  # an app that did not answer is left alone for so long

REFUSED = 400  # the app could not end the session, and says so (section 2.8)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is posted, and where to. `at_home`: the org's issuer is this machine itself, and so may the app be."""

    uri: str
    token: str = field(repr=False)
    at_home: bool = False


class Desk(Protocol):
    """Who writes the letters and hears what came of them: the room of the protocol, which stands above this one."""

    def letter(self, entry: Entry) -> Letter | None:
        """What an entry asks for, as of now; None: nobody listens any more."""

    def refused(self, entry: Entry, letter: Letter, status: int) -> None:
        """The app has answered that it did not end the session."""

    def undelivered(self, entry: Entry, letter: Letter, words: str) -> None:
        """The app will not hear of it: it may not be written to, or was tried often enough."""


class NotTaken(Exception):  # noqa: N818 - what the app did
    """The app has answered something that is neither yes nor no."""


Post = Callable[[str, Mapping[str, str], Fetching], Answer]


@dataclass(slots=True)
class Backchannel:
    """Carries entries of the kind `logout`. One that comes twice is another token for the same session, which no app minds."""

    desk: Desk
    own: tuple[Network, ...] = ()  # private networks in which apps may be, by the operator's word
    post: Post = fetching.post
    rest_seconds: float = REST_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _rests_until: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def most_attempts(self) -> int | None:
        return MOST_ATTEMPTS

    @property
    def at_once(self) -> int:
        return AT_ONCE

    def deliver(self, entry: Entry) -> None:
        """Post the token. Raises NoAnswer or NotTaken, after which it is tried again; a no is final, and no error."""
        letter = self.desk.letter(entry)
        if letter is None:
            return
        try:
            answer = self._posted(letter)
            if answer.status == REFUSED:
                self.desk.refused(entry, letter, answer.status)
            elif not 200 <= answer.status < 300:
                raise NotTaken(f"The app answered {answer.status}, which is neither yes nor no")
        except NotAllowed as refused:
            self.desk.undelivered(entry, letter, str(refused))
        except (NoAnswer, NotTaken) as failed:
            if entry.attempts + 1 >= MOST_ATTEMPTS:
                self.desk.undelivered(entry, letter, str(failed))
            raise

    def _posted(self, letter: Letter) -> Answer:
        aim = outbound.target(letter.uri)
        where = aim.authority if aim is not None else ""
        if self.monotonic() < self._rests_until.get(where, float("-inf")):
            raise NoAnswer(f"{where} did not answer a moment ago")
        way = Fetching(Reach(self.own, loopback=letter.at_home))
        try:
            return self.post(letter.uri, {PARAMETER: letter.token}, way)
        except NoAnswer:
            now = self.monotonic()
            self._rests_until = {each: until for each, until in self._rests_until.items() if until > now}
            self._rests_until[where] = now + self.rest_seconds
            raise
