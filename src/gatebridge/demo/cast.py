"""Which apps are in the demo org: one for each flow, one for each common state, registered and approved verb by verb."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.demo import keys, people
from gatebridge.demo.people import DANA, LEE, Person, Staff
from gatebridge.rules.actors import ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import PLATFORM_CLI, Dialect
from gatebridge.rules.network import Relaxation
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

BY_ITSELF = frozenset({Flow.CLIENT_CREDENTIALS})
BY_BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
BY_DEVICE = frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})
BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})
PUBLIC = frozenset({ClientAuthMethod.NONE})
SUCCESS = "/services/oauth2/success"
IDENTITY = ("openid", "profile", "email")
ACCEPTED_FOR = timedelta(days=120)  # from the founding of the org, which is a month before the demo opens


@dataclass(frozen=True, slots=True)
class DemoApp:
    """An app of the demo, as a client needs it."""

    app_id: str
    name: str
    flow: str
    key: str
    secret: str | None = field(repr=False)
    callback: str | None = None
    key_file: str | None = None
    cert_file: str | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and everything in the demo."""

    people: tuple[Person, ...]
    apps: tuple[DemoApp, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One app to be made: what its developer says, and what the admin makes of it."""

    label: str
    purpose: str
    flow: str  # what `var/demo.json` says that it is good for
    settings: Mapping[str, Any]
    policies: Mapping[str, Any] = field(default_factory=dict)
    allowed: str | None = None  # the profile or permission set through which users are approved
    owner: str = LEE
    key_name: str = ""  # an app with a certificate gets its key in a file of this name
    accepted: Mapping[str, str] = field(default_factory=dict)  # which of its exposures somebody answers for, and why


def make(tx: Tx, hasher: PasswordHasher, *, host: str, issuer: str, keys_directory: Path) -> Cast:
    """Make the demo org in this transaction."""
    staff = people.make(tx, hasher, host=host, issuer=issuer)
    edit_org(tx, staff.operator, EditOrg(device_flow=True, user_agent_flow=True))
    apps = [_app(tx, staff, plan, keys_directory) for plan in _plans(staff, issuer)]
    old = next(app for app in apps if app.name == "Old Importer")
    block_app(tx, staff.operator, BlockApp(old.app_id, "Replaced by Ledger Sync in March; nobody should be using it."))
    return Cast(staff.people, (*apps, _salesforce_cli(tx, staff)))


def _plans(staff: Staff, issuer: str) -> tuple[Plan, ...]:
    nightly, portal = staff.sets["Nightly_Integrations"], staff.sets["Portal_Users"]
    as_ledger = {"run_as_user_id": staff.ids["ledger@machines.acme.example"]}
    as_warehouse = {"run_as_user_id": staff.ids["warehouse@machines.acme.example"]}
    as_partner = {"run_as_user_id": staff.ids["partner@machines.acme.example"]}
    as_admin = {"run_as_user_id": staff.ids[DANA], "may_administer": True}
    anybody = {"permitted_users": PermittedUsers.SELF_AUTHORIZE}
    here = issuer + SUCCESS
    by_itself: dict[str, Any] = {"flows": BY_ITSELF, "scopes": ("api",)}
    for_machines = replace(
        Plan("Ledger Sync", "Copies invoices to the ledger every night", Flow.CLIENT_CREDENTIALS, by_itself, as_ledger), allowed=nightly
    )
    by_browser = {"flows": BY_BROWSER, "scopes": (*IDENTITY, "api", "refresh_token"), "callbacks": (here,)}
    return (
        for_machines,
        replace(
            for_machines,
            label="Warehouse Feed",
            purpose="Sends stock levels; proves itself with a key and gets signed tokens",
            settings=by_itself | {"auth_methods": BY_KEY, "access_token_format": TokenFormat.JWT},
            policies=as_warehouse | {"jwt_access_token_minutes": 60},
            key_name="warehouse-feed",
            accepted={"jwt_long": "The conveyor belts lose their network for half an hour at a time."},
        ),
        Plan(
            "Orders API",
            "A resource server: it asks whether the tokens that it is sent are good",
            "introspection",
            {"introspect_all_tokens": True},
        ),
        replace(
            for_machines,
            label="Data Loader",
            purpose="A client that was written for Salesforce",
            settings=by_itself | {"scopes": ("api", "id"), "dialect": Dialect.SALESFORCE},
        ),
        replace(for_machines, label="Partner Portal", purpose="Waits for an admin to approve its user", policies=as_partner, allowed=None),
        replace(
            for_machines,
            label="Setup Robot",
            purpose="What the command line of this demo acts through",
            settings=by_itself | {"scopes": ("setup_api",)},
            policies=as_admin,
            allowed=staff.admin_profile_id,
            owner=DANA,
        ),
        Plan("Acme Portal", "Customers look up their orders here, after signing in", Flow.WEB_SERVER, by_browser, allowed=portal),
        Plan(
            "Field App",
            "The phone app of the field staff; it keeps no secret and asks each user",
            Flow.WEB_SERVER,
            by_browser | {"auth_methods": PUBLIC, "native": True, "callbacks": (here, "http://127.0.0.1/callback")},
            anybody,
        ),
        Plan(
            "Revenue Insights",
            "A partner's charts; each user decides whether it may read the own data",
            Flow.WEB_SERVER,
            by_browser | {"dialect": Dialect.SALESFORCE, "scopes": ("api", "id", "refresh_token")},
            anybody,
        ),
        Plan(
            "Expense Bot",
            "Books expenses for pre-authorized users while they are away, with a key of its own",
            Flow.JWT_BEARER,
            {"flows": frozenset({Flow.JWT_BEARER}), "scopes": ("api", "id"), "auth_methods": BY_KEY},
            allowed=portal,
            key_name="expense-bot",
        ),
        Plan(
            "Meeting Room Screen",
            "The screens in the meeting rooms, which have no keyboard: whoever books one connects it from a browser",
            Flow.DEVICE,
            {"flows": BY_DEVICE, "scopes": (*IDENTITY, "api", "refresh_token"), "auth_methods": PUBLIC},
            allowed=portal,
            accepted={"device_flow": "The screens of this maker can show a code and nothing else."},
        ),
        Plan(
            "Legacy Dashboard",
            "An old page in the browser that can only read its token from the address; the new one uses a code and PKCE",
            Flow.USER_AGENT,
            {"flows": frozenset({Flow.USER_AGENT}), "scopes": ("openid", "profile"), "auth_methods": PUBLIC, "callbacks": (here,)},
            allowed=portal,
            accepted={"user_agent_flow": "It is switched off when the new dashboard is out, in the spring."},
        ),
        Plan(
            "Helpdesk Connector",
            "A bought tool that came as open as its vendor delivers it; what it needs of that is not known yet",
            Flow.WEB_SERVER,
            by_browser | {"scopes": ("full", "refresh_token"), "full_scope_reason": "Its manual asks for it.", "pkce_required": False},
            anybody | {"ip_relaxation": Relaxation.RELAX, "refresh_grace_seconds": 60},
            accepted={"no_pkce": "The vendor ships PKCE with its spring release."},
        ),
        Plan(
            "Login Reports",
            "A script around the Salesforce CLI: it reads the login history every night for an auditor, with a key of its own",
            Flow.JWT_BEARER,
            {"flows": frozenset({Flow.JWT_BEARER}), "scopes": ("api", "id"), "auth_methods": BY_KEY, "dialect": Dialect.SALESFORCE},
            allowed=staff.sets["Security_Auditor"],
            key_name="login-reports",
        ),
        replace(for_machines, label="Old Importer", purpose="Was replaced by Ledger Sync"),
    )


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
    dana = replace(operator, kind=ActorKind.USER, name="Dana Okafor", user_id=staff.ids[DANA])
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
    key_file, cert_file = keys.make_certificate(directory, plan.key_name, tx.now, with_rsa=command.dialect is Dialect.SALESFORCE)
    add_certificate(tx, operator, AddCertificate(made.app.id, f"{plan.label} key", cert_file.read_text()))
    return replace(app, key_file=str(key_file), cert_file=str(cert_file))
