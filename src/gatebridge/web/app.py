"""The web application: what is mounted where, and what every request goes through before it gets there."""

from starlette.routing import Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gatebridge.web import (
    ask_access,
    authorize,
    authz,
    connect,
    enrol,
    explain,
    fallback,
    frontdoor,
    identity,
    install,
    logout,
    mail_links,
    me,
    my_clocks,
    my_password,
    my_security,
    oauth,
    operations,
    pages,
    prove_again,
    reason_pages,
    report_odd,
    salesforce,
    second_step,
    sign_in,
    soap,
    try_callback,
)
from gatebridge.web.api.application import make_api
from gatebridge.web.console import routes as console
from gatebridge.web.hot_lane import HotLane
from gatebridge.web.house import House
from gatebridge.web.middleware.access_log import AccessLog
from gatebridge.web.middleware.faults import Faults
from gatebridge.web.middleware.hosts import Hosts
from gatebridge.web.middleware.languages import Languages
from gatebridge.web.middleware.limits import RequestLimits
from gatebridge.web.middleware.operation_id import OperationId
from gatebridge.web.middleware.proxy import Proxy
from gatebridge.web.middleware.security_headers import SecurityHeaders


def make_app(house: House) -> ASGIApp:
    """The ASGI application of one process. Its node number is drawn here, so the database must answer once."""
    api = make_api(house)
    app: ASGIApp = Router(
        [
            *oauth.routes(house.database, house.turnstile, house.keyring, house.base_url),
            *authorize.routes(house),
            *connect.routes(house),
            *identity.routes(house),
            *authz.routes(house),
            *salesforce.routes(house),
            *soap.routes(house),
            *frontdoor.routes(),
            *operations.routes(house),
            *reason_pages.routes(),
            *sign_in.routes(house),
            *logout.routes(house),
            *mail_links.routes(house),
            *ask_access.routes(house),
            *install.routes(house),
            *explain.routes(house),
            *me.routes(house),
            *my_password.routes(house),
            *my_clocks.routes(house),
            *second_step.routes(house),
            *enrol.routes(house),
            *my_security.routes(house),
            *prove_again.routes(house),
            *report_odd.routes(house),
            *try_callback.routes(house),
            *console.routes(house),
            Mount("/api/v1", api),
            Mount("/static", StaticFiles(directory=pages.HERE / "static")),
        ],
        default=fallback.path_unknown,
        redirect_slashes=False,
    )
    # From the inside out: what stands lower here sees a request first, and its answer last.
    app = fallback.MethodsByName(app)
    app = RequestLimits(app, house.limits)
    app = Hosts(app, house.database, house.clock)
    app = Faults(app)
    app = SecurityHeaders(app)
    app = AccessLog(app, house.metrics)
    app = Proxy(app, house.trusted_proxies)
    app = Languages(app)
    app = OperationId(app, house.database.mint, house.clock)
    return HotLane(app, house, oauth.hot_endpoints(house.database, house.turnstile, house.keyring, house.base_url))
