"""Gate 1, Client: signed client assertions (private_key_jwt, RFC 7523 section 3) and the certificates that they are checked with.

What is wrong with the claims is told only after the signature was verified with a live key of the app, for then the caller is proven.
`iss` and the assertion type are read before any app is looked up. All else is the one answer for strangers, also a malformed
header: it may be noticed only when the app's keys are tried, and a plain word there would tell a known client from an unknown one.
"""

from gatebridge.rules.reasons.strangers import failed_client, unproven_client

ASSERTION_TYPE_UNKNOWN = failed_client(
    code="assertion_type_unknown",
    sentence="The client_assertion_type is missing or not the one for JWT assertions.",
    hint="Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer beside client_assertion.",
    remedy="Nothing to change here: RFC 7523 section 2.2 defines this one type, and SAML assertions are not accepted.",
)
ASSERTION_MALFORMED = unproven_client(
    code="assertion_malformed",
    sentence="The client assertion is not a signed JWT in compact form.",
    hint="It must be three Base64url parts joined by dots, without padding, blanks or line ends; numbers and texts of the right type.",
    remedy="Nothing to change here: create the assertion with a JOSE library.",
)
ASSERTION_TYP_WRONG = unproven_client(
    code="assertion_typ_wrong",
    sentence="The client assertion is a JWT of another kind.",
    hint="Set the header typ to client-authentication+jwt or leave it out; an access token or request object cannot stand in for it.",
    remedy="Nothing to change here: telling the kinds apart keeps a JWT made for one purpose from serving another (RFC 8725).",
)
ASSERTION_ISSUER_WRONG = failed_client(
    code="assertion_issuer_wrong",
    sentence="The iss claim of the client assertion is missing or does not name the client.",
    hint="Set iss to the consumer key, as text and byte for byte; the address of your own service does not belong there.",
    remedy="Nothing to change here: copy the consumer key from the app's Credentials.",
)
ASSERTION_SUBJECT_WRONG = failed_client(
    code="assertion_subject_wrong",
    sentence="The sub claim of the client assertion is missing or differs from its iss claim.",
    hint="Set sub to the consumer key too; a username in sub belongs to the JWT bearer grant, which is another parameter.",
    remedy="Nothing to change here: in client authentication the client speaks for itself (RFC 7523 section 3).",
)
ASSERTION_ALGORITHM_REFUSED = unproven_client(
    code="assertion_algorithm_refused",
    sentence="The client assertion is signed with an algorithm that the app's certificates do not allow.",
    hint="Take an algorithm that fits the key: RS256 or PS256 for RSA, ES256 for P-256, EdDSA for Ed25519; never none or HS256.",
    remedy="The algorithms of each certificate are listed under the app's Credentials; upload one that fits the client's key.",
)
ASSERTION_KEY_UNKNOWN = unproven_client(
    code="assertion_key_unknown",
    sentence="The kid header of the client assertion names no certificate of this app.",
    hint="Set kid to the certificate's fingerprint as the app's page shows it, or leave kid out and every live certificate is tried.",
    remedy="Upload the certificate that belongs to the client's key under the app's Credentials.",
)
ASSERTION_SIGNATURE_WRONG = unproven_client(
    code="assertion_signature_wrong",
    sentence="The signature of the client assertion fits no certificate of this app.",
    hint="Check that the private key belongs to the uploaded certificate, and that nothing changed the assertion after signing.",
    remedy="Compare the fingerprint of the client's certificate with the list under the app's Credentials; upload it if it is missing.",
)
CERTIFICATE_EXPIRED = unproven_client(
    code="certificate_expired",
    sentence="The certificate that the assertion was checked with is outside its period of validity.",
    hint="Load the key of the app's newer certificate; sign with the old one only until its end date.",
    remedy="Upload a new certificate under the app's Credentials; several may be live, so the change needs no pause.",
)
CERTIFICATE_RETIRED = unproven_client(
    code="certificate_retired",
    sentence="The certificate that the assertion was checked with was retired.",
    hint="Find the place that still signs with the old key, such as a second server or a cached key store.",
    remedy="Look up who retired it in the Setup Audit Trail; a retired certificate never comes back, so upload that of a new key.",
)
ASSERTION_AUDIENCE_WRONG = failed_client(
    code="assertion_audience_wrong",
    sentence="The aud claim of the client assertion is not the issuer of this server, alone.",
    hint="Set aud to the issuer from the discovery document as one text: no list, no slash at the end, not the token endpoint.",
    remedy="For a client that cannot be changed, the app's setting Legacy audience also accepts the token endpoint's address.",
)
ASSERTION_EXPIRED = failed_client(
    code="assertion_expired",
    sentence="The exp claim of the client assertion is missing or in the past.",
    hint="Make a fresh assertion for each request, and compare the clock of the machine with a time server.",
    remedy="Nothing to change here: 60 seconds of difference between the clocks are already allowed.",
)
ASSERTION_TOO_LONG_LIVED = failed_client(
    code="assertion_too_long_lived",
    sentence="The exp claim of the client assertion is more than five minutes ahead.",
    hint="Set exp to one or two minutes from now, in seconds; a value in milliseconds lies thousands of years ahead.",
    remedy="Nothing to change here: a long-lived assertion would be a password that travels.",
)
ASSERTION_NOT_YET_VALID = failed_client(
    code="assertion_not_yet_valid",
    sentence="The iat or nbf claim of the client assertion lies in the future.",
    hint="Compare the clock of the machine with a time server, and give both claims in seconds, not in milliseconds.",
    remedy="Nothing to change here: 60 seconds of difference between the clocks are already allowed.",
)
ASSERTION_JTI_MISSING = failed_client(
    code="assertion_jti_missing",
    sentence="The client assertion has no jti claim, so it cannot be used once only.",
    hint="Add a jti of at least 16 random bytes as text, new for each assertion; a UUID of version 4 will do.",
    remedy="Nothing to change here: without jti a copied assertion could be used again until it expires.",
)
ASSERTION_REPLAYED = failed_client(
    code="assertion_replayed",
    sentence="A client assertion with this jti was already used.",
    hint="Sign a new assertion for each request and for each retry; look for a library that caches the first one.",
    remedy="If the client did make a new one, somebody may have copied an assertion: compare the addresses in Login History.",
)
