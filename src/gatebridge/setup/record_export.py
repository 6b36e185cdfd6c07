"""Write down that somebody takes a list out of the house: who, which list, narrowed by what, and as what.

The list itself is read as it always is, and by those who may see it. What is different is the amount: from here on it lies in a file that
nobody can call back. So the sign-in behind it must be recent, and the line is there before the first byte has left.
"""

from dataclasses import dataclass

from gatebridge.records.change import Target, permit, record_change, signed_in_lately
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import names
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class RecordExport:
    """An export of a list of the org, or of something about an app. The caller has asked for the right to it in this transaction."""

    name: str
    address: str
    style: str  # csv, json or zip
    filters: tuple[str, ...] = ()
    app_id: str | None = None


def record_export(tx: Tx, actor: Actor, command: RecordExport) -> None:
    """Write the line. Raises Refused."""
    permit(actor, *EVERY_POWER)  # which of them, the list says: it was asked when it was read
    signed_in_lately(tx, actor)
    after = {"list": command.name, "address": command.address, "filters": command.filters, "format": command.style}
    record_change(tx, actor, Event.RECORD_EXPORTED, _target(tx, actor, command), None, after)


def _target(tx: Tx, actor: Actor, command: RecordExport) -> Target:
    if command.app_id is None:
        return Target("list", actor.org_id, command.name)
    app = names.of_apps(tx, actor.org_id, [command.app_id]).get(command.app_id)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return Target("app", app.id, app.label)
