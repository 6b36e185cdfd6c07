"""Self-service: what apps may do in one's own name, and the end of it (X-CO-07).

A user needs no right for it, and reaches nobody else's.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatebridge.records.change import permit, record_change
from gatebridge.rules import refresh_families, scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.approvals import Approval
from gatebridge.rules.apps import Installation
from gatebridge.rules.events import Event
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import Grant
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.revoke import Revoked, RevokeUserOfApp, revoke_user_of_app
from gatebridge.storage import approvals, facts, grants, installations, last_uses, listed_apps, orgs
from gatebridge.storage.grants import OF_USERS
from gatebridge.storage.last_uses import LastUse
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.live_tokens import LONGEST_LIFE
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class MyApp:
    """One app that may act for the user, or that would not be asked about again. `grants` are those that live, oldest first."""

    app_id: str
    label: str
    publisher: str  # the org that registered it
    of_this_org: bool
    flows: tuple[Flow, ...]
    scopes: tuple[str, ...]  # of all grants together, and of what is remembered as approved
    grants: tuple[str, ...]
    first_used_at: datetime
    last_used_at: datetime | None  # None: not yet
    last_address: str
    ends_at: datetime | None  # when everything ends by itself if it is not used; None: it does not, or an admin decides
    remembered: bool  # the user is not asked again for what was approved
    by_admin: bool  # it acts without the user at a browser, because an admin lets it


@dataclass(frozen=True, slots=True)
class EndMyApp:
    """End everything that one app may do in the own name."""

    app_id: str


@dataclass(frozen=True, slots=True)
class EndedApp:
    """What was ended. `sequence` is its number in the revocation feed, None where no grant was left to end."""

    app_id: str
    grants: tuple[str, ...]
    forgotten: bool  # the user will be asked anew
    sequence: int | None


@dataclass(slots=True)
class _Found:
    """What an app has of the user, while it is being collected."""

    grants: list[tuple[Grant, datetime | None]] = field(default_factory=list)
    approval: Approval | None = None


def my_apps(tx: Tx, actor: Actor) -> list[MyApp]:
    """The apps that may act for the actor, those used last first. Read it in a snapshot. Raises Refused for who is no user."""
    return _apps_of(tx, actor, myself(actor))


def apps_of_user(tx: Tx, actor: Actor, user_id: str) -> list[MyApp]:
    """The same of any user of the org, for whoever may see who uses what, or may stop users. Raises Refused."""
    permit(actor, Permission.VIEW_OAUTH_USAGE, Permission.MANAGE_USERS)
    return _apps_of(tx, actor, user_id)


def _apps_of(tx: Tx, actor: Actor, user_id: str) -> list[MyApp]:
    org, standing = orgs.by_id(tx, actor.org_id), facts.standing(tx, actor.org_id, user_id)
    if org is None or standing is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    found: dict[str, _Found] = {}
    listed: dict[str, ListedApp | None] = {}
    for grant in grants.live_of_user(tx, org.id, user_id):
        here = listed.setdefault(grant.app_id, listed_apps.known(tx, org.id, grant.app_id))
        lives, until = _lives(tx, org, standing, here, grant)
        if lives:
            found.setdefault(grant.app_id, _Found()).grants.append((grant, until))
    for approval in approvals.list_of_user(tx, org.id, user_id):
        installation = installations.by_id(tx, org.id, approval.installation_id)
        if installation is not None and _reachable(installation, standing, tx.now):
            listed.setdefault(installation.app_id, listed_apps.known(tx, org.id, installation.app_id))
            found.setdefault(installation.app_id, _Found()).approval = approval
    uses = last_uses.of_user(tx, org.id, user_id, found)
    shown = [_shown(tx, org, here, found[app_id], uses.get(app_id)) for app_id, here in listed.items() if here and app_id in found]
    return sorted(shown, key=lambda app: (app.last_used_at or app.first_used_at, app.app_id), reverse=True)


def end_my_app(tx: Tx, actor: Actor, command: EndMyApp) -> EndedApp:
    """End every grant that the app has of the actor, and forget what was approved, so that it has to ask anew. Raises Refused."""
    return _forgotten(tx, actor, _revoked(tx, actor, command.app_id))


def end_all_my_apps(tx: Tx, actor: Actor) -> list[EndedApp]:
    """End what every app may do in the own name. The browser sessions stay. Raises Refused."""
    # All entries of the feed come before what is only forgotten, which has a line of the audit trail and no entry.
    revoked = [_revoked(tx, actor, app.app_id) for app in my_apps(tx, actor)]
    return [_forgotten(tx, actor, each) for each in revoked]


def _revoked(tx: Tx, actor: Actor, app_id: str) -> Revoked:
    return revoke_user_of_app(tx, actor, RevokeUserOfApp(app_id, myself(actor)))


def _forgotten(tx: Tx, actor: Actor, ended: Revoked) -> EndedApp:
    """What was ended of an app, with what was approved of it forgotten as well."""
    user_id = myself(actor)
    app, installation = app_rights.installed(tx, actor, ended.app_id or "")
    approval = approvals.of_user(tx, actor.org_id, installation.id, user_id)
    forgotten = approvals.forget(tx, actor.org_id, installation.id, user_id)
    if forgotten and approval is not None:
        before, after = {"user": actor.name, "approved": sorted(approval.scopes)}, {"user": actor.name, "approved": []}
        record_change(tx, actor, Event.APPROVAL_REVOKED, app_rights.target(app), before, after)
    return EndedApp(app.id, ended.grant_ids, forgotten, ended.sequence)


def myself(actor: Actor) -> str:
    """Whose account this is about: the actor's own, and nobody else's. Raises Refused for the operator and the house, who have none."""
    if actor.user_id is None:
        raise Refused(setup_reasons.PERMISSION_MISSING, detail="Only a user has connected apps, sessions and a password.")
    return actor.user_id


def _lives(tx: Tx, org: Org, standing: Standing, here: ListedApp | None, grant: Grant) -> tuple[bool, datetime | None]:
    """Whether anything can still come of a grant, and when it ends for lack of use."""
    if here is None or here.installation is None:
        return False, None
    policies = installations.policies_of(tx, org.id, here.installation.id)
    known = Facts(now=tx.now, org=org, app=here.app, installation=here.installation, policies=policies, standing=standing)
    ended_at = known.ended_at()
    if here.app.deleted_at is not None or not _reachable(here.installation, standing, tx.now):
        return False, None
    if grant.flow not in OF_USERS:
        # That of a job is no approval that ends with others: the next request hangs a new token from it (docs/decisions/0008).
        return True, None
    if ended_at and grant.created_at <= ended_at:
        return False, None
    if scopes.REFRESH.intersection(grant.scopes):
        ends = refresh_families.ends(known, grant, grant.last_used_at).first
    else:
        # Without a refresh token there is one access token, and no other comes after it.
        ends = grant.created_at + (LONGEST_LIFE - timedelta(hours=1))
    return ends is None or tx.now < ends, ends


def _reachable(installation: Installation, standing: Standing, now: datetime) -> bool:
    """Whether the app is installed, or the user may use it although it is not."""
    holds = Permission.APPROVE_UNINSTALLED_CONNECTED_APPS in standing.permissions(now)
    return installation.in_use(now) or (installation.holders_only and holds)


def _shown(tx: Tx, org: Org, here: ListedApp, found: _Found, use: LastUse | None) -> MyApp:
    app, live, approval = here.app, [grant for grant, _ in found.grants], found.approval
    publisher = org if app.org_id == org.id else orgs.by_id(tx, app.org_id)
    ends = [until for _, until in found.grants]
    granted = {scope for grant in live for scope in grant.scopes} | (approval.scopes if approval else set())
    used = [grant.last_used_at for grant in live if grant.last_used_at is not None] + ([use.at] if use else [])
    begun = [grant.created_at for grant in live] + ([approval.created_at] if approval else [])
    return MyApp(
        app_id=app.id,
        label=app.label,
        publisher=app.publisher(publisher.name if publisher is not None else None),
        of_this_org=app.fixed or app.org_id == org.id,
        flows=tuple(sorted({grant.flow for grant in live})),
        scopes=scopes.ordered(tuple(granted)),
        grants=tuple(grant.id for grant in live),
        first_used_at=min(begun),
        last_used_at=max(used, default=None),
        last_address=use.address if use else next((grant.address for grant in reversed(live) if grant.address), ""),
        ends_at=max((until for until in ends if until is not None), default=None) if None not in ends else None,
        remembered=approval is not None,
        by_admin=any(grant.flow not in OF_USERS for grant in live),
    )
