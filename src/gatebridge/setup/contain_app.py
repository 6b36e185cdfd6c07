"""Contain an app, for an incident: hold it, end everything that it has, end what it proves itself with, and tell who has to know.

In one transaction, so that nobody contains half an app. Each part is the verb that does it alone and leaves its own line in the audit
trail; the last line says what all of it came to (docs/decisions/0043).
"""

from dataclasses import dataclass

from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App, AppCertificate, ConsumerSecret
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, contain_mails
from gatebridge.setup.add_certificate import end_certificate
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.rotate_secret import end_secret
from gatebridge.storage import credentials, live_tokens, orgs
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.tx import Tx

CONTAINS = Permission.MANAGE_CONNECTED_APPS


@dataclass(frozen=True, slots=True)
class ContainApp:
    """Hold an app in the actor's org. The reason must be written.

    `end_credentials`: also its live secrets and certificates, which are this org's to end where the app is. `tell`: its owners, whoever
    else manages apps, and the app's contact, by mail.
    """

    app_id: str
    reason: str
    end_credentials: bool = True
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Contained:
    """What it came to. `ended` is what was alive until then; nothing where the app was blocked before."""

    app_id: str
    ended: Counted
    secrets: tuple[str, ...]  # the names of those that ended
    certificates: tuple[str, ...]
    told: tuple[str, ...]  # the addresses to which mail goes


@dataclass(frozen=True, slots=True)
class Containable:
    """What containing the app would end, and whom it would tell."""

    secrets: tuple[ConsumerSecret, ...]
    certificates: tuple[AppCertificate, ...]
    told: tuple[str, ...]


def contain_app(tx: Tx, actor: Actor, command: ContainApp) -> Contained:
    """Do all of it. An app that is blocked already is contained too: what is left of it ends, and the rest is told. Raises Refused."""
    permit(actor, CONTAINS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    app_rights.refuse_own_door(actor, app.id)
    reason = app_rights.written_reason(command.reason)
    ends = command.end_credentials and _owned(actor, app)
    if ends:
        app_rights.with_credentials(tx, actor, app.id)  # held before the installation, as in every verb that takes both
    ended = live_tokens.count(tx, actor.org_id, app_id=app.id)
    if installation.blocked_at is None:
        block_app(tx, actor, BlockApp(app.id, reason))
    secrets, certificates = _live(tx, app) if ends else ((), ())
    for secret in secrets:
        end_secret(tx, actor, app, secret.id)
    for certificate in certificates:
        end_certificate(tx, actor, app, certificate.id)
    named = (tuple(each.name for each in secrets), tuple(each.name for each in certificates))
    told = _tell(tx, actor, app, reason, ended, ends_credentials=ends) if command.tell else ()
    after = {
        "live_token_count": ended.tokens if ended.exact else f"more than {ended.tokens}",
        "user_count": ended.users,
        "ended_secret_count": len(secrets),
        "ended_certificate_count": len(certificates),
        "told": told,
    }
    record_change(tx, actor, Event.APP_CONTAINED, app_rights.target(app), None, after, reason=reason)
    return Contained(app.id, ended, *named, told)


def containable(tx: Tx, actor: Actor, app_id: str) -> Containable:
    """What the verb would do with the app as it stands, so that somebody can look before. Raises Refused."""
    permit(actor, CONTAINS)
    app, _ = app_rights.in_use(tx, actor, app_id)
    org = orgs.by_id(tx, actor.org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    live = _live(tx, app) if _owned(actor, app) else ((), ())
    return Containable(*live, tuple(each.email for each in contain_mails.recipients(tx, org, app, actor)))


def _owned(actor: Actor, app: App) -> bool:
    """Whether what the app proves itself with is this org's to end. What every org relies on is nobody's."""
    return app.org_id == actor.org_id and not app.fixed


def _live(tx: Tx, app: App) -> tuple[tuple[ConsumerSecret, ...], tuple[AppCertificate, ...]]:
    """Those of a run of Try it end with their run, and the app is refused meanwhile."""
    secrets = credentials.secrets_of(tx, app.org_id, app.id)
    certificates = credentials.certificates_of(tx, app.org_id, app.id)
    return (
        tuple(each for each in secrets if each.live(tx.now) and each.try_id is None),
        tuple(each for each in certificates if each.retired_at is None and tx.now < each.not_after and each.try_id is None),
    )


def _tell(tx: Tx, actor: Actor, app: App, reason: str, ended: Counted, *, ends_credentials: bool) -> tuple[str, ...]:
    org = orgs.by_id(tx, actor.org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    found = contain_mails.recipients(tx, org, app, actor)
    contain_mails.tell(tx, org, app, actor, found, reason=reason, ended=ended, ends_credentials=ends_credentials)
    return tuple(each.email for each in found)
