"""Which apps somebody may see, asked in one place for the list, the search and the single record (X-AD-06)."""

from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import listed_apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.tx import Tx

SEES_ALL = frozenset({Permission.VIEW_SETUP, Permission.MANAGE_CONNECTED_APPS})


def owner_filter(actor: Actor) -> str | None:
    """Whose apps the actor may see: None for all of the org, else only those of this owner. Raises Refused for who may see none."""
    if actor.permissions & SEES_ALL:
        return None
    permit(actor, Permission.VIEW_SETUP, Permission.REGISTER_CONNECTED_APPS)
    if actor.user_id is None:
        raise Refused(setup_reasons.PERMISSION_MISSING)
    return actor.user_id


def visible(tx: Tx, actor: Actor, app_id: str) -> ListedApp:
    """The app of this id, if it is of this org and the actor may see it. Another's app is as if it did not exist (X-AD-01)."""
    owner_id = owner_filter(actor)
    found = listed_apps.known(tx, actor.org_id, app_id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if owner_id is not None and (found.app.org_id != actor.org_id or owner_id not in (found.app.owner_id, found.app.backup_owner_id)):
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def own(tx: Tx, actor: Actor, app_id: str) -> ListedApp:
    """Like `visible`, for what only the owning org has: settings and credentials."""
    found = visible(tx, actor, app_id)
    if found.app.org_id != actor.org_id:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def installed(tx: Tx, actor: Actor, app_id: str) -> tuple[ListedApp, str]:
    """Like `visible`, with the id of its presence in this org, for what every org that uses the app has: policies and access."""
    found = visible(tx, actor, app_id)
    if found.installation is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found, found.installation.id
