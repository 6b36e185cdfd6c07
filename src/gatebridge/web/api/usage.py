"""OAuth usage."""

from typing import Annotated

from fastapi import APIRouter, Query

from gatebridge.monitoring import oauth_usage
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Id, Moment, Shown

router = APIRouter(tags=["OAuth usage"])


class UsageShown(Shown):
    """How often, and when first and last. First and last are of successes."""

    first_at: Moment | None
    last_at: Moment | None
    last_refused_at: Moment | None
    granted: int
    refused: int


class AppUsageShown(Shown):
    """The use of one app. `exact` is false where there are more live tokens and grants than were counted."""

    app_id: Id
    app: str
    usage: UsageShown
    live_tokens: int
    grants: int
    users: int
    exact: bool


class SubjectUsageShown(Shown):
    """What one user, secret or certificate has to do with an app."""

    subject_id: Id
    name: str
    usage: UsageShown


class ExercisedShown(Shown):
    """When a grant made use of a scope first and last. Last may be a minute behind."""

    scope: str
    first_at: Moment
    last_at: Moment


class GrantUsageShown(Shown):
    """One live grant: what it holds, what of that it made use of, and what it never did anything with."""

    grant_id: Id
    user_id: Id
    user: str
    flow: Flow
    scopes: list[str]
    created_at: Moment
    last_used_at: Moment | None
    exercised: list[ExercisedShown]
    unused: list[str]


class ScopeUseShown(Shown):
    """How many live grants made use of a scope, and when first and last."""

    scope: str
    grants: int
    first_at: Moment
    last_at: Moment


class ScopesUsageShown(Shown):
    """The scopes of an app by use. `unused`: what the app may ask for and no live grant did anything with.

    `exact` is false where there are more live grants than were looked at.
    """

    scopes: list[ScopeUseShown]
    unused: list[str]
    grants: int
    exact: bool


@router.get("/usage", summary="List the use of all apps")
def list_usage(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In label, API name or consumer key.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[AppUsageShown]:
    """Which app is used how much, those that nobody uses too. Needs *View OAuth Usage*."""
    with desk.reading() as visit:
        return page_of(
            desk,
            visit,
            {"list": "usage", "search": search},
            limit,
            cursor,
            lambda after, count: oauth_usage.of_apps(visit.tx, visit.actor, search=search, after=after, limit=count),
            lambda found: found.app_id,
            AppUsageShown.model_validate,
        )


@router.get("/apps/{app_id}/usage", summary="Read the use of one app")
def get_app_usage(desk: AtDesk, app_id: str) -> AppUsageShown:
    """First and last use, live tokens, grants and users. Needs *View OAuth Usage*."""
    with desk.reading() as visit:
        found = oauth_usage.of_app(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        return AppUsageShown.model_validate(found)


@router.get("/apps/{app_id}/usage/users", summary="List the users of an app")
def list_app_users(desk: AtDesk, app_id: str, limit: Limit = 25, cursor: Cursor = None) -> Page[SubjectUsageShown]:
    """Who uses the app, and how much. Needs *View OAuth Usage*."""
    app = record_id(app_id, Prefix.APP)
    with desk.reading() as visit:
        return page_of(
            desk,
            visit,
            {"list": "usage_users", "app": app},
            limit,
            cursor,
            lambda after, count: oauth_usage.users_of_app(visit.tx, visit.actor, app, after=after or "", limit=count),
            lambda found: found.subject_id,
            SubjectUsageShown.model_validate,
        )


@router.get("/apps/{app_id}/usage/credentials", summary="List the use of an app's secrets and certificates")
def list_app_credentials_usage(desk: AtDesk, app_id: str) -> list[SubjectUsageShown]:
    """When each secret and certificate last proved the app, so that an unused one can be retired. Needs *View OAuth Usage*."""
    with desk.reading() as visit:
        found = oauth_usage.credentials_of_app(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        return [SubjectUsageShown.model_validate(each) for each in found]


@router.get("/apps/{app_id}/usage/grants", summary="List the grants of an app with the scopes that they use")
def list_app_grants(desk: AtDesk, app_id: str, limit: Limit = 25, cursor: Cursor = None) -> Page[GrantUsageShown]:
    """The live grants by user, with first and last use of each scope. Needs *View OAuth Usage*."""
    app = record_id(app_id, Prefix.APP)
    with desk.reading() as visit:
        return page_of(
            desk,
            visit,
            {"list": "usage_grants", "app": app},
            limit,
            cursor,
            lambda after, count: oauth_usage.grants_of_app(visit.tx, visit.actor, app, after=after or "", limit=count),
            lambda found: found.place,
            GrantUsageShown.model_validate,
        )


@router.get("/apps/{app_id}/usage/scopes", summary="Read of which scopes an app makes use")
def get_app_scopes_usage(desk: AtDesk, app_id: str) -> ScopesUsageShown:
    """Which scopes the app's live grants made use of, and which nobody would miss. Needs *View OAuth Usage*."""
    with desk.reading() as visit:
        at = (visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        found, counted = oauth_usage.scopes_of_app(*at), oauth_usage.grants_looked_at(*at)
        told = [ScopeUseShown.model_validate(each) for each in found.scopes]
        return ScopesUsageShown(scopes=told, unused=list(found.unused), grants=counted.grants, exact=counted.exact)
