"""Where SOAP clients knock: `/services/Soap/…`. Every message is answered with a fault that leads to OAuth."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebridge.rules.reasons import Refused, data
from gatebridge.web import refusal
from gatebridge.web.api import declined
from gatebridge.web.house import House

EVENT = "soap"


def routes(house: House) -> list[Route]:
    """Every address below, since the message and not the address says what is wanted. That it was sent has its line, as a stranger's."""
    return [Route(refusal.SOAP_PATH + "/{rest:path}", _endpoint(house), methods=["POST"])]


def _endpoint(house: House) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        refused = Refused(data.SOAP_NOT_OFFERED)
        # A password or a session may stand in the message, which is therefore not read; so nothing of it can come into the record.
        receipt = await run_in_threadpool(declined.write, house, dict(request.scope), refused, EVENT)
        return refusal.fault(refused.reason, request.scope, receipt=receipt)

    return endpoint
