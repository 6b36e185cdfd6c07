"""The guard as WSGI middleware, for Flask, Django, Bottle and others: whatever reaches the application has shown a live token."""

from collections.abc import Collection, Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatebridge_guard.guard import Guard
from gatebridge_guard.needs import Needs
from gatebridge_guard.refusal import Refusal
from gatebridge_guard.token import Level

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TOKEN = "gatebridge.token"


class ProtectWSGI:
    """Lets in requests with a live token that has what is needed, and puts it into `environ["gatebridge.token"]`.

    `open_paths` are exact paths that need no token.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        guard: Guard,
        *,
        scopes: str | Sequence[str] = (),
        level: Level | str | None = None,
        max_age: int | None = None,
        open_paths: Collection[str] = (),
    ) -> None:
        self.app = app
        self.guard = guard
        self.needs = Needs.of(scopes, level, max_age)
        self.open_paths = frozenset(open_paths)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") in self.open_paths:
            return self.app(environ, start_response)
        # A server joins repeated headers with a comma, which no token holds, so two of them are refused here as well.
        found = self.guard.check(
            environ.get("HTTP_AUTHORIZATION"),
            scopes=self.needs.scopes,
            level=self.needs.level,
            max_age=self.needs.max_age,
            address=environ.get("REMOTE_ADDR"),
            query=environ.get("QUERY_STRING", ""),
        )
        if isinstance(found, Refusal):
            start_response(f"{found.status} {HTTPStatus(found.status).phrase}", list(found.headers))
            return [found.body]
        environ[TOKEN] = found
        return self.app(environ, start_response)
