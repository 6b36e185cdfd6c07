"""Stopping users and letting them go on: deactivating, which is for those who leave, and freezing, which is for emergencies.

When either returns and is committed, no node accepts anything that the user ever got (X-SE-04), and neither comes back afterwards.
Anybody who manages users can stop anybody, up to the last admin; only who holds the user's rights can let the user go on, and where there
are any, after a recent sign-in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatebridge.records import logouts
from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import Standing, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.app_rights import given_reason, written_reason
from gatebridge.setup.manage_users import found, opened, target
from gatebridge.setup.rights import keep_an_admin, refuse_own
from gatebridge.signin import sessions
from gatebridge.storage import epochs, invitations, password_resets, people, revocations
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class DeactivateUser:
    """End a user for good, or until somebody activates it again. The reason must be written."""

    user_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActivateUser:
    """Let a deactivated user sign in again, with the rights it had."""

    user_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FreezeUser:
    """Stop a user at once and leave everything else as it is. The reason must be written.

    Every session ends, and unless told otherwise everything that apps have of the user. What apps keep opens nothing while the user is
    frozen, and goes on when the user may: for an investigation after which nothing needs to be set up anew.
    """

    user_id: str
    reason: str
    end_grants: bool = True


@dataclass(frozen=True, slots=True)
class UnfreezeUser:
    """Let a frozen user go on."""

    user_id: str
    reason: str = ""


def deactivate_user(tx: Tx, actor: Actor, command: DeactivateUser) -> User:
    """Take a user out of use; invitations and everything obtained so far end with it. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    standing = found(tx, actor, command.user_id)
    reason = written_reason(command.reason)
    stopped = _changed_state(tx, standing.user, (UserState.INVITED, UserState.ACTIVE), UserState.DEACTIVATED)
    invitations.withdraw(tx, actor.org_id, stopped.id)
    stopped = _end_everything(tx, stopped)
    keep_an_admin(tx, actor, standing.permissions(tx.now))
    record_change(tx, actor, Event.USER_DEACTIVATED, target(stopped), *_told(standing, stopped), reason=reason)
    return stopped


def activate_user(tx: Tx, actor: Actor, command: ActivateUser) -> User:
    """Bring a deactivated user back. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    standing = opened(tx, actor, command.user_id)
    refuse_own(actor, command.user_id)
    active = _changed_state(tx, standing.user, (UserState.DEACTIVATED,), UserState.ACTIVE)
    record_change(tx, actor, Event.USER_ACTIVATED, target(active), *_told(standing, active), reason=given_reason(command.reason))
    return active


def freeze_user(tx: Tx, actor: Actor, command: FreezeUser) -> User:
    """Stop a user in whatever state; sessions end, and by choice everything obtained so far (X-SE-04). Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    standing = found(tx, actor, command.user_id)
    reason = written_reason(command.reason)
    frozen = _changed_frozen(tx, standing.user, frozen=True)
    frozen = _end_everything(tx, frozen) if command.end_grants else _put_to_rest(tx, frozen)
    keep_an_admin(tx, actor, standing.permissions(tx.now))
    before, after = _told(standing, frozen)
    kept = {} if command.end_grants else {"grants": "kept"}
    record_change(tx, actor, Event.USER_FROZEN, target(frozen), before, after | kept, reason=reason)
    return frozen


def unfreeze_user(tx: Tx, actor: Actor, command: UnfreezeUser) -> User:
    """Let a frozen user go on; what ended stays ended. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    standing = opened(tx, actor, command.user_id)
    refuse_own(actor, command.user_id)
    thawed = _end_sessions(tx, _changed_frozen(tx, standing.user, frozen=False))
    record_change(tx, actor, Event.USER_UNFROZEN, target(thawed), *_told(standing, thawed), reason=given_reason(command.reason))
    return thawed


def _changed_state(tx: Tx, user: User, before: Iterable[UserState], after: UserState) -> User:
    # The row itself is asked, not what was read of it: of two who stop a user at once, one does it and the other is told.
    if not people.change_state(tx, user.org_id, user.id, before, after):
        detail = f"This user is {user.state}, and can be {after} only from {' or '.join(before)}."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"state": user.state})
    return replace(user, state=after, version=user.version + 1)


def _changed_frozen(tx: Tx, user: User, *, frozen: bool) -> User:
    if not people.change_frozen(tx, user.org_id, user.id, frozen):
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"This user is {'frozen already' if frozen else 'not frozen'}.")
    return replace(user, frozen=frozen, version=user.version + 1)


def _end_sessions(tx: Tx, user: User) -> User:
    """No session is left, one neither that began at the very moment of the freeze."""
    password_resets.withdraw(tx, user.org_id, user.id)
    sessions.end_of_user(tx, user.org_id, user.id, "the user was frozen or deactivated")
    return user


def _put_to_rest(tx: Tx, user: User) -> User:
    _end_sessions(tx, user)
    # Servers that check JWTs by themselves ask nobody whether a user is frozen, so what they hold ends for good.
    revocations.append(tx, user.org_id, "user", user_id=user.id)
    return user


def _end_everything(tx: Tx, user: User) -> User:
    _end_sessions(tx, user)
    logouts.announce_devices(tx, user.org_id, user.id)
    epoch = epochs.raise_user(tx, user.org_id, user.id)
    revocations.append(tx, user.org_id, "user", user_id=user.id)
    return replace(user, epoch=user.epoch if epoch is None else epoch, epoch_at=tx.now)


def _told(before: Standing, after: User) -> tuple[dict[str, object], dict[str, object]]:
    return (
        {"state": before.user.state, "frozen": before.user.frozen},
        {"state": after.state, "frozen": after.frozen},
    )
