"""An API without any framework: the guard is one function. Run it: python function_api.py

Its settings are in the environment: GATEBRIDGE_GUARD_ISSUER, _AUDIENCE, _CLIENT_ID, _CLIENT_SECRET_FILE. See docs/guides/protect-an-api.md
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gatebridge_guard import Guard, Refusal

guard = Guard.from_environment()


class Orders(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = self.path.partition("?")[2]
        found = guard.check(self.headers.get_all("Authorization"), scopes="api", query=query)
        if isinstance(found, Refusal):
            self._answer(found.status, found.headers, found.body)
            return
        body = json.dumps({"orders_of": found.user_id, "asked_by": found.client_id}).encode()
        self._answer(200, (("Content-Type", "application/json"), ("Content-Length", str(len(body)))), body)

    def _answer(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 9000), Orders).serve_forever()
