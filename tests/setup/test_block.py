"""Blocking an app in one org, and letting it go on."""

from dataclasses import replace

import pytest
from tests.setup.stage import Stage

from gatebridge.rules.apps import Installation
from gatebridge.rules.events import Event
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import installations, revocations


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def presence(stage: Stage, made: CreatedApp, org: Org | None = None) -> Installation:
    found = stage.read(lambda tx: installations.by_app(tx, (org or stage.org).id, made.app.id))
    assert found is not None
    return found


def test_a_block_ends_everything_that_the_app_has_here_and_tells_the_feed(stage: Stage, made: CreatedApp) -> None:
    blocked = stage.do(block_app, BlockApp(made.app.id, " leaked secret "))
    assert blocked == presence(stage, made)
    assert (blocked.blocked_at, blocked.blocked_because, blocked.epoch) == (stage.clock.now, "leaked secret", 1)
    entry = stage.read(lambda tx: revocations.since(tx, stage.org.id, 0, 10))[-1]
    assert (entry.kind, entry.app_id, entry.user_id) == ("app", made.app.id, None)
    line = stage.audit()[0]
    assert (line.event, line.reason) == (Event.APP_BLOCKED, "leaked secret")


def test_what_a_block_ended_stays_dead_after_it(stage: Stage, made: CreatedApp) -> None:
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    unblocked = stage.do(unblock_app, UnblockApp(made.app.id, "rotated"))
    assert unblocked == presence(stage, made)
    assert (unblocked.blocked_at, unblocked.blocked_because, unblocked.epoch) == (None, "", 1)


def test_a_block_is_of_one_org(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    stage.do(block_app, BlockApp(made.app.id, "we do not like it"), stage.otto)
    assert presence(stage, made).blocked_at is None
    assert presence(stage, made).epoch == 0
    assert presence(stage, made, stage.other).blocked_at is not None


def test_X_CA_09_a_block_survives_being_uninstalled_and_installed_again(stage: Stage, made: CreatedApp) -> None:
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    stage.do(uninstall_app, UninstallApp(made.app.id, "not used"))
    again = stage.do(install_app, InstallApp(made.app.consumer_key))
    assert again.installation == presence(stage, made)
    assert again.installation.blocked_at is not None


@pytest.mark.parametrize("reason", ["", "  ", "."])
def test_a_block_needs_a_reason_that_says_something(stage: Stage, made: CreatedApp, reason: str) -> None:
    stage.refused(reasons.REASON_REQUIRED, block_app, BlockApp(made.app.id, reason))
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    stage.refused(reasons.REASON_REQUIRED, unblock_app, UnblockApp(made.app.id, reason))


def test_a_block_is_set_once_and_lifted_once(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, unblock_app, UnblockApp(made.app.id, "rotated"))
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    stage.refused(reasons.STATE_CONFLICT, block_app, BlockApp(made.app.id, "again"))
    assert presence(stage, made).epoch == 1


def test_blocking_is_for_who_manages_apps(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.PERMISSION_MISSING, block_app, BlockApp(made.app.id, "mine"), stage.dan)
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    stage.refused(reasons.PERMISSION_MISSING, unblock_app, UnblockApp(made.app.id, "mine"), stage.dan)


def test_X_AD_01_an_app_that_is_not_installed_here_is_unknown(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, block_app, BlockApp(made.app.id, "theirs"), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, unblock_app, UnblockApp(made.app.id, "theirs"), stage.otto)


def test_X_AD_12_nobody_blocks_the_app_through_which_they_act(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, block_app, BlockApp(made.app.id, "oops"), replace(stage.ada, app_id=made.app.id))
