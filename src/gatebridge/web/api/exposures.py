"""Exposures: where apps are opened wider than they need be, the smaller setting that would do, and who answers for what stays open."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from gatebridge.monitoring import exposures as found_exposures
from gatebridge.monitoring.exposures import AppExposures, Wanted
from gatebridge.rules import exposures
from gatebridge.rules.exposures import Exposure
from gatebridge.rules.ids import Prefix
from gatebridge.rules.loosenings import Loosening, Outcome
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.loosenings import AcceptExposure, WithdrawLoosening, accept_exposure, withdraw_loosening
from gatebridge.storage import loosenings, names
from gatebridge.storage.listed_apps import AppState
from gatebridge.storage.tx import Tx
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, Visit, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Closed, GivenMoment, Id, Moment, Shown

router = APIRouter(tags=["Exposures"])

MOST_LOOSENINGS = 100

Order = Literal["weight", "app"]
_position: Mapping[Order, Callable[[AppExposures], str]] = {"weight": lambda found: found.position, "app": lambda found: found.app.id}


class SmallerShown(Shown):
    """The smaller setting that would do. `api` and `command` can be copied; both are empty where another org decides."""

    words: str
    api: str
    command: str
    by_itself: bool = Field(description="Whether Gatebridge makes it by itself when the time of an acceptance is over.")


class AcceptedShown(Shown):
    """Who answers for an exposure, why, and until when. `loosening_id` is null where the app's policies themselves say so."""

    reason: str
    ends_at: Moment
    by: str
    by_id: Id | None
    loosening_id: Id | None


class ExposureShown(Shown):
    """One exposure. `weight` goes from 1 to 5; `field` is the setting that makes it."""

    code: str
    weight: int
    field: str
    sentence: str
    why: str
    smaller: SmallerShown
    accepted: AcceptedShown | None


class AppExposuresShown(Shown):
    """One app, how exposed it is, and in what, the heaviest first. `unaccepted_weight` is of what nobody answers for."""

    app_id: Id
    app: str
    own: bool
    state: AppState
    grade: str = Field(description="A for no exposure, to E.")
    weight: int
    unaccepted_weight: int
    exposures: list[ExposureShown]


class Acceptance(Closed):
    """Which exposure somebody answers for, why, and until when: within two years."""

    exposure: str = Field(examples=["ip_relaxed"], description="The code of an exposure that the app has now.")
    reason: str = Field("", description="Why it is meant, in a sentence.", examples=["The partner moves to fixed addresses in spring."])
    ends_at: GivenMoment = Field(examples=["2027-03-01T00:00:00Z"])


class LooseningShown(Shown):
    """One acceptance, and what became of it. An empty `outcome` is one that is in force."""

    id: Id
    app_id: Id
    exposure: str
    reason: str
    ends_at: Moment
    created_at: Moment
    by: str
    closed_at: Moment | None
    outcome: Outcome


@router.get("/exposures", summary="List exposed apps")
def list_exposures(
    desk: AtDesk,
    exposure: Annotated[str | None, Query(max_length=48, description="Only apps with this exposure (code).")] = None,
    at_least: Annotated[int, Query(ge=1, le=1_000, description="Only apps with at least this weight.")] = 1,
    unaccepted: Annotated[bool, Query(description="Only apps with an exposure that nobody answers for.")] = False,
    order: Annotated[
        Order, Query(description="weight: the most exposed first; app: the oldest first, for reading all of many.")
    ] = "weight",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[AppExposuresShown]:
    """The apps in use here that are opened wider than they need be. Needs *View Setup*; with *Register Connected Apps* one sees one's own.

    By weight, an org of more than 200 apps is read in the order of what its apps weighed last, at most some two minutes ago.
    """
    with desk.reading() as visit:
        wanted = Wanted(app_reading.owner_filter(visit.actor), exposure, at_least, unaccepted)
        named: dict[str, str] = {}

        def fetch(after: str | None, count: int) -> list[AppExposures]:
            read = found_exposures.heaviest if order == "weight" else found_exposures.by_app
            found = read(visit.tx, visit.org, wanted, after=after, limit=count)
            named.update(_names(visit, found))
            return found

        listed = {"list": "exposures", "order": order, **{name: getattr(wanted, name) for name in Wanted.__slots__}}
        return page_of(desk, visit, listed, limit, cursor, fetch, _position[order], lambda found: _shown(found, named))


@router.get("/apps/{app_id}/exposures", summary="List the exposures of an app")
def get_exposures(desk: AtDesk, app_id: str) -> AppExposuresShown:
    """What the app is exposed in, the heaviest first, and the smaller setting that would do. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app, _ = app_reading.installed(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        found = found_exposures.of_app(visit.tx, visit.org, app.app.id)
        if found is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return _shown(found, _names(visit, [found]))


@router.get("/apps/{app_id}/loosenings", summary="List who answers for an app's exposures")
def list_loosenings(desk: AtDesk, app_id: str) -> list[LooseningShown]:
    """The newest 100 acceptances of exposures of the app, also those that ended. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app, _ = app_reading.installed(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        found = loosenings.of_app(visit.tx, visit.org.id, app.app.id, MOST_LOOSENINGS)
        named = names.of_users(visit.tx, visit.org.id, {each.created_by for each in found})
        return [_loosening(each, named) for each in found]


@router.post("/apps/{app_id}/loosenings", summary="Accept an exposure", status_code=201)
def post_loosening(desk: AtDesk, app_id: str, body: Acceptance) -> LooseningShown:
    """Answer for an exposure until a date, at which it closes by itself; its owner is told a week before. Accepted again, it gets the new
    reason and end. Needs *Manage Connected Apps* and a reason."""
    command = AcceptExposure(record_id(app_id, Prefix.APP), body.exposure, body.reason, body.ends_at)
    with desk.writing() as visit:
        loosening = accept_exposure(visit.tx, visit.actor, command)
        return _loosening(loosening, names.of_users(visit.tx, visit.org.id, [loosening.created_by]))


@router.delete("/apps/{app_id}/loosenings/{loosening_id}", summary="Withdraw an acceptance", status_code=204)
def delete_loosening(desk: AtDesk, app_id: str, loosening_id: str) -> None:
    """Answer for an exposure no more; it stands, and shows as one that nobody accepts. Needs *Manage Connected Apps*."""
    command = WithdrawLoosening(record_id(app_id, Prefix.APP), record_id(loosening_id, Prefix.LOOSENING))
    with desk.writing() as visit:
        withdraw_loosening(visit.tx, visit.actor, command)


def _names(visit: Visit, found: list[AppExposures]) -> dict[str, str]:
    return _of_acceptors(visit.tx, visit.org.id, [each for app in found for each in app.exposures])


def _of_acceptors(tx: Tx, org_id: str, shown: list[Exposure]) -> dict[str, str]:
    return names.of_users(tx, org_id, {each.accepted.by for each in shown if each.accepted is not None and each.accepted.by is not None})


def _shown(found: AppExposures, named: Mapping[str, str]) -> AppExposuresShown:
    return AppExposuresShown(
        app_id=found.app.id,
        app=found.app.label,
        own=found.subject.own,
        state=found.state,
        grade=found.grade,
        weight=found.weight,
        unaccepted_weight=found.unaccepted_weight,
        exposures=[_exposure(each, named) for each in found.exposures],
    )


def _exposure(exposure: Exposure, named: Mapping[str, str]) -> ExposureShown:
    smaller, accepted = exposure.smaller, exposure.accepted
    return ExposureShown(
        code=exposure.code,
        weight=exposure.weight,
        field=exposure.field,
        sentence=exposure.sentence,
        why=exposure.why,
        smaller=SmallerShown(words=smaller.words, api=smaller.api, command=smaller.command, by_itself=bool(exposure.mend)),
        accepted=_accepted(accepted, named) if accepted is not None else None,
    )


def _accepted(accepted: exposures.Accepted, named: Mapping[str, str]) -> AcceptedShown:
    by = accepted.by or ""
    return AcceptedShown(
        reason=accepted.reason,
        ends_at=accepted.ends_at,
        by=named.get(by, by),
        by_id=by if by.startswith(Prefix.USER) else None,
        loosening_id=accepted.loosening_id,
    )


def _loosening(loosening: Loosening, named: Mapping[str, str]) -> LooseningShown:
    return LooseningShown(
        id=loosening.id,
        app_id=loosening.app_id,
        exposure=loosening.exposure,
        reason=loosening.reason,
        ends_at=loosening.ends_at,
        created_at=loosening.created_at,
        by=named.get(loosening.created_by, loosening.created_by),
        closed_at=loosening.closed_at,
        outcome=loosening.outcome,
    )
