"""A token that was decided before a revoke and written after it is dead, and what one node ended no other node accepts."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from tests.databases import MASTER_KEYS
from tests.journeys.installation import Installation, free_port, json_of, new_installation
from tests.journeys.small_org import Client, SmallOrg, make, seed

from gatebridge.oauth import introspect, token
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Answer
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import parse_address
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.revoke import (
    RevokeApp,
    RevokeGrant,
    RevokeUser,
    RevokeUserOfApp,
    revoke_app,
    revoke_grant,
    revoke_user,
    revoke_user_of_app,
)
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.storage import grants, installations
from gatebridge.storage.database import Database, utc_now
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx
from gatebridge.web.turnstile import Turnstile

HOST = "acme.localhost"
BOUND_SECONDS = 20
WHY = "Found in a public repository"

Change = Callable[[Tx, SmallOrg], object]


@dataclass(frozen=True)
class HeldDatabase:
    """The database as the turnstile of a slow node sees it: what it decided it may not write until it is let go."""

    database: Database
    decided: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def is_sqlite(self) -> bool:
        return self.database.is_sqlite

    def reading(self) -> AbstractContextManager[Tx]:
        return self.database.reading()

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        self.decided.set()
        assert self.go.wait(BOUND_SECONDS)
        with self.database.transaction() as tx:
            yield tx


@dataclass(frozen=True)
class Race:
    """An org, and requests of its job that stand between their decision and their commit for as long as we like."""

    database: Database
    org: SmallOrg

    def token_around(self, change: Change) -> str:
        """The token of a request that was decided before the change, and written after the change was committed."""
        held = HeldDatabase(self.database)
        turnstile = Turnstile(cast(Database, held))
        turnstile.start()
        try:
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(self._ask, turnstile)
                try:
                    assert held.decided.wait(BOUND_SECONDS)
                    with self.database.transaction() as tx:
                        change(tx, self.org)
                finally:
                    held.go.set()
                return _access_token(answer.result(BOUND_SECONDS))
        finally:
            turnstile.stop(BOUND_SECONDS)

    def is_active(self, value: str) -> bool:
        with self.database.reading() as tx:
            answer = introspect.decide(FactsReader(tx), self._request(self.org.guard, token=value)).answer
        assert answer.status == 200, answer
        assert answer.body is not None
        return bool(answer.body["active"])

    def _ask(self, turnstile: Turnstile) -> Answer:
        decide = partial(token.decide, keyring=Keyring(MASTER_KEYS))
        return asyncio.run(turnstile.pass_through(decide, self._request(self.org.job, grant_type="client_credentials")))

    def _request(self, client: Client, **parameters: str) -> OAuthRequest:
        return OAuthRequest(
            host=HOST,
            address=parse_address("192.0.2.10"),
            user_agent="",
            operation_id=self.database.mint.mint(Prefix.RECEIPT, utc_now()),
            parameters={**parameters, "client_id": client.key, "client_secret": client.secret},
        )


def _access_token(answer: Answer) -> str:
    assert answer.status == 200, answer
    assert answer.body is not None
    return str(answer.body["access_token"])


@pytest.fixture
def race(database: Database) -> Race:
    return Race(database, make(database, f"http://{HOST}"))


def nothing(_: Tx, __: SmallOrg) -> None:
    pass


def end_the_grant(tx: Tx, org: SmallOrg) -> None:
    installation = installations.by_app(tx, org.id, org.job.app_id)
    assert installation is not None
    grant = grants.shared_grant(tx, org.id, installation.id, org.machine.id, Flow.CLIENT_CREDENTIALS)
    assert grant is not None
    assert revoke_grant(tx, org.admin, RevokeGrant(grant.id, WHY)).sequence is not None


def end_the_user_of_the_app(tx: Tx, org: SmallOrg) -> None:
    assert revoke_user_of_app(tx, org.admin, RevokeUserOfApp(org.job.app_id, org.machine.id, WHY)).sequence is not None


def block_and_unblock(tx: Tx, org: SmallOrg) -> None:
    block_app(tx, org.admin, BlockApp(org.job.app_id, WHY))
    unblock_app(tx, org.admin, UnblockApp(org.job.app_id, WHY))


CHANGES: dict[str, Change] = {
    "the app is revoked": lambda tx, org: revoke_app(tx, org.admin, RevokeApp(org.job.app_id, WHY)),
    "the user is revoked": lambda tx, org: revoke_user(tx, org.admin, RevokeUser(org.machine.id, WHY)),
    "the user is frozen": lambda tx, org: freeze_user(tx, org.admin, FreezeUser(org.machine.id, WHY)),
    "the user is deactivated": lambda tx, org: deactivate_user(tx, org.admin, DeactivateUser(org.machine.id, WHY)),
    "the app is blocked": lambda tx, org: block_app(tx, org.admin, BlockApp(org.job.app_id, WHY)),
    "the app is blocked and unblocked again": block_and_unblock,
    "the app is deleted": lambda tx, org: delete_app(tx, org.admin, DeleteApp(org.job.app_id, "Nightly_Job", WHY)),
}
OF_A_GRANT: dict[str, Change] = {"the grant is ended": end_the_grant, "the user of the app is revoked": end_the_user_of_the_app}


@pytest.mark.parametrize("change", (CHANGES | OF_A_GRANT).values(), ids=(CHANGES | OF_A_GRANT).keys())
def test_std_GV_02_a_token_that_is_decided_before_and_written_after_is_dead_when(race: Race, change: Change) -> None:
    before = race.token_around(nothing)
    assert race.is_active(before)
    answered = race.token_around(change)
    assert not race.is_active(answered)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_very_first_token_of_an_app_is_dead_when_between_its_decision_and_its_commit(race: Race, change: Change) -> None:
    assert not race.is_active(race.token_around(change))


def test_a_token_asked_for_after_a_revoke_of_the_app_lives_because_only_a_block_stops_the_app(race: Race) -> None:
    race.token_around(CHANGES["the app is revoked"])
    assert race.is_active(race.token_around(nothing))


@pytest.fixture
def nodes(postgresql_url: str, tmp_path: Path) -> tuple[Installation, Installation]:
    """Two nodes on one PostgreSQL, with the same settings but for the port that each listens on."""
    first = new_installation(tmp_path, postgresql_url)
    port = str(free_port())
    return first, replace(first, base_url=f"http://127.0.0.1:{port}", settings={**first.settings, "GATEBRIDGE_LISTEN_PORT": port})


def test_what_one_node_ends_the_other_refuses_at_once(nodes: tuple[Installation, Installation]) -> None:
    one, other = nodes
    org = seed(one)
    with one.serving() as here, other.serving() as there:
        there.client.headers["Host"] = org.host  # as a load balancer passes it on

        def revoke(path: str, body: Any) -> None:
            json_of(org.as_admin(here.client, "POST", path, body))

        first = org.job.token(there.client)
        assert org.is_active(there.client, first)
        revoke(f"/apps/{org.job.app_id}/revoke", {"reason": WHY})
        assert not org.is_active(there.client, first)
        second = org.job.token(there.client)  # a revoke ends what was given, and does not stop the app
        assert org.is_active(here.client, second)
        revoke(f"/apps/{org.job.app_id}/block", {"reason": WHY})
        assert json_of(org.job.ask(there.client), 401)["error"] == "invalid_client"
        revoke(f"/apps/{org.job.app_id}/unblock", {"reason": "It was a mistake"})
        assert not org.is_active(there.client, second)
        third = org.job.token(there.client)
        revoke(f"/users/{org.machine.id}/revoke", {"reason": WHY})
        assert not org.is_active(there.client, third)
