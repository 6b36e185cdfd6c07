"""The JWK set of an org (RFC 7517 section 5): public members only, old keys kept until their last token is over."""

from gatebridge.crypto import signing
from gatebridge.rules import signing_keys as rules
from gatebridge.rules.orgs import Org
from gatebridge.storage.facts import FactsReader

PATH = "/id/keys"
CACHE_SECONDS = int(rules.JWKS_CACHE.total_seconds())


def document(reader: FactsReader, org: Org) -> dict[str, object]:
    """Every published key of the org, newest first: also the one that does not sign yet, so that caches have it in time."""
    return dict(signing.public_jwks(key.public_jwk for key in reader.signing_keys(org)))
