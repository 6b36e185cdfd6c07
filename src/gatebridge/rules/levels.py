"""How sure a sign-in makes us, and what is done when a policy wants to be surer."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Level(StrEnum):
    """How sure a sign-in makes us. On the wire it is the `acr` (wire.md)."""

    STANDARD = "standard"  # one factor
    HIGH = "high"  # two factors, or one that cannot be given away

    @property
    def acr(self) -> str:
        return f"urn:gatebridge:level:{self.value}"

    def reaches(self, wanted: "Level") -> bool:
        """Whether this is as sure as what is wanted."""
        return self is Level.HIGH or wanted is Level.STANDARD


class LevelAction(StrEnum):
    """What happens where a level is required and the user has not reached it."""

    RAISE = "raise"  # the user is asked for another factor, where somebody sits at a browser
    BLOCK = "block"  # the request is refused


@dataclass(frozen=True, slots=True)
class Requirement:
    """How sure a sign-in must make us, as an org, a profile or an app says it."""

    level: Level = Level.STANDARD
    action: LevelAction = LevelAction.RAISE


NOTHING_REQUIRED = Requirement()


class Requiring(Protocol):
    """What may require a level of its sign-ins: the settings of an org, a profile, the policies of an app."""

    @property
    def requirement(self) -> Requirement: ...


class OrgRequiring(Protocol):
    """An org, whose settings may require a level."""

    @property
    def settings(self) -> Requiring: ...


def required(org: OrgRequiring, profile: Requiring | None, policies: Requiring | None) -> tuple[Requirement, str]:
    """How sure a sign-in must make us in the end, and in words who says so.

    The highest level that anybody requires counts. Where one of those who require it says block, it is block: what the org has closed,
    the policy of an app does not open. A profile or an app that is not known yet requires nothing.
    """
    said = {
        "the org": org.settings.requirement,
        "the user's profile": profile.requirement if profile is not None else NOTHING_REQUIRED,
        "the app's policies": policies.requirement if policies is not None else NOTHING_REQUIRED,
    }
    wanting = {who: requirement.action for who, requirement in said.items() if requirement.level is Level.HIGH}
    if not wanting:
        return NOTHING_REQUIRED, "nobody"
    action = LevelAction.BLOCK if LevelAction.BLOCK in wanting.values() else LevelAction.RAISE
    return Requirement(Level.HIGH, action), " and ".join(wanting)


def known(acr_values: Iterable[str]) -> tuple[Level, ...]:
    """Those of these `acr` values that are levels of ours, in their order; others are nobody's business here."""
    ours = {level.acr: level for level in Level}
    return tuple(ours[each] for each in acr_values if each in ours)


def wished(acr_values: str) -> Level | None:
    """The level that an authorization request would like best: the first of its `acr_values` that is one of ours.

    The parameter is a wish (OpenID Connect Core section 3.1.2.1), so what nobody knows refuses nobody. None: no wish of ours.
    """
    return next(iter(known(acr_values.split(" "))), None)


def told(reached: Level, taken: Iterable[Level]) -> Level:
    """What is said of a sign-in to an app that takes only these levels: the surest of them that was reached.

    A sign-in that is surer than all of them is good for each, and the app must hear one that it knows (OpenID Connect Core section
    5.5.1.1). Where none was reached, or the app takes whatever there is, it is what it is.
    """
    good = [level for level in taken if reached.reaches(level)]
    return reached if reached in good or not good else good[0]
