"""Which approvals a page warns of, and what a yes takes there (X-CO-05, X-DV-01; docs/decisions/0036).

A warning that one click passes is read by nobody. So whoever says yes in spite of it signs in once more, after the question was asked, and
types out who would get the access. A no takes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.lookalikes import alike

# So long an app that no admin vouches for is a stranger: lures come to all their victims within hours.
NEW_FOR = timedelta(days=1)
LONGEST_TYPED = 256


class Sign(StrEnum):
    """What a page warns of."""

    TWIN = "twin"  # the app has a name that looks like that of one which was here before
    STRANGER = "stranger"  # no admin vouches for it, and it is here for less than a day
    ELSEWHERE = "elsewhere"  # the device is in another network than who is asked to connect it


class Lack(StrEnum):
    """What a yes lacks still."""

    NOTHING = ""
    SIGN_IN = "sign_in"  # one that came after the question
    PUBLISHER = "publisher"  # who publishes the app, typed out


@dataclass(frozen=True, slots=True)
class Yes:
    """A yes as it is said, or would be: when its user signed in, when the question came, and what is typed."""

    signed_in_at: datetime
    asked_at: datetime
    typed: str = ""


def signs(*, looks_alike: bool, verified: bool, since: datetime, now: datetime, elsewhere: bool = False) -> tuple[Sign, ...]:
    """What there is to be warned of; none: an approval like most. `since`: when the app came here. `verified`: an admin let it in."""
    found = {
        Sign.TWIN: looks_alike,
        Sign.STRANGER: not verified and now - since < NEW_FOR,
        Sign.ELSEWHERE: elsewhere,
    }
    return tuple(sign for sign, there in found.items() if there)


def lack(found: tuple[Sign, ...], yes: Yes, publisher: str) -> Lack:
    """What this yes lacks. The sign-in comes first: after it the page is shown anew, and what was typed before it is gone."""
    if not found:
        return Lack.NOTHING
    if yes.signed_in_at < yes.asked_at:
        return Lack.SIGN_IN
    return Lack.NOTHING if named(yes.typed, publisher) else Lack.PUBLISHER


def named(typed: str, publisher: str) -> bool:
    """Whether somebody has typed this name. Case, blanks and accents do not matter: it is to be read, and is no password."""
    return bool(typed.strip()) and len(typed) <= LONGEST_TYPED and alike(typed, publisher)
