"""Signing out for an app (OpenID Connect RP-Initiated Logout 1.0), and telling apps that a session has ended (Back-Channel Logout 1.0).

The first five are seen by the person who was sent to sign out, on a page of ours that offers it all the same: an app's fault keeps nobody
signed in. The last two stand in the Login History, because nobody waits for that answer.
"""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_asked = partial(Reason, gate=None, error="invalid_request", status=400, salesforce_error="invalid_request")

LOGOUT_HINT_INVALID = _asked(
    code="logout_hint_invalid",
    salesforce_text="invalid id_token_hint",
    sentence="The id_token_hint is not an ID token of this org.",
    hint="Send the ID token as it came, of this issuer; one that has run out is good, one that was changed or shortened is not.",
    remedy="Nothing to change here: without the signature anybody could name anybody's session.",
)
LOGOUT_CLIENT_UNKNOWN = _asked(
    code="logout_client_unknown",
    salesforce_text="invalid client_id",
    sentence="The client_id, or the audience of the id_token_hint, is no app of this org.",
    hint="Take the consumer key of the app that signed the user in, and the host of the org where it did.",
    remedy="An app of another org must be installed here; a deleted one can be restored for 30 days.",
)
LOGOUT_CLIENT_DIFFERS = _asked(
    code="logout_client_differs",
    salesforce_text="client_id does not match id_token_hint",
    sentence="The client_id is another app than the one that the id_token_hint was made for.",
    hint="Leave client_id out, or fill it and id_token_hint from the same sign-in; look for two configurations that were mixed.",
    remedy="Nothing to change here: an ID token of one app is no proof for another.",
)
LOGOUT_REDIRECT_NEEDS_CLIENT = _asked(
    code="logout_redirect_needs_client",
    salesforce_text="client_id or id_token_hint required",
    sentence="There is a post_logout_redirect_uri, and nothing says of which app it is.",
    hint="Send id_token_hint with it, or at least client_id; both is best.",
    remedy="Nothing to change here: each app has its own list of addresses, and a browser is sent to none that is on no list.",
)
LOGOUT_REDIRECT_NOT_REGISTERED = _asked(
    code="logout_redirect_not_registered",
    salesforce_text="post_logout_redirect_uri must match configuration",
    sentence="The post_logout_redirect_uri is not registered for the app.",
    hint="Compare it byte for byte with the list: scheme, host, port, path, the slash at the end and the query all count.",
    remedy="Register it under the app's Settings, Post-logout redirect URIs; callback URLs do not count for it.",
)

LOGOUT_REFUSED = Reason(
    code="logout_refused",
    gate=None,
    error="invalid_request",
    status=400,
    salesforce_error="invalid_request",
    salesforce_text="logout was refused",
    sentence="The app answered that it did not take the logout token, so it may keep the user signed in.",
    hint="Look into the app's own log: the check of the signature, of iss, aud, exp or sid failed, or its session store did.",
    remedy="Try the address at the app's Settings, Back-channel logout URI, and end the app's own sessions by hand until it works.",
)
LOGOUT_UNDELIVERED = Reason(
    code="logout_undelivered",
    gate=None,
    error="temporarily_unavailable",
    status=503,
    salesforce_error="temporarily_unavailable",
    salesforce_text="logout could not be delivered",
    sentence="The app could not be told that a session has ended, so it may keep the user signed in.",
    hint="The address must be https with a valid certificate, answer 200 within three seconds, and not redirect.",
    remedy="Mend the app's Settings, Back-channel logout URI; an app in a private network is reached by GATEBRIDGE_OUTBOUND_NETWORKS only.",
)
