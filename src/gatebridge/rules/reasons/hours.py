"""Gate 11, Hours: is this a time at which the user may come in?"""

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

OUTSIDE_HOURS = Reason(
    code="outside_hours",
    gate=Gate.HOURS,
    error="invalid_grant",
    status=400,
    salesforce_error="invalid_grant",
    salesforce_text="invalid login hours",
    sentence="The user may not use the app at this time of the week.",
    hint="Nothing is wrong with the request: send it again within the login hours of the user, or of the run-as user.",
    remedy="Widen the login hours of the user's profile, look at the org's time zone, or give a service user a profile without hours.",
)
