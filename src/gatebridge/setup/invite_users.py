"""Invitations: a new user gets a link by mail, which works once, for seven days, and for setting the first password only.

The link is in the mail and nowhere else: the database keeps its digest, and no answer and no audit line holds it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.records import outbox
from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused, sign_in
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_users import CreateUser, add_user, opened, target, told
from gatebridge.setup.new_password import refuse_plain
from gatebridge.storage import invitations, orgs, people
from gatebridge.storage.invitations import Invitation
from gatebridge.storage.tx import Tx

LIFE = timedelta(days=7)

MAIL = """Hello {name},

you were invited to {org}. Your username is {username}.

Choose your password here, once and before {until} UTC:

{link}

If you did not expect this, leave the mail alone: nothing happens without the link.
"""


@dataclass(frozen=True, slots=True)
class InviteUser:
    """A person who is to choose a password. Until then the user is invited, and can do nothing."""

    username: str
    email: str
    profile_id: str
    first_name: str = ""
    last_name: str = ""
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class InviteAgain:
    """Send a new link to a user who has not accepted; earlier ones work no more."""

    user_id: str


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """What the invited person brings: the token of the link, and the hash of the chosen password."""

    token: str = field(repr=False)
    password_hash: str = field(repr=False)
    address: str = ""
    operation_id: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invited user, and until when the link works."""

    user: User
    expires_at: datetime


def invite_user(tx: Tx, actor: Actor, command: InviteUser) -> Invited:
    """Make an invited user and send the link; where the profile gives any right, after a recent sign-in. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    new = CreateUser(
        username=command.username,
        email=command.email,
        profile_id=command.profile_id,
        first_name=command.first_name,
        last_name=command.last_name,
        external_id=command.external_id,
    )
    user, profile = add_user(tx, actor, new, UserState.INVITED)
    invitation = send_invitation(tx, user)
    record_change(tx, actor, Event.USER_INVITED, target(user), None, told(user, profile) | {"invitation_expires_at": invitation.expires_at})
    return Invited(user, invitation.expires_at)


def invite_again(tx: Tx, actor: Actor, command: InviteAgain) -> Invited:
    """Send a new link in place of the earlier ones. It leads into the account, so it is sent as a user is invited. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    user = opened(tx, actor, command.user_id).user
    if user.state is not UserState.INVITED:
        raise Refused(
            setup_reasons.STATE_CONFLICT, detail=f"This user is {user.state}, and needs no invitation.", facts={"state": user.state}
        )
    invitations.withdraw(tx, actor.org_id, user.id)
    invitation = send_invitation(tx, user)
    after = {"email": user.email, "invitation_expires_at": invitation.expires_at}
    record_change(tx, actor, Event.USER_INVITED, target(user), {"email": user.email}, after)
    return Invited(user, invitation.expires_at)


def accept_invitation(tx: Tx, org: Org, command: AcceptInvitation) -> User:
    """Make the invited user active, with the password chosen. The token is the only proof, so no permission is asked. Raises Refused.

    Of a token that is unknown, used, run out or withdrawn nothing more is told than that it does not work.
    """
    refuse_plain(command.password_hash)
    user, used = invited_by(tx, org, command.token), secrets.digest(command.token)
    # The user comes before the invitation, as wherever somebody changes or stops the user.
    if not people.change_state(tx, org.id, user.id, (UserState.INVITED,), UserState.ACTIVE) or not invitations.use(tx, org.id, used):
        raise Refused(sign_in.MAIL_LINK_DEAD)
    people.set_password_hash(tx, org.id, user.id, command.password_hash)
    people.verify_email(tx, org.id, user.id, user.email)  # the mail was read, so its address is the user's
    actor = Actor(
        ActorKind.USER, org.id, user.name, frozenset(), user_id=user.id, address=command.address, operation_id=command.operation_id
    )
    after = {"state": UserState.ACTIVE, "password": command.password_hash}
    record_change(tx, actor, Event.USER_ACTIVATED, target(user), {"state": user.state}, after)
    accepted = people.by_id(tx, org.id, user.id)
    assert accepted is not None  # noqa: S101 - was changed above
    return accepted


def invited_by(tx: Tx, org: Org, token: str) -> User:
    """The user whose invitation this is, while it works. Looking at it does not use it up. Raises Refused (`mail_link_dead`)."""
    user_id = invitations.user_of(tx, org.id, secrets.digest(token)) if _looks_right(token) else None
    user = people.by_id(tx, org.id, user_id) if user_id is not None else None
    if user is None or user.state is not UserState.INVITED:
        raise Refused(sign_in.MAIL_LINK_DEAD)
    return user


def _looks_right(token: str) -> bool:
    return secrets.looks_right(Kind.INVITATION, token)


def send_invitation(tx: Tx, user: User) -> Invitation:
    """Keep a new invitation of the user and leave the mail with its link in the outbox."""
    org = orgs.by_id(tx, user.org_id)
    assert org is not None  # noqa: S101 - every user has an org, by foreign key
    token = secrets.new(Kind.INVITATION, tx.random)
    invitation = Invitation(
        org_id=org.id,
        id=tx.new_id(Prefix.INVITATION),
        user_id=user.id,
        digest=secrets.digest(token),
        created_at=tx.now,
        expires_at=tx.now + LIFE,
    )
    invitations.insert(tx, invitation)
    text = MAIL.format(
        name=user.name,
        org=org.name,
        username=user.username,
        until=invitation.expires_at.strftime("%Y-%m-%d %H:%M"),
        link=f"{org.issuer}/invitation?token={token}",
    )
    outbox.leave(tx, org.id, "mail", {"to": user.email, "subject": f"Your invitation to {org.name}", "text": text})
    return invitation
