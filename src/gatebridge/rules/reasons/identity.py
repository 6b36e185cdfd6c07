"""Whose identity was asked for: the token was taken, and the address names somebody whom it does not lead to (protocol file 4.5)."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_identity = partial(Reason, gate=None)

# Salesforce's clients match on the text alone, which is sent plain; the code is for our records.
IDENTITY_OF_OTHER_ORG = _identity(
    code="identity_of_other_org",
    error="forbidden",
    status=403,
    salesforce_error="Wrong_Org",
    salesforce_text="Wrong_Org",
    sentence="The identity address names another org than the one that issued the access token.",
    hint="Use the id of the token answer as it came, and do not put it together from the parts of two environments.",
    remedy="Nothing to change here: an org tells about its own users only. The app needs a token of the other org.",
)
IDENTITY_UNKNOWN = _identity(
    code="identity_unknown",
    error="not_found",
    status=404,
    salesforce_error="Bad_Id",
    salesforce_text="Bad_Id",
    sentence="The identity address names no user of this org.",
    hint="The address is /id/, the id of the org, a slash and the id of the user, each in 15 or 18 characters.",
    remedy="Compare the id with the list of users; an id in mixed case that was typed by hand often has one wrong letter.",
)
IDENTITY_CALLBACK_REFUSED = _identity(
    code="identity_callback_refused",
    error="invalid_request",
    status=400,
    salesforce_error="Callback_Not_Supported",
    salesforce_text="Callback_Not_Supported",
    sentence="The request wants the identity document as a script, which it is never sent as.",
    hint="Leave callback out and read the JSON: a page of an origin that is among the app's callback URLs may fetch it.",
    remedy="Add a callback URL of the page's origin under the app's Settings, if it is a page of yours that asks.",
)
