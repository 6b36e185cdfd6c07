"""Gate 10, Permitted: does the admin's policy let this user use this app?"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

# One answer for unapproved, run out, frozen and inactive in the standard dialect (JB-05): whoever asks learns about nobody's state.
NOT_PERMITTED_CODE = "user_not_approved"
NOT_PERMITTED_SENTENCE = "The user that this request acts for may not use this app."

_permitted = partial(
    Reason,
    gate=Gate.PERMITTED,
    error="invalid_grant",
    status=400,
    salesforce_error="invalid_app_access",
    salesforce_text="user is not admin approved to access this app",
)

USER_NOT_APPROVED = _permitted(
    code=NOT_PERMITTED_CODE,
    sentence=NOT_PERMITTED_SENTENCE,
    hint="Nothing is wrong with the request: ask the admin of the org to approve the user, or the run-as user, for the app.",
    remedy="On the app's Access page, assign a profile or permission set that the user holds.",
)
APPROVAL_EXPIRED = _permitted(
    code="approval_expired",
    sentence="The user was approved for this app until a date that has passed.",
    hint="Nothing is wrong with the request: ask the admin of the org to renew the approval.",
    remedy="Renew the assignment on the app's Access page, or the user's permission set, with a new end date if it is still needed.",
    wire_sentence=NOT_PERMITTED_SENTENCE,
    wire_code=NOT_PERMITTED_CODE,
)
