"""Who is in the demo org: people and service users with different rights."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules.actors import Actor
from gatebridge.rules.hours import parse_hours
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import Permission
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.first_admin import FirstAdmin, create_first_admin
from gatebridge.setup.invite_users import InviteUser, invite_user
from gatebridge.setup.manage_custom_permissions import (
    AssignCustomPermission,
    CreateCustomPermission,
    assign_custom_permission,
    create_custom_permission,
)
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage.tx import Tx

DANA, LEE, SAM, KIM, NOA, MAX, INES = (
    f"{name}@acme.example" for name in ("dana.okafor", "lee.park", "sam.ruiz", "kim.sato", "noa.levi", "max.roth", "ines.vogt")
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo, with the password that only `var/demo.json` holds."""

    username: str
    password: str = field(repr=False)
    name: str
    what: str
    seed: str = field(default="", repr=False)  # of an authenticator app, as it is typed into one


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody of the demo org, and what they hold. `ids` are of users by username, `sets` of permission sets by API name."""

    org: Org
    operator: Actor
    people: tuple[Person, ...]
    ids: Mapping[str, str]
    sets: Mapping[str, str]
    admin_profile_id: str


RIGHTS_OF_DEVELOPERS = frozenset(
    {
        Permission.API_ENABLED,
        Permission.VIEW_SETUP,
        Permission.REGISTER_CONNECTED_APPS,
        Permission.ROTATE_CONSUMER_CREDENTIALS,
        Permission.VIEW_OAUTH_USAGE,
    }
)
RIGHTS_OF_AUDITORS = frozenset(
    {Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY, Permission.VIEW_AUDIT_TRAIL, Permission.VIEW_OAUTH_USAGE}
)
RIGHTS_OF_SCOUTS = frozenset({Permission.APPROVE_UNINSTALLED_CONNECTED_APPS})
SETS = (
    CreatePermissionSet("Nightly Integrations", "Nightly_Integrations", "May use the nightly jobs", frozenset()),
    CreatePermissionSet("Portal Users", "Portal_Users", "May sign in to the customer portal and have expenses booked", frozenset()),
    CreatePermissionSet("Payroll Clerks", "Payroll_Clerks", "Pay the wages; the app lets them in with a second factor only", frozenset()),
    CreatePermissionSet("App Scouts", "App_Scouts", "May try out what no admin has installed, each for oneself", RIGHTS_OF_SCOUTS),
    CreatePermissionSet("Security Auditor", "Security_Auditor", "Reads every record and changes nothing", RIGHTS_OF_AUDITORS),
)
# Rights of the customer portal: it asks who has them, and decides itself what they let do.
CUSTOM = {
    "Portal_Users": CreateCustomPermission("Approve Invoices", "Approve_Invoices", "Releases an invoice in the portal for payment"),
    "Security_Auditor": CreateCustomPermission("Read Cost Centres", "Read_Cost_Centres", "Sees in the portal what others spend"),
}
AUDIT_LASTS = timedelta(days=90)
HOLDERS = {
    "App_Scouts": (KIM,),
    "Nightly_Integrations": tuple(f"{name}@machines.acme.example" for name in ("ledger", "warehouse", "shifts")),
    "Payroll_Clerks": (INES, KIM),
    "Portal_Users": (DANA, SAM, KIM, MAX),
    "Security_Auditor": (SAM,),
}


def make(tx: Tx, hasher: PasswordHasher, *, host: str, issuer: str) -> Staff:
    """Found the org with its first admin, and bring everybody in."""
    people: list[Person] = []

    def invent(username: str, name: str, what: str) -> str:
        person = Person(username, new_password(), name, what)
        people.append(person)
        return hasher.hash(person.password)

    first = create_first_admin(
        tx,
        FirstAdmin(
            org_name="Acme",
            host=host,
            issuer=issuer,
            username=DANA,
            email=DANA,
            first_name="Dana",
            last_name="Okafor",
            password_hash=invent(DANA, "Dana Okafor", "security admin"),
        ),
    )
    operator = first.actor
    profiles = {name: profile.id for name, profile in first.profiles.items()}
    developers = CreateProfile("Integration Developer", "Registers apps and looks after them", RIGHTS_OF_DEVELOPERS)
    profiles["Integration Developer"] = create_profile(tx, operator, developers).id
    profiles["Warehouse Machines"] = create_profile(tx, operator, _warehouse_machines()).id
    profiles["Shift Machines"] = create_profile(tx, operator, _shift_machines()).id
    ids = {DANA: first.user.id}

    def person(username: str, first_name: str, last_name: str, profile: str, what: str) -> None:
        hashed = invent(username, f"{first_name} {last_name}", what)
        command = CreateUser(username, username, profiles[profile], first_name, last_name, password_hash=hashed)
        ids[username] = create_user(tx, operator, command).id

    person(LEE, "Lee", "Park", "Integration Developer", "integration developer")
    person(SAM, "Sam", "Ruiz", "Standard User", "pre-authorized for the portal, and an auditor")
    person(KIM, "Kim", "Sato", "Standard User", "pre-authorized for the portal, uses the field app")
    person(NOA, "Noa", "Levi", "Standard User", "approved for nothing")
    person(MAX, "Max", "Roth", "Standard User", "was frozen two weeks ago")
    person(INES, "Ines", "Vogt", "Standard User", "pays the wages, with an authenticator app")
    machines = {"ledger": "Integration User", "warehouse": "Warehouse Machines", "partner": "Integration User", "shifts": "Shift Machines"}
    for name, profile in machines.items():
        username = f"{name}@machines.acme.example"
        command = CreateUser(username, "it@acme.example", profiles[profile], "Service", name.capitalize())
        ids[username] = create_user(tx, operator, command).id
    support = create_profile(tx, operator, _support_desk())
    ana = "ana.diaz@acme.example"
    ids[ana] = invite_user(tx, operator, InviteUser(ana, ana, support.id, "Ana", "Diaz")).user.id
    sets = {each.api_name: create_permission_set(tx, operator, each).id for each in SETS}
    for api_name, holders in HOLDERS.items():
        ends_at = tx.now + AUDIT_LASTS if api_name == "Security_Auditor" else None
        for username in holders:
            assign_permission_set(tx, operator, AssignPermissionSet(ids[username], sets[api_name], ends_at))
    for api_name, named in CUSTOM.items():
        custom = create_custom_permission(tx, operator, named)
        assign_custom_permission(tx, operator, AssignCustomPermission(custom.id, sets[api_name]))
    return Staff(first.org, operator, tuple(people), ids, sets, first.user.profile_id)


def new_password() -> str:
    """One that nobody guesses."""
    return base64.urlsafe_b64encode(os.urandom(12)).decode()


def _support_desk() -> CreateProfile:
    weekdays, saturday = parse_hours("mon-fri 07:00-20:00") or (), parse_hours("sat 09:00-13:00") or ()
    return CreateProfile(
        "Support Desk",
        "Answers customers; at the hours of the desk, and never with a password alone",
        frozenset({Permission.API_ENABLED}),
        login_hours=(*weekdays, *saturday),
        required_level=Level.HIGH,
        session_minutes=30,
    )


def _shift_machines() -> CreateProfile:
    return CreateProfile(
        "Shift Machines",
        "Service users that plan the shifts of a day, and have no business at night",
        frozenset({Permission.API_ENABLED, Permission.API_ONLY}),
        login_hours=parse_hours("mon-sun 06:00-22:00") or (),
    )


def _warehouse_machines() -> CreateProfile:
    ranges = (TypedRange("127.0.0.0/8", "this machine"), TypedRange("::1", "this machine"), TypedRange("10.20.0.0/16", "warehouse"))
    return CreateProfile(
        "Warehouse Machines",
        "Service users that may only come from the warehouse or from this machine",
        frozenset({Permission.API_ENABLED, Permission.API_ONLY}),
        login_ranges=ranges,
    )
