"""Profiles: what every user has exactly one of."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules import effective
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_profiles import CreateProfile, DeleteProfile, EditProfile, create_profile, delete_profile, edit_profile
from gatebridge.storage import profiles
from gatebridge.web.api import ranges, terms
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.ranges import GivenRange, RangeShown
from gatebridge.web.api.shapes import CONFIRMED, Closed, Id, Moment, Shown, given, omitted
from gatebridge.web.api.terms import ChosenShown, GivenHours, HoursShown, LevelShown, NetworkShown

router = APIRouter(prefix="/profiles", tags=["Profiles"])

READS = (Permission.VIEW_SETUP, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.MANAGE_USERS)


RANGES = ("login_ranges", "monitored_ranges")


class ProfileEffect(Shown):
    """What holds in the end for whoever has the profile, before an app says anything, and whose setting says so."""

    network: NetworkShown
    session_minutes: ChosenShown
    level: LevelShown
    timezone: str


class ProfileShown(Shown):
    """Rights, login addresses and hours, required level and session life of everybody who has it."""

    id: Id
    name: str
    description: str
    permissions: list[Permission]
    login_ranges: list[RangeShown]
    monitored_ranges: list[RangeShown]
    login_hours: list[HoursShown]
    required_level: Level
    level_action: LevelAction
    session_minutes: int | None
    effective: ProfileEffect
    created_at: Moment
    version: int


class NewProfile(Closed):
    """A new profile."""

    name: str = Field(examples=["Night jobs"])
    description: str = ""
    permissions: frozenset[Permission] = frozenset()
    login_ranges: tuple[GivenRange, ...] = ()
    monitored_ranges: tuple[GivenRange, ...] = ()
    login_hours: tuple[GivenHours, ...] = ()
    required_level: Level = Level.STANDARD
    level_action: LevelAction = LevelAction.RAISE
    session_minutes: int | None = None


class ProfileEdit(Closed):
    """What is to be different; what is left out stays. A list replaces the whole list.

    `login_hours` are told in the org's time zone; none is always. `monitored_ranges`: a list that is tried out in the place of
    `login_ranges`; what it would refuse goes through and is recorded.
    """

    name: str = omitted()
    description: str = omitted()
    permissions: frozenset[Permission] = omitted()
    login_ranges: tuple[GivenRange, ...] = omitted()
    monitored_ranges: tuple[GivenRange, ...] = omitted()
    login_hours: tuple[GivenHours, ...] = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()
    session_minutes: int | None = omitted()
    confirmed: bool = CONFIRMED


def _fields(body: NewProfile | ProfileEdit) -> dict[str, Any]:
    return terms.with_hours(ranges.typed(given(body), *RANGES), "login_hours")


def _profile(org: Org, profile: Profile) -> ProfileShown:
    in_force = {
        "network": effective.network(effective.network_policy(org, profile)),
        "session_minutes": effective.session_minutes(org, profile),
        "level": effective.level(org, profile),
        "timezone": org.settings.timezone,
    }
    return ProfileShown(
        id=profile.id,
        name=profile.name,
        description=profile.description,
        permissions=[each for each in Permission if each in profile.permissions],
        login_ranges=ranges.shown(profile.login_ranges),
        monitored_ranges=ranges.shown(profile.monitored_ranges),
        login_hours=terms.hours_shown(profile.login_hours),
        required_level=profile.requirement.level,
        level_action=profile.requirement.action,
        session_minutes=profile.session_minutes,
        effective=ProfileEffect.model_validate(in_force),
        created_at=profile.created_at,
        version=profile.version,
    )


@router.get("", summary="List profiles")
def list_profiles(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In the name.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[ProfileShown]:
    """The profiles of the org, oldest first. Needs *View Setup*, *Manage Users* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        return page_of(
            desk,
            visit,
            {"list": "profiles", "search": search},
            limit,
            cursor,
            lambda after, count: profiles.list_page(visit.tx, visit.org.id, after=after, limit=count, search=search),
            lambda profile: profile.id,
            lambda profile: _profile(visit.org, profile),
        )


@router.post("", summary="Create a profile", status_code=201, response_model=ProfileShown)
def post_profile(desk: AtDesk, body: NewProfile, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a profile. Needs *Manage Profiles and Permission Sets* and every right that it gives."""
    command = CreateProfile(**_fields(body))

    def make(visit: Visit) -> ProfileShown:
        return _profile(visit.org, create_profile(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.get("/{profile_id}", summary="Read a profile", response_model=ProfileShown)
def get_profile(desk: AtDesk, profile_id: str) -> Response:
    """One profile. Needs *View Setup*, *Manage Users* or *Manage Profiles and Permission Sets*."""
    with desk.reading() as visit:
        permit(visit.actor, *READS)
        profile = profiles.by_id(visit.tx, visit.org.id, record_id(profile_id, Prefix.PROFILE))
        if profile is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return shown(_profile(visit.org, profile), profile.version)


@router.patch("/{profile_id}", summary="Edit a profile", response_model=ProfileShown)
def patch_profile(desk: AtDesk, profile_id: str, body: ProfileEdit, if_match: IfMatch = None) -> Response:
    """Change a profile for all who have it. Needs *Manage Profiles and Permission Sets* and every right that it gives; who has it cannot
    make it give more, and others need a recent sign-in for that."""
    command = EditProfile(profile_id=record_id(profile_id, Prefix.PROFILE), expected_version=version_in(if_match), **_fields(body))
    with desk.writing() as visit:
        edited = edit_profile(visit.tx, visit.actor, command)
        return shown(_profile(visit.org, edited), edited.version)


@router.delete("/{profile_id}", summary="Delete a profile", status_code=204)
def remove_profile(desk: AtDesk, profile_id: str, if_match: IfMatch = None) -> None:
    """Remove a profile that nobody has. Needs *Manage Profiles and Permission Sets*."""
    command = DeleteProfile(record_id(profile_id, Prefix.PROFILE), version_in(if_match))
    with desk.writing() as visit:
        delete_profile(visit.tx, visit.actor, command)
