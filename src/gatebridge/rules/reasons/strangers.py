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

# What the two shared pages say. Nothing is ever refused for these: they are the public face of all the causes that share them.
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
}
