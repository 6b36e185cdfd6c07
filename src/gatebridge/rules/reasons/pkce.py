"""Gate 6, PKCE: is the code bound to the one who asked for it (RFC 7636)? S256 alone is taken."""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

_asked = partial(Reason, gate=Gate.PKCE, error="invalid_request", status=400, salesforce_error="invalid_request")
_redeemed = partial(
    Reason, gate=Gate.PKCE, error="invalid_grant", status=400, salesforce_error="invalid_grant", salesforce_text="invalid code verifier"
)

CHALLENGE_MISSING = _asked(
    code="challenge_missing",
    salesforce_text="missing required code challenge",
    sentence="The app must use PKCE, and the request has no code_challenge.",
    hint="Make a random code_verifier for each sign-in and send its S256 hash as code_challenge; OAuth libraries have a switch for it.",
    remedy="A confidential client that cannot do it may be excused by the setting PKCE required; a public app never.",
)
CHALLENGE_METHOD_UNSUPPORTED = _asked(
    code="challenge_method_unsupported",
    salesforce_text="invalid code challenge method",
    sentence="The code_challenge_method is not S256.",
    hint="Send code_challenge_method=S256, in this spelling; left out it means plain (RFC 7636 section 4.3), which is not taken.",
    remedy="Nothing to change here: plain would send the secret of the exchange through the browser.",
)
CHALLENGE_MALFORMED = _asked(
    code="challenge_malformed",
    salesforce_text="invalid code challenge",
    sentence="The code_challenge is not the S256 hash of a verifier.",
    hint="It is the SHA-256 of the verifier's ASCII text in base64url without padding, so it always has 43 characters.",
    remedy="Nothing to change here: let a library make the challenge.",
)
VERIFIER_MISSING = _redeemed(
    code="verifier_missing",
    sentence="The code was asked for with a code_challenge, and the request has no code_verifier.",
    hint="Keep the verifier from the start of the sign-in until the code is redeemed, and send it then.",
    remedy="Nothing to change here: a code without its verifier may have been taken by somebody else.",
)
VERIFIER_MALFORMED = _redeemed(
    code="verifier_malformed",
    error="invalid_request",
    sentence="The code_verifier does not have the form of one.",
    hint="A verifier has 43 to 128 characters, each a letter, a digit or one of - . _ ~ (RFC 7636 section 4.1).",
    remedy="Nothing to change here: a shorter verifier could be guessed.",
)
VERIFIER_WRONG = _redeemed(
    code="verifier_wrong",
    sentence="The code_verifier does not fit the code_challenge of the authorization request.",
    hint="Look for two sign-ins at once that overwrite each other's verifier; the code is used up now, so begin anew.",
    remedy="If the client did nothing wrong, somebody may have tried to slip in a code: compare the addresses in Login History.",
)
VERIFIER_UNEXPECTED = _redeemed(
    code="verifier_unexpected",
    sentence="The request has a code_verifier, and the code was asked for without a code_challenge.",
    hint="Send code_challenge with the authorization request; a proxy or an old bookmark may have dropped it.",
    remedy="Nothing to change here: taking it would let an attacker strip the challenge unnoticed (RFC 9700 section 4.8.2).",
)
