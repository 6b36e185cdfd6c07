"""Register a connected app: identity, settings, a closed installation in the owner's org, and its first secret.

The command knows no policy: whatever a developer sends, nobody may use the new app until an admin opens it (X-CA-08).
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from gatebridge.crypto import secrets as values
from gatebridge.crypto.secrets import Kind, Secret
from gatebridge.records.change import permit, record_change
from gatebridge.rules import app_checks, scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import BUILT_IN, App, ConsumerSecret, Dialect, Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, audiences
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.install_app import first_installation
from gatebridge.setup.rotate_secret import make_secret, secret_problems
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.storage import apps, orgs
from gatebridge.storage.tx import Tx

LONGEST_SECRET_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class CreateApp:
    """What a developer says of a new app. Whatever is left out is the safe choice."""

    label: str
    api_name: str
    contact_email: str
    contact_phone: str = ""
    info_url: str = ""
    description: str = ""
    purpose: str = ""
    owner_id: str | None = None  # None: whoever creates it
    backup_owner_id: str | None = None
    review_on: str = ""
    dialect: Dialect = Dialect.STANDARD
    flows: frozenset[Flow] = frozenset()
    scopes: tuple[str, ...] = ()
    full_scope_reason: str = ""
    callbacks: tuple[str, ...] = ()
    native: bool = False
    auth_methods: frozenset[ClientAuthMethod] = app_checks.BY_SECRET
    pkce_required: bool = True
    access_token_format: TokenFormat = TokenFormat.OPAQUE
    signing_algorithm: str = "ES256"
    audience: str = ""
    legacy_audience: bool = False
    introspect_all_tokens: bool = False
    require_secret_for_web_server: bool = True
    require_secret_for_refresh: bool = True
    rotate_refresh_tokens: bool = False
    id_token_minutes: int = 2
    assertion_audiences: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    custom_attributes: tuple[tuple[str, str], ...] = ()
    secret_name: str = "First secret"
    secret_days: int | None = None  # None: the first secret lives until it is rotated or retired


@dataclass(frozen=True, slots=True)
class CreatedApp:
    """A new app. `secret` can be read this once; both are None for an app that proves itself otherwise."""

    app: App
    settings: AppSettings
    installation: Installation
    policies: AppPolicies
    secret_record: ConsumerSecret | None
    secret: Secret | None


def create_app(tx: Tx, actor: Actor, command: CreateApp) -> CreatedApp:
    """Register an app in the actor's org. Raises Refused (`field_invalid` with all that is wrong, `name_taken`, `permission_missing`)."""
    permit(actor, *app_rights.REGISTERS)
    if command.owner_id not in (None, actor.user_id) or command.introspect_all_tokens:
        # Another's name on it, or a look at everybody's tokens, is not a developer's to give.
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app = _app(tx, actor, command)
    settings = _settings(app, command)
    refuse_invalid(_problems(tx, actor, command, app, settings))
    audiences.refuse_others(tx, actor, None, settings)
    if app.api_name in BUILT_IN:
        # These are published as the names of apps of the server's own, so they are none for anybody's app, also after one was deleted.
        raise Refused(setup_reasons.NAME_TAKEN, facts={"api_name": app.api_name})
    _let_go_of_name(tx, actor.org_id, app.api_name)
    if not apps.insert(tx, app, settings):
        raise Refused(setup_reasons.NAME_TAKEN, facts={"api_name": app.api_name})
    first = first_installation(tx, actor.org_id, app.id)
    assert first is not None  # noqa: S101 - an app that was made above is installed nowhere
    installation, policies = first
    after = asdict(app) | {"settings": settings, "policies": policies}
    record_change(tx, actor, Event.APP_CREATED, app_rights.target(app), None, after)
    ensure_signing_key(tx, actor, settings.signing_algorithm)
    if not app_checks.takes_secrets(settings):
        return CreatedApp(app, settings, installation, policies, None, None)
    made = make_secret(tx, actor, app, command.secret_name, _end_of_first_secret(tx, command))
    return CreatedApp(app, settings, installation, policies, made.record, made.secret)


def problems(tx: Tx, actor: Actor, command: CreateApp) -> list[FieldProblem]:
    """What is wrong with a new app so far, for a form that asks for it step by step. Nothing is written. Raises Refused."""
    permit(actor, *app_rights.REGISTERS)
    app = _app(tx, actor, command)
    found = _problems(tx, actor, command, app, _settings(app, command))
    if _taken(tx, actor, app.api_name):
        found.append(FieldProblem("api_name", f"Another app of this org has the API name {app.api_name} already."))
    return found


def _app(tx: Tx, actor: Actor, command: CreateApp) -> App:
    owner_id = command.owner_id or actor.user_id
    if owner_id is None:
        # The operator and the house are nobody who could answer for an app.
        raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("owner_id", "Say which user answers for this app."),))
    return App(
        id=tx.new_id(Prefix.APP),
        org_id=actor.org_id,
        label=command.label,
        api_name=command.api_name,
        consumer_key=values.new(Kind.CONSUMER_KEY, tx.random),
        dialect=command.dialect,
        contact_email=command.contact_email,
        owner_id=owner_id,
        epoch=0,
        created_at=tx.now,
        contact_phone=command.contact_phone,
        info_url=command.info_url,
        description=command.description,
        purpose=command.purpose,
        backup_owner_id=command.backup_owner_id,
        review_on=command.review_on,
    )


def _settings(app: App, command: CreateApp) -> AppSettings:
    return AppSettings(
        app_id=app.id,
        flows=command.flows,
        scopes=scopes.ordered(command.scopes),
        full_scope_reason=command.full_scope_reason,
        callbacks=command.callbacks,
        native=command.native,
        auth_methods=command.auth_methods,
        pkce_required=command.pkce_required,
        access_token_format=command.access_token_format,
        signing_algorithm=command.signing_algorithm,
        audience=command.audience,
        legacy_audience=command.legacy_audience,
        introspect_all_tokens=command.introspect_all_tokens,
        require_secret_for_web_server=command.require_secret_for_web_server,
        require_secret_for_refresh=command.require_secret_for_refresh,
        rotate_refresh_tokens=command.rotate_refresh_tokens,
        id_token_minutes=command.id_token_minutes,
        assertion_audiences=command.assertion_audiences,
        post_logout_redirect_uris=command.post_logout_redirect_uris,
        backchannel_logout_uri=command.backchannel_logout_uri,
        custom_attributes=command.custom_attributes,
    )


def _problems(tx: Tx, actor: Actor, command: CreateApp, app: App, settings: AppSettings) -> list[FieldProblem]:
    org = orgs.by_id(tx, actor.org_id)
    found = app_checks.identity_problems(app) + app_checks.review_problems(app, None, tx.now)
    found += app_checks.settings_problems(settings, org.custom_scopes if org else frozenset(), app.dialect)
    for field, user_id in (("owner_id", app.owner_id), ("backup_owner_id", app.backup_owner_id)):
        problem = app_rights.owner_problem(tx, actor.org_id, field, user_id) if user_id is not None else None
        found += [problem] if problem else []
    days = command.secret_days
    if days is not None and not 1 <= days <= LONGEST_SECRET_DAYS:
        found.append(FieldProblem("secret_days", f"A secret lives 1 to {LONGEST_SECRET_DAYS:,} days, or without an end."))
    elif app_checks.takes_secrets(settings):
        named = secret_problems(tx.now, command.secret_name, None)
        found += [FieldProblem("secret_name", problem.problem) for problem in named]
    return found


def _taken(tx: Tx, actor: Actor, api_name: str) -> bool:
    former = apps.by_api_name(tx, actor.org_id, api_name)
    kept = former is not None and (former.deleted_at is None or app_checks.restorable(former.deleted_at, tx.now))
    return kept or api_name in BUILT_IN


def _let_go_of_name(tx: Tx, org_id: str, api_name: str) -> None:
    """An app that was deleted so long ago that it cannot be restored keeps its name from nobody."""
    former = apps.by_api_name(tx, org_id, api_name)
    if former is not None and former.deleted_at is not None and not app_checks.restorable(former.deleted_at, tx.now):
        apps.release_name(tx, org_id, former.id)


def _end_of_first_secret(tx: Tx, command: CreateApp) -> datetime | None:
    return tx.now + timedelta(days=command.secret_days) if command.secret_days is not None else None
