"""Gates 1 to 4, who calls: Client, Callback, App, Installed."""

from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.callbacks import shown
from gatebridge.rules.facts import AssertionProof, Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AuthorizationCode
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import app as app_reasons
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import installed as installed_reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding


def client(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is the caller the app that it says it is, as far as this door needs a proof of it?"""
    proof = attempt.client
    if proof is None and attempt.assertion is not None:
        return _by_assertion(facts, attempt.assertion)
    if proof is None:
        return refused(Gate.CLIENT, client_reasons.CLIENT_MISSING, "no client named itself")
    if proof.refused is not None:
        return refused(Gate.CLIENT, proof.refused, "", *proof.compared)
    if facts.app is None or proof.method is None:
        return refused(Gate.CLIENT, client_reasons.CLIENT_UNKNOWN, "no app has this consumer key")
    if attempt.door is Door.CALLER and proof.method is ClientAuthMethod.NONE:
        # RFC 7662 section 2.1: who asks about tokens proves who asks, and anybody can send a public app's name.
        return refused(Gate.CLIENT, client_reasons.CLIENT_NOT_CONFIDENTIAL, "a public app only names itself", *proof.compared)
    if attempt.door is Door.AUTHORIZE:
        return passed(Gate.CLIENT, "named by its consumer key; it proves itself when it redeems the code")
    words = "only names itself, as a public app does" if proof.method is ClientAuthMethod.NONE else f"proved itself by {proof.method}"
    return passed(Gate.CLIENT, words, *proof.compared)


def _by_assertion(facts: Facts, assertion: AssertionProof) -> Finding | None:
    """Client authentication is optional at this grant: the assertion is signed with the app's own key (RFC 7521 section 4.1)."""
    if assertion.certificate_id is None:
        # No live key of the app has signed it, so whoever sent it is a stranger and hears nothing about that app (standards G-13).
        return refused(Gate.CLIENT, assertion.refused, "", *assertion.compared) if assertion.refused is not None else None
    return passed(Gate.CLIENT, "named by the iss of its assertion") if facts.app is not None else None


def callback(_: Facts, attempt: Attempt) -> Finding | None:
    """Is the answer to go where the app's developer registered that it may go, and is the code redeemed for that same place?"""
    if attempt.door is Door.CODE:
        return _of_code(attempt, attempt.code) if attempt.code is not None else None
    proof = attempt.callback
    if proof is None:
        return None
    if proof.mismatch is not None:
        mismatch = proof.mismatch
        # Both whole, where it is known what was sent: a mark in an address is understood, and one in a part of it is not.
        sides = (proof.wanted, shown(mismatch.nearest or "")) if proof.wanted else (mismatch.sent, mismatch.registered)
        compared = Compared("redirect_uri", sides[0] or None, sides[1] or None, mismatch.words)
        return refused(Gate.CALLBACK, callback_reasons.CALLBACK_NOT_REGISTERED, mismatch.words, compared)
    if proof.refused is not None:
        return refused(Gate.CALLBACK, proof.refused)
    if proof.uri is None:
        return None
    return passed(Gate.CALLBACK, "registered, byte for byte" if proof.sent else "not sent; it is the only one that is registered")


def _of_code(attempt: Attempt, code: AuthorizationCode) -> Finding:
    sent = attempt.callback.uri if attempt.callback is not None else None
    compared = Compared("redirect_uri", sent, code.callback)
    if sent is None and (not code.callback_sent or code.challenge is not None):
        # OAuth 2.1 no longer sends it, since PKCE binds the code; without PKCE it must be repeated (RFC 6749 section 4.1.3).
        return passed(Gate.CALLBACK, "not sent, and not needed here", compared)
    if sent != code.callback:
        words = "it must be sent again" if sent is None else "it differs from the one of the authorization request"
        return refused(Gate.CALLBACK, callback_reasons.CALLBACK_DIFFERS, words, compared)
    return passed(Gate.CALLBACK, "the one of the authorization request", compared)


def app(facts: Facts, _: Attempt) -> Finding | None:
    """May the app act at all?"""
    if facts.app is None:
        return None
    if facts.app.deleted_at is not None:
        return refused(Gate.APP, app_reasons.APP_DELETED, "the app was deleted")
    if facts.installation is not None and facts.installation.blocked_at is not None:
        because = facts.installation.blocked_because
        return refused(Gate.APP, app_reasons.APP_BLOCKED, f"blocked: {because}" if because else "blocked")
    return passed(Gate.APP, "neither blocked nor deleted")


def installed(facts: Facts, attempt: Attempt) -> Finding | None:
    """Did this org take the app in, or may this user use what it did not?"""
    if facts.app is None:
        return None
    here = facts.installation if facts.policies is not None else None
    if here is not None and here.in_use(facts.now):
        until = f" until {here.uninstalled_at.isoformat()}" if here.uninstalled_at is not None else ""
        return passed(Gate.INSTALLED, f"installed in this org{until}")
    held = facts.standing.permissions(facts.now) if facts.standing is not None else frozenset()
    # At a device even who may use apps that are not installed does not: a code is easily typed for somebody else (X-DV-07).
    if attempt.flow is not Flow.DEVICE and here is not None and here.holders_only and Permission.APPROVE_UNINSTALLED_CONNECTED_APPS in held:
        return passed(Gate.INSTALLED, "not installed, and the user may use apps that are not")
    reason = installed_reasons.APP_NOT_INSTALLED
    if attempt.door is Door.AUTHORIZE and facts.session is None:
        if facts.app.fixed:
            # Everybody knows that there is this one. Whoever comes with it signs in first, and then hears what stands in the way.
            return None
        reason = installed_reasons.to_a_stranger(reason)
    return refused(Gate.INSTALLED, reason, "not installed in this org")
