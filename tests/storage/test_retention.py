"""What is forgotten goes without a look at what is kept: a purge runs every minute, and on SQLite everybody who writes waits for it."""

import re

import pytest
import sqlalchemy as sa
from tests.records.seed import ManualClock, SmallOrg, add_token, at_the_time_of, make_org
from tests.storage.people_flows import a_code, a_grant, a_refresh_token, a_session, digest
from tests.storage.plans import steps_of

from gatebridge.storage import exercised_scopes, grants, refresh_tokens
from gatebridge.storage.database import Database
from gatebridge.storage.exercised_scopes import exercised_scopes as scopes_table
from gatebridge.storage.refresh_tokens import refresh_tokens as tokens_table
from gatebridge.storage.retention import PURGES
from gatebridge.storage.tx import Tx

# Of links that somebody asked for there are few, and of the feed no more is read than is told.
READ_FROM_THE_START = {"sqlite_autoindex_password_resets_1", "sqlite_autoindex_revocations_1"}


def test_no_purge_reads_all_that_an_org_has(sqlite_url: str, clock: ManualClock) -> None:
    gone: list[int] = []
    with at_the_time_of(clock, sqlite_url) as database:
        with database.transaction() as tx:
            org = make_org(tx)
            add_token(tx, org, ended := a_grant(tx, org))
            a_refresh_token(tx, ended)
            a_session(tx, org)
            a_code(tx, org)
            grants.end(tx, org.id, ended.id, "revoked")
        clock.advance(days=200)
        steps = steps_of(database, lambda tx: gone.extend(purge(tx, org.id, 100) for purge in PURGES))
    assert sum(gone) == 4
    read = {found[1] for step in steps if (found := re.search(r"USING (?:COVERING )?INDEX (\w+) \(org_id=\?\)$", step))}
    assert read == READ_FROM_THE_START
    assert [step for step in steps if re.match(r"SCAN \w+( USING|$)", step) or step.endswith("PRIMARY KEY (org_id=?)")] == []


class TestEndedFamilies:
    """Grants stay for ever, so those of which nothing is left are not looked at again."""

    def ended(self, tx: Tx, org: SmallOrg, count: int) -> list[str]:
        made = [a_grant(tx, org).id for _ in range(count)]
        for number, grant_id in enumerate(made):
            grants.end(tx, org.id, grant_id, "revoked")
            exercised_scopes.note(tx, [(org.id, grant_id, "api")])
            grant = grants.by_id(tx, org.id, grant_id)
            assert grant is not None
            a_refresh_token(tx, grant, f"of {number}")
        return made

    def left(self, tx: Tx) -> tuple[int, int]:
        tables = (tokens_table, scopes_table)
        tokens, scopes = (tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)
        return tokens, scopes

    def test_of_grants_that_ended_in_one_moment_none_is_left_out(
        self, timed: Database, acme: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(refresh_tokens, "FAMILIES", 2)
        with timed.transaction() as tx:
            self.ended(tx, acme, 5)
        clock.advance(seconds=1)
        with timed.transaction() as tx:
            assert [refresh_tokens.purge(tx, acme.id, clock.now, 10) for _ in range(4)] == [10, 10, 1, 0]
            assert self.left(tx) == (0, 0)

    def test_what_a_grant_used_goes_with_its_tokens_and_of_live_ones_nothing(
        self, timed: Database, acme: SmallOrg, clock: ManualClock
    ) -> None:
        with timed.transaction() as tx:
            self.ended(tx, acme, 1)
            live = a_grant(tx, acme)
            a_refresh_token(tx, live, "live")
            exercised_scopes.note(tx, [(acme.id, live.id, "api")])
        clock.advance(seconds=1)
        with timed.transaction() as tx:
            assert refresh_tokens.purge(tx, acme.id, clock.now, 10) == 1
            assert self.left(tx) == (1, 1)
            assert refresh_tokens.by_digest(tx, acme.id, digest("live")) is not None
        later = clock.now
        with timed.transaction() as tx:
            grants.end(tx, acme.id, live.id, "revoked")
        clock.advance(seconds=1)
        with timed.transaction() as tx:
            assert refresh_tokens.purge(tx, acme.id, later, 10) == 0
            assert refresh_tokens.purge(tx, acme.id, clock.now, 10) == 1
            assert self.left(tx) == (0, 0)
