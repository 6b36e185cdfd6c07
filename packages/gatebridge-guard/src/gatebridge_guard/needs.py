"""What an API wants of a live token, beside that it lives: scopes, how surely and how lately its user signed in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gatebridge_guard import scopes as names
from gatebridge_guard.refusal import Refusal, Refuser
from gatebridge_guard.token import Level, Token

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 3.3


@dataclass(frozen=True, slots=True)
class Needs:
    """What is wanted. Nothing: every live token that is meant for the API is let in."""

    scopes: tuple[str, ...] = ()
    level: Level | None = None
    max_age: int | None = None  # seconds

    @classmethod
    def of(cls, scopes: str | Sequence[str], level: Level | str | None, max_age: int | None) -> Self:
        """As it is written down. Raises ValueError for what can be no scope, no level or no age."""
        if max_age is not None and max_age < 0:
            raise ValueError("An age is not negative")
        listed = scopes.split() if isinstance(scopes, str) else scopes
        wrong = next((scope for scope in listed if _SCOPE.fullmatch(scope) is None), None)
        if wrong is not None:
            raise ValueError(f"No scope is called {wrong!r}")
        return cls(tuple(listed), Level(level) if level is not None else None, max_age)

    def met(self, token: Token, refuse: Refuser, now: float) -> Token | Refusal:
        """The token, where it has what is wanted; else the refusal that tells what it lacks."""
        lacking = [scope for scope in self.scopes if not names.covers(token.scopes, scope)]
        if lacking:
            return refuse.scope_lacks(self.scopes, f"it lacks {' '.join(lacking)}")
        # Where nobody signed in, nobody did so surely enough or lately enough.
        if self.level is not None and not _reaches(token.level, self.level):
            return refuse.sign_in_lacks(self.level, self.max_age, f"its level is {token.level or 'none'}")
        if self.max_age is not None and (token.authenticated_at is None or now - token.authenticated_at > self.max_age):
            return refuse.sign_in_lacks(self.level, self.max_age, "its user signed in too long ago, or nobody did")
        return token


def _reaches(level: Level | None, wanted: Level) -> bool:
    return level is Level.HIGH or level is wanted
