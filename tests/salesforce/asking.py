"""Somebody who asks queries of a login history that takes several pages."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from tests.records.seed import NOON, ManualClock, SmallOrg, line, make_org

from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Reason, Refused
from gatebridge.salesforce import query
from gatebridge.salesforce.query import QueryResult
from gatebridge.storage import login_history
from gatebridge.storage.database import Database

LINES = 450
REFUSED = 150
EVERYTHING = "SELECT Id, UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory"


@dataclass
class Asking:
    """Two orgs, of which the first has a login history that takes several pages: a line a minute, every third a refusal."""

    database: Database
    clock: ManualClock
    acme: SmallOrg = field(init=False)
    other: SmallOrg = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as tx:
            self.acme, self.other = make_org(tx), make_org(tx, "other")
            lines = []
            for number in range(LINES):
                refused = {"outcome": "refused", "reason": "secret_wrong"} if number % 3 == 0 else {}
                user_id = self.acme.owner_id if number % 2 else self.acme.user_id
                lines.append(line(self.acme, NOON - timedelta(minutes=LINES - number), user_id=user_id, **refused))
            login_history.insert_many(tx, lines)

    def actor(self, *rights: Permission, grant_id: str = "0GR000000000001") -> Actor:
        return replace(self.acme.actor(*rights, user_id=self.acme.user_id), grant_id=grant_id)

    @property
    def admin(self) -> Actor:
        return self.actor(*Permission)

    def run(self, text: str, actor: Actor | None = None, *, timezone: str = "UTC", batch_size: int = 2_000) -> QueryResult:
        with self.database.snapshot() as tx:
            return query.run(tx, actor or self.admin, timezone, text, batch_size=batch_size)

    def more(self, locator: str, actor: Actor | None = None) -> QueryResult:
        with self.database.snapshot() as tx:
            return query.more(tx, actor or self.admin, locator)

    def pages(self, text: str) -> list[QueryResult]:
        """Every page of a query, as a client follows them."""
        made = [self.run(text, batch_size=200)]
        while made[-1].next_locator is not None:
            made.append(self.more(made[-1].next_locator))
        return made

    def refused(self, reason: Reason, ask: Callable[[], object]) -> str:
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.reason is reason
        return caught.value.detail or ""


def ids(pages: list[QueryResult]) -> list[str | None]:
    return [record.id for page in pages for record in page.records]


def locator(asking: Asking, actor: Actor | None = None) -> str:
    found = asking.run(EVERYTHING, actor, batch_size=200).next_locator
    assert found is not None
    return found
