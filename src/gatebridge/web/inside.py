"""Sends a request in at our own front door, as if it came over the network: from the caller's address, through every layer."""

import httpx
from starlette.types import ASGIApp

from gatebridge.oauth.trying.answers import Answered
from gatebridge.oauth.trying.calls import Call
from gatebridge.rules.network import Address

AGENT = "Gatebridge Try it"
FORM = "application/x-www-form-urlencoded"


async def send(door: ASGIApp, call: Call, *, host: str, address: Address | None) -> Answered:
    """The answer to this request. Nothing is sent over any network, and no redirect is followed."""
    headers = {"Host": host, "User-Agent": AGENT, "Accept": "application/json"}
    if call.authorization is not None:
        headers["Authorization"] = call.authorization
    if call.method == "POST":
        headers["Content-Type"] = FORM
    transport = httpx.ASGITransport(app=door, client=(str(address) if address is not None else "", 0))
    request = httpx.Request(call.method, call.url, headers=headers, content=call.body)
    answer = await transport.handle_async_request(request)
    body = await answer.aread()
    return Answered(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)
