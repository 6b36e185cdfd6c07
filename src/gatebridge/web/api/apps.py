"""Connected apps: registering them, reading them, and editing who they are."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.create_app import CreateApp, CreatedApp, create_app
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.storage import listed_apps
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.api.app_settings import GivenAttribute, with_attributes
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, record_id, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import Closed, GivenId, Id, Moment, Shown, given, omitted

router = APIRouter(prefix="/apps", tags=["Apps"])


class AppShown(Shown):
    """An app as this org sees it. `consumer_key` is its `client_id`."""

    id: Id
    org_id: Id
    label: str
    api_name: str
    consumer_key: str
    state: AppState
    dialect: Dialect
    contact_email: str
    contact_phone: str
    info_url: str
    description: str
    purpose: str
    review_on: str = Field(description="The day by which its owner looks at it again; empty where none was said.")
    owner_id: Id
    backup_owner_id: Id | None
    initials: str
    has_logo: bool
    created_at: Moment
    deleted_at: Moment | None
    blocked_at: Moment | None
    blocked_because: str
    installed_until: Moment | None = Field(description="When it is out of use again; null for good, and where it is out of use.")
    holders_only: bool = Field(description="Nobody has installed it; users who may use apps that are not installed may use it.")
    version: int


class NewApp(Closed):
    """A new app. Whatever is left out is the safe choice."""

    label: str = Field(examples=["Nightly ledger sync"])
    api_name: str = Field(examples=["nightly_ledger_sync"], description="Unique in the org; what configuration as code calls it.")
    contact_email: str = Field(examples=["ada@example.com"])
    contact_phone: str = ""
    info_url: str = ""
    description: str = ""
    purpose: str = ""
    review_on: str = Field("", examples=["2027-03-31"], description="The day by which its owner looks at it again.")
    owner_id: GivenId | None = Field(None, description="Who answers for it; without it, whoever creates it.")
    backup_owner_id: GivenId | None = None
    dialect: Dialect = Field(Dialect.STANDARD, description="salesforce for clients that were written for Salesforce.")
    flows: frozenset[Flow] = frozenset()
    scopes: tuple[str, ...] = ()
    full_scope_reason: str = ""
    callbacks: tuple[str, ...] = ()
    native: bool = False
    auth_methods: frozenset[ClientAuthMethod] = frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST})
    pkce_required: bool = True
    access_token_format: TokenFormat = TokenFormat.OPAQUE
    signing_algorithm: str = "ES256"
    audience: str = ""
    legacy_audience: bool = False
    introspect_all_tokens: bool = False
    require_secret_for_web_server: bool = Field(True, description="Off only together with PKCE, and never for a public app.")
    require_secret_for_refresh: bool = Field(True, description="Off only together with PKCE, and never for a public app.")
    rotate_refresh_tokens: bool = Field(False, description="A public app's always rotate.")
    id_token_minutes: int = 2
    assertion_audiences: tuple[str, ...] = Field(
        (), description="What a JWT bearer assertion may name beside the issuer; in the salesforce dialect only."
    )
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    custom_attributes: tuple[GivenAttribute, ...] = ()
    secret_name: str = "First secret"
    secret_days: int | None = Field(None, description="So many days the first secret lives; without it, until it is rotated or retired.")


class AppEdit(Closed):
    """What is to be different about who an app is; what is left out stays."""

    label: str = omitted()
    contact_email: str = omitted()
    contact_phone: str = omitted()
    info_url: str = omitted()
    description: str = omitted()
    purpose: str = omitted()
    review_on: str = omitted()
    dialect: Dialect = omitted()


class NewAppShown(AppShown):
    """A new app with its first secret, at the one moment when it can be read. In a repeated answer `secret` is null."""

    secret: str | None = Field(description="The consumer secret, shown once. Null for an app that proves itself otherwise.")
    secret_id: Id | None


def fields_of(found: ListedApp) -> dict[str, Any]:
    """What is shown of an app, by field."""
    app, here = found.app, found.installation
    own = {name: getattr(app, name) for name in AppShown.model_fields if hasattr(app, name)}
    return own | {
        "state": found.state,
        "blocked_at": here.blocked_at if here else None,
        "blocked_because": here.blocked_because if here else "",
        "installed_until": here.uninstalled_at if here and found.state is not AppState.UNINSTALLED else None,
        "holders_only": here.holders_only if here else False,
    }


def app_shown(found: ListedApp) -> AppShown:
    """An app as it is sent out."""
    return AppShown(**fields_of(found))


def read_again(visit: Visit, app_id: str) -> Response:
    """The app after a change, as it now stands, with its version. Whoever may change it may see it."""
    found = listed_apps.known(visit.tx, visit.org.id, app_id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return shown(app_shown(found), found.app.version)


@router.get("", summary="List apps")
def list_apps(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In label, API name or consumer key.")] = "",
    state: Annotated[AppState | None, Query(description="Only apps that stand so.")] = None,
    owner_id: Annotated[GivenId | None, Query(description="Only apps of this owner or backup owner.")] = None,
    flow: Annotated[Flow | None, Query(description="Only apps for which this flow is on.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[AppShown]:
    """The apps that the org owns or uses, oldest first. Needs *View Setup*; with *Register Connected Apps* one sees one's own."""
    with desk.reading() as visit:
        only = app_reading.owner_filter(visit.actor)
        if only is not None and owner_id not in (None, only):
            return Page(items=[], next=None)
        owner = only or owner_id
        return page_of(
            desk,
            visit,
            {"list": "apps", "search": search, "state": state, "owner": owner, "flow": flow},
            limit,
            cursor,
            lambda after, count: listed_apps.list_page(
                visit.tx, visit.org.id, search=search, state=state, owner_id=owner, flow=flow or "", after=after, limit=count
            ),
            lambda found: found.app.id,
            app_shown,
        )


@router.post("", summary="Register an app", status_code=201, response_model=NewAppShown)
def register_app(desk: AtDesk, body: NewApp, idempotency_key: IdempotencyKey = None) -> Response:
    """Register an app with its first secret. Nobody may use it until an admin opens it. Needs *Register Connected Apps*; another's
    name as its owner, `introspect_all_tokens`, and to be without flows the API of an `audience` that apps of others have, need *Manage
    Connected Apps*."""
    command = CreateApp(**with_attributes(given(body)))

    def make(visit: Visit) -> NewAppShown:
        made: CreatedApp = create_app(visit.tx, visit.actor, command)
        record = made.secret_record
        return NewAppShown(
            **fields_of(ListedApp(made.app, made.installation)),
            secret=made.secret.reveal() if made.secret else None,
            secret_id=record.id if record else None,
        )

    return desk.create(make, idempotency_key)


@router.get("/{app_id}", summary="Read an app", response_model=AppShown)
def get_app(desk: AtDesk, app_id: str) -> Response:
    """Who the app is and how it stands here. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        found = app_reading.visible(visit.tx, visit.actor, record_id(app_id, Prefix.APP))
        return shown(app_shown(found), found.app.version)


@router.patch("/{app_id}", summary="Edit an app", response_model=AppShown)
def edit_identity(desk: AtDesk, app_id: str, body: AppEdit, if_match: IfMatch = None) -> Response:
    """Change who the app is. Needs *Register Connected Apps* and to be the owner, or *Manage Connected Apps*."""
    command = EditApp(app_id=record_id(app_id, Prefix.APP), expected_version=version_in(if_match), **given(body))
    with desk.writing() as visit:
        edit_app(visit.tx, visit.actor, command)
        return read_again(visit, command.app_id)
