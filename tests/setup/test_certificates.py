"""The certificates of an app: the public half only, one key once, at most four alive."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.setup.stage import Clock, Stage

from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.add_certificate import (
    NO_END,
    AddCertificate,
    ReportExposedKey,
    RetireCertificate,
    add_certificate,
    report_exposed_key,
    retire_certificate,
)
from gatebridge.setup.create_app import CreatedApp
from gatebridge.storage import credentials

NOW = Clock().now
PEM = serialization.Encoding.PEM


@cache
def private(number: int, bits: int) -> Any:
    """The private key of this number: P-256, or RSA of so many bits."""
    return rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())


def certificate(number: int, bits: int = 0, *, begins: int = -1, ends: int = 365) -> str:
    """A certificate of the key of this number, valid from so many days to so many days from now."""
    key = private(number, bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"job {number}")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(days=begins)).not_valid_after(NOW + timedelta(days=ends))
    return builder.sign(key, hashes.SHA256()).public_bytes(PEM).decode()


def private_pem(number: int) -> str:
    key = private(number, 0)
    return str(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())


def jwk(number: int, **more: str) -> str:
    numbers = private(number, 0).public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(part.to_bytes(32)).decode().rstrip("=") for part in (numbers.x, numbers.y))
    return json.dumps({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "key of the job"} | more)


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app(auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}))


def add(stage: Stage, made: CreatedApp, upload: str, name: str = "Signing") -> Any:
    return stage.do(add_certificate, AddCertificate(made.app.id, name, upload), stage.dan)


def test_a_certificate_is_registered_with_what_it_says(stage: Stage, made: CreatedApp) -> None:
    added = add(stage, made, certificate(1))
    assert stage.read(lambda tx: credentials.certificates_of(tx, stage.org.id, made.app.id)) == [added]
    assert (added.name, added.subject, added.key_type, added.algorithms) == ("Signing", "CN=job 1", "EC P-256", ("ES256",))
    assert added.not_after == NOW + timedelta(days=365)
    assert stage.audit()[0].event == Event.CERTIFICATE_ADDED


def test_a_public_jwk_is_registered_without_an_end(stage: Stage, made: CreatedApp) -> None:
    added = add(stage, made, jwk(1))
    assert (added.subject, added.not_before, added.not_after) == ("key of the job", NOW, NO_END)
    assert added.live(NOW)
    assert stage.read(lambda tx: credentials.certificates_of(tx, stage.org.id, made.app.id)) == [added]


def test_a_successor_can_be_registered_ahead(stage: Stage, made: CreatedApp) -> None:
    added = add(stage, made, certificate(1, begins=1))
    assert not added.live(NOW)
    assert added.live(NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        pytest.param(lambda: private_pem(1), reasons.CERTIFICATE_HAS_PRIVATE_KEY, id="a private key"),
        pytest.param(lambda: certificate(1) + private_pem(1), reasons.CERTIFICATE_HAS_PRIVATE_KEY, id="a private key beside a good one"),
        pytest.param(lambda: jwk(1, d="AA"), reasons.CERTIFICATE_HAS_PRIVATE_KEY, id="a private JWK"),
        pytest.param(lambda: certificate(1) + certificate(2), reasons.CERTIFICATE_UNREADABLE, id="two certificates"),
        pytest.param(lambda: "certificate", reasons.CERTIFICATE_UNREADABLE, id="rubbish"),
        pytest.param(lambda: "", reasons.CERTIFICATE_UNREADABLE, id="nothing"),
        pytest.param(lambda: "x" * 10_000, reasons.CERTIFICATE_UNREADABLE, id="too much"),
        pytest.param(lambda: certificate(1, 1024), reasons.CERTIFICATE_WEAK, id="a weak key"),
        pytest.param(lambda: certificate(1, begins=-9, ends=0), reasons.CERTIFICATE_OUT_OF_DATE, id="one that has ended"),
    ],
)
def test_X_JB_09_an_upload_that_is_no_good_certificate_is_refused(stage: Stage, made: CreatedApp, upload: Any, reason: Reason) -> None:
    refused = stage.refused(reason, add_certificate, AddCertificate(made.app.id, "Signing", upload()), stage.dan)
    assert stage.fields(refused) == {"upload"}
    assert stage.read(lambda tx: credentials.certificates_of(tx, stage.org.id, made.app.id)) == []


def test_X_JB_09_a_private_key_that_was_sent_is_told_as_compromised_and_kept_nowhere(stage: Stage, made: CreatedApp) -> None:
    refused = stage.refused(
        reasons.CERTIFICATE_HAS_PRIVATE_KEY, add_certificate, AddCertificate(made.app.id, "Signing", private_pem(1)), stage.dan
    )
    assert "compromised" in str(refused.detail)
    stage.do(report_exposed_key, ReportExposedKey(made.app.id, "Signing"), stage.dan)
    line = stage.audit()[0]
    assert (line.event, line.actor_id, line.target_name) == (Event.CERTIFICATE_KEY_EXPOSED, stage.dan.user_id, "Signing of Nightly Job")
    assert "compromised" in str(line.changes)
    body = private_pem(1).splitlines()[1]
    assert body not in repr((refused.detail, refused.fields, refused.facts, stage.audit()))


def test_only_who_may_add_certificates_reports_an_exposed_key(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.PERMISSION_MISSING, report_exposed_key, ReportExposedKey(made.app.id, "Signing"), stage.eve)
    stage.refused(reasons.RECORD_NOT_FOUND, report_exposed_key, ReportExposedKey(made.app.id, "Signing"), stage.otto)


def test_one_key_is_registered_once_whatever_is_around_it(stage: Stage, made: CreatedApp) -> None:
    upload = certificate(1)
    added = add(stage, made, upload)
    for again in (upload, certificate(1), jwk(1)):
        stage.refused(reasons.CERTIFICATE_DUPLICATE, add_certificate, AddCertificate(made.app.id, "Again", again), stage.dan)
    stage.do(retire_certificate, RetireCertificate(made.app.id, added.id), stage.dan)
    stage.refused(reasons.CERTIFICATE_DUPLICATE, add_certificate, AddCertificate(made.app.id, "Again", upload), stage.dan)


def test_two_apps_may_have_one_key(stage: Stage, made: CreatedApp) -> None:
    upload = certificate(1)
    add(stage, made, upload)
    add(stage, stage.app("Other_Job"), upload)


def test_at_most_four_certificates_are_alive(stage: Stage, made: CreatedApp) -> None:
    first = add(stage, made, certificate(1, begins=1))  # one that is still to come counts too
    for number in (2, 3, 4):
        add(stage, made, certificate(number))
    fifth = AddCertificate(made.app.id, "Fifth", certificate(5))
    assert stage.refused(reasons.LIMIT_REACHED, add_certificate, fifth, stage.dan).facts == {"limit": 4, "live": 4}
    stage.do(retire_certificate, RetireCertificate(made.app.id, first.id), stage.dan)
    stage.do(add_certificate, fifth, stage.dan)


def test_a_certificate_that_has_ended_makes_room(stage: Stage, made: CreatedApp) -> None:
    for number in (1, 2, 3, 4):
        add(stage, made, certificate(number, ends=10))
    stage.clock.forward(days=10)
    add(stage, made, certificate(5))


def test_a_retired_certificate_is_over_at_once_and_for_ever(stage: Stage, made: CreatedApp) -> None:
    command = RetireCertificate(made.app.id, add(stage, made, certificate(1)).id)
    retired = stage.do(retire_certificate, command, stage.dan)
    assert not retired.live(stage.clock.now)
    assert stage.read(lambda tx: credentials.certificates_of(tx, stage.org.id, made.app.id)) == [retired]
    assert stage.audit()[0].event == Event.CERTIFICATE_RETIRED
    stage.refused(reasons.STATE_CONFLICT, retire_certificate, command, stage.dan)


def test_a_certificate_has_a_name(stage: Stage, made: CreatedApp) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, add_certificate, AddCertificate(made.app.id, "", certificate(1)), stage.dan)
    assert stage.fields(refused) == {"name"}


def test_certificates_need_their_own_right_and_the_app(stage: Stage, made: CreatedApp) -> None:
    command = AddCertificate(made.app.id, "Signing", certificate(1))
    without = replace(stage.dan, permissions=stage.dan.permissions - {Permission.ROTATE_CONSUMER_CREDENTIALS})
    for actor in (without, stage.eve):
        stage.refused(reasons.PERMISSION_MISSING, add_certificate, command, actor)


def test_X_AD_01_certificates_of_another_orgs_app_are_unknown(stage: Stage, made: CreatedApp) -> None:
    added = add(stage, made, certificate(1))
    stage.refused(reasons.RECORD_NOT_FOUND, add_certificate, AddCertificate(made.app.id, "Mine", certificate(2)), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, retire_certificate, RetireCertificate(made.app.id, added.id), stage.otto)


def test_X_AD_07_a_certificate_is_of_the_app_that_is_named_with_it(stage: Stage, made: CreatedApp) -> None:
    added = add(stage, made, certificate(1))
    other = stage.app("Other_Job")
    stage.refused(reasons.RECORD_NOT_FOUND, retire_certificate, RetireCertificate(other.app.id, added.id), stage.dan)
