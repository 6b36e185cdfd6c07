"""The demo org as it is founded: its people and its apps, registered and approved verb by verb."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.demo import keys, partner, people
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.people import DANA, Person, Staff
from gatebridge.demo.plans import Plan, plans
from gatebridge.rules.actors import ActorKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import PLATFORM_CLI, Dialect
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.loosenings import AcceptExposure, accept_exposure
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.platform_cli import CALLBACK
from gatebridge.storage.tx import Tx

ACCEPTED_FOR = timedelta(days=120)  # from the founding of the org, which is a month before the demo opens


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and everything in the demo."""

    people: tuple[Person, ...]
    apps: tuple[DemoApp, ...]


def make(tx: Tx, hasher: PasswordHasher, *, host: str, issuer: str, keys_directory: Path) -> Cast:
    """Make the demo org in this transaction."""
    staff = people.make(tx, hasher, host=host, issuer=issuer)
    edit_org(tx, staff.operator, EditOrg(device_flow=True, user_agent_flow=True))
    apps = [_app(tx, staff, plan, keys_directory) for plan in plans(staff, issuer)]
    old = next(app for app in apps if app.name == "Old Importer")
    block_app(tx, staff.operator, BlockApp(old.app_id, "Replaced by Ledger Sync in March; nobody should be using it."))
    theirs = partner.make(tx, staff.operator, hasher, host=host, issuer=issuer)
    return Cast(staff.people, (*apps, _salesforce_cli(tx, staff), *theirs))


def _salesforce_cli(tx: Tx, staff: Staff) -> DemoApp:
    """The app that every org knows, installed here for the admins and the auditors."""
    app = install_app(tx, staff.operator, InstallApp(PLATFORM_CLI)).app
    for holder in (staff.admin_profile_id, staff.sets["Security_Auditor"]):
        assign_access(tx, staff.operator, AssignAccess(app.id, holder))
    return DemoApp(app.id, app.label, Flow.WEB_SERVER, app.consumer_key, None, callback=CALLBACK)


def _app(tx: Tx, staff: Staff, plan: Plan, directory: Path) -> DemoApp:
    operator = staff.operator
    command = CreateApp(
        label=plan.label,
        api_name=plan.label.replace(" ", "_"),
        contact_email="it@acme.example",
        purpose=plan.purpose,
        owner_id=staff.ids[plan.owner],
        **plan.settings,
    )
    made = create_app(tx, operator, command)
    if plan.policies:
        edit_policies(tx, operator, EditPolicies(made.app.id, **plan.policies))
    if plan.allowed is not None:
        assign_access(tx, operator, AssignAccess(made.app.id, plan.allowed))
    dana = replace(operator, kind=ActorKind.USER, name=DANA, user_id=staff.ids[DANA])
    for exposure, why in plan.accepted.items():
        accept_exposure(tx, dana, AcceptExposure(made.app.id, exposure, why, tx.now + ACCEPTED_FOR))
    app = DemoApp(
        made.app.id,
        plan.label,
        plan.flow,
        made.app.consumer_key,
        made.secret.reveal() if made.secret else None,
        callback=next(iter(command.callbacks), None),
    )
    if not plan.key_name:
        return app
    key_file, cert_file = keys.make_certificate(
        directory, plan.key_name, tx.now, plan.key_days, with_rsa=command.dialect is Dialect.SALESFORCE
    )
    add_certificate(tx, operator, AddCertificate(made.app.id, f"{plan.label} key", cert_file.read_text()))
    return replace(app, key_file=str(key_file), cert_file=str(cert_file))
