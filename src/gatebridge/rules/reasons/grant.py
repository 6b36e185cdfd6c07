"""Gate 7, Proof, at the token endpoint: authorization codes, refresh tokens, and assertions that name a user (RFC 7523 section 2.1).

Who presents one hears the same whether it never was, ran out, was used, ended, or is another app's: a thief learns nothing from the
answer, and the receipt names the cause.
"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import dead_assertion, dead_code, dead_refresh

CODE_UNKNOWN = dead_code(
    code="code_unknown",
    sentence="No such authorization code was ever given out here, or its record was cleared away.",
    hint="Send the code as it came, decoded once from the address; look for one that was cut off or taken from another environment.",
    remedy="Nothing to change here: let the user sign in again.",
)
CODE_OF_OTHER_APP = dead_code(
    code="code_of_other_app",
    sentence="The authorization code was given to another app.",
    hint="Redeem it with the consumer key of the authorization request; look for two configurations that were mixed.",
    remedy="If nobody mixed up two apps, somebody tries to redeem codes that were not meant for this one: look at Login History.",
)
CODE_USED = dead_code(
    code="code_used",
    sentence="The authorization code was redeemed before, and what it had bought was ended.",
    hint="Redeem a code once and keep the answer; look for a page that is loaded twice or a retry that repeats the exchange.",
    remedy="Compare the two addresses in Login History: a second redemption can be a thief's, or the first one was.",
)
CODE_EXPIRED = dead_code(
    code="code_expired",
    salesforce_text="expired authorization code",
    sentence="The authorization code is past its end.",
    hint="Redeem the code at once, in the request that brings it; it lives for about a minute.",
    remedy="The app's policy Authorization code life may allow up to ten minutes, for a client that cannot be quicker.",
)
CODE_ENDED = dead_code(
    code="code_ended",
    follows=True,
    sentence="Something that the authorization code depends on was ended after it was given out.",
    hint="Let the user sign in again; if that is refused too, its reason tells what has changed.",
    remedy="The Setup Audit Trail shows which revoke, block, freeze or sign-out ended it.",
)
REFRESH_UNKNOWN = dead_refresh(
    code="refresh_unknown",
    sentence="No such refresh token was ever given out here, or its record was cleared away.",
    hint="Send the refresh token whole and unencoded; look for one that was cut off or taken from another environment.",
    remedy="Nothing to change here: let the user sign in again.",
)
REFRESH_OF_OTHER_APP = dead_refresh(
    code="refresh_of_other_app",
    sentence="The refresh token was given to another app.",
    hint="Present it with the consumer key of the app that got it; look for two configurations that were mixed.",
    remedy="If nobody mixed up two apps, treat the refresh token as stolen and revoke the user's grant of the app that it belongs to.",
)
REFRESH_EXPIRED = dead_refresh(
    code="refresh_expired",
    salesforce_text="token validity expired",
    sentence="The refresh token is past the end that the app's refresh token policy sets.",
    hint="Let the user sign in again, and refresh before the idle time has run out.",
    remedy="The app's policy Refresh token policy says after how long; a longer time makes every stolen token worth more.",
)
REFRESH_ENDED = dead_refresh(
    code="refresh_ended",
    follows=True,
    sentence="The family of the refresh token was ended.",
    hint="Let the user sign in again; if that is refused too, its reason tells what has changed.",
    remedy="Login History and the Setup Audit Trail show what ended it: the user, an admin, the limit of grants, or a reuse.",
)
REFRESH_REUSED = dead_refresh(
    code="refresh_reused",
    sentence="The refresh token had been exchanged for its successor before, so its whole family was ended.",
    hint="Keep the newest refresh token durably before using it, and let one process refresh; a copy in a backup counts as a second one.",
    remedy="Compare both addresses in the receipt: one of the two may be a thief. Policy Refresh grace forgives a lost answer.",
)
REFRESH_IN_PROGRESS = dead_refresh(
    code="refresh_in_progress",
    salesforce_text="token request is already being processed",
    sentence="Another request with this refresh token was faster, at the same moment.",
    hint="Let one process refresh at a time, wait a moment, and use the token that the other request has got.",
    remedy="With a Refresh grace above zero in the app's policies both requests get the same successor.",
)

# What is wrong with the signature is not told to somebody who has not shown a key of the app; the claims are, once it is verified.
_unsigned = partial(dead_assertion, follows=False)
_signed = partial(
    Reason, gate=Gate.PROOF, error="invalid_grant", status=400, salesforce_error="invalid_grant", salesforce_text="invalid assertion"
)

ASSERTION_MISSING = _signed(
    code="assertion_missing",
    error="invalid_request",
    salesforce_error="invalid_request",
    salesforce_text="missing required parameter",
    sentence="The request has no assertion.",
    hint="Send the signed JWT in the parameter assertion; client_assertion is another parameter, with another meaning.",
    remedy="Nothing to change here: the assertion is what this grant is made of (RFC 7523 section 2.1).",
)
GRANT_ASSERTION_MALFORMED = _unsigned(
    code="grant_assertion_malformed",
    sentence="The assertion is not a signed JWT in compact form.",
    hint="It must be three Base64url parts joined by dots, without padding, blanks or line ends.",
    remedy="Nothing to change here: create the assertion with a JOSE library.",
)
GRANT_ISSUER_UNKNOWN = _unsigned(
    code="grant_issuer_unknown",
    salesforce_error="invalid_client_id",
    salesforce_text="client identifier invalid",
    sentence="The iss claim of the assertion is missing or names no app of this org.",
    hint="Set iss to the consumer key, byte for byte, and check that the host is that of the right org.",
    remedy="Copy the consumer key from the app's Credentials; an app of another org must also be installed in this one.",
)
GRANT_ISSUER_DIFFERS = _signed(
    code="grant_issuer_differs",
    sentence="The iss claim of the assertion names another app than the client of the request.",
    hint="Drop client_id and the client's credentials, or fill them and iss from the same setting.",
    remedy="Nothing to change here: an app presents no assertion of another one.",
)
GRANT_ALGORITHM_REFUSED = _unsigned(
    code="grant_algorithm_refused",
    sentence="The assertion is signed with an algorithm that the app's certificates do not allow.",
    hint="Take an algorithm that fits the key: RS256 or PS256 for RSA, ES256 for P-256, EdDSA for Ed25519; never none or HS256.",
    remedy="The algorithms of each certificate are listed under the app's Credentials; upload one that fits.",
)
GRANT_KEY_UNKNOWN = _unsigned(
    code="grant_key_unknown",
    sentence="The kid header of the assertion names no certificate of this app.",
    hint="Set kid to the certificate's fingerprint as the app's page shows it, or leave kid out.",
    remedy="Upload the certificate that belongs to the client's key under the app's Credentials.",
)
GRANT_SIGNATURE_WRONG = _unsigned(
    code="grant_signature_wrong",
    sentence="The signature of the assertion fits no certificate of this app.",
    hint="Check that the private key belongs to the uploaded certificate, and that nothing changed the assertion after signing.",
    remedy="Compare the fingerprint of the client's certificate with the list under the app's Credentials.",
)
GRANT_TYP_WRONG = _unsigned(
    code="grant_typ_wrong",
    sentence="The assertion is a JWT of another kind.",
    hint="Set the header typ to JWT or leave it out; an access token or a client assertion cannot stand in for it.",
    remedy="Nothing to change here: telling the kinds apart keeps a JWT made for one purpose from serving another (RFC 8725).",
)
GRANT_CERTIFICATE_EXPIRED = _unsigned(
    code="grant_certificate_expired",
    sentence="The certificate of the key that signed the assertion is outside its period of validity.",
    hint="Load the key of the app's newer certificate; sign with the old one only until its end date.",
    remedy="Upload a new certificate under the app's Credentials; several may be live, so the change needs no pause.",
)
GRANT_CERTIFICATE_RETIRED = _unsigned(
    code="grant_certificate_retired",
    sentence="The certificate of the key that signed the assertion was retired.",
    hint="Find the place that still signs with the old key, such as a second server or a cached key store.",
    remedy="Look up who retired it in the Setup Audit Trail; upload the certificate of a new key.",
)
GRANT_AUDIENCE_WRONG = _signed(
    code="grant_audience_wrong",
    salesforce_text="audience is invalid",
    sentence="The aud claim of the assertion is not the issuer of this server, alone.",
    hint="Set aud to the issuer from the discovery document as one text: no list, no slash at the end, not the token endpoint.",
    remedy="For a Salesforce client that cannot be changed, list the audience that it sends under the app's Settings, Assertion audiences.",
)
GRANT_SUBJECT_MISSING = _signed(
    code="grant_subject_missing",
    sentence="The sub claim of the assertion is missing or is no text.",
    hint="Set sub to the username of the user for whom the app acts.",
    remedy="Nothing to change here: without a user there is nobody to act for; client credentials need none.",
)
GRANT_ASSERTION_EXPIRED = _signed(
    code="grant_assertion_expired",
    salesforce_text="expired authorization code",
    sentence="The exp claim of the assertion is missing or in the past.",
    hint="Make a fresh assertion for each request, in seconds since 1970, and compare the clock with a time server.",
    remedy="Nothing to change here: a minute of difference between the clocks is already allowed.",
)
GRANT_ASSERTION_TOO_LONG = _signed(
    code="grant_assertion_too_long",
    sentence="The exp claim of the assertion is more than five minutes ahead.",
    hint="Set exp to one or two minutes from now, in seconds.",
    remedy="Nothing to change here: a long-lived assertion would be a password that travels.",
)
GRANT_ASSERTION_EARLY = _signed(
    code="grant_assertion_early",
    sentence="The iat or nbf claim of the assertion lies in the future.",
    hint="Compare the clock of the machine with a time server, and give both claims in seconds.",
    remedy="Nothing to change here: a minute of difference between the clocks is already allowed.",
)
GRANT_ASSERTION_ENDED = _signed(
    code="grant_assertion_ended",
    follows=True,
    sentence="The assertion was signed before everything of its app, user or org was ended.",
    hint="Sign a new assertion with a current iat; without iat it counts as signed five minutes before its exp.",
    remedy="The Setup Audit Trail shows which revoke, block, freeze or restore ended it; new assertions work again if policy allows.",
)
GRANT_JTI_MISSING = _signed(
    code="grant_jti_missing",
    sentence="The assertion has no jti claim, so it cannot be used once only.",
    hint="Add a jti of at least 16 random bytes as text, new for each assertion; a UUID of version 4 will do.",
    remedy="Only an app that speaks the Salesforce dialect may leave it out, which is an exposure of that app.",
)
GRANT_ASSERTION_REPLAYED = _signed(
    code="grant_assertion_replayed",
    salesforce_error="bad_jti_claim",
    sentence="An assertion with this jti was already used.",
    hint="Sign a new assertion for each request and for each retry; look for a library that caches the first one.",
    remedy="If the client did make a new one, somebody may have copied an assertion: compare the addresses in Login History.",
)
