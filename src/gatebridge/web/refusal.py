"""A refusal that needs no app and no user, in the form that its path speaks: OAuth, problem JSON, or a page."""

import json

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gatebridge.oauth.formats import encoded
from gatebridge.oauth.formats.encoded import Form
from gatebridge.rules import ids
from gatebridge.rules.reasons import Reason, data
from gatebridge.rules.reasons.data import Told
from gatebridge.salesforce import errors, soap
from gatebridge.web import pages

# By status. An outage is over when the next request says so, and a longer wait would only prolong it; a pace takes longer to become one.
RETRY_AFTER_SECONDS = {429: 60, 503: 1}
OAUTH_PATHS = ("/services/", "/.well-known/", "/id/")
DATA_PATH, SOAP_PATH = "/services/data", "/services/Soap"
# Where people's browsers come, and programs do not.
BROWSER_PATHS = frozenset({"/services/oauth2/authorize", "/services/oauth2/consent", "/services/oauth2/success"})


def reason_url(scope: Scope, code: str) -> str:
    """The page of a reason: below the org's issuer where the org is known, and relative where no org answers at this host."""
    return f"{scope.get('gatebridge.issuer') or ''}/help/reasons/{code}"


def headers_of(reason: Reason) -> dict[str, str]:
    """What a status code promises to send along."""
    wait = RETRY_AFTER_SECONDS.get(reason.status)
    return {"Retry-After": str(wait)} if wait is not None else {}


def wants_page(scope: Scope) -> bool:
    """Whether the caller is a browser rather than a program: it names HTML among what it accepts."""
    return "text/html" in Headers(scope=scope).get("accept", "")


def response(reason: Reason, scope: Scope) -> Response:
    """The answer that refuses, in the form that the path speaks. It tells only what anybody may be told."""
    headers = headers_of(reason)
    if scope["path"].startswith(DATA_PATH):
        return in_data(reason, scope)
    if scope["path"].startswith(SOAP_PATH):
        # Whatever the address and the method: it is SOAP that is not to be had.
        return fault(data.SOAP_NOT_OFFERED if reason.status in (404, 405) else reason, scope)
    if scope["path"].startswith(OAUTH_PATHS) and not (scope["path"] in BROWSER_PATHS and wants_page(scope)):
        body = {"error": reason.error, "error_description": reason.public_sentence, "error_uri": reason_url(scope, reason.public_code)}
        return JSONResponse(body, reason.status, headers)
    if wants_page(scope) and not scope["path"].startswith("/api/"):
        return pages.refusal(reason, scope, headers)
    return problem(reason, scope, headers=headers)


def in_data(reason: Reason, scope: Scope, *, detail: str | None = None, receipt: str | None = None) -> Response:
    """A refusal of the resource surface, in the shape of Salesforce's REST API, with the page of the reason and the id of the receipt."""
    told = data.told(reason, detail)
    body = errors.body(told)
    headers = _headers_told(reason, told, scope, receipt)
    if encoded.wanted(None, Headers(scope=scope).get("accept", "")) is Form.XML:
        content, media = encoded.encoded({"Error": body}, Form.XML, "Errors")
        return Response(content, told.status, headers, media)
    return Response(json.dumps(body, separators=(",", ":")), told.status, headers, encoded.MEDIA[Form.JSON])


def fault(reason: Reason, scope: Scope, *, receipt: str | None = None) -> Response:
    """A refusal as a SOAP client reads it. The address tells of which API it thinks that it is one."""
    told = data.told(reason)
    page = f"{scope.get('gatebridge.issuer') or ''}/help/reasons/{told.page}"
    kind = scope["path"].removeprefix(SOAP_PATH).removeprefix("/").partition("/")[0]
    headers = _headers_told(reason, told, scope, receipt)
    return Response(soap.fault(told, page, kind), soap.STATUS, headers, soap.MEDIA)


def _headers_told(reason: Reason, told: Told, scope: Scope, receipt: str | None) -> dict[str, str]:
    root, realm = scope.get("gatebridge.issuer") or "", scope.get("gatebridge.host") or ""
    headers = dict(errors.headers(reason, told, root=root, realm=realm, receipt=receipt))
    return headers | ({"X-Gatebridge-Receipt": ids.long(receipt)} if receipt is not None else {})


def problem(
    reason: Reason,
    scope: Scope,
    *,
    detail: str | None = None,
    errors: list[dict[str, str]] | None = None,
    facts: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An RFC 9457 problem. Where the reason may not be told, neither are its hint, its remedy and any detail."""
    told = not reason.wire_sentence and not reason.wire_code
    body: dict[str, object] = {
        "type": reason_url(scope, reason.public_code),
        "title": reason.public_sentence,
        "status": reason.status,
        "reason": reason.public_code,
        "operation_id": ids.long(scope["gatebridge.operation_id"]),
    }
    if told:
        body |= {"detail": detail or reason.sentence, "hint": reason.hint, "remedy": reason.remedy}
    if told and errors:
        body["errors"] = errors
    if told and facts:
        body["facts"] = facts
    return JSONResponse(body, reason.status, headers, media_type="application/problem+json")


async def refuse(reason: Reason, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the refusal of a middleware, which has no route to return it from."""
    await response(reason, scope)(scope, receive, send)
