"""The page to which a browser comes back in a run of Try it (docs/decisions/0025): it keeps the answer for the run, and says so."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebridge.oauth.trying import callback
from gatebridge.oauth.trying.callback import Arrival, Arrived
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage import orgs
from gatebridge.web import door_pages
from gatebridge.web.browser import Browser
from gatebridge.web.house import House


def routes(house: House) -> list[Route]:
    """The one callback URL of every run."""
    return [Route(callback.PATH, door_pages.endpoint(house, TryCallback(house).arrive), methods=["GET"])]


class TryCallback:
    """A HEAD is answered without looking at anything, so that what looks at links takes no answer away."""

    def __init__(self, house: House) -> None:
        self.house = house

    def arrive(self, request: Request, browser: Browser) -> Response:
        """A browser brings the answer of the authorization endpoint."""
        if request.method == "HEAD":
            return Response()
        brought = request.query_params
        # With the legacy user-agent flow the answer stands behind the #, and the address says nothing to us (RFC 6749 section 4.2.2).
        by_hand = not brought
        arrived = Arrived(Arrival.UNKNOWN) if by_hand else self._arrived(request)
        status = 200 if by_hand or arrived.arrival is Arrival.KEPT else 400
        return door_pages.door(request, "try_callback.html", status, house=self.house, browser=browser, by_hand=by_hand, arrived=arrived)

    def _arrived(self, request: Request) -> Arrived:
        with self.house.database.transaction() as tx:
            org = orgs.by_host(tx, request.scope["gatebridge.host"])
            if org is None:
                raise Refused(request_reasons.HOST_UNKNOWN)
            return callback.arrived(tx, org, request.query_params)
