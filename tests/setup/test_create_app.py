"""Registering an app: everything comes closed, the secret is shown once, and nothing but the app's own facts can be said."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.stage import Stage

from gatebridge.crypto import secrets
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.storage import apps, credentials, installations
from gatebridge.storage.apps import app_settings
from gatebridge.storage.apps import apps as apps_table
from gatebridge.storage.installations import installations as installations_table
from gatebridge.storage.installations import permits, policies

SAID = CreateApp(label="Nightly Job", api_name="Nightly_Job", contact_email="dan@acme.example")

# What a developer says of an app. Everything else that is stored beside it is decided by the server or by an admin.
SAYABLE = {
    "label", "api_name", "contact_email", "contact_phone", "info_url", "description", "purpose", "review_on", "owner_id", "backup_owner_id",
    "dialect", "flows", "scopes", "full_scope_reason", "callbacks", "native", "auth_methods", "pkce_required", "access_token_format",
    "signing_algorithm", "audience", "legacy_audience", "introspect_all_tokens", "require_secret_for_web_server",
    "require_secret_for_refresh", "rotate_refresh_tokens", "id_token_minutes", "assertion_audiences",
    "post_logout_redirect_uris", "backchannel_logout_uri", "custom_attributes",
}  # fmt: skip
COLUMNS = {column.name for table in (apps_table, app_settings, installations_table, policies, permits) for column in table.c}


def test_a_developer_registers_an_app_and_owns_it(stage: Stage) -> None:
    made = stage.app()
    assert made.app.owner_id == stage.dan.user_id
    assert made.app.org_id == stage.org.id
    assert stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id)) == made.app
    assert stage.read(lambda tx: apps.settings_of(tx, stage.org.id, made.app.id)) == made.settings


def test_X_CA_08_a_new_app_arrives_closed(stage: Stage) -> None:
    """Admin approved, nobody assigned, no run-as user, no administering, and addresses enforced."""
    made = stage.app()
    stored = stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id))
    assert stored == made.policies
    assert stored is not None
    assert stored.permitted_users is PermittedUsers.ADMIN_APPROVED
    assert stored.ip_relaxation is Relaxation.ENFORCE
    assert stored.run_as_user_id is None
    assert not stored.may_administer
    assert stage.read(lambda tx: installations.permits_of(tx, stage.org.id, made.installation.id)) == []


@pytest.mark.parametrize("column", sorted(COLUMNS - SAYABLE))
def test_X_CA_08_what_a_developer_must_not_set_cannot_even_be_said(column: str) -> None:
    values: dict[str, Any] = {"label": "x", "api_name": "x", "contact_email": "x@y.example", column: "1"}
    with pytest.raises(TypeError):
        CreateApp(**values)


def test_X_CA_08_the_command_holds_what_may_be_said_and_no_more() -> None:
    assert {field.name for field in fields(CreateApp)} == SAYABLE | {"secret_name", "secret_days"}


def test_the_first_secret_is_shown_once_and_kept_as_a_digest(stage: Stage) -> None:
    made = stage.app()
    assert made.secret is not None
    assert secrets.looks_right(secrets.Kind.CONSUMER_SECRET, made.secret.reveal())
    assert made.secret.reveal() not in repr(made)
    kept = stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id))
    assert kept == [made.secret_record]
    assert kept[0].name == "First secret"
    assert kept[0].expires_at is None


def test_the_first_secret_can_be_given_an_end(stage: Stage) -> None:
    made = stage.app(secret_days=90)
    assert made.secret_record is not None
    assert made.secret_record.expires_at == stage.clock.now + timedelta(days=90)


@pytest.mark.parametrize("method", [ClientAuthMethod.NONE, ClientAuthMethod.PRIVATE_KEY_JWT])
def test_an_app_that_proves_itself_without_a_secret_gets_none(stage: Stage, method: ClientAuthMethod) -> None:
    made = stage.app(auth_methods=frozenset({method}))
    assert made.secret is None
    assert stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id)) == []


def test_the_consumer_key_leads_to_the_app_from_anywhere(stage: Stage) -> None:
    made = stage.app()
    assert secrets.looks_right(secrets.Kind.CONSUMER_KEY, made.app.consumer_key)
    assert stage.read(lambda tx: apps.by_consumer_key(tx, made.app.consumer_key)) == made.app


def test_an_app_can_speak_the_dialect_of_salesforce(stage: Stage) -> None:
    assert stage.app(dialect=Dialect.SALESFORCE).app.dialect is Dialect.SALESFORCE


def test_an_api_name_is_given_once_in_an_org(stage: Stage) -> None:
    stage.app()
    stage.refused(reasons.NAME_TAKEN, create_app, SAID, stage.dan)


def test_two_orgs_may_use_one_api_name(stage: Stage) -> None:
    stage.app()
    assert stage.app(actor=stage.otto).app.org_id == stage.other.id


def test_a_deleted_app_keeps_its_name_as_long_as_it_can_be_restored(stage: Stage) -> None:
    made = stage.app()
    stage.do(delete_app, DeleteApp(made.app.id, "Nightly_Job", "not used"))
    stage.clock.forward(days=29)
    stage.refused(reasons.NAME_TAKEN, create_app, SAID, stage.dan)
    stage.clock.forward(days=1)
    assert stage.app().app.id != made.app.id


def test_all_that_is_wrong_is_told_at_once(stage: Stage) -> None:
    command = replace(
        SAID,
        label=" ",
        api_name="2nd",
        contact_email="dan",
        info_url="javascript:alert(1)",
        scopes=("api", "apii"),
        callbacks=("http://shop.example/cb",),
        secret_days=0,
    )
    refused = stage.refused(reasons.FIELD_INVALID, create_app, command, stage.dan)
    assert stage.fields(refused) == {"label", "api_name", "contact_email", "info_url", "scopes", "callbacks.0", "secret_days"}


def test_a_wrong_callback_alone_is_refused_as_one(stage: Stage) -> None:
    stage.refused(reasons.CALLBACK_INVALID, create_app, replace(SAID, callbacks=("https://shop.example/*",)), stage.dan)


def test_registering_needs_a_right(stage: Stage) -> None:
    refused = stage.refused(reasons.PERMISSION_MISSING, create_app, SAID, stage.sam)
    assert "register_connected_apps" in str(refused.facts["permission"])


def test_only_who_manages_apps_registers_one_for_somebody_else(stage: Stage) -> None:
    stage.refused(reasons.PERMISSION_MISSING, create_app, replace(SAID, owner_id=stage.eve.user_id), stage.dan)
    assert stage.app(actor=stage.ada, owner_id=stage.eve.user_id).app.owner_id == stage.eve.user_id


def test_who_cannot_register_apps_cannot_answer_for_one(stage: Stage) -> None:
    command = replace(SAID, owner_id=stage.sam.user_id, backup_owner_id=stage.sam.user_id)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, create_app, command)) == {"owner_id", "backup_owner_id"}


def test_X_AD_07_nobody_of_another_org_can_own_an_app(stage: Stage) -> None:
    command = replace(SAID, owner_id=stage.otto.user_id, backup_owner_id=stage.otto.user_id)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, create_app, command)) == {"owner_id", "backup_owner_id"}


def test_the_operator_names_who_answers_for_the_app(stage: Stage) -> None:
    operator = replace(stage.ada, user_id=None)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, create_app, SAID, operator)) == {"owner_id"}


def test_a_look_at_everybodys_tokens_is_not_a_developers_to_give(stage: Stage) -> None:
    stage.refused(reasons.PERMISSION_MISSING, create_app, replace(SAID, introspect_all_tokens=True), stage.dan)
    assert stage.app(actor=stage.ada, introspect_all_tokens=True).settings.introspect_all_tokens


def test_the_audit_trail_tells_of_the_app_and_of_its_secret_without_the_secret(stage: Stage) -> None:
    made = stage.app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",))
    secret_line, app_line = stage.audit()
    assert (app_line.event, secret_line.event) == (Event.APP_CREATED, Event.SECRET_CREATED)
    said = {change["field"]: change["after"] for change in app_line.changes}
    assert said["api_name"] == "Nightly_Job"
    assert said["settings.scopes"] == ["api"]
    assert said["policies.permitted_users"] == "admin_approved"
    assert made.secret is not None
    assert made.secret.reveal() not in repr((app_line, secret_line))


def test_register_is_enough_and_manage_is_enough(stage: Stage) -> None:
    for place, right in enumerate((Permission.REGISTER_CONNECTED_APPS, Permission.MANAGE_CONNECTED_APPS)):
        assert stage.app(f"App_{place}", replace(stage.ada, permissions=frozenset({right})))
