"""An authorization request while it waits for its user: what the browser brought, kept on the server under a name that tells nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# What is kept of an authorization request. An allow list: what nobody thought of is neither kept nor obeyed later (X-RU-19, X-CA-10).
KEPT = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint", "acr_values"),
)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request that waits for sign-in or consent. It belongs to the browser that brought it, and gets one answer (AZ-29, AZ-37).

    The value in the address of the pages is not here: only its digest is stored, in the storage room.
    """

    org_id: str
    browser: bytes  # the digest of the browser's cookie
    parameters: Mapping[str, str]  # those of KEPT that were sent, as they were sent
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None = None
