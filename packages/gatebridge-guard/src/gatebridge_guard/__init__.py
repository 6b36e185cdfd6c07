"""Protects an API with the access tokens of Gatebridge.

    guard = Guard("https://id.example.com", audience="https://orders.example.com", client_id=..., client_secret=...)
    app = ProtectASGI(app, guard, scopes=["orders"])

A token that was revoked is refused within five seconds. While that cannot be known, everything is refused.
"""

from gatebridge_guard.asgi import ProtectASGI
from gatebridge_guard.guard import Guard
from gatebridge_guard.refusal import Refusal
from gatebridge_guard.token import Level, Token
from gatebridge_guard.wsgi import ProtectWSGI

__all__ = ["Guard", "Level", "ProtectASGI", "ProtectWSGI", "Refusal", "Token"]

__version__ = "0.1.0"
