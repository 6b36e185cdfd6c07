"""What operators and their machines ask: is it alive, is it ready, what does it count."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatebridge.oauth.keyring import Keyring
from gatebridge.storage import migrate, outbox, signing_keys
from gatebridge.storage.database import Database
from gatebridge.storage.dialects import is_outage
from gatebridge.web import metrics
from gatebridge.web.house import House

LOOKED_AT = 20  # signing keys, at each look: the newest of all orgs


def routes(house: House) -> list[Route]:
    """The addresses of these answers. They need no token, so they say nothing about any org."""

    def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    def ready(_: Request) -> Response:
        checks = readiness(house.database, house.keyring)
        well = all(found == "ok" for found in checks.values())
        return JSONResponse({"ready": well, "checks": checks}, 200 if well else 503)

    def counted(_: Request) -> Response:
        try:
            with house.database.snapshot() as tx:
                house.metrics.outbox_waiting.set(outbox.waiting_everywhere(tx))
            house.metrics.database_up.set(1)
        except Exception as error:
            if not is_outage(error):
                raise
            house.metrics.database_up.set(0)  # the page is most needed now, so it is shown with what is known without the database
        return Response(house.metrics.text(), media_type=metrics.CONTENT_TYPE)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", counted)]


def readiness(database: Database, keyring: Keyring) -> dict[str, str]:
    """What must be in order before requests are sent here: each thing is `ok`, or says in a word what is wrong."""
    try:
        current = migrate.revision(database) == migrate.head()
        if not current:
            return {"database": "ok", "migrations": "behind"}
        with database.snapshot() as tx:
            signing = signing_keys.that_sign(tx, LOOKED_AT)
    except Exception as error:
        if not is_outage(error):
            raise
        return {"database": "away"}
    # A node that was given another master key would answer whoever wants a signed token with an error.
    opened = "ok" if all(keyring.opens(key) for key in signing) else "sealed"
    return {"database": "ok", "migrations": "ok", "signing_key": opened if signing else "missing"}
