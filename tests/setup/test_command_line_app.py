"""The built-in app of every org, through which its people sign in on the command line."""

from dataclasses import replace

import pytest
from tests.setup.stage import Stage
from tests.setup.test_first_admin import SAID as FIRST
from tests.setup.test_orgs import SAID as BRANCH

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import COMMAND_LINE, App
from gatebridge.rules.events import Event
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.command_line_app import ensure_command_line_app
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.first_admin import create_first_admin
from gatebridge.setup.manage_orgs import create_org
from gatebridge.storage import apps, installations, listed_apps
from gatebridge.storage.database import Database


def app_of(stage: Stage, org: Org) -> App:
    found = stage.read(lambda tx: apps.by_api_name(tx, org.id, COMMAND_LINE))
    assert found is not None
    return found


def ensure(stage: Stage) -> App | None:
    operator = Actor(ActorKind.OPERATOR, stage.org.id, "operator", EVERY_POWER)
    with stage.database.transaction() as tx:
        return ensure_command_line_app(tx, operator)


@pytest.mark.parametrize("password_hash", ["$argon2id$canary", None], ids=["whose admin is active", "whose admin is only invited"])
def test_a_new_org_has_the_app_and_its_first_admin_answers_for_it(stage: Stage, password_hash: str | None) -> None:
    made = stage.do(create_org, replace(BRANCH, admin_password_hash=password_hash))
    app = app_of(stage, made.org)
    assert (app.label, app.owner_id) == ("Gatebridge CLI", made.admin.id)
    [line] = [line for line in stage.audit(made.org) if line.event == Event.APP_CREATED]
    assert (line.target_id, line.actor_name) == (app.id, "Ada of Acme")


def test_the_first_org_has_it_too(database: Database) -> None:
    with database.transaction() as tx:
        made = create_first_admin(tx, FIRST)
        assert listed_apps.command_line_key(tx, made.org.id) is not None


def test_std_NB_01_it_is_public_native_on_loopback_and_by_code_and_pkce(stage: Stage) -> None:
    app = ensure(stage)
    assert app is not None
    settings = stage.read(lambda tx: apps.settings_of(tx, stage.org.id, app.id))
    assert settings is not None
    assert settings.public
    assert settings.native
    assert settings.pkce_required
    assert settings.callbacks == ("http://127.0.0.1/callback",)
    assert settings.flows == {Flow.WEB_SERVER, Flow.REFRESH_TOKEN}
    assert set(settings.scopes) == {"setup_api", "openid", "refresh_token"}
    found = stage.read(lambda tx: listed_apps.known(tx, stage.org.id, app.id))
    assert found is not None
    assert found.installation is not None
    installation_id = found.installation.id
    policies = stage.read(lambda tx: installations.policies_of(tx, stage.org.id, installation_id))
    assert policies is not None
    assert (policies.permitted_users, policies.may_administer) == (PermittedUsers.SELF_AUTHORIZE, True)


def test_an_org_from_before_gets_it_once(stage: Stage) -> None:
    made = ensure(stage)
    assert made is not None
    assert made.owner_id == stage.ada.user_id
    lines = len(stage.audit())
    assert ensure(stage) is None
    assert len(stage.audit()) == lines


def test_an_admin_can_block_it_and_take_it_away_and_it_does_not_come_back_by_itself(stage: Stage) -> None:
    def key() -> str | None:
        return stage.read(lambda tx: listed_apps.command_line_key(tx, stage.org.id))

    made = ensure(stage)
    assert made is not None
    assert key() == made.consumer_key
    stage.do(block_app, BlockApp(made.id, "Terminals are not used here."))
    assert key() is None
    stage.do(unblock_app, UnblockApp(made.id, "They are again."))
    assert key() == made.consumer_key
    stage.do(delete_app, DeleteApp(made.id, COMMAND_LINE, "Terminals are not used here."))
    assert key() is None
    assert ensure(stage) is None


def test_nobody_registers_an_app_of_its_name(stage: Stage) -> None:
    command = CreateApp(label="Mine", api_name=COMMAND_LINE, contact_email="dan@acme.example")
    stage.refused(reasons.NAME_TAKEN, create_app, command, stage.dan)


def test_the_key_of_another_org_is_not_taken_for_ones_own(stage: Stage) -> None:
    assert ensure(stage) is not None
    assert stage.read(lambda tx: listed_apps.command_line_key(tx, stage.other.id)) is None
