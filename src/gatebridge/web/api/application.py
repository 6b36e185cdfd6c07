"""The admin API as one application, mounted at `/api/v1`."""

from fastapi import FastAPI

from gatebridge import __version__
from gatebridge.web.api import RESOURCES, docs, problems
from gatebridge.web.house import House

ABOUT = """Everything that the command line and the console can do, and with the same rights.

Every request carries an access token with the scope `setup_api`, of an app whose policy *May administer this org* is on:
`Authorization: Bearer <token>`. What it may do is what the user of the token may do. Ids leave in 18 characters and are accepted in 15 as well.

Lists are paged: follow `next` with `cursor`. Edits need `If-Match` with the ETag that was read. A POST that creates something takes an
`Idempotency-Key`; repeated under the same key it does nothing again, and what is shown once is not shown twice. Refusals are problems
(RFC 9457) with a stable `reason`, whose page is `type`."""


def make_api(house: House) -> FastAPI:
    """The API of this house. Its description is at `openapi.json`, its page at `docs`; neither needs a token, since both are in the source."""
    api = FastAPI(
        title="Gatebridge admin API",
        version=__version__,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/api/v1"}],
        strict_content_type=False,
    )
    api.state.house = house
    for resource in RESOURCES:
        api.include_router(resource.router)
    problems.register(api)
    api.router.routes.extend(docs.routes(api))
    return api
