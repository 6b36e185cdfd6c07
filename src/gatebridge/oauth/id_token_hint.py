"""`id_token_hint` (OpenID Connect Core section 3.1.2.1): whom the app believes to be signed in, told by an ID token that it got before."""

from gatebridge.crypto import signing
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.storage.facts import FactsReader

# A JWT access token has another type, and tells an app about nobody who signed in to it; neither does a logout token.
_TYPES = frozenset({"jwt", None})


def user_id(reader: FactsReader, org: Org, hint: str) -> str | None:
    """The user whom this ID token of ours is about. It may have run out: that is what hints are for (AZ-22).

    None where it is none of ours, or of a key that is published no more: then nobody can tell whom the app means.
    """
    keys = reader.verifying_keys(org)
    try:
        signed = signing.verify(hint, keys, algs=frozenset(alg for key in keys for alg in key.algs), typ=_TYPES)
    except signing.BadToken:
        return None
    if signed.claims.get("iss") != org.issuer:
        return None
    # In the salesforce dialect the subject is the identity URL, which ends in the user's id.
    return ids.parse(str(signed.claims.get("sub", "")).rpartition("/")[2], Prefix.USER)
