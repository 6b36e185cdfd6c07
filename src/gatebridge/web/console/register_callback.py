"""Register this callback: from the receipt of a request whose answer had nowhere to go, to the form of the app's settings.

The way names the receipt and not the callback, so that no link can put an address of its own choice into the form.
"""

from urllib.parse import urlencode

from gatebridge.monitoring import receipts
from gatebridge.monitoring.receipts import Receipt
from gatebridge.rules import callbacks, ids
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import callback as reasons
from gatebridge.storage import apps, listed_apps
from gatebridge.web.console import app_tabs
from gatebridge.web.console.desk import Visit

FROM = "refused"  # the receipt, in the address of the form
FILLED = "The refused callback is filled in"


def offer(visit: Visit, receipt: Receipt) -> str:
    """The address of the form with the refused callback filled in; empty where it cannot be registered, or not by the reader."""
    app_id = receipt.app_id or ""
    found = listed_apps.known(visit.tx, visit.org.id, app_id)
    settings = apps.settings_of(visit.tx, visit.org.id, app_id)
    if found is None or settings is None or not app_tabs.may_edit(visit.actor, found) or not _registrable(receipt, settings):
        return ""
    return f"{app_tabs.address(app_id, '/settings/flows')}?{urlencode({FROM: ids.long(receipt.id)})}"


def wanted(visit: Visit, settings: AppSettings) -> tuple[str, ...]:
    """The callbacks of the app with the one that the receipt in the address was refused for; none where the address names none such.

    Raises Refused where the reader may not see the receipt.
    """
    receipt_id = ids.parse(visit.request.query_params.get(FROM, ""), Prefix.RECEIPT)
    receipt = receipts.by_id(visit.tx, visit.actor, receipt_id) if receipt_id is not None else None
    if receipt is None or receipt.app_id != settings.app_id or not _registrable(receipt, settings):
        return ()
    return (*settings.callbacks, _refused(receipt))


def _refused(receipt: Receipt) -> str:
    """The callback that the request named and the app does not have; empty where that was not what it was refused for."""
    refusing = (each for each in receipt.findings if each.reason == reasons.CALLBACK_NOT_REGISTERED.code)
    return next((each.sent or "" for finding in refusing for each in finding.compared), "")


def _registrable(receipt: Receipt, settings: AppSettings) -> bool:
    sent = _refused(receipt)
    whole = 0 < len(sent) < callbacks.LONGEST_SHOWN  # a longer one was cut, and what is left of it leads somewhere else
    return whole and sent not in settings.callbacks and not callbacks.problems(sent, native=settings.native)
