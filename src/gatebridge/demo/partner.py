"""Other orgs on the same installation: a partner whose apps the demo org may install, and a studio that nobody there has vouched for."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.people import new_password
from gatebridge.demo.plans import BY_BROWSER
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.orgs import OrgKind
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.manage_orgs import CreateOrg, create_org
from gatebridge.storage.tx import Tx

TRACKING, FORECAST = "Northwind Tracking", "Northwind Forecast"
QUOTES, SLIDES = "Quote Builder", "Slide Maker"
LOOK_ALIKE = "Revenue lnsights"  # with a small L, beside the Revenue Insights that everybody means


@dataclass(frozen=True, slots=True)
class Publisher:
    """An org at a host below the demo's own, its admin, and what its apps say that they are for."""

    name: str
    host: str
    first_name: str
    last_name: str
    apps: Mapping[str, str]

    @property
    def admin(self) -> str:
        return f"{self.first_name}.{self.last_name}@{self.host}.example".lower()


PUBLISHERS = (
    Publisher(
        "Northwind Logistics",
        "northwind",
        "Ole",
        "Brandt",
        {
            TRACKING: "Shows on a map where each order is",
            FORECAST: "Says what will be ordered in the next quarter, from what was ordered in the last",
        },
    ),
    Publisher(
        "Pinewood Studio",
        "pinewood",
        "Tess",
        "Moreau",
        {
            QUOTES: "Writes a quote from a price list",
            SLIDES: "Makes slides of a report",
            LOOK_ALIKE: "Charts of your sales",
        },
    ),
)


def make(tx: Tx, operator: Actor, hasher: PasswordHasher, *, host: str, issuer: str) -> tuple[DemoApp, ...]:
    """Found each publisher's org beside the first one, and register its apps there."""
    return tuple(app for each in PUBLISHERS for app in _of(tx, operator, hasher, each, host, issuer))


def _of(tx: Tx, operator: Actor, hasher: PasswordHasher, publisher: Publisher, host: str, issuer: str) -> tuple[DemoApp, ...]:
    scheme = issuer.partition("://")[0]
    command = CreateOrg(
        name=publisher.name,
        kind=OrgKind.PRODUCTION,
        host=f"{publisher.host}.{host}",
        issuer=f"{scheme}://{publisher.host}.{host}",
        admin_username=publisher.admin,
        admin_email=publisher.admin,
        admin_first_name=publisher.first_name,
        admin_last_name=publisher.last_name,
        admin_password_hash=hasher.hash(new_password()),  # nobody of the demo knows it
    )
    made = create_org(tx, operator, command)
    theirs = Actor(ActorKind.USER, made.org.id, made.admin.name, EVERY_POWER - {Permission.MANAGE_INSTALLATION}, user_id=made.admin.id)
    return tuple(_app(tx, theirs, publisher, label) for label in publisher.apps)


def _app(tx: Tx, theirs: Actor, publisher: Publisher, label: str) -> DemoApp:
    callback = f"https://{label.split()[1].lower()}.{publisher.host}.example/callback"
    command = CreateApp(
        label=label,
        api_name=label.replace(" ", "_"),
        contact_email=f"apps@{publisher.host}.example",
        purpose=publisher.apps[label],
        flows=BY_BROWSER,
        scopes=("openid", "profile", "api", "refresh_token"),
        callbacks=(callback,),
    )
    made = create_app(tx, theirs, command)
    secret = made.secret.reveal() if made.secret else None
    return DemoApp(made.app.id, label, Flow.WEB_SERVER, made.app.consumer_key, secret, callback=callback)
