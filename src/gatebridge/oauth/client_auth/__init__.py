"""Client authentication at the token, introspection, revocation and feed endpoints: exactly one method per request.

`identify` reads who the client says it is and how it means to prove it; `prove` compares that with what is registered. Between the
two the facts of that client are loaded. RFC 6749 section 2.3, RFC 7521 and 7523 section 2.2, RFC 10070.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gatebridge.oauth.client_auth import private_key_jwt, public, secret
from gatebridge.oauth.client_auth.presented import Presented
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod
from gatebridge.rules.facts import ClientProof
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.facts import ClientRecord

__all__ = ["NameIsEnough", "Presented", "Proven", "identify", "prove"]

# Whether a confidential app that brings no proof is let in by its name at this door (its settings may say so at two of them).
NameIsEnough = Callable[[AppSettings], bool]


@dataclass(frozen=True, slots=True)
class Proven:
    """The proof as a value for the decision, and the assertion that must be used up for it, if one was."""

    proof: ClientProof
    used: UsedAssertion | None = None


def identify(request: OAuthRequest) -> Presented | Reason:
    """Which client the request names, and the one method that it brings; a Reason when there is none, or more than one."""
    found = [reader(request) for reader in (secret.from_header, secret.from_body, private_key_jwt.from_body)]
    brought = [each for each in found if each is not None]
    if len(brought) > 1:
        # Two secrets of different worth in one request: the weaker must not vouch for the stronger (RFC 6749 section 2.3).
        return client_reasons.CLIENT_METHODS_SEVERAL
    presented = brought[0] if brought else public.from_body(request)
    if isinstance(presented, Presented):
        named = request.parameters.get("client_id")
        if named is not None and named != presented.consumer_key:
            return client_reasons.CLIENT_ID_CONFLICT
    return presented


def prove(presented: Presented, record: ClientRecord, org: Org, endpoint: str, name_is_enough: NameIsEnough | None = None) -> Proven:
    """Compare what was presented with what is registered. `endpoint` is the address that a legacy audience may name.

    A proof that is sent is checked, also where the name would have been enough.
    """
    settings = record.facts.settings
    if settings is None:
        # The work of a comparison is done for an unknown client too, so that time does not tell it from a known one (X-CA-01).
        secret.compare_with_nothing(presented)
        return Proven(ClientProof(refused=client_reasons.CLIENT_UNKNOWN))
    registered = ", ".join(sorted(settings.auth_methods))
    compared = Compared("client authentication", presented.method, registered)
    if presented.method is ClientAuthMethod.NONE and not settings.public:
        if name_is_enough is not None and name_is_enough(settings):
            return Proven(ClientProof(method=ClientAuthMethod.NONE, compared=(compared,)))
        return Proven(ClientProof(refused=client_reasons.CLIENT_PROOF_MISSING, compared=(compared,)))
    if settings.public and presented.method is not ClientAuthMethod.NONE:
        return Proven(ClientProof(refused=client_reasons.CLIENT_PUBLIC_SENT_SECRET, compared=(compared,)))
    if presented.method not in settings.auth_methods:
        return Proven(ClientProof(refused=client_reasons.CLIENT_METHOD_NOT_REGISTERED, compared=(compared,)))
    if presented.method is ClientAuthMethod.PRIVATE_KEY_JWT:
        proof, used = private_key_jwt.prove(presented, record, org, endpoint)
        return Proven(proof, used)
    if presented.method is ClientAuthMethod.NONE:
        return Proven(ClientProof(method=ClientAuthMethod.NONE, compared=(compared,)))
    return Proven(secret.prove(presented, record, compared))
