"""Which apps the demo org has: one for each flow, one for each common state, with what its developer says and its admin makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatebridge.demo.people import DANA, LEE, Staff
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.network import Relaxation

BY_ITSELF = frozenset({Flow.CLIENT_CREDENTIALS})
BY_BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
BY_DEVICE = frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})
BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})
PUBLIC = frozenset({ClientAuthMethod.NONE})
SUCCESS = "/services/oauth2/success"
IDENTITY = ("openid", "profile", "email")


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
    key_days: int = 365  # how long the certificate is good
    accepted: Mapping[str, str] = field(default_factory=dict)  # which of its exposures somebody answers for, and why


def plans(staff: Staff, issuer: str) -> tuple[Plan, ...]:
    """All of them; `issuer` is where their browsers come back to."""
    nightly, portal = staff.sets["Nightly_Integrations"], staff.sets["Portal_Users"]
    as_ledger = {"run_as_user_id": staff.ids["ledger@machines.acme.example"]}
    as_warehouse = {"run_as_user_id": staff.ids["warehouse@machines.acme.example"]}
    as_partner = {"run_as_user_id": staff.ids["partner@machines.acme.example"]}
    as_shifts = {"run_as_user_id": staff.ids["shifts@machines.acme.example"]}
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
            key_days=50,  # it runs out three weeks after the demo opens
        ),
        Plan(
            "Payroll",
            "Pays the wages; it lets in whoever has shown a second factor",
            Flow.WEB_SERVER,
            by_browser | {"scopes": (*IDENTITY, "api")},
            {"required_level": Level.HIGH, "level_action": LevelAction.RAISE, "access_token_minutes": 15},
            allowed=staff.sets["Payroll_Clerks"],
            owner=DANA,
        ),
        replace(
            for_machines,
            label="Shift Planner",
            purpose="Plans who works when in the warehouse; its user may not come in at night",
            policies=as_shifts,
        ),
        replace(for_machines, label="Old Importer", purpose="Was replaced by Ledger Sync"),
    )
