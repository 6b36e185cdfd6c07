"""An API in plain WSGI that lets in requests with a live access token only. Run it: python wsgi_api.py

Flask, Django and Bottle are wrapped in the same way: `app.wsgi_app = ProtectWSGI(app.wsgi_app, guard, scopes="api")`.
Its settings are in the environment: GATEBRIDGE_GUARD_ISSUER, _AUDIENCE, _CLIENT_ID, _CLIENT_SECRET_FILE. See docs/guides/protect-an-api.md
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from gatebridge_guard import Guard, ProtectWSGI, Token

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def orders(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    token: Token = environ["gatebridge.token"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"orders_of": token.user_id, "asked_by": token.client_id}).encode()]


app = ProtectWSGI(orders, Guard.from_environment(), scopes="api")

if __name__ == "__main__":
    with make_server("127.0.0.1", 9000, app) as server:
        server.serve_forever()
