"""Logout requests that another site's POST brought, along with which no cookie of ours comes: kept until the browser comes back by GET.

As at the authorization endpoint (AZ-06), but what waits is a wish whose hint was checked, so that no ID token lies in the database.
"""

from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth.end_session import Wish
from gatebridge.oauth.logout_hint import Hint
from gatebridge.oauth.request import Malformed
from gatebridge.rules.authorization import Interaction
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import get
from gatebridge.storage import interactions
from gatebridge.storage.tx import Tx

LIFETIME = timedelta(minutes=10)
_MARK = "logout"  # tells it from an authorization request, which is kept in the same place


def store(tx: Tx, org: Org, wish: Wish) -> str:
    """Keep a wish, and return the name under which it is found again, once."""
    value = secrets.new(Kind.INTERACTION, tx.random)
    hint, malformed = wish.hint, wish.malformed
    said = {
        "client_id": wish.client_id,
        "redirect_uri": wish.redirect_uri,
        "state": wish.state,
        "hint_for": hint.consumer_key if hint is not None else None,
        "hint_user": hint.user_id if hint is not None else None,
        "hint_sid": hint.sid if hint is not None else None,
        "malformed": malformed.reason.code if malformed is not None else None,
        "parameter": malformed.parameter if malformed is not None else None,
        _MARK: "invalid" if wish.hint_invalid else "as said",
    }
    kept = {name: text for name, text in said.items() if text is not None}
    interactions.insert(tx, Interaction(org.id, interactions.NOBODYS, kept, tx.now, tx.now + LIFETIME), secrets.digest(value))
    return value


def take(tx: Tx, org: Org, value: str) -> Wish | None:
    """The wish of this name, which is gone by that; None where none waits."""
    digest = secrets.digest(value)
    found = interactions.by_digest(tx, org.id, digest) if secrets.looks_right(Kind.INTERACTION, value) else None
    if found is None or _MARK not in found.parameters or tx.now >= found.expires_at or not interactions.finish(tx, org.id, digest):
        return None
    said = found.parameters
    hint = Hint(said["hint_for"], said["hint_user"], said.get("hint_sid")) if "hint_for" in said else None
    malformed = Malformed(get(said["malformed"]), said.get("parameter", "")) if "malformed" in said else None
    return Wish(said.get("client_id"), said.get("redirect_uri"), said.get("state"), hint, said[_MARK] == "invalid", malformed)
