"""Signing in, and the forms around it. Whoever is not let in is told one thing (X-BF-01); the history keeps the cause."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import not_signed_in

_form = partial(Reason, gate=None, error="invalid_request", status=400, salesforce_error="", salesforce_text="")

USERNAME_UNKNOWN = not_signed_in(
    code="username_unknown",
    sentence="No user of this org has this username.",
    hint="Usernames look like an e-mail address and are compared letter by letter.",
    remedy="Look the user up under Users; perhaps the person belongs to another org.",
)
PASSWORD_WRONG = not_signed_in(
    code="password_wrong",
    sentence="The password is not the user's.",
    hint="Check the keyboard layout and the Caps Lock key, or ask for a link to choose a new password.",
    remedy="Nothing to change here: the user can have a link sent by Forgotten password.",
)
PASSWORD_NOT_SET = not_signed_in(
    code="password_not_set",
    sentence="The user has no password yet.",
    hint="Follow the link in the invitation first; there one chooses a password.",
    remedy="Send the invitation again under Users. A service user needs no password and cannot sign in.",
)
SIGN_IN_INACTIVE = not_signed_in(
    code="sign_in_inactive",
    sentence="The user who signs in is not active.",
    hint="Ask the admin of the org; signing in works again when the user was activated.",
    remedy="Activate the user under Users if the person is to come back.",
)
SIGN_IN_FROZEN = not_signed_in(
    code="sign_in_frozen",
    sentence="The user who signs in is frozen.",
    hint="Ask the admin of the org; freezing is an emergency stop.",
    remedy="Find out in the Setup Audit Trail why the user was frozen, then unfreeze the user under Users.",
)
SIGN_IN_OUTSIDE_HOURS = not_signed_in(
    code="sign_in_outside_hours",
    sentence="The user may not sign in at this time of the week.",
    hint="Sign in again within the login hours; the admin of the org can tell them.",
    remedy="Widen the login hours of the user's profile, or look at the org's time zone: the hours are told in it.",
)
SIGN_IN_API_ONLY = not_signed_in(
    code="sign_in_api_only",
    sentence="The user may use nothing but APIs, so nobody signs in as this user at a browser.",
    hint="Let the job that this user stands for use client credentials or an assertion; people sign in as themselves.",
    remedy="Take the permission API Only from the user's profile and permission sets, if a person is to sign in as this user.",
)
SIGN_IN_LEVEL_BLOCKED = not_signed_in(
    code="sign_in_level_blocked",
    sentence="A policy wants a second factor, the user has none, and the policy lets nobody set one up on the way in.",
    hint="Ask the admin of the org how the first factor is set up here.",
    remedy="Set the level action of the org or profile to raise while the user sets up a factor, or give the user such a profile.",
)
USER_LOCKED = not_signed_in(
    code="user_locked",
    sentence="Too many wrong passwords were tried for this username lately.",
    hint="Wait a quarter of an hour, or ask for a link to choose a new password, which also lifts the lock.",
    remedy="Login History shows from where it was tried; a password reset lifts the lock at once.",
)
ADDRESS_LOCKED = not_signed_in(
    code="address_locked",
    sentence="Too many wrong passwords were tried from this address lately.",
    hint="Wait a quarter of an hour; behind a shared address somebody else may have caused it.",
    remedy="Login History shows which usernames were tried. Operator: if all users share one address, set GATEBRIDGE_TRUSTED_PROXIES.",
)
SECOND_STEP_DUE = not_signed_in(
    code="second_step_due",
    sentence="The password was right, and the second step was asked for.",
    hint="Go on at the page that asks for a code or a passkey; a session begins only after it.",
    remedy="Look at the line of the same user that follows: where there is none, somebody had the password and not the second step.",
)
SECOND_CODE_WRONG = not_signed_in(
    code="second_code_wrong",
    sentence="The code is neither the one of the user's authenticator app now nor an unused recovery code.",
    hint="Type the six digits as the app shows them now, without blanks; check that the clock of the device is right.",
    remedy="Compare the clock of the server; an admin can remove the user's factors under Users if the device is lost.",
)
SECOND_CODE_USED = not_signed_in(
    code="second_code_used",
    sentence="The code of the authenticator app was taken before.",
    hint="Wait for the next code, at most half a minute: each is taken once.",
    remedy="Nothing to change here: a code that was seen by others is worth nothing once it was used.",
)
PASSKEY_REFUSED = not_signed_in(
    code="passkey_refused",
    sentence="The passkey was not accepted.",
    hint="Open the page again and use a passkey that was made at this address; signing in by it alone needs a PIN, finger or face.",
    remedy="Let the user make a new passkey under My account, Security; a copied security key is refused by its count.",
)
MAILED_CODE_WRONG = not_signed_in(
    code="mailed_code_wrong",
    sentence="The code is not the one that was mailed, or it does not count any more.",
    hint="Use the newest mail and type its eight digits; after five wrong ones a new code has to be sent.",
    remedy="Check the user's e-mail address, and that the server's mail is delivered.",
)
FORM_FORGED = _form(
    code="form_forged",
    status=403,
    error="forbidden",
    sentence="The form does not come from a page that this server gave to this browser.",
    hint="Open the page again and send the form from there; cookies must be allowed for this site.",
    remedy="Nothing to change here: it keeps other sites from sending forms in a user's name.",
)
SESSION_OVER = _form(
    code="session_over",
    status=403,
    error="forbidden",
    sentence="Nobody is signed in at this browser any more.",
    hint="Sign in in a second tab, then send the form from the page that kept what was typed.",
    remedy="Nothing to change here: Session Settings and the user's profile say how long a session lasts.",
)
INTERACTION_UNKNOWN = _form(
    code="interaction_unknown",
    sentence="This sign-in was not begun in this browser, or it is too old.",
    hint="Go back to the app and begin again from there.",
    remedy="Nothing to change here: a sign-in can be finished only where it was begun, within an hour.",
)
INTERACTION_FINISHED = _form(
    code="interaction_finished",
    sentence="This sign-in was finished already.",
    hint="Go on in the app; to sign in to it once more, begin again from there.",
    remedy="Nothing to change here: one question gets one answer, also after going back in the browser.",
)
MAIL_LINK_DEAD = _form(
    code="mail_link_dead",
    sentence="This link does not work, or not any more.",
    hint="Every link works once and for a limited time; ask for a new one and use the newest mail.",
    remedy="Send the invitation again under Users, or let the user ask for a new link by Forgotten password.",
)
