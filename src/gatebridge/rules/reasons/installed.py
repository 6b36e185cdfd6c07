"""Gate 4, Installed: has an admin of the org that is called let this app in?"""

from dataclasses import replace

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import CLIENT_CODE, CLIENT_SENTENCE

# Said openly to a client that has proven itself: its developer cannot ask for an installation without knowing this.
APP_NOT_INSTALLED = Reason(
    code="app_not_installed",
    gate=Gate.INSTALLED,
    error="unauthorized_client",
    status=400,
    salesforce_error="invalid_client",
    salesforce_text="app must be installed into org",
    sentence="The app is not installed in the org that was called.",
    hint="Check that the host is the one of the intended org; a sandbox and production are two orgs with two hosts.",
    remedy="The attempt waits among the requests; an admin of this org with Manage Connected Apps approves, refuses or blocks the app.",
)


def to_a_stranger(reason: Reason) -> Reason:
    """The same refusal as a browser hears it in which nobody has signed in: like a stopped app, which is like an unknown one (CA-18).

    There the app has only been named, and whether its key is known anywhere is not a stranger's business.
    """
    return replace(reason, gate=Gate.APP, wire_sentence=CLIENT_SENTENCE, wire_code=CLIENT_CODE)
