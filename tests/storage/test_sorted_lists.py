"""Lists in an order of the reader's choice: the same in each database, the same by pages as at once, and never another org's."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage, add_person

from gatebridge.rules.app_settings import Flow
from gatebridge.storage import app_columns, credentials, listed_apps, listed_users, people, permission_sets, profiles
from gatebridge.storage.apps import apps as apps_table
from gatebridge.storage.database import open_database
from gatebridge.storage.listed_apps import AppOrder
from gatebridge.storage.listed_users import UserOrder
from gatebridge.storage.permission_sets import SetOrder
from gatebridge.storage.profiles import ProfileOrder
from gatebridge.storage.usage import usage

LABELS = ("beta", "Alpha", "alpha", "Zeta", "Ärger", "_", "10", "9")


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()


def every_way(stage: Stage, read: Callable[..., Sequence[Any]], **by: Any) -> list[str]:
    """The ids in this order; read by pages of each size, and backwards, it must be the same."""
    with stage.database.snapshot() as tx:
        at_once = _ids(read(tx, stage.org.id, after=None, limit=100, **by))
        for descending in (False, True):
            for size in (1, 2, 3):
                after, found = None, []
                while page := _ids(read(tx, stage.org.id, after=after, limit=size, descending=descending, **by)):
                    found += page
                    after = page[-1]
                assert (found[::-1] if descending else found) == at_once
        assert read(tx, "00D000000000000", after=at_once[0], limit=9, **by) == []
    return at_once


def _ids(found: Sequence[Any]) -> list[str]:
    return [each.app.id if hasattr(each, "app") else each.id for each in found]


def test_apps_by_label_by_use_and_by_what_ends_first(stage: Stage) -> None:
    apps = [stage.app(f"App_{number}").app for number, _ in enumerate(LABELS)]
    with stage.database.transaction() as tx:
        for app, label in zip(apps, LABELS, strict=True):
            tx.connection.execute(sa.update(apps_table).where(apps_table.c.id == app.id).values(label=label))
        used = {"granted": 1, "refused": 0, "org_id": stage.org.id}
        for app, hours in ((apps[2], 5), (apps[5], 1), (apps[1], 5)):
            at = tx.now - timedelta(hours=hours)
            tx.connection.execute(sa.insert(usage).values(used | {"app_id": app.id, "subject_id": app.id, "last_at": at}))
        ends = sa.update(credentials.secrets).where(credentials.secrets.c.app_id == apps[3].id)
        tx.connection.execute(ends.values(expires_at=tx.now + timedelta(days=3)))
    read = partial(every_way, stage, listed_apps.list_page)
    by_age = [app.id for app in apps]
    assert read(by=AppOrder.AGE) == by_age
    assert [by_age.index(each) for each in read(by=AppOrder.NAME)] == [6, 7, 5, 1, 2, 0, 3, 4]
    # Those never used come first, and of two of one moment the older one.
    assert [by_age.index(each) for each in read(by=AppOrder.USED)] == [0, 3, 4, 6, 7, 1, 2, 5]
    assert read(by=AppOrder.ENDS)[0] == apps[3].id


def test_apps_are_narrowed_in_every_order(stage: Stage) -> None:
    for name in ("Web_B", "Job", "Web_A"):
        stage.app(
            name, flows=frozenset({Flow.WEB_SERVER if "Web" in name else Flow.CLIENT_CREDENTIALS}), callbacks=("https://a.example/cb",)
        )
    with stage.database.snapshot() as tx:
        for by, wanted in ((AppOrder.NAME, ["Web_A", "Web_B"]), (AppOrder.AGE, ["Web_B", "Web_A"])):
            found = listed_apps.list_page(tx, stage.org.id, flow="web_server", by=by, limit=9)
            assert [each.app.api_name for each in found] == wanted
        assert listed_apps.list_page(tx, stage.org.id, flow='web_server","client', limit=9) == []


def test_behind_an_app_that_is_not_there_the_list_begins_again(stage: Stage) -> None:
    made = stage.app("Only").app
    with stage.database.snapshot() as tx:
        found = listed_apps.list_page(tx, stage.org.id, by=AppOrder.NAME, after="0H4zzzzzzzzzzzz", limit=9)
        assert [each.app.id for each in found] == [made.id]


def test_users_by_name_whatever_its_case_and_accents(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        for username in ("Émil", "emil", "Dora", "zoë", "Zoe"):
            add_person(tx, stage.org, username, frozenset())
    found = every_way(stage, listed_users.list_page, by=UserOrder.NAME)
    with stage.database.snapshot() as tx:
        named = [people.by_id(tx, stage.org.id, each) for each in found]
    names = [user.sort_name for user in named if user is not None]
    assert names == sorted(names)
    assert len(found) == 9


def test_profiles_and_permission_sets_by_name_and_by_holders(stage: Stage) -> None:
    sets = [stage.permission_set(f"Set_{number}") for number in range(4)]
    with stage.database.transaction() as tx:
        for permission_set, holders in ((sets[0], (stage.dan,)), (sets[2], (stage.dan, stage.eve))):
            for holder in holders:
                permission_sets.assign(tx, stage.org.id, holder.user_id or "", permission_set.id, None)
    ours = {each.id: each.api_name for each in sets}
    by_users = every_way(stage, permission_sets.list_page, by=SetOrder.USERS)
    assert [ours[each] for each in by_users if each in ours] == ["Set_1", "Set_3", "Set_0", "Set_2"]
    assert [ours[each] for each in every_way(stage, permission_sets.list_page, by=SetOrder.NAME) if each in ours] == sorted(ours.values())
    every_way(stage, profiles.list_page, by=ProfileOrder.NAME)


def test_what_lists_tell_of_apps_is_read_for_many_at_once(stage: Stage) -> None:
    one, other = stage.app("One").app, stage.app("Other", flows=frozenset({Flow.CLIENT_CREDENTIALS})).app
    with stage.database.transaction() as tx:
        users = [(stage.dan.user_id, 1), (stage.eve.user_id, 29), (stage.sam.user_id, 31)]
        for user_id, days in users:
            row = {"org_id": stage.org.id, "app_id": one.id, "subject_id": user_id, "granted": 1, "refused": 0}
            tx.connection.execute(sa.insert(usage).values(row | {"last_at": tx.now - timedelta(days=days)}))
        tx.connection.execute(sa.update(credentials.secrets).values(expires_at=None))
        retired = sa.update(credentials.secrets).where(credentials.secrets.c.app_id == other.id)
        tx.connection.execute(retired.values(expires_at=tx.now, retired_at=tx.now))
        both = [one.id, other.id]
        assert app_columns.users_of(tx, stage.org.id, both, tx.now - timedelta(days=30)) == {one.id: app_columns.Users(2, True)}
        assert app_columns.ends_of(tx, stage.org.id, both) == {}
        assert app_columns.flows_of(tx, both)[other.id] == frozenset({Flow.CLIENT_CREDENTIALS})
        assert app_columns.users_of(tx, stage.other.id, both, tx.now - timedelta(days=30)) == {}
        assert app_columns.users_of(tx, stage.org.id, [], tx.now) == {}
        assert app_columns.ends_of(tx, stage.org.id, []) == {}
        assert app_columns.flows_of(tx, []) == {}
