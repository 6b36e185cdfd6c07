"""How the verbs of admins and developers refuse, at the admin API, the command line and the console alike.

`error` is the problem type: one for each status. These are told to signed-in people of the org, who may know what is in it;
what belongs to another org is `record_not_found`, exactly like what does not exist.
"""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_verb = partial(Reason, gate=None, salesforce_error="", salesforce_text="")
_bad_request = partial(_verb, error="invalid_request", status=400)
_forbidden = partial(_verb, error="forbidden", status=403)
_conflict = partial(_verb, error="conflict", status=409)
_unprocessable = partial(_verb, error="invalid_field", status=422)

PERMISSION_MISSING = _forbidden(
    code="permission_missing",
    sentence="You do not have the permission that this needs.",
    hint="The answer names the permission; check with which user the token was obtained.",
    remedy="Somebody with Manage Profiles and Permission Sets can give it by profile or permission set.",
)
RIGHT_BEYOND_OWN = _forbidden(
    code="right_beyond_own",
    sentence="You cannot give a permission that you do not hold yourself.",
    hint="The answer lists the permissions that you would give beyond your own.",
    remedy="Let somebody who holds these permissions make the change, or leave them out.",
)
OWN_ASSIGNMENT = _forbidden(
    code="own_assignment",
    sentence="You cannot change what you yourself may do.",
    hint="The change names the user that is signed in; check the user id.",
    remedy="A second person with the same permission has to make this change for you.",
)
RECORD_NOT_FOUND = _verb(
    code="record_not_found",
    error="not_found",
    status=404,
    sentence="There is no such record in this org.",
    hint="Check the id, with 15 characters upper and lower case count, and check that the host is that of the right org.",
    remedy="Look the record up in its list; deleted apps are shown there with the filter Deleted.",
)
FIELD_INVALID = _unprocessable(
    code="field_invalid",
    sentence="A field has a value that is not allowed.",
    hint="The answer names each field with what is wrong and what would be right.",
    remedy="Change the fields that are named; all else was in order, and nothing was saved.",
)
FIELD_UNKNOWN = _bad_request(
    code="field_unknown",
    sentence="The body has a field that this request does not know.",
    hint="The answer names the field and, where one is near, the right spelling; /api/v1/openapi.json lists all fields.",
    remedy="Remove or correct the field. Unknown fields are refused, so that a typing error never passes for success.",
)
READ_ONLY_FIELD = _bad_request(
    code="read_only_field",
    sentence="The body sets a field that cannot be set.",
    hint="Send only the fields to be changed, not the whole record as it was read.",
    remedy="Remove the field that is named; the server alone sets it, or a request of its own does.",
)
NAME_TAKEN = _conflict(
    code="name_taken",
    sentence="Another record of this org already has this name.",
    hint="Names are unique in the org, also against deleted apps that can still be restored.",
    remedy="Choose another name, or change the record that has it.",
)
ORG_HOST_TAKEN = _conflict(
    code="org_host_taken",
    sentence="Another org already answers at this host.",
    hint="One host leads to one org; the port belongs to the host.",
    remedy="Give the org a host name of its own, and point the proxy and the certificate to it.",
)
VERSION_MISSING = _verb(
    code="version_missing",
    error="version_required",
    status=428,
    sentence="The edit does not say which version of the record it is based on.",
    hint="Read the record, and send its ETag back in the header If-Match.",
    remedy="Nothing to change here: without the version the edit could undo somebody else's unseen.",
)
VERSION_STALE = _verb(
    code="version_stale",
    error="version_conflict",
    status=412,
    sentence="The record was changed after you read it.",
    hint="Read it again, look at what changed, and send the edit with the new ETag; never just repeat it.",
    remedy="The Setup Audit Trail shows who changed the record, and what.",
)
LIMIT_REACHED = _conflict(
    code="limit_reached",
    sentence="There are already as many of these as are allowed.",
    hint="The answer names the limit and how many there are.",
    remedy="Retire or delete one that is not used any more; the last use is shown beside each.",
)
STATE_CONFLICT = _conflict(
    code="state_conflict",
    sentence="The record is in a state in which this cannot be done.",
    hint="Read the record first: it may already be blocked, retired, deleted or deactivated.",
    remedy="The answer names the state; bring the record into the right one, if that is really wanted.",
)
LAST_ADMIN = _conflict(
    code="last_admin",
    sentence="This would leave the org without anybody who can administer it.",
    hint="Count who is active and can give permissions, apart from the user that the change concerns.",
    remedy="Make a second person an admin first, and let that person sign in once.",
)
CONFIRMATION_REQUIRED = _conflict(
    code="confirmation_required",
    sentence="This cannot be undone, so it must be confirmed by name.",
    hint="Send the name of the record in the field confirm, exactly as the answer shows it.",
    remedy="Read in the answer who will be affected; then confirm, or leave it.",
)
REASON_REQUIRED = _unprocessable(
    code="reason_required",
    sentence="This needs a written reason.",
    hint="Send a sentence in the field that the answer names; a blank or a dot does not count.",
    remedy="Write why it is done, for whoever reads the audit trail a year from now.",
)
CALLBACK_INVALID = _unprocessable(
    code="callback_invalid",
    sentence="A callback URL cannot be registered like this.",
    hint="The answer names the URL and the part of it that is not allowed.",
    remedy="Use https, http on a loopback address, or a private scheme with a dot; no fragment, no wildcard, no user name.",
)
LOGO_REFUSED = _unprocessable(
    code="logo_refused",
    sentence="The logo cannot be used.",
    hint="Send a PNG image within the size and pixel limits that the answer names; SVG and animated images are not accepted.",
    remedy="Save the picture as a plain PNG, or leave it out: the app is then shown by its initials.",
)
CERTIFICATE_UNREADABLE = _unprocessable(
    code="certificate_unreadable",
    sentence="The upload is not exactly one X.509 certificate or one public JWK.",
    hint="Send one block from BEGIN CERTIFICATE to END CERTIFICATE with its line ends, or one JWK; no chain, no PKCS#12 file.",
    remedy="Export the certificate alone in PEM form, for example with openssl x509 -in app.crt.",
)
CERTIFICATE_WEAK = _unprocessable(
    code="certificate_weak",
    sentence="The key of the certificate is too weak or of a kind that is not accepted.",
    hint="Use RSA with at least 2048 bits, an EC key on P-256 or stronger, or Ed25519.",
    remedy="Make a new key pair and upload its certificate.",
)
CERTIFICATE_OUT_OF_DATE = _unprocessable(
    code="certificate_out_of_date",
    sentence="The certificate is past its end.",
    hint="Look at notAfter: openssl x509 -noout -enddate -in app.crt.",
    remedy="Upload its successor; one whose beginning is still to come is taken too, so that it can be registered ahead.",
)
CERTIFICATE_HAS_PRIVATE_KEY = _unprocessable(
    code="certificate_has_private_key",
    sentence="The upload holds a private key, and a private key must never leave its owner.",
    hint="Upload the certificate alone. This key has travelled and must be taken for known to others.",
    remedy="Make a new key pair, upload its certificate, and retire every certificate of the key that was sent.",
)
CERTIFICATE_DUPLICATE = _unprocessable(
    code="certificate_duplicate",
    sentence="This certificate is already registered for the app.",
    hint="Compare the fingerprint in the answer with the app's list; a renewed certificate must come from a new request.",
    remedy="Nothing to do if the certificate is live; a retired one never comes back, so upload that of a new key.",
)
IDEMPOTENCY_KEY_REUSED = _unprocessable(
    code="idempotency_key_reused",
    sentence="This idempotency key was already used for another request.",
    hint="Make a new key for each thing to be done, and repeat a key only together with the very same request.",
    remedy="Nothing to change here: nothing was done for this request.",
)
CURSOR_INVALID = _bad_request(
    code="cursor_invalid",
    sentence="The cursor does not belong to this list.",
    hint="Use next from the last answer unchanged, with the same filters, the same sorting and the same user.",
    remedy="Start again without a cursor.",
)
LOCKS_OUT = _conflict(
    code="locks_out",
    sentence="This would shut out people or jobs that use the app, so it must be confirmed.",
    hint="The answer has their number and the first ten names; send confirmed: true, on the command line --confirm, to do it anyway.",
    remedy="Replay the draft to see every request that it would refuse; then narrow it, or confirm it and tell them.",
)
