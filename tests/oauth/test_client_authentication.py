"""Who calls: secrets in the header and in the body, one way at a time, and one answer for every way of not being believed."""

import base64
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from tests.oauth.client_keys import client_key
from tests.oauth.door import basic
from tests.oauth.tenants import Client, Tenant, compared

from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.reasons import Refused
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.rotate_secret import AddSecret, RetireSecret, RotateSecret, add_secret, retire_secret, rotate_secret
from gatebridge.storage import apps, credentials

PUBLIC = frozenset({ClientAuthMethod.NONE})


def raw_basic(pair: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def on_the_wire(answer: httpx.Response) -> tuple[int, dict[str, str], list[tuple[str, str]]]:
    """Everything that an answer says but the id of its receipt, which is another each time."""
    body = answer.json()
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in ("x-gatebridge-receipt", "x-operation-id"))
    return answer.status_code, body | {"error_uri": body["error_uri"].partition("?")[0]}, headers


# --- The secret ----------------------------------------------------------------------------------------------------------


def test_std_CA_03_the_secret_is_taken_from_a_basic_header(acme: Tenant) -> None:
    app = acme.app()
    answer = app.ask(headers=basic(app.consumer_key, app.secret))
    assert answer.status_code == 200
    assert acme.receipt(answer).auth_method == "client_secret_basic"


def test_std_CA_04_the_secret_is_taken_from_the_body(acme: Tenant) -> None:
    app = acme.app()
    answer = app.ask(client_id=app.consumer_key, client_secret=app.secret)
    assert answer.status_code == 200
    assert acme.receipt(answer).auth_method == "client_secret_post"


def test_std_CA_03_key_and_secret_are_form_decoded_after_base64(acme: Tenant) -> None:
    app = acme.app()
    encoded = "".join(f"%{byte:02X}" for byte in app.secret.encode())
    assert app.ask(headers=raw_basic(f"{app.consumer_key}:{encoded}".encode())).status_code == 200


@pytest.mark.parametrize("secret", ["a:b", "50%", "a+b c", "käse", "%3A"])
def test_std_CA_03_a_secret_with_awkward_characters_arrives_as_it_was_meant(acme: Tenant, secret: str) -> None:
    app = acme.app()
    answer = app.ask(headers=basic(app.consumer_key, secret))
    # Such a secret is never made here; what arrives is seen by the checksum, which calls it damaged and not malformed.
    assert acme.true_cause(answer) == "secret_mistyped"


MALFORMED_HEADERS = [
    pytest.param("Basic", id="nothing after the word"),
    pytest.param("Basic !!!", id="no base64"),
    pytest.param("Basic " + base64.b64encode(b"no colon").decode(), id="no colon"),
    pytest.param("Basic " + base64.b64encode(b":secret").decode(), id="no key"),
    pytest.param("Basic " + base64.b64encode(b"key:").decode(), id="no secret"),
    pytest.param("Basic " + base64.b64encode(b"k\xff:s").decode(), id="no UTF-8"),
    pytest.param("Basic " + base64.b64encode(b"k%FF:s").decode(), id="no UTF-8 behind the percent sign"),
    pytest.param("Basic " + base64.b64encode(b"k%00:s").decode(), id="a NUL"),
    pytest.param("Bearer abc", id="another scheme"),
]


@pytest.mark.parametrize("header", MALFORMED_HEADERS)
def test_std_CA_02_a_malformed_basic_header_is_invalid_client_with_a_challenge(acme: Tenant, header: str) -> None:
    answer = acme.app().ask(headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert acme.true_cause(answer) == "basic_header_malformed"


def test_std_CA_02_a_failure_in_the_body_is_401_too_and_names_a_scheme(acme: Tenant) -> None:
    app = acme.app()
    answer = app.ask(client_id=app.consumer_key, client_secret="wrong")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_std_CA_02_the_challenge_can_be_read_whatever_the_org_calls_itself(acme: Tenant) -> None:
    app = acme.app()
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(name='The "Best" \\ Zoë & Söhne'))
    for answer in (app.ask(headers=basic(app.consumer_key, "wrong")), app.ask(client_id=app.consumer_key, client_secret="wrong")):
        assert answer.headers["www-authenticate"] == f'Basic realm="{acme.org.host}"'


# --- One way at a time ---------------------------------------------------------------------------------------------------


def test_X_CA_02_std_CA_01_two_ways_at_once_are_refused_even_when_both_are_right(acme: Tenant) -> None:
    app = acme.app()
    keyed = acme.app("Keyed", key=client_key())
    in_header, in_body = basic(app.consumer_key, app.secret), {"client_id": app.consumer_key, "client_secret": app.secret}
    for headers, form in ((in_header, in_body), (in_header, keyed.credentials), ({}, in_body | keyed.credentials)):
        answer = app.ask(form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert acme.true_cause(answer) == "client_methods_several"


def test_std_CA_05_a_client_id_that_disagrees_with_the_header_is_invalid_client(acme: Tenant) -> None:
    app, other = acme.app(), acme.app("Other")
    answer = app.ask(headers=basic(app.consumer_key, app.secret), client_id=other.consumer_key)
    assert (answer.json()["error"], acme.true_cause(answer)) == ("invalid_client", "client_id_conflict")


def test_std_CA_05_a_client_id_that_agrees_with_the_header_is_fine(acme: Tenant) -> None:
    app = acme.app()
    assert app.ask(headers=basic(app.consumer_key, app.secret), client_id=app.consumer_key).status_code == 200


def test_std_CA_04_only_the_registered_method_works(acme: Tenant) -> None:
    app = acme.app(auth_methods=frozenset({ClientAuthMethod.SECRET_BASIC}))
    answer = app.ask(client_id=app.consumer_key, client_secret=app.secret)
    assert (answer.status_code, acme.true_cause(answer)) == (401, "client_method_not_registered")
    assert compared(acme.receipt(answer))["client authentication"]["registered"] == "client_secret_basic"
    assert app.ask(headers=basic(app.consumer_key, app.secret)).status_code == 200


def test_X_CA_04_std_CA_07_a_confidential_app_cannot_pass_for_a_public_one(acme: Tenant) -> None:
    app = acme.app()
    for form in ({"client_id": app.consumer_key}, {"client_id": app.consumer_key, "client_secret": ""}):
        answer = app.ask(form)
        assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", "client_proof_missing")


def test_std_CA_06_a_secret_sent_by_a_public_app_is_invalid_client(acme: Tenant) -> None:
    app = acme.app(auth_methods=PUBLIC, flows=frozenset(), open_for_use=False)
    answer = app.ask(client_id=app.consumer_key, client_secret="gbs_anything")
    assert (answer.status_code, acme.true_cause(answer)) == (401, "client_public_sent_secret")


def test_std_CC_01_a_public_app_cannot_act_as_itself(acme: Tenant) -> None:
    """Nobody can save such an app; and where one were stored all the same, it would get nothing."""
    app = acme.app()
    with pytest.raises(Refused), acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(app.id, auth_methods=PUBLIC))
    with acme.standing.database.transaction() as tx:
        settings = apps.settings_of(tx, acme.org.id, app.id)
        assert settings is not None
        assert apps.update_settings(tx, acme.org.id, replace(settings, auth_methods=PUBLIC))
    answer = app.ask(client_id=app.consumer_key)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert acme.true_cause(answer) == "client_not_confidential"


def test_nobody_at_all_is_invalid_client(acme: Tenant) -> None:
    answer = acme.app().ask()
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", "client_missing")


# --- One answer for strangers --------------------------------------------------------------------------------------------


def test_X_CA_01_std_CA_18_unknown_wrong_blocked_and_deleted_are_one_answer_byte_for_byte(acme: Tenant) -> None:
    wrong, blocked, deleted, retired = (acme.app(label) for label in ("Wrong", "Blocked", "Deleted", "Retired"))
    unknown = Client(wrong.door, wrong.issuer, "", "", "gbk_nobody", wrong.secret)
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(blocked.id, "It sends spam."))
        delete_app(tx, acme.admin, DeleteApp(deleted.id, "Deleted", "Nobody needs it."))
        (secret,) = credentials.secrets_of(tx, acme.org.id, retired.id)
        retire_secret(tx, acme.admin, RetireSecret(retired.id, secret.id))
    answers = {
        "client_unknown": unknown.token(),
        "secret_mistyped": wrong.token(client_secret="wrong"),
        "secret_wrong": wrong.token(client_secret=blocked.secret),
        "secret_retired": retired.token(),
        "app_blocked": blocked.token(),
        "app_deleted": deleted.token(),
        "client_proof_missing": wrong.ask(client_id=wrong.consumer_key),
    }
    assert len({str(on_the_wire(answer)) for answer in answers.values()}) == 1
    assert {cause: acme.true_cause(answer) for cause, answer in answers.items()} == {cause: cause for cause in answers}


def test_X_CA_01_an_unknown_client_is_compared_all_the_same(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatebridge.crypto import secrets

    comparisons: list[tuple[bytes, bytes]] = []

    def noted(a: bytes, b: bytes) -> bool:
        comparisons.append((a, b))
        return a == b

    monkeypatch.setattr(secrets, "same", noted)
    acme.app().ask(client_id="gbk_nobody", client_secret="anything")
    assert len(comparisons) == 1


def test_salesforce_tells_an_unknown_key_from_a_wrong_secret_as_its_clients_expect(acme: Tenant) -> None:
    app = acme.app(dialect=Dialect.SALESFORCE)
    answer = app.token(client_secret="wrong")
    assert (answer.status_code, answer.json()["error"], answer.json()["error_description"]) == (
        400,
        "invalid_client",
        "invalid client credentials",
    )
    assert "www-authenticate" not in answer.headers


# --- Rotation ------------------------------------------------------------------------------------------------------------


def test_X_CA_11_std_CA_17_both_secrets_work_during_the_overlap_and_the_old_one_ends_at_its_time(acme: Tenant) -> None:
    app, clock = acme.app(), acme.standing.clock
    with acme.standing.database.transaction() as tx:
        made = rotate_secret(tx, acme.admin, RotateSecret(app.id, overlap_hours=24))
    new = made.secret.reveal()
    old_credential, new_credential = acme.receipt(app.token()).credential_id, acme.receipt(app.token(client_secret=new)).credential_id
    assert (old_credential, new_credential) == (made.ending[0].id, made.record.id)
    clock.now = clock.now + timedelta(hours=24) - timedelta(microseconds=1)
    assert app.token().status_code == 200
    clock.now += timedelta(microseconds=1)
    late = app.token()
    assert (late.status_code, acme.true_cause(late)) == (401, "secret_expired")
    assert app.token(client_secret=new).status_code == 200


def test_X_CA_11_a_secret_retired_at_once_is_dead_at_the_next_request(acme: Tenant) -> None:
    app = acme.app()
    with acme.standing.database.transaction() as tx:
        second = add_secret(tx, acme.admin, AddSecret(app.id, "Second"))
        retire_secret(tx, acme.admin, RetireSecret(app.id, second.record.id))
    answer = app.token(client_secret=second.secret.reveal())
    assert acme.true_cause(answer) == "secret_retired"
    assert app.token().status_code == 200
