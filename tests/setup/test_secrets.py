"""Consumer secrets: shown once, kept as digests, at most two alive, and rotated without a gap."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.setup.stage import DEVELOPER, Stage

from gatebridge.crypto import secrets
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.rotate_secret import AddSecret, NewSecret, RetireSecret, RotateSecret, add_secret, retire_secret, rotate_secret
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import credentials
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.schema import metadata


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def accepted(stage: Stage, made: CreatedApp, *values: secrets.Secret | None) -> list[bool]:
    """For each value, whether client authentication would take it at this moment."""
    with stage.database.reading() as tx:
        live = [kept for kept in FactsReader(tx).client(stage.org, made.app.consumer_key).secrets if kept.record.live(tx.now)]
    return [value is not None and any(kept.digest == secrets.digest(value.reveal()) for kept in live) for value in values]


def test_X_CA_11_a_rotation_has_no_gap_and_the_old_secret_ends_at_its_time(stage: Stage, made: CreatedApp) -> None:
    """Both are taken from the rotation on; the old one until its last microsecond, and never after."""
    end = stage.clock.now + timedelta(hours=24)
    new = stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
    assert [secret.expires_at for secret in new.ending] == [end]
    assert accepted(stage, made, made.secret, new.secret) == [True, True]
    stage.clock.now = end - timedelta(microseconds=1)
    assert accepted(stage, made, made.secret, new.secret) == [True, True]
    stage.clock.now = end
    assert accepted(stage, made, made.secret, new.secret) == [False, True]


def test_X_CA_11_rotation_after_rotation_leaves_no_pile(stage: Stage, made: CreatedApp) -> None:
    for _ in range(5):
        stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
        stage.clock.forward(hours=25)
    with stage.database.reading() as tx:
        kept = credentials.secrets_of(tx, stage.org.id, made.app.id)
        assert (len(kept), sum(secret.live(tx.now) for secret in kept)) == (6, 1)


def test_X_CA_11_a_third_live_secret_is_refused(stage: Stage, made: CreatedApp) -> None:
    stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
    for verb, command in ((rotate_secret, RotateSecret(made.app.id)), (add_secret, AddSecret(made.app.id, "Third"))):
        assert stage.refused(reasons.LIMIT_REACHED, verb, command, stage.dan).facts == {"limit": 2, "live": 2}


def test_more_than_two_are_allowed_when_asked_for_and_never_more_than_five(stage: Stage, made: CreatedApp) -> None:
    for number in range(4):
        stage.do(add_secret, AddSecret(made.app.id, f"More {number}", allow_more=True), stage.dan)
    refused = stage.refused(reasons.LIMIT_REACHED, add_secret, AddSecret(made.app.id, "Sixth", allow_more=True), stage.dan)
    assert refused.facts == {"limit": 5, "live": 5}


def test_a_secret_that_has_ended_makes_room(stage: Stage, made: CreatedApp) -> None:
    soon = stage.clock.now + timedelta(days=1)
    stage.do(add_secret, AddSecret(made.app.id, "Second", soon), stage.dan)
    stage.clock.now = soon
    stage.do(add_secret, AddSecret(made.app.id, "Third"), stage.dan)


def test_without_overlap_the_old_ones_are_over_at_once(stage: Stage, made: CreatedApp) -> None:
    second = stage.do(add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    new = stage.do(rotate_secret, RotateSecret(made.app.id, overlap_hours=0), stage.dan)
    assert accepted(stage, made, made.secret, second.secret, new.secret) == [False, False, True]


def test_one_of_two_can_be_rotated_alone(stage: Stage, made: CreatedApp) -> None:
    second = stage.do(add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    command = RotateSecret(made.app.id, second.record.id, overlap_hours=0)
    new = stage.do(rotate_secret, command, stage.dan)
    assert new.record.name == "Second"
    assert accepted(stage, made, made.secret, second.secret, new.secret) == [True, False, True]


def test_a_rotation_never_lengthens_a_life(stage: Stage) -> None:
    made = stage.app(secret_days=1)
    stage.clock.forward(hours=23)
    new = stage.do(rotate_secret, RotateSecret(made.app.id, overlap_hours=720), stage.dan)
    assert made.secret_record is not None
    assert [secret.expires_at for secret in new.ending] == [made.secret_record.expires_at]


@pytest.mark.parametrize("hours", [-1, 721])
def test_an_overlap_is_at_most_30_days(stage: Stage, made: CreatedApp, hours: int) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, rotate_secret, RotateSecret(made.app.id, overlap_hours=hours), stage.dan)
    assert stage.fields(refused) == {"overlap_hours"}


def test_a_retired_secret_is_refused_at_once_and_for_ever(stage: Stage, made: CreatedApp) -> None:
    assert made.secret_record is not None
    command = RetireSecret(made.app.id, made.secret_record.id)
    assert stage.do(retire_secret, command, stage.dan).retired_at == stage.clock.now
    assert accepted(stage, made, made.secret) == [False]
    stage.refused(reasons.STATE_CONFLICT, retire_secret, command, stage.dan)
    stage.refused(reasons.STATE_CONFLICT, rotate_secret, RotateSecret(made.app.id, made.secret_record.id), stage.dan)


@pytest.mark.parametrize(
    ("name", "days", "fields"),
    [
        pytest.param("", None, {"name"}, id="a secret has a name"),
        pytest.param("x" * 81, None, {"name"}, id="a name has at most 80 characters"),
        pytest.param("Late", 0, {"expires_at"}, id="a secret does not end before it begins"),
    ],
)
def test_what_a_secret_cannot_be(stage: Stage, made: CreatedApp, name: str, days: int | None, fields: set[str]) -> None:
    end = stage.clock.now + timedelta(days=days) if days is not None else None
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, add_secret, AddSecret(made.app.id, name, end), stage.dan)) == fields


@pytest.mark.parametrize("method", [ClientAuthMethod.NONE, ClientAuthMethod.PRIVATE_KEY_JWT])
def test_an_app_that_proves_itself_otherwise_gets_no_secret(stage: Stage, method: ClientAuthMethod) -> None:
    made = stage.app(auth_methods=frozenset({method}))
    stage.refused(reasons.STATE_CONFLICT, add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    stage.refused(reasons.STATE_CONFLICT, rotate_secret, RotateSecret(made.app.id), stage.dan)


def test_a_deleted_app_gets_no_secret_but_its_old_ones_can_be_retired(stage: Stage, made: CreatedApp) -> None:
    assert made.secret_record is not None
    stage.do(delete_app, DeleteApp(made.app.id, made.app.api_name, "not used"))
    stage.refused(reasons.STATE_CONFLICT, add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    stage.do(retire_secret, RetireSecret(made.app.id, made.secret_record.id), stage.dan)


def test_rotating_needs_its_own_right_and_the_app(stage: Stage, made: CreatedApp) -> None:
    """Owning is not enough, nor is the right alone, nor is managing apps."""
    command = RotateSecret(made.app.id)
    owner_without = replace(stage.dan, permissions=stage.dan.permissions - {Permission.ROTATE_CONSUMER_CREDENTIALS})
    manager_without = replace(stage.ada, permissions=stage.ada.permissions - {Permission.ROTATE_CONSUMER_CREDENTIALS})
    for actor in (owner_without, manager_without, stage.eve):
        stage.refused(reasons.PERMISSION_MISSING, rotate_secret, command, actor)
    stage.do(rotate_secret, command, stage.ada)


def test_X_AD_01_secrets_of_another_orgs_app_are_unknown(stage: Stage, made: CreatedApp) -> None:
    assert made.secret_record is not None
    stage.refused(reasons.RECORD_NOT_FOUND, add_secret, AddSecret(made.app.id, "Mine"), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, retire_secret, RetireSecret(made.app.id, made.secret_record.id), stage.otto)


def test_X_AD_07_a_secret_is_of_the_app_that_is_named_with_it(stage: Stage, made: CreatedApp) -> None:
    other = stage.app("Other_Job")
    assert made.secret_record is not None
    stage.refused(reasons.RECORD_NOT_FOUND, retire_secret, RetireSecret(other.app.id, made.secret_record.id), stage.dan)
    stage.refused(reasons.RECORD_NOT_FOUND, rotate_secret, RotateSecret(other.app.id, made.secret_record.id), stage.dan)


def test_the_audit_trail_tells_of_creation_rotation_and_retirement(stage: Stage, made: CreatedApp) -> None:
    new: NewSecret = stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
    stage.do(retire_secret, RetireSecret(made.app.id, new.record.id), stage.dan)
    assert [line.event for line in stage.audit()[:3]] == [Event.SECRET_RETIRED, Event.SECRET_ROTATED, Event.SECRET_CREATED]
    assert made.secret_record is not None
    ends = {change["field"]: change["after"] for change in stage.audit()[1].changes}
    assert datetime.fromisoformat(str(ends[f"ends.{made.secret_record.hint}"])) == stage.clock.now + timedelta(hours=24)


def test_X_SX_01_no_secret_is_anywhere_in_the_database(stage: Stage, made: CreatedApp) -> None:
    """Every cell of every table is searched for the random part of each secret; the digest is found, so the search finds."""
    added = stage.do(add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    rotated = stage.do(rotate_secret, RotateSecret(made.app.id, overlap_hours=0), stage.dan)
    with stage.database.snapshot() as tx:
        cells = [
            bytes(cell) if isinstance(cell, (bytes, memoryview)) else repr(cell).encode()
            for table in metadata.sorted_tables
            for row in tx.connection.execute(sa.select(table))
            for cell in row
        ]
    dump = b"\n".join(cells)
    for shown in (made.secret, added.secret, rotated.secret):
        assert shown is not None
        assert shown.reveal()[4:20].encode() not in dump
        assert not re.search(re.escape(shown.reveal()[-16:-4].encode()), dump)
        assert secrets.digest(shown.reveal()) in dump


def test_X_CA_11_a_secret_shows_itself_to_nobody_by_accident(stage: Stage, made: CreatedApp) -> None:
    new = stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
    assert new.secret.reveal() not in f"{new} {new.secret} {new.secret!r}"
    with stage.database.reading() as tx:
        assert new.secret.reveal() not in repr(credentials.secrets_of(tx, stage.org.id, made.app.id))


@pytest.mark.parametrize("administers", [False, True])
def test_X_AD_04_who_makes_a_way_in_for_an_app_that_is_not_the_own_holds_what_it_may_do(
    stage: Stage, made: CreatedApp, administers: bool
) -> None:
    """Else whoever manages apps would take the power of any of them: by a secret, by a key, or by becoming its owner."""
    stage.do(
        edit_policies, EditPolicies(made.app.id, run_as_user_id=None if administers else stage.ada.user_id, may_administer=administers)
    )
    manager = replace(stage.eve, permissions=DEVELOPER | {Permission.MANAGE_CONNECTED_APPS, Permission.ROTATE_CONSUMER_CREDENTIALS})
    reason = reasons.PERMISSION_MISSING if administers else reasons.RIGHT_BEYOND_OWN
    for verb, command in (
        (add_secret, AddSecret(made.app.id, "Mine")),
        (rotate_secret, RotateSecret(made.app.id)),
        (add_certificate, AddCertificate(made.app.id, "Mine", "")),
        (transfer_ownership, TransferOwnership(made.app.id, owner_id=str(stage.eve.user_id))),
    ):
        stage.refused(reason, verb, command, manager)
    # To end a credential takes no such power, and its owner was given the power with the app.
    stage.do(rotate_secret, RotateSecret(made.app.id), stage.dan)
    assert made.secret_record is not None
    stage.do(retire_secret, RetireSecret(made.app.id, made.secret_record.id), manager)
