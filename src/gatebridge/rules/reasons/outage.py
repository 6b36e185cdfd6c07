"""Refusals that are the server's own state, not the caller's fault. Trying again later is right, and Retry-After says when."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

# RFC 6749 section 5.2 has no code for an outage. The one of section 4.1.2.1 is used, and the status says the rest (G-14).
_away = partial(
    Reason,
    gate=None,
    error="temporarily_unavailable",
    status=503,
    salesforce_error="service_unavailable",
    salesforce_text="service temporarily unavailable",
)

DATABASE_AWAY = _away(
    code="database_away",
    sentence="The server cannot reach its records at the moment, so it decides nothing.",
    hint="Wait as long as Retry-After says and send the same request again; a token that was to be revoked is still valid until then.",
    remedy="Operator: look at /readyz and at the log of the database; the server recovers by itself, without a restart.",
)
SERVER_BUSY = _away(
    code="server_busy",
    sentence="More requests are waiting than the server can answer in time.",
    hint="Wait as long as Retry-After says, then try again, later each time; keep a token until it expires instead of asking per call.",
    remedy="Operator: look for a client that asks for a token per call in OAuth Usage; add a node or a faster disk if all are honest.",
)
SIGNING_KEY_MISSING = _away(
    code="signing_key_missing",
    sentence="The org has no key yet with which the token could be signed.",
    hint="Wait a few minutes and send the same request again; a new key is published some time before it signs.",
    remedy="Add a signing key of the algorithm that the app's settings name under the org's Signing keys, or choose the other algorithm.",
)
RATE_EXCEEDED = Reason(
    code="rate_exceeded",
    gate=None,
    error="temporarily_unavailable",
    status=429,
    salesforce_error="rate_limit_exceeded",
    salesforce_text="number of logins exceeded",
    sentence="Too many requests came from this source in a short time.",
    hint="Stop for as long as Retry-After says; a loop that sends one request again and again is the usual cause.",
    remedy="Look for the loop. What was refused stands in Login History; a request that nobody signed in to leaves no line there.",
)
INTERNAL_FAULT = Reason(
    code="internal_fault",
    gate=None,
    error="server_error",
    status=500,
    salesforce_error="unknown_error",
    salesforce_text="unknown error",
    sentence="The server made a mistake and could not answer.",
    hint="Note the operation id of the answer and give it to the operator; the same request may be tried once more.",
    remedy="Operator: the log has the whole error under the operation id; please report it, since it is a defect of the server.",
)
# A rule that cannot be evaluated denies (X-AD-11). It is no outage that passes by itself: a record that the decision needs is missing.
POLICY_ERROR = Reason(
    code="policy_error",
    gate=None,
    error="invalid_grant",
    status=400,
    salesforce_error="invalid_grant",
    salesforce_text="authentication failure",
    sentence="The access decision could not be completed, and what cannot be decided is refused.",
    hint="Nothing in the request is known to be wrong; send the receipt's id to the admin of the org.",
    remedy="Open the receipt: the first gate that is marked as not reached lacks a record, such as the policies of the installed app.",
)
