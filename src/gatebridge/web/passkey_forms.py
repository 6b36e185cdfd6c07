"""What a page hands to the script of passkeys, and what comes back in the form: JSON both times, and no request of the script's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebridge.crypto import passkeys
from gatebridge.rules.factors import Factor
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.signin import factors
from gatebridge.signin.factors import Signed
from gatebridge.storage.tx import Tx
from gatebridge.web.browser import Browser


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is asked, and the challenge as the form carries it."""

    options: str
    challenge: str


def to_prove(tx: Tx, org: Org, user: User, found: Sequence[Factor], browser: Browser) -> Asked | None:
    """Ask for one of the user's own passkeys; None where there is none."""
    known = [(factor.credential_id, factor.transports) for factor in found if factor.credential_id is not None]
    if not known:
        return None
    challenge = factors.new_challenge(tx, org, factors.PROVE, browser.digest, user.id)
    return Asked(passkeys.asked_to_sign(factors.party(org), challenge, known=known, verified=False), factors.text_of(challenge))


def to_sign_in(tx: Tx, org: Org, browser: Browser) -> Asked:
    """Ask for any passkey of this org, of whomever."""
    challenge = factors.new_challenge(tx, org, factors.SIGN_IN, browser.digest)
    return Asked(passkeys.asked_to_sign(factors.party(org), challenge, known=(), verified=True), factors.text_of(challenge))


def signed(fields: dict[str, str]) -> Signed:
    """What came back; what is not there proves nothing."""
    return Signed(fields.get("passkey", ""), fields.get("challenge", ""))
