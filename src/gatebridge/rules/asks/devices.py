"""What the doors of the device flow ask of their own: the device code at gate 7, Proof, and the sign-in behind it at gate 13, Session."""

from dataclasses import asdict, replace

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.asks import terms
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import Approved, Grant
from gatebridge.rules.reasons import device as reasons
from gatebridge.rules.reasons import user_codes
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding


def typed(facts: Facts, device: DeviceCode | None) -> Finding:
    """Does a device wait with the code that the user typed, and has nothing ended since that it depends on?"""
    if device is None:
        return refused(Gate.PROOF, user_codes.USER_CODE_UNKNOWN, "no device waits with this code")
    if device.decided_at is not None:
        return refused(Gate.PROOF, user_codes.USER_CODE_DECIDED, "decided about before", _times(facts, device, "decided_at"))
    if facts.now >= device.expires_at:
        return refused(Gate.PROOF, user_codes.USER_CODE_EXPIRED, "its time is over", _times(facts, device, "expires_at"))
    ended = _ended(facts, device)
    if ended:
        return refused(Gate.PROOF, user_codes.USER_CODE_ENDED, f"everything of its {ended} was ended since")
    return passed(Gate.PROOF, "known, not decided about, in time")


def polled(facts: Facts, device: DeviceCode | None) -> Finding | None:
    """Has the user said yes, is it not used up, and has nothing ended since?"""
    if device is None:
        return refused(Gate.PROOF, reasons.DEVICE_CODE_UNKNOWN, "no such device code")
    if device.used_at is not None:
        return refused(Gate.PROOF, reasons.DEVICE_CODE_USED, "answered before", _times(facts, device, "used_at"))
    if device.decided_at is not None and device.approved is None:
        return refused(Gate.PROOF, reasons.DEVICE_DENIED, "the user said no", _times(facts, device, "decided_at"))
    if facts.now >= device.expires_at:
        return refused(Gate.PROOF, reasons.DEVICE_EXPIRED, "its time is over", _times(facts, device, "expires_at"))
    ended = _ended(facts, device)
    if ended:
        return refused(Gate.PROOF, reasons.DEVICE_CODE_ENDED, f"everything of its {ended} was ended since")
    if device.approved is None:
        wait = f"to be asked every {device.interval_seconds} s"
        if device.too_soon(facts.now):
            return refused(Gate.PROOF, reasons.DEVICE_TOO_SOON, wait, _times(facts, device, "polled_at"))
        return refused(Gate.PROOF, reasons.DEVICE_PENDING, f"the user has not decided yet; {wait}")
    if facts.session is None or facts.session.ended_at is not None:
        return refused(Gate.PROOF, reasons.DEVICE_CODE_ENDED, "the session in which it was approved has ended")
    return passed(Gate.PROOF, "approved, unused, in time") if facts.standing is not None else None


def _ended(facts: Facts, device: DeviceCode) -> str:
    """Of what everything was ended since the device asked, or since its user said yes; empty: of nothing."""
    carried = device.epochs
    found = {
        "org": facts.org.epoch != carried.org,
        "app": facts.app is not None and facts.app.epoch != carried.app,
        "installation": facts.installation is not None and facts.installation.epoch != carried.installation,
        "user": device.approved is not None and facts.standing is not None and facts.standing.user.epoch != carried.user,
    }
    return ", ".join(name for name, raised in found.items() if raised)


def _times(facts: Facts, device: DeviceCode, name: str) -> Compared:
    moment = getattr(device, name)
    return Compared(name, facts.now.isoformat(), moment.isoformat())


def sign_in(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is the sign-in good enough: on the page that connects a device the one that lives there, behind a device code the approving one?"""
    if attempt.door is Door.CONNECT:
        return terms.session(facts, attempt)
    approved = attempt.approved
    if attempt.door is Door.DEVICE and attempt.device is not None and approved is not None:
        # It is held against the same levels as the grant that it is about to buy.
        return terms.level(replace(facts, grant=_would_be(attempt.device, approved)), attempt)
    return terms.sign_in(facts, attempt)


def _would_be(device: DeviceCode, approved: Approved) -> Grant:
    return Grant(
        id="",
        org_id=device.org_id,
        app_id=device.app_id,
        installation_id=device.installation_id,
        user_id=device.user_id or "",
        flow=Flow.DEVICE,
        epoch=0,
        created_at=device.created_at,
        **asdict(approved),
    )
