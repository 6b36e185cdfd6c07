"""What the house does about loosenings by itself: tell their people a week before the end, and at the end make the smaller setting.

The edit goes through the verbs that admins use, so it is checked, in force and audited like theirs. Edit, audit lines and mails are one
transaction with the end of the loosening: several nodes may try, one does it, and a crash leaves nothing half done.
"""

from dataclasses import dataclass

from gatebridge.monitoring import exposures as found_exposures
from gatebridge.monitoring.exposures import AppExposures
from gatebridge.records import outbox
from gatebridge.records.change import permit, record_change
from gatebridge.rules import ids
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.exposures import Exposure
from gatebridge.rules.loosenings import Loosening, Outcome
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.setup import app_rights
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.loosenings import told
from gatebridge.storage import loosenings as stored
from gatebridge.storage import orgs, people
from gatebridge.storage.listed_apps import AppState
from gatebridge.storage.tx import Tx

SOON = """Hello {name},

in {org}, somebody answers for this about the app {app} until {until} UTC:

{sentence}
Accepted because: {reason}

{then}
{smaller}

To do it earlier, or to read more:
gatebridge exposures {app_id}

To keep it longer, somebody with Manage Connected Apps accepts it again, with a new reason and a new end:
gatebridge apps accept {app_id} {code} --reason "..." --until ...
"""
THEN_CLOSED = "At that moment Gatebridge makes the smaller setting by itself, and whoever relies on the wider one is refused:"
THEN_LEFT = "Gatebridge cannot choose the smaller setting by itself, so somebody has to do it:"

CLOSED = """Hello {name},

in {org}, the time is over for which somebody answered for this about the app {app}:

{sentence}
Accepted because: {reason}

Gatebridge has made the smaller setting:
{smaller}

What was changed stands in the setup audit trail:
gatebridge audit list --target {app_id}
"""
LEFT = """Hello {name},

in {org}, the time is over for which somebody answered for this about the app {app}:

{sentence}
Accepted because: {reason}

It still stands, and nobody answers for it any more. {because}
{smaller}

{command}
"""
BY_HAND = "Gatebridge cannot choose the smaller setting by itself:"


@dataclass(frozen=True, slots=True)
class EndLoosening:
    """End one that is over: the smaller setting is made where a machine can choose it."""

    loosening_id: str


@dataclass(frozen=True, slots=True)
class LeaveLoosening:
    """`because`: what stood in the way of the smaller setting."""

    loosening_id: str
    because: str = BY_HAND


@dataclass(frozen=True, slots=True)
class TellOfEnd:
    """Tell its people by mail that the end comes near."""

    loosening_id: str


def house_of(org_id: str) -> Actor:
    """The house itself in one org, with the rights that it needs to tighten what somebody else opened, and no other."""
    return Actor(ActorKind.HOUSE, org_id, "Gatebridge", frozenset({Permission.MANAGE_CONNECTED_APPS}))


def tell_of_end(tx: Tx, actor: Actor, command: TellOfEnd) -> bool:
    """Tell the people of a loosening that it ends soon, once; one whose exposure is gone is closed. False: there was nothing to do."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    loosening = stored.by_id(tx, actor.org_id, command.loosening_id)
    if loosening is None or not stored.mark_told(tx, actor.org_id, loosening.id):
        return False
    org, found, exposure = _standing(tx, loosening)
    if found is None or exposure is None:
        return _close(tx, actor, loosening, found, Outcome.MENDED)
    _mail(tx, org, found, loosening, exposure, "An exposure of {app} closes soon", SOON, then=THEN_CLOSED if exposure.mend else THEN_LEFT)
    return True


def end_loosening(tx: Tx, actor: Actor, command: EndLoosening) -> Outcome:
    """End a loosening whose time is over: make the smaller setting, or leave it where no machine can choose. OPEN: it was not to be ended.

    Raises Refused where the smaller setting cannot be saved; then nothing was done, and `leave_loosening` is for that.
    """
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    loosening = _due(tx, actor, command.loosening_id)
    if loosening is None:
        return Outcome.OPEN
    org, found, exposure = _standing(tx, loosening)
    if found is None or exposure is None:
        _close(tx, actor, loosening, found, Outcome.MENDED)
        return Outcome.MENDED
    if not exposure.mend:
        return leave_loosening(tx, actor, LeaveLoosening(loosening.id))
    if not stored.close(tx, actor.org_id, loosening.id, Outcome.CLOSED):
        return Outcome.OPEN  # another node did it just now
    # First the setting and then the head of the audit chain, as whoever edits: in the other order the two could wait for each other.
    _mend(tx, actor, exposure, found.app.id)
    _record(tx, actor, loosening, found, Outcome.CLOSED)
    _mail(tx, org, found, loosening, exposure, "An exposure of {app} was closed", CLOSED)
    return Outcome.CLOSED


def leave_loosening(tx: Tx, actor: Actor, command: LeaveLoosening) -> Outcome:
    """End a loosening whose time is over and whose exposure stays, and tell its people that nobody answers for it any more."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    loosening = _due(tx, actor, command.loosening_id)
    if loosening is None:
        return Outcome.OPEN
    org, found, exposure = _standing(tx, loosening)
    _close(tx, actor, loosening, found, Outcome.LEFT)
    if found is not None and exposure is not None:
        _mail(tx, org, found, loosening, exposure, "Nobody answers for an exposure of {app}", LEFT, because=command.because)
    return Outcome.LEFT


def _due(tx: Tx, actor: Actor, loosening_id: str) -> Loosening | None:
    """The loosening, held until the end, if it is open and its time is over."""
    loosening = stored.by_id(tx, actor.org_id, loosening_id)
    over = loosening is not None and loosening.closed_at is None and loosening.ends_at <= tx.now
    return loosening if over else None


def _standing(tx: Tx, loosening: Loosening) -> tuple[Org, AppExposures | None, Exposure | None]:
    """The app and the exposure that a loosening is about, as they are now. An app out of use is exposed in nothing."""
    org = orgs.by_id(tx, loosening.org_id)
    assert org is not None  # noqa: S101 - nothing takes an org away
    found = found_exposures.of_app(tx, org, loosening.app_id)
    used = found is not None and found.state in (AppState.ACTIVE, AppState.BLOCKED)
    return org, found, found.of(loosening.exposure) if found is not None and used else None


def _close(tx: Tx, actor: Actor, loosening: Loosening, found: AppExposures | None, outcome: Outcome) -> bool:
    closed = stored.close(tx, actor.org_id, loosening.id, outcome)
    if closed and found is not None:
        _record(tx, actor, loosening, found, outcome)
    return closed


def _record(tx: Tx, actor: Actor, loosening: Loosening, found: AppExposures, outcome: Outcome) -> None:
    after = {"exposure": loosening.exposure, "ended": outcome}
    record_change(tx, actor, Event.LOOSENING_ENDED, app_rights.target(found.app), told(loosening), after, reason=loosening.reason)


def _mend(tx: Tx, actor: Actor, exposure: Exposure, app_id: str) -> None:
    if exposure.mend.settings:
        edit_settings(tx, actor, EditSettings(app_id, **exposure.mend.settings))
    if exposure.mend.policies:
        changes = dict(exposure.mend.policies)
        requirement = changes.pop("requirement", None)
        if requirement is not None:
            changes |= {"required_level": requirement.level, "level_action": requirement.action}
        # Whoever relies on the wider setting was announced to its people a week ago; the audit line names whom it hits.
        edit_policies(tx, actor, EditPolicies(app_id, confirmed=True, **changes))


def _mail(tx: Tx, org: Org, found: AppExposures, loosening: Loosening, exposure: Exposure, subject: str, text: str, **said: str) -> None:
    app = found.app
    for name, address in _people(tx, org, found, loosening):
        body = text.format(
            name=name,
            org=org.name,
            app=app.label,
            app_id=ids.long(app.id),
            code=exposure.code,
            sentence=exposure.sentence,
            reason=loosening.reason,
            until=loosening.ends_at.strftime("%Y-%m-%d %H:%M"),
            smaller=exposure.smaller.words,
            command=exposure.smaller.command,
            **said,
        )
        outbox.leave(tx, org.id, "mail", {"to": address, "subject": subject.format(app=app.label), "text": body})


def _people(tx: Tx, org: Org, found: AppExposures, loosening: Loosening) -> list[tuple[str, str]]:
    """Name and address of whoever owns the app or has accepted the exposure; where none of them is here, the contact of the app."""
    own = [found.app.owner_id, found.app.backup_owner_id] if found.subject.own else []
    asked = [people.by_id(tx, org.id, user_id) for user_id in dict.fromkeys([*own, loosening.created_by]) if user_id is not None]
    here = [user for user in asked if user is not None and _reads_mail(user)]
    addressed = {user.email: user.name for user in here} or ({found.app.contact_email: found.app.label} if found.subject.own else {})
    return [(name, address) for address, name in addressed.items()]


def _reads_mail(user: User) -> bool:
    return user.state is UserState.ACTIVE and not user.frozen
