"""The five revokes, from the smallest to the largest that each ends: a token, a grant, a user of an app, an app, a user.

When a revoke returns and is committed, no node accepts what it ended. Each writes one entry of the revocation feed and one audit line;
one that finds nothing left to end writes nothing and is no error, so repeating it is safe. Who ends what is another's has signed in lately;
what is one's own can be ended at any time. Apps that signed the user in by what was ended are told, where they listen (std RV-06).
"""

from dataclasses import dataclass

from gatebridge.records import logouts
from gatebridge.records.change import Target, permit, record_change, signed_in_lately
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.app_rights import given_reason, written_reason
from gatebridge.signin import sessions
from gatebridge.storage import codes, epochs, grants, live_tokens, names, revocations, tokens
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.names import NamedApp
from gatebridge.storage.revocations import Kind
from gatebridge.storage.tx import Tx

ACCESS_REVOKED = "everything that the user had was ended"


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """End one access token, named by the id of the receipt of its issue."""

    token_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """End one grant, with every token that hangs from it."""

    grant_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RevokeUserOfApp:
    """End everything that one app has of one user."""

    app_id: str
    user_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RevokeApp:
    """End everything that one app has of anybody in this org. The reason must be written."""

    app_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RevokeUser:
    """End everything that any app has of one user. The reason must be written."""

    user_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revoke ended. `sequence` is its number in the revocation feed, None where there was nothing left to end."""

    kind: Kind
    sequence: int | None
    token_id: str | None = None
    grant_ids: tuple[str, ...] = ()
    app_id: str | None = None
    user_id: str | None = None


def revoke_token(tx: Tx, actor: Actor, command: RevokeToken) -> Revoked:
    """End one access token. Its user may do this too, and the owner of its app who may register apps. Raises Refused."""
    token = tokens.by_id(tx, actor.org_id, command.token_id)
    app = _app(tx, actor, token.app_id) if token else None
    _let_end(tx, actor, token.user_id if token else None, app)
    if token is None or app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = given_reason(command.reason)
    nothing = Revoked("token", None, token.id, (token.grant_id,), token.app_id, token.user_id)
    if token.expires_at <= tx.now or not tokens.end(tx, actor.org_id, token.id):
        return nothing
    sequence = revocations.append(
        tx, actor.org_id, "token", token_id=token.id, grant_id=token.grant_id, app_id=token.app_id, user_id=token.user_id
    )
    target = Target("token", token.id, f"A token of {app.label}")
    record_change(tx, actor, Event.TOKEN_REVOKED, target, {"ended_at": None}, {"ended_at": tx.now}, reason=reason)
    return Revoked("token", sequence, token.id, (token.grant_id,), token.app_id, token.user_id)


def revoke_grant(tx: Tx, actor: Actor, command: RevokeGrant) -> Revoked:
    """End one grant and what hangs from it. Its user may do this too, and the owner of its app who may register apps. Raises Refused."""
    grant = grants.by_id(tx, actor.org_id, command.grant_id)
    app = _app(tx, actor, grant.app_id) if grant else None
    _let_end(tx, actor, grant.user_id if grant else None, app)
    if grant is None or app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = given_reason(command.reason)
    if not grants.end(tx, actor.org_id, grant.id, reason or "revoked"):
        return Revoked("grant", None, None, (grant.id,), grant.app_id, grant.user_id)
    logouts.announce_grants(tx, actor.org_id, (grant.id,))
    sequence = revocations.append(tx, actor.org_id, "grant", grant_id=grant.id, app_id=grant.app_id, user_id=grant.user_id)
    target = Target("grant", grant.id, f"A grant of {app.label}")
    record_change(tx, actor, Event.GRANT_REVOKED, target, {"ended_at": None}, {"ended_at": tx.now}, reason=reason)
    return Revoked("grant", sequence, None, (grant.id,), grant.app_id, grant.user_id)


def revoke_user_of_app(tx: Tx, actor: Actor, command: RevokeUserOfApp) -> Revoked:
    """End every grant that one app has of one user; the limit of grants bounds the cost. The user may do this too. Raises Refused."""
    if actor.user_id != command.user_id:
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
        signed_in_lately(tx, actor)
    app = _app(tx, actor, command.app_id)
    name = names.of_users(tx, actor.org_id, [command.user_id]).get(command.user_id)
    if app is None or name is None or app.installation_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = given_reason(command.reason)
    # A code that was given out a moment ago would become a grant after the revoke.
    codes.burn_of_user(tx, actor.org_id, app.installation_id, command.user_id)
    live = grants.live_of_user(tx, actor.org_id, command.user_id, app.installation_id)
    ended = tuple(grant.id for grant in live if grants.end(tx, actor.org_id, grant.id, reason or "revoked"))
    if not ended:
        return Revoked("user_of_app", None, app_id=app.id, user_id=command.user_id)
    logouts.announce_grants(tx, actor.org_id, ended)
    sequence = revocations.append(tx, actor.org_id, "user_of_app", app_id=app.id, user_id=command.user_id)
    target = Target("app", app.id, app.label)
    before, after = {"user": name, "live_grants": list(ended)}, {"user": name, "live_grants": []}
    record_change(tx, actor, Event.USER_OF_APP_REVOKED, target, before, after, reason=reason)
    return Revoked("user_of_app", sequence, None, ended, app.id, command.user_id)


def revoke_app(tx: Tx, actor: Actor, command: RevokeApp) -> Revoked:
    """End everything that the app has in this org, at the cost of one increment. It may ask anew: to stop it, block it. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    signed_in_lately(tx, actor)
    app = _app(tx, actor, command.app_id)
    if app is None or app.installation_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = written_reason(command.reason)
    epoch = epochs.raise_installation(tx, actor.org_id, app.id)
    if epoch is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    logouts.announce_app(tx, actor.org_id, app.id, app.installation_id)
    sequence = revocations.append(tx, actor.org_id, "app", app_id=app.id)
    target = Target("app", app.id, app.label)
    record_change(tx, actor, Event.APP_ACCESS_REVOKED, target, {"epoch": epoch - 1}, {"epoch": epoch}, reason=reason)
    return Revoked("app", sequence, app_id=app.id)


def revoke_user(tx: Tx, actor: Actor, command: RevokeUser) -> Revoked:
    """End everything that any app has of the user, at the cost of one increment. The user may do this too. Raises Refused."""
    if actor.user_id != command.user_id:
        permit(actor, Permission.MANAGE_USERS, Permission.MANAGE_CONNECTED_APPS)
        signed_in_lately(tx, actor)
    name = names.of_users(tx, actor.org_id, [command.user_id]).get(command.user_id)
    if name is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = written_reason(command.reason)
    epoch = epochs.raise_user(tx, actor.org_id, command.user_id)
    if epoch is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    # The epoch ends them too; said of each session, apps hear of it. The user comes first, as wherever a user is stopped.
    sessions.end_of_user(tx, actor.org_id, command.user_id, ACCESS_REVOKED)
    logouts.announce_devices(tx, actor.org_id, command.user_id)
    sequence = revocations.append(tx, actor.org_id, "user", user_id=command.user_id)
    target = Target("user", command.user_id, name)
    record_change(tx, actor, Event.USER_ACCESS_REVOKED, target, {"epoch": epoch - 1}, {"epoch": epoch}, reason=reason)
    return Revoked("user", sequence, user_id=command.user_id)


def blast_radius(tx: Tx, actor: Actor, *, app_id: str | None = None, user_id: str | None = None, grant_id: str | None = None) -> Counted:
    """Who would be hit by revoking this app, this user, this user of this app, or this grant: live tokens, their users and grants.

    Reads a bounded number of rows; `exact` says whether they were all. Raises Refused.
    """
    grant = grants.by_id(tx, actor.org_id, grant_id) if grant_id is not None else None
    whose = grant.user_id if grant else user_id
    if whose is None or actor.user_id != whose:
        permit(actor, Permission.MANAGE_CONNECTED_APPS, Permission.MANAGE_USERS)
    if grant_id is not None and grant is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if grant is not None:
        app_id, user_id = grant.app_id, grant.user_id
    if app_id is None and user_id is None:
        raise Refused(
            setup_reasons.FIELD_INVALID, fields=(FieldProblem("app_id", "Say what would be revoked: an app, a user or a grant."),)
        )
    return live_tokens.count(tx, actor.org_id, app_id=app_id, user_id=user_id, grant_id=grant_id)


def _app(tx: Tx, actor: Actor, app_id: str) -> NamedApp | None:
    return names.of_apps(tx, actor.org_id, [app_id]).get(app_id)


def _let_end(tx: Tx, actor: Actor, user_id: str | None, app: NamedApp | None) -> None:
    """Let pass whose it is, at any time; and, after a recent sign-in, the owner of its app and whoever manages apps. Raises Refused."""
    if user_id is not None and actor.user_id == user_id:
        return
    if not _answers_for(actor, app):
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
    signed_in_lately(tx, actor)


def _answers_for(actor: Actor, app: NamedApp | None) -> bool:
    return app is not None and app.owned_by(actor.org_id, actor.user_id) and Permission.REGISTER_CONNECTED_APPS in actor.permissions
