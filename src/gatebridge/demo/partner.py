"""A second org on the same installation: a partner whose apps the demo org may install, and mostly does not."""

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
PURPOSES = {
    TRACKING: "Shows on a map where each order is",
    FORECAST: "Says what will be ordered in the next quarter, from what was ordered in the last",
}


def make(tx: Tx, operator: Actor, hasher: PasswordHasher, *, host: str, issuer: str) -> tuple[DemoApp, ...]:
    """Found the partner's org beside the first one, at a host below its own, and register its apps there."""
    scheme = issuer.partition("://")[0]
    command = CreateOrg(
        name="Northwind Logistics",
        kind=OrgKind.PRODUCTION,
        host=f"northwind.{host}",
        issuer=f"{scheme}://northwind.{host}",
        admin_username="ole.brandt@northwind.example",
        admin_email="ole.brandt@northwind.example",
        admin_first_name="Ole",
        admin_last_name="Brandt",
        admin_password_hash=hasher.hash(new_password()),  # nobody of the demo knows it
    )
    made = create_org(tx, operator, command)
    theirs = Actor(ActorKind.USER, made.org.id, made.admin.name, EVERY_POWER - {Permission.MANAGE_INSTALLATION}, user_id=made.admin.id)
    return tuple(_app(tx, theirs, label) for label in PURPOSES)


def _app(tx: Tx, theirs: Actor, label: str) -> DemoApp:
    callback = f"https://{label.split()[1].lower()}.northwind.example/callback"
    command = CreateApp(
        label=label,
        api_name=label.replace(" ", "_"),
        contact_email="apps@northwind.example",
        purpose=PURPOSES[label],
        flows=BY_BROWSER,
        scopes=("openid", "profile", "api", "refresh_token"),
        callbacks=(callback,),
    )
    made = create_app(tx, theirs, command)
    secret = made.secret.reveal() if made.secret else None
    return DemoApp(made.app.id, label, Flow.WEB_SERVER, made.app.consumer_key, secret, callback=callback)
