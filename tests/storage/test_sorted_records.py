"""Records in an order of the reader's choice: the same in each database, the same by pages as at once, and never another org's."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.saved_views import SavedView
from gatebridge.rules.sessions import Session
from gatebridge.storage import access_requests, audit_trail, grants, listed_sessions, listed_usage, live_grants, orgs, saved_views, sessions
from gatebridge.storage.access_requests import RequestOrder, Wanted
from gatebridge.storage.database import open_database
from gatebridge.storage.listed_sessions import SessionOrder
from gatebridge.storage.listed_usage import UsageOrder
from gatebridge.storage.usage import usage


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()


def every_way(stage: Stage, read: Callable[..., Sequence[Any]], id_of: Callable[[Any], str], **by: Any) -> list[str]:
    """The ids in this order, rising; read by pages of each size, and falling, it must be the same."""
    with stage.database.snapshot() as tx:
        at_once = [id_of(each) for each in read(tx, after=None, limit=100, descending=False, **by)]
        for descending in (False, True):
            for size in (1, 2, 3):
                after, found = None, []
                while page := [id_of(each) for each in read(tx, after=after, limit=size, descending=descending, **by)]:
                    found += page
                    after = page[-1]
                assert (found[::-1] if descending else found) == at_once
    return at_once


def test_apps_by_what_is_told_of_their_use(stage: Stage) -> None:
    beta, alpha, gamma = (stage.app(name).app for name in ("beta", "Alpha", "gamma"))
    with stage.database.transaction() as tx:
        for app, granted, hours in ((beta, 7, 1), (gamma, 7, 9)):
            at = tx.now - timedelta(hours=hours)
            used = {"org_id": stage.org.id, "app_id": app.id, "subject_id": app.id, "granted": granted, "refused": hours}
            tx.connection.execute(sa.insert(usage).values(used | {"first_at": at, "last_at": at}))
    read = partial(every_way, stage, lambda tx, **said: listed_usage.page_of_apps(tx, stage.org.id, **said), lambda app: app.id)
    assert read(by=UsageOrder.AGE) == [beta.id, alpha.id, gamma.id]
    assert read(by=UsageOrder.APP) == [alpha.id, beta.id, gamma.id]
    assert read(by=UsageOrder.GRANTED) == read(by=UsageOrder.REFUSED) == [alpha.id, beta.id, gamma.id]
    assert read(by=UsageOrder.LAST) == read(by=UsageOrder.FIRST) == [alpha.id, gamma.id, beta.id]
    assert read(by=UsageOrder.APP, search="BETA") == [beta.id]
    with stage.database.snapshot() as tx:
        assert listed_usage.page_of_apps(tx, "00D000000000000", by=UsageOrder.APP, after=beta.id, limit=9) == []


def test_live_grants_by_age(stage: Stage) -> None:
    app = stage.app("Ledger")
    users = (stage.eve.user_id, stage.dan.user_id, stage.sam.user_id)
    with stage.database.transaction() as tx:
        made = [tx.new_id(Prefix.GRANT) for _ in users]
        for grant_id, user_id in zip(made, users, strict=True):
            row: dict[str, object] = {"org_id": stage.org.id, "id": grant_id, "app_id": app.app.id, "installation_id": app.installation.id}
            row |= {"user_id": user_id, "flow": Flow.WEB_SERVER, "created_at": tx.now}
            tx.connection.execute(sa.insert(grants.grants).values(row))

    def page(tx: Any, **said: Any) -> Sequence[Any]:
        return live_grants.page(tx, stage.org.id, app.installation.id, **said)

    read = partial(every_way, stage, page, lambda grant: grant.id)
    assert read() == made


def test_sessions_by_age_and_by_when_they_were_seen_and_on_behind_one_that_ended(stage: Stage) -> None:
    users = (stage.sam.user_id, stage.dan.user_id, stage.eve.user_id)
    with stage.database.transaction() as tx:
        org = orgs.by_id(tx, stage.org.id)
        assert org is not None
        made = [_signed_in(tx, stage, user_id or "", minutes) for user_id, minutes in zip(users, (1, 3, 2), strict=True)]

    def page(tx: Any, **said: Any) -> Sequence[Any]:
        return listed_sessions.list_page(tx, org, **said)

    read = partial(every_way, stage, page, lambda found: found.session.id)
    assert (read(by=SessionOrder.AGE), read(by=SessionOrder.SEEN)) == (made, [made[1], made[2], made[0]])
    with stage.database.transaction() as tx:
        sessions.end(tx, stage.org.id, made[2], "a test")
        behind = page(tx, after=made[2], limit=9, by=SessionOrder.SEEN, descending=False)
        assert [each.session.id for each in behind] == [made[0]]


def _signed_in(tx: Any, stage: Stage, user_id: str, minutes: int) -> str:
    at = tx.now - timedelta(minutes=minutes)
    made = Session(tx.new_id(Prefix.SESSION), stage.org.id, user_id, Level.STANDARD, ("pwd",), at, at, at, 0, 0)
    sessions.insert(tx, made, made.id.encode().ljust(32, b"-"))
    return made.id


def test_requests_by_age_by_when_they_were_last_asked_and_by_app(stage: Stage) -> None:
    apps = [stage.app(name).app for name in ("beta", "Alpha")]
    asked = [(RequestKind.USER, app.id, user.user_id) for app in apps for user in (stage.dan, stage.eve)]
    for kind, app_id, user_id in (*asked, asked[0]):
        stage.clock.now += timedelta(minutes=1)
        with stage.database.transaction() as tx:
            access_requests.count_up(tx, Wanted(stage.org.id, kind, app_id, user_id))

    def page(tx: Any, **said: Any) -> Sequence[Any]:
        return access_requests.page(tx, stage.org.id, **said)

    read = partial(every_way, stage, page, lambda found: found.request.id)
    one, two, three, four = read(by=RequestOrder.AGE)
    assert read(by=RequestOrder.LAST) == [two, three, four, one]
    assert read(by=RequestOrder.APP) == [three, four, one, two]


def test_the_audit_trail_both_ways(stage: Stage) -> None:
    for name in ("One", "Two"):
        stage.app(name)
    with stage.database.snapshot() as tx:
        falling, rising = (audit_trail.page(tx, stage.org.id, limit=99, rising=rising) for rising in (False, True))
        assert rising == falling[::-1]
        assert audit_trail.page(tx, stage.org.id, behind=rising[0].sequence, limit=99, rising=True) == rising[1:]


def test_saved_views_are_of_one_user_of_one_org(stage: Stage) -> None:
    def view(tx: Any, user_id: str | None, name: str, path: str = "/setup/audit") -> SavedView:
        return SavedView(stage.org.id, tx.new_id(Prefix.SAVED_VIEW), user_id or "", path, f"{path}?q=a", name, tx.now)

    with stage.database.transaction() as tx:
        dans = [view(tx, stage.dan.user_id, name) for name in ("b", "a")] + [view(tx, stage.dan.user_id, "a", "/setup/usage")]
        assert [saved_views.insert(tx, each) for each in (*dans, view(tx, stage.dan.user_id, "a"), view(tx, stage.eve.user_id, "a"))] == [
            *(True, True, True),
            *(False, True),
        ]
    org_id, dan, eve = stage.org.id, stage.dan.user_id or "", stage.eve.user_id or ""
    with stage.database.transaction() as tx:
        assert saved_views.of_list(tx, org_id, dan, "/setup/audit") == [dans[1], dans[0]]
        assert saved_views.of_user(tx, org_id, dan) == [dans[1], dans[0], dans[2]]
        assert saved_views.by_id(tx, org_id, dan, dans[0].id) == dans[0]
        assert saved_views.by_id(tx, org_id, eve, dans[0].id) is None
        assert saved_views.of_user(tx, "00D000000000000", dan) == []
        saved_views.delete(tx, org_id, dans[0].id)
        assert saved_views.by_id(tx, org_id, dan, dans[0].id) is None
