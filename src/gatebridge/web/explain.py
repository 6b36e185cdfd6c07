"""The explanation of a receipt as a page: gate by gate what was found then and what would be found now, and where it is changed.

The page that refused somebody leads here. Whom the receipt is about may look, the app's owner, and whoever reads receipts; each sees
what the API shows them (`monitoring.explain`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebridge.monitoring import explain
from gatebridge.monitoring.explained import ExplainedReceipt, ThenAndNow
from gatebridge.rules import ids
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.web import door_pages, me, told
from gatebridge.web.browser import Browser
from gatebridge.web.house import House

PATH = "/setup/explain"

_STATES = {"passed": "passed", "refused": "refused", "unreached": "not reached"}


def routes(house: House) -> list[Route]:
    return [Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"])]


def link_to(receipt_id: str | None, *, within: bool) -> str | None:
    """The address of the explanation, for the page that refuses. None where the reader is a stranger, who may not open it anyhow."""
    if receipt_id is None or not within:
        return None
    return f"{PATH}?{urlencode({'receipt': ids.long(receipt_id)})}"


def show(house: House, request: Request, browser: Browser) -> Response:
    """The explanation, for whoever is signed in here and may see it. Raises Refused."""
    receipt_id = ids.parse(request.query_params.get("receipt", ""), Prefix.RECEIPT)
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is not None and receipt_id is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        found = explain.from_receipt(tx, visitor.actor, receipt_id) if visitor is not None and receipt_id is not None else None
    if found is None:
        return door_pages.door(request, "sign_in_first.html", house=house, browser=browser)
    return door_pages.door(request, "explain.html", house=house, browser=browser, told=told, **_values(found))


def _values(found: ExplainedReceipt) -> Mapping[str, Any]:
    gates = [_shown(each) for each in found.gates]
    refusing = next((gate["name"] for gate in gates if gate["state"] == "refused"), None)
    now = found.now
    return {
        "receipt": found.receipt,
        "receipt_id": ids.long(found.receipt.id),
        "refusing": refusing,
        "gates": gates,
        "changed": any(gate["now"] for gate in gates),
        "now": None if now is None else {"outcome": now.outcome, "sentence": now.reason.sentence if now.reason is not None else ""},
        "words": found.words,
    }


def _shown(each: ThenAndNow) -> dict[str, Any]:
    """One gate: what it said then, and where it would answer otherwise now, that too."""
    first = each.then or each.now
    if first is None:
        raise ValueError("a gate was to be shown that nobody asked")
    refuses = "refused" in (first.state, each.now.state if each.now is not None else "")
    return {
        "number": each.gate.number,
        "name": name_of(each.gate),
        "state": str(first.state),
        "said": _STATES.get(first.state, str(first.state)),
        "words": first.words,
        "now": f"{_STATES[each.now.state]}: {each.now.words}" if each.now is not None and each.changed else "",
        "setting": each.now.setting if each.now is not None and refuses else None,
    }


def name_of(gate: Gate) -> str:
    """The gate as it is written everywhere."""
    return "PKCE" if gate is Gate.PKCE else gate.capitalize()
