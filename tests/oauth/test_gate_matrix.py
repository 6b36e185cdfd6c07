"""Flow x gate x outcome: every gate is closed once, by the verb that closes it, and everything that was held before is used after it.

Whatever was taken away is refused at the next request, everywhere that it must be, and nowhere else. The receipt and the line of the
login history name the true cause; the wire says in both dialects what it may, which about the user, the place and the time is one thing.
"""

from collections.abc import Mapping

import pytest
from tests.oauth.closures import CLOSURES, SELF_AUTHORIZED, close
from tests.oauth.everything import HOLDERS, Everything, Used, Wire, everything
from tests.oauth.tenants import Tenant

from gatebridge.rules.apps import Dialect

Row = Mapping[str, str]

REFRESH, ASKED, OWN, USERINFO, API = "refresh token", "token asked about", "own token asked about", "token at userinfo", "token at the API"
DEVICE = "device code"
AT_THE_TOKEN_ENDPOINT = ("code", DEVICE, REFRESH, "assertion", "client")
OF_THE_USER = (ASKED, USERINFO, API)
LIVE = (*OF_THE_USER, OWN)
SIGN_IN, VERIFY, CONSENT = "to signin", "to verify", "to consent"  # no refusal: the user is led to that page of ours first


def everywhere(reason: str, **but: str) -> Row:
    """Refused wherever it is used; `but` says what a holder is refused for instead."""
    return dict.fromkeys(HOLDERS, reason) | but


def ended(**but: str) -> Row:
    """What happens to everything that was given out when it is ended. Each thing says of itself that it was."""
    tokens = dict.fromkeys(LIVE, "token_ended")
    codes = {"code": "code_ended", DEVICE: "device_code_ended"}
    return tokens | codes | {REFRESH: "refresh_ended", "assertion": "grant_assertion_ended"} | but


def level(request: str) -> Row:
    return everywhere("level_too_low", request=request, assertion="level_needs_user", client="level_needs_user")


def stopped(state: str) -> Row:
    row = dict(everywhere(f"user_{state}", request=SIGN_IN, client=f"run_as_{state}"))
    return row | {OWN: f"run_as_{state}"}


# By closure: who is refused, and for what. Who is not in a row is let through as before.
REFUSED: Mapping[str, Row] = {
    "client secret wrong": dict.fromkeys(("code", DEVICE, REFRESH, "client"), "secret_mistyped") | {"assertion": "client_missing"},
    "client secret retired": dict.fromkeys(("code", DEVICE, REFRESH, "client"), "secret_retired"),
    "certificate retired": {"assertion": "grant_certificate_retired"},
    "callback removed": {"request": "callback_not_registered"},
    "callback differs": {"request": "callback_not_registered", "code": "callback_differs"},
    "app blocked": everywhere("app_blocked"),
    # Whoever has to prove the app has nothing left to prove it with, and is not even told that it is held.
    "app contained": {
        **everywhere("app_blocked", assertion="grant_certificate_retired"),
        **dict.fromkeys(("code", DEVICE, REFRESH, "client"), "secret_retired"),
    },
    "app deleted": everywhere("app_deleted"),
    "app uninstalled": everywhere("app_not_installed"),
    "every flow off": everywhere("flow_not_enabled"),
    "flows with a user at a browser off": dict.fromkeys(("request", "code", DEVICE, REFRESH, *OF_THE_USER), "flow_not_enabled"),
    "verifier wrong": {"code": "verifier_wrong"},
    "challenge missing": {"request": "challenge_missing"},
    "sessions ended": {"request": SIGN_IN, "code": "code_ended", DEVICE: "device_code_ended"},
    "grants ended": dict.fromkeys(LIVE, "token_ended") | {REFRESH: "refresh_ended"},
    "app revoked": ended(),
    "user revoked": ended(request=SIGN_IN),
    "org epoch raised": ended(request=SIGN_IN),
    "scopes removed": {"code": "scope_none_left", DEVICE: "scope_none_left", REFRESH: "refresh_scope_withdrawn"}
    | dict.fromkeys(("assertion", "client"), "scope_not_assigned")
    | dict.fromkeys(LIVE, "scope_none_left"),
    "user frozen": stopped("frozen"),
    "user deactivated": stopped("inactive"),
    "API Enabled taken": everywhere("api_not_enabled"),
    "permission set taken from the user": everywhere("user_not_approved"),
    "permission set taken from the app": everywhere("user_not_approved"),
    "the user's assignment expired": everywhere("approval_expired"),
    "the app's assignment expired": everywhere("approval_expired"),
    "hours closed": everywhere("outside_hours", request=SIGN_IN),
    "profile's range tightened": everywhere("address_outside_ranges"),
    "org's range tightened": everywhere("address_outside_ranges"),
    "app's range tightened": everywhere("address_outside_app_ranges"),
    "refresh range tightened": {REFRESH: "refresh_address_refused"},
    "level raised by the app": level(VERIFY),
    "level raised by the profile": level(VERIFY),
    "level raised by the org": level(VERIFY),
    "level raised, and blocking": level("level_blocked"),
    # Ending what an app may do burns the codes that it has not redeemed.
    "consent withdrawn": ended(request=CONSENT, code="code_used", assertion="consent_missing", **{DEVICE: "device_code_used"}),
}

# What is refused in the dialect of Salesforce alone: clients that send a callback URL with a refresh are used to have it looked at.
IN_SALESFORCES: Mapping[str, Row] = {"callback differs": {REFRESH: "callback_not_registered"}}

STRANGER = (401, "invalid_client", "client_authentication_failed", "Client authentication failed.")
NOT_THE_USER = (400, "invalid_grant", "user_not_approved", "The user that this request acts for may not use this app.")
DEAD_CODE = (400, "invalid_grant", "authorization_code_refused", "The authorization code is not valid here or not valid any more.")
DEAD_DEVICE = (400, "invalid_grant", "device_code_refused", "The device code is not valid here or not valid any more.")
DEAD_REFRESH = (400, "invalid_grant", "refresh_token_refused", "The refresh token is not valid here or not valid any more.")


def _salesforce(error: str, text: str, page: str = "user_not_approved", status: int = 400) -> Wire:
    return status, error, page, text


def _both(standard: Wire, error: str, text: str) -> tuple[Wire, Wire]:
    return standard, _salesforce(error, text, standard[2])


def _invalid(error: str, page: str, sentence: str, salesforce_error: str, text: str) -> tuple[Wire, Wire]:
    return _both((400, error, page, sentence), salesforce_error, text)


# By reason: what the token endpoint says in the standard dialect and in Salesforce's. A client that acts for itself hears of its run-as
# user, whom its own admin has chosen.
TOKEN_WIRE: Mapping[str | tuple[str, str], tuple[Wire, Wire]] = {
    "secret_mistyped": _both(STRANGER, "invalid_client", "invalid client credentials"),
    "secret_retired": _both(STRANGER, "invalid_client", "invalid client credentials"),
    "app_blocked": _both(STRANGER, "invalid_client", "invalid client credentials"),
    "app_deleted": _both(STRANGER, "invalid_client_id", "client identifier invalid"),
    "client_missing": (2 * ((401, "invalid_client", "client_missing", "The request does not say which client sends it."),)),
    "grant_certificate_retired": _invalid("invalid_grant", "assertion_refused",
                                          "The assertion was not signed with a live key of an app of this org.",
                                          "invalid_grant", "invalid assertion"),
    "callback_differs": _invalid("invalid_grant", "callback_differs",
                                 "The redirect_uri is not the one to which this authorization code was sent.",
                                 "redirect_uri_mismatch", "redirect_uri must match configuration"),
    "callback_not_registered": _invalid("invalid_request", "callback_not_registered",
                                        "The redirect_uri of the request is not a callback URL of the app.",
                                        "redirect_uri_mismatch", "redirect_uri must match configuration"),
    "app_not_installed": _invalid("unauthorized_client", "app_not_installed", "The app is not installed in the org that was called.",
                                  "invalid_client", "app must be installed into org"),
    "flow_not_enabled": _invalid("unauthorized_client", "flow_not_enabled", "The flow of this request is not enabled for the app.",
                                 "invalid_grant", "flow not enabled"),
    ("flow_not_enabled", "client"): _invalid("unauthorized_client", "flow_not_enabled",
                                             "The flow of this request is not enabled for the app.",
                                             "invalid_grant", "client credentials flow not enabled"),
    "verifier_wrong": _invalid("invalid_grant", "verifier_wrong",
                               "The code_verifier does not fit the code_challenge of the authorization request.",
                               "invalid_grant", "invalid code verifier"),
    "code_ended": _both(DEAD_CODE, "invalid_grant", "invalid authorization code"),
    "code_used": _both(DEAD_CODE, "invalid_grant", "invalid authorization code"),
    "device_code_ended": _both(DEAD_DEVICE, "invalid_grant", "invalid device code"),
    "device_code_used": _both(DEAD_DEVICE, "invalid_grant", "invalid device code"),
    "refresh_ended": _both(DEAD_REFRESH, "invalid_grant", "expired access/refresh token"),
    "refresh_scope_withdrawn": _invalid("invalid_grant", "refresh_scope_withdrawn", "The app may not use refresh tokens any more.",
                                        "invalid_grant", "expired access/refresh token"),
    "grant_assertion_ended": _invalid("invalid_grant", "grant_assertion_ended",
                                      "The assertion was signed before everything of its app, user or org was ended.",
                                      "invalid_grant", "invalid assertion"),
    "scope_none_left": _invalid("invalid_scope", "scope_none_left", "No scope is left that this flow can give to the app.",
                                "invalid_scope", "the requested scope is not allowed"),
    "scope_not_assigned": _invalid("invalid_scope", "scope_not_assigned", "The request asks for a scope that the app does not have.",
                                   "invalid_scope", "the requested scope is not allowed"),
    "user_frozen": _both(NOT_THE_USER, "invalid_grant", "inactive user"),
    "user_inactive": _both(NOT_THE_USER, "invalid_grant", "inactive user"),
    "run_as_frozen": _invalid("invalid_grant", "run_as_frozen", "The user that the app runs as is frozen.",
                              "invalid_grant", "inactive user"),
    "run_as_inactive": _invalid("invalid_grant", "run_as_inactive", "The user that the app runs as is not active.",
                                "invalid_grant", "inactive user"),
    "api_not_enabled": _both(NOT_THE_USER, "invalid_grant", "authentication failure"),
    ("api_not_enabled", "client"): _invalid("invalid_grant", "api_not_enabled", "The user may not use APIs.",
                                            "invalid_grant", "authentication failure"),
    "user_not_approved": _both(NOT_THE_USER, "invalid_app_access", "user is not admin approved to access this app"),
    "approval_expired": _both(NOT_THE_USER, "invalid_app_access", "user is not admin approved to access this app"),
    "outside_hours": _both(NOT_THE_USER, "invalid_grant", "invalid login hours"),
    ("outside_hours", "client"): _invalid("invalid_grant", "outside_hours", "The user may not use the app at this time of the week.",
                                          "invalid_grant", "invalid login hours"),
    "address_outside_ranges": _both(NOT_THE_USER, "invalid_grant", "ip restricted"),
    ("address_outside_ranges", "client"): _invalid("invalid_grant", "address_outside_ranges",
                                                   "The request comes from an address that the policy does not allow.",
                                                   "invalid_grant", "ip restricted"),
    "address_outside_app_ranges": _both(NOT_THE_USER, "invalid_grant", "ip restricted"),
    ("address_outside_app_ranges", "client"): _invalid("invalid_grant", "address_outside_app_ranges",
                                                       "The app may not be used from the address that the request comes from.",
                                                       "invalid_grant", "ip restricted"),
    "refresh_address_refused": _both(NOT_THE_USER, "invalid_grant", "ip restricted"),
    "level_too_low": _invalid("invalid_grant", "level_too_low", "The user signed in less surely than is required now.",
                              "invalid_grant", "high assurance session required"),
    "level_needs_user": _both(NOT_THE_USER, "invalid_grant", "high assurance session required"),
    ("level_needs_user", "client"): _invalid("invalid_grant", "level_needs_user",
                                             "A sign-in with a second factor is required here, and in this flow nobody signs in.",
                                             "invalid_grant", "high assurance session required"),
    "consent_missing": _both(NOT_THE_USER, "invalid_grant", "user hasn't approved this consumer"),
}  # fmt: skip

NOT_THIS_USER = (
    ("sent back", "access_denied", "user_not_approved", "The user that this request acts for may not use this app."),
    ("sent back", "OAUTH_APP_ACCESS_DENIED", "user_not_approved", "user is not admin approved to access this app"),
)
# By reason: what the app is told at its callback. What is not here is told on a page of ours, and the browser is sent nowhere.
BACK_WIRE: Mapping[str, tuple[Wire, Wire]] = {
    "flow_not_enabled": (
        ("sent back", "unauthorized_client", "flow_not_enabled", "The flow of this request is not enabled for the app."),
        ("sent back", "oauth_flow_disabled", "flow_not_enabled", "this flow is not enabled for the app"),
    ),
    "challenge_missing": (
        ("sent back", "invalid_request", "challenge_missing", "The app must use PKCE, and the request has no code_challenge."),
        ("sent back", "invalid_request", "challenge_missing", "missing required code challenge"),
    ),
    "level_blocked": (
        ("sent back", "access_denied", "level_blocked",
         "Only a sign-in with a second factor or a passkey is let through here, and the user signed in without."),
        ("sent back", "OAUTH_APP_ACCESS_DENIED", "level_blocked", "high assurance session required"),
    ),
} | dict.fromkeys(("api_not_enabled", "address_outside_ranges", "address_outside_app_ranges"), NOT_THIS_USER)  # fmt: skip


def expected(holder: str, reason: str | None, dialect: Dialect) -> Used:
    """What must come of using something that is refused for this reason; None: of what is let through."""
    if reason is None:
        return Used(None, ("given",))
    salesforce = dialect is Dialect.SALESFORCE
    if reason.startswith("to "):
        return Used(None, ("a page of ours", reason.removeprefix("to ")))
    if holder == "request":
        return Used(reason, BACK_WIRE[reason][salesforce] if reason in BACK_WIRE else ("a page of ours", reason))
    if holder in AT_THE_TOKEN_ENDPOINT:
        return Used(reason, (TOKEN_WIRE.get((reason, holder)) or TOKEN_WIRE[reason])[salesforce])
    if holder in (ASKED, OWN):
        return Used(reason, ("inactive", True))
    if holder == USERINFO:
        # Only what its holder can mend is told of a live token: that its user must sign in more surely (RFC 9470 section 3).
        standard = "insufficient_user_authentication" if reason == "level_too_low" else "invalid_token"
        return Used(reason, (403, "Bad_OAuth_Token") if salesforce else (401, standard))
    return Used(reason, (401, "level_too_low" if reason == "level_too_low" else "access_token_refused"))


def closed(acme: Tenant, closure: str, dialect: Dialect) -> Everything:
    held = everything(acme, dialect, self_authorized=closure in SELF_AUTHORIZED)
    close(closure, held)
    return held


def check(acme: Tenant, closure: str, dialect: Dialect) -> None:
    held = closed(acme, closure, dialect)
    row = {**REFUSED[closure], **(IN_SALESFORCES.get(closure, {}) if dialect is Dialect.SALESFORCE else {})}
    found = {holder: held.use(holder) for holder in HOLDERS}
    assert found == {holder: expected(holder, row.get(holder), dialect) for holder in HOLDERS}


every_closure = pytest.mark.parametrize("closure", CLOSURES)


def test_every_closure_has_its_row() -> None:
    assert set(REFUSED) == set(CLOSURES)


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_before_anything_is_closed_everything_is_good(acme: Tenant, dialect: Dialect) -> None:
    held = everything(acme, dialect)
    assert {holder: held.use(holder).wire for holder in HOLDERS} == dict.fromkeys(HOLDERS, ("given",))


@every_closure
def test_X_AC_13_X_RT_05_X_JB_02_std_GV_01_GV_04_G_17_IN_02_BR_02_it_is_refused_at_the_next_request_of_every_holder(
    acme: Tenant, closure: str
) -> None:
    check(acme, closure, Dialect.STANDARD)


@every_closure
@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_in_the_dialect_of_salesforce_it_is_refused_for_the_same_reason_in_salesforces_words(acme: Tenant, closure: str) -> None:
    check(acme, closure, Dialect.SALESFORCE)


def test_after_a_revoke_the_app_may_ask_anew_with_an_assertion_that_is_signed_after_it(acme: Tenant) -> None:
    held = closed(acme, "user revoked", Dialect.STANDARD)
    assert held.use("assertion").reason == "grant_assertion_ended"
    acme.standing.clock.advance(seconds=1)
    assert held.told(held.portal.app.ask(held.signed_anew())).wire == ("given",)
