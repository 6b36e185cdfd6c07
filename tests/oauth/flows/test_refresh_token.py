"""The refresh token flow (RFC 6749 section 6, RFC 9700 section 4.14): rotation, the grace, reuse, and the world at each refresh."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.oauth.client_keys import client_key
from tests.oauth.conftest import HouseMaker
from tests.oauth.flows.portal import PUBLIC, Portal, make_portal
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.crypto import signing
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.network import parse_range
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.revoke import RevokeGrant, RevokeUser, revoke_grant, revoke_user
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.storage import permission_sets, profiles
from gatebridge.storage.grants import grants
from gatebridge.storage.refresh_tokens import refresh_tokens
from gatebridge.storage.tokens import access_tokens

ELSEWHERE = "198.51.100.7"
NEIGHBOUR = "192.0.2.77"  # in the office's /24


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    """A confidential app, whose refresh tokens do not rotate."""
    return make_portal(acme)


@pytest.fixture
def spa(acme: Tenant) -> Portal:
    """A public app, whose refresh tokens always rotate."""
    return make_portal(acme, "Spa", auth_methods=PUBLIC)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def generations(acme: Tenant) -> list[int]:
    with acme.standing.database.snapshot() as tx:
        wanted = sa.select(refresh_tokens.c.generation).where(refresh_tokens.c.org_id == acme.org.id)
        return sorted(tx.connection.execute(wanted).scalars())


def grant_row(acme: Tenant, grant_id: str) -> Any:
    with acme.standing.database.snapshot() as tx:
        return tx.connection.execute(grants.select().where(grants.c.org_id == acme.org.id, grants.c.id == grant_id)).one()


# --- The success ---------------------------------------------------------------------------------------------------------


def test_a_confidential_app_gets_a_new_access_token_and_keeps_its_refresh_token(acme: Tenant, portal: Portal) -> None:
    first = portal.signed_in()
    answer = portal.refresh(first["refresh_token"])
    body = answer.json()
    assert (answer.status_code, "refresh_token" in body) == (200, False)
    assert (body["scope"], body["id"], body["token_type"]) == (first["scope"], first["id"], "Bearer")
    assert body["access_token"] != first["access_token"]
    assert portal.live(body["access_token"])
    assert portal.live(first["access_token"])
    line = acme.receipt(answer)
    assert (line.flow, line.user_id, line.outcome) == ("refresh_token", acme.runner.id, "success")
    assert portal.refresh(first["refresh_token"]).status_code == 200  # for as long as its policy says


def test_std_RT_03_a_public_apps_refresh_token_is_exchanged_for_a_successor(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()
    second = spa.refresh(first["refresh_token"]).json()
    third = spa.refresh(second["refresh_token"]).json()
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert generations(acme) == [0, 1, 2]
    assert all(spa.live(each["access_token"]) for each in (first, second, third))


@pytest.mark.parametrize(
    ("said", "sent", "rotates"),
    [
        ({}, {}, False),
        ({"rotate_refresh_tokens": True}, {}, True),
        ({"require_secret_for_refresh": False}, {}, False),
        ({"require_secret_for_refresh": False}, {"client_secret": ""}, True),
    ],
)
def test_rotation_is_on_by_choice_or_where_only_a_name_was_shown(
    acme: Tenant, said: dict[str, Any], sent: dict[str, str], rotates: bool
) -> None:
    portal = make_portal(acme, **said)
    answer = portal.refresh(portal.signed_in()["refresh_token"], sent)
    assert answer.status_code == 200, answer.text
    assert ("refresh_token" in answer.json()) is rotates


def test_every_refresh_is_the_last_use_of_its_grant(acme: Tenant, portal: Portal) -> None:
    answer = portal.redeem(portal.code())
    grant_id = acme.receipt(answer).grant_id
    for _ in range(2):
        acme.standing.clock.advance(seconds=7)
        portal.refresh(answer.json()["refresh_token"])
        assert grant_row(acme, grant_id).last_used_at == acme.standing.clock.now


def test_std_RT_08_the_id_token_comes_again_with_the_first_sign_in_and_without_nonce(acme: Tenant, portal: Portal) -> None:
    first = portal.signed_in()
    signed_in_at = int(acme.standing.clock.now.timestamp())
    acme.standing.clock.advance(minutes=10)
    again = signing.peek(portal.refresh(first["refresh_token"]).json()["id_token"]).claims
    before = signing.peek(first["id_token"]).claims
    assert before["nonce"] == "n-0S6_WzA2Mj"
    assert "nonce" not in again
    assert (again["iss"], again["sub"], again["aud"]) == (before["iss"], before["sub"], before["aud"])
    assert (again["auth_time"], again["iat"]) == (signed_in_at, signed_in_at + 600)


def test_std_RT_06_the_answer_says_when_the_family_ends(acme: Tenant, portal: Portal) -> None:
    first = portal.signed_in()
    assert (first["refresh_token_timeout"], first["authorization_expires_in"]) == (30 * 86400, 365 * 86400)
    acme.standing.clock.advance(days=1)
    second = portal.refresh(first["refresh_token"]).json()
    assert (second["refresh_token_timeout"], second["authorization_expires_in"]) == (30 * 86400, 364 * 86400)


# --- The client ----------------------------------------------------------------------------------------------------------


def test_X_RT_04_std_RT_01_another_apps_refresh_token_is_unknown_to_the_caller_and_lives_on(acme: Tenant, portal: Portal) -> None:
    thief = make_portal(acme, "Thief")
    token = portal.signed_in()["refresh_token"]
    foreign, unknown = thief.refresh(token), thief.refresh("gbr_" + "0" * 49)
    assert error_of(foreign) == error_of(unknown) == (400, "invalid_grant")
    assert foreign.json()["error_description"] == unknown.json()["error_description"]
    assert (acme.true_cause(foreign), acme.true_cause(unknown)) == ("refresh_of_other_app", "refresh_unknown")
    assert acme.receipt(foreign).user_id is None
    assert portal.refresh(token).status_code == 200


def test_X_RT_04_a_reused_token_of_another_app_ends_nothing(acme: Tenant, spa: Portal) -> None:
    thief = make_portal(acme, "Thief")
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    acme.standing.clock.advance(minutes=1)
    assert error_of(thief.refresh(first)) == (400, "invalid_grant")
    assert spa.refresh(second).status_code == 200


def test_X_RT_04_a_confidential_app_proves_itself_at_every_refresh(acme: Tenant, portal: Portal) -> None:
    token = portal.signed_in()["refresh_token"]
    for secret in ("", "wrong"):
        assert error_of(portal.refresh(token, client_secret=secret)) == (401, "invalid_client")
    keyed = make_portal(acme, "Keyed", key=client_key(clock=acme.standing.clock))
    token = keyed.signed_in()["refresh_token"]
    assert keyed.refresh(token, keyed.app.credentials).status_code == 200
    assert error_of(keyed.app.ask({"grant_type": "refresh_token", "refresh_token": token})) == (401, "invalid_client")


# --- Rotation, grace and reuse -------------------------------------------------------------------------------------------


def test_X_RT_02_std_RT_04_a_retry_within_the_grace_gets_the_same_successor_and_a_new_access_token(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    got = spa.refresh(first).json()
    acme.standing.clock.advance(seconds=9)
    again = spa.refresh(first, address=NEIGHBOUR).json()
    assert again["refresh_token"] == got["refresh_token"]
    assert again["access_token"] != got["access_token"]
    assert generations(acme) == [0, 1]
    assert spa.live(got["access_token"])
    assert spa.live(again["access_token"])
    assert spa.refresh(got["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("later", "address", "successor_used"),
    [
        pytest.param(11, NEIGHBOUR, False, id="after the grace"),
        pytest.param(1, ELSEWHERE, False, id="from another network"),
        pytest.param(1, NEIGHBOUR, True, id="after its successor was used"),
    ],
)
def test_X_RT_02_any_other_second_use_ends_the_family_and_names_both_callers(
    acme: Tenant, spa: Portal, later: int, address: str, successor_used: bool
) -> None:
    first = spa.signed_in()
    second = spa.refresh(first["refresh_token"]).json()
    if successor_used:
        second = spa.refresh(second["refresh_token"]).json()
    acme.standing.clock.advance(seconds=later)
    answer = spa.refresh(first["refresh_token"], address=address)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "refresh_reused")
    line = acme.receipt(answer)
    said = json.loads(line.receipt) if isinstance(line.receipt, str) else line.receipt
    (named,) = next(finding for finding in said["findings"] if finding.get("reason") == "refresh_reused")["compared"]
    assert (named["sent"], named["registered"], line.user_id) == (address, "192.0.2.10", acme.runner.id)
    assert not spa.live(first["access_token"])
    assert not spa.live(second["access_token"])
    dead = spa.refresh(second["refresh_token"])
    assert (error_of(dead), acme.true_cause(dead)) == ((400, "invalid_grant"), "refresh_ended")
    assert [each["kind"] for each in spa.guard.feed().json()["revocations"]] == ["grant"]
    assert "second time" in grant_row(acme, line.grant_id).ended_because


def test_X_RT_02_std_RT_03_SC_04_without_a_grace_the_first_retry_is_reuse(acme: Tenant, spa: Portal) -> None:
    spa.policies(refresh_grace_seconds=0)
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    assert acme.true_cause(spa.refresh(first)) == "refresh_reused"
    assert acme.true_cause(spa.refresh(second)) == "refresh_ended"


def test_X_RT_03_a_restart_forgets_nothing_of_a_rotation(own_house: HouseMaker) -> None:
    standing = own_house()
    acme = make_tenant(standing)
    spa = make_portal(acme, "Spa", auth_methods=PUBLIC)
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    after = spa.at(own_house())
    assert after.refresh(first).json()["refresh_token"] == second
    standing.clock.advance(minutes=1)
    assert error_of(after.refresh(first)) == (400, "invalid_grant")
    assert error_of(after.refresh(second)) == (400, "invalid_grant")


def test_X_RT_09_however_often_it_is_replayed_a_family_dies_once_and_fills_no_history(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    spa.refresh(first)
    acme.standing.clock.advance(minutes=1)
    for _ in range(100):
        assert error_of(spa.refresh(first)) == (400, "invalid_grant")
    assert len(spa.guard.feed().json()["revocations"]) == 1
    told = [line for line in acme.history() if line.outcome == "refused" and line.flow == "refresh_token"]
    assert sum(line.reason == "refresh_reused" for line in told) == 1
    assert len(told) <= 21


# --- The scope -----------------------------------------------------------------------------------------------------------


def test_std_RT_02_X_RT_06_a_refresh_may_narrow_its_answer_and_never_the_family(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    narrow = spa.refresh(first, scope="api").json()
    assert (narrow["scope"], "id_token" in narrow) == ("api", False)
    wide = spa.refresh(narrow["refresh_token"]).json()
    assert wide["scope"] == "refresh_token api openid id"
    grown = spa.refresh(wide["refresh_token"], scope="api web")
    assert (error_of(grown), acme.true_cause(grown)) == ((400, "invalid_scope"), "scope_exceeds_grant")
    assert spa.refresh(wide["refresh_token"]).status_code == 200  # a refused refresh exchanges nothing


def test_X_RT_06_a_scope_that_the_app_has_lost_is_dropped_and_the_refresh_scope_ends_the_flow(acme: Tenant, portal: Portal) -> None:
    token = portal.signed_in()["refresh_token"]
    portal.settings(scopes=("api", "refresh_token"))
    assert portal.refresh(token).json()["scope"] == "refresh_token api"
    portal.settings(scopes=("api",))
    answer = portal.refresh(token)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "refresh_scope_withdrawn")


# --- The world at each refresh -------------------------------------------------------------------------------------------


def freeze(tx: Any, portal: Portal) -> object:
    return freeze_user(tx, portal.acme.admin, FreezeUser(portal.user.id, "It looks odd."))


def deactivate(tx: Any, portal: Portal) -> object:
    return deactivate_user(tx, portal.acme.admin, DeactivateUser(portal.user.id, "Has left."))


def block(tx: Any, portal: Portal) -> object:
    return block_app(tx, portal.acme.admin, BlockApp(portal.app.id, "It leaks."))


def unassign(tx: Any, portal: Portal) -> object:
    return permission_sets.unassign(tx, portal.acme.org.id, portal.user.id, portal.acme.approved.id)


def revoke(tx: Any, portal: Portal) -> object:
    return revoke_user(tx, portal.acme.admin, RevokeUser(portal.user.id, "A laptop was lost."))


def disable(tx: Any, portal: Portal) -> object:
    return edit_settings(tx, portal.acme.admin, EditSettings(portal.app.id, flows=frozenset({Flow.WEB_SERVER})))


@pytest.mark.parametrize(
    ("change", "error", "cause"),
    [
        (freeze, (400, "invalid_grant"), "user_frozen"),
        (deactivate, (400, "invalid_grant"), "user_inactive"),
        (block, (401, "invalid_client"), "app_blocked"),
        (unassign, (400, "invalid_grant"), "user_not_approved"),
        (revoke, (400, "invalid_grant"), "refresh_ended"),
        (disable, (400, "unauthorized_client"), "flow_not_enabled"),
    ],
)
def test_X_RT_05_std_RT_07_std_RT_11_every_refresh_asks_everything_anew(
    acme: Tenant, portal: Portal, change: Any, error: tuple[int, str], cause: str
) -> None:
    token = portal.signed_in()["refresh_token"]
    with acme.standing.database.transaction() as tx:
        change(tx, portal)
    answer = portal.refresh(token)
    assert (error_of(answer), acme.true_cause(answer)) == (error, cause)


def test_X_RT_05_the_network_counts_at_a_refresh_and_the_answer_tells_it_from_nothing(acme: Tenant, portal: Portal) -> None:
    token = portal.signed_in()["refresh_token"]
    office = parse_range("192.0.2.0/24")
    assert office is not None
    with acme.standing.database.transaction() as tx:
        assert profiles.update(tx, replace(acme.profile, login_ranges=(office,)))
    assert portal.refresh(token).status_code == 200
    outside = portal.refresh(token, address=ELSEWHERE)
    assert (error_of(outside), acme.true_cause(outside)) == ((400, "invalid_grant"), "address_outside_ranges")
    with acme.standing.database.transaction() as tx:
        freeze(tx, portal)
    frozen = portal.refresh(token)
    assert frozen.json()["error_description"] == outside.json()["error_description"]


# --- Ends ----------------------------------------------------------------------------------------------------------------


IDLE = (RefreshPolicy("idle", 7, "days"), RefreshPolicy("absolute", 20, "days"))


def test_X_RT_08_a_family_ends_when_it_is_not_used(acme: Tenant, spa: Portal) -> None:
    spa.policies(refresh_policies=IDLE)
    token = spa.signed_in()["refresh_token"]
    for _ in range(2):
        acme.standing.clock.advance(days=6)
        token = spa.refresh(token).json()["refresh_token"]
    acme.standing.clock.advance(days=7)
    answer = spa.refresh(token)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "refresh_expired")


def test_X_RT_08_std_RT_05_no_rotation_moves_the_absolute_end(acme: Tenant, spa: Portal) -> None:
    spa.policies(refresh_policies=IDLE)
    token = spa.signed_in()["refresh_token"]
    for _ in range(3):
        acme.standing.clock.advance(days=6)
        token = spa.refresh(token).json()["refresh_token"]
    acme.standing.clock.advance(days=2)
    assert acme.true_cause(spa.refresh(token)) == "refresh_expired"


def test_X_RT_08_until_revoked_is_an_exception_that_ends(acme: Tenant, portal: Portal) -> None:
    until = acme.standing.clock.now + timedelta(days=60)
    portal.policies(refresh_policies=(RefreshPolicy("until_revoked"),), refresh_exception_reason="A kiosk.", refresh_exception_until=until)
    first = portal.signed_in()
    assert "refresh_token_timeout" not in first
    acme.standing.clock.advance(days=59)
    assert portal.refresh(first["refresh_token"]).status_code == 200
    acme.standing.clock.advance(days=31)
    assert acme.true_cause(portal.refresh(first["refresh_token"])) == "refresh_expired"


def test_X_RT_08_a_policy_that_became_immediate_ends_what_was_given_before(acme: Tenant, portal: Portal) -> None:
    token = portal.signed_in()["refresh_token"]
    portal.policies(refresh_policies=(RefreshPolicy("immediately"),))
    assert acme.true_cause(portal.refresh(token)) == "refresh_expired"


def test_std_RT_11_revoking_the_grant_ends_the_family_and_its_access_tokens(acme: Tenant, portal: Portal) -> None:
    answer = portal.redeem(portal.code())
    with acme.standing.database.transaction() as tx:
        revoke_grant(tx, acme.admin, RevokeGrant(acme.receipt(answer).grant_id, "Not needed any more."))
    assert acme.true_cause(portal.refresh(answer.json()["refresh_token"])) == "refresh_ended"
    assert not portal.live(answer.json()["access_token"])


# --- The salesforce dialect ----------------------------------------------------------------------------------------------


def test_salesforces_clients_hear_salesforces_words(acme: Tenant) -> None:
    portal = make_portal(acme, dialect=Dialect.SALESFORCE, auth_methods=PUBLIC)
    first = portal.signed_in()["refresh_token"]
    second = portal.refresh(first).json()
    assert "refresh_token_timeout" not in second
    acme.standing.clock.advance(minutes=1)
    told = portal.refresh(first)
    assert (error_of(told), told.json()["error_description"]) == ((400, "invalid_grant"), "expired access/refresh token")
    unknown = portal.refresh("nonsense").json()
    assert unknown["error_description"] == "expired access/refresh token"


# --- What is missing -----------------------------------------------------------------------------------------------------


def test_the_refresh_token_must_be_there(acme: Tenant, portal: Portal) -> None:
    answer = portal.refresh("")
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_request"), "parameter_missing")
    assert "(refresh_token)" in answer.json()["error_description"]


def test_X_RT_11_a_credential_in_the_address_is_not_read(acme: Tenant, portal: Portal) -> None:
    token = portal.signed_in()["refresh_token"]
    query = f"?grant_type=refresh_token&refresh_token={token}&client_id={portal.app.consumer_key}&client_secret={portal.app.secret}"
    address = f"{acme.org.issuer}/services/oauth2/token{query}"
    assert portal.app.door.get(address).status_code == 405
    answer = portal.app.door.post(address, {"grant_type": "refresh_token"})
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_request"), "parameter_in_address")


def test_no_refresh_token_is_stored_in_plain(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    with acme.standing.database.snapshot() as tx:
        rows = [*tx.connection.execute(refresh_tokens.select()), *tx.connection.execute(access_tokens.select())]
    lines = json.dumps([str(tuple(line)) for line in acme.history()])
    for value in (first, second):
        assert value not in str(rows)
        assert value not in lines


def test_a_jwt_is_refreshed_like_an_opaque_token(acme: Tenant) -> None:
    portal = make_portal(acme, access_token_format=TokenFormat.JWT)
    body = portal.refresh(portal.signed_in()["refresh_token"]).json()
    assert (body["token_format"], portal.live(body["access_token"])) == ("jwt", True)
