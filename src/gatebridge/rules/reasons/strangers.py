"""What is said to a caller who has not proven who it is: one answer for every cause, so that probing teaches nothing."""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

# The receipt keeps the true reason. The page lists every possible cause, because the address of a page tells as much as a text.
CLIENT_CODE = "client_authentication_failed"
CLIENT_SENTENCE = "Client authentication failed."

TOKEN_CODE = "access_token_refused"
TOKEN_SENTENCE = "The access token is not valid here or not valid any more."

# RFC 6749 section 5.2 (invalid_client, 401). Salesforce answers any bad credential of a known client with this code and text.
failed_client = partial(
    Reason,
    gate=Gate.CLIENT,
    error="invalid_client",
    status=401,
    salesforce_error="invalid_client",
    salesforce_text="invalid client credentials",
)

# For causes that can only be told by looking at what is registered: saying them would confirm that the client exists.
unproven_client = partial(failed_client, wire_sentence=CLIENT_SENTENCE, wire_code=CLIENT_CODE)

# RFC 6750 section 3.1 (invalid_token, 401). Expired, ended and never issued are one answer, or a thief learns what the theft is worth.
dead_token = partial(
    Reason,
    gate=Gate.PROOF,
    error="invalid_token",
    status=401,
    salesforce_error="INVALID_SESSION_ID",
    salesforce_text="Session expired or invalid",
    wire_sentence=TOKEN_SENTENCE,
    wire_code=TOKEN_CODE,
)

CODE_CODE = "authorization_code_refused"
CODE_SENTENCE = "The authorization code is not valid here or not valid any more."
REFRESH_CODE = "refresh_token_refused"
REFRESH_SENTENCE = "The refresh token is not valid here or not valid any more."
ASSERTION_CODE = "assertion_refused"
ASSERTION_SENTENCE = "The assertion was not signed with a live key of an app of this org."
DEVICE_CODE = "device_code_refused"
DEVICE_SENTENCE = "The device code is not valid here or not valid any more."
USER_CODE = "user_code_refused"
USER_CODE_SENTENCE = "No device waits with this code. Let the device show a new one and type that."
SIGN_IN_CODE = "sign_in_failed"
SIGN_IN_SENTENCE = "The username or the password is not right, or this user cannot sign in now."

_dead_grant = partial(Reason, gate=Gate.PROOF, error="invalid_grant", status=400, salesforce_error="invalid_grant")

# RFC 6749 section 5.2 (invalid_grant). Whose it was, whether it ran out or was used: all one answer to who presents it.
dead_code = partial(_dead_grant, salesforce_text="invalid authorization code", wire_sentence=CODE_SENTENCE, wire_code=CODE_CODE)
dead_refresh = partial(_dead_grant, salesforce_text="expired access/refresh token", wire_sentence=REFRESH_SENTENCE, wire_code=REFRESH_CODE)
dead_device_code = partial(_dead_grant, salesforce_text="invalid device code", wire_sentence=DEVICE_SENTENCE, wire_code=DEVICE_CODE)
dead_assertion = partial(_dead_grant, salesforce_text="invalid assertion", wire_sentence=ASSERTION_SENTENCE, wire_code=ASSERTION_CODE)

# Who is not let in learns nothing about whether the user exists, what state it is in, or which of the two was wrong (X-BF-01).
not_signed_in = partial(
    Reason,
    gate=None,
    error="access_denied",
    status=400,
    salesforce_error="",
    salesforce_text="",
    wire_sentence=SIGN_IN_SENTENCE,
    wire_code=SIGN_IN_CODE,
)

# Who types the code of a device hears one thing, whether it never was, is past its end, was decided about, or is not looked at any more.
not_a_device = partial(
    Reason,
    gate=Gate.PROOF,
    error="invalid_request",
    status=400,
    salesforce_error="",
    salesforce_text="",
    wire_sentence=USER_CODE_SENTENCE,
    wire_code=USER_CODE,
)

# What the shared pages say. Nothing is ever refused for these: they are the public face of all the causes that share them.
SHARED = {
    CLIENT_CODE: failed_client(
        code=CLIENT_CODE,
        sentence=CLIENT_SENTENCE,
        hint="Compare consumer key, secret or key file with the app's Credentials, and the way of sending them with its settings.",
        remedy="Open the receipt: it tells which of the causes it was, and what was sent beside what is registered.",
    ),
    TOKEN_CODE: dead_token(
        code=TOKEN_CODE,
        sentence=TOKEN_SENTENCE,
        hint="Get a new token and send it once more; if that one is refused too, the receipt's id is what the admin needs.",
        remedy="Open the receipt: it tells whether the token ran out, was revoked, or never was of this org.",
    ),
    CODE_CODE: dead_code(
        code=CODE_CODE,
        sentence=CODE_SENTENCE,
        hint="Redeem each code once, at once, with the app that asked for it; then let the user sign in again.",
        remedy="Open the receipt: it tells whether the code was used before, ran out, ended, or was another app's.",
    ),
    REFRESH_CODE: dead_refresh(
        code=REFRESH_CODE,
        sentence=REFRESH_SENTENCE,
        hint="Let the user sign in again; keep the newest refresh token of a family, and let one process use it.",
        remedy="Open the receipt: it tells whether the token ran out, was ended, was used before, or was another app's.",
    ),
    DEVICE_CODE: dead_device_code(
        code=DEVICE_CODE,
        sentence=DEVICE_SENTENCE,
        hint="Wait with each device code in one place, with the app that asked for it; then begin anew with a new pair of codes.",
        remedy="Open the receipt: it tells whether the code was used before, ended, or was another app's.",
    ),
    USER_CODE: not_a_device(
        code=USER_CODE,
        sentence=USER_CODE_SENTENCE,
        hint="Type the code as the device shows it now, and soon; after many wrong codes there is a pause of a quarter of an hour.",
        remedy="Login History tells which of the causes it was, and who typed it.",
    ),
    ASSERTION_CODE: dead_assertion(
        code=ASSERTION_CODE,
        sentence=ASSERTION_SENTENCE,
        hint="Compare iss, kid and the signing key with the consumer key and the certificates on the app's Credentials page.",
        remedy="Open the receipt: it tells which of the causes it was.",
    ),
    SIGN_IN_CODE: not_signed_in(
        code=SIGN_IN_CODE,
        sentence=SIGN_IN_SENTENCE,
        hint="Check username and password, wait a quarter of an hour after many tries, or have a link sent by Forgotten password.",
        remedy="Login History tells which of the causes it was: username, password, a lock, or the state of the user.",
    ),
}
