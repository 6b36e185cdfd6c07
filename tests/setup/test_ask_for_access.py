"""Users ask to be let into an app, or for an app; and some may use an app that nobody has installed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.setup.mail import mails
from tests.setup.stage import Stage, add_person

from gatebridge.rules.access_requests import QUIET, RequestKind, RequestState
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.access_requests import RefuseRequest, refuse_request
from gatebridge.setup.ask_for_access import AskForAccess, AskForApp, ask_for_access, ask_for_app
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.use_uninstalled import UseUninstalled, use_uninstalled
from gatebridge.storage import access_requests, installations
from gatebridge.storage.access_requests import Wanted

WORDS = "I close the books at month's end."
WHY = "not used any more"


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


@pytest.fixture
def olga(stage: Stage) -> Actor:
    """A user of the other org without any right."""
    with stage.database.transaction() as tx:
        return add_person(tx, stage.other, "olga", frozenset())


def test_who_is_not_let_in_asks_and_owner_and_admins_are_told(stage: Stage, made: CreatedApp) -> None:
    sam = replace(stage.sam, address="192.0.2.10")
    request = stage.do(ask_for_access, AskForAccess(made.app.id, f" {WORDS} ", "api", "web_server"), sam)
    assert (request.kind, request.user_id, request.words, request.scopes) == (RequestKind.USER, sam.user_id, WORDS, ("api",))
    assert stage.audit()[0].event == Event.ACCESS_REQUEST_OPENED
    told = {mail["to"]: mail for mail in mails(stage)}
    assert set(told) == {"ada@acme.example", "dan@acme.example"}
    assert f"> {WORDS}" in told["dan@acme.example"]["text"]
    assert "you own the app Nightly Job" in told["dan@acme.example"]["text"]
    assert "you manage the connected apps of Acme" in told["ada@acme.example"]["text"]
    assert "192.0.2.10" in told["ada@acme.example"]["text"]


def test_asking_again_says_it_anew_and_tells_nobody_twice(stage: Stage, made: CreatedApp) -> None:
    first = stage.do(ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)
    again = stage.do(ask_for_access, AskForAccess(made.app.id, "It is urgent."), stage.sam)
    assert (again.id, again.words, again.count) == (first.id, "It is urgent.", 2)
    assert len(mails(stage)) == 2
    assert [line.event for line in stage.audit()].count(Event.ACCESS_REQUEST_OPENED) == 1


def test_after_a_no_nobody_is_asked_for_a_while(stage: Stage, made: CreatedApp) -> None:
    request = stage.do(ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)
    stage.do(refuse_request, RefuseRequest(request.id, "Ask your team lead."))
    refused = stage.refused(reasons.STATE_CONFLICT, ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)
    assert refused.detail == "An admin has refused this: Ask your team lead. You can ask again from 2026-06-03."
    stage.clock.now += QUIET
    assert stage.do(ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam).id != request.id


def test_who_is_let_in_already_need_not_ask(stage: Stage, made: CreatedApp) -> None:
    stage.do(assign_access, AssignAccess(made.app.id, stage.user_of(stage.sam).profile_id))
    stage.refused(reasons.STATE_CONFLICT, ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)
    stage.clock.forward(days=1)
    stage.do(assign_access, AssignAccess(made.app.id, stage.user_of(stage.sam).profile_id, stage.clock.now + timedelta(hours=1)))
    stage.clock.forward(hours=1)
    stage.do(ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)  # what has run out can be asked for


@pytest.mark.parametrize("words", ["", " ", "...", "a" * 513])
def test_words_must_say_something(stage: Stage, made: CreatedApp, words: str) -> None:
    for verb, command in ((ask_for_access, AskForAccess(made.app.id, words)), (ask_for_app, AskForApp(made.app.consumer_key, words))):
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, verb, command, stage.sam)) == {"words"}


def test_X_AD_01_an_app_that_is_not_in_use_here_has_nobody_to_be_let_in_by(stage: Stage, made: CreatedApp, olga: Actor) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, ask_for_access, AskForAccess(made.app.id, WORDS), olga)
    stage.do(uninstall_app, UninstallApp(made.app.id, WHY))
    stage.refused(reasons.STATE_CONFLICT, ask_for_access, AskForAccess(made.app.id, WORDS), stage.sam)


def test_only_a_user_asks(stage: Stage, made: CreatedApp) -> None:
    operator = Actor(ActorKind.OPERATOR, stage.org.id, "operator", EVERY_POWER)
    stage.refused(reasons.PERMISSION_MISSING, ask_for_access, AskForAccess(made.app.id, WORDS), operator)


def test_who_may_not_install_asks_for_the_app_and_its_foreign_owner_hears_nothing(stage: Stage, made: CreatedApp, olga: Actor) -> None:
    request = stage.do(ask_for_app, AskForApp(made.app.consumer_key, WORDS), olga)
    assert (request.kind, request.app_id, request.state) == (RequestKind.APP, made.app.id, RequestState.OPEN)
    assert [mail["to"] for mail in mails(stage, stage.other)] == ["otto@other.example"]
    assert mails(stage) == []


def test_words_to_an_attempt_that_was_only_counted_are_told(stage: Stage, made: CreatedApp, olga: Actor) -> None:
    with stage.database.transaction() as tx:
        access_requests.count_up(tx, Wanted(stage.other.id, RequestKind.APP, made.app.id, olga.user_id))
    assert mails(stage, stage.other) == []
    assert stage.do(ask_for_app, AskForApp(made.app.consumer_key, WORDS), olga).count == 2
    assert len(mails(stage, stage.other)) == 1


def test_an_app_that_is_there_blocked_or_nobodys_is_not_asked_for(stage: Stage, made: CreatedApp, olga: Actor) -> None:
    with stage.database.transaction() as tx:
        install_app(tx, stage.otto, InstallApp(made.app.consumer_key))
    stage.refused(reasons.STATE_CONFLICT, ask_for_app, AskForApp(made.app.consumer_key, WORDS), olga)
    stage.do(block_app, BlockApp(made.app.id, WHY), stage.otto)
    stage.refused(reasons.STATE_CONFLICT, ask_for_app, AskForApp(made.app.consumer_key, WORDS), olga)
    stage.refused(reasons.RECORD_NOT_FOUND, ask_for_app, AskForApp("gbk_nothing", WORDS), olga)


# --- An app that nobody has installed ------------------------------------------------------------------------------------------

HOLDER = frozenset({Permission.API_ENABLED, Permission.APPROVE_UNINSTALLED_CONNECTED_APPS})


@pytest.fixture
def holly(stage: Stage) -> Actor:
    """A user of the other org who may use apps that are not installed."""
    with stage.database.transaction() as tx:
        return add_person(tx, stage.other, "holly", HOLDER)


def test_a_holder_takes_an_app_into_use_for_holders_alone_and_admins_are_told(stage: Stage, made: CreatedApp, holly: Actor) -> None:
    here = stage.do(use_uninstalled, UseUninstalled(made.app.consumer_key), holly)
    assert here == stage.read(lambda tx: installations.by_app(tx, stage.other.id, made.app.id))
    assert (here.holders_only, here.in_use(stage.clock.now)) == (True, False)
    stored = stage.read(lambda tx: installations.policies_of(tx, stage.other.id, here.id))
    assert stored == AppPolicies(here.id, permitted_users=PermittedUsers.SELF_AUTHORIZE)
    assert stage.audit(stage.other)[0].event == Event.APP_USE_APPROVED
    assert [mail["to"] for mail in mails(stage, stage.other)] == ["otto@other.example"]
    assert stage.do(use_uninstalled, UseUninstalled(made.app.consumer_key), holly) == here
    assert len(mails(stage, stage.other)) == 1


def test_X_CA_08_an_admin_who_installs_it_then_gets_it_closed_and_nothing_of_before_lives(
    stage: Stage, made: CreatedApp, holly: Actor
) -> None:
    stage.do(use_uninstalled, UseUninstalled(made.app.consumer_key), holly)
    here = stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert (here.installation.holders_only, here.installation.epoch) == (False, 1)
    assert here.installation == stage.read(lambda tx: installations.by_app(tx, stage.other.id, made.app.id))
    assert here.policies.permitted_users is PermittedUsers.ADMIN_APPROVED


def test_what_an_admin_installed_took_out_or_blocked_is_not_a_holders_to_decide(stage: Stage, made: CreatedApp, holly: Actor) -> None:
    key = made.app.consumer_key
    stage.do(install_app, InstallApp(key), stage.otto)
    stage.refused(reasons.STATE_CONFLICT, use_uninstalled, UseUninstalled(key), holly)
    stage.do(uninstall_app, UninstallApp(made.app.id, WHY), stage.otto)
    refused = stage.refused(reasons.STATE_CONFLICT, use_uninstalled, UseUninstalled(key), holly)
    assert "took this app out of use" in str(refused.detail)
    stage.do(block_app, BlockApp(made.app.id, WHY), stage.otto)
    refused = stage.refused(reasons.STATE_CONFLICT, use_uninstalled, UseUninstalled(key), holly)
    assert "blocked" in str(refused.detail)


def test_it_is_for_holders_of_the_right_and_for_apps_that_there_are(stage: Stage, made: CreatedApp, olga: Actor, holly: Actor) -> None:
    stage.refused(reasons.PERMISSION_MISSING, use_uninstalled, UseUninstalled(made.app.consumer_key), olga)
    stage.refused(reasons.RECORD_NOT_FOUND, use_uninstalled, UseUninstalled("gbk_nothing"), holly)
