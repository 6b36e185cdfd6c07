"""The signature over the identity URL that Salesforce's clients check in a token answer."""

import base64
import hmac


def salesforce_signature(secret: str, id_url: str, issued_at: str) -> str:
    """Base64 of HMAC-SHA256, keyed with the consumer secret, over the identity URL followed by `issued_at` (milliseconds, as sent).

    It shows the client that nobody swapped the identity URL on the way. We keep no secret, so only a request that presented it gets one.
    """
    return base64.b64encode(hmac.digest(secret.encode(), (id_url + issued_at).encode(), "sha256")).decode()
