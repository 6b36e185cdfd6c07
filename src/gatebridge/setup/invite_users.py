"""Invitations: a new user gets a link by mail, which works once, for seven days, and for setting the first password only.

The link is in the mail and nowhere else: the database keeps its digest, and no answer and no audit line holds it.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

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
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_users import CreateUser, add_user, governed, refuse_plain, target, told
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
    expires_at: object = field()


def invite_user(tx: Tx, actor: Actor, command: InviteUser) -> Invited:
    """Make an invited user and send the link. Raises Refused."""
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
    record_change(
        tx, actor, Event.USER_INVITED, target(user), None, told(user, profile) | {"invitation_expires_at": invitation.expires_at}
    )
    return Invited(user, invitation.expires_at)
