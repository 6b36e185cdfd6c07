"""UserInfo and the identity URL as routes: GET and POST for whoever holds a token, from a server or from a page of the app's own origin."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatebridge.oauth import errors, identity, userinfo
from gatebridge.oauth.outcome import Answer
from gatebridge.oauth.request import Malformed, OAuthRequest, read_parameters
from gatebridge.rules.apps import Dialect
from gatebridge.rules.reasons import outage as outage_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage.dialects import is_outage
from gatebridge.web import cors
from gatebridge.web.house import House
from gatebridge.web.oauth import ClientGone, form_asked, passed, read_request, send_answer
from gatebridge.web.turnstile import Decide

METHODS = "GET, POST"


def routes(house: House) -> list[Route]:
    """The routes of both."""
    return [
        Route(userinfo.PATH, IdentityEndpoint(house, lambda _: userinfo.decide)),
        Route(identity.PATH, IdentityEndpoint(house, _whose)),
    ]


def _whose(scope: Scope) -> Decide:
    named = scope["path_params"]
    return partial(identity.decide, org_text=named["org"], user_text=named["user"])


class IdentityEndpoint:
    """One of the two, through the turnstile. `decides` makes what decides, from the address that was asked for."""

    def __init__(self, house: House, decides: Callable[[Scope], Decide]) -> None:
        self.house = house
        self.decides = decides

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientGone):
            answer = await self._answer(scope, receive)
            await send_answer(replace(answer, headers=(*answer.headers, cors.VARY)), send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if cors.is_preflight(scope):
            return await self._preflight(scope)
        if scope["method"] not in ("GET", "POST"):
            refused = errors.answer(request_reasons.METHOD_NOT_ALLOWED, Dialect.STANDARD, self.house.base_url)
            return replace(refused, headers=(("Allow", METHODS),))
        request = await _read(scope, receive)
        return await passed(self.house.turnstile, self.decides(scope), request, self.house.base_url)

    async def _preflight(self, scope: Scope) -> Answer:
        try:
            answer = await cors.preflight(self.house.database, scope, METHODS)
        except Exception as error:
            if not is_outage(error):
                raise
            return errors.answer(outage_reasons.DATABASE_AWAY, Dialect.STANDARD, self.house.base_url)
        return replace(answer, headers=tuple(header for header in answer.headers if header != cors.VARY))


async def _read(scope: Scope, receive: Receive) -> OAuthRequest:
    """The request with what stands in its address. Only a form that is posted can carry a token (RFC 6750 section 2.2)."""
    request = await read_request(scope, receive)
    malformed = request.malformed
    if malformed is not None and malformed.reason is request_reasons.CONTENT_TYPE_WRONG:
        malformed = None  # no form, so nothing in it was meant for us
    form = request.parameters if scope["method"] == "POST" else {}
    query = read_parameters(scope["query_string"])
    said: Mapping[str, str] = {} if isinstance(query, Malformed) else query
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return replace(
        request,
        parameters=form,
        query=said,
        malformed=malformed or (query if isinstance(query, Malformed) else None),
        origin=cors.origin(scope),
        form=form_asked(said.get("format") or form.get("format"), accept),
    )
