"""OAuth usage: which app is used by whom, with which secret or certificate, how often and when last, and what of it is alive."""

from dataclasses import dataclass

from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import live_tokens, names, usage
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.names import NamedApp
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import Usage


@dataclass(frozen=True, slots=True)
class AppUsage:
    """One app of the org. `live_tokens` are the tokens that are accepted now; `grants` have not ended, tokens or no tokens."""

    app_id: str
    app: str
    usage: Usage
    live_tokens: int
    grants: int
    users: int  # of those grants
    exact: bool  # false: there are more than the numbers of live tokens and grants tell


@dataclass(frozen=True, slots=True)
class SubjectUsage:
    """What one user, secret or certificate has to do with one app. A record that is gone has no name."""

    subject_id: str
    name: str
    usage: Usage


def of_apps(tx: Tx, actor: Actor, *, after: str = "", limit: int = 50) -> list[AppUsage]:
    """The apps of the org by ascending id behind `after`, those that nobody uses too. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    page = names.page_of_apps(tx, actor.org_id, after=after, limit=limit)
    found = usage.of_apps(tx, actor.org_id, [app.id for app in page])
    return [_of_app(tx, actor.org_id, app, found.get(app.id)) for app in page]


def of_app(tx: Tx, actor: Actor, app_id: str) -> AppUsage:
    """One app of the org. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    return _of_app(tx, actor.org_id, _app(tx, actor, app_id), usage.of_apps(tx, actor.org_id, [app_id]).get(app_id))


def users_of_app(tx: Tx, actor: Actor, app_id: str, *, after: str = "", limit: int = 50) -> list[SubjectUsage]:
    """Who uses the app, by ascending user id behind `after`. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    _app(tx, actor, app_id)
    found = usage.of_subjects(tx, actor.org_id, app_id, Prefix.USER, after=after, limit=limit)
    named = names.of_users(tx, actor.org_id, [each.subject_id for each in found])
    return [SubjectUsage(each.subject_id, named.get(each.subject_id, ""), each) for each in found]


def credentials_of_app(tx: Tx, actor: Actor, app_id: str) -> list[SubjectUsage]:
    """The use of each secret and certificate that ever proved the app here, so that an unused one can be retired. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    named = names.of_credentials(tx, [app])
    found = [
        each
        for prefix in (Prefix.SECRET, Prefix.CERTIFICATE)
        for each in usage.of_subjects(tx, actor.org_id, app_id, prefix, limit=live_tokens.MOST)
    ]
    return [SubjectUsage(each.subject_id, named.get(each.subject_id, ""), each) for each in found]


def _app(tx: Tx, actor: Actor, app_id: str) -> NamedApp:
    app = names.of_apps(tx, actor.org_id, [app_id]).get(app_id)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return app


def _of_app(tx: Tx, org_id: str, app: NamedApp, found: Usage | None) -> AppUsage:
    alive = live_tokens.count(tx, org_id, app_id=app.id)
    nothing = Counted(tokens=0, users=0, grants=0, exact=True)
    granted = live_tokens.count_grants(tx, org_id, app.installation_id) if app.installation_id is not None else nothing
    return AppUsage(
        app_id=app.id,
        app=app.label,
        usage=found or Usage(app.id, app.id, None, None, None, 0, 0),
        live_tokens=alive.tokens,
        grants=granted.grants,
        users=granted.users,
        exact=alive.exact and granted.exact,
    )
