"""Change what the app's developer owns: flows, scopes, callbacks, how it proves itself, and the form of its tokens.

An app that is blocked can be edited and stays blocked: the block is on its installation, which no setting reaches (X-CA-09).
"""

from dataclasses import asdict, dataclass, replace

from gatebridge.records.change import check_version, permit, record_change
from gatebridge.rules import app_checks, scopes
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat, ways_in
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, audiences
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.storage import apps, orgs
from gatebridge.storage.tx import Tx

_FIELDS = tuple(name for name in AppSettings.__slots__ if name not in ("app_id", "version"))


@dataclass(frozen=True, slots=True)
class EditSettings:
    """What is to be different about an app's settings; lists replace those that there are. The fields are those of `AppSettings`."""

    app_id: str
    flows: frozenset[Flow] | Unchanged = UNCHANGED
    scopes: tuple[str, ...] | Unchanged = UNCHANGED
    full_scope_reason: str | Unchanged = UNCHANGED
    callbacks: tuple[str, ...] | Unchanged = UNCHANGED
    native: bool | Unchanged = UNCHANGED
    auth_methods: frozenset[ClientAuthMethod] | Unchanged = UNCHANGED
    pkce_required: bool | Unchanged = UNCHANGED
    access_token_format: TokenFormat | Unchanged = UNCHANGED
    signing_algorithm: str | Unchanged = UNCHANGED
    audience: str | Unchanged = UNCHANGED
    legacy_audience: bool | Unchanged = UNCHANGED
    introspect_all_tokens: bool | Unchanged = UNCHANGED
    require_secret_for_web_server: bool | Unchanged = UNCHANGED
    require_secret_for_refresh: bool | Unchanged = UNCHANGED
    rotate_refresh_tokens: bool | Unchanged = UNCHANGED
    id_token_minutes: int | Unchanged = UNCHANGED
    assertion_audiences: tuple[str, ...] | Unchanged = UNCHANGED
    post_logout_redirect_uris: tuple[str, ...] | Unchanged = UNCHANGED
    backchannel_logout_uri: str | Unchanged = UNCHANGED
    custom_attributes: tuple[tuple[str, str], ...] | Unchanged = UNCHANGED
    expected_version: int | None = None


def edit_settings(tx: Tx, actor: Actor, command: EditSettings) -> AppSettings:
    """Save the settings of an app and return them as they now are. Raises Refused.

    The scope `setup_api` may be asked for; it opens nothing until an admin's policy lets the app administer the org. A look at all
    tokens of the org (`introspect_all_tokens`), or at those for an audience that others have, is only switched on by whoever manages apps.
    Who opens one more way into an app that is not the own, such as another callback URL, holds what the app may do.
    """
    app = app_rights.editable(tx, actor, command.app_id)
    before = apps.settings_of(tx, actor.org_id, app.id)
    if before is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    check_version(before.version, command.expected_version)
    app_rights.refuse_deleted(app)
    after = applied(before, command, *_FIELDS)
    after = replace(after, scopes=scopes.ordered(after.scopes))
    if after == before:
        return before
    if after.introspect_all_tokens and not before.introspect_all_tokens:
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
    if ways_in(after) - ways_in(before):
        app_rights.refuse_borrowed_powers(tx, actor, app)
    org = orgs.by_id(tx, actor.org_id)
    # A scope that the org has taken away since opens nothing any more (`rules/granted.here`), whoever names it still: only to name one
    # anew is wrong, and all else can be saved beside it.
    nameable = frozenset(before.scopes).union(org.custom_scopes if org else ())
    refuse_invalid(app_checks.settings_problems(after, nameable, app.dialect))
    audiences.refuse_others(tx, actor, before, after)
    if not apps.update_settings(tx, actor.org_id, after):
        raise stale()
    record_change(tx, actor, Event.APP_SETTINGS_EDITED, app_rights.target(app), _told(before), _told(after))
    ensure_signing_key(tx, actor, after.signing_algorithm)
    return replace(after, version=after.version + 1)


def _told(settings: AppSettings) -> dict[str, object]:
    """The settings for the audit trail, where each attribute is a line of its own."""
    return asdict(settings) | {"custom_attributes": dict(settings.custom_attributes)}
