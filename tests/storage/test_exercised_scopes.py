"""Which scopes grants made use of, as it is kept: the first use for ever, and the last one."""

from datetime import timedelta

from tests.records.seed import NOON, ManualClock, SmallOrg, add_grant

from gatebridge.storage import exercised_scopes, grants, listed_grants
from gatebridge.storage.database import Database
from gatebridge.storage.exercised_scopes import Exercised


def note(timed: Database, *uses: tuple[str, str, str]) -> None:
    with timed.transaction() as tx:
        exercised_scopes.note(tx, uses)


def used(timed: Database, org: SmallOrg, *grant_ids: str) -> dict[str, tuple[Exercised, ...]]:
    with timed.snapshot() as tx:
        return exercised_scopes.of_grants(tx, org.id, grant_ids)


def test_the_first_use_stays_and_the_last_moves_and_never_back(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    use = (acme.id, "0GR000000000001", "api")
    seen = []
    for seconds in (0, 30, 20, 90):
        clock.now = NOON + timedelta(seconds=seconds)
        note(timed, use)
        ((only,),) = used(timed, acme, use[1]).values()
        assert only.first_at == NOON
        seen.append((only.last_at - NOON).total_seconds())
    assert seen == [0, 30, 30, 90]


def test_many_are_noted_in_one_statement_and_found_by_grant_the_latest_first(
    timed: Database, acme: SmallOrg, other: SmallOrg, clock: ManualClock
) -> None:
    first, second = "0GR000000000001", "0GR000000000002"
    note(timed, (acme.id, first, "api"), (acme.id, first, "api"), (acme.id, second, "openid"), (other.id, first, "web"))
    clock.advance(hours=1)
    note(timed, (acme.id, first, "email"))
    found = used(timed, acme, first, second, "0GR000000000003")
    assert {grant: [each.scope for each in uses] for grant, uses in found.items()} == {first: ["email", "api"], second: ["openid"]}
    assert [each.scope for each in used(timed, other, first)[first]] == ["web"]
    assert used(timed, acme) == {}
    note(timed)


def test_the_live_grants_of_an_app_come_by_user_page_by_page(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        mine = [add_grant(tx, acme, user) for user in (acme.user_id, acme.owner_id)]
        ended = add_grant(tx, other)
        assert grants.end(tx, other.id, ended.id, "a test")
        assert listed_grants.page(tx, other.id, other.installation_id, limit=9) == []
        found = listed_grants.page(tx, acme.id, acme.installation_id, limit=9)
        assert [each.id for each in found] == [each.id for each in sorted(mine, key=lambda grant: (grant.user_id, grant.id))]
        first = listed_grants.page(tx, acme.id, acme.installation_id, limit=1)
        rest = listed_grants.page(tx, acme.id, acme.installation_id, after=listed_grants.place(first[0]), limit=9)
        assert first + rest == found


def test_an_apps_use_of_a_scope_is_that_of_its_live_grants(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        one, two = (add_grant(tx, acme, user) for user in (acme.user_id, acme.owner_id))
    note(timed, (acme.id, one.id, "api"))
    clock.advance(hours=1)
    note(timed, (acme.id, two.id, "api"), (acme.id, two.id, "openid"))
    with timed.transaction() as tx:
        found = listed_grants.scopes_used(tx, acme.id, acme.installation_id)
        later = NOON + timedelta(hours=1)
        assert [(each.scope, each.grants, each.first_at, each.last_at) for each in found] == [
            ("api", 2, NOON, later),
            ("openid", 1, later, later),
        ]
        assert grants.end(tx, acme.id, two.id, "a test")
        assert [(each.scope, each.grants) for each in listed_grants.scopes_used(tx, acme.id, acme.installation_id)] == [("api", 1)]
