"""Orgs: one's own, and from the first org all of the installation."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules import effective
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_orgs import CreateOrg, EditOrg, create_org, edit_org
from gatebridge.storage import orgs
from gatebridge.web.api import ranges
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.ranges import GivenRange, RangeShown
from gatebridge.web.api.shapes import CONFIRMED, Closed, Id, Moment, Shown, given, omitted
from gatebridge.web.api.terms import ChosenShown

router = APIRouter(tags=["Orgs"])


class ScopeShown(Shown):
    """A scope that the org added to the catalogue, with the sentence that people read when they are asked for it."""

    name: str
    sentence: str


class GivenScope(Closed):
    """A scope of the org's own."""

    name: str = Field(examples=["ledger_read"])
    sentence: str = Field(examples=["Read your ledger"])


class ScopeClaimShown(Shown):
    """What a scope makes known of its user beside what it means by itself."""

    scope: str
    claim: str
    expression: str


class GivenScopeClaim(Closed):
    """A claim that a scope makes known: of a custom scope, or one more of a scope of the catalogue."""

    scope: str = Field(examples=["ledger_read"])
    claim: str = Field(examples=["cost_centre"])
    expression: str = Field(examples=["user.external_id"])


RANGES = ("trusted_ranges", "monitored_ranges")


class OrgEffect(Shown):
    """The numbers that hold where nothing nearer sets another, and whether the org set them or they are the defaults."""

    session_minutes: ChosenShown
    session_absolute_hours: ChosenShown
    reauthenticate_minutes: ChosenShown


class OrgShown(Shown):
    """One org."""

    id: Id
    name: str
    kind: OrgKind
    host: str
    issuer: str
    created_at: Moment
    session_minutes: int | None
    session_absolute_hours: int | None
    max_sessions_per_user: int | None
    lock_sessions_to_address: bool
    reauthenticate_minutes: int | None
    verify_new_browsers: bool
    required_level: Level
    level_action: LevelAction
    timezone: str
    trusted_ranges: list[RangeShown]
    trusted_ranges_only_waive: bool
    monitored_ranges: list[RangeShown]
    ranges_on_every_request: bool
    custom_scopes: list[ScopeShown]
    scope_claims: list[ScopeClaimShown]
    device_flow: bool
    user_agent_flow: bool
    effective: OrgEffect
    version: int


class NewOrg(Closed):
    """A new org and its first admin, who gets an invitation by mail."""

    name: str = Field(examples=["Acme Sandbox"])
    kind: OrgKind
    host: str = Field(
        examples=["sandbox.id.example.com"], description="What the Host header says, with a port that is not the scheme's own."
    )
    issuer: str = Field(examples=["https://sandbox.id.example.com"], description="Its address, without a slash at the end.")
    admin_username: str = Field(examples=["ada@example.com"])
    admin_email: str = Field(examples=["ada@example.com"])
    admin_first_name: str
    admin_last_name: str


class OrgEdit(Closed):
    """What is to be different; what is left out stays. A list replaces the whole list. A null number is the default, and for
    `max_sessions_per_user` no limit.

    `timezone` is that of all login hours. `monitored_ranges`: a list that is tried out in the place of `trusted_ranges`; what it would
    refuse goes through and is recorded. `ranges_on_every_request`: ranges are held against the `client_address` of an introspection too.
    """

    name: str = omitted()
    session_minutes: int | None = omitted()
    session_absolute_hours: int | None = omitted()
    max_sessions_per_user: int | None = omitted()
    lock_sessions_to_address: bool = omitted()
    reauthenticate_minutes: int | None = omitted()
    verify_new_browsers: bool = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()
    timezone: str = omitted()
    trusted_ranges: tuple[GivenRange, ...] = omitted()
    trusted_ranges_only_waive: bool = omitted()
    monitored_ranges: tuple[GivenRange, ...] = omitted()
    ranges_on_every_request: bool = omitted()
    custom_scopes: tuple[GivenScope, ...] = omitted()
    scope_claims: tuple[GivenScopeClaim, ...] = omitted()
    device_flow: bool = omitted()
    user_agent_flow: bool = omitted()
    confirmed: bool = CONFIRMED


def _org(org: Org) -> OrgShown:
    settings = org.settings
    in_force = {
        "session_minutes": effective.session_minutes(org),
        "session_absolute_hours": effective.session_absolute_hours(org),
        "reauthenticate_minutes": effective.reauthenticate_minutes(org),
    }
    return OrgShown(
        id=org.id,
        name=org.name,
        kind=org.kind,
        host=org.host,
        issuer=org.issuer,
        created_at=org.created_at,
        session_minutes=settings.session_minutes,
        session_absolute_hours=settings.session_absolute_hours,
        max_sessions_per_user=settings.max_sessions_per_user,
        lock_sessions_to_address=settings.lock_sessions_to_address,
        reauthenticate_minutes=settings.reauthenticate_minutes,
        verify_new_browsers=settings.verify_new_browsers,
        required_level=settings.requirement.level,
        level_action=settings.requirement.action,
        timezone=settings.timezone,
        trusted_ranges=ranges.shown(settings.trusted_ranges),
        trusted_ranges_only_waive=settings.trusted_ranges_only_waive,
        monitored_ranges=ranges.shown(settings.monitored_ranges),
        ranges_on_every_request=settings.ranges_on_every_request,
        custom_scopes=[ScopeShown(name=name, sentence=sentence) for name, sentence in settings.custom_scopes],
        scope_claims=[
            ScopeClaimShown(scope=scope, claim=claim, expression=expression) for scope, claim, expression in settings.scope_claims
        ],
        device_flow=settings.device_flow,
        user_agent_flow=settings.user_agent_flow,
        effective=OrgEffect.model_validate(in_force),
        version=org.version,
    )


@router.get("/org", summary="Read the org", response_model=OrgShown)
def get_org(desk: AtDesk) -> Response:
    """The org of this host. Needs *View Setup* or *Manage Security*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_SETUP, Permission.MANAGE_SECURITY)
        return shown(_org(visit.org), visit.org.version)


@router.patch("/org", summary="Edit the org", response_model=OrgShown)
def patch_org(desk: AtDesk, body: OrgEdit, if_match: IfMatch = None) -> Response:
    """Change name, sessions, sign-in, time zone, ranges and custom scopes. Needs *Manage Security*. What would newly refuse somebody who
    used an app in the last 30 days must be confirmed (`locks_out`)."""
    fields = ranges.typed(given(body), *RANGES)
    if isinstance(fields["custom_scopes"], tuple):
        fields["custom_scopes"] = tuple((scope.name, scope.sentence) for scope in fields["custom_scopes"])
    if isinstance(fields["scope_claims"], tuple):
        fields["scope_claims"] = tuple((each.scope, each.claim, each.expression) for each in fields["scope_claims"])
    command = EditOrg(expected_version=version_in(if_match), **fields)
    with desk.writing() as visit:
        edited = edit_org(visit.tx, visit.actor, command)
        return shown(_org(edited), edited.version)


@router.get("/orgs", summary="List all orgs")
def list_orgs(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In name or host.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[OrgShown]:
    """The orgs of the installation. Needs *Manage Installation*, in the first org."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.MANAGE_INSTALLATION)
        first = orgs.first(visit.tx)
        if first is None or first.id != visit.org.id:
            raise Refused(setup_reasons.PERMISSION_MISSING, detail="Orgs are listed from the first org of the installation only.")
        return page_of(
            desk,
            visit,
            {"list": "orgs", "search": search},
            limit,
            cursor,
            lambda after, count: orgs.list_page(visit.tx, after=after, limit=count, search=search),
            lambda org: org.id,
            _org,
        )


@router.post("/orgs", summary="Create an org", status_code=201, response_model=OrgShown)
def post_org(desk: AtDesk, body: NewOrg, idempotency_key: IdempotencyKey = None) -> Response:
    """Make an org with its own host, issuer, keys and users. Needs *Manage Installation*, in the first org, and a recent sign-in."""
    command = CreateOrg(**given(body))

    def make(visit: Visit) -> OrgShown:
        return _org(create_org(visit.tx, visit.actor, command).org)

    return desk.create(make, idempotency_key)
