"""What the tables of apps keep: versions that are never overwritten, records as they were said, and lists without another org's rows."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage

from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import apps, epochs, installations, listed_apps
from gatebridge.storage.database import open_database
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.listed_apps import AppState, ListedApp


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app(
        flows=frozenset({Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER, Flow.REFRESH_TOKEN}),
        scopes=("api", "id"),
        callbacks=("https://acme.example/cb",),
        auth_methods=frozenset({ClientAuthMethod.SECRET_POST}),
        access_token_format=TokenFormat.JWT,
        signing_algorithm="RS256",
        audience="https://api.acme.example",
        legacy_audience=True,
        native=True,
        pkce_required=False,
        backup_owner_id=None,
        contact_phone="+49 30 1",
        info_url="https://acme.example",
        description="Ünïcode\nand lines",
        purpose="invoices",
    )


def listed(stage: Stage, org_id: str | None = None, **filters: object) -> list[str]:
    """The API names of a page of the list, in its order."""
    found: list[ListedApp] = stage.read(lambda tx: listed_apps.list_page(tx, org_id or stage.org.id, **({"limit": 100} | filters)))  # type: ignore[arg-type]
    return [each.app.api_name for each in found]


def test_everything_of_an_app_comes_back_as_it_was_kept(stage: Stage, made: CreatedApp) -> None:
    assert stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id)) == made.app
    assert stage.read(lambda tx: apps.by_api_name(tx, stage.org.id, made.app.api_name)) == made.app
    assert stage.read(lambda tx: apps.by_consumer_key(tx, made.app.consumer_key)) == made.app
    assert stage.read(lambda tx: apps.settings_of(tx, stage.org.id, made.app.id)) == made.settings
    assert stage.read(lambda tx: installations.by_id(tx, stage.org.id, made.installation.id)) == made.installation
    assert stage.read(lambda tx: listed_apps.known(tx, stage.org.id, made.app.id)) == ListedApp(made.app, made.installation)


def test_a_decision_reads_the_very_same_records(stage: Stage, made: CreatedApp) -> None:
    with stage.database.reading() as tx:
        facts = FactsReader(tx).client(stage.org, made.app.consumer_key).facts
    assert (facts.app, facts.settings, facts.installation, facts.policies) == (made.app, made.settings, made.installation, made.policies)


@pytest.mark.parametrize("place", ["app", "settings", "policies"])
def test_X_AD_09_a_version_is_written_over_once(stage: Stage, made: CreatedApp, place: str) -> None:
    for expected in (True, False):
        with stage.database.transaction() as tx:
            saved = {
                "app": lambda: apps.update(tx, replace(made.app, label="New")),
                "settings": lambda: apps.update_settings(tx, stage.org.id, replace(made.settings, scopes=())),
                "policies": lambda: installations.update_policies(tx, stage.org.id, replace(made.policies, may_administer=True)),
            }[place]()
        assert saved is expected


def test_X_AD_01_every_query_asks_for_the_org(stage: Stage, made: CreatedApp) -> None:
    """With another org's id nothing is read, and nothing is written."""
    other = stage.other.id
    assert stage.read(lambda tx: apps.by_id(tx, other, made.app.id)) is None
    assert stage.read(lambda tx: apps.by_api_name(tx, other, made.app.api_name)) is None
    assert stage.read(lambda tx: apps.settings_of(tx, other, made.app.id)) is None
    assert stage.read(lambda tx: apps.logo(tx, other, made.app.id)) is None
    assert stage.read(lambda tx: listed_apps.known(tx, other, made.app.id)) is None
    assert stage.read(lambda tx: installations.by_app(tx, other, made.app.id)) is None
    assert stage.read(lambda tx: installations.policies_of(tx, other, made.installation.id)) is None
    with stage.database.transaction() as tx:
        assert not apps.update_settings(tx, other, made.settings)
        assert not installations.block(tx, other, made.installation.id, "theirs")
        assert not installations.uninstall(tx, other, made.installation.id)
        assert epochs.raise_app(tx, other, made.app.id) is None
        apps.set_logo(tx, other, made.app.id, b"picture")
    assert stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id)) == made.app


def test_an_epoch_is_raised_by_one(stage: Stage, made: CreatedApp) -> None:
    for expected in (1, 2):
        with stage.database.transaction() as tx:
            assert epochs.raise_app(tx, stage.org.id, made.app.id) == expected


def test_the_list_is_read_page_by_page_from_the_oldest_on(stage: Stage) -> None:
    ids = [stage.app(f"App_{number}").app.id for number in range(5)]
    assert listed(stage, limit=2) == ["App_0", "App_1"]
    assert listed(stage, limit=2, after=ids[1]) == ["App_2", "App_3"]
    assert listed(stage, limit=2, after=ids[3]) == ["App_4"]
    assert listed(stage, limit=2, after=ids[4]) == []


def test_the_list_is_searched_in_label_api_name_and_key_whatever_the_case(stage: Stage, made: CreatedApp) -> None:
    stage.app("Other")
    for search in ("nightly", "NIGHTLY_J", "ghtly Jo", made.app.consumer_key):
        assert listed(stage, search=search) == ["Nightly_Job"]
    assert listed(stage, search="%") == []


def test_the_list_is_filtered_by_owner_and_backup_owner(stage: Stage) -> None:
    stage.app("Of_Dan")
    stage.app("Of_Eve", stage.eve)
    stage.app("Of_Both", backup_owner_id=stage.eve.user_id)
    assert listed(stage, owner_id=stage.dan.user_id) == ["Of_Dan", "Of_Both"]
    assert listed(stage, owner_id=stage.eve.user_id) == ["Of_Eve", "Of_Both"]
    assert listed(stage, owner_id=stage.ada.user_id) == []


def test_the_list_is_filtered_by_state(stage: Stage) -> None:
    made = {name: stage.app(name).app.id for name in ("Active", "Blocked", "Uninstalled", "Deleted")}
    stage.do(block_app, BlockApp(made["Blocked"], "leaked secret"))
    stage.do(uninstall_app, UninstallApp(made["Uninstalled"], "not used"))
    stage.do(block_app, BlockApp(made["Deleted"], "leaked secret"))
    stage.do(delete_app, DeleteApp(made["Deleted"], "Deleted", "not used"))
    for state in AppState:
        found = stage.read(lambda tx, state=state: listed_apps.list_page(tx, stage.org.id, state=state, limit=100))  # type: ignore[misc]
        assert [(each.app.api_name, each.state) for each in found] == [(state.title(), state)]


def test_X_AD_06_the_list_holds_what_the_org_owns_or_installed_and_no_more(stage: Stage, made: CreatedApp) -> None:
    stage.app("Theirs", stage.otto)
    stage.app("Hidden")
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert listed(stage) == ["Nightly_Job", "Hidden"]
    assert listed(stage, stage.other.id) == ["Nightly_Job", "Theirs"]
    assert listed(stage, stage.other.id, search="Hidden") == []
    assert listed(stage, stage.other.id, owner_id=stage.dan.user_id) == []
