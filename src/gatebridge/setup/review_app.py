"""Look at an app before it is installed: who publishes it, what it may ask for, and what this org knows of it already."""

import hashlib
from dataclasses import dataclass

from gatebridge.rules import lookalikes
from gatebridge.rules.access_requests import AccessRequest, RequestKind
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.my_apps import myself
from gatebridge.storage import access_requests, apps, history_reading, installations, names, orgs
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Review:
    """An app as its publisher registered it, and as it stands in the org of who looks. `twin`: one in use here that it is mistaken for."""

    app: App
    settings: AppSettings
    publisher: Org
    installation: Installation | None
    twin: str
    asked: AccessRequest | None  # what the one who looks has asked for it last

    @property
    def mark(self) -> str:
        """Tells this review from one of the same app with anything changed in it, for the form that agrees to it (X-CO-03)."""
        settings = self.settings
        shown = (self.app.label, self.publisher.id, *settings.scopes, *sorted(settings.flows), *sorted(settings.auth_methods))
        return hashlib.sha256("\n".join((*shown, *settings.callbacks, str(settings.pkce_required))).encode()).hexdigest()


def review_app(tx: Tx, actor: Actor, consumer_key: str) -> Review:
    """The app with this key, whoever owns it: the key is what its publisher hands to those who may look. Raises Refused."""
    user_id = myself(actor)
    app = apps.by_consumer_key(tx, consumer_key)
    settings = apps.settings_of(tx, app.org_id, app.id) if app is not None else None
    publisher = orgs.by_id(tx, app.org_id) if app is not None else None
    if app is None or app.deleted_at is not None or settings is None or publisher is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return Review(
        app=app,
        settings=settings,
        publisher=publisher,
        installation=installations.by_app(tx, actor.org_id, app.id),
        twin=_twin(tx, actor.org_id, app),
        asked=access_requests.latest(tx, actor.org_id, RequestKind.APP, app.id, user_id),
    )


def _twin(tx: Tx, org_id: str, app: App) -> str:
    others = (each for each in names.in_use_here(tx, org_id) if each[0] != app.id)
    alike = (label for _, label, owner in others if lookalikes.mistakable(app.label, label, same_publisher=owner == app.org_id))
    return next(alike, "")


def key_of_attempt(tx: Tx, actor: Actor, receipt_id: str) -> str:
    """The consumer key of the app with which the actor was refused at this receipt. Raises Refused for a receipt of anybody else."""
    app = apps.by_id_anywhere(tx, own_attempt(tx, actor, receipt_id).app_id)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return app.consumer_key


# Where a user is refused at a browser: an app sent it, or the user typed the code of a device.
AT_A_BROWSER = frozenset({"authorize", "device_approved"})


def own_attempt(tx: Tx, actor: Actor, receipt_id: str) -> HistoryLine:
    """The attempt of this receipt, which the actor made at a browser and which was refused. Raises Refused for any other."""
    line = history_reading.by_id(tx, actor.org_id, receipt_id)
    if line is None or line.user_id != myself(actor) or line.event not in AT_A_BROWSER or line.reason is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return line
