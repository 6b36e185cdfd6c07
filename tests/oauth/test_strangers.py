"""A stranger can make the server write; here is how little. Proven clients are never folded for what their tokens are refused for."""

import json

import pytest
import sqlalchemy as sa
from tests.oauth.flows.portal import make_portal
from tests.oauth.tenants import REVOKE, Client, Tenant

from gatebridge.records import history
from gatebridge.rules import scopes
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import Prefix, parse
from gatebridge.storage.strangers import stranger_counts


@pytest.fixture
def app(acme: Tenant) -> Client:
    """An app in a window of ten minutes that has just begun."""
    clock = acme.standing.clock
    clock.now = clock.now.replace(minute=0, second=0, microsecond=0)
    clock.advance(hours=1)
    return acme.app()


def guess(app: Client, address: str = "192.0.2.10") -> str:
    """One wrong secret from an address; the id that the answer gives for the receipt."""
    answer = app.token(address=address, client_secret="wrong")
    assert answer.status_code == 401
    receipt_id = parse(answer.headers["x-gatebridge-receipt"], Prefix.RECEIPT)
    assert receipt_id is not None
    return receipt_id


def counted(acme: Tenant) -> list[tuple[str, str, int]]:
    with acme.standing.database.snapshot() as tx:
        wanted = (
            sa.select(stranger_counts, stranger_counts.c.count.label("times"))
            .where(stranger_counts.c.org_id == acme.org.id)
            .order_by(stranger_counts.c.id)
        )
        return [(row.reason, row.network, row.times) for row in tx.connection.execute(wanted)]


def test_twenty_get_receipts_and_the_rest_one_counting_row_whose_id_is_answered(acme: Tenant, app: Client) -> None:
    ids = [guess(app) for _ in range(25)]
    assert len(set(ids[:20])) == 20
    assert len(set(ids[20:])) == 1
    assert [line.id for line in acme.history()] == ids[:20]
    assert ("secret_mistyped", "192.0.2.0/24", 25) in counted(acme)
    with acme.standing.database.snapshot() as tx:
        wanted = sa.select(stranger_counts.c.org_id, stranger_counts.c.count.label("times")).where(stranger_counts.c.id == ids[24])
        assert tuple(tx.connection.execute(wanted).one()) == (acme.org.id, 25)


def test_neighbours_are_one_stranger_and_another_network_is_another(acme: Tenant, app: Client) -> None:
    for number in range(22):
        guess(app, f"192.0.2.{number + 1}")
    guess(app, "198.51.100.1")
    assert len(acme.history()) == 21
    assert ("secret_mistyped", "198.51.100.0/24", 1) in counted(acme)


def test_another_reason_and_another_window_begin_anew(acme: Tenant, app: Client) -> None:
    for _ in range(22):
        guess(app)
    app.ask(client_id=app.consumer_key)
    assert len(acme.history()) == 21
    acme.standing.clock.advance(minutes=10)
    guess(app)
    assert len(acme.history()) == 22


def test_a_day_has_a_limit_whatever_the_networks_and_the_next_day_begins_anew(
    acme: Tenant, app: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RECEIPTS_PER_DAY", 3)
    ids = [guess(app, f"10.0.{number}.1") for number in range(6)]
    assert len(acme.history()) == 3
    assert len(set(ids[3:])) == 1
    assert ("secret_mistyped", "*", 3) in counted(acme)
    acme.standing.clock.advance(days=1)
    guess(app)
    assert len(acme.history()) == 4


def test_a_proven_client_is_never_folded_for_its_token_refusals(acme: Tenant, app: Client) -> None:
    for _ in range(25):
        assert app.token(scope="bogus").status_code == 400
    assert len(acme.history()) == 25


def test_dead_tokens_that_are_asked_about_again_and_again_are_folded(acme: Tenant, app: Client) -> None:
    for _ in range(25):
        app.introspect("unknown")
    assert len(acme.history()) == 20


def test_who_only_knows_the_name_of_a_public_app_is_folded_like_any_stranger(acme: Tenant, app: Client) -> None:
    public = acme.app("Public", auth_methods=frozenset({ClientAuthMethod.NONE}), flows=frozenset(), open_for_use=False)
    for _ in range(25):
        assert public.token().status_code == 400
    assert len(acme.history()) == 20


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_dead_token_is_no_key_to_the_history_for_whoever_has_found_it(acme: Tenant, app: Client, kind: str) -> None:
    """In the salesforce dialect nobody need be anybody to end a token; only the one who ends it leaves a line for certain."""
    portal = make_portal(acme, dialect=Dialect.SALESFORCE)
    token = portal.signed_in()[kind]
    before = len(acme.history())
    for _ in range(25):
        assert app.post(REVOKE, {"token": token}).status_code == 200
    told = acme.history()[before:]
    assert len(told) == 21
    assert {(line.event, line.outcome, line.user_id) for line in told} == {("revocation", "success", acme.runner.id)}
    assert [portal.app.revoke(token).status_code for _ in range(2)] == [200, 200]
    assert len(acme.history()) == before + 23  # whoever proves to be the app is told of in full


def test_a_list_of_scopes_costs_a_stranger_more_than_it_costs_us(acme: Tenant, app: Client) -> None:
    long = " ".join(f"{number:030}" for number in range(250))
    assert app.token(client_secret="wrong", scope=long).status_code == 401
    stranger = acme.history()[-1]
    assert len(stranger.scopes_asked) <= 512
    assert len(json.dumps(stranger.receipt)) < 4_096
    held = scopes._ordered.cache_info().currsize
    for number in range(3):
        answer = app.token(scope=" ".join(f"{number}{each:04}" for each in range(800)))
        assert (answer.json()["error"], acme.true_cause(answer)) == ("invalid_scope", "scope_malformed")
    assert scopes._ordered.cache_info().currsize == held
