"""Gate 7, Proof: the token, code, refresh token or assertion that was presented. Whether it is genuine comes in as a value."""

from datetime import datetime, timedelta

from gatebridge.rules import lifetimes
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.asks import devices
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, AuthorizationCode, Epochs, RefreshToken
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import near, parse_address
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import proof as token_reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding


def proof(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is what was presented known, unused, in time, and has nothing ended that it hangs from?"""
    if attempt.client is not None and attempt.client.refused is not None:
        # For a caller who failed to prove itself it is not even looked up, so nothing is known about it (standards G-13).
        return None
    if attempt.proof_refused is not None:
        return refused(Gate.PROOF, attempt.proof_refused, "", *attempt.proof_compared)
    if attempt.door is Door.CODE:
        return _code(facts, attempt.code)
    if attempt.door is Door.REFRESH:
        return _refresh(facts, attempt, attempt.refresh)
    if attempt.door is Door.ASSERTION:
        return _assertion(facts, attempt)
    if attempt.door is Door.CONNECT:
        return devices.typed(facts, attempt.device)
    if attempt.door is Door.DEVICE:
        return devices.polled(facts, attempt.device)
    return _token(facts, attempt.token)


def _token(facts: Facts, token: AccessToken | None) -> Finding | None:
    if token is None:
        return refused(Gate.PROOF, token_reasons.TOKEN_UNKNOWN, "no such token")
    if token.ended_at is not None:
        return refused(Gate.PROOF, token_reasons.TOKEN_REVOKED, "revoked by itself")
    if facts.now >= token.expires_at:
        return refused(Gate.PROOF, token_reasons.TOKEN_EXPIRED, "its time is over", _times(facts.now, token.expires_at))
    if facts.grant is None or facts.grant.ended_at is not None:
        return refused(Gate.PROOF, token_reasons.TOKEN_ENDED, "the grant from which it hangs has ended")
    run_as = facts.policies.run_as_user_id if facts.policies else None
    if token.flow is Flow.CLIENT_CREDENTIALS and run_as not in (None, token.user_id):
        # Acting for the first user is over when the admin chooses another: no token may outlive that choice (GV-01).
        return refused(Gate.PROOF, token_reasons.TOKEN_ENDED, "the app runs as another user now")
    current = facts.epochs()
    if current is None:
        return None
    if current != token.epochs:
        return refused(Gate.PROOF, token_reasons.TOKEN_ENDED, _raised(current, token.epochs))
    return passed(Gate.PROOF, "known, not ended, in time")


def _code(facts: Facts, code: AuthorizationCode | None) -> Finding | None:
    if code is None:
        return refused(Gate.PROOF, grant_reasons.CODE_UNKNOWN, "no such code")
    if code.used_at is not None:
        return refused(Gate.PROOF, grant_reasons.CODE_USED, "redeemed before", _times(facts.now, code.used_at, "used_at"))
    if facts.now >= code.expires_at:
        return refused(Gate.PROOF, grant_reasons.CODE_EXPIRED, "its time is over", _times(facts.now, code.expires_at))
    if facts.session is None or facts.session.ended_at is not None:
        return refused(Gate.PROOF, grant_reasons.CODE_ENDED, "the session in which it was approved has ended")
    current = facts.epochs()
    if current is None:
        return None
    if current != code.epochs:
        return refused(Gate.PROOF, grant_reasons.CODE_ENDED, _raised(current, code.epochs))
    return passed(Gate.PROOF, "known, unused, in time")


def _refresh(facts: Facts, attempt: Attempt, refresh: RefreshToken | None) -> Finding | None:
    if refresh is None:
        return refused(Gate.PROOF, grant_reasons.REFRESH_UNKNOWN, "no such refresh token")
    if facts.policies is None:
        return None
    grant = facts.grant
    if grant is None or grant.ended_at is not None:
        return refused(Gate.PROOF, grant_reasons.REFRESH_ENDED, "its family has ended")
    current = facts.epochs()
    if current is None:
        return None
    if current != refresh.epochs:
        return refused(Gate.PROOF, grant_reasons.REFRESH_ENDED, _raised(current, refresh.epochs))
    policies = policies_in_force(facts)
    ends = lifetimes.first_expiry(policies, grant.created_at, grant.last_used_at)
    rule = Compared("refresh_token", grant.created_at.isoformat(), ", ".join(str(policy) for policy in policies))
    if ends is not None and facts.now >= ends:
        return refused(Gate.PROOF, grant_reasons.REFRESH_EXPIRED, f"its time was over at {ends.isoformat()}", rule)
    if refresh.used_at is not None:
        return _again(facts, attempt, refresh, refresh.used_at)
    return passed(Gate.PROOF, "known, not ended, in time, the newest of its family", rule)


def _again(facts: Facts, attempt: Attempt, refresh: RefreshToken, used_at: datetime) -> Finding:
    """A rotated token once more: a client whose answer was lost, or somebody who copied it (RFC 9700 section 4.14)."""
    assert facts.policies is not None  # noqa: S101 - the caller has looked
    grace = timedelta(seconds=facts.policies.refresh_grace_seconds)
    sent = str(attempt.address) if attempt.address is not None else None
    compared = Compared("address", sent, refresh.used_from or None, f"used {(facts.now - used_at).total_seconds():.0f} s before")
    from_there = near(attempt.address, parse_address(refresh.used_from))
    if facts.now - used_at < grace and from_there and not refresh.successor_used:
        return passed(Gate.PROOF, "once more within the grace: the same successor again", compared)
    return refused(Gate.PROOF, grant_reasons.REFRESH_REUSED, "it was exchanged for its successor before", compared)


def policies_in_force(facts: Facts) -> tuple[RefreshPolicy, ...]:
    """The refresh token policies at this moment; of an app that has no policies here, the defaults."""
    return facts.policies.refresh_policies_in_force(facts.now) if facts.policies is not None else DEFAULT_REFRESH_POLICIES


def _assertion(facts: Facts, attempt: Attempt) -> Finding | None:
    assertion = attempt.assertion
    if assertion is None:
        return refused(Gate.PROOF, grant_reasons.ASSERTION_MISSING)
    if assertion.refused is not None:
        return refused(Gate.PROOF, assertion.refused, "", *assertion.compared)
    if assertion.certificate_id is None:
        return None
    ended, signed_at = facts.ended_at(), assertion.signed_at
    # It says whole seconds, so one of the very second in which everything ended may have come after it.
    if ended is not None and (signed_at is None or signed_at < ended.replace(microsecond=0)):
        compared = Compared("iat", signed_at.isoformat() if signed_at is not None else None, ended.isoformat())
        return refused(Gate.PROOF, grant_reasons.GRANT_ASSERTION_ENDED, "signed before everything was ended", compared)
    return passed(Gate.PROOF, "signed with a live key of the app, for us, in time", *assertion.compared)


def _raised(current: Epochs, carried: Epochs) -> str:
    raised = [name for name in Epochs.__slots__ if getattr(current, name) != getattr(carried, name)]
    return f"everything of its {', '.join(raised)} was ended since"


def _times(now: datetime, moment: datetime, name: str = "expires_at") -> Compared:
    return Compared(name, now.isoformat(), moment.isoformat())
