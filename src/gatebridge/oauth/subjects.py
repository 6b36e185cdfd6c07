"""By what names a user and a session are told to apps.

A user is the id, or the identity URL where the app speaks Salesforce's dialect (wire.md). A session is a name that only we can make.
"""

import base64
import hmac

from gatebridge.crypto import sealing
from gatebridge.crypto.sealing import MasterKey
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.storage import sessions
from gatebridge.storage.tx import Tx

SID_PURPOSE = "session names"
SID_BYTES = 24  # 192 bits: not to be guessed, and short enough for clients that keep it in a cookie


def identity_url(org: Org, user_id: str) -> str:
    """The identity URL of a user. Clients split it at its slashes: the last two parts are the ids of org and user."""
    return f"{org.issuer}/id/{long(org.id)}/{long(user_id)}"


def subject(org: Org, user_id: str, dialect: Dialect) -> str:
    """The `sub` of a user in ID tokens and at userinfo: stable, ASCII, never given to somebody else (OpenID Connect Core section 2)."""
    return identity_url(org, user_id) if dialect is Dialect.SALESFORCE else long(user_id)


def sid(tx: Tx, org_id: str, session_id: str) -> str:
    """The `sid` of a browser session in ID tokens and logout tokens: the same for as long as it lives (Back-Channel Logout section 2.1).

    It is neither the id, which admins see and which can be guessed, nor anything that the cookie holds. Nothing is read while there is one
    master key. While there are several, the session says under which it began, so that its name outlives a rotation of the master key.
    """
    return _named(_key(tx, org_id, session_id), org_id, session_id)


def _key(tx: Tx, org_id: str, session_id: str) -> MasterKey:
    keys = tx.keys
    if not keys.older:
        return keys.current
    began_under = sessions.began_under(tx, org_id, session_id)
    return next((key for key in keys.older if key.id == began_under), keys.current)


def _named(key: MasterKey, org_id: str, session_id: str) -> str:
    made = hmac.digest(sealing.derive(key, SID_PURPOSE), f"{org_id} {session_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(made[:SID_BYTES]).rstrip(b"=").decode()
