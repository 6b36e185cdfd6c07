"""Gate 13, Session, as far as it asks how sure the sign-in makes us: the requirement of the org, the user's profile or the app.

Unlike other refusals of a live token these are told to its holder, since the holder can do something about it (RFC 9470 section 3).
"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

# How Salesforce words this is not documented; its policy is called High Assurance session required.
_level = partial(Reason, gate=Gate.SESSION, status=400, salesforce_error="invalid_grant", salesforce_text="high assurance session required")

LEVEL_TOO_LOW = _level(
    code="level_too_low",
    error="invalid_grant",
    sentence="The user signed in less surely than is required now.",
    hint="Send the user to the authorization endpoint with acr_values=urn:gatebridge:level:high and without prompt=none.",
    remedy="Required level of the org, the user's profile or the app's Policies decides; the user needs a second factor or a passkey.",
)
LEVEL_BLOCKED = _level(
    code="level_blocked",
    error="access_denied",
    salesforce_error="OAUTH_APP_ACCESS_DENIED",
    sentence="Only a sign-in with a second factor or a passkey is let through here, and the user signed in without.",
    hint="Let the user sign in anew with a second factor or a passkey; a request with prompt=login begins such a sign-in.",
    remedy="Choose Raise instead of Block beside the required level, and users are asked for their second factor on the way.",
)
LEVEL_NEEDS_USER = _level(
    code="level_needs_user",
    error="invalid_grant",
    sentence="A sign-in with a second factor is required here, and in this flow nobody signs in.",
    hint="Use a flow in which the user is there: web server flow with PKCE. A job that runs alone cannot reach the level.",
    remedy="Let the app run as a service user whose profile requires no level, or take the requirement from the app's Policies.",
)
