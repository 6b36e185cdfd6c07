"""Gate 9, User: may the user act for whom the token is, or would be, issued?"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.permitted import NOT_PERMITTED_CODE, NOT_PERMITTED_SENTENCE
from gatebridge.rules.reasons.reason import Reason

_user = partial(Reason, gate=Gate.USER, error="invalid_grant", status=400, salesforce_error="invalid_grant")

# A frozen user must not be told from one who is not approved: an app that may name users could list them by it (X-JB-06).
_unnamed = partial(_user, wire_sentence=NOT_PERMITTED_SENTENCE, wire_code=NOT_PERMITTED_CODE)

RUN_AS_MISSING = _user(
    code="run_as_missing",
    salesforce_text="no client credentials user enabled",
    sentence="No user is set for the app to run as.",
    hint="Nothing is wrong with the request: ask the admin of the org to choose a run-as user.",
    remedy="Choose a Run as user in the app's Policies: a service user that holds only the rights the app needs.",
)
RUN_AS_INACTIVE = _user(
    code="run_as_inactive",
    salesforce_text="inactive user",
    sentence="The user that the app runs as is not active.",
    hint="Nothing is wrong with the request: the admin of the org has to choose another run-as user or activate this one.",
    remedy="Activate the user, or choose another Run as user in the app's Policies. A service user does not leave with a person.",
)
RUN_AS_FROZEN = _user(
    code="run_as_frozen",
    salesforce_text="inactive user",
    sentence="The user that the app runs as is frozen.",
    hint="Nothing is wrong with the request: freezing is an emergency stop, so ask the admin before trying again.",
    remedy="Find out in the Setup Audit Trail why the user was frozen, then unfreeze it or choose another Run as user.",
)
USER_INACTIVE = _unnamed(
    code="user_inactive",
    salesforce_text="inactive user",
    sentence="The user of the token is not active.",
    hint="Treat the token as dead and ask the user to sign in again; that fails until an admin activates the user.",
    remedy="Activate the user under Users if the person or service is to come back.",
)
USER_FROZEN = _unnamed(
    code="user_frozen",
    salesforce_text="inactive user",
    sentence="The user of the token is frozen.",
    hint="Treat the token as dead; nothing in the client's code will help until an admin unfreezes the user.",
    remedy="Find out in the Setup Audit Trail why the user was frozen, then unfreeze the user under Users.",
)
API_NOT_ENABLED = _user(
    code="api_not_enabled",
    salesforce_text="authentication failure",
    sentence="The user may not use APIs.",
    hint="Nothing is wrong with the request: the user that it acts for lacks the permission API Enabled.",
    remedy="Give the user API Enabled by profile or permission set, or choose a run-as user that has it.",
)
USER_UNKNOWN = _unnamed(
    code="user_unknown",
    salesforce_text="user hasn't approved this consumer",
    sentence="No user of this org has the username in the sub claim.",
    hint="Set sub to the username as it is spelled under Users, letter by letter: no e-mail address in its place, no other case.",
    remedy="Look the user up under Users; perhaps the user was renamed or belongs to another org.",
)
