"""What the login history keeps of connecting a device, and the mail that tells the user whose account it was."""

from collections.abc import Sequence
from dataclasses import replace

from gatebridge.oauth import endpoint
from gatebridge.oauth.endpoint import address_text
from gatebridge.oauth.flows.device import FLOW
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Facts
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.rules.warned import Sign
from gatebridge.signin import warnings
from gatebridge.storage.tx import Tx

__all__ = ["APPROVED", "DENIED", "TYPED", "address_text", "of_case", "tell_user", "write"]

# The names in the history. An admin who wants to know of connected devices watches the first.
APPROVED, DENIED, TYPED = "device_approved", "device_denied", "device_code"

ON_A_PAGE = 400
SEE_OTHER = 303


def of_case(
    tx: Tx,
    org: Org,
    request: OAuthRequest,
    event: str,
    device: DeviceCode,
    facts: Facts,
    verdict: Verdict,
    *,
    reason: Reason | None,
    warned: Sequence[Sign] = (),
) -> str:
    """The line of what became of a device's request at its user, with what the user was shown of the device, and warned of."""
    said = {"device": device.id, "device_address": device.address, "device_agent": device.user_agent, "confirmation": device.confirmation}
    said |= {"warned": " ".join(warned)} if warned else {}
    request = replace(request, parameters={"scope": render(device.scopes)})
    given = render(verdict.scopes) if reason is None else None
    return _write(tx, org, request, event, facts, history.receipt(verdict.findings, said), reason=reason, given=given, folds=False)


def write(tx: Tx, org: Org, request: OAuthRequest, event: str, facts: Facts, *, reason: Reason, folds: bool) -> str:
    """The line of a code that was typed and led to no device. What was typed is not kept: it may be the code of somebody else's."""
    return _write(tx, org, replace(request, parameters={}), event, facts, history.receipt((), {}), reason=reason, given=None, folds=folds)


def _write(
    tx: Tx,
    org: Org,
    request: OAuthRequest,
    event: str,
    facts: Facts,
    receipt: dict[str, object],
    *,
    reason: Reason | None,
    given: str | None,
    folds: bool,
) -> str:
    line = endpoint.line_of(
        org,
        request,
        event,
        facts,
        reason=reason,
        status=ON_A_PAGE if reason is not None else SEE_OTHER,
        flow=FLOW,
        scopes_given=given,
        receipt=receipt,
    )
    (receipt_id,) = history.write(tx, [HistoryEntry(line, folds=folds)])
    return receipt_id


def tell_user(tx: Tx, org: Org, facts: Facts, device: DeviceCode) -> None:
    """Whoever did not connect the device learns at once that somebody did."""
    if facts.app is None or facts.standing is None:
        raise ValueError("A device was connected for nobody")
    user = facts.standing.user
    what = (
        f"a device at {device.address} was connected to the app {facts.app.label} and may act as you. You can end that at {org.issuer}/me."
    )
    warnings.tell(tx, org, user, f"A device was connected to your account at {org.name}", what, str(device.address))
