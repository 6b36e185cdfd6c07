"""The device flow as its client hears it: at the device endpoint, and at the token endpoint, where the device waits for its answer.

What is not decided yet is no refusal, but RFC 8628 says it as one. Of a device code that is dead all causes are one answer, as with
authorization codes. What the user at the browser reads is in `user_codes`.
"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import dead_device_code

_waiting = partial(Reason, gate=Gate.PROOF, status=400)

DEVICE_PENDING = _waiting(
    code="device_pending",
    error="authorization_pending",
    salesforce_error="authorization_pending",
    salesforce_text="authorization pending",
    sentence="The user has not decided yet.",
    hint="Ask again after as many seconds as interval says, and go on showing the code to the user.",
    remedy="Nothing to change here: the device waits for its user, for ten minutes at most.",
)
DEVICE_TOO_SOON = _waiting(
    code="device_too_soon",
    error="slow_down",
    salesforce_error="slow_down",
    salesforce_text="slow down",
    sentence="The device asks more often than it was told to.",
    hint="Wait five seconds longer between two questions from now on, each time that this comes.",
    remedy="Nothing to change here: count the interval from when the answer has come, and not from when the question was sent.",
)
DEVICE_DENIED = _waiting(
    code="device_denied",
    error="access_denied",
    salesforce_error="access_denied",
    salesforce_text="end-user denied authorization",
    sentence="The user refused to connect the device.",
    hint="Tell the user what the device cannot do now, and begin anew only when the user wants to.",
    remedy="Login History shows who refused and why; a wrong number, or a code that somebody else asked for, counts as a refusal.",
)
DEVICE_EXPIRED = _waiting(
    code="device_expired",
    error="expired_token",
    salesforce_error="invalid_grant",
    salesforce_text="expired device code",
    sentence="Nobody decided about the device in time.",
    hint="Ask for a new pair of codes, and do so only when the user is there: the old pair never counts again.",
    remedy="Nothing to change here: a pair of codes lives for ten minutes, so that a stolen one is soon worth nothing.",
)
DEVICE_CODE_UNKNOWN = dead_device_code(
    code="device_code_unknown",
    sentence="No such device code was ever given out here, or its record was cleared away.",
    hint="Send the device_code whole, and not the user_code, which is for people; look for a value of another environment.",
    remedy="Nothing to change here: the device asks for a new pair of codes.",
)
DEVICE_CODE_OF_OTHER_APP = dead_device_code(
    code="device_code_of_other_app",
    sentence="The device code was given to another app.",
    hint="Ask with the consumer key with which the codes were asked for; look for two configurations that were mixed.",
    remedy="If nobody mixed up two apps, somebody tries to use device codes that were not meant for this one: look at Login History.",
)
DEVICE_CODE_USED = dead_device_code(
    code="device_code_used",
    sentence="The device has had its answer already.",
    hint="Stop asking once the tokens are there, and keep them; look for two processes that wait with one device code.",
    remedy="Nothing to change here: one pair of codes buys one grant. If the answer was lost, the device begins anew.",
)
DEVICE_CODE_ENDED = dead_device_code(
    code="device_code_ended",
    follows=True,
    sentence="Something that the device code depends on was ended after it was given out or approved.",
    hint="Begin anew; if that is refused too, its reason tells what has changed.",
    remedy="The Setup Audit Trail shows which revoke, block, freeze or sign-out ended it.",
)
DEVICE_CODES_TOO_MANY = Reason(
    code="device_codes_too_many",
    gate=None,
    error="temporarily_unavailable",
    status=429,
    salesforce_error="rate_limit_exceeded",
    salesforce_text="number of logins exceeded",
    sentence="Too many devices wait for their users at this moment.",
    hint="Ask for codes only when a user is there to type one; a device that asks in a loop is the usual cause.",
    remedy="Login History shows from where the codes are asked for. Those that wait are forgotten after ten minutes.",
)
