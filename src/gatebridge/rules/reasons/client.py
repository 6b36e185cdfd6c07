"""Gate 1, Client: who is calling, and is it proven? Secrets and the way of authenticating; signed assertions are in `assertion`."""

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import failed_client, unproven_client

# Salesforce tells an unknown key from a wrong secret, and its clients match on the two codes. That gives little away: a key has
# 256 random bits, so nobody finds one by asking. An unknown client speaks the standard dialect, where the two are one answer.
CLIENT_UNKNOWN = unproven_client(
    code="client_unknown",
    salesforce_error="invalid_client_id",
    salesforce_text="client identifier invalid",
    sentence="No app with this consumer key is known to this org.",
    hint="Compare the consumer key letter by letter with the one on the app's page, and check that the host is that of the right org.",
    remedy="Copy the consumer key again from the app's Credentials; an app of another org must also be installed in this one.",
)
CLIENT_MISSING = failed_client(
    code="client_missing",
    salesforce_error="invalid_client_id",
    salesforce_text="client identifier invalid",
    sentence="The request does not say which client sends it.",
    hint="Send the consumer key as client_id in the body, or key and secret in an HTTP Basic header; a proxy may remove Authorization.",
    remedy="Nothing to change here: every request to this endpoint must carry client authentication.",
)
CLIENT_PROOF_MISSING = unproven_client(
    code="client_proof_missing",
    sentence="The client is confidential, and the request carries neither a secret nor an assertion.",
    hint="Check that the secret or the key file was loaded: an empty client_secret counts as none.",
    remedy="Add a secret or a certificate under the app's Credentials, and give it to the client.",
)
CLIENT_METHODS_SEVERAL = Reason(
    code="client_methods_several",
    gate=Gate.CLIENT,
    error="invalid_request",
    status=400,
    salesforce_error="invalid_request",
    salesforce_text="multiple client credentials provided",
    sentence="The request authenticates the client in more than one way.",
    hint="Send the secret in the Basic header or in the body or send an assertion, never two of them; libraries often add the header.",
    remedy="Nothing to change here: RFC 6749 section 2.3 allows one method for each request.",
)
CLIENT_METHOD_NOT_REGISTERED = unproven_client(
    code="client_method_not_registered",
    sentence="The client authenticated in a way that is not among its registered authentication methods.",
    hint="Use the method that the app's settings list: client_secret_basic, client_secret_post or private_key_jwt.",
    remedy="Add the method under the app's Settings, Authentication methods, if the app may really use it.",
)
CLIENT_ID_CONFLICT = failed_client(
    code="client_id_conflict",
    sentence="The client_id in the body is not the client that the credentials name.",
    hint="Drop client_id from the body when a Basic header or an assertion is sent, or fill both from the same setting.",
    remedy="Nothing to change here: the two names must be equal byte for byte.",
)
CLIENT_PUBLIC_SENT_SECRET = unproven_client(
    code="client_public_sent_secret",
    sentence="The client is public, and a public client has no secret to send.",
    hint="Remove client_secret and the Authorization header from the request; send client_id in the body alone.",
    remedy="If the client runs on a server of yours, change its authentication methods to a secret or a key.",
)
# CC-01 asks for unauthorized_client here. Only somebody who holds the consumer key gets this answer, and the key of a public client
# is in every copy of its program.
CLIENT_NOT_CONFIDENTIAL = Reason(
    code="client_not_confidential",
    gate=Gate.FLOW,
    error="unauthorized_client",
    status=400,
    salesforce_error="invalid_client",
    salesforce_text="invalid client credentials",
    sentence="This request is for confidential clients only, and the client proved nothing but its name.",
    hint="A program on a user's machine cannot keep a secret: let it use a flow in which a user signs in.",
    remedy="For a program on a server, change the app's authentication methods from none to a secret or a key.",
)
BASIC_HEADER_MALFORMED = failed_client(
    code="basic_header_malformed",
    sentence="The Authorization header is not a well-formed Basic header.",
    hint="Form-encode key and secret, join them with a colon, encode that in Base64 and send it after the word Basic and one space.",
    remedy="Nothing to change here: RFC 6749 section 2.3.1 fixes the form of the header.",
)
SECRET_WRONG = unproven_client(
    code="secret_wrong",
    sentence="The consumer secret is well formed, but it is not a secret of this app.",
    hint="Look for the secret of another app or another environment; the first and last characters are shown on the app's page.",
    remedy="Compare the beginning and end with the list under the app's Credentials, or add a new secret and give that to the client.",
)
SECRET_MISTYPED = unproven_client(
    code="secret_mistyped",
    sentence="The consumer secret was damaged on its way: its checksum does not fit.",
    hint="Look for a character cut off, a blank or line end added, or a shell that replaced a character; then copy the secret again.",
    remedy="Nothing is wrong here. A secret that was not kept can only be replaced: add a new one under the app's Credentials.",
)
SECRET_EXPIRED = unproven_client(
    code="secret_expired",
    sentence="The consumer secret is past its end date.",
    hint="Load the app's newer secret; during a rotation both work until the older one's end date.",
    remedy="Add a secret under the app's Credentials and give it to the client; an end date cannot be moved into the future afterwards.",
)
SECRET_RETIRED = unproven_client(
    code="secret_retired",
    sentence="The consumer secret was retired.",
    hint="Find the copy of the old secret: a second server, a scheduled job, a container image, a cached configuration.",
    remedy="Look up who retired it in the Setup Audit Trail; a retired secret never comes back, so give the client a live one.",
)
