"""What the answers in a run say: the tokens taken apart and checked, what a reader may see of it all, and what the next step needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatebridge.crypto import secrets, signing
from gatebridge.oauth.device_authorization import MATCH_NUMBER
from gatebridge.oauth.formats import id_token, jwt
from gatebridge.oauth.trying.calls import Call, Trying
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.tries import Kept, Outcome, Step
from gatebridge.storage.facts import FactsReader

# What a reader is shown the ends of only: whoever could use the run's tokens would hold more than the run is for.
SECRET = frozenset(
    {"client_secret", "code", "code_verifier", "assertion", "client_assertion", "device_code", "token"}
    | {"access_token", "refresh_token", "id_token"}
)
SHOWN_HEADERS = ("content-type", "cache-control", "www-authenticate", "retry-after", "x-gatebridge-receipt")
TOKENS = ("access_token", "id_token")
WAITS = frozenset({"authorization_pending", "slow_down"})  # RFC 8628 section 3.5

TYPES = frozenset({jwt.TYP.lower(), id_token.TYP.lower()})
ALGORITHMS = frozenset(signing.SIGNING_ALGS)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came over the wire. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def fields(self) -> dict[str, Any]:
        """The members of a JSON object; empty where the body is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def receipt_id(self) -> str | None:
        return ids.parse(self.headers.get("x-gatebridge-receipt", ""), Prefix.RECEIPT)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A token taken apart. `verified`: a published key of this org has signed it, and it fits the request; `words` say what was found."""

    name: str
    format: str  # jwt or opaque
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    verified: bool
    words: str


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one step. `outcome` None: a person has not decided yet, and the step is done again."""

    kept: Kept
    outcome: Outcome | None
    receipt_id: str | None
    tokens: tuple[Decoded, ...] = ()


def read(reader: FactsReader, trying: Trying, answered: Answered) -> Read:
    """What the answer to the next step's request says, and what is kept of it."""
    said, kept = answered.fields, trying.kept
    if trying.kept.next is Step.TOKEN and said.get("error") in WAITS:
        return Read(kept, None, answered.receipt_id)
    good = answered.status == 200 and (kept.next is not Step.INTROSPECTION or said.get("active") is True)
    if not good:
        return Read(kept, Outcome.REFUSED, answered.receipt_id)
    tokens = tuple(decoded(reader, trying, name, said) for name in TOKENS if isinstance(said.get(name), str))
    return Read(_remembering(kept, said), Outcome.SUCCESS, answered.receipt_id, tokens)


def _remembering(kept: Kept, said: Mapping[str, Any]) -> Kept:
    """What the next steps need of an answer."""
    return replace(
        kept,
        access_token=str(said.get("access_token", kept.access_token)),
        refresh_token=str(said.get("refresh_token", kept.refresh_token)),
        device_code=str(said.get("device_code", kept.device_code)),
        user_code=str(said.get("user_code", kept.user_code)),
        number=str(said.get(MATCH_NUMBER, kept.number)),
        address=str(said.get("verification_uri_complete") or said.get("verification_uri") or kept.address),
    )


def decoded(reader: FactsReader, trying: Trying, name: str, said: Mapping[str, Any]) -> Decoded:
    """One token of an answer. A token of which the app can read nothing is opaque, and says so."""
    value = said[name]
    try:
        unverified = signing.peek(value)
    except signing.BadToken:
        return Decoded(name, "opaque", {}, {}, False, "An app can read nothing in it; introspection tells what it is good for.")
    problem = _problem(reader, trying, name, said)
    words = problem or "The signature is that of a published key of this org, and what it says fits the request."
    return Decoded(name, "jwt", unverified.header, unverified.claims, problem is None, words)


def _problem(reader: FactsReader, trying: Trying, name: str, said: Mapping[str, Any]) -> str | None:
    """Why an app must not believe this token; None where it may (OpenID Connect Core section 3.1.3.7, RFC 9068 section 4)."""
    try:
        signed = signing.verify(said[name], reader.verifying_keys(trying.org), algs=ALGORITHMS, typ=TYPES)
    except signing.BadToken as bad:
        return f"{bad.words}."
    claims = signed.claims
    if claims.get("iss") != trying.org.issuer:
        return "It names another issuer."
    if name != "id_token":
        return None
    if claims.get("aud") != trying.app.consumer_key:
        return "It is for another app."
    if "nonce" in claims and claims["nonce"] != trying.kept.nonce:
        return "Its nonce is not the one of the request."
    access_token = str(said.get("access_token", ""))
    if claims.get("at_hash") not in (None, id_token.half_hash(access_token, str(signed.header["alg"]))):
        return "It belongs to another access token."
    return None


def masked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters or members of an answer, of which the secret ones show their ends only."""
    return {name: _masked(name, value) for name, value in parameters.items()}


def _masked(name: str, value: Any) -> Any:
    return secrets.hint(value) if name in SECRET and isinstance(value, str) else value


def shown_headers(call: Call) -> dict[str, str]:
    """The headers of a request that matter, its credentials masked."""
    found = {"Content-Type": "application/x-www-form-urlencoded"} if call.method == "POST" else {}
    if call.basic is not None:
        return found | {"Authorization": f"Basic {call.basic[0]}:{secrets.hint(call.basic[1])} (form-encoded, then base64)"}
    return found | ({"Authorization": f"Bearer {secrets.hint(call.bearer)}"} if call.bearer else {})
