"""The built-in app of the whole installation, as which an unchanged Salesforce CLI comes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.setup.stage import DEVELOPER, Stage, add_person
from tests.setup.test_first_admin import SAID as FIRST
from tests.setup.test_orgs import SAID as BRANCH

from gatebridge.cli.server import add_what_is_missing
from gatebridge.rules import app_checks
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import PLATFORM_CLI, App, Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.delete_app import DeleteApp, RestoreApp, delete_app, restore_app
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.first_admin import create_first_admin
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.manage_orgs import create_org
from gatebridge.setup.platform_cli import ensure_platform_cli
from gatebridge.setup.rotate_secret import AddSecret, add_secret
from gatebridge.setup.set_logo import SetLogo, set_logo
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.setup.try_flow import StartTry, start_try
from gatebridge.storage import apps, installations, listed_apps, names
from gatebridge.storage.database import Database
from gatebridge.storage.listed_apps import AppState


def ensure(stage: Stage, org_id: str = "") -> App | None:
    operator = Actor(ActorKind.OPERATOR, org_id or stage.org.id, "operator", EVERY_POWER)
    with stage.database.transaction() as tx:
        return ensure_platform_cli(tx, operator)


@pytest.fixture
def cli(stage: Stage) -> App:
    made = ensure(stage)
    assert made is not None
    return made


# --- It is made once, in the first org, and is what an unchanged client expects --------------------------------------------------


def test_the_first_org_is_founded_with_it_and_every_other_org_knows_the_same(database: Database) -> None:
    with database.transaction() as tx:
        first = create_first_admin(tx, FIRST)
        made = apps.by_consumer_key(tx, PLATFORM_CLI)
        assert made is not None
        assert (made.org_id, made.owner_id, made.label) == (first.org.id, first.user.id, "Salesforce CLI")
        there = create_org(tx, replace(first.actor, user_id=first.user.id), BRANCH)
        assert apps.by_consumer_key(tx, PLATFORM_CLI) == made
        for org in (first.org, there.org):
            found = listed_apps.known(tx, org.id, made.id)
            assert found is not None
            assert (found.installation, found.state) == (None, AppState.UNINSTALLED)
            assert made.id in [each.app.id for each in listed_apps.list_page(tx, org.id, state=AppState.UNINSTALLED, limit=50)]


def test_it_is_registered_as_the_client_is_written(stage: Stage, cli: App) -> None:
    settings = stage.read(lambda tx: apps.settings_of(tx, stage.org.id, cli.id))
    assert settings is not None
    assert (cli.consumer_key, cli.api_name, cli.dialect) == ("PlatformCLI", "PlatformCLI", Dialect.SALESFORCE)
    assert (settings.public, settings.pkce_required, settings.native) == (True, True, True)
    assert settings.flows == {Flow.WEB_SERVER, Flow.REFRESH_TOKEN}
    assert set(settings.scopes) == {"refresh_token", "api", "web"}
    assert settings.callbacks == ("http://localhost:1717/OauthRedirect",)
    assert not app_checks.identity_problems(cli) + app_checks.settings_problems(settings, frozenset(), cli.dialect)


def test_an_installation_from_before_gets_it_once_in_its_first_org_whoever_starts(stage: Stage) -> None:
    assert ensure(stage, stage.other.id) is None  # not the first
    made = ensure(stage)
    assert made is not None
    assert (made.org_id, made.owner_id) == (stage.org.id, stage.ada.user_id)
    [line] = stage.audit()
    assert (line.event, line.target_id, line.actor_name) == (Event.APP_CREATED, made.id, "operator")
    assert ensure(stage) is None
    assert len(stage.audit()) == 1


def test_a_server_that_starts_adds_it_where_it_is_missing_and_looks_only_where_it_is_not(stage: Stage, database: Database) -> None:
    assert add_what_is_missing(stage.database)
    assert not add_what_is_missing(stage.database)
    assert len(stage.audit()) == 1


def test_of_nodes_that_start_at_once_one_adds_it(stage: Stage) -> None:
    with ThreadPoolExecutor(4) as nodes:
        assert sorted(nodes.map(lambda _: add_what_is_missing(stage.database), range(4))) == [False, False, False, True]
    assert len(stage.audit()) == 1


def test_a_server_without_any_org_has_nobody_to_give_it_to(database: Database) -> None:
    assert not add_what_is_missing(database)
    with database.snapshot() as tx:
        assert apps.by_consumer_key(tx, PLATFORM_CLI) is None


def test_an_app_that_somebody_called_so_before_keeps_its_name(stage: Stage) -> None:
    theirs = stage.app("Old")
    with stage.database.transaction() as tx:
        assert apps.update(tx, replace(theirs.app, api_name=PLATFORM_CLI))
    made = ensure(stage)
    assert made is not None
    assert (made.api_name, made.consumer_key) == ("PlatformCLI_built_in", PLATFORM_CLI)


@pytest.mark.parametrize("where", ["first", "other"])
def test_nobody_registers_an_app_of_its_name(stage: Stage, cli: App, where: str) -> None:
    command = CreateApp(label="Mine", api_name=PLATFORM_CLI, contact_email="dan@acme.example")
    stage.refused(reasons.NAME_TAKEN, create_app, command, stage.ada if where == "first" else stage.otto)


# --- What it is, is nobody's to change; who may use it, is each org's own ---------------------------------------------------------

CHANGES: dict[str, tuple[Callable[..., object], Callable[[str], object]]] = {
    "its callbacks": (
        edit_settings,
        lambda app: EditSettings(app, callbacks=("http://localhost:1717/OauthRedirect", "https://evil.example/")),
    ),
    "its scopes": (edit_settings, lambda app: EditSettings(app, scopes=("full", "refresh_token"), full_scope_reason="We want it.")),
    "its name": (edit_app, lambda app: EditApp(app, label="Payroll")),
    "its dialect": (edit_app, lambda app: EditApp(app, dialect=Dialect.STANDARD)),
    "its picture": (set_logo, lambda app: SetLogo(app, None)),
    "its secrets": (add_secret, lambda app: AddSecret(app, "Mine")),
    "its certificates": (add_certificate, lambda app: AddCertificate(app, "Mine", "-----BEGIN CERTIFICATE-----")),
    "its being there": (delete_app, lambda app: DeleteApp(app, PLATFORM_CLI, "Nobody here uses it.")),
    "its coming back": (restore_app, lambda app: RestoreApp(app, "Somebody does.")),
    "what tries it": (start_try, lambda app: StartTry(app, Flow.WEB_SERVER)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_not_even_who_holds_everything_in_the_org_that_keeps_it_changes(stage: Stage, cli: App, what: str) -> None:
    verb, command = CHANGES[what]
    refused = stage.refused(reasons.STATE_CONFLICT, verb, command(cli.id))
    assert "same for every org" in (refused.detail or "")
    stage.refused(reasons.RECORD_NOT_FOUND, verb, command(cli.id), stage.otto)


def test_who_answers_for_it_may_be_somebody_else(stage: Stage, cli: App) -> None:
    assert stage.dan.user_id is not None
    after = stage.do(transfer_ownership, TransferOwnership(cli.id, owner_id=stage.dan.user_id, reason="Ada leaves."))
    assert after.owner_id == stage.dan.user_id
    stage.refused(reasons.STATE_CONFLICT, edit_app, EditApp(cli.id, label="Dan's"), stage.dan)


@pytest.mark.parametrize("where", ["first", "other"])
def test_an_admin_installs_it_by_its_well_known_key_and_it_arrives_closed(stage: Stage, cli: App, where: str) -> None:
    admin = stage.ada if where == "first" else stage.otto
    made = stage.do(install_app, InstallApp(PLATFORM_CLI), admin)
    assert made.policies == AppPolicies(made.installation.id)
    found = stage.read(lambda tx: listed_apps.known(tx, admin.org_id, cli.id))
    assert found is not None
    assert found.state is AppState.ACTIVE


def test_what_one_org_does_with_it_is_nothing_to_another(stage: Stage, cli: App) -> None:
    for admin in (stage.ada, stage.otto):
        stage.do(install_app, InstallApp(PLATFORM_CLI), admin)
    stage.do(block_app, BlockApp(cli.id, "No terminals here."))
    stage.do(uninstall_app, UninstallApp(cli.id, "No terminals here."))
    theirs = stage.read(lambda tx: installations.by_app(tx, stage.other.id, cli.id))
    assert theirs is not None
    assert (theirs.in_use(stage.clock.now), theirs.blocked_at, theirs.epoch) == (True, None, 0)
    app = stage.read(lambda tx: apps.by_consumer_key(tx, PLATFORM_CLI))
    assert app is not None
    assert app.epoch == 0


def test_another_app_of_another_org_stays_unknown(stage: Stage, cli: App) -> None:
    theirs = stage.app().app
    assert stage.read(lambda tx: listed_apps.known(tx, stage.other.id, theirs.id)) is None
    named = stage.read(lambda tx: names.of_apps(tx, stage.other.id, [theirs.id, cli.id]))
    assert {app.label for app in named.values()} == {"Salesforce CLI"}


def test_only_who_may_register_apps_is_given_it_to_answer_for(database: Database, stage: Stage) -> None:
    with stage.database.transaction() as tx:
        add_person(tx, stage.org, "zoe", DEVELOPER)
    made = ensure(stage)
    assert made is not None
    assert made.owner_id == stage.ada.user_id  # the first of them
