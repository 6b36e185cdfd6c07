"""That a session is in use: kept once a minute, so that who works does not count as resting; and its end where it may not be used."""

from datetime import datetime

from starlette.requests import Request

from gatebridge.rules import sessions as session_rules
from gatebridge.rules.sessions import Session
from gatebridge.signin import sessions
from gatebridge.storage import orgs
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.middleware.proxy import address


def note(house: House, request: Request, browser: Browser, session: Session | None, now: datetime) -> None:
    """Call it outside of a transaction, once a page was made. `session` is who was found signed in, at the moment `now`; None: nobody.

    Where the org locks sessions to their address, the use of one at another address ends it.
    """
    if browser.session_value is None or (session is not None and not session_rules.due_to_be_seen(session, now)):
        return
    with house.database.snapshot() as tx:
        org = orgs.by_host(tx, request.scope["gatebridge.host"])
    if org is None or (session is None and not org.settings.lock_sessions_to_address):
        return
    with house.database.transaction() as tx:
        sessions.current(tx, org, browser.session_value, address=str(address(request.scope) or ""), touch=True)
