"""Authorization requests that wait for their user: kept on the server, bound to one browser, answered once (standards AZ-29, AZ-36, AZ-37).

The address of a page carries a random name, and the request itself never leaves the server, so nobody can change it on the way (X-RU-19).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth import authorization_checks, response_modes
from gatebridge.oauth.authorization_checks import Parameters
from gatebridge.oauth.trying import callback
from gatebridge.rules.authorization import KEPT, OF_STRANGERS, Interaction
from gatebridge.rules.network import Address, network_of
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Refused, outage, sign_in
from gatebridge.rules.reasons.reason import Reason
from gatebridge.storage import interactions, limited_acts, orgs
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

# Where a browser goes on with a waiting request: to the question, or where none is needed, straight to the app.
PATH = "/services/oauth2/consent"

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits, with the digest of its name."""

    interaction: Interaction
    digest: bytes


@dataclass(frozen=True, slots=True)
class Asking:
    """What the sign-in page may tell of the request that sent the user there: nothing is proven of it but app and callback."""

    app: str  # its label, as its developer chose it
    publisher: str  # the name of the org that owns it
    verified: bool  # an admin of this org installed it, so its publisher is one that the org knows
    login_hint: str
    form_target: str  # for the page's `form-action`: where the way of its form ends


def store(tx: Tx, org: Org, parameters: Parameters, browser: bytes | None) -> str:
    """Keep a request, and return the name under which it is found again.

    `browser` is the digest of the browser's cookie. None: another site's POST brought it, along with which no cookie comes (AZ-06); the
    first browser that opens it has it then. So much anybody can do with a link to the authorization endpoint, too.
    """
    value = secrets.new(Kind.INTERACTION, tx.random)
    kept = {name: parameters[name] for name in KEPT if name in parameters}
    interaction = Interaction(org.id, browser or interactions.NOBODYS, kept, tx.now, tx.now + LIFETIME)
    interactions.insert(tx, interaction, secrets.digest(value))
    return value


def make_room(tx: Tx, org: Org, address: Address | None) -> None:
    """Count one more request that is kept for a stranger. Raises Refused (`rate_exceeded`): its network sends too many."""
    network = network_of(address) if address is not None else "unknown"
    if limited_acts.one_too_many(tx, org.id, "waiting", network, OF_STRANGERS):
        raise Refused(outage.RATE_EXCEEDED)


def find(tx: Tx, org: Org, value: str, browser: bytes) -> Waiting | Reason:
    """The request of this name, if it is this browser's and waits still."""
    digest = secrets.digest(value)
    found = interactions.by_digest(tx, org.id, digest) if secrets.looks_right(Kind.INTERACTION, value) else None
    if found is not None and found.browser == interactions.NOBODYS and interactions.claim(tx, org.id, digest, browser):
        found = replace(found, browser=browser)
    if found is None or not secrets.same(found.browser, browser):
        # One that is another browser's is as if it were not: whoever sent the address learns nothing about it.
        return sign_in.INTERACTION_UNKNOWN
    if found.finished_at is not None:
        return sign_in.INTERACTION_FINISHED
    return Waiting(found, digest) if tx.now < found.expires_at else sign_in.INTERACTION_UNKNOWN


def finish(tx: Tx, waiting: Waiting) -> bool:
    """The request gets its answer now. False: somebody was faster, in another tab or by pressing twice."""
    return interactions.finish(tx, waiting.interaction.org_id, waiting.digest)


def asking(tx: Tx, org: Org, value: str, browser: bytes) -> Asking | Reason:
    """What the sign-in page says about this waiting request, or why the browser cannot go on with it."""
    found = find(tx, org, value, browser)
    if isinstance(found, Reason):
        return found
    parameters = found.interaction.parameters
    facts = FactsReader(tx).authorizing(org, parameters.get("client_id", ""), None)
    registered = authorization_checks.callback(parameters, facts.settings) if facts.settings is not None else None
    proof = callback.proof(tx, facts, parameters, registered)
    if facts.app is None or proof is None or proof.uri is None:
        # It was proven when the request was kept, so the app was changed since then.
        return sign_in.INTERACTION_UNKNOWN
    owner = org if facts.app.org_id == org.id else orgs.by_id(tx, facts.app.org_id)
    return Asking(
        app=facts.app.label,
        publisher=facts.app.publisher(owner.name if owner is not None else None),
        verified=facts.installation is not None and facts.installation.in_use(tx.now),
        login_hint=parameters.get("login_hint", ""),
        form_target=response_modes.form_target(proof.uri),
    )
