"""Which grants of an app are alive: what was ended as a whole, of the app or of a user, is listed and counted no more."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.setup.create_app import CreatedApp
from gatebridge.storage import epochs, grants, listed_grants, live_grants
from gatebridge.storage.database import open_database
from gatebridge.storage.tx import Tx


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()


def grant(stage: Stage, app: CreatedApp, user_id: str | None, flow: Flow = Flow.WEB_SERVER) -> str:
    stage.clock.forward(seconds=1)
    with stage.database.transaction() as tx:
        row: dict[str, object] = {"org_id": stage.org.id, "id": tx.new_id(Prefix.GRANT), "app_id": app.app.id}
        row |= {"installation_id": app.installation.id, "user_id": user_id, "flow": flow, "created_at": tx.now}
        tx.connection.execute(sa.insert(grants.grants).values(row))
    return str(row["id"])


def alive(stage: Stage, app: CreatedApp) -> list[str]:
    """The live grants, oldest first; counted as they are listed, alone and among others."""
    at = (stage.org.id, app.installation.id)
    with stage.database.snapshot() as tx:
        listed = [each.id for each in live_grants.page(tx, *at, descending=False, limit=9)]
        counted = live_grants.count(tx, *at).grants
        assert sorted(listed) == sorted(each.id for each in listed_grants.page(tx, *at, limit=9))
        assert (counted, live_grants.count(tx, *at, most=0).exact) == (len(listed), not listed)
    return listed


def test_what_ended_as_a_whole_is_alive_no_more_and_what_came_afterwards_is(stage: Stage) -> None:
    app, other = stage.app("Ledger"), stage.app("Other")
    of_sam, of_dan = grant(stage, app, stage.sam.user_id), grant(stage, app, stage.dan.user_id)
    job = grant(stage, app, stage.eve.user_id, Flow.CLIENT_CREDENTIALS)
    elsewhere = grant(stage, other, stage.sam.user_id)
    assert alive(stage, app) == [of_sam, of_dan, job]

    def ended(raised: Callable[[Tx, str, str], int | None], record_id: str) -> None:
        with stage.database.transaction() as tx:
            assert raised(tx, stage.org.id, record_id) is not None

    ended(epochs.raise_user, str(stage.sam.user_id))
    assert (alive(stage, app), alive(stage, other)) == ([of_dan, job], [])
    again = grant(stage, app, stage.sam.user_id)
    assert alive(stage, app) == [of_dan, job, again]
    ended(epochs.raise_installation, app.app.id)
    assert alive(stage, app) == [job]
    newest = grant(stage, app, stage.dan.user_id)
    ended(epochs.raise_app, other.app.id)
    with stage.database.snapshot() as tx:
        each = live_grants.count_each(tx, stage.org.id, [app.installation.id, other.installation.id])
    assert [each[of.installation.id].grants for of in (app, other)] == [2, 0]
    assert (alive(stage, app), elsewhere in alive(stage, other)) == ([job, newest], False)
