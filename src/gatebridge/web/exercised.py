"""The use of a scope at an API of ours, written down beside the answer."""

import logging
from datetime import datetime

from gatebridge.rules.actors import Actor
from gatebridge.storage import exercised_scopes
from gatebridge.storage.dialects import is_outage
from gatebridge.web.house import House

log = logging.getLogger(__name__)


def note(house: House, actor: Actor, scope: str, now: datetime) -> None:
    """Note that the actor's grant made use of this scope, in a transaction of its own: the answer is made, and does not hang on it."""
    uses = house.turnstile.uses
    due = uses.due([(actor.org_id, actor.grant_id, scope)] if actor.grant_id is not None else [], now)
    if not due:
        return
    try:
        with house.database.transaction() as tx:
            exercised_scopes.note(tx, due)
    except Exception as error:
        if not is_outage(error):
            raise
        log.warning("the use of %s could not be noted: the database is away", scope)
    else:
        uses.written(due, now)
