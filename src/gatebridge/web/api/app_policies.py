"""Policies of an app and who may use it: what the admin of the org that uses it owns."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BeforeValidator, Field
from starlette.responses import Response

from gatebridge.rules import effective
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lifetimes import RefreshPolicy, parse_refresh_policy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import installations, names, profiles
from gatebridge.storage.tx import Tx
from gatebridge.web.api import app_reading, ranges
from gatebridge.web.api.desk import AtDesk, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.ranges import GivenRange, RangeShown
from gatebridge.web.api.shapes import CONFIRMED, Closed, Confirmed, GivenId, GivenMoment, Id, Moment, Shown, given, omitted
from gatebridge.web.api.terms import ChosenShown, LevelShown, NetworkShown

router = APIRouter(prefix="/apps/{app_id}", tags=["Settings and policies"])


def _policy_of(text: str) -> RefreshPolicy:
    found = parse_refresh_policy(text)
    if found is None:
        raise ValueError("is no refresh token policy, such as idle:30:days, absolute:12:months, immediately or until_revoked")
    return found


# A refresh token policy goes out and comes in as the text that admins write.
RefreshPolicyText = Annotated[str, BeforeValidator(str)]
GivenRefreshPolicy = Annotated[
    str, AfterValidator(_policy_of), Field(examples=["idle:30:days", "absolute:12:months", "immediately", "until_revoked"])
]


RANGES = ("ip_ranges", "refresh_ranges", "monitored_ranges")
MOST_PROFILES = 1_000


class ForProfilesShown(Shown):
    """What holds in the end where users of these profiles use the app, and whose setting says so."""

    profiles: list[str]
    network: NetworkShown
    access_token_minutes: ChosenShown
    jwt_access_token_minutes: ChosenShown
    level: LevelShown


class PoliciesShown(Shown):
    """Who may use the app here, from where, how surely signed in, for how long, and for whom it acts.

    `effective` tells what all settings together come to, for the users of each profile of the org.
    """

    installation_id: Id
    permitted_users: PermittedUsers
    ip_relaxation: Relaxation
    ip_ranges: list[RangeShown]
    refresh_ranges: list[RangeShown]
    monitored_ranges: list[RangeShown]
    required_level: Level
    level_action: LevelAction
    access_token_minutes: int | None
    jwt_access_token_minutes: int | None
    run_as_user_id: Id | None
    may_administer: bool
    refresh_policies: list[RefreshPolicyText]
    refresh_exception_reason: str
    refresh_exception_until: Moment | None
    refresh_grace_seconds: int
    authorization_code_seconds: int | None
    max_grants_per_user: int | None
    effective: list[ForProfilesShown]
    version: int


class PoliciesEdit(Closed):
    """What is to be different; what is left out stays. Null minutes, seconds and grants are the default, a null run-as user is nobody.

    A refresh token always has an idle and an absolute limit: name one, and the other is the default. `immediately` and `until_revoked`
    stand alone; the latter needs `refresh_exception_reason`, and `refresh_exception_until` within two years.

    `ip_ranges`: from where the app may be used at all. `refresh_ranges`: from where alone its refresh tokens are taken, whatever is
    relaxed; at most 256 addresses. `monitored_ranges`: a list that is tried out in the place of `ip_ranges`; what it would refuse goes
    through and is recorded. A list replaces the whole list.
    """

    permitted_users: PermittedUsers = omitted()
    ip_relaxation: Relaxation = omitted()
    ip_ranges: tuple[GivenRange, ...] = omitted()
    refresh_ranges: tuple[GivenRange, ...] = omitted()
    monitored_ranges: tuple[GivenRange, ...] = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()
    access_token_minutes: int | None = omitted()
    jwt_access_token_minutes: int | None = omitted()
    run_as_user_id: GivenId | None = omitted()
    may_administer: bool = omitted()
    refresh_policies: tuple[GivenRefreshPolicy, ...] = omitted()
    refresh_exception_reason: str = omitted()
    refresh_exception_until: GivenMoment | None = omitted()
    refresh_grace_seconds: int = omitted()
    authorization_code_seconds: int | None = omitted()
    max_grants_per_user: int | None = omitted()
    confirmed: bool = CONFIRMED


class AccessShown(Shown):
    """One profile or permission set whose holders may use the app."""

    holder_id: Id
    kind: Literal["profile", "permission_set"]
    name: str
    expires_at: Moment | None
    in_force: bool


class Access(Closed):
    """Until when; without an end, until it is removed."""

    expires_at: GivenMoment | None = Field(None, description="Null: without an end.")


def policies_shown(tx: Tx, org: Org, policies: AppPolicies) -> PoliciesShown:
    """Policies as they are sent out, with what they come to for each profile."""
    everybody = profiles.list_page(tx, org.id, after=None, limit=MOST_PROFILES)
    requirement = policies.requirement
    told = {
        **{name: getattr(policies, name) for name in PoliciesShown.model_fields if hasattr(policies, name)},
        **{name: ranges.shown(getattr(policies, name)) for name in RANGES},
        **{"required_level": requirement.level, "level_action": requirement.action},
        "effective": effective.of_app(org, policies, everybody),
    }
    return PoliciesShown.model_validate(told)


def _shown(visit: Visit, policies: AppPolicies) -> Response:
    return shown(policies_shown(visit.tx, visit.org, policies), policies.version)


def _holder_id(text: str) -> str:
    found = parse(text, Prefix.PROFILE) or parse(text, Prefix.PERMISSION_SET)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


@router.get("/policies", summary="Read policies", response_model=PoliciesShown)
def get_policies(desk: AtDesk, app_id: str) -> Response:
    """How this org lets the app be used. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        _, installation_id = app_reading.installed(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        policies = installations.policies_of(visit.tx, visit.org.id, installation_id)
        if policies is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return _shown(visit, policies)


@router.patch("/policies", summary="Edit policies", response_model=PoliciesShown)
def patch_policies(desk: AtDesk, app_id: str, body: PoliciesEdit, if_match: IfMatch = None) -> Response:
    """Change how this org lets the app be used. Needs *Manage Connected Apps*; `may_administer` needs *Manage Security* too. Whoever names
    a run-as user, or lets an app administer that has one, holds every right that this user holds. To let an app administer, or act for
    a user who holds any right, needs a recent sign-in."""
    fields = ranges.typed(given(body), *RANGES)
    command = EditPolicies(app_id=record_id(app_id, Prefix.APP), expected_version=version_in(if_match), **fields)
    with desk.writing() as visit:
        return _shown(visit, edit_policies(visit.tx, visit.actor, command))


@router.get("/access", summary="List who may use an app")
def list_access(desk: AtDesk, app_id: str) -> list[AccessShown]:
    """The profiles and permission sets whose holders may use the app, those run out too. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        _, installation_id = app_reading.installed(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        return access_shown(visit.tx, visit.org, installation_id)


def access_shown(tx: Tx, org: Org, installation_id: str) -> list[AccessShown]:
    """Who may use an app, as it is sent out."""
    permits = installations.permits_of(tx, org.id, installation_id)
    named = names.of_holders(tx, org.id, [each.holder_id for each in permits])
    return [_access(each, named.get(each.holder_id, ""), each.holds(tx.now)) for each in permits]


def _access(permit: Assignment, name: str, in_force: bool) -> AccessShown:
    kind: Literal["profile", "permission_set"] = "profile" if permit.holder_id.startswith(Prefix.PROFILE) else "permission_set"
    return AccessShown(holder_id=permit.holder_id, kind=kind, name=name, expires_at=permit.expires_at, in_force=in_force)


@router.put("/access/{holder_id}", summary="Assign an app")
def put_access(desk: AtDesk, app_id: str, holder_id: str, body: Access) -> AccessShown:
    """Let the holders of a profile or permission set use the app. Assigned again, it gets the new end. Needs *Manage Connected Apps*."""
    command = AssignAccess(record_id(app_id, Prefix.APP), _holder_id(holder_id), body.expires_at)
    with desk.writing() as visit:
        assigned = assign_access(visit.tx, visit.actor, command)
        named = names.of_holders(visit.tx, visit.org.id, [assigned.holder_id])
        return _access(assigned, named.get(assigned.holder_id, ""), assigned.holds(visit.tx.now))


@router.delete("/access/{holder_id}", summary="Unassign an app", status_code=204)
def delete_access(desk: AtDesk, app_id: str, holder_id: str, confirmed: Confirmed = False) -> None:
    """Let the holders use the app no more; their tokens of it are refused from now on. Needs *Manage Connected Apps*. Where somebody used
    it in the last 30 days, or nobody would be left, it must be confirmed (`locks_out`)."""
    with desk.writing() as visit:
        remove_access(visit.tx, visit.actor, RemoveAccess(record_id(app_id, Prefix.APP), _holder_id(holder_id), confirmed))
