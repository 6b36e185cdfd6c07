"""Making an org, whichever verb wants it: the org, its signing keys, the built-in profiles, its first admin and the built-in apps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gatebridge.records.change import Target, record_change
from gatebridge.rules import typed_ranges
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.org_checks import org_problems
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Profile, User, UserState
from gatebridge.rules.people_checks import person_problems
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.command_line_app import seed_command_line_app
from gatebridge.setup.edits import refuse_invalid, told_requirement
from gatebridge.setup.manage_profiles import ADMINISTRATOR, seed_profiles
from gatebridge.setup.new_password import refuse_plain
from gatebridge.setup.platform_cli import seed_platform_cli
from gatebridge.setup.signing_keys import seed_signing_keys
from gatebridge.storage import orgs, people
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Founding:
    """A new org and its first admin, who is active, or is invited where `state` says so."""

    name: str
    kind: OrgKind
    host: str
    issuer: str
    username: str
    email: str
    first_name: str
    last_name: str
    state: UserState = UserState.ACTIVE
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Founded:
    """What was made. `profiles` are the built-in ones by name."""

    org: Org
    admin: User
    admin_profile: Profile
    profiles: dict[str, Profile]


def found_org(tx: Tx, founder: Actor, founding: Founding, powers: frozenset[Permission], called: Mapping[str, str]) -> Founded:
    """Make the org, with `powers` as the most that anybody in it can hold. Permitted and told by its caller, except for what it is made of.

    Everything is written to the new org's own audit trail, under the founder's name. `called` gives the names that fields of the founding
    have in the caller's command, where they are others. Raises Refused (`field_invalid`, `org_host_taken`).
    """
    refuse_plain(founding.password_hash)
    org = Org(
        id=tx.new_id(Prefix.ORG),
        name=founding.name,
        kind=founding.kind,
        host=founding.host,
        issuer=founding.issuer,
        epoch=0,
        created_at=tx.now,
    )
    admin = User(
        id=tx.new_id(Prefix.USER),
        org_id=org.id,
        username=founding.username,
        email=founding.email,
        first_name=founding.first_name,
        last_name=founding.last_name,
        profile_id="",
        state=founding.state,
        frozen=False,
        epoch=0,
        created_at=tx.now,
    )
    problems = org_problems(org) + person_problems(admin)
    refuse_invalid([replace(problem, field=called.get(problem.field, problem.field)) for problem in problems])
    if not orgs.insert(tx, org):
        raise Refused(setup_reasons.ORG_HOST_TAKEN, fields=(FieldProblem("host", "Another org answers at this host."),))
    founder = replace(founder, org_id=org.id)
    record_change(tx, founder, Event.ORG_CREATED, target(org), None, told(org))
    seed_signing_keys(tx, founder)
    profiles = seed_profiles(tx, founder, powers)
    admin = replace(admin, profile_id=profiles[ADMINISTRATOR].id)
    people.insert(tx, admin, founding.password_hash)
    seed_command_line_app(tx, founder, admin)
    seed_platform_cli(tx, founder, admin)
    return Founded(org, admin, profiles[ADMINISTRATOR], profiles)


def target(org: Org) -> Target:
    """The org as the audit trail names it."""
    return Target("org", org.id, org.name)


def told(org: Org) -> dict[str, object]:
    """What the audit trail keeps of an org."""
    settings = org.settings
    return {
        "name": org.name,
        "kind": org.kind,
        "host": org.host,
        "issuer": org.issuer,
        "session_minutes": settings.session_minutes,
        "session_absolute_hours": settings.session_absolute_hours,
        "max_sessions_per_user": settings.max_sessions_per_user,
        "lock_sessions_to_address": settings.lock_sessions_to_address,
        "reauthenticate_minutes": settings.reauthenticate_minutes,
        "verify_new_browsers": settings.verify_new_browsers,
        **told_requirement(settings.requirement),
        "timezone": settings.timezone,
        "trusted_ranges": typed_ranges.told(settings.trusted_ranges),
        "trusted_ranges_only_waive": settings.trusted_ranges_only_waive,
        "monitored_ranges": typed_ranges.told(settings.monitored_ranges),
        "ranges_on_every_request": settings.ranges_on_every_request,
        "custom_scopes": [f"{name}: {sentence}" for name, sentence in settings.custom_scopes],
        "scope_claims": [f"{scope}: {claim} = {expression}" for scope, claim, expression in settings.scope_claims],
        "device_flow": settings.device_flow,
        "user_agent_flow": settings.user_agent_flow,
    }
