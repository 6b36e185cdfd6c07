"""What mails say when an app is contained: to its owners and whoever else manages apps, with the reason; to its contact, without it.

They go through the outbox, in the transaction of what they tell. The contact is whoever the app's developer named, perhaps of another
company: it hears that the app is held, and not what an admin wrote for the org's own people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebridge.records import outbox
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import Permission
from gatebridge.setup.request_mails import MOST_TOLD, quoted
from gatebridge.storage import right_holders
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.tx import Tx

TO_PEOPLE = """Hello {name},

{by} has contained the app {app} of {org}. Everything that it had is ended, and it is refused until somebody unblocks it.
{credentials}
Why, in the words of {by}:

{words}

What ended: {ended}. {more}:

  {issuer}/setup/apps/{app_id}{ending}

You get this mail because {because}.
"""
TO_CONTACT = """Hello,

{org} has stopped the app {app} (consumer key {key}) for itself. Everything that the app had of {org} is ended, and it is refused there
until an admin of {org} lets it go on.
{credentials}
Ask {org} what happened, and tell them what you know. Nobody needs to answer this mail with a secret.

You get this mail because this address is the contact of the app.
"""
# By whether somebody manages apps: what the link is to, and which page of the app that is. Nobody is led to one that is not theirs.
MORE = {True: ("How far it reached, and the evidence as one file", "/contain"), False: ("The app, in setup", "")}
CREDENTIALS = "\nIts secrets and certificates are ended too, for good. Before it goes on it needs new ones.\n"


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who has to know. `because` is empty for the contact of the app, who may be nobody of this org."""

    email: str
    name: str = ""
    because: str = ""
    manages: bool = False


def recipients(tx: Tx, org: Org, app: App, actor: Actor) -> list[Told]:
    """Who is told, each address once: owners first, then those who manage apps, then the contact. Not who does it, who knows."""
    owners = [each for each in (app.owner_id, app.backup_owner_id) if each is not None] if app.org_id == org.id else []
    managers = right_holders.with_right(tx, org.id, Permission.MANAGE_CONNECTED_APPS, MOST_TOLD)
    found: dict[str, Told] = {}
    for person in right_holders.by_ids(tx, org.id, owners):
        found[person.id] = Told(person.email, person.name, f"you own the app {app.label}", person in managers)
    for person in managers:
        found.setdefault(person.id, Told(person.email, person.name, f"you manage the connected apps of {org.name}", True))
    by_address = {each.email.lower(): each for user_id, each in found.items() if user_id != actor.user_id}
    his_own = {each.email.lower() for user_id, each in found.items() if user_id == actor.user_id}
    if app.contact_email and app.contact_email.lower() not in his_own:
        by_address.setdefault(app.contact_email.lower(), Told(app.contact_email))
    return list(by_address.values())


def tell(tx: Tx, org: Org, app: App, actor: Actor, to: Sequence[Told], *, reason: str, ended: Counted, ends_credentials: bool) -> None:
    """Leave the mails in the outbox."""
    said = {
        "org": org.name,
        "app": app.label,
        "key": app.consumer_key,
        "by": actor.name,
        "words": quoted(reason),
        "credentials": CREDENTIALS if ends_credentials else "",
        "ended": _counted(ended),
        "issuer": org.issuer,
        "app_id": long(app.id),
    }
    for each in to:
        more, ending = MORE[each.manages]
        whom = {"name": each.name, "because": each.because, "more": more, "ending": ending}
        text = (TO_PEOPLE if each.because else TO_CONTACT).format(**said, **whom)
        subject = f"{app.label} is contained" if each.because else f"{org.name} has stopped {app.label}"
        outbox.leave(tx, org.id, "mail", {"to": each.email, "subject": subject, "text": text})


def _counted(ended: Counted) -> str:
    more = "" if ended.exact else "more than "
    tokens = "live token" if ended.tokens == 1 else "live tokens"
    users = "user" if ended.users == 1 else "users"
    return f"{more}{ended.tokens:,} {tokens} of {ended.users:,} {users}"
