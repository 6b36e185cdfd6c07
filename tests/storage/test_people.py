"""Users, and the profiles and permission sets that they hold, as they are kept."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import sqlalchemy as sa
from tests.setup.stage import add_org
from tests.storage.plans import steps_of

from gatebridge.crypto import secrets
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import Range
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, PermissionSet, Profile, User, UserState
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.storage import facts, holders, invitations, listed_users, people, permission_sets, profiles
from gatebridge.storage.database import Database
from gatebridge.storage.invitations import Invitation
from gatebridge.storage.listed_users import UserOrder
from gatebridge.storage.tx import Tx

OFFICE = Range(ip_address("192.0.2.0"), ip_address("192.0.2.255"), "Office")


def a_profile(tx: Tx, org: Org, name: str = "Sales", rights: Iterable[Permission] = ()) -> Profile:
    profile = Profile(tx.new_id(Prefix.PROFILE), org.id, name, "", frozenset(rights), tx.now)
    assert profiles.insert(tx, profile)
    return profile


def a_user(tx: Tx, profile: Profile, username: str = "ada") -> User:
    email = f"{username}@example.com"
    made = User(
        tx.new_id(Prefix.USER), profile.org_id, username, email, username.title(), "Test", profile.id, UserState.ACTIVE, False, 0, tx.now
    )
    assert people.insert(tx, made)
    return made


def a_set(tx: Tx, org: Org, api_name: str = "Callers", rights: Iterable[Permission] = ()) -> PermissionSet:
    made = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), org.id, api_name, api_name, "", frozenset(rights), tx.now)
    assert permission_sets.insert(tx, made)
    return made


@dataclass(frozen=True)
class Kept:
    """One org with one user, and another org with nobody."""

    org: Org
    other: Org
    profile: Profile
    user: User


@pytest.fixture
def kept(database: Database) -> Kept:
    with database.transaction() as tx:
        org, other = add_org(tx, "Acme"), add_org(tx, "Other")
        profile = a_profile(tx, org)
        return Kept(org, other, profile, a_user(tx, profile))


def test_a_user_comes_back_as_it_was_kept(database: Database, kept: Kept) -> None:
    edited = replace(kept.user, username="ada2", email="a@b.example", first_name="A", last_name="B", external_id="okta|1")
    with database.transaction() as tx:
        assert people.by_id(tx, kept.org.id, kept.user.id) == kept.user
        assert people.update(tx, edited)
        assert people.by_id(tx, kept.org.id, kept.user.id) == replace(edited, version=2, updated_at=tx.now)


@pytest.mark.parametrize("spelling", ["Ada", "ADA", "ada ", " ada", "ａｄａ", "ada%", "_da"])
def test_X_JB_06_a_user_is_found_by_the_exact_username_only(database: Database, kept: Kept, spelling: str) -> None:
    with database.snapshot() as tx:
        assert people.by_username(tx, kept.org.id, "ada") == kept.user
        assert people.by_username(tx, kept.org.id, spelling) is None


def test_a_username_is_unique_in_its_org_and_free_in_another(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        assert not people.insert(tx, replace(kept.user, id=tx.new_id(Prefix.USER)))
        a_user(tx, a_profile(tx, kept.other))


def test_a_username_that_is_taken_leaves_the_transaction_usable(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        second = a_user(tx, kept.profile, "bob")
        with pytest.raises(people.NameTaken):
            people.update(tx, replace(second, username="ada"))
        assert people.update(tx, replace(second, last_name="Changed"))


def test_X_AD_09_a_user_is_written_over_the_version_that_was_read_only(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        assert people.update(tx, replace(kept.user, last_name="Mine"))
        assert not people.update(tx, replace(kept.user, last_name="Yours"))


def test_X_AD_01_no_function_reaches_a_user_of_another_org(database: Database, kept: Kept) -> None:
    there, user_id = kept.other.id, kept.user.id
    with database.transaction() as tx:
        assert people.by_id(tx, there, user_id) is None
        assert people.by_username(tx, there, "ada") is None
        assert listed_users.list_page(tx, there, after=None, limit=10) == []
        assert not people.update(tx, replace(kept.user, org_id=there))
        assert not people.change_state(tx, there, user_id, [UserState.ACTIVE], UserState.DEACTIVATED)
        assert not people.change_frozen(tx, there, user_id, True)
        assert not people.set_password_hash(tx, there, user_id, "$argon2id$x")
        assert people.password_hash(tx, there, user_id) is None
        assert people.by_id(tx, kept.org.id, user_id) == kept.user


def test_a_list_of_users_goes_on_after_the_last_id_and_searches_what_people_look_for(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        bob, cy = a_user(tx, kept.profile, "bob"), a_user(tx, kept.profile, "cy_1")
        assert listed_users.list_page(tx, kept.org.id, after=None, limit=2) == [kept.user, bob]
        assert listed_users.list_page(tx, kept.org.id, after=bob.id, limit=2) == [cy]
        assert listed_users.list_page(tx, kept.org.id, after=None, limit=9, search="BOB@EXAMPLE") == [bob]
        assert listed_users.list_page(tx, kept.org.id, after=None, limit=9, search="_") == [cy]


def test_a_user_is_found_by_the_whole_name_as_one_types_it(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        zoe = a_user(tx, kept.profile, "zm")
        assert people.update(tx, replace(zoe, first_name="Zoë", last_name="Müller"))
        found = [
            listed_users.list_page(tx, kept.org.id, after=None, limit=9, search=text)
            for text in ("zoe mu", "MÜLLER", "ë m", "Z%M", "\u0301")
        ]
        assert [[user.id for user in each] for each in found] == [[zoe.id], [zoe.id], [zoe.id], [], []]


def test_a_user_with_the_longest_name_that_there_is_can_be_kept(database: Database, kept: Kept) -> None:
    # Korean syllables, each of which is folded into its sounds: more than an index of PostgreSQL has room for.
    syllables = "".join(chr(0xAC00 + n * 7919 % 11_172) for n in range(534))
    with database.transaction() as tx:
        long = replace(a_user(tx, kept.profile, "long"), username=syllables[:120], email=syllables[280:])
        assert people.update(tx, replace(long, first_name=syllables[120:200], last_name=syllables[200:280]))
        found = listed_users.list_page(tx, kept.org.id, after=None, limit=9, search=syllables[40:80])
        assert [user.id for user in found] == [long.id]


@pytest.mark.parametrize("by", [UserOrder.AGE, UserOrder.NAME])
@pytest.mark.parametrize(
    "narrowed", [{"search": "ada"}, {"state": UserState.ACTIVE}, {"frozen": True}, {"search": "ada", "state": UserState.ACTIVE}]
)
def test_who_is_found_is_found_in_an_index_alone(database: Database, kept: Kept, by: UserOrder, narrowed: dict[str, Any]) -> None:
    if database.is_sqlite:
        steps = steps_of(database, lambda tx: listed_users.list_page(tx, kept.org.id, after=None, limit=9, by=by, **narrowed))
        assert steps[0] == f"SEARCH users USING COVERING INDEX ix_users_in_order_of_{by} (org_id=?)"


@pytest.mark.parametrize("by", [UserOrder.AGE, UserOrder.NAME])
@pytest.mark.parametrize("narrowed", [{}, {"search": "ada", "frozen": True}])
def test_who_has_no_second_factor_is_found_among_those_alone(
    database: Database, kept: Kept, by: UserOrder, narrowed: dict[str, Any]
) -> None:
    if database.is_sqlite:
        steps = steps_of(
            database, lambda tx: listed_users.list_page(tx, kept.org.id, after=None, limit=9, by=by, without_factor=True, **narrowed)
        )
        assert steps[0] == f"SEARCH users USING COVERING INDEX ix_users_unsecured_by_{by} (org_id=?)"


def test_everybody_of_a_profile_is_read_by_name_and_not_sorted(database: Database, kept: Kept) -> None:
    if database.is_sqlite:
        by, of = UserOrder.NAME, kept.profile.id
        steps = steps_of(database, lambda tx: listed_users.list_page(tx, kept.org.id, after=None, limit=9, by=by, profile_id=of))
        assert steps[0] == "SEARCH users USING COVERING INDEX ix_users_in_order_of_name (org_id=?)"


def test_a_state_is_left_only_from_where_it_may_be_left(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        assert people.change_state(tx, kept.org.id, kept.user.id, [UserState.ACTIVE], UserState.DEACTIVATED)
        assert not people.change_state(tx, kept.org.id, kept.user.id, [UserState.ACTIVE], UserState.DEACTIVATED)


def test_a_password_hash_is_read_only_by_who_asks_for_it(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        assert people.password_hash(tx, kept.org.id, kept.user.id) is None
        assert people.set_password_hash(tx, kept.org.id, kept.user.id, "$argon2id$canary")
        assert people.password_hash(tx, kept.org.id, kept.user.id) == "$argon2id$canary"
        assert "canary" not in repr(people.by_id(tx, kept.org.id, kept.user.id))


def test_a_profile_comes_back_as_it_was_kept(database: Database, kept: Kept) -> None:
    edited = replace(kept.profile, name="All", description="D", permissions=EVERY_POWER, login_ranges=(OFFICE,), session_minutes=20)
    with database.transaction() as tx:
        assert profiles.update(tx, edited)
        assert profiles.by_id(tx, kept.org.id, kept.profile.id) == replace(edited, version=2)
        assert profiles.by_name(tx, kept.org.id, "All") == replace(edited, version=2)
        assert not profiles.update(tx, edited)


def test_a_profiles_name_is_unique_in_its_org(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        assert not profiles.insert(tx, replace(kept.profile, id=tx.new_id(Prefix.PROFILE)))
        second = a_profile(tx, kept.org, "Support")
        with pytest.raises(people.NameTaken):
            profiles.update(tx, replace(second, name="Sales"))
        a_profile(tx, kept.other)
        assert profiles.list_page(tx, kept.org.id, after=None, limit=9) == [kept.profile, second]


def test_a_permission_set_comes_back_as_it_was_kept_and_keeps_its_api_name(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        made = a_set(tx, kept.org, rights=[Permission.API_ENABLED])
        edited = replace(made, label="New", description="D", permissions=EVERY_POWER)
        assert permission_sets.update(tx, replace(edited, api_name="Other"))
        assert permission_sets.by_id(tx, kept.org.id, made.id) == replace(edited, version=2)
        assert permission_sets.by_api_name(tx, kept.org.id, "Callers") == replace(edited, version=2)
        assert not permission_sets.update(tx, edited)
        assert not permission_sets.insert(tx, replace(made, id=tx.new_id(Prefix.PERMISSION_SET)))
        assert permission_sets.list_page(tx, kept.org.id, after=made.id, limit=9) == []
        assert permission_sets.list_page(tx, kept.org.id, after=None, limit=9, search="callERS") == [replace(edited, version=2)]


def test_X_AD_01_no_function_reaches_a_profile_or_a_set_of_another_org(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        made, there = a_set(tx, kept.org), kept.other.id
        permission_sets.assign(tx, kept.org.id, kept.user.id, made.id, None)
        assert profiles.by_id(tx, there, kept.profile.id) is None
        assert profiles.by_name(tx, there, "Sales") is None
        assert not profiles.update(tx, replace(kept.profile, org_id=there))
        assert permission_sets.by_id(tx, there, made.id) is None
        assert permission_sets.by_api_name(tx, there, "Callers") is None
        assert not permission_sets.update(tx, replace(made, org_id=there))
        assert not permission_sets.unassign(tx, there, kept.user.id, made.id)
        assert permission_sets.of_user(tx, there, kept.user.id) == []
        profiles.delete(tx, there, kept.profile.id)
        permission_sets.delete(tx, there, made.id)
        assert profiles.by_id(tx, kept.org.id, kept.profile.id) == kept.profile
        assert permission_sets.of_user(tx, kept.org.id, kept.user.id) == [(made, Assignment(made.id))]


def test_assigning_again_moves_the_end(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        made, later = a_set(tx, kept.org), tx.now + timedelta(days=1)
        for end in (None, later):
            permission_sets.assign(tx, kept.org.id, kept.user.id, made.id, end)
        assert permission_sets.of_user(tx, kept.org.id, kept.user.id) == [(made, Assignment(made.id, later))]
        assert permission_sets.assignment(tx, kept.org.id, kept.user.id, made.id) == Assignment(made.id, later)
        assert permission_sets.unassign(tx, kept.org.id, kept.user.id, made.id)
        assert not permission_sets.unassign(tx, kept.org.id, kept.user.id, made.id)
        assert permission_sets.assignment(tx, kept.org.id, kept.user.id, made.id) is None


def test_the_standing_of_a_user_is_read_in_two_statements(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        for name, end in (("Callers", None), ("Gone", tx.now - timedelta(days=1))):
            permission_sets.assign(tx, kept.org.id, kept.user.id, a_set(tx, kept.org, name, [Permission.API_ENABLED]).id, end)
    statements: list[str] = []

    def count(_c: object, _k: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with database.snapshot() as tx:
        sa.event.listen(database.engine, "before_cursor_execute", count)
        standing = facts.standing(tx, kept.org.id, kept.user.id)
        sa.event.remove(database.engine, "before_cursor_execute", count)
        assert standing is not None
        assert (standing.user, standing.profile) == (kept.user, kept.profile)
        assert {held.api_name for held, _ in standing.sets} == {"Callers", "Gone"}
        assert standing.permissions(tx.now) == {Permission.API_ENABLED}
        assert facts.standing(tx, kept.other.id, kept.user.id) is None
    assert len(statements) == 2


def test_holders_are_counted_whatever_state_they_are_in(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        made = a_set(tx, kept.org)
        permission_sets.assign(tx, kept.org.id, kept.user.id, made.id, tx.now - timedelta(days=1))
        people.change_state(tx, kept.org.id, kept.user.id, [UserState.ACTIVE], UserState.DEACTIVATED)
        assert holders.of_profile(tx, kept.org.id, kept.profile.id) == holders.Holders(users=1, apps=0)
        assert holders.of_permission_set(tx, kept.org.id, made.id) == holders.Holders(users=1, apps=0)
        assert holders.of_profile(tx, kept.other.id, kept.profile.id) == holders.Holders(users=0, apps=0)


USERS, PROFILES = Permission.MANAGE_USERS, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS


@pytest.mark.parametrize(
    ("profile", "held", "days", "state", "frozen", "counts"),
    [
        pytest.param({USERS, PROFILES}, set(), None, UserState.ACTIVE, False, True, id="both by profile"),
        pytest.param({USERS}, {PROFILES}, None, UserState.ACTIVE, False, True, id="one by profile and one by set"),
        pytest.param(set(), {USERS, PROFILES}, None, UserState.ACTIVE, False, True, id="both by set"),
        pytest.param({USERS}, set(), None, UserState.ACTIVE, False, False, id="one of two is too few"),
        pytest.param(set(), {USERS, PROFILES}, 1, UserState.ACTIVE, False, False, id="a set that runs out tomorrow is not for good"),
        pytest.param({USERS, PROFILES}, set(), None, UserState.ACTIVE, True, False, id="frozen"),
        pytest.param({USERS, PROFILES}, set(), None, UserState.INVITED, False, False, id="invited only"),
        pytest.param({USERS, PROFILES}, set(), None, UserState.DEACTIVATED, False, False, id="deactivated"),
    ],
)
def test_X_AD_12_who_counts_as_an_admin(
    database: Database, profile: set[Permission], held: set[Permission], days: int | None, state: UserState, frozen: bool, counts: bool
) -> None:
    with database.transaction() as tx:
        org, other = add_org(tx, "Acme"), add_org(tx, "Other")
        user = a_user(tx, a_profile(tx, org, rights=profile))
        end = None if days is None else tx.now + timedelta(days=days)
        permission_sets.assign(tx, org.id, user.id, a_set(tx, org, rights=held).id, end)
        people.change_state(tx, org.id, user.id, [UserState.ACTIVE], state)
        people.change_frozen(tx, org.id, user.id, frozen)
        a_user(tx, a_profile(tx, other, rights=EVERY_POWER))
        assert people.anybody_holds(tx, org.id, ADMIN_RIGHTS) is counts


def test_two_halves_of_an_admin_are_no_admin(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        a_user(tx, a_profile(tx, kept.org, "One", [USERS]), "one")
        a_user(tx, a_profile(tx, kept.org, "Two", [PROFILES]), "two")
        assert not people.anybody_holds(tx, kept.org.id, ADMIN_RIGHTS)


def invite(tx: Tx, kept: Kept, token: str, days: int = 7) -> None:
    end = tx.now + timedelta(days=days)
    invitations.insert(tx, Invitation(kept.org.id, tx.new_id(Prefix.INVITATION), kept.user.id, secrets.digest(token), tx.now, end))


def test_X_SE_09_of_many_who_use_one_invitation_at_once_one_wins(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        invite(tx, kept, "once")
    won: list[str] = []
    together = threading.Barrier(8)

    def use() -> None:
        together.wait(timeout=30)
        with database.transaction() as tx:
            user_id = invitations.use(tx, kept.org.id, secrets.digest("once"))
        if user_id is not None:
            won.append(user_id)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert won == [kept.user.id]


def test_an_invitation_works_in_its_org_before_it_runs_out_and_until_it_is_withdrawn(database: Database, kept: Kept) -> None:
    with database.transaction() as tx:
        invite(tx, kept, "late", days=0)
        invite(tx, kept, "other org")
        invite(tx, kept, "withdrawn")
        assert invitations.use(tx, kept.org.id, secrets.digest("unknown")) is None
        assert invitations.use(tx, kept.org.id, secrets.digest("late")) is None
        assert invitations.use(tx, kept.other.id, secrets.digest("other org")) is None
        assert invitations.withdraw(tx, kept.org.id, kept.user.id) == 3
        assert invitations.use(tx, kept.org.id, secrets.digest("withdrawn")) is None
