"""Credentials of an app: its secrets and certificates, what each of them is used for, and which can go without anybody noticing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.routing import Route

from gatebridge.monitoring import app_activity, oauth_usage
from gatebridge.monitoring.app_activity import Activity
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import app_checks, ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import AppCertificate, ConsumerSecret
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.add_certificate import NO_END
from gatebridge.storage import apps, credentials, names
from gatebridge.storage.app_activity import MOST
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.usage import Usage
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs
from gatebridge.web.console.app_settings_parts import PROOF_OPTIONS, proof_of
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

TAB = "credentials"
PATH = f"{app_tabs.PATH}/credentials"
SAID = {
    "secret-retired": "The secret is retired. Nobody can prove the app with it any more.",
    "certificate-retired": "The certificate is retired. Nothing that is signed with its key is accepted any more.",
    "registered": "The certificate is registered. What is signed with its key is accepted from now on, once it is valid.",
}
SOON = timedelta(days=30)
NEW = timedelta(days=7)
LATELY = timedelta(days=app_activity.DAYS)
MOST_FORMER = 20

Credential = ConsumerSecret | AppCertificate


@dataclass(frozen=True, slots=True)
class Uses:
    """What the credentials of one app are used for: ever, and in the last 30 days. Nothing of it for who may not see usage."""

    ever: Mapping[str, Usage] = field(default_factory=dict)
    lately: Activity | None = None

    def number(self, credential_id: str) -> int:
        """How many requests it proved in the last 30 days."""
        return self.lately.credentials.get(credential_id, 0) if self.lately is not None else 0

    def last_at(self, credential_id: str) -> datetime | None:
        """When it proved the app last."""
        found = self.ever.get(credential_id)
        return found.last_at if found is not None else None

    def share(self, credential_id: str) -> str:
        """Its part of all requests in which the app proved itself; empty where there was none."""
        proven = self.lately.proven if self.lately is not None else 0
        return f"{self.number(credential_id) / proven:.0%}" if proven else ""

    def in_use(self, credential_id: str, now: datetime) -> bool:
        """Whether it proved a request in the last 30 days, also one that is no longer among those that are counted of a busy app.

        For who may not see usage it may have.
        """
        if self.lately is None:
            return True
        last_at = self.last_at(credential_id)
        return self.number(credential_id) > 0 or (last_at is not None and last_at > now - LATELY)


@dataclass(frozen=True, slots=True)
class Line:
    """One credential with what is to be thought of it."""

    record: Credential
    verdict: str
    tone: str
    why: str
    ends_at: datetime | None
    soon: bool
    last_at: datetime | None
    share: str
    by: str  # who made it

    @property
    def address(self) -> str:
        """Its own pages, below the page of the credentials."""
        kind = "secrets" if isinstance(self.record, ConsumerSecret) else "certificates"
        return f"{app_tabs.address(self.record.app_id, '/credentials')}/{kind}/{ids.long(self.record.id)}"


def routes(house: House) -> list[Route]:
    return [shows(house, app_tabs.PLACE, PATH, show)]


def show(visit: Visit) -> Shown:
    """All that the app has, and in short what it had."""
    found = app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    settings = apps.settings_of(visit.tx, visit.org.id, found.app.id)
    if settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    uses = uses_of(visit, found)
    secrets = _lines(visit, credentials.secrets_of(visit.tx, visit.org.id, found.app.id), uses)
    certificates = _lines(visit, credentials.certificates_of(visit.tx, visit.org.id, found.app.id), uses)
    proof = proof_of(settings)
    values = {
        "secrets": [each for each in secrets if not over(visit, each.record)],
        "certificates": [each for each in certificates if not over(visit, each.record)],
        "former": [each for each in (*secrets, *certificates) if over(visit, each.record)][:MOST_FORMER],
        "takes_secrets": app_checks.takes_secrets(settings),
        "proof": next(option for option in PROOF_OPTIONS if option.value == proof),
        "limits": (app_checks.MOST_LIVE_SECRETS, app_checks.MOST_LIVE_SECRETS_ON_REQUEST, app_checks.MOST_LIVE_CERTIFICATES),
        "uses": uses,
        "most": MOST,
        "here": app_tabs.address(found.app.id, "/credentials"),
        "settings_path": app_tabs.address(found.app.id, "/settings"),
        "rotates": may_rotate(visit.actor, found),
        "no_end": NO_END,
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return app_tabs.shown(visit, found, TAB, "app/credentials.html", values)


def let_in(visit: Visit) -> ListedApp:
    """The app, for who may change its credentials and signed in lately, so that nobody fills in what will be refused. Raises Refused."""
    permit(visit.actor, Permission.ROTATE_CONSUMER_CREDENTIALS)
    signed_in_lately(visit.tx, visit.actor)
    found = app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    app_rights.refuse_deleted(found.app)
    if not may_rotate(visit.actor, found):
        permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    return found


def still_in(visit: Visit) -> ListedApp | None:
    """The same for a form that was refused: None where no other entry would mend it, since what it is about has changed."""
    try:
        return let_in(visit)
    except Refused:
        return None


def may_rotate(actor: Actor, found: ListedApp) -> bool:
    """Whether the actor may change the credentials of the app, so that a page offers it; the verbs ask for themselves."""
    app = found.app
    if app.fixed or app.deleted_at is not None or Permission.ROTATE_CONSUMER_CREDENTIALS not in actor.permissions:
        return False
    return app_tabs.owns(actor, found) or Permission.MANAGE_CONNECTED_APPS in actor.permissions


def uses_of(visit: Visit, found: ListedApp) -> Uses:
    """What its credentials are used for, for who may see that."""
    if Permission.VIEW_OAUTH_USAGE not in visit.actor.permissions or found.installation is None:
        return Uses()
    ever = oauth_usage.credentials_of_app(visit.tx, visit.actor, found.app.id)
    lately = app_activity.of_app(visit.tx, visit.actor, found.app.id, visit.moments.zone)
    return Uses({each.subject_id: each.usage for each in ever}, lately)


def over(visit: Visit, record: Credential) -> bool:
    """Whether the credential can never prove the app again. One that is not valid yet is not over."""
    return record.retired_at is not None or (ends_at(record) or NO_END) <= visit.tx.now


def ends_at(record: Credential) -> datetime | None:
    """When it ends by itself; None: it does not."""
    end = record.expires_at if isinstance(record, ConsumerSecret) else record.not_after
    return None if end == NO_END else end


def _lines(visit: Visit, records: list[ConsumerSecret] | list[AppCertificate], uses: Uses) -> list[Line]:
    people = names.of_users(visit.tx, visit.org.id, {record.created_by for record in records})
    found = []
    for record in records:
        verdict, tone, why = _verdict(visit, record, uses)
        end = ends_at(record)
        found.append(
            Line(
                record,
                verdict,
                tone,
                why,
                end,
                end is not None and visit.tx.now < end <= visit.tx.now + SOON,
                uses.last_at(record.id),
                uses.share(record.id),
                people.get(record.created_by, ""),
            )
        )
    return found


def _verdict(visit: Visit, record: Credential, uses: Uses) -> tuple[str, str, str]:
    """A word, its tone, and why."""
    now = visit.tx.now
    if record.retired_at is not None:
        return "Retired", "", visit.moments.day(record.retired_at)
    if over(visit, record):
        return "Ended", "", ""
    if record.try_id is not None:
        return "Try it", "", "It ends with its run."
    if not record.live(now):
        return "Not valid yet", "info", "It is accepted once it is."
    if uses.lately is None:
        return "Live", "good", ""
    if number := uses.number(record.id):
        return "In use", "info", f"It proved {number:,} {'request' if number == 1 else 'requests'} in 30 days."
    if uses.in_use(record.id, now):
        return "In use", "info", "It proved a request less than 30 days ago."
    if uses.last_at(record.id) is not None:
        if uses.lately.proven:
            return "Safe to retire", "good", "Another one proved every request in 30 days."
        return "Not used lately", "", "Nothing was asked for in 30 days."
    if record.created_at > now - NEW:
        return "New", "", "It was not used yet."
    return "Never used", "caution", "Retire it, or find out who was to have it."
