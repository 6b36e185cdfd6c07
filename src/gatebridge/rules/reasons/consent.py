"""Gate 14, Consent: has the user, or the admin for all users, said yes to this app and these scopes?"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.permitted import NOT_PERMITTED_CODE, NOT_PERMITTED_SENTENCE
from gatebridge.rules.reasons.reason import Reason

_consent = partial(Reason, gate=Gate.CONSENT, status=400)

CONSENT_REQUIRED = _consent(
    code="consent_required",
    error="consent_required",
    salesforce_error="consent_required",
    salesforce_text="consent required",
    sentence="The user has not approved this app for what it asks, and the request forbids to ask.",
    hint="Send the request again without prompt=none, so that the user can approve or refuse.",
    remedy="An admin may pre-authorize users in the app's policies; then nobody is asked.",
)
CONSENT_DENIED = _consent(
    code="consent_denied",
    error="access_denied",
    salesforce_error="access_denied",
    salesforce_text="end-user denied authorization",
    sentence="The user refused.",
    hint="Tell the user what the app cannot do now, and ask again only when the user wants to.",
    remedy="Nothing to change here: it was the user's decision. Asking for less may get a yes.",
)
CONSENT_MISSING = _consent(
    code="consent_missing",
    error="invalid_grant",
    salesforce_error="invalid_grant",
    salesforce_text="user hasn't approved this consumer",
    sentence="The user has not approved this app for these scopes, and an assertion asks nobody.",
    hint="Let the user approve the app once through the web server flow, or ask the admin to pre-authorize the users.",
    remedy="Choose Admin approved users in the app's policies and assign the user's profile or permission set.",
    wire_sentence=NOT_PERMITTED_SENTENCE,
    wire_code=NOT_PERMITTED_CODE,
)
