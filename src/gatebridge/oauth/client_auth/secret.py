"""client_secret_basic and client_secret_post (RFC 6749 section 2.3.1)."""

import base64
from urllib.parse import unquote_plus

from gatebridge.crypto import secrets
from gatebridge.oauth.client_auth.presented import Presented
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.facts import ClientProof
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.storage.facts import ClientRecord

NOTHING = bytes(32)


def from_header(request: OAuthRequest) -> Presented | Reason | None:
    """Key and secret of an HTTP Basic header, each form-urlencoded before base64 (RFC 6749 section 2.3.1)."""
    if request.authorization is None:
        return None
    scheme, _, encoded = request.authorization.partition(" ")
    if scheme.lower() != "basic":
        return client_reasons.BASIC_HEADER_MALFORMED
    try:
        decoded = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8")
        consumer_key, colon, secret = decoded.partition(":")
        consumer_key, secret = unquote_plus(consumer_key, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:  # no base64, no UTF-8, or no ASCII to begin with
        return client_reasons.BASIC_HEADER_MALFORMED
    if not colon or not consumer_key or not secret or "\0" in consumer_key:
        return client_reasons.BASIC_HEADER_MALFORMED
    return Presented(consumer_key, ClientAuthMethod.SECRET_BASIC, secret)


def from_body(request: OAuthRequest) -> Presented | Reason | None:
    """Key and secret as parameters of the body."""
    secret = request.parameters.get("client_secret")
    if secret is None:
        return None
    consumer_key = request.parameters.get("client_id")
    if consumer_key is None:
        return client_reasons.CLIENT_MISSING
    return Presented(consumer_key, ClientAuthMethod.SECRET_POST, secret)


def compare_with_nothing(presented: Presented) -> None:
    """The work of a comparison, for a client that does not exist."""
    secrets.same(secrets.digest(presented.material), NOTHING)


def prove(presented: Presented, record: ClientRecord, compared: Compared) -> ClientProof:
    """Compare the secret with every one that the app has or had; one that ended is named in the receipt as what it was."""
    digest = secrets.digest(presented.material)
    matched = None
    for stored in record.secrets:
        # Every digest is compared, so that the time does not tell which one it was.
        if secrets.same(digest, stored.digest):
            matched = stored.record
    if matched is None:
        mistyped = not secrets.looks_right(secrets.Kind.CONSUMER_SECRET, presented.material)
        reason = client_reasons.SECRET_MISTYPED if mistyped else client_reasons.SECRET_WRONG
        return ClientProof(refused=reason, compared=(compared,))
    secret = Compared("secret", matched.hint, matched.name)
    now = record.facts.now
    if matched.retired_at is not None:
        return ClientProof(refused=client_reasons.SECRET_RETIRED, secret_id=matched.id, compared=(compared, secret))
    if not matched.live(now):
        return ClientProof(refused=client_reasons.SECRET_EXPIRED, secret_id=matched.id, compared=(compared, secret))
    return ClientProof(method=presented.method, secret_id=matched.id, compared=(secret,))
