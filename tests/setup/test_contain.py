"""Containing an app: held, emptied and told in one act; what is whose to end; and what of it can be left out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.setup.mail import mails
from tests.setup.stage import Stage, add_person
from tests.setup.test_certificates import certificate

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.contain_app import ContainApp, Contained, contain_app, containable
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.rotate_secret import AddSecret, add_secret
from gatebridge.storage import apps, credentials, installations, revocations

WHY = "Its vendor was broken into"


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    """An app of Dan's with two secrets and a certificate."""
    made = stage.app()
    stage.do(add_secret, AddSecret(made.app.id, "Second"), stage.dan)
    stage.do(add_certificate, AddCertificate(made.app.id, "Signing", certificate(1)), stage.dan)
    return made


def alive(stage: Stage, made: CreatedApp) -> list[str]:
    """The names of its credentials that live."""
    secrets = stage.read(lambda tx: credentials.secrets_of(tx, made.app.org_id, made.app.id))
    certificates = stage.read(lambda tx: credentials.certificates_of(tx, made.app.org_id, made.app.id))
    now = stage.clock.now
    return [*(each.name for each in secrets if each.live(now)), *(each.name for each in certificates if each.live(now))]


def held(stage: Stage, made: CreatedApp, org_id: str | None = None) -> bool:
    found = stage.read(lambda tx: installations.by_app(tx, org_id or stage.org.id, made.app.id))
    return found is not None and found.blocked_at is not None


def contain(stage: Stage, made: CreatedApp, actor: Actor | None = None, **said: bool) -> Contained:
    return stage.do(contain_app, ContainApp(made.app.id, f" {WHY} ", **said), actor)


def test_it_is_held_and_emptied_and_each_part_stands_in_the_trail(stage: Stage, made: CreatedApp) -> None:
    lines = len(stage.audit())
    done = contain(stage, made)
    assert (held(stage, made), alive(stage, made)) == (True, [])
    assert (set(done.secrets), done.certificates) == ({"First secret", "Second"}, ("Signing",))
    entry = stage.read(lambda tx: revocations.since(tx, stage.org.id, 0, 10))[-1]
    assert (entry.kind, entry.app_id) == ("app", made.app.id)
    told, *parts = stage.audit()[: len(stage.audit()) - lines]
    assert [each.event for each in reversed(parts)] == [
        *(Event.APP_BLOCKED, Event.SECRET_RETIRED, Event.SECRET_RETIRED),
        Event.CERTIFICATE_RETIRED,
    ]
    assert (told.event, told.reason, told.target_id) == (Event.APP_CONTAINED, WHY, made.app.id)
    assert {str(each["field"]): each["after"] for each in told.changes} == {
        "live_token_count": 0,
        "user_count": 0,
        "ended_secret_count": 2,
        "ended_certificate_count": 1,
        "told": list(done.told),
    }


def test_what_would_be_done_is_what_is_done(stage: Stage, made: CreatedApp) -> None:
    foreseen = stage.read(lambda tx: containable(tx, stage.ada, made.app.id))
    done = contain(stage, made)
    assert (*(each.name for each in foreseen.secrets),) == done.secrets
    assert (*(each.name for each in foreseen.certificates),) == done.certificates
    assert foreseen.told == done.told
    empty = stage.read(lambda tx: containable(tx, stage.ada, made.app.id))
    assert (empty.secrets, empty.certificates) == ((), ())


def test_owners_and_admins_are_told_with_the_reason_and_the_contact_without_it(stage: Stage) -> None:
    made = stage.app(actor=stage.eve, backup_owner_id=stage.dan.user_id, owner_id=stage.eve.user_id)
    with stage.database.transaction() as tx:
        add_person(tx, stage.org, "mia", frozenset({Permission.MANAGE_CONNECTED_APPS}))
        edited = replace(made.app, contact_email="SOC@vendor.example")
        assert apps.update(tx, edited)
    done = contain(stage, made)
    sent = {each["to"]: each for each in mails(stage)}
    assert set(done.told) == set(sent) == {"eve@acme.example", "dan@acme.example", "mia@acme.example", "SOC@vendor.example"}
    for to, because in (("eve", "you own the app"), ("dan", "you own the app"), ("mia", "you manage the connected apps of Acme")):
        text = sent[f"{to}@acme.example"]["text"]
        assert (f"> {WHY}" in text, because in text, "0 live tokens of 0 users" in text) == (True, True, True)
        page = f"https://acme.localhost/setup/apps/{long(made.app.id)}"
        assert f"  {page}{'/contain' if to == 'mia' else ''}\n" in text, "the page is one that opens for them"
    contact = sent["SOC@vendor.example"]["text"]
    assert (WHY in contact, stage.ada.name in contact, made.app.consumer_key in contact, "ended too" in contact) == (
        False,
        False,
        True,
        True,
    )


def test_an_address_gets_one_mail_and_who_does_it_none(stage: Stage) -> None:
    made = stage.app(actor=stage.ada)
    with stage.database.transaction() as tx:
        assert apps.update(tx, replace(made.app, contact_email="ADA@acme.example"))
    assert (contain(stage, made).told, mails(stage)) == ((), [])


@pytest.mark.parametrize(("end_credentials", "tell"), [(True, False), (False, True), (False, False)])
def test_the_rest_can_be_left_out(stage: Stage, made: CreatedApp, end_credentials: bool, tell: bool) -> None:
    before = len(mails(stage))
    done = contain(stage, made, end_credentials=end_credentials, tell=tell)
    assert held(stage, made)
    assert (len(alive(stage, made)), bool(done.secrets)) == ((0, True) if end_credentials else (3, False))
    assert (len(mails(stage)) > before, bool(done.told)) == (tell, tell)


def test_one_that_is_blocked_already_is_emptied_and_told(stage: Stage, made: CreatedApp) -> None:
    stage.do(block_app, BlockApp(made.app.id, "found on a public server"))
    done = contain(stage, made)
    assert (alive(stage, made), len(done.secrets), bool(done.told)) == ([], 2, True)
    here = stage.read(lambda tx: installations.by_app(tx, stage.org.id, made.app.id))
    assert here is not None
    assert (here.blocked_because, here.epoch) == ("found on a public server", 1)
    assert [each.event for each in stage.audit()].count(Event.APP_BLOCKED) == 1
    again = contain(stage, made)
    assert (again.secrets, again.certificates, again.ended.tokens) == ((), (), 0)


def test_what_has_ended_or_belongs_to_a_run_of_try_it_is_not_ended_again(stage: Stage) -> None:
    made = stage.app()
    stage.do(add_secret, AddSecret(made.app.id, "For a day", stage.clock.now + timedelta(days=1)), stage.dan)
    stage.clock.forward(days=2)
    assert contain(stage, made).secrets == ("First secret",)


def test_X_AD_01_an_app_of_another_org_is_held_here_and_keeps_what_it_proves_itself_with(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    done = contain(stage, made, stage.otto)
    assert (done.secrets, done.certificates, len(alive(stage, made))) == ((), (), 3)
    assert (held(stage, made, stage.other.id), held(stage, made)) == (True, False)
    (mail,) = mails(stage, stage.other)
    assert (mail["to"], mail["subject"]) == ("dan@acme.example", "Other has stopped Nightly Job")
    assert (made.app.consumer_key in mail["text"], WHY in mail["text"], "ended too" in mail["text"]) == (True, False, False)
    assert mails(stage) == []


@pytest.mark.parametrize("reason", ["", "  ", "."])
def test_it_needs_a_reason_that_says_something(stage: Stage, made: CreatedApp, reason: str) -> None:
    stage.refused(reasons.REASON_REQUIRED, contain_app, ContainApp(made.app.id, reason))


def test_it_is_for_who_manages_apps_and_of_credentials_for_who_rotates_them_too(stage: Stage, made: CreatedApp) -> None:
    command = ContainApp(made.app.id, WHY)
    stage.refused(reasons.PERMISSION_MISSING, contain_app, command, stage.dan)
    holder = replace(stage.ada, permissions=EVERY_POWER - {Permission.ROTATE_CONSUMER_CREDENTIALS})
    stage.refused(reasons.PERMISSION_MISSING, contain_app, command, holder)
    assert (held(stage, made), len(alive(stage, made))) == (False, 3)
    contain(stage, made, holder, end_credentials=False)
    assert held(stage, made)


def test_credentials_end_by_who_signed_in_lately_and_the_hold_waits_for_nobody(stage: Stage, made: CreatedApp) -> None:
    stale = replace(stage.ada, authenticated_at=stage.clock.now - timedelta(hours=2), fresh_for=timedelta(hours=1))
    stage.refused(bearer_reasons.REAUTHENTICATION_NEEDED, contain_app, ContainApp(made.app.id, WHY), stale)
    contain(stage, made, stale, end_credentials=False)
    assert held(stage, made)


def test_X_AD_01_what_is_not_in_use_here_is_not_contained(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, contain_app, ContainApp(made.app.id, WHY), stage.otto)
    stage.do(uninstall_app, UninstallApp(made.app.id, "not used"))
    stage.refused(reasons.STATE_CONFLICT, contain_app, ContainApp(made.app.id, WHY))


def test_X_AD_12_nobody_contains_the_app_through_which_they_act(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, contain_app, ContainApp(made.app.id, WHY), replace(stage.ada, app_id=made.app.id))
