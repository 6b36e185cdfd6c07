"""The first org and its first admin, on an empty installation."""

from dataclasses import replace

import pytest

from gatebridge.rules.events import Event
from gatebridge.rules.people import UserState
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.signing_keys import ALGORITHMS
from gatebridge.setup.first_admin import FirstAdmin, FirstAdminCreated, create_first_admin
from gatebridge.storage import audit_trail, facts, orgs, people, profiles, signing_keys
from gatebridge.storage.database import Database

SAID = FirstAdmin(
    org_name="Acme",
    host="localhost:8080",
    issuer="http://localhost:8080",
    username="ada",
    email="ada@acme.example",
    first_name="Ada",
    last_name="Lovelace",
    password_hash="$argon2id$canary",
)


@pytest.fixture
def made(database: Database) -> FirstAdminCreated:
    with database.transaction() as tx:
        return create_first_admin(tx, SAID)


def test_the_first_admin_is_active_and_holds_every_power(database: Database, made: FirstAdminCreated) -> None:
    with database.snapshot() as tx:
        standing = facts.standing(tx, made.org.id, made.user.id)
        assert standing is not None
        assert standing.user == made.user
        assert standing.user.state is UserState.ACTIVE
        assert standing.permissions(tx.now) == EVERY_POWER
        assert people.password_hash(tx, made.org.id, made.user.id) == "$argon2id$canary"
        assert people.anybody_holds(tx, made.org.id, ADMIN_RIGHTS)


def test_the_first_org_answers_at_the_configured_address(database: Database, made: FirstAdminCreated) -> None:
    with database.snapshot() as tx:
        assert orgs.first(tx) == orgs.by_host(tx, "localhost:8080") == made.org
    assert made.org.issuer == "http://localhost:8080"


@pytest.mark.parametrize(
    ("name", "rights"),
    [
        pytest.param("System Administrator", EVERY_POWER, id="an administrator who may do everything"),
        pytest.param("Standard User", {Permission.API_ENABLED}, id="a user who may use APIs"),
        pytest.param("Integration User", {Permission.API_ENABLED, Permission.API_ONLY}, id="a service that may use nothing else"),
    ],
)
def test_an_org_begins_with_a_profile_for(database: Database, made: FirstAdminCreated, name: str, rights: frozenset[Permission]) -> None:
    with database.snapshot() as tx:
        found = profiles.by_name(tx, made.org.id, name)
    assert found is not None
    assert found == made.profiles[name]
    assert found.permissions == rights


def test_an_org_begins_with_a_signing_key_of_each_algorithm(database: Database, made: FirstAdminCreated) -> None:
    with database.snapshot() as tx:
        assert {key.algorithm for key in signing_keys.published(tx, made.org.id)} == set(ALGORITHMS)


def test_the_operator_is_the_one_who_did_it(database: Database, made: FirstAdminCreated) -> None:
    with database.snapshot() as tx:
        lines = audit_trail.page(tx, made.org.id, limit=100)
    assert {(line.actor_kind, line.actor_id) for line in lines} == {("operator", None)}
    assert lines[0].event == Event.FIRST_ADMIN_CREATED
    assert lines[0].target_id == made.user.id
    assert lines[-1].event == Event.ORG_CREATED


def test_X_AU_06_the_password_hash_is_in_no_audit_line(database: Database, made: FirstAdminCreated) -> None:
    with database.snapshot() as tx:
        lines = audit_trail.page(tx, made.org.id, limit=100)
    assert "canary" not in repr(lines)
    assert {"field": "password", "before": None, "after": "set"} in lines[0].changes
    assert "canary" not in repr(SAID)


def test_there_is_a_first_admin_once(database: Database, made: FirstAdminCreated) -> None:
    again = replace(SAID, host="localhost:9090", issuer="http://localhost:9090")
    with pytest.raises(Refused) as caught, database.transaction() as tx:
        create_first_admin(tx, again)
    assert caught.value.reason is reasons.STATE_CONFLICT
    with database.snapshot() as tx:
        assert orgs.list_page(tx, after=None, limit=10) == [made.org]


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_made(database: Database) -> None:
    wrong = replace(SAID, org_name="", issuer="http://crm.example.com", username="a b", email="nobody")
    with pytest.raises(Refused) as caught, database.transaction() as tx:
        create_first_admin(tx, wrong)
    assert {problem.field for problem in caught.value.fields} == {"org_name", "issuer", "username", "email"}
    with database.snapshot() as tx:
        assert orgs.first(tx) is None


def test_a_password_that_was_not_hashed_is_never_stored(database: Database) -> None:
    with pytest.raises(ValueError, match="hashed"), database.transaction() as tx:
        create_first_admin(tx, replace(SAID, password_hash="correct horse"))
