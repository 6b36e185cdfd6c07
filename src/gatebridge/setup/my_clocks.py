"""Self-service: on whose clocks one is told times. A user needs no right for it, and reaches nobody else's."""

from dataclasses import dataclass, replace

from gatebridge.records.change import record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.hours import timezone_problem
from gatebridge.rules.people import User
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import manage_users
from gatebridge.setup.edits import refuse_invalid, stale
from gatebridge.setup.my_apps import myself
from gatebridge.storage import people
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class SetMyTimezone:
    """Another time zone, by its name in the IANA database."""

    timezone: str


def set_my_timezone(tx: Tx, actor: Actor, command: SetMyTimezone) -> User:
    """From now on the actor is told times in this zone. Raises Refused."""
    user = people.by_id(tx, actor.org_id, myself(actor))
    if user is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    problem = timezone_problem(command.timezone)
    refuse_invalid([FieldProblem("timezone", problem)] if problem is not None else [])
    if command.timezone == user.timezone:
        return user
    edited = replace(user, timezone=command.timezone)
    if not people.update(tx, edited):
        raise stale()
    target = manage_users.target(user)
    record_change(tx, actor, Event.USER_EDITED, target, {"timezone": user.timezone}, {"timezone": edited.timezone})
    return replace(edited, version=user.version + 1, updated_at=tx.now)
