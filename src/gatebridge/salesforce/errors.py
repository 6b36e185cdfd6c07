"""How the resource surface refuses on the wire: a list of one error, as every client of Salesforce's REST API reads it."""

from collections.abc import Mapping

from gatebridge.rules import ids
from gatebridge.rules.reasons import data
from gatebridge.rules.reasons.data import Told
from gatebridge.rules.reasons.reason import Reason, Refused


def told(refused: Refused) -> Told:
    """The refusal of a request that was understood, with the detail that the asker may know."""
    return data.told(refused.reason, refused.detail)


def body(told: Told) -> list[dict[str, str]]:
    """What stands in the answer. Clients show the message and match on the code."""
    return [{"message": told.message, "errorCode": told.error_code}]


def headers(reason: Reason, told: Told, *, root: str, realm: str, receipt: str | None = None) -> Mapping[str, str]:
    """What goes along: where the reason is explained, and the challenge that RFC 9110 section 11.6.1 wants with every 401.

    `root` is the issuer, below which the pages of the reasons are. Salesforce's own challenge, `Token`, is of no registered scheme.
    """
    page = f"{root}/help/reasons/{told.page}" + (f"?receipt={ids.long(receipt)}" if receipt is not None else "")
    said = {"Link": f'<{page}>; rel="help"'}
    if told.status == 401:
        error = "" if reason.code == "bearer_missing" else f', error="{"invalid_request" if reason.status == 400 else "invalid_token"}"'
        said["WWW-Authenticate"] = f'Bearer realm="{realm}"{error}'
    if told.status == 405:
        said["Allow"] = "GET, HEAD"
    if told.status in (429, 503):
        said["Retry-After"] = "1"
    return said
