"""Users: made active at once, as service users are, and edited. Inviting is in `invite_users.py`, stopping in `stop_users.py`."""

from dataclasses import dataclass, field, replace

from gatebridge.records.change import Target, check_version, permit, record_change, signed_in_lately
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.hours import UTC_NAME
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Profile, Standing, User, UserState
from gatebridge.rules.people_checks import person_problems
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import hit_list, new_password
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.setup.new_password import refuse_plain
from gatebridge.setup.rights import keep_an_admin, refuse_beyond_own, refuse_own, refuse_stale_giver
from gatebridge.signin import warnings
from gatebridge.storage import facts, invitations, orgs, password_resets, people, profiles
from gatebridge.storage.tx import Tx

REACHED_BY = ("username", "email", "external_id")


@dataclass(frozen=True, slots=True)
class CreateUser:
    """A user who is active at once. A service user needs neither a name nor a password."""

    username: str
    email: str
    profile_id: str
    first_name: str = ""
    last_name: str = ""
    external_id: str | None = None
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EditUser:
    """What is to be different about a user."""

    user_id: str
    expected_version: int | None = None
    username: str | Unchanged = UNCHANGED
    email: str | Unchanged = UNCHANGED
    first_name: str | Unchanged = UNCHANGED
    last_name: str | Unchanged = UNCHANGED
    external_id: str | Unchanged | None = UNCHANGED
    profile_id: str | Unchanged = UNCHANGED
    timezone: str | Unchanged = UNCHANGED  # on whose clocks the user is told times; an IANA name
    confirmed: bool = False  # even if the user then may not use what was used lately


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Give a user a new password, of which only the hash comes here."""

    user_id: str
    password_hash: str = field(repr=False)
    end_grants: bool = True  # also end everything that any app has of the user (X-RT-10)


def create_user(tx: Tx, actor: Actor, command: CreateUser) -> User:
    """Make an active user with a profile that gives no right beyond the actor's own, and any right after a recent sign-in.

    Raises Refused.
    """
    permit(actor, Permission.MANAGE_USERS)
    user, profile = add_user(tx, actor, command, UserState.ACTIVE)
    record_change(tx, actor, Event.USER_CREATED, target(user), None, told(user, profile) | _password_told(command.password_hash))
    return user


def add_user(tx: Tx, actor: Actor, command: CreateUser, state: UserState) -> tuple[User, Profile]:
    """The checked and written user with the profile; whoever calls this was permitted and writes the audit line. Raises Refused."""
    refuse_plain(command.password_hash)
    org = orgs.by_id(tx, actor.org_id)
    user = User(
        id=tx.new_id(Prefix.USER),
        org_id=actor.org_id,
        username=command.username,
        email=command.email,
        first_name=command.first_name,
        last_name=command.last_name,
        profile_id=command.profile_id,
        state=state,
        frozen=False,
        epoch=0,
        created_at=tx.now,
        external_id=command.external_id,
        timezone=org.settings.timezone if org is not None else UTC_NAME,
    )
    profile = _checked(tx, actor, user)
    refuse_beyond_own(actor, profile.permissions)
    refuse_stale_giver(tx, actor, profile.permissions)
    if not people.insert(tx, user, command.password_hash):
        raise username_taken()
    return user, profile


def edit_user(tx: Tx, actor: Actor, command: EditUser) -> User:
    """Change who a user is. A new profile gives no right beyond the actor's own, and nobody's own profile is changed.

    By username, e-mail and external id an account is reached, so they are changed by who signed in lately; and so is the profile for one
    that gives more. Raises Refused.
    """
    permit(actor, Permission.MANAGE_USERS)
    standing = governed(tx, actor, command.user_id)
    user = standing.user
    check_version(user.version, command.expected_version)
    edited = applied(user, command, "username", "email", "first_name", "last_name", "external_id", "profile_id", "timezone")
    if any(getattr(edited, name) != getattr(user, name) for name in REACHED_BY):
        signed_in_lately(tx, actor)
    profile = _checked(tx, actor, edited)
    if edited.profile_id != user.profile_id:
        refuse_own(actor, user.id)
        refuse_beyond_own(actor, profile.permissions)
        refuse_stale_giver(tx, actor, profile.permissions, standing.profile.permissions)
    if edited == user:
        return user
    drafts = Draft(profile_of={user.id: standing.profile}), Draft(profile_of={user.id: profile})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, None, *drafts, command.confirmed)
    try:
        if not people.update(tx, edited):
            raise stale()
    except people.NameTaken:
        raise username_taken() from None
    keep_an_admin(tx, actor, standing.profile.permissions - profile.permissions)
    if edited.email != user.email:
        # The link went to an address that is not this person's any more (X-SE-09).
        invitations.withdraw(tx, actor.org_id, user.id)
        password_resets.withdraw(tx, actor.org_id, user.id)
        _tell_former_address(tx, actor, user)
    record_change(tx, actor, Event.USER_EDITED, target(edited), told(user, standing.profile), told(edited, profile) | locked_out)
    verified_at = user.email_verified_at if edited.email == user.email else None
    return replace(edited, version=user.version + 1, updated_at=tx.now, email_verified_at=verified_at)


def set_password(tx: Tx, actor: Actor, command: SetPassword) -> None:
    """Set the password of a user who holds no right beyond the actor's own, and end what the old one opened. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    signed_in_lately(tx, actor)
    refuse_plain(command.password_hash)
    user = governed(tx, actor, command.user_id).user
    if user.state is UserState.INVITED:
        detail = "This user has not accepted the invitation, and sets the password by doing so."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)
    before, after = new_password.put(
        tx, user, command.password_hash, how="was set by an admin", where=actor.address, end_grants=command.end_grants
    )
    record_change(tx, actor, Event.USER_PASSWORD_SET, target(user), before, after)


def found(tx: Tx, actor: Actor, user_id: str) -> Standing:
    """The user of the actor's org. Raises Refused (`record_not_found`), for another org's user as for none (X-AD-01)."""
    standing = facts.standing(tx, actor.org_id, user_id)
    if standing is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return standing


def governed(tx: Tx, actor: Actor, user_id: str) -> Standing:
    """A user who holds no right beyond the actor's own: username, e-mail and password lead into the account (X-AD-04). Raises Refused."""
    standing = found(tx, actor, user_id)
    refuse_beyond_own(actor, standing.permissions(tx.now))
    return standing


def opened(tx: Tx, actor: Actor, user_id: str) -> Standing:
    """The same for whoever opens an account, by a link or by letting it go on: where it holds any right, after a recent sign-in."""
    standing = governed(tx, actor, user_id)
    refuse_stale_giver(tx, actor, standing.permissions(tx.now))
    return standing


def told(user: User, profile: Profile) -> dict[str, object]:
    """What the audit trail keeps of a user."""
    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "external_id": user.external_id,
        "profile": profile.name,
        "timezone": user.timezone,
        "state": user.state,
        "frozen": user.frozen,
    }


def target(user: User) -> Target:
    """The user as the audit trail names it."""
    return Target("user", user.id, user.name)


def username_taken() -> Refused:
    """Somebody of the org has this username."""
    problem = FieldProblem("username", "Another user of this org has this username.")
    return Refused(setup_reasons.NAME_TAKEN, fields=(problem,))


def _tell_former_address(tx: Tx, actor: Actor, user: User) -> None:
    """Whoever reads the mailbox that was the user's learns that it is no more. Of an invited one nobody knows whose it is."""
    org = orgs.by_id(tx, user.org_id)
    if org is not None and user.state is not UserState.INVITED:
        what = f"the e-mail address of {user.username} at {org.name} was changed by an admin. No more mail about it comes here."
        warnings.tell(tx, org, user, f"Another e-mail address at {org.name}", what, actor.address)


def _checked(tx: Tx, actor: Actor, user: User) -> Profile:
    problems = person_problems(user)
    profile = profiles.by_id(tx, actor.org_id, user.profile_id, hold=True)
    if profile is None:
        problems.append(FieldProblem("profile_id", "There is no such profile in this org."))
    refuse_invalid(problems)
    assert profile is not None  # noqa: S101 - refused above
    return profile


def _password_told(password_hash: str | None) -> dict[str, object]:
    return {"password": password_hash}  # the audit trail keeps of it that it was set, and nothing else
