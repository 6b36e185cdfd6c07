"""From the text of a token to what is recorded about it: by digest where it is opaque, by its id once its signature is proven."""

from collections.abc import Sequence

from gatebridge.crypto import secrets, signing
from gatebridge.oauth.formats import jwt
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import AccessToken, RefreshToken
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.orgs import Org
from gatebridge.storage.facts import FactsReader

LONGEST = 8 * 1024


def find(reader: FactsReader, org: Org, value: str) -> tuple[Facts, AccessToken | None]:
    """The token and the facts about everything that it hangs from; without a token where this org knows none of that value.

    A token of another org is unknown here (data.md). A JWT is found by its `jti`, never by its text, so that no second spelling of the
    same token escapes a revocation (X-TK-10).
    """
    if len(value) > LONGEST:
        return reader.bare_facts(org), None
    said_org = secrets.access_token_org(value)
    if said_org is not None:
        if said_org != org.id:
            return reader.bare_facts(org), None
        return reader.token_of_digest(org, secrets.digest(value))
    if value.count(".") != 2:
        return reader.bare_facts(org), None
    token_id = _proven_id(reader, org, value)
    return reader.token_of_id(org, token_id) if token_id is not None else (reader.bare_facts(org), None)


def find_any(reader: FactsReader, org: Org, value: str) -> tuple[Facts, AccessToken | RefreshToken | None]:
    """Like `find`, for the endpoints that are told a token of either kind. The value tells its kind, whatever a hint says (X-MX-05)."""
    if secrets.looks_right(secrets.Kind.REFRESH_TOKEN, value):
        return reader.refresh(org, secrets.digest(value))
    return find(reader, org, value)


def _proven_id(reader: FactsReader, org: Org, value: str) -> str | None:
    keys = reader.verifying_keys(org)
    try:
        signed = signing.verify(value, keys, algs=frozenset(alg for key in keys for alg in key.algs), typ=frozenset({jwt.TYP}))
    except signing.BadToken:
        return None
    jti = signed.claims.get("jti")
    if signed.claims.get("iss") != org.issuer or not isinstance(jti, str):
        return None
    return parse(jti, Prefix.RECEIPT)


def expect(reader: FactsReader, values: Sequence[tuple[str, str]]) -> None:
    """Read the opaque tokens among these pairs of host and value ahead, in one statement per org: a batch asks for many at once."""
    by_org: dict[str, tuple[Org, list[bytes]]] = {}
    for host, value in values:
        org = reader.org(host)
        if org is not None and len(value) <= LONGEST and secrets.access_token_org(value) == org.id:
            by_org.setdefault(org.id, (org, []))[1].append(secrets.digest(value))
    for org, digests in by_org.values():
        reader.expect_tokens(org, digests)
