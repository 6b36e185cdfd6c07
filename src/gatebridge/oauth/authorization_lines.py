"""The lines that authorization requests leave in the login history."""

from gatebridge.oauth import endpoint
from gatebridge.oauth.authorization_case import Case
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.reasons.reason import Reason
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

EVENT = "authorize"

# What a receipt may repeat of the request; never `state`, which is the app's secret, nor `nonce`, nor a hint that names somebody.
SAID = ("response_type", "response_mode", "scope", "prompt", "immediate", "max_age", "acr_values", "code_challenge_method")

ON_A_PAGE = 400  # whatever it would be at the token endpoint: a browser has nothing to authenticate with (AZ-01)
SENT_BACK = 303  # to a GET, whatever came in, so that nothing that was typed travels on (RFC 9700 section 4.12)


def write(tx: Tx, case: Case, reason: Reason | None, status: int, *, scopes_given: str | None = None) -> str:
    """Write the line of an outcome, and return the id under which it is found.

    What a browser without a session brings may be a stranger's: it folds.
    """
    entry = HistoryEntry(line(case, reason, status, scopes_given=scopes_given), folds=reason is not None and case.facts.session is None)
    (receipt_id,) = history.write(tx, [entry])
    return receipt_id


def line(
    case: Case, reason: Reason | None, status: int, *, event: str = EVENT, scopes_given: str | None = None, grant_id: str | None = None
) -> HistoryLine:
    """The line of an outcome, not written yet. `event` is another one where something else has come of the request."""
    said = {name: case.request.parameters.get(name) for name in SAID}
    if case.request.malformed is not None:
        said["malformed"] = case.request.malformed.parameter or case.request.malformed.reason.code
    if case.attempt.callback is not None:
        said["redirect_uri"] = case.attempt.callback.uri
    if case.warned:
        said["warned"] = " ".join(case.warned)
    return endpoint.line_of(
        case.org,
        case.request,
        event,
        case.facts,
        reason=reason,
        status=status,
        flow=case.attempt.flow,
        acts_for=case.facts.session is not None,
        grant_id=grant_id,
        scopes_given=scopes_given,
        receipt=history.receipt(case.verdict.findings, said),
    )
