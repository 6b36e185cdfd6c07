"""Where the Salesforce CLI asks for a page that opens signed in (`sf org open`): there is none, and it hears so in words that it shows."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebridge.rules.reasons import data
from gatebridge.web import refusal

SINGLE_ACCESS = "/services/oauth2/singleaccess"


def routes() -> list[Route]:
    return [Route(SINGLE_ACCESS, _endpoint, methods=["GET", "POST"])]


async def _endpoint(request: Request) -> Response:
    # Whatever token comes along is not looked at, since the answer is the same for all.
    return refusal.in_data(data.FRONTDOOR_ABSENT, request.scope)
