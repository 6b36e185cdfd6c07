"""Who is signed in at this moment, at which browsers and how surely: for admins, who may end what they see."""

from gatebridge.records.change import permit
from gatebridge.rules import sessions as rules
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import listed_sessions, orgs
from gatebridge.storage.listed_sessions import ListedSession, SessionOrder
from gatebridge.storage.tx import Tx

SEES_SESSIONS = (Permission.MANAGE_USERS, Permission.MANAGE_SECURITY)


def live_sessions(
    tx: Tx,
    actor: Actor,
    *,
    after: str | None,
    limit: int,
    user_id: str | None = None,
    by: SessionOrder = SessionOrder.AGE,
    descending: bool = True,
) -> list[ListedSession]:
    """So many live sessions of the actor's org behind `after`, newest first unless said otherwise. Fewer: that is all. Raises Refused."""
    permit(actor, *SEES_SESSIONS)
    org = orgs.by_id(tx, actor.org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    found: list[ListedSession] = []
    while len(found) < limit:
        page = listed_sessions.list_page(tx, org, after=after, limit=limit, user_id=user_id, by=by, descending=descending)
        found += [each for each in page if rules.over(each.session, org=org, standing=each.standing, now=tx.now) is None]
        if len(page) < limit:
            break
        after = page[-1].session.id
    return found[:limit]
