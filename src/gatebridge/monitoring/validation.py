"""Whether an app is validated: what its receipts show since its settings were changed last.

A success may be any token that a flow has given, to the app itself or in a run of Try it. A refusal counts where it was meant to happen,
which only a run of Try it says of itself: that something failed at night is no proof that it fails when it should.
"""

from gatebridge.rules.apps import App
from gatebridge.rules.events import Event
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.tries import Expected
from gatebridge.rules.validation import Validation, judge
from gatebridge.storage import apps, audit_trail, flow_successes, tries
from gatebridge.storage.tx import Tx


def of_app(tx: Tx, app: App) -> Validation:
    """The validation of an app in its own org; that the asker may see the app is for the caller to have checked. Raises Refused."""
    settings = apps.settings_of(tx, app.org_id, app.id)
    if settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    edits = audit_trail.page(tx, app.org_id, limit=1, target_id=app.id, event=Event.APP_SETTINGS_EDITED)
    since = edits[0].at if edits else app.created_at
    tried = tries.shown(tx, app.org_id, app.id, since)
    successes = {flow: proof for (flow, expected), proof in tried.items() if expected is Expected.SUCCESS}
    refusals = {flow: proof for (flow, expected), proof in tried.items() if expected is Expected.REFUSAL}
    return judge(since, settings.flows, successes | flow_successes.of_app(tx, app.org_id, app.id, since), refusals)
