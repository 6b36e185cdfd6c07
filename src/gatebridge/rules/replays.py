"""Replay: what somebody did before, judged once more by the one decision, on the facts of today and on those of a draft.

A `Use` is what the history tells of a request. The proofs that came with it are taken as they were: the client proved itself, the code
fitted, the redirect was registered. What the two verdicts differ in is then the draft's doing and nothing else's.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gatebridge.rules import access, granted, levels
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.device_codes import INTERVAL_SECONDS, DeviceCode
from gatebridge.rules.facts import Approving, AssertionProof, Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, Approved, AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.network import Address
from gatebridge.rules.people import Assignment
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.sessions import Session

# What a request must prove by itself. A draft of policies changes nothing about it, so one that failed here is not judged again.
PROVING = frozenset({Gate.CLIENT, Gate.CALLBACK, Gate.PKCE, Gate.PROOF})
# What a user at a browser answers: signs in, says yes or no. Nobody knows what they would say another time.
ANSWERED = frozenset({Gate.SESSION, Gate.CONSENT})

SCOPE_OF_OUR_API = "setup_api"

_CALLBACK = "https://replayed.invalid/"
_A_MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which an app was used, or somebody signed in. Requests that are alike in all of this are decided alike."""

    door: Door | None  # None: a sign-in at our own page, for no app's door
    flow: Flow | None = None
    address: Address | None = None
    method: ClientAuthMethod | None = None  # how the client proved itself
    scopes_asked: tuple[str, ...] | None = None
    scopes_held: tuple[str, ...] | None = None  # of the code, family or token; None: not known, or there was none yet
    level: Level | None = None  # how sure the sign-in was; None: the history does not tell
    activated: bool = False
    began: Flow | None = None  # the flow that began the family


class Kind(StrEnum):
    """What a draft would do to a use, the gravest first."""

    REFUSED = "refused"  # went through, and would be refused
    ASKED = "asked"  # would go through only after the user has given another factor
    NARROWED = "narrowed"  # would go through with fewer scopes than now
    ADMITTED = "admitted"  # is refused now, and would go through


@dataclass(frozen=True, slots=True)
class Difference:
    """What a draft would change for one use. `reason` is why it would be refused, or why it is refused now."""

    kind: Kind
    reason: Reason | None = None
    scopes_lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gates say of one use: why not, or with which scopes; `after_another_factor`: on that condition only."""

    reason: Reason | None
    scopes: tuple[str, ...] = ()
    after_another_factor: bool = False


def difference(facts: Facts, drafted: Facts, use: Use) -> Difference | None:
    """What a draft would change for a use; None: nothing. `drafted` are the same facts with the draft laid over them."""
    if drafted is facts:
        return None
    now, then = judge(facts, use), judge(drafted, use)
    if now.reason is None and then.reason is not None:
        return Difference(Kind.REFUSED, then.reason)
    if now.reason is not None and then.reason is None:
        return Difference(Kind.ADMITTED, now.reason)
    if now.reason is not None:
        return None
    if then.after_another_factor and not now.after_another_factor:
        return Difference(Kind.ASKED)
    lost = tuple(scope for scope in now.scopes if scope not in then.scopes)
    return Difference(Kind.NARROWED, scopes_lost=lost) if lost else None


def judge(facts: Facts, use: Use) -> Judged:
    """What the gates say of a use on these facts."""
    if use.door is None:
        return _sign_in(facts, use)
    if use.door in (Door.AUTHORIZE, Door.CODE, Door.DEVICE) and _raises(facts) and use.level is not Level.HIGH:
        # Whoever signs in at a browser is asked for another factor and goes on; a family that lives cannot be asked.
        found = judge(facts, replace(use, level=Level.HIGH))
        return replace(found, after_another_factor=use.door is Door.AUTHORIZE)
    verdict = access.decide(*_brought(facts, use, use.door))
    return Judged(verdict.reason, verdict.scopes)


def at(facts: Facts, moment: datetime) -> Facts:
    """The facts of today, at another moment of the clock: for hours that are open or closed. What holds today holds, nothing else."""
    standing = facts.standing
    if standing is not None:
        sets = tuple((held, _fixed(assignment, facts.now)) for held, assignment in standing.sets)
        standing = replace(standing, sets=sets)
    permits = tuple(_fixed(permit, facts.now) for permit in facts.permits)
    here = facts.installation
    if here is not None:
        here = replace(here, uninstalled_at=None if here.in_use(facts.now) else _LONG_AGO)
    return replace(facts, now=moment, permits=permits, standing=standing, installation=here)


def _fixed(assignment: Assignment, now: datetime) -> Assignment:
    return Assignment(assignment.holder_id, None if assignment.holds(now) else _LONG_AGO)


def _sign_in(facts: Facts, use: Use) -> Judged:
    """At our own page only the hours of the user's profile are in the admin's hand; ranges are asked at the door of an app."""
    hours = access.ASK[Gate.HOURS](facts, Attempt(Door.AUTHORIZE, use.address))
    return Judged(hours.reason if hours is not None else None)


def _raises(facts: Facts) -> bool:
    """Whether somebody at a browser is asked for another factor: a high level is required, and nobody says that it blocks."""
    profile = facts.standing.profile if facts.standing is not None else None
    required, _ = levels.required(facts.org, profile, facts.policies)
    return required.level is Level.HIGH and required.action is LevelAction.RAISE


def _brought(facts: Facts, use: Use, door: Door) -> tuple[Facts, Attempt]:
    """The facts and the attempt of a request that brings good proofs, such as its own were."""
    client = ClientProof(method=use.method or ClientAuthMethod.SECRET_BASIC)
    attempt = Attempt(door, use.address, client=client, flow=use.flow, scopes_asked=use.scopes_asked)
    epochs = facts.epochs()
    if epochs is None or facts.standing is None or facts.app is None or facts.installation is None:
        return facts, attempt  # a gate before the proof says why
    if door is Door.AUTHORIZE:
        brought = replace(attempt, callback=CallbackProof(uri=_CALLBACK), challenge="replayed", approving=Approving(approved=True))
        return replace(facts, session=_session(facts, use)), brought
    if door is Door.ASSERTION:
        signed_at = max(facts.now, facts.ended_at() or facts.now)
        return facts, replace(attempt, client=None, assertion=AssertionProof(certificate_id="replayed", signed_at=signed_at))
    if door is Door.CODE:
        code = _code(facts, use, epochs)
        return replace(facts, session=_session(facts, use)), replace(attempt, callback=CallbackProof(), code=code)
    if door is Door.DEVICE:
        device = _device(facts, use, epochs)
        asked = replace(attempt, device=device, scopes_asked=granted.of_device(facts, device))
        return replace(facts, session=_session(facts, use)), asked
    if door is Door.REFRESH:
        return replace(facts, grant=_grant(facts, use)), replace(attempt, refresh=_refresh(facts, epochs))
    if door is Door.API:
        asked = replace(attempt, client=None, flow=None, token=_token(facts, use, epochs), scope_needed=SCOPE_OF_OUR_API)
        return replace(facts, grant=_grant(facts, use)), asked
    return facts, attempt


def _held(facts: Facts, use: Use) -> tuple[str, ...]:
    """What the code, family or token held. Where nobody knows, all that the app may have here."""
    return use.scopes_held if use.scopes_held is not None else granted.here(facts)


def _session(facts: Facts, use: Use) -> Session:
    assert facts.standing is not None  # noqa: S101 - the caller has looked
    return Session(
        id="replayed",
        org_id=facts.org.id,
        user_id=facts.standing.user.id,
        level=use.level or Level.STANDARD,
        methods=("pwd",),
        authenticated_at=facts.now,
        created_at=facts.now,
        last_seen_at=facts.now,
        org_epoch=facts.org.epoch,
        user_epoch=facts.standing.user.epoch,
        address=str(use.address) if use.address is not None else "",
        activated=use.activated,
    )


def _grant(facts: Facts, use: Use) -> Grant:
    assert facts.standing is not None  # noqa: S101 - the caller has looked
    assert facts.app is not None  # noqa: S101
    assert facts.installation is not None  # noqa: S101
    return Grant(
        id="replayed",
        org_id=facts.org.id,
        app_id=facts.app.id,
        installation_id=facts.installation.id,
        user_id=facts.standing.user.id,
        flow=use.began or (use.flow if use.flow not in (None, Flow.REFRESH_TOKEN) else Flow.WEB_SERVER),
        epoch=0,
        created_at=facts.now,
        scopes=_held(facts, use),
        address=str(use.address) if use.address is not None else "",
        level=use.level or Level.STANDARD,
        activated=use.activated,
    )


def _code(facts: Facts, use: Use, epochs: Epochs) -> AuthorizationCode:
    grant = _grant(facts, use)
    return AuthorizationCode(
        id="replayed",
        org_id=grant.org_id,
        app_id=grant.app_id,
        installation_id=grant.installation_id,
        user_id=grant.user_id,
        session_id="replayed",
        callback=_CALLBACK,
        callback_sent=False,
        challenge="replayed",
        nonce=None,
        scopes=grant.scopes,
        level=grant.level,
        methods=("pwd",),
        authenticated_at=facts.now,
        tells_auth_time=False,
        epochs=epochs,
        issued_at=facts.now,
        expires_at=facts.now + _A_MINUTE,
        activated=use.activated,
    )


def _device(facts: Facts, use: Use, epochs: Epochs) -> DeviceCode:
    grant = _grant(facts, use)
    return DeviceCode(
        id="replayed",
        org_id=grant.org_id,
        app_id=grant.app_id,
        installation_id=grant.installation_id,
        scopes=grant.scopes,
        epochs=epochs,
        created_at=facts.now,
        expires_at=facts.now + _A_MINUTE,
        interval_seconds=INTERVAL_SECONDS,
        session_id="replayed",
        user_id=grant.user_id,
        approved=Approved(grant.scopes, "replayed", grant.level, ("pwd",), facts.now, activated=use.activated),
        decided_at=facts.now,
    )


def _refresh(facts: Facts, epochs: Epochs) -> RefreshToken:
    assert facts.standing is not None  # noqa: S101 - the caller has looked
    assert facts.app is not None  # noqa: S101
    assert facts.installation is not None  # noqa: S101
    user_id, here = facts.standing.user.id, facts.installation.id
    return RefreshToken(facts.org.id, "replayed", facts.app.id, here, user_id, 0, facts.now, replace(epochs, grant=0))


def _token(facts: Facts, use: Use, epochs: Epochs) -> AccessToken:
    grant = _grant(facts, use)
    return AccessToken(
        id="replayed",
        org_id=grant.org_id,
        grant_id=grant.id,
        app_id=grant.app_id,
        installation_id=grant.installation_id,
        user_id=grant.user_id,
        flow=use.flow or grant.flow,
        format=TokenFormat.OPAQUE,
        scopes=grant.scopes,
        audience=facts.org.issuer,
        issued_at=facts.now,
        expires_at=facts.now + _A_MINUTE,
        epochs=replace(epochs, grant=0),
        address=grant.address,
    )
