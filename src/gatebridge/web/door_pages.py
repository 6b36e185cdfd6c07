"""The pages at the door: plain forms without any script, for whoever is not signed in yet or is asked something by an app."""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gatebridge.crypto.passwords import HasherBusy
from gatebridge.rules import ids
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Reason, Refused, outage
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage import orgs
from gatebridge.web import browser as browsers
from gatebridge.web import pages, refusal
from gatebridge.web.browser import Browser
from gatebridge.web.house import House

# Nothing of anybody else's is on these pages, and nothing runs (X-XS-01, AZ-31).
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
# Passkeys alone cannot do without a script of ours.
WITH_SCRIPT = f"{POLICY}; script-src 'self'"
_SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//[0-9A-Za-z._-]+(:[0-9]{1,5})?)?")

Handler = Callable[[Request, Browser], Awaitable[Response] | Response]


def door(
    request: Request,
    template: str,
    status: int = 200,
    *,
    house: House,
    browser: Browser,
    form_action: Sequence[str] = (),
    org: Org | None = None,
    headers: dict[str, str] | None = None,
    script: bool = False,
    **values: object,
) -> HTMLResponse:
    """The page `templates/door/<template>`, with the org, the issuer and the form's token given to it, and the browser's cookie set.

    `form_action` names where a form may lead besides ourselves (`response_modes.form_target`): Chromium asks that of every redirect
    which follows a form. Without `org` it is read here, so call this in a worker thread then. Raises Refused where no org lives at the
    host any more.
    """
    html = pages.page(
        f"door/{template}",
        status,
        {"Content-Security-Policy": (WITH_SCRIPT if script else POLICY).format(also_to(form_action))} | (headers or {}),
        org=org or org_of(request, house),
        issuer=request.scope["gatebridge.issuer"],
        form_token=browsers.form_token(house, browser),
        **values,
    )
    browsers.answer(html, browser, request.scope["gatebridge.issuer"])
    return html


def also_to(form_action: Sequence[str]) -> str:
    """These targets as they stand behind `'self'` in a policy. What could end the directive is left out."""
    return "".join(f" {target}" for target in form_action if _SOURCE.fullmatch(target))


def org_of(request: Request, house: House) -> Org:
    """The org of the host. Raises Refused (`host_unknown`) when it is gone since the request came in."""
    with house.database.reading() as tx:
        org = orgs.by_host(tx, request.scope["gatebridge.host"])
    if org is None:
        raise Refused(request_reasons.HOST_UNKNOWN)
    return org


def endpoint(house: House, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A route's endpoint around a handler: finds the browser, runs a plain function in a worker thread, and shows a refusal as a page."""
    asynchronous = inspect.iscoroutinefunction(handler)

    async def answer(request: Request) -> Response:
        browser = browsers.of(request, house)
        try:
            if asynchronous:
                return await cast(Awaitable[Response], handler(request, browser))
            return await run_in_threadpool(cast(Callable[..., Response], handler), request, browser)
        except HasherBusy:
            return await run_in_threadpool(refused_page, request, outage.SERVER_BUSY, house, browser)
        except Refused as refused:
            if refused.reason is request_reasons.HOST_UNKNOWN:
                return refusal.response(refused.reason, request.scope)  # no org, so no page of an org
            return await run_in_threadpool(refused_page, request, refused.reason, house, browser, refused.detail)

    return answer


def refused_page(request: Request, reason: Reason, house: House, browser: Browser, detail: str | None = None) -> Response:
    """The page that refuses, at the door. It tells only what anybody may be told."""
    return door(
        request,
        "refused.html",
        reason.status,
        house=house,
        browser=browser,
        headers=refusal.headers_of(reason),
        reason=reason,
        detail=detail,
        told=not reason.wire_sentence,
        operation_id=ids.long(request.scope["gatebridge.operation_id"]),
    )
