"""PKCE (RFC 7636): what challenge and verifier must look like, and whether the one fits the other. S256 alone."""

import base64
import hashlib
import re
from collections.abc import Mapping

from gatebridge.crypto import secrets
from gatebridge.rules.apps import Dialect
from gatebridge.rules.grants import AuthorizationCode
from gatebridge.rules.reasons import pkce as reasons
from gatebridge.rules.reasons.reason import Reason

# RFC 7636 section 4.1. Clients of Salesforce send up to 171 characters, which it takes.
_VERIFIER = {
    Dialect.STANDARD: re.compile(r"[A-Za-z0-9\-._~]{43,128}"),
    Dialect.SALESFORCE: re.compile(r"[A-Za-z0-9\-._~]{43,256}"),
}

# The hash of S256 has 32 bytes, which base64url without padding spells in 43 characters, no more and no fewer.
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def challenge(parameters: Mapping[str, str], dialect: Dialect) -> tuple[str | None, Reason | None]:
    """The challenge of an authorization request, None where it has none, and what is wrong with the two parameters, if something is.

    A method that was left out means `plain` by RFC 7636 section 4.3, which is not taken; clients of Salesforce leave it out and mean S256.
    """
    sent, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if sent is None:
        # Who names a method meant to send a challenge: it was lost, or taken away, on its way (X-AC-06).
        return None, reasons.CHALLENGE_MISSING if method is not None else None
    if method != "S256" and (method is not None or dialect is Dialect.STANDARD):
        return None, reasons.CHALLENGE_METHOD_UNSUPPORTED
    if _CHALLENGE.fullmatch(sent) is None:
        return None, reasons.CHALLENGE_MALFORMED
    return sent, None


def verify(code: AuthorizationCode, verifier: str | None, dialect: Dialect) -> Reason | None:
    """Why this verifier does not redeem this code; None when it does, or when neither was asked for."""
    if code.challenge is None:
        # A verifier without a challenge says that somebody may have stripped the challenge on its way (RFC 9700 section 4.8.2).
        return reasons.VERIFIER_UNEXPECTED if verifier is not None and dialect is Dialect.STANDARD else None
    if verifier is None:
        return reasons.VERIFIER_MISSING
    if _VERIFIER[dialect].fullmatch(verifier) is None:
        return reasons.VERIFIER_MALFORMED
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=")
    return None if secrets.same(hashed, code.challenge.encode()) else reasons.VERIFIER_WRONG
