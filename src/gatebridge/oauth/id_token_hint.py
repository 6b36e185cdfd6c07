"""`id_token_hint` (OpenID Connect Core section 3.1.2.1): whom the app believes to be signed in, told by an ID token that it got before."""

from gatebridge.crypto import signing
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.sessions import Session
from gatebridge.storage.facts import FactsReader

# A JWT access token has another type, and tells an app about nobody who signed in to it.
_TYPES = frozenset({"jwt", None})


def is_about(reader: FactsReader, org: Org, hint: str, session: Session) -> bool:
    """Whether this is an ID token of ours about the user of this session. It may have run out: that is what hints are for (AZ-22)."""
    keys = reader.verifying_keys(org)
    try:
        signed = signing.verify(hint, keys, algs=frozenset(alg for key in keys for alg in key.algs), typ=_TYPES)
    except signing.BadToken:
        return False
    # In the salesforce dialect the subject is the identity URL, which ends in the user's id.
    subject = str(signed.claims.get("sub", "")).rpartition("/")[2]
    return signed.claims.get("iss") == org.issuer and ids.parse(subject, Prefix.USER) == session.user_id
