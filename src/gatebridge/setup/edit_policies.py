"""Change what the admin of the org that uses an app owns: who may use it, from where, for how long, and whom it acts for.

A tighter policy counts from the commit on, for tokens that are already out too: every use of one is decided on the policies of that moment.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.records.change import check_version, permit, record_change, signed_in_lately
from gatebridge.rules import network, policy_checks, typed_ranges
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.network import NetworkPolicy, Relaxation
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup import app_rights, hit_list, rights
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale, told_requirement, with_ranges, with_requirement
from gatebridge.storage import facts, installations
from gatebridge.storage.tx import Tx

_RANGES = ("ip_ranges", "refresh_ranges", "monitored_ranges")
_FIELDS = tuple(name for name in AppPolicies.__slots__ if name not in ("installation_id", "version", "requirement", *_RANGES))


@dataclass(frozen=True, slots=True)
class EditPolicies:
    """For minutes and the run-as user None is a value: the default, and nobody. A list of ranges replaces the one that there is."""

    app_id: str
    permitted_users: PermittedUsers | Unchanged = UNCHANGED
    ip_relaxation: Relaxation | Unchanged = UNCHANGED
    ip_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    refresh_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    monitored_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    required_level: Level | Unchanged = UNCHANGED
    level_action: LevelAction | Unchanged = UNCHANGED
    access_token_minutes: int | Unchanged | None = UNCHANGED
    jwt_access_token_minutes: int | Unchanged | None = UNCHANGED
    run_as_user_id: str | Unchanged | None = UNCHANGED
    may_administer: bool | Unchanged = UNCHANGED
    refresh_policies: tuple[RefreshPolicy, ...] | Unchanged = UNCHANGED
    refresh_exception_reason: str | Unchanged = UNCHANGED
    refresh_exception_until: datetime | Unchanged | None = UNCHANGED
    refresh_grace_seconds: int | Unchanged = UNCHANGED
    authorization_code_seconds: int | Unchanged | None = UNCHANGED
    max_grants_per_user: int | Unchanged | None = UNCHANGED
    expected_version: int | None = None
    confirmed: bool = False  # even if it locks out who uses the app, or leaves nobody


def edit_policies(tx: Tx, actor: Actor, command: EditPolicies) -> AppPolicies:
    """Save the policies of an app in the actor's org and return them as they now are. Raises Refused.

    Naming a run-as user gives the app that user's rights, and letting it administer the org gives it those that count there; so whoever
    does either must hold them all (X-AD-04), and have signed in lately. The latter takes Manage Security beside.
    """
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    before = installations.policies_of(tx, actor.org_id, installation.id)
    if before is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    check_version(before.version, command.expected_version)
    after = with_requirement(_with_refresh_in_order(applied(before, command, *_FIELDS), command), command)
    after, problems = with_ranges(after, command, *_RANGES)
    if after == before and not problems:
        return before
    opens_setup = after.may_administer and not before.may_administer
    if opens_setup:
        permit(actor, Permission.MANAGE_SECURITY)
        signed_in_lately(tx, actor)
    if before.may_administer and not after.may_administer:
        app_rights.refuse_own_door(actor, app.id)
    problems += policy_checks.policy_problems(after, before, tx.now)
    problems += _own_door_problems(actor, app.id, before, after)
    if after.run_as_user_id is not None and after.run_as_user_id != before.run_as_user_id:
        problems += _run_as_problems(tx, actor, after.run_as_user_id)
    elif after.run_as_user_id is not None and opens_setup:
        rights.refuse_acting_for(tx, actor, facts.standing(tx, actor.org_id, after.run_as_user_id))
    refuse_invalid(problems)
    drafts = Draft(policies={app.id: before}), Draft(policies={app.id: after})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, app.id, *drafts, command.confirmed)
    if not installations.update_policies(tx, actor.org_id, after):
        raise stale()
    record_change(tx, actor, Event.APP_POLICIES_EDITED, app_rights.target(app), told(before), told(after) | locked_out)
    return replace(after, version=after.version + 1)


def _with_refresh_in_order(after: AppPolicies, command: EditPolicies) -> AppPolicies:
    """Both limits of a refresh token stand, and an exception goes with the policy that it excused, unless the edit speaks of it."""
    after = replace(after, refresh_policies=policy_checks.with_both_limits(after.refresh_policies))
    if policy_checks.for_ever(after):
        return after
    if command.refresh_exception_reason is UNCHANGED:
        after = replace(after, refresh_exception_reason="")
    return replace(after, refresh_exception_until=None) if command.refresh_exception_until is UNCHANGED else after


def _own_door_problems(actor: Actor, app_id: str, before: AppPolicies, after: AppPolicies) -> list[FieldProblem]:
    """Who is signed in through the very app cannot bind it to places in which they are not (X-AD-12)."""
    if actor.app_id != app_id or not actor.address or after.ip_ranges == before.ip_ranges:
        return []
    here = NetworkPolicy(after.ip_relaxation, app=after.ip_ranges)
    if network.judge(network.parse_address(actor.address), here).allowed:
        return []
    return [FieldProblem("ip_ranges", f"You are signed in through this very app at {actor.address}, which is outside these ranges.")]


def told(policies: AppPolicies) -> dict[str, object]:
    """What the audit trail keeps of policies."""
    plain = {name: getattr(policies, name) for name in ("installation_id", "version", *_FIELDS)}
    return plain | {name: typed_ranges.told(getattr(policies, name)) for name in _RANGES} | told_requirement(policies.requirement)


def _run_as_problems(tx: Tx, actor: Actor, user_id: str) -> list[FieldProblem]:
    standing = facts.standing(tx, actor.org_id, user_id)
    if standing is None:
        return [FieldProblem("run_as_user_id", "There is no such user in this org.")]
    if standing.user.state is not UserState.ACTIVE or standing.user.frozen:
        return [FieldProblem("run_as_user_id", f"{standing.user.name} is not an active user.")]
    rights.refuse_acting_for(tx, actor, standing)
    return []
