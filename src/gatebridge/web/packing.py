"""Pages in a tenth of their bytes, where no stranger had a hand in them.

What stands in a page can be guessed from how well it packs together with something that a stranger chose and can send again and again
(BREACH). Only a request that comes from another site can be chosen so, and every browser says where one comes from (W3C Fetch Metadata):
what did not begin on a page of ours is sent as it is.
"""

import gzip

from starlette.requests import Request
from starlette.responses import Response

WORTH_IT = 2_000  # bytes; less fits into few packets anyway
LEVEL = 5


def packed(response: Response, request: Request) -> Response:
    """The response, packed where the browser wants it and the request began on our own page."""
    response.headers.add_vary_header("Accept-Encoding")
    response.headers.add_vary_header("Sec-Fetch-Site")
    if _is_ours(request) and _takes_gzip(request) and len(response.body) >= WORTH_IT:
        response.body = gzip.compress(bytes(response.body), LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response


def _is_ours(request: Request) -> bool:
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _takes_gzip(request: Request) -> bool:
    """Whether the browser takes gzip; what it weighs as nothing it does not take (RFC 9110 section 12.5.3)."""
    for each in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name == "gzip":
            return not weight or weight.strip("0.") != ""
    return False
