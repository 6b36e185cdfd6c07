"""`/authz` as a route: any method, answered with a status and headers for a reverse proxy."""

from functools import partial
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatebridge.oauth import authz
from gatebridge.oauth.authz import Asked
from gatebridge.oauth.request import MAX_PARAMETERS, Malformed, OAuthRequest
from gatebridge.rules import resource
from gatebridge.rules.network import Address, parse_address
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.web.house import House
from gatebridge.web.middleware import proxy
from gatebridge.web.middleware.operation_id import operation_id
from gatebridge.web.oauth import LONGEST_AGENT, passed, send_answer

# The proxy's own credentials. Not `Proxy-Authorization`, which is for one hop, and which proxies take away.
CREDENTIALS = "x-gatebridge-proxy-authorization"
# What the proxy needs, where it cannot write it into the address that it asks.
NEEDS = {f"x-gatebridge-need-{name.replace('_', '-')}": name for name in ("scope", "aud", "level", "max_age")}


# Where Envoy asks, which puts the path of the client's request behind ours, with the client's own query.
BEFORE_A_PATH = authz.PATH + "/path"


def routes(house: House) -> list[Route]:
    """Both forms."""
    endpoint = Authz(house)
    return [Route(authz.PATH, endpoint), Route(BEFORE_A_PATH + "/{path:path}", endpoint)]


class Authz:
    """Asks the turnstile, and answers with an empty body where the request may pass."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        written_by_proxy = scope["path"] == authz.PATH
        if not written_by_proxy:
            # What clients ask of another API is not for our log, and no name to count requests by.
            scope.update(path=BEFORE_A_PATH, path_params={})
        decide = partial(authz.decide, asked=self._asked(scope, headers, in_address=written_by_proxy))
        await send_answer(await passed(self.house.turnstile, decide, _request(scope, headers), self.house.base_url), send)

    def _asked(self, scope: Scope, headers: Headers, *, in_address: bool) -> Asked:
        said = [(need, value) for name, need in NEEDS.items() for value in headers.getlist(name)]
        said += _in_address(scope) if in_address else []
        return Asked(
            authorization=tuple(headers.getlist("authorization")),
            needs=resource.read(said),
            used_from=self._used_from(scope, headers),
        )

    def _used_from(self, scope: Scope, headers: Headers) -> Address | None:
        """The client's address, if it is a trusted proxy that tells it: without one, the address is that of the proxy itself."""
        peer = parse_address(scope["client"][0]) if scope.get("client") else None
        trusted = peer is not None and any(peer in network for network in self.house.trusted_proxies)
        return proxy.address(scope) if trusted and "x-forwarded-for" in headers else None


def _in_address(scope: Scope) -> list[tuple[str, str]]:
    """The needs in the query, which the proxy has written. Behind a path that is a client's, so is the query."""
    try:
        return parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError:
        return [("scope", "")]  # which is refused


def _request(scope: Scope, headers: Headers) -> OAuthRequest:
    """The proxy's own request: who it is, and no form."""
    own, bearers = headers.getlist(CREDENTIALS), headers.getlist("authorization")
    # Where there is one bearer token, the turnstile looks it up together with those of others.
    token = bearers[0].partition(" ")[2] if len(bearers) == 1 else ""
    return OAuthRequest(
        host=headers.get("host", "").lower(),
        address=proxy.address(scope),
        user_agent=headers.get("user-agent", "")[:LONGEST_AGENT].replace("\0", ""),
        operation_id=operation_id(scope),
        parameters={"token": token} if token else {},
        authorization=own[0] if own else None,
        malformed=Malformed(request_reasons.PARAMETER_REPEATED, CREDENTIALS) if len(own) > 1 else None,
    )
