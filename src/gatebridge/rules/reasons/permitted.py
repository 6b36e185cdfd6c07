"""Gate 10, Permitted: does the admin's policy let this user use this app?"""

from dataclasses import replace
from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import level, outage
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


MENDED_BY_A_PAGE = frozenset({"login_required", "consent_required", "interaction_required"})

# Gates that speak of the user and of where the user may be. What they say is nobody's business but the org's.
_ABOUT_THE_USER = frozenset({Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK})


def without_the_user(reason: Reason) -> Reason:
    """The same refusal as it is told to who presents a code, a refresh token or an assertion.

    A thief who holds one must not learn from the answer whether the user was frozen, the approval taken away, or only the network is the
    wrong one. In the salesforce dialect its own texts are told (wire.md). Neither must an app that may name users learn from an assertion
    which of them have to sign in with a second factor, for those are the admins.
    """
    if reason.gate not in _ABOUT_THE_USER and reason is not level.LEVEL_NEEDS_USER:
        return reason
    return replace(reason, wire_sentence=NOT_PERMITTED_SENTENCE, wire_code=NOT_PERMITTED_CODE)


def without_a_page(reason: Reason) -> Reason:
    """The same refusal as an app hears it that has sent `immediate`: Salesforce has one code for whatever a page would have mended."""
    if reason.salesforce_error not in MENDED_BY_A_PAGE:
        return reason
    return replace(reason, salesforce_error="immediate_unsuccessful", salesforce_text="immediate request was not successful")


def at_authorize(reason: Reason) -> Reason:
    """The same refusal as the app hears it through the browser: `access_denied`, where it speaks of the user (standards section 20).

    A decision that could not be completed is a `server_error` there, since `invalid_grant` is no code of that answer (G-14).
    """
    if reason is outage.POLICY_ERROR:
        return replace(reason, error="server_error", salesforce_error="server_error")
    if reason is level.LEVEL_TOO_LOW:
        # It is mended by a page, and the request forbids to show one (OpenID Connect Core section 3.1.2.6).
        return replace(reason, error="interaction_required", salesforce_error="interaction_required")
    if reason.gate not in _ABOUT_THE_USER:
        return reason
    text = "user is not admin approved to access this app"
    return replace(without_the_user(reason), error="access_denied", salesforce_error="OAUTH_APP_ACCESS_DENIED", salesforce_text=text)
