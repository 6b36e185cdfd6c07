"""Beginning and ending runs of Try it: who may, what credential is made and told to the audit trail, and that all of it ends."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.oauth.client_keys import client_key
from tests.setup.stage import Stage

from gatebridge.crypto import secrets
from gatebridge.delivery.file import HeadsFile
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.reasons import bearer
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.tries import Expected, Kept, Try, Wrong
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.end_try import EndTry, end_overdue, end_try
from gatebridge.setup.rotate_secret import RotateSecret, rotate_secret
from gatebridge.setup.try_flow import StartTry, start_try
from gatebridge.storage import credentials, tries
from gatebridge.worker import Worker

JOB = frozenset({Flow.CLIENT_CREDENTIALS})
BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app(flows=JOB)


def begun(stage: Stage, made: CreatedApp, flow: Flow = Flow.CLIENT_CREDENTIALS) -> tuple[Try, Kept]:
    run = stage.do(start_try, StartTry(made.app.id, flow), stage.dan)
    found = stage.read(lambda tx: tries.by_id(tx, stage.org.id, run.id))
    assert found is not None
    assert found[1] is not None
    return run, found[1]


def told(stage: Stage) -> list[str]:
    return [line.event.removeprefix("setup:") for line in stage.audit()]


def test_a_run_makes_a_secret_of_ten_minutes_and_tells_both_to_the_audit_trail(stage: Stage, made: CreatedApp) -> None:
    run, kept = begun(stage, made)
    secret = stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id))[0]
    assert (secret.id, secret.name, secret.try_id) == (kept.secret_id, "Try it", run.id)
    assert secret.expires_at == run.expires_at == stage.clock.now + timedelta(minutes=10)
    assert secrets.looks_right(secrets.Kind.CONSUMER_SECRET, kept.secret)
    assert told(stage)[:2] == ["try:started", "secret:created"]
    line = stage.audit()[0]
    assert (line.target_id, line.group_id, line.actor_id) == (run.id, run.id, stage.dan.user_id)
    assert kept.secret not in str(line.changes)


def test_an_app_that_signs_gets_a_key_whose_certificate_is_not_counted(stage: Stage) -> None:
    keyed = stage.app("Keyed_Job", flows=JOB, auth_methods=BY_KEY)
    run, kept = begun(stage, keyed)
    (certificate,) = stage.read(lambda tx: credentials.certificates_of(tx, stage.org.id, keyed.app.id))
    assert (certificate.id, certificate.try_id, certificate.not_after) == (kept.certificate_id, run.id, run.expires_at)
    assert (kept.secret, kept.kid) == ("", certificate.fingerprint)
    for number in range(1, 5):
        upload = client_key("ES256", number).upload
        stage.do(add_certificate, AddCertificate(keyed.app.id, f"Key {number}", upload))
    assert told(stage).count("certificate:added") == 5


def test_a_public_app_gets_no_credential(stage: Stage) -> None:
    public = stage.app(
        "Public_App",
        flows=frozenset({Flow.WEB_SERVER}),
        callbacks=("https://app.example/callback",),
        auth_methods=frozenset({ClientAuthMethod.NONE}),
    )
    _, kept = begun(stage, public, Flow.WEB_SERVER)
    assert (kept.secret_id, kept.certificate_id) == ("", "")
    assert kept.subject_id == stage.dan.user_id, "whoever tries is who approves"


def test_ending_a_run_retires_its_credential_and_forgets_what_it_kept(stage: Stage, made: CreatedApp) -> None:
    run, kept = begun(stage, made)
    ended = stage.do(end_try, EndTry(run.id), stage.dan)
    assert (ended.credentials, ended.run.ended_at) == (1, stage.clock.now)
    assert told(stage)[:2] == ["try:ended", "secret:retired"]
    found = stage.read(lambda tx: tries.by_id(tx, stage.org.id, run.id))
    assert found is not None
    assert found[1] is None
    before = len(stage.audit())
    assert stage.do(end_try, EndTry(run.id), stage.dan).credentials == 0
    assert len(stage.audit()) == before, "ending it again is told to nobody"
    retired = stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id))[0]
    assert (retired.id, retired.retired_at) == (kept.secret_id, stage.clock.now)


def test_the_house_ends_what_is_overdue_of_several_runs_at_once(stage: Stage, made: CreatedApp) -> None:
    runs = [begun(stage, made)[0] for _ in range(3)]
    stage.clock.forward(minutes=9)
    with stage.database.transaction() as tx:
        assert end_overdue(tx, stage.org.id, 10) == 0
    stage.clock.forward(minutes=1)
    with stage.database.transaction() as tx:
        assert end_overdue(tx, stage.other.id, 10) == 0
        assert end_overdue(tx, stage.org.id, 10) == 3
    lines = [line for line in stage.audit() if line.event == "setup:try:ended"]
    assert {line.target_id for line in lines} == {run.id for run in runs}
    assert {line.actor_kind for line in lines} == {"house"}


def test_the_clock_of_the_house_ends_what_is_overdue_and_later_forgets_it(stage: Stage, made: CreatedApp, tmp_path: Path) -> None:
    run, _ = begun(stage, made)
    worker = Worker(stage.database, {"audit_head": HeadsFile(tmp_path / "heads.log")}, random=os.urandom)
    for forward, secrets_left, kept in (({"minutes": 11}, 2, True), ({"days": 2}, 1, True), ({"days": 181}, 1, False)):
        stage.clock.forward(**forward)
        worker.run_once()
        assert len(stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id))) == secrets_left
        found = stage.read(lambda tx: tries.by_id(tx, stage.org.id, run.id))
        assert (found is not None and found[0].ended_at is not None) is kept


def test_a_rotation_leaves_the_secret_of_a_run_alone(stage: Stage, made: CreatedApp) -> None:
    _, kept = begun(stage, made)
    rotated = stage.do(rotate_secret, RotateSecret(made.app.id, overlap_hours=0))
    assert [each.name for each in rotated.ending] == ["First secret"]
    stage.refused(reasons.STATE_CONFLICT, rotate_secret, RotateSecret(made.app.id, kept.secret_id))


def test_it_takes_the_right_to_rotate_credentials_and_the_app_to_be_ones_own(stage: Stage, made: CreatedApp) -> None:
    command = StartTry(made.app.id, Flow.CLIENT_CREDENTIALS)
    stage.refused(reasons.PERMISSION_MISSING, start_try, command, stage.sam)
    stage.refused(reasons.PERMISSION_MISSING, start_try, command, stage.eve)
    stage.refused(reasons.RECORD_NOT_FOUND, start_try, command, stage.otto)
    assert stage.do(start_try, command, stage.ada).user_id == stage.ada.user_id


def test_who_signed_in_long_ago_signs_in_again_first(stage: Stage, made: CreatedApp) -> None:
    stale = replace(stage.dan, authenticated_at=stage.clock.now - timedelta(hours=2), fresh_for=timedelta(hours=1))
    stage.refused(bearer.REAUTHENTICATION_NEEDED, start_try, StartTry(made.app.id, Flow.CLIENT_CREDENTIALS), stale)


def test_another_persons_run_is_as_if_it_did_not_exist_unless_one_manages_apps(stage: Stage, made: CreatedApp) -> None:
    run, _ = begun(stage, made)
    stage.refused(reasons.RECORD_NOT_FOUND, end_try, EndTry(run.id), stage.eve)
    stage.refused(reasons.RECORD_NOT_FOUND, end_try, EndTry(run.id), stage.otto)
    stage.refused(reasons.PERMISSION_MISSING, end_try, EndTry(run.id), stage.sam)
    assert stage.do(end_try, EndTry(run.id), stage.ada).credentials == 1


def test_a_deleted_app_is_not_tried(stage: Stage, made: CreatedApp) -> None:
    stage.do(delete_app, DeleteApp(made.app.id, made.app.api_name, "Nobody needs it."))
    stage.refused(reasons.STATE_CONFLICT, start_try, StartTry(made.app.id, Flow.CLIENT_CREDENTIALS))


def test_what_cannot_be_tried_is_told_at_its_field_and_makes_no_credential(stage: Stage, made: CreatedApp) -> None:
    for command, field in (
        (StartTry(made.app.id, Flow.JWT_BEARER), "flow"),
        (StartTry(made.app.id, Flow.CLIENT_CREDENTIALS, wrong=Wrong.SECRET), "wrong"),
        (StartTry(made.app.id, Flow.CLIENT_CREDENTIALS, Expected.REFUSAL, Wrong.KEY), "wrong"),
        (StartTry(made.app.id, Flow.CLIENT_CREDENTIALS, user="ada"), "user"),
    ):
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, start_try, command)) == {field}
    assert len(stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id))) == 1


def test_five_runs_of_an_app_are_enough(stage: Stage, made: CreatedApp) -> None:
    for _ in range(5):
        begun(stage, made)
    stage.refused(reasons.LIMIT_REACHED, start_try, StartTry(made.app.id, Flow.CLIENT_CREDENTIALS))
    stage.clock.forward(minutes=10)
    begun(stage, made)


def test_what_was_made_for_a_run_is_forgotten_with_the_usage_that_was_counted_for_it(stage: Stage, made: CreatedApp) -> None:
    run, _ = begun(stage, made)
    stage.do(end_try, EndTry(run.id), stage.dan)
    stage.clock.forward(days=2)
    with stage.database.transaction() as tx:
        assert tries.forget_credentials(tx, stage.other.id, tx.now, 10) == 0
        assert tries.forget_credentials(tx, stage.org.id, tx.now - timedelta(days=1), 10) == 1
        assert [each.name for each in credentials.secrets_of(tx, stage.org.id, made.app.id)] == ["First secret"]
        assert tries.forget_credentials(tx, stage.org.id, tx.now, 10) == 0
