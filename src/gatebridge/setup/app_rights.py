"""Whose app it is, and who may do what with it: asked in one place by every verb about an app (X-AD-01, X-AD-07)."""

from gatebridge.records.change import Target, permit, signed_in_lately
from gatebridge.rules import settable, typed_text
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import rights
from gatebridge.storage import apps, facts, installations, listed_apps
from gatebridge.storage.tx import Tx

REGISTERS = frozenset({Permission.REGISTER_CONNECTED_APPS, Permission.MANAGE_CONNECTED_APPS})


def editable(tx: Tx, actor: Actor, app_id: str) -> App:
    """The app, held until the end, for its owner or backup owner who may register apps, or for whoever manages apps. Raises Refused."""
    app = transferable(tx, actor, app_id)
    _refuse_fixed(app)
    return app


def transferable(tx: Tx, actor: Actor, app_id: str) -> App:
    """The app, held until the end, for the same people, who are to say who answers for it: somebody must, also for a fixed one."""
    permit(actor, *REGISTERS)
    return _of_this_org(tx, actor, app_id)


def with_credentials(tx: Tx, actor: Actor, app_id: str) -> App:
    """The app, held until the end, for whoever may rotate credentials, owns it or manages apps, and signed in lately. Raises Refused."""
    permit(actor, Permission.ROTATE_CONSUMER_CREDENTIALS)
    signed_in_lately(tx, actor)
    app = _of_this_org(tx, actor, app_id)
    _refuse_fixed(app)
    return app


def with_new_credentials(tx: Tx, actor: Actor, app_id: str) -> App:
    """The same for whoever makes a credential of the app, which may not be deleted. Raises Refused, also `right_beyond_own`."""
    app = with_credentials(tx, actor, app_id)
    refuse_deleted(app)
    refuse_borrowed_powers(tx, actor, app)
    return app


def refuse_borrowed_powers(tx: Tx, actor: Actor, app: App) -> None:
    """Whoever makes a credential of an app, or another way into it, acts through it: as its run-as user, and in setup, where it may
    administer the org. Its owners were given that along with it; anybody else holds it already, and signed in lately, or is refused
    (X-AD-04). Raises Refused.
    """
    found = listed_apps.known(tx, actor.org_id, app.id) if not _owns(actor, app) else None
    here = found.installation if found is not None else None
    policies = installations.policies_of(tx, actor.org_id, here.id) if here is not None else None
    if policies is not None and policies.may_administer:
        permit(actor, Permission.MANAGE_SECURITY)
        signed_in_lately(tx, actor)
    if policies is not None and policies.run_as_user_id is not None:
        rights.refuse_acting_for(tx, actor, facts.standing(tx, actor.org_id, policies.run_as_user_id))


def installed(tx: Tx, actor: Actor, app_id: str) -> tuple[App, Installation]:
    """An app that is or was installed in the actor's org, whoever owns it. Raises Refused (`record_not_found`)."""
    found = listed_apps.known(tx, actor.org_id, app_id)
    if found is None or found.installation is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found.app, found.installation


def in_use(tx: Tx, actor: Actor, app_id: str) -> tuple[App, Installation]:
    """An app that is installed in the actor's org now. Raises Refused (`record_not_found`, `state_conflict`)."""
    app, installation = installed(tx, actor, app_id)
    if not installation.in_use(tx.now):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is not installed any more; install it first.")
    return app, installation


def refuse_own_door(actor: Actor, app_id: str) -> None:
    """Nobody shuts the door in which they stand: it may be the last way in (X-AD-12). Raises Refused (`state_conflict`)."""
    if actor.app_id == app_id:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="You are signed in through this very app; do this through another one.")


def owner_problem(tx: Tx, org_id: str, field: str, user_id: str) -> FieldProblem | None:
    """Why this user cannot answer for an app: whoever does is of this org, active, and may register apps."""
    standing = facts.standing(tx, org_id, user_id)
    if standing is None:
        return FieldProblem(field, "There is no such user in this org.")
    if standing.user.state is not UserState.ACTIVE or standing.user.frozen:
        return FieldProblem(field, f"{standing.user.name} is not an active user.")
    if not standing.permissions(tx.now) & REGISTERS:
        return FieldProblem(field, f"{standing.user.name} does not hold the permission Register Connected Apps.")
    return None


def written_reason(reason: str) -> str:
    """The reason without blanks around it. Raises Refused (`reason_required`) where it says nothing."""
    reason = reason.strip()
    problem = typed_text.reason_problem(reason)
    if problem is not None:
        raise Refused(setup_reasons.REASON_REQUIRED, fields=(FieldProblem("reason", problem),))
    return reason


def given_reason(reason: str) -> str:
    """A reason that may be left out, but if there is one it says something. Raises Refused."""
    return written_reason(reason) if reason.strip() else ""


def target(app: App) -> Target:
    """The app as an audit line names it."""
    return Target("app", app.id, app.label)


def _of_this_org(tx: Tx, actor: Actor, app_id: str) -> App:
    app = apps.by_id(tx, actor.org_id, app_id, hold=True)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not _owns(actor, app) and Permission.MANAGE_CONNECTED_APPS not in actor.permissions:
        needed = Permission.MANAGE_CONNECTED_APPS
        raise Refused(
            setup_reasons.PERMISSION_MISSING,
            detail=f"This app belongs to somebody else; without owning it you need the permission {settable.name_of(needed)}.",
            facts={"permission": needed},
        )
    return app


def _owns(actor: Actor, app: App) -> bool:
    return actor.user_id is not None and actor.user_id in (app.owner_id, app.backup_owner_id)


def _refuse_fixed(app: App) -> None:
    """What an app is that every org relies on is no org's to change, not even of the one that keeps it (docs/decisions/0029)."""
    if app.fixed:
        detail = f"What {app.label} is, is the same for every org of this server, so nobody changes it. Its policies here are your own."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)


def refuse_deleted(app: App) -> None:
    """A deleted app is only restored, never changed. Raises Refused (`state_conflict`)."""
    if app.deleted_at is not None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app was deleted; restore it first.")
