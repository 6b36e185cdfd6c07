"""Gate 3, App: is the app itself allowed to act? Both causes look like a failed authentication from outside (CA-18)."""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.strangers import unproven_client

_stopped = partial(unproven_client, gate=Gate.APP)

# Salesforce has app_blocked for its authorize page. At the token endpoint a blocked app answers like a wrong secret, so that a thief
# who holds the credentials does not learn that the theft was noticed.
APP_BLOCKED = _stopped(
    code="app_blocked",
    sentence="The app is blocked in this org.",
    hint="Nothing in the client's code will help: ask the admin of the org, and stop retrying until the block is lifted.",
    remedy="The app's page says who blocked it and why; Unblock there when the cause is gone. Old tokens stay dead.",
)
# A deleted app is no app any more, so Salesforce's clients see what they see for a key that never was.
APP_DELETED = _stopped(
    code="app_deleted",
    salesforce_error="invalid_client_id",
    salesforce_text="client identifier invalid",
    sentence="The app was deleted.",
    hint="Switch the client off, or give it the consumer key of the app that took over.",
    remedy="Restore the app from App Manager if it was deleted by mistake; key, settings and policies come back, tokens do not.",
)
