"""Guides for the clients that were written for Salesforce, with this org's values in them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gatebridge.monitoring import client_guide
from gatebridge.monitoring.client_guide import ClientGuide, GuidedWay
from gatebridge.rules import ids, reasons
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import PLATFORM_CLI, App, Dialect
from gatebridge.rules.client_differences import DIFFERENCES, TROUBLES
from gatebridge.rules.client_gaps import Gap
from gatebridge.rules.client_guides import GuidedClient
from gatebridge.rules.client_values import Language, Step
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import apps
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, Visit
from gatebridge.web.api.explain import SettingShown
from gatebridge.web.api.shapes import Id, Shown

router = APIRouter(tags=["Clients"])


class GuidedAppShown(Shown):
    """The app that the guide is about."""

    id: Id
    label: str
    consumer_key: str
    dialect: Dialect


class GapShown(Shown):
    """One thing that is not yet right. `setting` null: nothing that is set here would mend it. `reason`: of the refusal."""

    words: str
    setting: SettingShown | None
    reason: str | None
    page: str | None


class StepShown(Shown):
    """One thing to do: what it is for, and what to type. No secret stands in it: one is typed at a prompt or read from CLIENT_SECRET."""

    words: str
    language: Language
    code: str


class GuidedWayShown(Shown):
    """One way in which the client signs in, and what it needs of its app."""

    name: str
    title: str
    flows: list[Flow]
    scopes: list[str]
    callback: str | None = Field(
        description="At which address of the user's machine it listens; null: it comes back to whichever is registered, or not at all."
    )
    ready: bool | None = Field(description="Whether it would work now. Null: not for you to know, or nothing to be judged.")
    gaps: list[GapShown]
    registration: StepShown | None = Field(description="How an app for it is registered; null where the app named can serve.")
    steps: list[StepShown]


class DifferenceShown(Shown):
    """One thing that is other here than at Salesforce."""

    what: str
    salesforce: str
    here: str


class TroubleShown(Shown):
    """One thing that goes wrong: the text that the client shows, the usual cause, and the page that says all."""

    shown: str
    reason: str
    cause: str
    page: str


class ClientGuideShown(Shown):
    """What to do with one client in this org. `app` null: name one, or register one as `registration` says."""

    client: GuidedClient
    called: str
    issuer: str
    org: str
    app: GuidedAppShown | None
    user: str = Field(description="For whom it was looked whether the gates are open.")
    ways: list[GuidedWayShown]
    differences: list[DifferenceShown]
    troubles: list[TroubleShown]


@router.get("/connect", summary="Read the guide for a client")
def get_connect_guide(
    desk: AtDesk,
    client: Annotated[GuidedClient, Query(description="Which client.")] = GuidedClient.SF,
    app: Annotated[
        str | None,
        Query(max_length=256, description="The app's id or consumer key. Left out: PlatformCLI for sf, and none for the others."),
    ] = None,
    user: Annotated[str | None, Query(max_length=256, description="For whom (id or username). Left out: you.")] = None,
) -> ClientGuideShown:
    """How a client that was written for Salesforce signs in here: what to type, what is not yet right for it and where that is mended.

    Needs *View Setup*, or to be the app's owner. The guide for sf with the app *PlatformCLI*, and one without an app, are for everybody;
    what is not yet right with an app is told only to who may see it. To ask about another user takes what *Explain access* takes.
    """
    with desk.reading() as visit:
        found, seen = _app(visit, client, app)
        return _shown(client_guide.guide(visit.tx, visit.actor, visit.org, client, found, user=user, seen=seen))


def _app(visit: Visit, client: GuidedClient, text: str | None) -> tuple[App | None, bool]:
    """The app that is meant, and whether the reader may see how it is set up. Raises Refused for one that the reader may not know."""
    if text is None and client is not GuidedClient.SF:
        return None, False
    named = text or PLATFORM_CLI
    app_id = ids.parse(named, Prefix.APP)
    known = apps.by_consumer_key(visit.tx, named) if app_id is None else None
    if known is not None and known.fixed:
        return known, bool(visit.actor.permissions & app_reading.SEES_ALL)
    if text is None:
        return None, False
    app_reading.owner_filter(visit.actor)  # who may see no app is told so, whatever there is
    app_id = known.id if known is not None else app_id
    if app_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return app_reading.visible(visit.tx, visit.actor, app_id).app, True


def _shown(found: ClientGuide) -> ClientGuideShown:
    return ClientGuideShown(
        client=found.client,
        called=found.client.called,
        issuer=found.org.issuer,
        org=found.org.name,
        app=GuidedAppShown.model_validate(found.app) if found.app is not None else None,
        user=found.user,
        ways=[_way(each) for each in found.ways],
        differences=[DifferenceShown.model_validate(each) for each in DIFFERENCES[found.client]],
        troubles=[
            TroubleShown(shown=each.shown, reason=each.code, cause=each.cause, page=_page(reasons.get(each.code).public_code))
            for each in TROUBLES[found.client]
        ],
    )


def _way(each: GuidedWay) -> GuidedWayShown:
    return GuidedWayShown(
        name=each.way.name,
        title=each.way.title,
        flows=list(each.way.flows),
        scopes=list(each.way.scopes),
        callback=each.way.callback,
        ready=each.ready,
        gaps=[_gap(gap) for gap in each.gaps or ()],
        registration=_step(each.registration) if each.registration is not None else None,
        steps=[_step(step) for step in each.steps],
    )


def _step(step: Step) -> StepShown:
    return StepShown.model_validate(step)


def _gap(gap: Gap) -> GapShown:
    setting = gap.setting
    return GapShown(
        words=gap.words,
        setting=SettingShown(
            name=setting.name,
            value=setting.words,
            request=setting.api,
            command=setting.cli,
            permissions=list(setting.permissions),
            changed_by=setting.by,
        )
        if setting is not None
        else None,
        reason=gap.reason.code if gap.reason is not None else None,
        page=_page(gap.reason.code) if gap.reason is not None else None,
    )


def _page(code: str) -> str:
    return f"/help/reasons/{code}"
