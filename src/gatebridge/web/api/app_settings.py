"""Settings of an app: what its developer owns."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.storage import apps
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, IfMatch, record_id, shown, version_in
from gatebridge.web.api.shapes import Closed, Id, Shown, given, omitted

router = APIRouter(prefix="/apps/{app_id}/settings", tags=["Settings and policies"])


class AttributeShown(Shown):
    """A custom attribute: its name, and the expression that makes its value."""

    name: str
    expression: str


class GivenAttribute(Closed):
    """A custom attribute that the app is told of its users, in ID tokens, at userinfo and at the identity URL."""

    name: str = Field(examples=["cost_centre"])
    expression: str = Field(examples=["user.external_id"])


class SettingsShown(Shown):
    """What the app is able to ask for, and how it proves itself."""

    app_id: Id
    flows: list[Flow]
    scopes: list[str]
    full_scope_reason: str
    callbacks: list[str]
    native: bool
    auth_methods: list[ClientAuthMethod]
    pkce_required: bool
    access_token_format: TokenFormat
    signing_algorithm: str
    audience: str
    legacy_audience: bool
    introspect_all_tokens: bool
    require_secret_for_web_server: bool
    require_secret_for_refresh: bool
    rotate_refresh_tokens: bool
    id_token_minutes: int
    assertion_audiences: list[str]
    post_logout_redirect_uris: list[str]
    backchannel_logout_uri: str
    custom_attributes: list[AttributeShown]
    version: int


class SettingsEdit(Closed):
    """What is to be different; what is left out stays. A list replaces the whole list."""

    flows: frozenset[Flow] = omitted()
    scopes: tuple[str, ...] = omitted()
    full_scope_reason: str = omitted()
    callbacks: tuple[str, ...] = omitted()
    native: bool = omitted()
    auth_methods: frozenset[ClientAuthMethod] = omitted()
    pkce_required: bool = omitted()
    access_token_format: TokenFormat = omitted()
    signing_algorithm: str = omitted()
    audience: str = omitted()
    legacy_audience: bool = omitted()
    introspect_all_tokens: bool = omitted()
    require_secret_for_web_server: bool = omitted()
    require_secret_for_refresh: bool = omitted()
    rotate_refresh_tokens: bool = omitted()
    id_token_minutes: int = omitted()
    assertion_audiences: tuple[str, ...] = omitted()
    post_logout_redirect_uris: tuple[str, ...] = omitted()
    backchannel_logout_uri: str = omitted()
    custom_attributes: tuple[GivenAttribute, ...] = omitted()


def with_attributes(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a command, with the custom attributes as the verbs take them."""
    attributes = fields.get("custom_attributes")
    if not isinstance(attributes, tuple):
        return fields
    return fields | {"custom_attributes": tuple((each.name, each.expression) for each in attributes)}


def settings_shown(settings: AppSettings) -> SettingsShown:
    """Settings as they are sent out."""
    # Sets have no order of their own; an answer that changes its order from one read to the next looks like a change.
    values = {name: getattr(settings, name) for name in SettingsShown.model_fields}
    values |= {"flows": sorted(settings.flows), "auth_methods": sorted(settings.auth_methods)}
    values["custom_attributes"] = [AttributeShown(name=name, expression=text) for name, text in settings.custom_attributes]
    return SettingsShown(**values)


def _shown(settings: AppSettings) -> Response:
    return shown(settings_shown(settings), settings.version)


@router.get("", summary="Read settings", response_model=SettingsShown)
def get_settings(desk: AtDesk, app_id: str) -> Response:
    """Flows, scopes, callbacks, client authentication, token format. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app = app_reading.own(visit.tx, visit.actor, record_id(app_id, Prefix.APP)).app
        settings = apps.settings_of(visit.tx, visit.org.id, app.id)
        if settings is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return _shown(settings)


@router.patch("", summary="Edit settings", response_model=SettingsShown)
def patch_settings(desk: AtDesk, app_id: str, body: SettingsEdit, if_match: IfMatch = None) -> Response:
    """Change what the developer owns. Needs *Register Connected Apps* and to be the owner, or *Manage Connected Apps*, without which
    nobody switches on `introspect_all_tokens`, or makes an app without flows the API of an `audience` that apps of others have."""
    fields = with_attributes(given(body))
    command = EditSettings(app_id=record_id(app_id, Prefix.APP), expected_version=version_in(if_match), **fields)
    with desk.writing() as visit:
        return _shown(edit_settings(visit.tx, visit.actor, command))
