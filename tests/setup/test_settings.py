"""Editing an app and its settings: by whom, what is refused, and that nobody's edit is lost."""

from dataclasses import replace
from typing import Any

import pytest
from tests.setup.stage import DEVELOPER, Stage

from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreateApp, CreatedApp, create_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import apps, grants, installations


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",))


def give_grant(stage: Stage, made: CreatedApp) -> None:
    with stage.database.transaction() as tx:
        grant = Grant(
            id=tx.new_id(Prefix.GRANT),
            org_id=stage.org.id,
            app_id=made.app.id,
            installation_id=made.installation.id,
            user_id=stage.sam.user_id or "",
            flow=Flow.CLIENT_CREDENTIALS,
            epoch=0,
            created_at=tx.now,
        )
        assert grants.insert_if_first(tx, grant)


def test_the_owner_edits_settings_and_leaves_alone_what_is_not_named(stage: Stage, made: CreatedApp) -> None:
    edited = stage.do(edit_settings, EditSettings(made.app.id, access_token_format=TokenFormat.JWT), stage.dan)
    assert (edited.access_token_format, edited.scopes, edited.version) == (TokenFormat.JWT, ("api",), 2)
    assert stage.read(lambda tx: apps.settings_of(tx, stage.org.id, made.app.id)) == edited


def test_the_audit_trail_tells_what_changed_and_nothing_else(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("openid", "api")), stage.dan)
    line = stage.audit()[0]
    assert line.event == Event.APP_SETTINGS_EDITED
    assert list(line.changes) == [{"field": "scopes", "before": ["api"], "after": ["api", "openid"]}]


def test_an_edit_that_changes_nothing_is_no_edit(stage: Stage, made: CreatedApp) -> None:
    lines = len(stage.audit())
    assert stage.do(edit_settings, EditSettings(made.app.id, scopes=("api",)), stage.dan).version == 1
    assert stage.do(edit_app, EditApp(made.app.id, label=made.app.label), stage.dan).version == 1
    assert len(stage.audit()) == lines


def test_a_scope_that_the_org_has_taken_away_keeps_no_other_setting_from_being_saved(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_org, EditOrg(custom_scopes=(("invoices", "Read your invoices"), ("orders", "Read your orders"))))
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("api", "invoices")), stage.dan)
    stage.do(edit_org, EditOrg(custom_scopes=()))
    edited = stage.do(edit_settings, EditSettings(made.app.id, access_token_format=TokenFormat.JWT), stage.dan)
    assert edited.scopes == ("api", "invoices")  # it opens nothing, and is as it was named
    assert stage.do(edit_settings, EditSettings(made.app.id, scopes=("id", "invoices")), stage.dan).scopes == ("id", "invoices")
    stage.refused(reasons.FIELD_INVALID, edit_settings, EditSettings(made.app.id, scopes=("id", "invoices", "orders")), stage.dan)
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("id",)), stage.dan)
    stage.refused(reasons.FIELD_INVALID, edit_settings, EditSettings(made.app.id, scopes=("id", "invoices")), stage.dan)


@pytest.mark.parametrize("administers", [False, True])
def test_X_AD_04_who_opens_a_way_into_an_app_that_is_not_the_own_holds_what_it_may_do(
    stage: Stage, made: CreatedApp, administers: bool
) -> None:
    """Else whoever manages apps would send the codes of admins to a callback of their own, and act as them."""
    run_as = None if administers else stage.ada.user_id
    stage.do(edit_policies, EditPolicies(made.app.id, run_as_user_id=run_as, may_administer=administers))
    manager = replace(stage.eve, permissions=DEVELOPER | {Permission.MANAGE_CONNECTED_APPS})
    elsewhere = EditSettings(made.app.id, callbacks=("https://eve.example/cb",))
    stage.refused(reasons.PERMISSION_MISSING if administers else reasons.RIGHT_BEYOND_OWN, edit_settings, elsewhere, manager)
    assert stage.do(edit_settings, EditSettings(made.app.id, id_token_minutes=3), manager).id_token_minutes == 3
    # Its owner was given the power with the app, and who holds it anyway borrows nothing.
    stage.do(edit_settings, EditSettings(made.app.id, callbacks=("https://dan.example/cb",)), stage.dan)
    assert stage.do(edit_settings, elsewhere).callbacks == ("https://eve.example/cb",)
    assert stage.do(edit_settings, EditSettings(made.app.id, callbacks=()), manager).callbacks == ()


def test_a_review_day_is_to_come_when_it_is_set_and_may_have_passed_when_all_else_is_edited(stage: Stage, made: CreatedApp) -> None:
    passed = EditApp(made.app.id, review_on="2026-05-01")
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_app, passed, stage.dan)) == {"review_on"}
    stage.do(edit_app, EditApp(made.app.id, review_on="2026-05-04"), stage.dan)
    stage.clock.forward(days=3)
    assert stage.do(edit_app, EditApp(made.app.id, label="Renamed"), stage.dan).review_on == "2026-05-04"
    new = CreateApp("Late", "Late", "dan@acme.example", review_on="2026-05-04")
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, create_app, new, stage.dan)) == {"review_on"}


def test_the_backup_owner_edits_too(stage: Stage, made: CreatedApp) -> None:
    stage.do(transfer_ownership, TransferOwnership(made.app.id, backup_owner_id=stage.eve.user_id), stage.dan)
    assert stage.do(edit_app, EditApp(made.app.id, purpose="invoices"), stage.eve).purpose == "invoices"


EDITS = [
    pytest.param(edit_app, lambda app_id, version: EditApp(app_id, label="New", expected_version=version), id="identity"),
    pytest.param(edit_settings, lambda app_id, version: EditSettings(app_id, scopes=("id",), expected_version=version), id="settings"),
]


@pytest.mark.parametrize(("verb", "command"), EDITS)
def test_who_neither_owns_the_app_nor_manages_apps_edits_nothing(stage: Stage, made: CreatedApp, verb: Any, command: Any) -> None:
    elsewhere = stage.refused(reasons.PERMISSION_MISSING, verb, command(made.app.id, 1), stage.eve)
    assert elsewhere.detail == "This app belongs to somebody else; without owning it you need the permission Manage Connected Apps."
    powerless = stage.refused(reasons.PERMISSION_MISSING, verb, command(made.app.id, 1), stage.sam)
    assert powerless.detail == "This needs the permission Register Connected Apps or Manage Connected Apps."
    assert powerless.facts == {"permission": "register_connected_apps or manage_connected_apps"}
    assert stage.do(verb, command(made.app.id, 1), stage.ada).version == 2


@pytest.mark.parametrize(("verb", "command"), EDITS)
def test_X_AD_01_the_id_of_another_orgs_app_is_as_unknown_as_one_that_never_was(
    stage: Stage, made: CreatedApp, verb: Any, command: Any
) -> None:
    of_another = stage.refused(reasons.RECORD_NOT_FOUND, verb, command(made.app.id, 1), stage.otto)
    of_nothing = stage.refused(reasons.RECORD_NOT_FOUND, verb, command("0H4000000000000", 1), stage.otto)
    assert (of_another.detail, of_another.facts) == (of_nothing.detail, of_nothing.facts)


def test_X_AD_01_installing_an_app_gives_no_right_to_edit_it(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, edit_settings, EditSettings(made.app.id, scopes=("full",)), stage.otto)


@pytest.mark.parametrize(("verb", "command"), EDITS)
def test_X_AD_09_of_two_editors_the_second_is_told(stage: Stage, made: CreatedApp, verb: Any, command: Any) -> None:
    stage.do(verb, command(made.app.id, 1), stage.dan)
    refused = stage.refused(reasons.VERSION_STALE, verb, command(made.app.id, 1), stage.ada)
    assert refused.facts == {"version": 2}


def test_X_AD_09_each_record_counts_its_own_versions(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_app, EditApp(made.app.id, label="New", expected_version=1))
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("id",), expected_version=1))
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30, expected_version=1))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        pytest.param({"scopes": ("nothing",)}, "scopes", id="an unknown scope"),
        pytest.param({"scopes": ("full",)}, "full_scope_reason", id="full without a reason"),
        pytest.param({"auth_methods": frozenset({ClientAuthMethod.NONE})}, "flows", id="a public app that acts as itself"),
        pytest.param({"signing_algorithm": "HS256"}, "signing_algorithm", id="an algorithm that we do not sign with"),
        pytest.param({"flows": frozenset({Flow.REFRESH_TOKEN})}, "flows", id="refresh tokens without a flow that gives them"),
        pytest.param({"id_token_minutes": 721}, "id_token_minutes", id="an ID token that lives too long"),
        pytest.param({"assertion_audiences": ("https://a.example",)}, "assertion_audiences", id="audiences in the standard dialect"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(stage: Stage, made: CreatedApp, command: dict[str, Any], field: str) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, edit_settings, EditSettings(made.app.id, **command), stage.dan)
    assert stage.fields(refused) == {field}


def test_asking_to_administer_opens_nothing_by_itself(stage: Stage, made: CreatedApp) -> None:
    assert "setup_api" in stage.do(edit_settings, EditSettings(made.app.id, scopes=("setup_api",)), stage.dan).scopes
    policies = stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id))
    assert policies is not None
    assert not policies.may_administer


def test_X_AD_03_a_look_at_everybodys_tokens_is_switched_on_only_by_who_manages_apps(stage: Stage, made: CreatedApp) -> None:
    command = EditSettings(made.app.id, introspect_all_tokens=True)
    stage.refused(reasons.PERMISSION_MISSING, edit_settings, command, stage.dan)
    assert stage.do(edit_settings, command, stage.ada).introspect_all_tokens
    # Once it is on, its developer may still edit the rest, and may give it up.
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("id",)), stage.dan)
    assert not stage.do(edit_settings, EditSettings(made.app.id, introspect_all_tokens=False), stage.dan).introspect_all_tokens


def test_X_CA_09_a_blocked_app_can_be_edited_and_stays_blocked(stage: Stage, made: CreatedApp) -> None:
    stage.do(block_app, BlockApp(made.app.id, "leaked secret"))
    stage.do(edit_app, EditApp(made.app.id, label="New"), stage.dan)
    stage.do(edit_settings, EditSettings(made.app.id, scopes=("id",)), stage.dan)
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30))
    stage.do(transfer_ownership, TransferOwnership(made.app.id, owner_id=stage.eve.user_id or ""), stage.dan)
    found = stage.read(lambda tx: installations.by_app(tx, stage.org.id, made.app.id))
    assert found is not None
    assert found.blocked_at is not None


def test_the_dialect_can_change_until_the_first_grant(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_app, EditApp(made.app.id, dialect=Dialect.SALESFORCE), stage.dan)
    give_grant(stage, made)
    stage.refused(reasons.STATE_CONFLICT, edit_app, EditApp(made.app.id, dialect=Dialect.STANDARD), stage.dan)
    assert stage.do(edit_app, EditApp(made.app.id, label="New", dialect=Dialect.SALESFORCE), stage.dan).label == "New"


def test_the_settings_of_the_flows_of_people_are_saved_as_said(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_app, EditApp(made.app.id, dialect=Dialect.SALESFORCE), stage.dan)
    edited = stage.do(
        edit_settings,
        EditSettings(
            made.app.id,
            require_secret_for_web_server=False,
            require_secret_for_refresh=False,
            rotate_refresh_tokens=True,
            id_token_minutes=30,
            assertion_audiences=("https://login.example.com",),
        ),
        stage.dan,
    )
    assert stage.read(lambda tx: apps.settings_of(tx, stage.org.id, made.app.id)) == edited
    assert edited.assertion_audiences == ("https://login.example.com",)


def test_a_secret_is_not_waived_where_pkce_is_waived(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_settings, EditSettings(made.app.id, pkce_required=False), stage.dan)
    command = EditSettings(made.app.id, require_secret_for_web_server=False, require_secret_for_refresh=False)
    refused = stage.refused(reasons.FIELD_INVALID, edit_settings, command, stage.dan)
    assert stage.fields(refused) == {"require_secret_for_web_server", "require_secret_for_refresh"}


def test_the_standard_dialect_is_not_chosen_over_settings_that_it_does_not_know(stage: Stage) -> None:
    made = stage.app("Old_Client", dialect=Dialect.SALESFORCE, assertion_audiences=("https://login.example.com",))
    command = EditApp(made.app.id, dialect=Dialect.STANDARD)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_app, command, stage.dan)) == {"dialect"}
    stage.do(edit_settings, EditSettings(made.app.id, assertion_audiences=()), stage.dan)
    assert stage.do(edit_app, command, stage.dan).dialect is Dialect.STANDARD


def test_a_deleted_app_is_not_edited(stage: Stage, made: CreatedApp) -> None:
    stage.do(delete_app, DeleteApp(made.app.id, made.app.api_name, "not used"))
    stage.refused(reasons.STATE_CONFLICT, edit_app, EditApp(made.app.id, label="New"), stage.dan)
    stage.refused(reasons.STATE_CONFLICT, edit_settings, EditSettings(made.app.id, scopes=("id",)), stage.dan)


def test_the_consumer_key_and_the_epoch_survive_every_edit(stage: Stage, made: CreatedApp) -> None:
    edited = stage.do(edit_app, EditApp(made.app.id, label="New", contact_phone="+49 30 1", info_url="https://a.example"), stage.dan)
    assert (edited.consumer_key, edited.epoch, edited.api_name) == (made.app.consumer_key, 0, made.app.api_name)
    assert stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id)) == edited
