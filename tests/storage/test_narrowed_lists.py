"""Lists as pages of setup narrow them, on both databases: each holds who and what fits, in its order, and nothing beside it.

The modules of those pages run on one database (tests/one_database.py), and what they send to PostgreSQL is sent from here.
"""

from typing import Any

from tests.records.seed import SmallOrg
from tests.setup.conftest import stage
from tests.setup.stage import Stage, add_person

from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment, CustomPermission, UserState
from gatebridge.storage import access_requests, custom_permissions, factors, holders, installations, listed_users, permission_sets
from gatebridge.storage.access_requests import RequestOrder, Wanted
from gatebridge.storage.database import Database
from gatebridge.storage.holders import OpenedApp
from gatebridge.storage.listed_users import UserOrder
from gatebridge.storage.permission_sets import SetOrder

__all__ = ["stage"]


def test_users_by_their_state_their_profile_and_a_part_of_their_name(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        cold = add_person(tx, stage.org, "cold", frozenset(), frozen=True)
        add_person(tx, stage.org, "gone", frozenset(), UserState.DEACTIVATED)
    of_cold, of_dan = (stage.user_of(each).profile_id for each in (cold, stage.dan))

    def read(after: str | None = None, **narrowed: Any) -> list[str]:
        with stage.database.snapshot() as tx:
            found = listed_users.list_page(tx, stage.org.id, after=after, limit=10, by=UserOrder.NAME, **narrowed)
            return [user.username for user in found]

    assert read(frozen=True) == ["cold"]
    assert read(state=UserState.DEACTIVATED) == ["gone"]
    assert read(profile_id=of_cold) == read(profile_id=of_cold, frozen=True) == ["cold"]
    assert read(profile_id=of_dan, frozen=True) == []
    assert read(search="DA") == ["ada", "dan"]
    assert "gone" not in (without := read(without_factor=True))
    with stage.database.transaction() as tx:
        for user_id, confirmed_at in ((str(stage.ada.user_id), None), (str(stage.dan.user_id), tx.now)):
            kept = Factor(tx.new_id(Prefix.FACTOR), stage.org.id, user_id, FactorKind.TOTP, "Phone", tx.now, confirmed_at)
            assert factors.insert(tx, kept)
    assert read(without_factor=True) == [name for name in without if name != "dan"]
    assert read(search="DA", after=stage.ada.user_id) == ["dan"]


def test_permission_sets_what_they_give_what_they_open_and_who_holds_them(stage: Stage) -> None:
    callers, readers = stage.permission_set("Callers"), stage.permission_set("Readers")
    org_id, app = stage.org.id, stage.app()
    users = sorted(str(each.user_id) for each in (stage.dan, stage.sam))
    with stage.database.transaction() as tx:
        for user_id in users:
            permission_sets.assign(tx, org_id, user_id, callers.id, None)
        made = [
            CustomPermission(tx.new_id(Prefix.CUSTOM_PERMISSION), org_id, label.title(), label, "", tx.now) for label in ("pay", "approve")
        ]
        for permission in made:
            assert custom_permissions.insert(tx, permission)
            assert custom_permissions.assign(tx, org_id, permission.id, callers.id)
        assert custom_permissions.assign(tx, org_id, made[0].id, readers.id)
        installations.put_permit(tx, org_id, app.installation.id, Assignment(callers.id, None))
    with stage.database.snapshot() as tx:
        assert permission_sets.list_page(tx, org_id, after=None, limit=5) == [callers, readers]
        assert permission_sets.list_page(tx, org_id, after=None, limit=5, by=SetOrder.NAME, search="call") == [callers]
        assert [user.id for user, _ in permission_sets.holders_page(tx, org_id, callers.id, after=None, limit=5)] == users
        assert custom_permissions.given_by(tx, org_id, callers.id) == made[::-1]
        assert custom_permissions.givers_of(tx, org_id, [each.id for each in made]) == {made[0].id: 2, made[1].id: 1}
        opened = OpenedApp(app.app.id, app.app.label, callers.id, None)
        assert holders.opened_apps(tx, org_id, [callers.id, readers.id], 5) == [opened]


def test_requests_that_wait_by_what_they_are_about(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        for kind, user_id in ((RequestKind.USER, acme.user_id), (RequestKind.USER, acme.owner_id), (RequestKind.APP, acme.owner_id)):
            assert access_requests.count_up(tx, Wanted(acme.id, kind, acme.app_id, user_id))

    def read(**narrowed: Any) -> list[tuple[RequestKind, str | None]]:
        with timed.snapshot() as tx:
            found = access_requests.page(tx, acme.id, limit=10, state=RequestState.OPEN, **narrowed)
            return [(each.request.kind, each.request.user_id) for each in found]

    newest_first = read(by=RequestOrder.LAST)
    assert len(newest_first) == 3
    of_users = [each for each in newest_first if each[0] is RequestKind.USER]
    assert read(app_id=acme.app_id, by=RequestOrder.LAST) == newest_first
    assert read(kind=RequestKind.USER, by=RequestOrder.LAST) == of_users
    assert read(kind=RequestKind.USER, app_id=acme.app_id) == of_users
    assert read(user_id=acme.user_id, by=RequestOrder.LAST) == [(RequestKind.USER, acme.user_id)]
    assert read(app_id="0CA000000000000", by=RequestOrder.LAST) == []
