"""OAuth usage: which app is used by whom, with which secret or certificate, how often and when last, and what of it is alive.

Also of which scopes use is made, grant by grant and of an app as a whole, so that what nobody uses can be taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatebridge.records.change import permit
from gatebridge.rules import scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import apps, exercised_scopes, listed_grants, listed_usage, live_grants, live_tokens, names, orgs, usage
from gatebridge.storage.exercised_scopes import Exercised
from gatebridge.storage.listed_grants import ScopeUse
from gatebridge.storage.listed_usage import UsageOrder
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.names import NamedApp
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import Usage

NOTHING = Counted(tokens=0, users=0, grants=0, exact=True)


@dataclass(frozen=True, slots=True)
class AppUsage:
    """One app of the org. `live_tokens` are the tokens that are accepted now; `grants` have not ended, tokens or no tokens."""

    app_id: str
    app: str
    publisher: str  # the org that owns it; empty where that is this one
    named: NamedApp
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


@dataclass(frozen=True, slots=True)
class GrantUsage:
    """One live grant of an app: what it holds, and what of that it has made use of."""

    grant_id: str
    user_id: str
    user: str
    flow: Flow
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    exercised: tuple[Exercised, ...]
    unused: tuple[str, ...]
    place: str  # in the list


@dataclass(frozen=True, slots=True)
class ScopesUsage:
    """Of which scopes the live grants of an app make use; `unused` are scopes of the app that none of them ever did anything with."""

    scopes: tuple[ScopeUse, ...]
    unused: tuple[str, ...]


def of_apps(
    tx: Tx,
    actor: Actor,
    *,
    search: str = "",
    by: UsageOrder = UsageOrder.AGE,
    descending: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[AppUsage]:
    """The apps of the org behind the one with the id `after`, those that nobody uses too. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    page = listed_usage.page_of_apps(tx, actor.org_id, search=search, by=by, descending=descending, after=after, limit=limit)
    found = usage.of_apps(tx, actor.org_id, [app.id for app in page])
    alive = live_tokens.count_each(tx, actor.org_id, [app.id for app in page])
    granted = live_grants.count_each(tx, actor.org_id, [app.installation_id for app in page if app.installation_id is not None])
    return [_of_app(app, found.get(app.id), alive.get(app.id), granted.get(app.installation_id or "")) for app in page]


def of_app(tx: Tx, actor: Actor, app_id: str) -> AppUsage:
    """One app of the org. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    most = live_tokens.MOST_OF_EACH
    alive = live_tokens.count(tx, actor.org_id, app_id=app.id, most=most)
    granted = live_grants.count(tx, actor.org_id, app.installation_id, most) if app.installation_id is not None else None
    return _of_app(app, usage.of_apps(tx, actor.org_id, [app_id]).get(app_id), alive, granted)


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


def grants_of_app(tx: Tx, actor: Actor, app_id: str, *, after: str = "", limit: int = 50) -> list[GrantUsage]:
    """The live grants of an app by user, behind the place `after`, with what use was made of each. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    if app.installation_id is None:
        return []
    return _used(tx, actor, listed_grants.page(tx, actor.org_id, app.installation_id, after=after, limit=limit))


def live_grants_of_app(
    tx: Tx, actor: Actor, app_id: str, *, descending: bool = True, after: str | None = None, limit: int = 50
) -> list[GrantUsage]:
    """The live grants of an app by age, behind the one with the id `after`, newest first unless said otherwise. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    if app.installation_id is None:
        return []
    found = live_grants.page(tx, actor.org_id, app.installation_id, descending=descending, after=after, limit=limit)
    return _used(tx, actor, found)


def _used(tx: Tx, actor: Actor, found: Sequence[Grant]) -> list[GrantUsage]:
    named = names.of_users(tx, actor.org_id, {grant.user_id for grant in found})
    used = exercised_scopes.of_grants(tx, actor.org_id, [grant.id for grant in found])
    custom = _custom_scopes(tx, actor.org_id)
    return [
        GrantUsage(
            grant_id=grant.id,
            user_id=grant.user_id,
            user=named.get(grant.user_id, ""),
            flow=grant.flow,
            scopes=grant.scopes,
            created_at=grant.created_at,
            last_used_at=grant.last_used_at,
            exercised=used.get(grant.id, ()),
            unused=scopes.unused(grant.scopes, [each.scope for each in used.get(grant.id, ())], custom),
            place=listed_grants.place(grant),
        )
        for grant in found
    ]


def scopes_of_app(tx: Tx, actor: Actor, app_id: str) -> ScopesUsage:
    """Of which of its scopes an app makes use here, and of which it does not. Read in a snapshot. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    if app.installation_id is None:
        return ScopesUsage((), ())
    settings = apps.settings_of(tx, app.org_id, app.id)
    used = tuple(listed_grants.scopes_used(tx, actor.org_id, app.installation_id))
    held = settings.scopes if settings is not None else ()
    return ScopesUsage(used, scopes.unused(held, [each.scope for each in used], _custom_scopes(tx, actor.org_id)))


def grants_looked_at(tx: Tx, actor: Actor, app_id: str) -> Counted:
    """Over how many live grants `scopes_of_app` goes, and whether those are all. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE)
    app = _app(tx, actor, app_id)
    return live_grants.count(tx, actor.org_id, app.installation_id) if app.installation_id is not None else NOTHING


def _custom_scopes(tx: Tx, org_id: str) -> frozenset[str]:
    org = orgs.by_id(tx, org_id)
    return org.custom_scopes if org is not None else frozenset()


def _app(tx: Tx, actor: Actor, app_id: str) -> NamedApp:
    app = names.of_apps(tx, actor.org_id, [app_id]).get(app_id)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return app


def _of_app(app: NamedApp, found: Usage | None, alive: Counted | None, granted: Counted | None) -> AppUsage:
    alive, granted = alive or NOTHING, granted or NOTHING
    return AppUsage(
        app_id=app.id,
        app=app.label,
        publisher=app.publisher,
        named=app,
        usage=found or Usage(app.id, app.id, None, None, None, 0, 0),
        live_tokens=alive.tokens,
        grants=granted.grants,
        users=granted.users,
        exact=alive.exact and granted.exact,
    )
