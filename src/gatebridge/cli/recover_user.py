"""`gatebridge recover-user`: let somebody who has lost every second factor sign in with the password again.

For when no admin is left who could do it in setup. It takes factors away by the verb that admins use, and gives nobody a right, a password
or a mailbox: who has neither password nor mailbox of the user is where they were before (docs/guides/incidents.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatebridge.cli import machine
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.first_admin import in_words
from gatebridge.rules import ids, levels, lockouts
from gatebridge.rules.factors import Factor, Step, next_step
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Profile, User, UserState
from gatebridge.rules.reasons import Refused
from gatebridge.settings.catalogue import Settings
from gatebridge.setup.app_rights import written_reason
from gatebridge.setup.manage_factors import RemoveFactors, remove_factors
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.setup.my_factors import KINDS
from gatebridge.storage import factors, facts, limited_acts, listed_users, orgs, people
from gatebridge.storage.tx import Tx

MOST_NAMED = 10  # orgs and users that a refusal names

# Why a user could not sign in without factors either, and what mends it. A command that was asked for one thing does not undo another.
STOPPED = {
    "frozen": ("is frozen", "users unfreeze", "Unfreeze"),
    UserState.DEACTIVATED: ("is deactivated", "users activate", "Activate"),
    UserState.INVITED: ("has not accepted the invitation yet", "users invite-again", "Invite again"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be let in again, in the org at which host, and why. `raises`: also where a policy blocks who has no factor."""

    username: str
    host: str | None
    reason: str
    raises: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A user who signs in with factors, and what a sign-in without them meets. `blocking` says which of org and profile block it."""

    org: Org
    user: User
    profile: Profile
    factors: Sequence[Factor]
    required: Requirement
    required_by: str
    locked_until: datetime | None

    @property
    def blocking(self) -> tuple[str, ...]:
        said = {"org": self.org.settings.requirement, "profile": self.profile.requirement}
        return tuple(who for who, each in said.items() if each.level is Level.HIGH and each.action is LevelAction.BLOCK)

    @property
    def question(self) -> str:
        held = ", ".join(f"{each.name} ({KINDS[each.kind]})" for each in self.factors)
        return (
            f"{self.user.name} ({self.user.username}) of {self.org.name} at {self.org.host} has {held}. Every factor, recovery code and "
            "activated browser of the user is taken away, and every browser is signed out. Do it?"
        )


def look(tx: Tx, wanted: Wanted) -> Lost:
    """The user who is to be let in again. Nothing is written. Raises Stop where it would let nobody in, and says what would."""
    try:
        written_reason(wanted.reason)
    except Refused as refused:
        raise Stop(Exit.REFUSED, in_words(refused)) from None
    org = _org(tx, wanted.host)
    user = people.by_username(tx, org.id, wanted.username)
    standing = facts.standing(tx, org.id, user.id) if user is not None else None
    if user is None or standing is None:
        raise _unknown(tx, org, wanted.username)
    _refuse_stopped(user)
    held = factors.of_user(tx, org.id, user.id)
    if not held:
        raise Stop(
            Exit.REFUSED,
            f"{user.name} has no second factor, so none keeps the user out. Nothing was changed.\n"
            f"Remedy: a forgotten password is mended by mail, at {org.issuer}/signin; Login History names why a sign-in was refused.",
        )
    required, required_by = levels.required(org, standing.profile, None)
    counted = limited_acts.of(tx, org.id, "user", lockouts.canonical(user.username))
    locked_until = counted.locked_until if counted is not None and counted.locks(tx.now) else None
    lost = Lost(org, user, standing.profile, held, required, required_by, locked_until)
    if lost.blocking and not wanted.raises:
        who = " and ".join(f"the {each}" for each in lost.blocking)
        raise Stop(
            Exit.REFUSED,
            f"Who has no second factor is refused by {who} (level action block), and so would {user.name} be. Nothing was changed.\n"
            "Remedy: say --raise as well. Then who has none sets one up at the next sign-in, after a mailed code; set it back afterwards.",
        )
    return lost


def recover(tx: Tx, wanted: Wanted) -> Lost:
    """Take the factors away, as the operator of this machine, in the caller's transaction. The user as it was before. Raises Stop."""
    lost = look(tx, wanted)
    operator = machine.operator(lost.org.id)
    try:
        remove_factors(tx, operator, RemoveFactors(lost.user.id, None, wanted.reason))
        if "org" in lost.blocking:
            edit_org(tx, operator, EditOrg(level_action=LevelAction.RAISE))
        if "profile" in lost.blocking:
            edit_profile(tx, operator, EditProfile(lost.profile.id, level_action=LevelAction.RAISE))
    except Refused as refused:
        raise Stop(Exit.REFUSED, in_words(refused)) from None
    return lost


def told(lost: Lost, settings: Settings) -> list[str]:
    """What happened and what comes next, a sentence or two to a line."""
    said = [
        f"Taken away from {lost.user.name} of {lost.org.name}: {', '.join(each.name for each in lost.factors)}, the recovery codes and the "
        "activated browsers. Every browser is signed out, and a mail tells the user.",
        f"Next, {lost.user.username} signs in with the password at {lost.org.issuer}/signin. A forgotten one is mended there, by mail.",
    ]
    raised = Requirement(lost.required.level)
    verifies = lost.org.settings.verify_new_browsers
    if next_step(has_factor=False, required=raised, verify_new_browsers=verifies, activated=False) is Step.MAIL:
        said.append(f"The sign-in asks for a code that goes to {lost.user.email}{_where(settings)}.")
    if raised.level is Level.HIGH:
        said.append(f"Then a new second factor is set up: it is required by {lost.required_by}.")
    else:
        said.append(f"Nothing asks for a second factor, so the password is all that is left: set one up at {lost.org.issuer}/me/security.")
    if lost.locked_until is not None:
        said.append(
            f"After wrong attempts the user is locked until {lost.locked_until:%Y-%m-%d %H:%M} UTC. It passes by itself, and with a new "
            "password by mail at once."
        )
    back = {
        "org": "gatebridge org edit --level-action block",
        "profile": f"gatebridge profiles edit {ids.long(lost.profile.id)} --level-action block",
    }
    said += [f"The {who} refused who has no second factor, and now has one set up. Afterwards: {back[who]}" for who in lost.blocking]
    return said


def _where(settings: Settings) -> str:
    return "" if settings.smtp_host is not None else f" (no mail server is set, so mail is written to {settings.mail_directory})"


def _org(tx: Tx, host: str | None) -> Org:
    every = orgs.list_page(tx, after=None, limit=MOST_NAMED)
    hosts = ", ".join(each.host for each in every)
    if host is not None:
        found = orgs.by_host(tx, host)
        if found is None:
            raise Stop(
                Exit.REFUSED,
                f"No org of this installation answers at {host}.\nRemedy: say --org with the host of one: {hosts or 'there is none'}.",
            )
        return found
    if not every:
        raise Stop(Exit.REFUSED, "There is no org yet.\nRemedy: gatebridge first-admin makes the first one, and its admin.")
    if len(every) > 1:
        raise Stop(Exit.USAGE, f"There is more than one org; say which one with --org HOST: {hosts}.")
    return every[0]


def _unknown(tx: Tx, org: Org, username: str) -> Stop:
    near = [each.username for each in listed_users.list_page(tx, org.id, after=None, limit=MOST_NAMED, search=username)]
    remedy = f"one of these, perhaps: {', '.join(near)}" if near else "what the user types to sign in, not the name or the id"
    return Stop(
        Exit.REFUSED,
        f"Nobody of {org.name} at {org.host} has the username {username}. Nothing was changed.\n"
        f"Remedy: type the username letter by letter as it is; {remedy}.",
    )


def _refuse_stopped(user: User) -> None:
    how = STOPPED.get("frozen" if user.frozen else user.state)
    if how is not None:
        stands, command, button = how
        raise Stop(
            Exit.REFUSED,
            f"{user.name} {stands}, and could not sign in without second factors either. Nothing was changed.\n"
            f"Remedy: an admin who holds every right of the user mends it with `gatebridge {command} {ids.long(user.id)}`, or on the "
            f"user's page in setup ({button}). An org always keeps an admin who is active and not frozen: if nobody gets in, recover that "
            "one first.",
        )
