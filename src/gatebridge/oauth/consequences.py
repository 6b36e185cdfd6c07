"""What a refusal changes all the same: a code that is burnt, a grant that ends. Decided here, written by `record`."""

from dataclasses import replace

from gatebridge.oauth.outcome import GrantEnd, Outcome, Poll
from gatebridge.oauth.redeeming import Redeeming
from gatebridge.rules.device_codes import SLOWER_BY
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import device as device_reasons
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.verdict import Finding, State, Verdict


def of(refusal: Outcome, redeeming: Redeeming, verdict: Verdict) -> Outcome:
    """The refusal with its consequences. There are none before the client is let in, nor for what belongs to another app.

    - A verifier that is wrong or missing burns the code: nobody gets a second try at it (X-AC-09).
    - A code that is redeemed a second time, by its app and with its verifier, ends what it had bought (RFC 6749 section 4.1.2). Without
      the verifier it does not, or whoever sees a code in a log could sign users out (OAuth 2.1 section 7.5.2).
    - A refresh token that is used a second time ends its family (RFC 9700 section 4.14.2).
    - A device that asks before its user has decided is remembered to have asked, and waits longer for good when it asks too soon
      (RFC 8628 section 3.5). That is not an outcome yet, so it leaves no line: ten minutes of waiting are one line and not a hundred.
    """
    if not _passed(verdict, Gate.CLIENT):
        return refusal
    if redeeming.attempt.device is not None and verdict.reason in (device_reasons.DEVICE_PENDING, device_reasons.DEVICE_TOO_SOON):
        slower = SLOWER_BY if verdict.reason is device_reasons.DEVICE_TOO_SOON else 0
        return replace(refusal, history=None, polls=Poll(redeeming.attempt.device, slower))
    code, proof = redeeming.attempt.code, _finding(verdict, Gate.PROOF)
    if code is not None and code.used_at is None and not _passed(verdict, Gate.PKCE):
        return replace(refusal, burns=code).unfolded()
    if code is not None and proof.reason is grant_reasons.CODE_USED and _passed(verdict, Gate.PKCE):
        return _ending(refusal, redeeming, "its authorization code was redeemed a second time")
    if redeeming.attempt.refresh is not None and proof.reason is grant_reasons.REFRESH_REUSED:
        return _ending(refusal, redeeming, "one of its refresh tokens was used a second time")
    return refusal


def _ending(refusal: Outcome, redeeming: Redeeming, because: str) -> Outcome:
    grant = redeeming.caller.facts.grant
    if grant is None or grant.ended_at is not None:
        return refusal
    return replace(refusal, ends_grant=GrantEnd(grant, because))


def _finding(verdict: Verdict, gate: Gate) -> Finding:
    unreached = Finding(gate, State.UNREACHED, "not reached")
    return next((finding for finding in verdict.findings if finding.gate is gate), unreached)


def _passed(verdict: Verdict, gate: Gate) -> bool:
    return _finding(verdict, gate).state is State.PASSED
