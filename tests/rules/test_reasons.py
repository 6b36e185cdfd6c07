"""What holds for every reason in the catalogue, and what a stranger can learn from any of them: nothing."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from gatebridge.rules import reasons
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import (
    REASONS,
    FieldProblem,
    Reason,
    Refused,
    app,
    assertion,
    bearer,
    callback,
    catalogue,
    client,
    consent,
    data,
    device,
    flow,
    get,
    grant,
    hours,
    identity,
    installed,
    level,
    logout,
    network,
    outage,
    permitted,
    pkce,
    proof,
    request,
    resource,
    scopes,
    session,
    setup,
    sign_in,
    sobjects,
    soql,
    tries,
    user,
    user_codes,
)
from gatebridge.rules.reasons.permitted import (
    NOT_PERMITTED_CODE,
    NOT_PERMITTED_SENTENCE,
    at_authorize,
    without_a_page,
    without_the_user,
)
from gatebridge.rules.reasons.redirected import REDIRECTED
from gatebridge.rules.reasons.strangers import (
    ASSERTION_CODE,
    ASSERTION_SENTENCE,
    CLIENT_CODE,
    CLIENT_SENTENCE,
    CODE_CODE,
    CODE_SENTENCE,
    DEVICE_CODE,
    DEVICE_SENTENCE,
    REFRESH_CODE,
    REFRESH_SENTENCE,
    SHARED,
    SIGN_IN_CODE,
    SIGN_IN_SENTENCE,
    TOKEN_CODE,
    TOKEN_SENTENCE,
    USER_CODE,
    USER_CODE_SENTENCE,
)


def every_reason(truth: Callable[[Reason], None]) -> Callable[[], None]:
    """One test of a truth about all reasons: to hand out a test for each takes many times as long as to look at it."""

    def of_all() -> None:
        for reason in REASONS.values():
            try:
                truth(reason)
            except AssertionError as error:
                error.add_note(f"of the reason {reason.code}")
                raise

    of_all.__name__, of_all.__doc__ = truth.__name__, truth.__doc__
    return of_all


# Printable ASCII without the double quote and the backslash.
WIRE_CHARACTERS = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")

# What is refused by our own API, and on the pages that a person sees.
WITHOUT_A_SECOND_DIALECT = (bearer, setup, sign_in, tries, user_codes)


def reasons_of(*modules: ModuleType) -> dict[str, Reason]:
    return dict(catalogue(modules))


@every_reason
def test_std_G_08_what_goes_on_the_wire_has_only_the_characters_of_rfc_6749(reason: Reason) -> None:
    for text in (reason.error, reason.salesforce_error, reason.salesforce_text, reason.sentence, reason.wire_sentence, reason.public_code):
        assert WIRE_CHARACTERS.fullmatch(text), text


@every_reason
def test_a_code_is_lower_case_words_joined_by_underscores_and_fits_into_an_address(reason: Reason) -> None:
    for code in (reason.code, reason.public_code):
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", code)
        assert len(code) <= 40


@every_reason
def test_every_reason_says_what_happened_where_to_look_and_what_to_change(reason: Reason) -> None:
    for text in (reason.sentence, reason.hint, reason.remedy, reason.public_sentence):
        assert re.fullmatch(r"[A-Z].{14,}[.]", text), text
        assert text == text.strip()
        assert "  " not in text


def test_a_sentence_belongs_to_one_reason_unless_the_wire_shares_it() -> None:
    sentences = [reason.sentence for reason in REASONS.values()]
    assert len(sentences) == len(set(sentences))


@every_reason
def test_what_is_said_instead_comes_with_a_page_of_its_own(reason: Reason) -> None:
    """A neutral sentence would be worth nothing beside the address of the page that tells the truth, and the other way round."""
    assert bool(reason.wire_sentence) == bool(reason.wire_code)


@every_reason
def test_the_page_that_is_named_instead_always_says_the_same_sentence(reason: Reason) -> None:
    same_page = {other.public_sentence for other in REASONS.values() if other.public_code == reason.public_code}
    assert same_page == {reason.public_sentence}


# The status of each error code, where one code has one status (RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 9470, RFC 9110). What the
# authorization endpoint alone says travels in a redirect; its 400 is that of a page, and of an answer that cannot be redirected.
STATUS_OF = {
    "invalid_client": {401},
    "invalid_grant": {400},
    "invalid_scope": {400},
    "unauthorized_client": {400},
    "unsupported_grant_type": {400},
    "access_denied": {400},
    "authorization_pending": {400},
    "slow_down": {400},
    "expired_token": {400},
    "login_required": {400},
    "consent_required": {400},
    "unsupported_response_type": {400},
    "request_not_supported": {400},
    "request_uri_not_supported": {400},
    "registration_not_supported": {400},
    "unmet_authentication_requirements": {400},
    "invalid_request": {400, 405, 413, 421, 431},
    "invalid_token": {401},
    "insufficient_scope": {403},
    "insufficient_user_authentication": {401},
    "temporarily_unavailable": {429, 503},
    "server_error": {500},
    "not_found": {404},
    "forbidden": {403},
    "conflict": {409},
    "invalid_field": {422},
    "version_required": {428},
    "version_conflict": {412},
}


@every_reason
def test_std_TK_02_an_error_code_has_the_status_that_its_standard_gives_it(reason: Reason) -> None:
    assert reason.status in STATUS_OF[reason.error]


def test_only_the_form_of_a_request_or_an_outage_has_another_status_than_its_error_code_mostly_has() -> None:
    unusual = {name for name, reason in REASONS.items() if reason.error == "invalid_request" and reason.status != 400}
    assert unusual == {"body_too_large", "method_not_allowed", "host_unknown", "headers_too_large", "data_read_only"}


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        pytest.param(client.SECRET_WRONG, 400, id="a failed authentication is 400, for Salesforce's clients do not expect 401"),
        pytest.param(assertion.ASSERTION_EXPIRED, 400, id="so is a failed assertion"),
        pytest.param(app.APP_BLOCKED, 400, id="and a blocked app, which looks the same"),
        pytest.param(scopes.SCOPE_UNKNOWN, 400, id="a refused scope is 400 in both dialects"),
        pytest.param(proof.TOKEN_EXPIRED, 401, id="a dead token stays 401, which makes their clients get a new one"),
        pytest.param(outage.DATABASE_AWAY, 503, id="an outage is no refusal, so it stays 503"),
        pytest.param(outage.RATE_EXCEEDED, 400, id="a limit is a refusal like any; Retry-After comes all the same"),
        pytest.param(device.DEVICE_CODES_TOO_MANY, 400, id="and so is that of devices"),
        pytest.param(request.METHOD_NOT_ALLOWED, 405, id="a wrong method stays 405"),
    ],
)
def test_the_salesforce_dialect_has_its_own_status(reason: Reason, status: int) -> None:
    assert reason.salesforce_status == status


@every_reason
def test_the_salesforce_dialect_never_answers_401_at_a_gate_before_the_token(reason: Reason) -> None:
    assert reason.salesforce_status != 401 or reason.error in ("invalid_token", "insufficient_user_authentication")


@pytest.mark.parametrize(
    ("reason", "error", "text"),
    [
        (client.CLIENT_UNKNOWN, "invalid_client_id", "client identifier invalid"),
        (client.SECRET_WRONG, "invalid_client", "invalid client credentials"),
        (app.APP_BLOCKED, "invalid_client", "invalid client credentials"),
        (app.APP_DELETED, "invalid_client_id", "client identifier invalid"),
        (installed.APP_NOT_INSTALLED, "invalid_client", "app must be installed into org"),
        (flow.GRANT_TYPE_UNKNOWN, "unsupported_grant_type", "grant type not supported"),
        (scopes.SCOPE_UNKNOWN, "invalid_scope", "the requested scope is invalid, unknown, or malformed"),
        (scopes.SCOPE_NOT_ASSIGNED, "invalid_scope", "the requested scope is not allowed"),
        (flow.RESPONSE_TYPE_UNKNOWN, "unsupported_response_type", "response type is not supported"),
        (callback.CALLBACK_MISSING, "redirect_uri_missing", "redirect_uri not provided"),
        (callback.CALLBACK_NOT_REGISTERED, "redirect_uri_mismatch", "redirect_uri must match configuration"),
        (callback.CALLBACK_DIFFERS, "redirect_uri_mismatch", "redirect_uri must match configuration"),
        (pkce.CHALLENGE_MISSING, "invalid_request", "missing required code challenge"),
        (pkce.VERIFIER_WRONG, "invalid_grant", "invalid code verifier"),
        (grant.CODE_UNKNOWN, "invalid_grant", "invalid authorization code"),
        (grant.CODE_USED, "invalid_grant", "invalid authorization code"),
        (grant.REFRESH_REUSED, "invalid_grant", "expired access/refresh token"),
        (grant.REFRESH_EXPIRED, "invalid_grant", "token validity expired"),
        (grant.REFRESH_IN_PROGRESS, "invalid_grant", "token request is already being processed"),
        (grant.GRANT_AUDIENCE_WRONG, "invalid_grant", "audience is invalid"),
        (grant.GRANT_ASSERTION_REPLAYED, "bad_jti_claim", "invalid assertion"),
        (consent.CONSENT_MISSING, "invalid_grant", "user hasn't approved this consumer"),
        (user.USER_UNKNOWN, "invalid_grant", "user hasn't approved this consumer"),
        (consent.CONSENT_DENIED, "access_denied", "end-user denied authorization"),
        (user.RUN_AS_MISSING, "invalid_grant", "no client credentials user enabled"),
        (user.RUN_AS_FROZEN, "invalid_grant", "inactive user"),
        (permitted.USER_NOT_APPROVED, "invalid_app_access", "user is not admin approved to access this app"),
        (network.ADDRESS_OUTSIDE_RANGES, "invalid_grant", "ip restricted"),
        (network.ADDRESS_OUTSIDE_APP_RANGES, "invalid_grant", "ip restricted"),
        (network.REFRESH_ADDRESS_REFUSED, "invalid_grant", "ip restricted"),
        (proof.TOKEN_ENDED, "INVALID_SESSION_ID", "Session expired or invalid"),
        (outage.RATE_EXCEEDED, "rate_limit_exceeded", "number of logins exceeded"),
        (device.DEVICE_PENDING, "authorization_pending", "authorization pending"),
        (device.DEVICE_DENIED, "access_denied", "end-user denied authorization"),
        (device.DEVICE_EXPIRED, "invalid_grant", "expired device code"),
    ],
    ids=lambda value: value.code if isinstance(value, Reason) else "",
)
def test_salesforces_clients_find_the_code_and_the_text_that_they_match_on(reason: Reason, error: str, text: str) -> None:
    assert (reason.salesforce_error, reason.salesforce_text) == (error, text)


@every_reason
def test_only_what_our_own_api_and_pages_alone_can_refuse_has_no_salesforce_text(reason: Reason) -> None:
    ours = reason.code in reasons_of(*WITHOUT_A_SECOND_DIALECT)
    assert (reason.salesforce_error == "") == ours
    assert (reason.salesforce_text == "") == ours


# Everything that a stranger, who has proven nothing, can bring about by trying keys, secrets and assertions.
PROBES = (
    client.CLIENT_UNKNOWN,
    client.CLIENT_PROOF_MISSING,
    client.CLIENT_METHOD_NOT_REGISTERED,
    client.CLIENT_PUBLIC_SENT_SECRET,
    client.SECRET_WRONG,
    client.SECRET_MISTYPED,
    client.SECRET_EXPIRED,
    client.SECRET_RETIRED,
    assertion.ASSERTION_MALFORMED,
    assertion.ASSERTION_TYP_WRONG,
    assertion.ASSERTION_ALGORITHM_REFUSED,
    assertion.ASSERTION_KEY_UNKNOWN,
    assertion.ASSERTION_SIGNATURE_WRONG,
    assertion.CERTIFICATE_EXPIRED,
    assertion.CERTIFICATE_RETIRED,
    app.APP_BLOCKED,
    app.APP_DELETED,
)


@pytest.mark.parametrize("reason", PROBES, ids=lambda reason: reason.code)
def test_std_CA_02_an_unknown_client_and_a_bad_credential_are_one_answer(reason: Reason) -> None:
    answer = (reason.error, reason.status, reason.public_sentence, reason.public_code)
    assert answer == ("invalid_client", 401, CLIENT_SENTENCE, CLIENT_CODE)


@pytest.mark.parametrize("reason", [app.APP_BLOCKED, app.APP_DELETED], ids=lambda reason: reason.code)
def test_std_CA_18_a_stopped_app_says_what_an_unknown_one_says(reason: Reason) -> None:
    unknown = client.CLIENT_UNKNOWN
    assert (reason.error, reason.status, reason.public_sentence, reason.public_code) == (
        unknown.error,
        unknown.status,
        unknown.public_sentence,
        unknown.public_code,
    )


def test_a_blocked_app_looks_like_a_wrong_secret_to_salesforces_clients() -> None:
    blocked, wrong = app.APP_BLOCKED, client.SECRET_WRONG
    assert (blocked.salesforce_error, blocked.salesforce_text) == (wrong.salesforce_error, wrong.salesforce_text)


def test_what_is_told_openly_about_a_client_can_be_seen_in_the_request_alone_or_follows_a_verified_signature() -> None:
    """A new reason of this gate must be put on this list, which asks its author whether a stranger learns from it."""
    judged_by_the_request = {
        "client_missing",
        "client_methods_several",
        "client_id_conflict",
        "basic_header_malformed",
        "assertion_type_unknown",
        "assertion_issuer_wrong",
    }
    after_the_signature = {
        "assertion_subject_wrong",
        "assertion_audience_wrong",
        "assertion_expired",
        "assertion_too_long_lived",
        "assertion_not_yet_valid",
        "assertion_jti_missing",
        "assertion_replayed",
    }
    told = {name for name, reason in REASONS.items() if reason.gate is Gate.CLIENT and reason.public_code == name}
    assert told == judged_by_the_request | after_the_signature


# Words that say more than that something was refused: that it is there, was there, or in which state it is.
TELLING = re.compile(
    r"\b(exists?|existed|expired|retired|revoked|blocked|deleted|frozen|inactive|registered|secret|past its|used|redeemed|locked)\b"
)

UNTOLD = tuple(reason for reason in REASONS.values() if reason.wire_code)


@pytest.mark.parametrize("reason", [*PROBES, *UNTOLD, *SHARED.values()], ids=lambda reason: reason.code)
def test_no_reason_confirms_to_a_stranger_that_something_exists(reason: Reason) -> None:
    for said in (reason.public_sentence, reason.public_code):
        assert not TELLING.search(said.replace("_", " ")), said


@pytest.mark.parametrize(
    ("family", "code", "sentence"),
    [
        pytest.param("code_", CODE_CODE, CODE_SENTENCE, id="authorization codes"),
        pytest.param("refresh_", REFRESH_CODE, REFRESH_SENTENCE, id="refresh tokens"),
    ],
)
def test_std_CG_01_CG_05_RT_01_who_presents_a_dead_code_or_refresh_token_hears_one_answer(family: str, code: str, sentence: str) -> None:
    dead = [reason for name, reason in reasons_of(grant).items() if name.startswith(family)]
    assert len(dead) >= 5
    assert {(reason.error, reason.status, reason.public_sentence, reason.public_code) for reason in dead} == {
        ("invalid_grant", 400, sentence, code)
    }


def test_std_DV_02_who_presents_a_dead_device_code_hears_one_answer() -> None:
    dead = [reason for name, reason in reasons_of(device).items() if name.startswith("device_code_")]
    assert len(dead) == 4
    assert {(reason.error, reason.status, reason.public_sentence, reason.public_code) for reason in dead} == {
        ("invalid_grant", 400, DEVICE_SENTENCE, DEVICE_CODE)
    }


def test_X_DV_03_who_types_a_wrong_code_reads_one_text_whatever_is_wrong_with_it() -> None:
    wrong = [reason for name, reason in reasons_of(user_codes).items() if name.startswith("user_code")]
    assert len(wrong) == 5
    assert {(reason.status, reason.public_sentence, reason.public_code) for reason in wrong} == {(400, USER_CODE_SENTENCE, USER_CODE)}


def test_std_JB_01_what_is_wrong_with_an_assertion_for_a_user_is_told_only_once_its_signature_holds() -> None:
    """A new reason of an assertion must be put on one of these lists, which asks its author whether a stranger learns from it."""
    seen_in_the_request = {"assertion_missing"}
    after_the_signature = {
        "grant_issuer_differs",
        "grant_audience_wrong",
        "grant_subject_missing",
        "grant_assertion_expired",
        "grant_assertion_too_long",
        "grant_assertion_early",
        "grant_assertion_ended",
        "grant_jti_missing",
        "grant_assertion_replayed",
    }
    of_assertions = {name: reason for name, reason in reasons_of(grant).items() if not name.startswith(("code_", "refresh_"))}
    told = {name for name, reason in of_assertions.items() if reason.public_code == name}
    untold = [reason for name, reason in of_assertions.items() if name not in told]
    assert told == seen_in_the_request | after_the_signature
    assert {(reason.error, reason.status, reason.public_sentence, reason.public_code) for reason in untold} == {
        ("invalid_grant", 400, ASSERTION_SENTENCE, ASSERTION_CODE)
    }
    assert {reason.error for name, reason in of_assertions.items() if name in after_the_signature} == {"invalid_grant"}


def test_X_BF_01_whoever_is_not_let_in_reads_one_sentence() -> None:
    """What is told openly on these pages is about the form or the link that was sent, and never about a user."""
    about_the_form = {"form_forged", "session_over", "interaction_unknown", "interaction_finished", "mail_link_dead"}
    about_the_user = {name: reason for name, reason in reasons_of(sign_in).items() if name not in about_the_form}
    assert len(about_the_user) >= 7
    assert {(reason.error, reason.status, reason.public_sentence, reason.public_code) for reason in about_the_user.values()} == {
        ("access_denied", 400, SIGN_IN_SENTENCE, SIGN_IN_CODE)
    }
    assert all(reason.public_code == name for name, reason in reasons_of(sign_in).items() if name in about_the_form)


@pytest.mark.parametrize("shared", SHARED.values(), ids=SHARED.keys())
def test_a_shared_face_says_what_its_causes_say(shared: Reason) -> None:
    behind = [reason for reason in REASONS.values() if reason.wire_code == shared.code]
    assert len(behind) > 1
    assert {(reason.error, reason.status, reason.public_sentence) for reason in behind} == {(shared.error, shared.status, shared.sentence)}
    assert reasons.public(shared.code) is shared
    assert shared.code not in REASONS


@pytest.mark.parametrize("shared", SHARED.values(), ids=SHARED.keys())
def test_a_shared_face_obeys_the_rules_of_every_reason(shared: Reason) -> None:
    for text in (shared.sentence, shared.hint, shared.remedy):
        assert re.fullmatch(r"[A-Z].{14,}[.]", text), text
    for text in (shared.error, shared.salesforce_error, shared.salesforce_text, shared.sentence, shared.code):
        assert WIRE_CHARACTERS.fullmatch(text), text


def test_a_consequence_is_what_names_no_cause_of_its_own() -> None:
    """`follows` lets another gate name the cause (docs/decisions/0011); on a cause it would hide it."""
    assert {name for name, reason in REASONS.items() if reason.follows} == {
        "token_ended",
        "code_ended",
        "refresh_ended",
        "grant_assertion_ended",
        "device_code_ended",
        "user_code_ended",
    }
    assert not any(shared.follows for shared in SHARED.values())


@pytest.mark.parametrize("reason", reasons_of(proof).values(), ids=lambda reason: reason.code)
def test_std_BR_02_dead_tokens_of_every_kind_are_one_answer(reason: Reason) -> None:
    answer = (reason.error, reason.status, reason.public_sentence, reason.public_code)
    assert answer == ("invalid_token", 401, TOKEN_SENTENCE, TOKEN_CODE)


# Everything that may be wrong with a user who is named, or with where and when the user acts. `hours` has no reason yet.
ABOUT_THE_USER = tuple(reason for reason in REASONS.values() if reason.gate in (Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK))
UNAPPROVED = ("invalid_grant", 400, NOT_PERMITTED_SENTENCE, NOT_PERMITTED_CODE)


@pytest.mark.parametrize(
    "reason",
    [user.USER_INACTIVE, user.USER_FROZEN, user.USER_UNKNOWN, permitted.APPROVAL_EXPIRED, consent.CONSENT_MISSING],
    ids=lambda reason: reason.code,
)
def test_std_JB_05_X_JB_06_the_state_of_a_user_is_not_told_from_a_missing_approval(reason: Reason) -> None:
    assert (reason.error, reason.status, reason.public_sentence, reason.public_code) == UNAPPROVED


@pytest.mark.parametrize("reason", ABOUT_THE_USER, ids=lambda reason: reason.code)
def test_who_presents_a_code_a_refresh_token_or_an_assertion_can_tell_nothing_about_the_user(reason: Reason) -> None:
    told = without_the_user(reason)
    assert (told.error, told.status, told.public_sentence, told.public_code) == UNAPPROVED
    assert replace(told, wire_sentence=reason.wire_sentence, wire_code=reason.wire_code) == reason


@every_reason
def test_what_is_not_about_the_user_is_told_in_the_same_words_everywhere(reason: Reason) -> None:
    if reason not in ABOUT_THE_USER:
        assert (without_the_user(reason) is reason) == (reason is not level.LEVEL_NEEDS_USER)
        assert (at_authorize(reason) is reason) == (reason not in (outage.POLICY_ERROR, level.LEVEL_TOO_LOW))


def test_std_G_14_what_cannot_be_decided_is_an_error_of_the_server_at_the_authorization_endpoint() -> None:
    told = at_authorize(outage.POLICY_ERROR)
    assert (told.code, told.error, told.salesforce_error) == ("policy_error", "server_error", "server_error")
    assert (told.public_sentence, told.public_code) == (outage.POLICY_ERROR.sentence, "policy_error")


def test_std_AZ_18_where_no_page_may_be_shown_a_level_that_a_page_would_raise_is_interaction_required() -> None:
    told = at_authorize(level.LEVEL_TOO_LOW)
    assert (told.code, told.error, told.salesforce_error) == ("level_too_low", "interaction_required", "interaction_required")


@pytest.mark.parametrize(
    ("reason", "mended"),
    [
        (session.LOGIN_REQUIRED, True),
        (session.LOGIN_OF_ANOTHER, True),
        (consent.CONSENT_REQUIRED, True),
        (at_authorize(level.LEVEL_TOO_LOW), True),
        (consent.CONSENT_DENIED, False),
        (session.ACR_UNMET, False),
        (scopes.SCOPE_UNKNOWN, False),
    ],
    ids=lambda each: each.code if isinstance(each, Reason) else "",
)
def test_whatever_a_page_would_have_mended_has_one_code_for_who_wanted_none(reason: Reason, mended: bool) -> None:
    told = without_a_page(reason)
    assert (told.salesforce_error == "immediate_unsuccessful") == mended
    assert replace(told, salesforce_error=reason.salesforce_error, salesforce_text=reason.salesforce_text) == reason


def test_X_JB_06_an_assertion_does_not_tell_which_users_have_to_sign_in_with_a_second_factor() -> None:
    told = without_the_user(level.LEVEL_NEEDS_USER)
    assert (told.error, told.status, told.public_sentence, told.public_code) == UNAPPROVED
    assert level.LEVEL_NEEDS_USER.public_code == "level_needs_user"  # with client credentials it is no secret


@pytest.mark.parametrize("reason", ABOUT_THE_USER, ids=lambda reason: reason.code)
def test_std_AZ_26_at_the_authorization_endpoint_a_no_to_the_user_is_access_denied(reason: Reason) -> None:
    """The second column of the house table (standards.md section 20), in both dialects."""
    told = at_authorize(reason)
    assert (told.error, told.public_sentence, told.public_code) == ("access_denied", NOT_PERMITTED_SENTENCE, NOT_PERMITTED_CODE)
    assert (told.salesforce_error, told.salesforce_text) == (
        "OAUTH_APP_ACCESS_DENIED",
        permitted.USER_NOT_APPROVED.salesforce_text,
    )
    assert (told.code, told.gate) == (reason.code, reason.gate)


# The error codes of an authorization response (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
AUTHORIZATION_ERRORS = {
    *("invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope"),
    *("server_error", "temporarily_unavailable", "login_required", "consent_required", "interaction_required"),
    *("request_not_supported", "request_uri_not_supported", "registration_not_supported"),
    "unmet_authentication_requirements",  # of its own specification, OpenID Connect Core Error Code unmet_authentication_requirements
}


@pytest.mark.parametrize(
    "reason",
    [
        *(reason for reason in ABOUT_THE_USER if not reason.code.startswith("run_as_")),
        *(REASONS[code] for code in sorted(REDIRECTED)),
        *(flow.FLOW_NOT_ENABLED, flow.FLOW_OFF_IN_ORG),
        *(scopes.SCOPE_MALFORMED, scopes.SCOPE_UNKNOWN, scopes.SCOPE_NOT_ASSIGNED, scopes.SCOPE_NONE_LEFT),
        *(outage.DATABASE_AWAY, outage.INTERNAL_FAULT, outage.POLICY_ERROR),
    ],
    ids=lambda reason: reason.code,
)
def test_std_AZ_07_AZ_18_AZ_25_what_a_redirect_says_is_a_code_of_the_authorization_response(reason: Reason) -> None:
    assert at_authorize(reason).error in AUTHORIZATION_ERRORS


def test_nothing_that_comes_before_the_callback_is_proven_is_sent_to_the_app() -> None:
    """X-RU-11: client and callback first, and either is answered on a page of ours."""
    assert {REASONS[code].gate for code in REDIRECTED}.isdisjoint({Gate.CLIENT, Gate.CALLBACK, Gate.APP, Gate.INSTALLED, None})
    assert reasons_of(session).keys() | {level.LEVEL_BLOCKED.code} <= REDIRECTED


@pytest.mark.parametrize(
    ("modules", "gates"),
    [
        pytest.param((request, outage, identity, setup, tries), {None}, id="malformed requests, outages and verbs are refused at no gate"),
        pytest.param((data,), {None}, id="what is not there for any token at no gate"),
        pytest.param((soql,), {None}, id="queries that cannot be read at no gate"),
        pytest.param((sobjects,), {None}, id="queries that cannot be answered at no gate"),
        pytest.param((assertion,), {Gate.CLIENT}, id="assertions are judged at Client"),
        pytest.param((app,), {Gate.APP}, id="blocks at App"),
        pytest.param((installed,), {Gate.INSTALLED}, id="installations at Installed"),
        pytest.param((callback,), {Gate.CALLBACK}, id="callback URLs at Callback"),
        pytest.param((flow,), {Gate.FLOW}, id="flows and the form of an authorization request at Flow"),
        pytest.param((pkce,), {Gate.PKCE}, id="challenges and verifiers at PKCE"),
        pytest.param((proof,), {Gate.PROOF}, id="tokens at Proof"),
        pytest.param((grant,), {Gate.PROOF}, id="codes, refresh tokens and assertions for a user at Proof"),
        pytest.param((device,), {Gate.PROOF, None}, id="device codes at Proof; that too many wait at no gate"),
        pytest.param((user_codes,), {Gate.PROOF, None}, id="codes that people type at Proof; what makes a yes doubtful at no gate"),
        pytest.param((scopes,), {Gate.SCOPES}, id="scopes at Scopes"),
        pytest.param((user,), {Gate.USER}, id="users at User"),
        pytest.param((permitted,), {Gate.PERMITTED}, id="approvals at Permitted"),
        pytest.param((hours,), {Gate.HOURS}, id="login hours at Hours"),
        pytest.param((network,), {Gate.NETWORK}, id="addresses at Network"),
        pytest.param((session, level), {Gate.SESSION}, id="sign-ins and how sure they make us at Session"),
        pytest.param((consent,), {Gate.CONSENT}, id="approvals of the user at Consent"),
        pytest.param((sign_in,), {None}, id="signing in comes before every gate"),
        pytest.param((logout,), {None}, id="signing out, and telling apps of it, is past every gate"),
        pytest.param((client,), {Gate.CLIENT, Gate.FLOW}, id="credentials at Client; that a flow needs a confidential client at Flow"),
        pytest.param((bearer,), {None, Gate.SCOPES}, id="a bad header at no gate, a lacking scope at Scopes"),
    ],
)
def test_a_file_holds_the_reasons_of_its_gate(modules: tuple[ModuleType, ...], gates: set[Gate | None]) -> None:
    assert {reason.gate for reason in reasons_of(*modules).values()} == gates


@every_reason
def test_at_our_api_a_token_that_fails_at_any_gate_is_told_nothing_but_that_it_does_not_count(reason: Reason) -> None:
    """The last column of the house table (standards.md section 20)."""
    told = bearer.at_our_api(reason, by_person=False)
    if reason.gate is None or reason in (bearer.SCOPE_INSUFFICIENT, bearer.APP_MAY_NOT_ADMINISTER):
        assert told == reason
    else:
        assert (told.error, told.status, told.public_sentence, told.public_code) == ("invalid_token", 401, TOKEN_SENTENCE, TOKEN_CODE)
        assert (told.code, told.gate) == (reason.code, reason.gate)


def test_std_SU_01_at_our_api_a_person_hears_that_a_surer_sign_in_would_do() -> None:
    told = bearer.at_our_api(level.LEVEL_TOO_LOW)
    assert (told.error, told.status, told.public_code) == ("insufficient_user_authentication", 401, "level_too_low")
    others = [reason for reason in REASONS.values() if reason is not level.LEVEL_TOO_LOW]
    assert [bearer.at_our_api(reason) for reason in others] == [bearer.at_our_api(reason, by_person=False) for reason in others]


def test_the_catalogue_finds_a_reason_by_its_code_and_knows_no_other() -> None:
    assert get("secret_wrong") is client.SECRET_WRONG
    with pytest.raises(KeyError):
        get("secret_forgotten")


def test_nobody_can_put_a_reason_into_the_catalogue_while_the_server_runs() -> None:
    with pytest.raises(TypeError):
        cast(dict[str, Reason], REASONS)["made_up"] = client.SECRET_WRONG


def test_two_reasons_can_never_have_one_code() -> None:
    twin = SimpleNamespace(TWIN=replace(client.SECRET_WRONG, sentence="Another sentence altogether."))
    with pytest.raises(ValueError, match="secret_wrong"):
        catalogue([client, cast(ModuleType, twin)])


def test_a_constant_is_called_like_its_code() -> None:
    modules = (
        *(request, outage, client, assertion, callback, app, installed, flow, pkce, proof, grant, device),
        *(scopes, user, permitted, hours, network, session, level, consent, bearer, identity, sign_in, setup, logout, tries, user_codes),
        *(resource, data, soql, sobjects),
    )
    constants = {name: value.code for module in modules for name, value in vars(module).items() if isinstance(value, Reason)}
    assert {name.lower() for name in constants} == set(constants.values()) == set(REASONS)
    assert all(name.lower() == code for name, code in constants.items())


def test_every_reason_is_refused_for_somewhere() -> None:
    """A page about what never happens leads whoever reads it astray."""
    house = Path(reasons.__file__).parents[2]
    modules = [each for each in vars(reasons).values() if isinstance(each, ModuleType)]
    constants = {name for module in modules for name, value in vars(module).items() if isinstance(value, Reason)}
    named = Counter(word for path in house.rglob("*.py") for word in re.findall(r"[A-Z][A-Z0-9_]+", path.read_text(encoding="utf-8")))
    assert {name for name in constants if named[name] < 2} == set()


def test_a_reason_without_a_second_text_says_the_one_that_it_has() -> None:
    reason = request.PARAMETER_REPEATED
    assert (reason.public_sentence, reason.public_code) == (reason.sentence, reason.code)


def test_a_refusal_carries_its_reason_and_what_the_asker_may_know() -> None:
    problem = FieldProblem("api_name", "Begin it with a letter.")
    facts: Mapping[str, object] = {"limit": 2}
    refused = Refused(setup.FIELD_INVALID, detail="One field is wrong.", fields=(problem,), facts=facts)
    assert (refused.reason, refused.detail, refused.fields, refused.facts) == (
        setup.FIELD_INVALID,
        "One field is wrong.",
        (problem,),
        facts,
    )
    assert str(refused) == "field_invalid: One field is wrong."


def test_a_refusal_without_a_detail_says_the_sentence_of_its_reason() -> None:
    refused = Refused(setup.NAME_TAKEN)
    assert str(refused) == f"name_taken: {setup.NAME_TAKEN.sentence}"
    assert (refused.detail, refused.fields, refused.facts) == (None, (), {})


def test_a_reason_cannot_be_changed() -> None:
    for field in fields(Reason):
        with pytest.raises(AttributeError):
            setattr(client.SECRET_WRONG, field.name, "")


def test_every_public_code_is_about_something() -> None:
    """Where `error_uri` leads there is a reason, or the shared face of several."""
    assert all(reasons.public(reason.public_code) is not None for reason in REASONS.values())
    assert reasons.public("nobody_ever_said_this") is None
