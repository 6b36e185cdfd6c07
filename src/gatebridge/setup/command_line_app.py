"""The built-in app of every org through which its people sign in with `gatebridge login`: public, on loopback, by code and PKCE.

It opens nothing by itself: whoever signs in may do through it what that user may do anyway. An admin can block or delete it like any app.
"""

from dataclasses import asdict

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.records.change import record_change
from gatebridge.rules import scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import COMMAND_LINE, App, Dialect, Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.setup import app_rights
from gatebridge.storage import apps, installations, listed_users
from gatebridge.storage.tx import Tx

LABEL = "Gatebridge CLI"
# On loopback the port may be any other (RFC 8252 section 7.3), so the command line listens wherever there is room.
CALLBACK = "http://127.0.0.1/callback"


def seed_command_line_app(tx: Tx, founder: Actor, owner: User) -> App | None:
    """Make the app in the founder's org, open to whoever signs in. Part of making an org, whose verb was permitted.

    None where an app, also a deleted one, has its API name: an admin who took it away does not get it back behind their back.
    """
    app = App(
        id=tx.new_id(Prefix.APP),
        org_id=founder.org_id,
        label=LABEL,
        api_name=COMMAND_LINE,
        consumer_key=secrets.new(Kind.CONSUMER_KEY, tx.random),
        dialect=Dialect.STANDARD,
        contact_email=owner.email,
        owner_id=owner.id,
        epoch=0,
        created_at=tx.now,
        description="The command line of this server, for everybody who signs in with it: gatebridge login.",
        purpose="Administering this org, and one's own apps and sessions, from a terminal.",
    )
    settings = AppSettings(
        app.id,
        flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN}),
        scopes=scopes.ordered(("setup_api", "openid", "refresh_token")),
        callbacks=(CALLBACK,),
        native=True,
        auth_methods=frozenset({ClientAuthMethod.NONE}),
    )
    if not apps.insert(tx, app, settings):
        return None
    installation = Installation(id=tx.new_id(Prefix.INSTALLATION), org_id=app.org_id, app_id=app.id, epoch=0, installed_at=tx.now)
    policies = AppPolicies(installation.id, permitted_users=PermittedUsers.SELF_AUTHORIZE, may_administer=True)
    installations.insert(tx, installation, policies)
    after = asdict(app) | {"settings": settings, "policies": policies}
    record_change(tx, founder, Event.APP_CREATED, app_rights.target(app), None, after)
    return app


def ensure_command_line_app(tx: Tx, operator: Actor) -> App | None:
    """Make the app in an org that was founded before there was one. None where it has or had it, or where nobody could answer for it."""
    if apps.by_api_name(tx, operator.org_id, COMMAND_LINE) is not None:
        return None
    owner = who_answers(tx, operator.org_id)
    return seed_command_line_app(tx, operator, owner) if owner is not None else None


def who_answers(tx: Tx, org_id: str) -> User | None:
    """The first user of the org who may answer for an app."""
    page = listed_users.list_page(tx, org_id, after=None, limit=100)
    while page:
        for user in page:
            if app_rights.owner_problem(tx, org_id, "owner_id", user.id) is None:
                return user
        page = listed_users.list_page(tx, org_id, after=page[-1].id, limit=100)
    return None
