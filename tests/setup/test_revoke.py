"""The five revokes: each ends what it names and nothing else, is told in the feed and in the audit trail, and needs its right."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.records.seed import SmallOrg, add_grant, add_token, make_org

from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Epochs
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup import revoke
from gatebridge.setup.revoke import RevokeApp, Revoked, RevokeGrant, RevokeToken, RevokeUser, RevokeUserOfApp
from gatebridge.storage import audit_trail, grants, live_tokens, revocations
from gatebridge.storage.apps import apps
from gatebridge.storage.database import Database
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx

ADMIN = Permission.MANAGE_CONNECTED_APPS


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def live(database: Database, org: SmallOrg, user_id: str | None = None) -> int:
    """How many tokens of the org's app are alive, of one user or of all."""
    with database.snapshot() as tx:
        return live_tokens.count(tx, org.id, app_id=org.app_id, user_id=user_id).tokens


class Made:
    """Two tokens of Uwe under one grant, and one of Olga."""

    def __init__(self, database: Database, org: SmallOrg) -> None:
        with database.transaction() as tx:
            self.grant = add_grant(tx, org)
            self.first, self.second = add_token(tx, org, self.grant), add_token(tx, org, self.grant)
            self.other_grant = add_grant(tx, org, org.owner_id)
            self.other = add_token(tx, org, self.other_grant)


@pytest.fixture
def made(database: Database, org: SmallOrg) -> Made:
    return Made(database, org)


Verb = Callable[[Tx, Actor, SmallOrg, Made], Revoked]
VERBS: dict[str, tuple[Verb, int]] = {
    "token": (lambda tx, actor, org, made: revoke.revoke_token(tx, actor, RevokeToken(made.first.id)), 2),
    "grant": (lambda tx, actor, org, made: revoke.revoke_grant(tx, actor, RevokeGrant(made.grant.id)), 1),
    "user_of_app": (lambda tx, actor, org, made: revoke.revoke_user_of_app(tx, actor, RevokeUserOfApp(org.app_id, org.user_id)), 1),
    "app": (lambda tx, actor, org, made: revoke.revoke_app(tx, actor, RevokeApp(org.app_id, "Leaked.")), 0),
    "user": (lambda tx, actor, org, made: revoke.revoke_user(tx, actor, RevokeUser(org.user_id, "Left.")), 1),
}
each_verb = pytest.mark.parametrize("kind", VERBS)


@each_verb
def test_X_RV_01_std_RV_06_a_revoke_ends_what_it_names_and_nothing_else(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    verb, left = VERBS[kind]
    assert live(database, org) == 3
    with database.transaction() as tx:
        verb(tx, org.actor(ADMIN), org, made)
    assert live(database, org) == left


@each_verb
def test_std_RV_06_a_revoke_is_told_in_the_feed_and_in_the_audit_trail(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    with database.transaction() as tx:
        revoked = VERBS[kind][0](tx, org.actor(ADMIN), org, made)
    with database.snapshot() as tx:
        (told,) = revocations.since(tx, org.id, 0, 10)
        (line,) = audit_trail.chunk(tx, org.id, 0, 10)
    assert (told.kind, told.sequence) == (kind, revoked.sequence) == (revoked.kind, 1)
    assert line.event.endswith(":revoked")


@pytest.mark.parametrize("kind", ["token", "grant", "user_of_app"])
def test_a_second_revoke_of_the_same_is_no_error_and_writes_nothing(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    for _ in range(2):
        with database.transaction() as tx:
            last = VERBS[kind][0](tx, org.actor(ADMIN), org, made)
    with database.snapshot() as tx:
        assert last.sequence is None
        assert revocations.head(tx, org.id) == len(audit_trail.chunk(tx, org.id, 0, 10)) == 1


@each_verb
def test_without_a_right_nobody_revokes_what_is_of_others(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    powerless = org.actor(*set(Permission) - {ADMIN, Permission.MANAGE_USERS})
    with database.transaction() as tx, pytest.raises(Refused) as refused:
        VERBS[kind][0](tx, powerless, org, made)
    assert refused.value.reason.code == "permission_missing"
    assert live(database, org) == 3


@pytest.mark.parametrize("kind", ["token", "grant", "user_of_app", "user"])
def test_a_user_may_end_what_apps_have_of_oneself(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    with database.transaction() as tx:
        assert VERBS[kind][0](tx, org.actor(user_id=org.user_id), org, made).sequence == 1


@pytest.mark.parametrize("kind", ["token", "grant"])
def test_the_owner_of_an_app_may_end_its_tokens_and_grants(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    with database.transaction() as tx:
        owner = org.actor(Permission.REGISTER_CONNECTED_APPS, user_id=org.owner_id)
        assert VERBS[kind][0](tx, owner, org, made).sequence == 1


@pytest.mark.parametrize("kind", ["token", "grant"])
def test_an_owner_who_may_not_register_apps_any_more_has_no_say(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    with database.transaction() as tx, pytest.raises(Refused):
        VERBS[kind][0](tx, org.actor(user_id=org.owner_id), org, made)


def test_a_reason_that_may_be_left_out_still_has_to_say_something(database: Database, org: SmallOrg, made: Made) -> None:
    for reason in (".", "x" * 513):
        with database.transaction() as tx, pytest.raises(Refused) as refused:
            revoke.revoke_token(tx, org.actor(ADMIN), RevokeToken(made.first.id, reason))
        assert refused.value.reason.code == "reason_required"


def test_whoever_manages_users_may_end_what_apps_have_of_one(database: Database, org: SmallOrg, made: Made) -> None:
    with database.transaction() as tx:
        revoke.revoke_user(tx, org.actor(Permission.MANAGE_USERS), RevokeUser(org.user_id, "Left."))
    assert live(database, org) == 1


@each_verb
def test_to_another_org_nothing_of_this_one_exists(database: Database, org: SmallOrg, made: Made, kind: str) -> None:
    with database.transaction() as tx:
        stranger = replace(make_org(tx, "other").actor(ADMIN), user_id=org.user_id if kind in ("token", "grant") else None)
        with pytest.raises(Refused) as refused:
            VERBS[kind][0](tx, stranger, org, made)
    assert refused.value.reason.code in ("record_not_found", "permission_missing")
    assert live(database, org) == 3


@pytest.mark.parametrize("reason", ["", "  ", ".", "—"])
def test_the_large_revokes_need_a_written_reason(database: Database, org: SmallOrg, reason: str) -> None:
    large: list[Callable[[Tx], Revoked]] = [
        lambda tx: revoke.revoke_app(tx, org.actor(ADMIN), RevokeApp(org.app_id, reason)),
        lambda tx: revoke.revoke_user(tx, org.actor(ADMIN), RevokeUser(org.user_id, reason)),
    ]
    for verb in large:
        with database.transaction() as tx, pytest.raises(Refused) as refused:
            verb(tx)
        assert refused.value.reason.code == "reason_required"


@pytest.mark.parametrize("order", list(itertools.permutations(["org", "app", "installation", "user", "grant"], 2)), ids="-".join)
def test_X_RV_04_any_epoch_that_was_raised_ends_the_token_in_whatever_order(
    database: Database, org: SmallOrg, order: tuple[str, str]
) -> None:
    """The token dies with the first epoch that is raised, and no second one brings it back."""
    with database.transaction() as tx:
        grant = add_grant(tx, org)
        add_token(tx, org, grant)
    raising: dict[str, Callable[[Tx], object]] = {
        "org": lambda tx: tx.connection.execute(sa.update(orgs).values(epoch=orgs.c.epoch + 1)),
        "app": lambda tx: tx.connection.execute(sa.update(apps).values(epoch=apps.c.epoch + 1)),
        "installation": lambda tx: revoke.revoke_app(tx, org.actor(ADMIN), RevokeApp(org.app_id, "Leaked.")),
        "user": lambda tx: revoke.revoke_user(tx, org.actor(ADMIN), RevokeUser(org.user_id, "Left.")),
        "grant": lambda tx: revoke.revoke_grant(tx, org.actor(ADMIN), RevokeGrant(grant.id)),
    }
    assert live(database, org) == 1
    for level in order:
        with database.transaction() as tx:
            raising[level](tx)
        assert live(database, org) == 0


@pytest.mark.parametrize("kind", ["app", "user", "grant"])
def test_a_token_decided_before_the_revoke_and_written_after_it_is_dead_at_birth(
    database: Database, org: SmallOrg, made: Made, kind: str
) -> None:
    with database.transaction() as tx:
        VERBS[kind][0](tx, org.actor(ADMIN), org, made)
        add_token(tx, org, made.grant, Epochs(0, 0, 0, 0, 0))
    assert live(database, org, org.user_id) == 0


def test_a_token_issued_after_the_revoke_of_its_app_lives(database: Database, org: SmallOrg, made: Made) -> None:
    with database.transaction() as tx:
        revoke.revoke_app(tx, org.actor(ADMIN), RevokeApp(org.app_id, "Leaked."))
        add_token(tx, org, made.grant, Epochs(0, 0, 1, 0, 0))
    assert live(database, org) == 1


def test_after_the_revoke_of_a_grant_a_new_one_can_be_made(database: Database, org: SmallOrg, made: Made) -> None:
    with database.transaction() as tx:
        revoke.revoke_grant(tx, org.actor(ADMIN), RevokeGrant(made.grant.id, "Wrong person."))
        assert grants.shared_grant(tx, org.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) is None
        assert add_grant(tx, org).id != made.grant.id


def test_the_feed_of_many_at_once_has_no_gap_and_no_number_twice(database: Database, org: SmallOrg) -> None:
    def append() -> None:
        for _ in range(10):
            with database.transaction() as tx:
                revocations.append(tx, org.id, "app", app_id=org.app_id)

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.snapshot() as tx:
        assert [each.sequence for each in revocations.since(tx, org.id, 0, 1000)] == list(range(1, 81))
        assert [each.sequence for each in revocations.since(tx, org.id, 78, 1000)] == [79, 80]
        assert revocations.head(tx, org.id) == 80


def test_a_revoke_that_is_rolled_back_takes_no_number(database: Database, org: SmallOrg) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            revocations.append(tx, org.id, "user", user_id=org.user_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction() as tx:
        assert revocations.append(tx, org.id, "user", user_id=org.user_id) == 1


class TestBlastRadius:
    """Before a revoke one can see who will be hit."""

    def test_it_counts_live_tokens_with_their_users_and_grants(self, database: Database, org: SmallOrg, made: Made) -> None:
        with database.snapshot() as tx:
            hit = revoke.blast_radius(tx, org.actor(ADMIN), app_id=org.app_id)
        assert (hit.tokens, hit.users, hit.grants, hit.exact) == (3, 2, 2, True)

    def test_it_is_narrowed_to_a_user_of_the_app_and_to_a_grant(self, database: Database, org: SmallOrg, made: Made) -> None:
        with database.snapshot() as tx:
            assert revoke.blast_radius(tx, org.actor(ADMIN), app_id=org.app_id, user_id=org.user_id).tokens == 2
            assert revoke.blast_radius(tx, org.actor(ADMIN), grant_id=made.other_grant.id).tokens == 1

    def test_what_is_dead_already_is_not_counted(self, database: Database, org: SmallOrg, made: Made) -> None:
        with database.transaction() as tx:
            tx.connection.execute(sa.update(users).where(users.c.id == org.owner_id).values(epoch=1))
            assert revoke.blast_radius(tx, org.actor(ADMIN), app_id=org.app_id).tokens == 2

    def test_a_user_sees_ones_own_and_nobody_elses(self, database: Database, org: SmallOrg, made: Made) -> None:
        uwe = org.actor(user_id=org.user_id)
        with database.snapshot() as tx:
            assert revoke.blast_radius(tx, uwe, grant_id=made.grant.id).tokens == 2
            for others in ({"app_id": org.app_id}, {"user_id": org.owner_id}, {"grant_id": made.other_grant.id}):
                with pytest.raises(Refused):
                    revoke.blast_radius(tx, uwe, **others)
            with pytest.raises(Refused):
                revoke.blast_radius(tx, uwe, user_id=org.user_id, grant_id=made.other_grant.id)

    def test_it_says_when_it_did_not_count_everything(
        self, database: Database, org: SmallOrg, made: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_tokens, "MOST", 2)
        with database.snapshot() as tx:
            assert not revoke.blast_radius(tx, org.actor(ADMIN), app_id=org.app_id).exact
