"""The first org and its first admin, made at the machine itself, since there is nobody yet who could permit it."""

from dataclasses import dataclass, field

from gatebridge.records.change import record_change
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Profile, User
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import manage_users
from gatebridge.setup.found_org import Founding, found_org
from gatebridge.storage import orgs
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The org at the configured base URL and the person who administers it, and with it the installation."""

    org_name: str
    host: str
    issuer: str
    username: str
    email: str
    first_name: str
    last_name: str
    password_hash: str | None = field(default=None, repr=False)
    kind: OrgKind = OrgKind.PRODUCTION


@dataclass(frozen=True, slots=True)
class FirstAdminCreated:
    """The first org with its built-in profiles by name, and its admin."""

    org: Org
    user: User
    profiles: dict[str, Profile]

    @property
    def actor(self) -> Actor:
        """The operator at the machine, who goes on setting up this org."""
        return operator(self.org.id)


def operator(org_id: str) -> Actor:
    """The one who commands the machine, as the audit trail of this org shows it. Only local commands and the demo act so."""
    return Actor(ActorKind.OPERATOR, org_id, "Operator", EVERY_POWER)


def create_first_admin(tx: Tx, command: FirstAdmin) -> FirstAdminCreated:
    """Make the first org and its admin while there is no org at all. Raises Refused (`state_conflict`, `field_invalid`)."""
    if orgs.first(tx) is not None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This installation has its first org and admin already.")
    founding = Founding(
        name=command.org_name,
        kind=command.kind,
        host=command.host,
        issuer=command.issuer,
        username=command.username,
        email=command.email,
        first_name=command.first_name,
        last_name=command.last_name,
        password_hash=command.password_hash,
    )
    founded = found_org(tx, operator(""), founding, EVERY_POWER, {"name": "org_name"})
    after = manage_users.told(founded.admin, founded.admin_profile) | {"password": command.password_hash}
    record_change(tx, operator(founded.org.id), Event.FIRST_ADMIN_CREATED, manage_users.target(founded.admin), None, after)
    return FirstAdminCreated(founded.org, founded.admin, founded.profiles)
