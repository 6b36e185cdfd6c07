"""The built-in app as which an unchanged Salesforce CLI comes: one for the whole installation, known in every org, installed in none.

Its consumer key is a word that is the same everywhere, so it proves nothing, and everybody may know it. What the key stands for is this
server's to say: no verb changes the registration. Who may use it is each org's own to say, from the moment an admin there installs it.
"""

from dataclasses import asdict

from gatebridge.records.change import record_change
from gatebridge.rules import scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import PLATFORM_CLI, App, Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.setup import app_rights
from gatebridge.setup.command_line_app import who_answers
from gatebridge.storage import apps, audit_trail, orgs
from gatebridge.storage.tx import Tx

LABEL = "Salesforce CLI"
# The CLI sends exactly this and no other port, unless a project of its user says so. Its callback is a name, so it keeps its port.
CALLBACK = "http://localhost:1717/OauthRedirect"


def seed_platform_cli(tx: Tx, founder: Actor, owner: User) -> App | None:
    """Make the app in the founder's org, if that is the first one. Part of making an org, whose verb was permitted.

    None where the installation has it, and in every org but the first, which owns it. It has no installation anywhere.
    """
    first = orgs.first(tx)
    if first is None or first.id != founder.org_id or apps.by_consumer_key(tx, PLATFORM_CLI) is not None:
        return None
    # Somebody may have called an app of theirs so before there was this one; theirs stays.
    api_name = PLATFORM_CLI if apps.by_api_name(tx, first.id, PLATFORM_CLI) is None else f"{PLATFORM_CLI}_built_in"
    app = App(
        id=tx.new_id(Prefix.APP),
        org_id=first.id,
        label=LABEL,
        api_name=api_name,
        consumer_key=PLATFORM_CLI,
        dialect=Dialect.SALESFORCE,
        contact_email=owner.email,
        owner_id=owner.id,
        epoch=0,
        created_at=tx.now,
        description="The Salesforce CLI (sf) as it is, for everybody who signs in with it: sf org login web.",
        purpose="Looking at this org from a terminal with the tools of Salesforce.",
    )
    settings = AppSettings(
        app.id,
        flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN}),
        scopes=scopes.ordered(("refresh_token", "api", "web")),
        callbacks=(CALLBACK,),
        native=True,
        auth_methods=frozenset({ClientAuthMethod.NONE}),
    )
    if not apps.insert(tx, app, settings):
        return None
    record_change(tx, founder, Event.APP_CREATED, app_rights.target(app), None, asdict(app) | {"settings": settings})
    return app


def ensure_platform_cli(tx: Tx, operator: Actor) -> App | None:
    """Make the app in an installation that was founded before there was one. None where it has it, or where nobody could answer for it.

    To be asked in every org, by every node that starts: only the first org gets it, and only once.
    """
    if apps.by_consumer_key(tx, PLATFORM_CLI) is not None:
        return None
    audit_trail.lock_head(tx, operator.org_id)
    owner = who_answers(tx, operator.org_id)
    return seed_platform_cli(tx, operator, owner) if owner is not None else None
