"""The page on which a user connects a device. Whoever types a code reads one text, whether it never was, was used, or ran out (X-DV-03)."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import not_a_device

_doubtful = partial(Reason, gate=None, error="access_denied", status=400, salesforce_error="", salesforce_text="")

USER_CODE_UNKNOWN = not_a_device(
    code="user_code_unknown",
    sentence="No device of this org waits with the code that was typed.",
    hint="Type the code as the device shows it now, at the org that the device named.",
    remedy="Nothing to change here: the device can show a new code.",
)
USER_CODE_EXPIRED = not_a_device(
    code="user_code_expired",
    sentence="The code that was typed is past its ten minutes.",
    hint="Let the device show a new code, and type it soon.",
    remedy="Nothing to change here: a code lives for ten minutes, so that a stolen one is soon worth nothing.",
)
USER_CODE_DECIDED = not_a_device(
    code="user_code_decided",
    sentence="About the code that was typed somebody has decided already.",
    hint="Look at the device: it goes on by itself once it was approved, and shows a new code when it was not.",
    remedy="Login History shows who decided, and from where.",
)
USER_CODE_ENDED = not_a_device(
    code="user_code_ended",
    follows=True,
    sentence="Everything of the app was ended after the device had asked for its codes.",
    hint="Let the device begin anew.",
    remedy="The Setup Audit Trail shows which revoke or block ended it.",
)
USER_CODES_LOCKED = not_a_device(
    code="user_codes_locked",
    sentence="Too many wrong codes were typed lately, in this session, by this user, from this network or in this org.",
    hint="Wait a quarter of an hour and let the device show a new code.",
    remedy="Login History shows who typed the wrong ones; a whole org is locked only when somebody guesses.",
)
# Why a yes was taken for a no. The user reads it at once, and the admin in the history.
DEVICE_NUMBER_WRONG = _doubtful(
    code="device_number_wrong",
    sentence="Another number was picked than the device shows.",
    hint="Look at the number on the device itself; who cannot see the device must not approve it.",
    remedy="Ask the user who wanted the device approved: a wrong number is how a stranger's device gives itself away.",
)
DEVICE_CODE_RETYPED_WRONG = _doubtful(
    code="device_code_retyped_wrong",
    sentence="A link had brought the code, and it was not typed as the device shows it.",
    hint="Read the code from the device itself; who cannot see the device must not approve it.",
    remedy="Ask the user where the link came from: a link that somebody sent is how a stranger's device gets approved.",
)
DEVICE_ASKED_FOR = _doubtful(
    code="device_asked_for",
    sentence="Somebody else had asked to have the code entered.",
    hint="Never enter a code that came by telephone, chat or mail, whoever seems to ask for it.",
    remedy="Treat it as an attempt to get in: ask the user who it was, and look for the same app and address in Login History.",
)
