"""When and from where the apps of one user were used last, by the login history."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx

MOST = 10_000


@dataclass(frozen=True, slots=True)
class LastUse:
    """One moment, and the address from which it was."""

    at: datetime
    address: str


def of_user(tx: Tx, org_id: str, user_id: str, app_ids: Collection[str]) -> dict[str, LastUse]:
    """The newest token that each of these apps got for this user, among the newest 10,000 lines of the user."""
    if not app_ids:
        return {}
    lines = login_history.c
    newest = (
        sa.select(lines.id, lines.app_id, lines.event, lines.outcome)
        .where(lines.org_id == org_id, lines.user_id == user_id)
        .order_by(lines.id.desc())
        .limit(MOST)
        .subquery("newest")
    )
    wanted = (newest.c.app_id.in_(sorted(app_ids)), newest.c.event == "token", newest.c.outcome == "success")
    last = sa.select(sa.func.max(newest.c.id)).where(*wanted).group_by(newest.c.app_id)
    found = sa.select(lines.app_id, lines.at, lines.address).where(lines.org_id == org_id, lines.id.in_(last))
    return {row.app_id: LastUse(row.at, row.address) for row in tx.connection.execute(found)}
