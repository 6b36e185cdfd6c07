"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4): that a session, which an app knows by its `sid`, has ended.

Never to be taken for an ID token: the type is its own, there is an event and no nonce (X-SE-11). Made when it is sent, for two minutes.
"""

import base64
from datetime import datetime, timedelta

from gatebridge.crypto import signing
from gatebridge.crypto.secrets import Randomness
from gatebridge.oauth.subjects import subject
from gatebridge.rules.apps import App
from gatebridge.rules.orgs import Org

TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFE = timedelta(minutes=2)
JTI_BYTES = 16


def make(org: Org, app: App, *, user_id: str, sid: str, now: datetime, random: Randomness, key: signing.SigningKey) -> str:
    """The signed token for one app. User and session are named as in the app's ID tokens; each token has a `jti` of its own."""
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": org.issuer,
        "sub": subject(org, user_id, app.dialect),
        "aud": app.consumer_key,
        "iat": issued,
        "exp": issued + int(LIFE.total_seconds()),
        "jti": base64.urlsafe_b64encode(random(JTI_BYTES)).rstrip(b"=").decode(),
        "sid": sid,
        "events": {EVENT: {}},
    }
    return signing.sign(key, TYP, claims)
