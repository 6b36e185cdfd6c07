"""More than was shown when the session began: a factor in the middle of it, or the same once more before something weighty."""

from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import factors, outcomes, second_step, sessions, warnings
from gatebridge.signin.factors import Code, Match, Signed
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.signin.sessions import SignedIn
from gatebridge.storage.tx import Tx

BEFORE = "session"  # what was shown before, as the history calls it
PROVEN_ANEW = "the user proved to be it once more, and has a new session"


def step_up(tx: Tx, org: Org, signed_in: SignedIn, shown: Code | Signed, place: Place) -> Begun | Reason:
    """Raise a live session by a factor. It has a new value then; the old one is dead at once (X-SE-01)."""
    passed = _checked(tx, org, signed_in, shown, place)
    if isinstance(passed, Reason):
        return passed
    raised = sessions.raise_level(tx, signed_in.session, methods=_together(signed_in, passed))
    return Begun(*raised) if raised is not None else reasons.INTERACTION_UNKNOWN


def prove_again(tx: Tx, org: Org, signed_in: SignedIn, shown: Code | Signed, place: Place) -> Begun | Reason:
    """Show a factor once more before something weighty: a new session in place of the one at this browser, proven at this moment."""
    passed = _checked(tx, org, signed_in, shown, place)
    return passed if isinstance(passed, Reason) else begin_anew(tx, org, signed_in, place, _together(signed_in, passed), Level.HIGH)


def after_password(tx: Tx, org: Org, signed_in: SignedIn, place: Place) -> Begun:
    """The same for who has no factor, and has just shown the own password (`signin.password.confirm`)."""
    user, session = signed_in.standing.user, signed_in.session
    outcomes.record(tx, org, place, user.username, user, None, factors.told(BEFORE, second_step.PASSWORD), folds=False)
    return begin_anew(tx, org, signed_in, place, session.methods, session.level)


def begin_anew(tx: Tx, org: Org, signed_in: SignedIn, place: Place, methods: tuple[str, ...], level: Level) -> Begun:
    """A new session in place of the one at this browser, for who has just proven to be it; the caller has checked that."""
    sessions.give_way(tx, signed_in.session, signed_in.standing.user.id, PROVEN_ANEW)
    session, value = sessions.begin(
        tx,
        org,
        signed_in.standing,
        methods=methods,
        address=place.address,
        user_agent=place.user_agent,
        browser=place.browser,
        level=level,
        activated=signed_in.session.activated or level is Level.HIGH,
        continues=signed_in.session,
    )
    return Begun(session, value)


def _checked(tx: Tx, org: Org, signed_in: SignedIn, shown: Code | Signed, place: Place) -> Match | Reason:
    standing = signed_in.standing
    found = factors.look(tx, org, standing.user, shown, place.browser)
    passed = factors.check(tx, org, standing, place, found, before=BEFORE)
    if isinstance(passed, Match):
        second_step.activate(tx, org, standing, place, passed.by)
        outcomes.record(tx, org, place, standing.user.username, standing.user, None, factors.told(BEFORE, passed.by), folds=False)
        if passed.recovery is not None:
            warnings.recovery_code_used(tx, org, standing.user, place)
    return passed


def _together(signed_in: SignedIn, passed: Match) -> tuple[str, ...]:
    """Everything that was shown in this session, each thing once."""
    return tuple(dict.fromkeys((*signed_in.session.methods, *passed.methods)))
