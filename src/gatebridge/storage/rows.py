"""From a row to the noun of `rules/` that it holds: one explicit function per type, for every query that reads one."""

from collections.abc import Iterable
from typing import Any

from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import App, AppCertificate, ConsumerSecret, Dialect, Installation
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.lifetimes import RefreshPolicy, parse_refresh_policy
from gatebridge.rules.network import Range, Relaxation, parse_range
from gatebridge.rules.orgs import Org, OrgKind, OrgSettings
from gatebridge.rules.people import Assignment, PermissionSet, Profile, User, UserState
from gatebridge.rules.permissions import Permission


def ranges(stored: Iterable[Any]) -> tuple[Range, ...]:
    """Address ranges, kept as pairs of text and label."""
    found = (parse_range(text, label) for text, label in stored)
    return tuple(each for each in found if each is not None)


def stored_ranges(ranges: Iterable[Range]) -> list[list[str]]:
    """What `ranges` reads back."""
    return [[str(each), each.label] for each in ranges]


def hours(stored: Iterable[Any]) -> tuple[OpenHours, ...]:
    """Login hours, kept as weekday, first and last minute."""
    return tuple(OpenHours(weekday, start, end) for weekday, start, end in stored)


def stored_hours(hours: Iterable[OpenHours]) -> list[list[int]]:
    """What `hours` reads back."""
    return [[each.weekday, each.start, each.end] for each in hours]


def requirement(level: str, action: str) -> Requirement:
    return Requirement(Level(level), LevelAction(action))


def refresh_policies(stored: Iterable[str]) -> tuple[RefreshPolicy, ...]:
    """Refresh token policies. What cannot be read ends the token at once: a rule that is not understood denies (X-AD-11)."""
    return tuple(parse_refresh_policy(text) or RefreshPolicy("immediately") for text in stored)


def permissions(stored: Iterable[str]) -> frozenset[Permission]:
    return frozenset(Permission(name) for name in stored)


def stored_permissions(permissions: frozenset[Permission]) -> list[str]:
    """What `permissions` reads back, in the order of the catalogue, so that the same rights are always the same text."""
    return [right.value for right in Permission if right in permissions]


def org(row: Any) -> Org:
    stored = row.settings
    return Org(
        id=row.id,
        name=row.name,
        kind=OrgKind(row.kind),
        host=row.host,
        issuer=row.issuer,
        epoch=row.epoch,
        epoch_at=row.epoch_at,
        created_at=row.created_at,
        version=row.version,
        settings=OrgSettings(
            session_minutes=stored.get("session_minutes"),
            trusted_ranges=ranges(stored.get("trusted_ranges", ())),
            trusted_ranges_only_waive=stored.get("trusted_ranges_only_waive", False),
            custom_scopes=tuple((name, sentence) for name, sentence in stored.get("custom_scopes", ())),
            scope_claims=tuple((scope, claim, value) for scope, claim, value in stored.get("scope_claims", ())),
            device_flow=stored.get("device_flow", False),
            user_agent_flow=stored.get("user_agent_flow", False),
            timezone=stored.get("timezone", "UTC"),
            monitored_ranges=ranges(stored.get("monitored_ranges", ())),
            ranges_on_every_request=stored.get("ranges_on_every_request", False),
            verify_new_browsers=stored.get("verify_new_browsers", False),
            requirement=requirement(stored.get("required_level", "standard"), stored.get("level_action", "raise")),
            lock_sessions_to_address=stored.get("lock_sessions_to_address", False),
            session_absolute_hours=stored.get("session_absolute_hours"),
            max_sessions_per_user=stored.get("max_sessions_per_user"),
            reauthenticate_minutes=stored.get("reauthenticate_minutes"),
        ),
    )


def user(row: Any) -> User:
    return User(
        id=row.id,
        org_id=row.org_id,
        username=row.username,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        profile_id=row.profile_id,
        state=UserState(row.state),
        frozen=row.frozen,
        epoch=row.epoch,
        epoch_at=row.epoch_at,
        created_at=row.created_at,
        version=row.version,
        external_id=row.external_id,
        email_verified_at=row.email_verified_at,
        locale=row.locale,
        timezone=row.timezone,
        phone=row.phone,
        street=row.street,
        city=row.city,
        region=row.region,
        postal_code=row.postal_code,
        country=row.country,
        updated_at=row.updated_at,
        password_changed_at=row.password_changed_at,
    )


def profile(row: Any) -> Profile:
    return Profile(
        id=row.id,
        org_id=row.org_id,
        name=row.name,
        description=row.description,
        permissions=permissions(row.permissions),
        created_at=row.created_at,
        version=row.version,
        login_ranges=ranges(row.login_ranges),
        session_minutes=row.session_minutes,
        monitored_ranges=ranges(row.monitored_ranges),
        login_hours=hours(row.login_hours),
        requirement=requirement(row.required_level, row.level_action),
    )


def permission_set(row: Any) -> PermissionSet:
    return PermissionSet(
        id=row.id,
        org_id=row.org_id,
        label=row.label,
        api_name=row.api_name,
        description=row.description,
        permissions=permissions(row.permissions),
        created_at=row.created_at,
        version=row.version,
    )


def app(row: Any) -> App:
    """An app. The row has `has_logo` beside the table's columns, since the picture itself is read only to be shown."""
    return App(
        id=row.id,
        org_id=row.org_id,
        label=row.label,
        api_name=row.api_name,
        consumer_key=row.consumer_key,
        dialect=Dialect(row.dialect),
        contact_email=row.contact_email,
        owner_id=row.owner_id,
        epoch=row.epoch,
        epoch_at=row.epoch_at,
        created_at=row.created_at,
        version=row.version,
        contact_phone=row.contact_phone,
        info_url=row.info_url,
        description=row.description,
        purpose=row.purpose,
        backup_owner_id=row.backup_owner_id,
        review_on=row.review_on,
        has_logo=bool(row.has_logo),
        deleted_at=row.deleted_at,
    )


def settings(row: Any) -> AppSettings:
    return AppSettings(
        app_id=row.app_id,
        version=row.version,
        flows=frozenset(Flow(name) for name in row.flows),
        scopes=tuple(row.scopes),
        full_scope_reason=row.full_scope_reason,
        callbacks=tuple(row.callbacks),
        native=row.native,
        auth_methods=frozenset(ClientAuthMethod(name) for name in row.auth_methods),
        pkce_required=row.pkce_required,
        access_token_format=TokenFormat(row.access_token_format),
        signing_algorithm=row.signing_algorithm,
        audience=row.audience,
        legacy_audience=row.legacy_audience,
        introspect_all_tokens=row.introspect_all_tokens,
        require_secret_for_web_server=row.require_secret_for_web_server,
        require_secret_for_refresh=row.require_secret_for_refresh,
        rotate_refresh_tokens=row.rotate_refresh_tokens,
        id_token_minutes=row.id_token_minutes,
        assertion_audiences=tuple(row.assertion_audiences),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        backchannel_logout_uri=row.backchannel_logout_uri,
        custom_attributes=tuple((name, expression) for name, expression in row.custom_attributes),
    )


def installation(row: Any) -> Installation:
    return Installation(
        id=row.id,
        org_id=row.org_id,
        app_id=row.app_id,
        epoch=row.epoch,
        epoch_at=row.epoch_at,
        installed_at=row.installed_at,
        version=row.version,
        uninstalled_at=row.uninstalled_at,
        blocked_at=row.blocked_at,
        blocked_because=row.blocked_because,
        holders_only=row.holders_only,
    )


def policies(row: Any) -> AppPolicies:
    return AppPolicies(
        installation_id=row.installation_id,
        version=row.version,
        permitted_users=PermittedUsers(row.permitted_users),
        ip_relaxation=Relaxation(row.ip_relaxation),
        access_token_minutes=row.access_token_minutes,
        jwt_access_token_minutes=row.jwt_access_token_minutes,
        run_as_user_id=row.run_as_user_id,
        may_administer=row.may_administer,
        refresh_policies=refresh_policies(row.refresh_policies),
        refresh_exception_reason=row.refresh_exception_reason,
        refresh_exception_until=row.refresh_exception_until,
        refresh_grace_seconds=row.refresh_grace_seconds,
        authorization_code_seconds=row.authorization_code_seconds,
        max_grants_per_user=row.max_grants_per_user,
        ip_ranges=ranges(row.ip_ranges),
        refresh_ranges=ranges(row.refresh_ranges),
        monitored_ranges=ranges(row.monitored_ranges),
        requirement=requirement(row.required_level, row.level_action),
    )


def permit(row: Any) -> Assignment:
    return Assignment(row.holder_id, row.expires_at)


def secret(row: Any) -> ConsumerSecret:
    return ConsumerSecret(
        id=row.id,
        app_id=row.app_id,
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        retired_at=row.retired_at,
        try_id=row.try_id,
    )


def certificate(row: Any) -> AppCertificate:
    return AppCertificate(
        id=row.id,
        app_id=row.app_id,
        name=row.name,
        fingerprint=row.fingerprint,
        subject=row.subject,
        key_type=row.key_type,
        algorithms=tuple(row.algorithms),
        public_pem=row.public_pem,
        not_before=row.not_before,
        not_after=row.not_after,
        created_at=row.created_at,
        created_by=row.created_by,
        retired_at=row.retired_at,
        try_id=row.try_id,
    )
