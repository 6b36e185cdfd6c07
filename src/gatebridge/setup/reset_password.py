"""A new password: a link by mail, for whoever forgot the old one or is to choose another.

It works once, for an hour, and until the password or the address is changed (X-SE-09).

The link is in the mail and nowhere else: the database keeps its digest, and no answer and no audit line holds it.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.records import outbox
from gatebridge.records.change import permit, record_change
from gatebridge.rules import lockouts
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused, sign_in
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import new_password
from gatebridge.setup.app_rights import given_reason
from gatebridge.setup.manage_users import opened, target
from gatebridge.storage import limited_acts, orgs, password_resets, people
from gatebridge.storage.password_resets import PasswordReset
from gatebridge.storage.tx import Tx

LIFE = timedelta(hours=1)

MAIL = """Hello {name},

somebody, perhaps you, asked for a new password for {username} at {org}.

Choose it here, once and before {until} UTC:

{link}

If it was not you, leave the mail alone: nothing changes without the link. Your password still works.
"""

ASKED_BY_ADMIN = """Hello {name},

an admin of {org} asks you to choose a new password for {username}.

Choose it here, once and before {until} UTC:

{link}

Until you do, your password of now still works. If you wonder why, ask your admin by another way than this mail.
"""


@dataclass(frozen=True, slots=True)
class ForgotPassword:
    """Somebody says to have forgotten the password of this username."""

    username: str


@dataclass(frozen=True, slots=True)
class SendPasswordLink:
    """Have a user choose a new password. The one of now works until then; to stop it at once, freeze the user."""

    user_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """What the holder of the link brings: its token, and the hash of the chosen password."""

    token: str = field(repr=False)
    password_hash: str = field(repr=False)
    end_grants: bool = True  # also end everything that any app has of the user (X-RT-10)
    address: str = ""
    operation_id: str = ""


def forgot_password(tx: Tx, org: Org, command: ForgotPassword) -> None:
    """Send the user a link, where there is such a user who could sign in with a password. Whoever asks is told nothing either way."""
    stopped = limited_acts.one_too_many(tx, org.id, "forgot", lockouts.canonical(command.username), lockouts.PASSWORD_LINKS)
    user = people.by_username(tx, org.id, command.username)
    if user is None or stopped or not _may_reset(user) or people.password_hash(tx, org.id, user.id) is None:
        return
    _send(tx, org, user, MAIL)


def send_password_link(tx: Tx, actor: Actor, command: SendPasswordLink) -> User:
    """Send the user a link in place of earlier ones, also where no password was set yet.

    Whoever reads that mailbox gets in with it, so the actor holds every right that the user holds (X-AD-04), and signed in lately where
    that is any. Raises Refused.
    """
    permit(actor, Permission.MANAGE_USERS)
    user = opened(tx, actor, command.user_id).user
    if not _may_reset(user):
        state = "frozen" if user.frozen and user.state is UserState.ACTIVE else user.state
        detail = f"This user is {state}, and could do nothing with a link."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"state": user.state})
    org = orgs.by_id(tx, actor.org_id)
    assert org is not None  # noqa: S101 - the actor is of it
    reset = _send(tx, org, user, ASKED_BY_ADMIN)
    after = {"email": user.email, "password_link_expires_at": reset.expires_at}
    event = Event.USER_PASSWORD_LINK_SENT
    record_change(tx, actor, event, target(user), {"email": user.email}, after, reason=given_reason(command.reason))
    return user


def _send(tx: Tx, org: Org, user: User, mail: str) -> PasswordReset:
    """A new link, by mail; earlier ones work no more."""
    password_resets.withdraw(tx, org.id, user.id)
    token = secrets.new(Kind.PASSWORD_RESET, tx.random)
    reset = PasswordReset(
        org_id=org.id,
        id=tx.new_id(Prefix.PASSWORD_RESET),
        user_id=user.id,
        digest=secrets.digest(token),
        created_at=tx.now,
        expires_at=tx.now + LIFE,
    )
    password_resets.insert(tx, reset)
    text = mail.format(
        name=user.name,
        username=user.username,
        org=org.name,
        until=reset.expires_at.strftime("%Y-%m-%d %H:%M"),
        link=f"{org.issuer}/reset-password?token={token}",
    )
    outbox.leave(tx, org.id, "mail", {"to": user.email, "subject": f"A new password for {org.name}", "text": text})
    return reset


def user_of_link(tx: Tx, org: Org, token: str) -> User:
    """The user whose link this is, while it works. Looking at it does not use it up. Raises Refused (`mail_link_dead`)."""
    known = secrets.looks_right(Kind.PASSWORD_RESET, token)
    return _live(tx, org, password_resets.user_of(tx, org.id, secrets.digest(token)) if known else None)


def reset_password(tx: Tx, org: Org, command: ResetPassword) -> User:
    """Give the user of the link the password that was chosen. The token is the only proof, so no permission is asked. Raises Refused.

    The mail was read, so its address is the user's (`email_verified_at`).
    """
    new_password.refuse_plain(command.password_hash)
    known = secrets.looks_right(Kind.PASSWORD_RESET, command.token)
    user = _live(tx, org, password_resets.use(tx, org.id, secrets.digest(command.token)) if known else None)
    how = "was chosen anew, by a link that came by mail"
    before, after = new_password.put(tx, user, command.password_hash, how=how, where=command.address, end_grants=command.end_grants)
    people.verify_email(tx, org.id, user.id, user.email)
    actor = Actor(
        ActorKind.USER, org.id, user.name, frozenset(), user_id=user.id, address=command.address, operation_id=command.operation_id
    )
    record_change(tx, actor, Event.USER_PASSWORD_RESET, target(user), before, after)
    return user


def _live(tx: Tx, org: Org, user_id: str | None) -> User:
    user = people.by_id(tx, org.id, user_id) if user_id is not None else None
    if user is None or not _may_reset(user):
        raise Refused(sign_in.MAIL_LINK_DEAD)
    return user


def _may_reset(user: User) -> bool:
    return user.state is UserState.ACTIVE and not user.frozen
