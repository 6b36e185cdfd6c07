"""Receipts: one line for each outcome, what was sent beside what is registered, and never a secret anywhere."""

import json

import pytest
import sqlalchemy as sa
from tests.oauth.client_keys import client_key
from tests.oauth.door import basic
from tests.oauth.tenants import Client, Tenant, compared

from gatebridge.rules.app_settings import TokenFormat
from gatebridge.storage.metadata import metadata


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


def test_each_outcome_is_exactly_one_line(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    app.token(scope="bogus")
    app.token(client_secret="wrong")
    app.introspect("unknown")
    app.revoke(token)
    told = [(line.event, line.outcome, line.reason, line.status) for line in acme.history()]
    assert told == [
        ("token", "success", None, 200),
        ("token", "refused", "scope_unknown", 400),
        ("token", "refused", "secret_mistyped", 401),
        ("introspection", "refused", "token_unknown", 200),
        ("revocation", "success", None, 200),
    ]


def test_a_success_names_app_user_grant_flow_scopes_method_and_credential(acme: Tenant, app: Client) -> None:
    line = acme.receipt(app.token(scope="api"))
    assert (line.app_id, line.installation_id, line.user_id, line.flow) == (
        app.id,
        app.installation_id,
        acme.runner.id,
        "client_credentials",
    )
    assert (line.scopes_asked, line.scopes_given, line.auth_method, line.address) == ("api", "api", "client_secret_post", "192.0.2.10")
    assert line.grant_id.startswith("0GR")
    assert line.credential_id.startswith("0SK")


def test_a_refusal_shows_what_was_sent_beside_what_is_registered(acme: Tenant, app: Client) -> None:
    shown = compared(acme.receipt(app.token(scope="web")))
    assert (shown["scope"]["sent"], shown["scope"]["registered"]) == ("web", "api id")
    elsewhere = compared(acme.receipt(app.ask(client_id=app.consumer_key)))
    assert elsewhere["client authentication"]["sent"] == "none"
    assert elsewhere["client authentication"]["registered"] == "client_secret_basic, client_secret_post"


def test_a_refusal_keeps_every_finding_in_the_order_of_the_gates(acme: Tenant, app: Client) -> None:
    receipt = acme.receipt(app.token(scope="web")).receipt
    assert [(finding["gate"], finding["state"]) for finding in receipt["findings"]] == [
        ("client", "passed"),
        ("app", "passed"),
        ("installed", "passed"),
        ("flow", "passed"),
        ("scopes", "refused"),
        ("user", "passed"),
        ("permitted", "passed"),
        ("hours", "passed"),
        ("network", "passed"),
        ("session", "passed"),
        ("lifetime", "passed"),
    ]


def test_a_stranger_is_not_written_into_the_history_of_somebody_who_did_nothing(acme: Tenant, app: Client) -> None:
    line = acme.receipt(app.token(client_secret="wrong"))
    assert (line.app_id, line.user_id, line.grant_id) == (app.id, None, None)


def test_what_a_request_said_is_kept_from_an_allow_list_and_cut(acme: Tenant, app: Client) -> None:
    said = acme.receipt(app.token(grant_type="g" * 4000, unheard_of="canary")).receipt["request"]
    assert set(said) == {"grant_type"}
    assert len(said["grant_type"].encode()) <= 512


# --- X-CA-10 and X-SX-01 -------------------------------------------------------------------------------------------------


def dump(acme: Tenant) -> str:
    """Everything that the database holds, as text; bytes in hexadecimal and as they are."""
    held = []
    with acme.standing.database.snapshot() as tx:
        for table in metadata.sorted_tables:
            for row in tx.connection.execute(sa.select(table)):
                for value in row:
                    plain = bytes(value).hex() + bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value
                    held.append(json.dumps(plain, default=str, ensure_ascii=False))
    return "\n".join(held)


def test_X_CA_10_X_SX_01_no_secret_no_token_and_no_assertion_is_ever_stored(acme: Tenant, app: Client) -> None:
    signed = acme.app("Signed", access_token_format=TokenFormat.JWT)
    keyed = acme.app("Keyed", key=client_key(clock=acme.standing.clock))
    tokens = [app.access_token(), signed.access_token()]
    assertions = [keyed.credentials["client_assertion"] for _ in range(2)]
    for assertion in assertions:
        form = keyed.credentials | {"client_assertion": assertion}
        keyed.ask(form)
        keyed.ask(form)  # replayed
        keyed.ask(form, client_secret="canary-secret")
    wrong = basic(app.consumer_key, "canary-basic")
    app.ask(headers=wrong)
    app.ask(headers=wrong, client_secret="canary-body", client_id=app.consumer_key)
    app.token(scope="bogus", password="canary-password", refresh_token="canary-refresh", code="canary-code")
    app.post("/services/oauth2/token", b"client_secret=canary-twice&client_secret=canary-twice")
    for token in tokens:
        app.introspect(token)
        app.introspect(token + "canary-token")
        app.me(token)
        app.revoke(token)
    held = dump(acme)
    canaries = [app.secret, signed.secret, *tokens, *assertions, "canary-", wrong["Authorization"].split()[1]]
    # A JWT or an assertion is recognised by its signature: its header and claims are nothing secret.
    canaries += [text.rpartition(".")[2] for text in (tokens[1], *assertions)]
    assert [canary for canary in canaries if canary in held] == []
    assert app.consumer_key in held  # or the dump would prove nothing
