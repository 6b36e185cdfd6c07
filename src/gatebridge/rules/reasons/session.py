"""Gate 13, Session: has somebody signed in at this browser, and lately enough? Only `prompt=none` hears it; others see the sign-in page."""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

_session = partial(
    Reason, gate=Gate.SESSION, error="login_required", status=400, salesforce_error="login_required", salesforce_text="login required"
)

LOGIN_REQUIRED = _session(
    code="login_required",
    sentence="Nobody is signed in at this browser, and the request forbids to ask.",
    hint="Send the request again without prompt=none when the user is there to sign in.",
    remedy="Nothing to change here: prompt=none asks only whether it would work without a page.",
)
LOGIN_TOO_OLD = _session(
    code="login_too_old",
    sentence="The user signed in longer ago than the request allows, and the request forbids to ask.",
    hint="Send the request again without prompt=none, or with a larger max_age.",
    remedy="Nothing to change here: max_age is the client's own wish.",
)
LOGIN_OF_ANOTHER = _session(
    code="login_of_another",
    sentence="The user at this browser is not the one whom the request means.",
    hint="Compare id_token_hint, and sub in claims, with the user you expect; without both whoever signs in is taken.",
    remedy="Nothing to change here: the client has said for whom alone it wants an answer.",
)
ACR_UNMET = _session(
    code="acr_unmet",
    error="unmet_authentication_requirements",
    salesforce_error="unmet_authentication_requirements",
    salesforce_text="authentication requirements cannot be met",
    sentence="The request makes an acr essential that no sign-in here can have.",
    hint="Name values of acr_values_supported, or leave essential out: then the app gets the acr that there is and can decide itself.",
    remedy="Nothing to change here: this server has two levels, urn:gatebridge:level:standard and urn:gatebridge:level:high.",
)
