"""Exposures of one app, and of an org as a whole, with who answers for which. Read in a snapshot, in few statements however many apps."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from gatebridge.rules import exposures
from gatebridge.rules.apps import App
from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.exposures import Exposure
from gatebridge.rules.loosenings import Loosening
from gatebridge.rules.orgs import Org
from gatebridge.storage import app_weights, exposed_apps, loosenings
from gatebridge.storage.app_weights import Weight
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.storage.tx import Tx

BATCH = 500  # apps that are looked at together
HEAVIER_THAN_ANY = 10_000
SEEN_AT_ONCE = 200  # apps of an org that are looked at while somebody waits for a page
LOOKED_AT = 25  # of the apps that weighed most


@dataclass(frozen=True)
class AppExposures:
    """One app of an org with its exposures, the heaviest first. `subject` is what they were found in.

    `weighed`: what it weighed last, where the report goes by that; None: by what it weighs now.
    """

    app: App
    state: AppState
    subject: Subject
    exposures: tuple[Exposure, ...]
    weighed: int | None = None

    @cached_property
    def weight(self) -> int:
        """Of all exposures, accepted or not: an exposure that somebody answers for is one."""
        return exposures.weight(self.exposures)

    @property
    def unaccepted_weight(self) -> int:
        """Of those that nobody answers for."""
        return exposures.weight(exposures.unaccepted(self.exposures))

    @property
    def grade(self) -> str:
        return exposures.grade(self.weight)

    @property
    def position(self) -> str:
        """Where it stands in the report: the heaviest first, and of two alike the older one."""
        return f"{HEAVIER_THAN_ANY - (self.weight if self.weighed is None else self.weighed):05d}{self.app.id}"

    def of(self, code: str) -> Exposure | None:
        """The exposure of this kind, if the app has it."""
        return next((each for each in self.exposures if each.code == code), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which apps a report is to show. `owner_id`: only those of this owner or backup owner."""

    owner_id: str | None = None
    exposure: str | None = None
    at_least: int = 1
    unaccepted: bool = False

    def fits(self, found: AppExposures) -> bool:
        """Whether the app belongs into the report."""
        counted = [each for each in found.exposures if self.exposure in (None, each.code)]
        if self.unaccepted:
            counted = list(exposures.unaccepted(counted))
        return bool(counted) and found.weight >= self.at_least


@dataclass(frozen=True, slots=True)
class Posture:
    """How exposed an org is as a whole: how many of the exposed apps have each grade, and the heaviest of them."""

    grades: Mapping[str, int]
    heaviest: tuple[AppExposures, ...]

    @property
    def exposed(self) -> int:
        return sum(self.grades.values())


def of_app(tx: Tx, org: Org, app_id: str) -> AppExposures | None:
    """The exposures of one app in the org; None where it never was installed."""
    found = exposed_apps.of_app(tx, org, app_id)
    return _judged(tx, org, [found])[0] if found is not None else None


def of_apps(tx: Tx, org: Org, app_ids: Collection[str]) -> list[AppExposures]:
    """The exposures of those of these apps that are in use in the org; no more statements than for one."""
    return [each for each in _judged(tx, org, exposed_apps.of_apps(tx, org, app_ids)) if each.state in (AppState.ACTIVE, AppState.BLOCKED)]


def heaviest(tx: Tx, org: Org, wanted: Wanted, *, after: str | None, limit: int) -> list[AppExposures]:
    """The most exposed apps of the org behind a position. Looks at every app; where there are more than `SEEN_AT_ONCE`, goes by what they
    weighed last, and looks at no more than it takes. Of one owner's apps there are few.
    """
    if wanted.owner_id is None and _many(tx, org):
        size = min(limit, BATCH) if wanted.exposure is None else BATCH  # most apps are exposed, and few of them in one thing
        return list(islice(_weighed(tx, org, wanted, after, size), limit))
    fitting = (each for each in _every(tx, org, wanted) if after is None or each.position > after)
    return heapq.nsmallest(limit, fitting, key=lambda each: each.position)


def posture(tx: Tx, org: Org, wanted: Wanted, limit: int) -> Posture:
    """The exposed apps of the org counted by grade, with the heaviest. Looks at every app once; where there are more than `SEEN_AT_ONCE`,
    it goes by what they weighed last, and looks at those alone which were the heaviest then.
    """
    if wanted != Wanted() or not _many(tx, org):
        return _posture_now(tx, org, wanted, limit)
    grades = Counter[str]()
    for weight, number in app_weights.by_weight(tx, org.id).items():
        grades[exposures.grade(weight)] += number
    now = of_apps(tx, org, app_weights.heaviest(tx, org.id, LOOKED_AT))
    heaviest = heapq.nsmallest(limit, (each for each in now if wanted.fits(each)), key=lambda each: each.position)
    return Posture(dict(sorted(grades.items())), tuple(heaviest))


def _many(tx: Tx, org: Org) -> bool:
    return app_weights.number(tx, org.id, SEEN_AT_ONCE + 1) > SEEN_AT_ONCE


def _posture_now(tx: Tx, org: Org, wanted: Wanted, limit: int) -> Posture:
    grades = Counter[str]()

    def counted() -> Iterator[AppExposures]:
        for each in _every(tx, org, wanted):
            grades[each.grade] += 1
            yield each

    heaviest = heapq.nsmallest(limit, counted(), key=lambda each: each.position)
    return Posture(dict(sorted(grades.items())), tuple(heaviest))


def weights(tx: Tx, org: Org, after: str, limit: int) -> dict[str, Weight]:
    """What the next `limit` apps in use with an id behind `after` weigh, by their ids; one that is not exposed weighs nothing."""
    return {each.app.id: _weight(each) for each in _judged(tx, org, exposed_apps.page(tx, org, after=after, limit=limit))}


def weighed(tx: Tx, org: Org, app_ids: Collection[str]) -> dict[str, Weight]:
    """What those of these apps weigh that are in use in the org; where it has more than `SEEN_AT_ONCE`, what they weighed last."""
    known = app_weights.of_apps(tx, org.id, app_ids) if _many(tx, org) else {}
    # An app that came since the last weighing is looked at now.
    return known | {each.app.id: _weight(each) for each in of_apps(tx, org, [app_id for app_id in app_ids if app_id not in known])}


def _weight(found: AppExposures) -> Weight:
    return Weight(found.weight, len(found.exposures))


def by_app(tx: Tx, org: Org, wanted: Wanted, *, after: str | None, limit: int) -> list[AppExposures]:
    """The exposed apps of the org with an id behind `after`, the oldest first. Looks at no more apps than it takes."""
    return list(islice(_every(tx, org, wanted, after or "", min(limit, BATCH)), limit))


def _every(tx: Tx, org: Org, wanted: Wanted, after: str = "", size: int = BATCH) -> Iterator[AppExposures]:
    ranged = exposed_apps.ranged_profiles(tx, org.id)
    while batch := exposed_apps.page(tx, org, after=after, limit=size, owner_id=wanted.owner_id, profiles=ranged):
        yield from (each for each in _judged(tx, org, batch) if wanted.fits(each))
        after = batch[-1][0].app.id
        if len(batch) < size:
            return


def _weighed(tx: Tx, org: Org, wanted: Wanted, after: str | None, size: int) -> Iterator[AppExposures]:
    """The apps that fit behind a position, in the order of what they weighed last."""
    behind = (HEAVIER_THAN_ANY - int(after[:5]), after[5:]) if after is not None else None
    while batch := app_weights.heaviest(tx, org.id, size, least=wanted.at_least, behind=behind):
        now = {each.app.id: each for each in of_apps(tx, org, batch)}
        for app_id, weight in batch.items():
            if app_id in now and wanted.fits(now[app_id]):
                yield replace(now[app_id], weighed=weight)
            behind = weight, app_id
        if len(batch) < size:
            return


def _judged(tx: Tx, org: Org, found: list[tuple[ListedApp, Subject]]) -> list[AppExposures]:
    answered: dict[str, list[Loosening]] = {}
    for loosening in loosenings.open_of(tx, org.id, [listed.app.id for listed, _ in found]):
        answered.setdefault(loosening.app_id, []).append(loosening)
    return [
        AppExposures(listed.app, listed.state, subject, tuple(_accepted(each, answered.get(listed.app.id, []), subject) for each in all_))
        for listed, subject in found
        for all_ in [exposures.of(subject)]
    ]


def _accepted(exposure: Exposure, answered: list[Loosening], subject: Subject) -> Exposure:
    by = next((each for each in answered if each.answers_for(exposure, subject.now)), None)
    return exposures.accepted(exposure, by.accepted) if by is not None else exposure
