"""Attempts that nobody has made: what each door of a flow would be asked, if client, proof and PKCE were in order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatebridge.rules import authorization, callbacks, granted
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.asks.terms import access_token_lifetime
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.device_codes import INTERVAL_SECONDS, LIFETIME, DeviceCode
from gatebridge.rules.facts import Approving, AssertionProof, Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, Approved, AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Address
from gatebridge.rules.people import User
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.sessions import Session
from gatebridge.rules.verdict import Verdict

# The doors that a flow leads through, in order; at the last one its access token is used.
DOORS: Mapping[Flow, tuple[Door, ...]] = {
    Flow.WEB_SERVER: (Door.AUTHORIZE, Door.CODE, Door.INTROSPECT),
    Flow.USER_AGENT: (Door.AUTHORIZE, Door.INTROSPECT),
    Flow.DEVICE: (Door.DEVICE_START, Door.CONNECT, Door.DEVICE, Door.INTROSPECT),
    Flow.REFRESH_TOKEN: (Door.REFRESH, Door.INTROSPECT),
    Flow.JWT_BEARER: (Door.ASSERTION, Door.INTROSPECT),
    Flow.CLIENT_CREDENTIALS: (Door.TOKEN, Door.INTROSPECT),
}

# What was presented cannot be imagined, so at these gates it is taken for good.
ASSUMED = frozenset({Gate.CLIENT, Gate.PKCE, Gate.PROOF})

ADMIN_SCOPE = "setup_api"  # what our own API demands of a token

_CHALLENGE = "a" * 43
_NOBODY = ""  # the id of a record that there is not


@dataclass(frozen=True, slots=True)
class Situation:
    """The part of a question that is no record: how, for what, from where, and how sure the user would be."""

    flow: Flow
    scopes: tuple[str, ...] | None = None  # None: the request names none
    address: Address | None = None
    activated: bool = False  # the browser; of a grant, the browser in which it was approved
    level: Level = Level.STANDARD
    callback: str | None = None  # None: the app's first one
    grant: Grant | None = None  # what is presented hangs from this one; None: from one that is made for the question
    given: tuple[str, ...] = ()  # the scopes of what is presented; none: all that such a request would be given
    needed: str | None = None  # a scope without which what is presented is of no use


def imagined_session(user: User, org_epoch: int, now: datetime, situation: Situation) -> Session:
    """The session of a user who has signed in just now."""
    return Session(
        id=_NOBODY,
        org_id=user.org_id,
        user_id=user.id,
        level=situation.level,
        methods=("pwd",) if situation.level is Level.STANDARD else ("pwd", "otp"),
        authenticated_at=now,
        created_at=now,
        last_seen_at=now,
        org_epoch=org_epoch,
        user_epoch=user.epoch,
        address=str(situation.address) if situation.address is not None else "",
        activated=situation.activated,
    )


def decided(facts: Facts, door: Door, situation: Situation, given_at: datetime) -> tuple[Facts, Attempt, Verdict]:
    """What would be asked at this door, and what its gates would say.

    `given_at` is when what is presented there was given out: now, or earlier where the question is about a later time.
    """
    facts, attempt = _attempt(facts, door, situation, given_at)
    return facts, attempt, authorization.decide(facts, attempt)


def _attempt(facts: Facts, door: Door, situation: Situation, given_at: datetime) -> tuple[Facts, Attempt]:
    if door is Door.AUTHORIZE:
        return facts, replace(
            _asking(facts, door, situation),
            client=ClientProof(ClientAuthMethod.NONE),
            callback=_callback(situation.callback, facts.settings) if facts.settings is not None else None,
            challenge=_CHALLENGE,
            approving=Approving(),
        )
    if door is Door.CODE:
        facts = replace(facts, grant=None)
        code = _code(facts, situation)
        sent = CallbackProof(uri=code.callback) if code is not None else None
        return facts, replace(_asking(facts, door, situation), scopes_asked=None, code=code, callback=sent)
    if door in (Door.CONNECT, Door.DEVICE):
        return _with_a_device(replace(facts, grant=None), door, situation)
    if door in (Door.TOKEN, Door.DEVICE_START):
        return facts, _asking(facts, door, situation)
    if door is Door.ASSERTION:
        # Not signed before whatever was ended up to now, also where the question is about an earlier time.
        signed = AssertionProof(certificate_id=_NOBODY, signed_at=max(facts.now, facts.ended_at() or facts.now))
        return facts, replace(_asking(facts, door, situation), client=None, assertion=signed)
    held = replace(facts, grant=situation.grant or _grant(facts, situation, given_at))
    if door is Door.REFRESH:
        return held, replace(_asking(facts, door, situation), refresh=_refresh(held, given_at))
    needed = ADMIN_SCOPE if door is Door.API else situation.needed
    return held, Attempt(door=door, address=situation.address, token=_token(held, situation), scope_needed=needed)


def _asking(facts: Facts, door: Door, situation: Situation) -> Attempt:
    return Attempt(
        door=door,
        address=situation.address,
        client=_proven(facts.settings),
        flow=situation.flow,
        scopes_asked=situation.scopes,
    )


def _with_a_device(facts: Facts, door: Door, situation: Situation) -> tuple[Facts, Attempt]:
    """The code of a device that its user has just typed; or, where it waits for its tokens, has just approved."""
    device = _device(facts, situation)
    if door is Door.CONNECT:
        typed = replace(device, approved=None, decided_at=None)
        return facts, replace(
            _asking(facts, door, situation),
            client=None,
            scopes_asked=granted.of_device(facts, typed),
            device=typed,
            approving=Approving(ask_consent=True),
        )
    return facts, replace(_asking(facts, door, situation), scopes_asked=granted.of_device(facts, device), device=device)


def _proven(settings: AppSettings | None) -> ClientProof:
    """A proof by a method that the app may use."""
    methods = settings.auth_methods if settings is not None else frozenset()
    return ClientProof(next((method for method in ClientAuthMethod if method in methods), None))


def _callback(sent: str | None, settings: AppSettings) -> CallbackProof:
    if sent is None:
        first = settings.callbacks[0] if settings.callbacks else None
        return CallbackProof(first) if first is not None else CallbackProof(refused=callback_reasons.CALLBACK_MISSING, sent=False)
    found = callbacks.match(sent, settings.callbacks, native=settings.native)
    return CallbackProof(mismatch=found, wanted=callbacks.shown(sent)) if isinstance(found, Mismatch) else CallbackProof(uri=found)


def _scopes(facts: Facts, situation: Situation) -> tuple[str, ...]:
    """What was granted, or would have been to a request for these scopes."""
    if situation.given:
        return situation.given
    asked = Attempt(Door.AUTHORIZE, None, flow=situation.flow, scopes_asked=situation.scopes)
    # Where nothing of what was asked can be had, the door before has said so; what comes after it is judged on what the app may have.
    return granted.before_approval(facts, asked) or granted.before_approval(facts, replace(asked, scopes_asked=None))


def _epochs(facts: Facts) -> Epochs:
    return facts.epochs() or Epochs(0, 0, 0, 0, 0)


def _ids(facts: Facts) -> tuple[str, str, str]:
    return (
        facts.app.id if facts.app is not None else _NOBODY,
        facts.installation.id if facts.installation is not None else _NOBODY,
        facts.standing.user.id if facts.standing is not None else _NOBODY,
    )


def _code(facts: Facts, situation: Situation) -> AuthorizationCode | None:
    app_id, installation_id, user_id = _ids(facts)
    if facts.settings is None or facts.session is None:
        return None
    proof = _callback(situation.callback, facts.settings)
    return AuthorizationCode(
        id=_NOBODY,
        org_id=facts.org.id,
        app_id=app_id,
        installation_id=installation_id,
        user_id=user_id,
        session_id=_NOBODY,
        callback=proof.uri or "",
        callback_sent=proof.uri is not None,
        challenge=_CHALLENGE,
        nonce=None,
        scopes=_scopes(facts, situation),
        level=situation.level,
        methods=facts.session.methods,
        authenticated_at=facts.session.authenticated_at,
        tells_auth_time=False,
        epochs=_epochs(facts),
        issued_at=facts.now,
        expires_at=facts.now + timedelta(seconds=60),
        activated=situation.activated,
    )


def _device(facts: Facts, situation: Situation) -> DeviceCode:
    app_id, installation_id, user_id = _ids(facts)
    scopes, methods = _scopes(facts, situation), facts.session.methods if facts.session is not None else ()
    return DeviceCode(
        id=_NOBODY,
        org_id=facts.org.id,
        app_id=app_id,
        installation_id=installation_id,
        scopes=scopes,
        epochs=_epochs(facts),
        created_at=facts.now,
        expires_at=facts.now + LIFETIME,
        interval_seconds=INTERVAL_SECONDS,
        session_id=_NOBODY,
        user_id=user_id,
        approved=Approved(scopes, _NOBODY, situation.level, methods, facts.now, activated=situation.activated),
        decided_at=facts.now,
    )


def _grant(facts: Facts, situation: Situation, given_at: datetime) -> Grant:
    app_id, installation_id, user_id = _ids(facts)
    began = Flow.WEB_SERVER if situation.flow is Flow.REFRESH_TOKEN else situation.flow
    return Grant(
        id=_NOBODY,
        org_id=facts.org.id,
        app_id=app_id,
        installation_id=installation_id,
        user_id=user_id,
        flow=began,
        epoch=0,
        created_at=given_at,
        scopes=_scopes(facts, situation),
        last_used_at=given_at,
        level=situation.level,
        authenticated_at=given_at if began in (Flow.WEB_SERVER, Flow.USER_AGENT, Flow.DEVICE) else None,
        activated=situation.activated,
    )


def _refresh(facts: Facts, given_at: datetime) -> RefreshToken:
    app_id, installation_id, user_id = _ids(facts)
    return RefreshToken(facts.org.id, _NOBODY, app_id, installation_id, user_id, 0, given_at, _epochs(facts))


def _token(facts: Facts, situation: Situation) -> AccessToken:
    app_id, installation_id, user_id = _ids(facts)
    lifetime = access_token_lifetime(facts)
    return AccessToken(
        id=_NOBODY,
        org_id=facts.org.id,
        grant_id=_NOBODY,
        app_id=app_id,
        installation_id=installation_id,
        user_id=user_id,
        flow=situation.flow,
        format=facts.settings.access_token_format if facts.settings is not None else TokenFormat.OPAQUE,
        scopes=_scopes(facts, situation),
        audience=facts.org.issuer,
        issued_at=facts.now,
        expires_at=facts.now + timedelta(seconds=lifetime.seconds if lifetime is not None else 60),
        epochs=_epochs(facts),
        address=str(situation.address) if situation.address is not None else "",
    )
