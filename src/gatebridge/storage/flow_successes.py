"""By which flows an app has got tokens, by the login history."""

from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.validation import Proof
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import SETTLED_AFTER

MOST = 10_000


def of_app(tx: Tx, org_id: str, app_id: str, since: datetime) -> dict[Flow, Proof]:
    """The newest token of each flow since a moment, among the newest 10,000 lines of the app."""
    lines = login_history.c
    newest = (
        sa.select(lines.id, lines.at, lines.event, lines.outcome, lines.flow)
        .where(lines.org_id == org_id, lines.app_id == app_id, lines.id >= ids.floor(Prefix.RECEIPT, since - SETTLED_AFTER))
        .order_by(lines.id.desc())
        .limit(MOST)
        .subquery("newest")
    )
    # The legacy user-agent flow alone gets its token where the others get a code.
    issued = sa.or_(newest.c.event == "token", sa.and_(newest.c.event == "authorize", newest.c.flow == Flow.USER_AGENT))
    wanted = sa.and_(issued, newest.c.outcome == "success", newest.c.flow.is_not(None), newest.c.at >= since)
    last = sa.select(sa.func.max(newest.c.id)).where(wanted).group_by(newest.c.flow)
    found = sa.select(lines.id, lines.at, lines.flow).where(lines.org_id == org_id, lines.id.in_(last))
    return {Flow(row.flow): Proof(row.id, row.at) for row in tx.connection.execute(found)}
