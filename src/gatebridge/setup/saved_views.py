"""Save a view of a list for oneself, and forget it again. Nobody else sees it, and what it shows is asked for anew each time.

It is a bookmark and no setting of the org, so it leaves no line in the Setup Audit Trail, as nothing does that one reads there.
"""

from dataclasses import dataclass

from gatebridge.records.change import permit
from gatebridge.rules import saved_views as rules
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.saved_views import SavedView
from gatebridge.setup.my_apps import myself
from gatebridge.storage import saved_views
from gatebridge.storage.tx import Tx

TAKEN = "You call another view of this list so. Choose another name, or delete that view."


@dataclass(frozen=True, slots=True)
class SaveView:
    """A view by its address, and what to call it."""

    name: str
    view: str


@dataclass(frozen=True, slots=True)
class DeleteView:
    """One of the own views."""

    view_id: str


def save_view(tx: Tx, actor: Actor, command: SaveView) -> SavedView:
    """Save it. Raises Refused."""
    permit(actor, *EVERY_POWER)
    user_id = myself(actor)
    wrong = rules.problems(command.name, command.view)
    if wrong:
        raise Refused(setup_reasons.FIELD_INVALID, fields=wrong)
    path = rules.path_of(command.view)
    mine = saved_views.of_user(tx, actor.org_id, user_id)
    if len(mine) >= rules.MOST_IN_ALL:
        raise _full(f"You have {rules.MOST_IN_ALL} views", rules.MOST_IN_ALL)
    if sum(each.path == path for each in mine) >= rules.MOST:
        raise _full(f"You have {rules.MOST} views of this list", rules.MOST)
    saved = SavedView(actor.org_id, tx.new_id(Prefix.SAVED_VIEW), user_id, path, command.view, command.name, tx.now)
    if not saved_views.insert(tx, saved):
        raise Refused(setup_reasons.NAME_TAKEN, fields=(FieldProblem("name", TAKEN),))
    return saved


def _full(words: str, limit: int) -> Refused:
    detail = f"{words}, and there is no room for one more. Delete one that you do not need."
    return Refused(setup_reasons.LIMIT_REACHED, detail=detail, facts={"limit": limit})


def delete_view(tx: Tx, actor: Actor, command: DeleteView) -> SavedView:
    """Forget it. Raises Refused."""
    permit(actor, *EVERY_POWER)
    found = saved_views.by_id(tx, actor.org_id, myself(actor), command.view_id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    saved_views.delete(tx, actor.org_id, found.id)
    return found
