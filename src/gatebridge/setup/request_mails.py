"""What mails say about requests: to those who can decide that one waits, and to who asked what was decided.

They go through the outbox, in the transaction of what they tell. What a user wrote is quoted, so that nobody takes it for our words.
"""

from datetime import datetime

from gatebridge.records import outbox
from gatebridge.rules.access_requests import AccessRequest, RequestKind, RequestState
from gatebridge.rules.apps import App
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.storage import orgs, right_holders
from gatebridge.storage.tx import Tx

MOST_TOLD = 20  # an org with more admins than this reads the queue

WAITS = """Hello {name},

{user} ({username}) of {org} {asks}:

{words}

Asked from {address}. Look at it, and decide:

  gatebridge requests show {id} --url {issuer}

You get this mail because {because}.
"""
USED_UNINSTALLED = """Hello {name},

{user} ({username}) of {org} began to use the app {app}, which nobody has installed. It is published by {publisher}.

Only users with the permission Approve Uninstalled Connected Apps can use it, each for oneself. To let others use it, install it; to stop
it at once for everybody, block it:

  gatebridge apps block {app_id} --reason WHY --url {issuer}

You get this mail because you manage the connected apps of {org}.
"""
DECIDED = """Hello {name},

{told}
{why}
"""


def tell_deciders(tx: Tx, org: Org, app: App, asker: User, request: AccessRequest) -> None:
    """A request waits: told to who owns the app, where that is somebody of this org, and to those who manage apps."""
    asks = "asks to be let into the app {app}" if request.kind is RequestKind.USER else "asks you to install the app {app}"
    said = {
        "org": org.name,
        "user": asker.name,
        "username": asker.username,
        "asks": asks.format(app=app.label),
        "words": quoted(request.words),
        "address": request.address or "an address that is not known",
        "id": long(request.id),
        "issuer": org.issuer,
    }
    managers = right_holders.with_right(tx, org.id, Permission.MANAGE_CONNECTED_APPS, MOST_TOLD)
    owners = [app.owner_id, *([app.backup_owner_id] if app.backup_owner_id is not None else [])] if app.org_id == org.id else []
    because = {each.id: (each, f"you manage the connected apps of {org.name}") for each in managers}
    because |= {each.id: (each, f"you own the app {app.label}") for each in right_holders.by_ids(tx, org.id, owners)}
    for person, why in because.values():
        if person.id != asker.id:
            _send(tx, org, person.email, f"{asker.name} asks for {app.label}", WAITS.format(name=person.name, because=why, **said))


def tell_of_use(tx: Tx, org: Org, app: App, user: User) -> None:
    """Somebody uses an app that nobody has installed: told to those who manage apps."""
    publisher = orgs.by_id(tx, app.org_id)
    said = {
        "org": org.name,
        "user": user.name,
        "username": user.username,
        "app": app.label,
        "publisher": publisher.name if publisher is not None else "an org that is gone",
        "app_id": long(app.id),
        "issuer": org.issuer,
    }
    for person in right_holders.with_right(tx, org.id, Permission.MANAGE_CONNECTED_APPS, MOST_TOLD):
        if person.id != user.id:
            _send(tx, org, person.email, f"{user.name} uses {app.label}", USED_UNINSTALLED.format(name=person.name, **said))


def tell_asker(tx: Tx, org: Org, app: str, request: AccessRequest) -> None:
    """What was decided, told to the user whose request it was; to nobody where a client had asked, or the user is stopped by now."""
    if request.user_id is None:
        return
    why = f"\nThe admin wrote:\n\n{quoted(request.reason)}\n" if request.reason else ""
    for person in right_holders.by_ids(tx, org.id, [request.user_id]):
        text = DECIDED.format(name=person.name, told=_told(org, app, request), why=why)
        _send(tx, org, person.email, f"Your request for {app}: {request.state}", text)


def quoted(words: str) -> str:
    """Somebody else's words, each line marked as such."""
    return "\n".join(f"> {line}" for line in words.splitlines()) or "> (nothing was written)"


def _told(org: Org, app: str, request: AccessRequest) -> str:
    until = f" until {_day(request.ends_at)}" if request.ends_at is not None else ""
    if request.state is RequestState.BLOCKED:
        return f"An admin of {org.name} has blocked {app}. Nobody there can use it."
    if request.state is RequestState.REFUSED:
        again = f" You can ask again from {_day(request.asked_again_from)}." if request.asked_again_from is not None else ""
        return f"An admin of {org.name} has refused your request for {app}.{again}"
    if request.kind is RequestKind.USER:
        return f"You may use {app} at {org.name}{until}. Go back to the app and sign in again."
    return (
        f"{app} is installed at {org.name}{until}. Go back to the app and sign in again; if it is not open to you yet, "
        "the page that says so lets you ask for access."
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _send(tx: Tx, org: Org, to: str, subject: str, text: str) -> None:
    outbox.leave(tx, org.id, "mail", {"to": to, "subject": subject, "text": text})
