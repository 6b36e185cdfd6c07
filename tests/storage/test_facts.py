"""The facts of a request: everything about one client or token in one org, each thing read once per batch."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import SmallOrg, add_grant, add_token, make_org

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Installation
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment
from gatebridge.storage import apps, facts, installations, orgs
from gatebridge.storage.database import Database
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.people import permission_set_assignments, permission_sets
from gatebridge.storage.tx import Tx


@pytest.fixture
def small(database: Database) -> SmallOrg:
    """The small org, whose app has settings, policies with a run-as user, and a permit."""
    with database.transaction() as tx:
        small = make_org(tx)
        settings = AppSettings(small.app_id, flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",))
        tx.connection.execute(sa.insert(apps.app_settings).values(org_id=small.id, app_id=small.app_id, **_stored(settings)))
        _policies(tx, small.id, AppPolicies(small.installation_id, run_as_user_id=small.user_id))
        installations.put_permit(tx, small.id, small.installation_id, Assignment("0PS000000000001"))
    return small


def _stored(settings: AppSettings) -> dict[str, object]:
    kept = {name: getattr(settings, name) for name in AppSettings.__slots__ if name not in ("app_id", "version")}
    return kept | {"flows": sorted(settings.flows), "auth_methods": sorted(settings.auth_methods)}


def _policies(tx: Tx, org_id: str, policies: AppPolicies) -> None:
    values = installations._policy_values(policies)
    tx.connection.execute(
        sa.insert(installations.policies).values(org_id=org_id, installation_id=policies.installation_id, version=1, **values)
    )


def org_of(tx: Tx, small: SmallOrg) -> Org:
    found = orgs.by_id(tx, small.id)
    assert found is not None
    return found


def test_the_host_decides_the_org_byte_for_byte(database: Database, small: SmallOrg) -> None:
    with database.reading() as tx:
        reader = FactsReader(tx)
        assert reader.org("acme.example") == org_of(tx, small)
        assert [reader.org(host) for host in ("ACME.example", "acme.example:443", "", "other.example")] == [None] * 4


def test_a_client_is_loaded_whole(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, small)
    with database.reading() as tx:
        record = FactsReader(tx).client(org_of(tx, small), "gbk_acme")
        found = record.facts
        assert (found.app and found.app.id, found.installation and found.installation.id) == (small.app_id, small.installation_id)
        assert found.settings is not None
        assert found.settings.flows == {Flow.CLIENT_CREDENTIALS}
        assert found.permits == (Assignment("0PS000000000001"),)
        assert found.standing is not None
        assert found.standing.user.id == small.user_id
        assert found.grant == grant
        assert [(stored.record.id, bytes(stored.digest)) for stored in record.secrets] == [(small.secret_id, bytes(32))]


def test_an_unknown_key_and_an_app_that_is_neither_owned_nor_installed_are_bare_facts(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
    with database.reading() as tx:
        here = org_of(tx, other)
        for key in ("gbk_nobody", "gbk_acme"):
            record = FactsReader(tx).client(here, key)
            assert (record.facts.app, record.secrets, record.certificates) == (None, (), ())


def test_an_installed_app_of_another_org_brings_its_own_secrets_and_this_orgs_policies(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
        installation = Installation(tx.new_id(Prefix.INSTALLATION), other.id, small.app_id, 0, tx.now)
        assert installations.insert(tx, installation, AppPolicies(installation.id, run_as_user_id=other.user_id))
    with database.reading() as tx:
        record = FactsReader(tx).client(org_of(tx, other), "gbk_acme")
        assert record.facts.installation == installation
        assert record.facts.standing is not None
        assert record.facts.standing.user.id == other.user_id
        assert [stored.record.id for stored in record.secrets] == [small.secret_id]


def test_a_token_brings_the_facts_of_all_that_it_hangs_from(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, small)
        token = add_token(tx, small, grant)
    with database.reading() as tx:
        reader, here = FactsReader(tx), org_of(tx, small)
        by_digest, by_id = reader.token_of_digest(here, token.id.encode().ljust(32)), reader.token_of_id(here, token.id)
        assert by_digest == by_id
        found, read = by_id
        assert (read, found.grant) == (token, grant)
        assert found.standing is not None
        assert found.epochs() == token.epochs


def test_a_token_of_another_org_is_unknown(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        token, other = add_token(tx, small, add_grant(tx, small)), make_org(tx, "other")
    with database.reading() as tx:
        reader, there = FactsReader(tx), org_of(tx, other)
        for found, read in (reader.token_of_id(there, token.id), reader.token_of_digest(there, token.id.encode().ljust(32))):
            assert (read, found.app) == (None, None)


def test_standing_holds_the_sets_that_run_out_with_their_end(database: Database, small: SmallOrg) -> None:
    with database.transaction() as tx:
        end = tx.now + timedelta(hours=1)
        set_id = tx.new_id(Prefix.PERMISSION_SET)
        values = {"label": "Sync", "api_name": "Sync", "permissions": ["api_enabled"], "created_at": tx.now}
        tx.connection.execute(sa.insert(permission_sets).values(org_id=small.id, id=set_id, **values))
        held = {"user_id": small.user_id, "permission_set_id": set_id, "expires_at": end}
        tx.connection.execute(sa.insert(permission_set_assignments).values(org_id=small.id, **held))
        found = facts.standing(tx, small.id, small.user_id)
        assert found is not None
        assert [(permission_set.id, assignment) for permission_set, assignment in found.sets] == [(set_id, Assignment(set_id, end))]
        assert (bool(found.permissions(tx.now)), bool(found.permissions(end))) == (True, False)
        assert facts.standing(tx, small.id, "005000000000009") is None


def test_what_a_batch_asks_twice_is_read_once(database: Database, small: SmallOrg) -> None:
    with database.reading() as tx:
        reader, here = FactsReader(tx), org_of(tx, small)
        first = reader.client(here, "gbk_acme")
        sent: list[str] = []
        sa.event.listen(database.engine, "before_cursor_execute", lambda *seen: sent.append(seen[2]))
        assert reader.client(here, "gbk_acme") is first
        assert sent == []


def test_nothing_outlives_the_batch(database: Database, small: SmallOrg) -> None:
    with database.reading() as tx:
        assert FactsReader(tx).client(org_of(tx, small), "gbk_acme").facts.policies is not None
    with database.transaction() as tx:
        granted = installations.policies_of(tx, small.id, small.installation_id)
        assert granted is not None
        assert installations.update_policies(tx, small.id, replace(granted, run_as_user_id=None))
    with database.reading() as tx:
        assert FactsReader(tx).client(org_of(tx, small), "gbk_acme").facts.standing is None
