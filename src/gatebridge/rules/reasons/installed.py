"""Gate 4, Installed: has an admin of the org that is called let this app in?"""

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

# Said openly: the client has proven itself by now, and its developer cannot ask for an installation without knowing this.
APP_NOT_INSTALLED = Reason(
    code="app_not_installed",
    gate=Gate.INSTALLED,
    error="unauthorized_client",
    status=400,
    salesforce_error="invalid_client",
    salesforce_text="app must be installed into org",
    sentence="The app is not installed in the org that was called.",
    hint="Check that the host is the one of the intended org; a sandbox and production are two orgs with two hosts.",
    remedy="An admin of this org with Manage Connected Apps can install the app, and then decides its policies.",
)
