"""One authorization request as a case: what it asks, what is known, and what the gates say about it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gatebridge.oauth import authorization_checks, id_token_hint, subjects
from gatebridge.oauth.authorization_checks import Parameters, Wanted
from gatebridge.oauth.claims_parameter import Requested
from gatebridge.oauth.request import OAuthRequest
from gatebridge.oauth.trying import callback
from gatebridge.rules import authorization, granted, levels
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import Approved
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import session as reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.rules.sessions import Session
from gatebridge.rules.verdict import Finding, Verdict
from gatebridge.rules.warned import Sign
from gatebridge.storage import factors
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

# What these say of the user who is signed in waits where the request wants another sign-in: somebody else may come back.
_OF_THE_USER = frozenset({Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK})

# What another sign-in mends. With one more factor it is the same user who comes back, of whom those gates say the same.
SIGN_IN_ANEW = (reasons.LOGIN_REQUIRED, reasons.LOGIN_TOO_OLD)
_ABOUT_SOMEBODY_ELSE = (*SIGN_IN_ANEW, reasons.LOGIN_OF_ANOTHER)

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Visit:
    """The browser that brings a request: the digest of its cookie, None where none came along, and the session that lives in it."""

    browser: bytes | None
    session: Session | None


@dataclass(frozen=True, slots=True)
class Case:
    """One request, what is known, and what the gates say about it."""

    org: Org
    request: OAuthRequest
    facts: Facts
    attempt: Attempt
    verdict: Verdict
    wanted: Wanted = field(default_factory=Wanted)
    requested: Requested = field(default_factory=Requested)
    warned: tuple[Sign, ...] = ()  # of what the page warned that the user has answered

    @property
    def silent(self) -> bool:
        return self.attempt.approving is not None and self.attempt.approving.silent

    @property
    def approved(self) -> bool:
        return self.attempt.approving is not None and self.attempt.approving.approved

    @property
    def denied(self) -> bool:
        return self.attempt.approving is not None and self.attempt.approving.denied

    @property
    def cause(self) -> Finding | None:
        """What is to be done something about first; None where everything passed."""
        refusal = self.verdict.refusal
        if refusal is not None and refusal.gate in _OF_THE_USER:
            session = next(finding for finding in self.verdict.findings if finding.gate is Gate.SESSION)
            return session if session.reason in _ABOUT_SOMEBODY_ELSE else refusal
        return refusal

    @property
    def callback(self) -> str:
        """The proven redirect URI. Raises ValueError where it is not proven."""
        proof = self.attempt.callback
        if proof is None or proof.uri is None:
            raise ValueError("An answer was to be sent to a redirect URI that is not proven")
        return proof.uri

    @property
    def claims(self) -> tuple[str, ...]:
        """The scopes that say what the app asks to be told claim by claim, beside the scopes that it asks for (docs/decisions/0024)."""
        return authorization.beyond(self.facts, self.attempt, (*self.requested.userinfo, *self.requested.id_token))

    def approval(self) -> Approved:
        """What the user has said yes to. Raises ValueError where nobody is signed in."""
        session = self.facts.session
        if session is None:
            raise ValueError("Something was approved, and nobody is signed in")
        profile = self.facts.standing.profile if self.facts.standing is not None else None
        required, _ = levels.required(self.facts.org, profile, self.facts.policies)
        taken = levels.known(self.requested.acr_values) if self.requested.acr_essential else ()
        return Approved(
            scopes=self.verdict.scopes,
            session_id=session.id,
            level=session.level if required.level is Level.HIGH else levels.told(session.level, taken),
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            nonce=self.request.parameters.get("nonce"),
            activated=session.activated,
            userinfo_claims=granted.singly(self.facts, self.requested.userinfo),
            id_token_claims=granted.singly(self.facts, self.requested.id_token),
        )


def case_of(tx: Tx, org: Org, request: OAuthRequest, visit: Visit, asked_at: datetime, *, first: bool = False) -> Case:
    """The case of a request that came in at `asked_at`; `first`: that is now."""
    parameters, session = request.parameters, visit.session
    requested = authorization_checks.requested(parameters)
    reader = FactsReader(tx)
    facts = reader.authorizing(org, parameters.get("client_id", ""), session)
    silent = authorization_checks.silent(parameters, facts)
    since, refused = _authenticated_since(parameters, asked_at, first=first), _unmet(requested)
    if session is not None and _means_another(reader, facts, session, parameters, requested, silent=silent):
        if silent or (not first and session.authenticated_at >= asked_at):
            refused = reasons.LOGIN_OF_ANOTHER
        else:
            since = asked_at + _MOMENT if first else asked_at  # somebody signs in anew, and it may be the one whom the request means
    approving = Approving(
        silent=silent,
        authenticated_since=since,
        level=_level_wished(tx, parameters, session, requested, silent=silent),
        ask_consent="consent" in authorization_checks.prompts(parameters),
    )
    attempt = authorization_checks.attempt(request, facts, approving, refused, _compared(requested, refused))
    attempt = callback.admitted(tx, facts, parameters, attempt)
    wanted = authorization_checks.wanted(parameters, facts)
    case = Case(org, request, facts, attempt, authorization.decide(facts, attempt), wanted, requested)
    if authorization.asks_for_claims(facts, case.claims):
        return _redecided(case, replace(approving, ask_consent=True))
    return case


def _authenticated_since(parameters: Parameters, asked_at: datetime, *, first: bool) -> datetime | None:
    """Since when the user must have signed in. It is counted from when the request came in, so that one sign-in after that is enough.

    No session that lives when the request comes in is new enough for `prompt=login`, for another account, or for `max_age=0` (AZ-19, 20).
    """
    most = authorization_checks.max_age(parameters)
    if most == 0 or authorization_checks.prompts(parameters) & {"login", "select_account"}:
        return asked_at + _MOMENT if first else asked_at
    return asked_at - timedelta(seconds=most) if most is not None else None


def _means_another(
    reader: FactsReader, facts: Facts, session: Session, parameters: Parameters, requested: Requested, *, silent: bool
) -> bool:
    """Whether the request says of whom it wants to hear, and it is not the user of this session.

    A hint of which nobody can tell whom it means is like none, unless the app relies on it to tell sessions apart without asking.
    """
    here = subjects.subject(facts.org, session.user_id, facts.app.dialect) if facts.app is not None else None
    if requested.subject not in (None, here):
        return True
    hint = parameters.get("id_token_hint")
    if hint is None:
        return False
    meant = id_token_hint.user_id(reader, facts.org, hint)
    return silent if meant is None else meant != session.user_id


def _unmet(requested: Requested) -> Reason | None:
    """Why no sign-in here can be what the request makes essential (OpenID Connect Core section 5.5.1.1)."""
    return reasons.ACR_UNMET if requested.acr_essential and not levels.known(requested.acr_values) else None


def _compared(requested: Requested, refused: Reason | None) -> tuple[Compared, ...]:
    """What a receipt shows side by side. Not of whom the request wants to hear: that is for nobody who only answers for the app."""
    if refused is not reasons.ACR_UNMET:
        return ()
    return (Compared("acr", " ".join(requested.acr_values), " ".join(level.acr for level in Level)),)


def _level_wished(tx: Tx, parameters: Parameters, session: Session | None, requested: Requested, *, silent: bool) -> Level:
    """The level to which the request raises the sign-in.

    An essential `acr` must be reached: whoever has no second factor sets one up on the way, or goes back. Everything else is a wish, and so
    counts only where the user can fulfil it on a page of ours: whoever has no second factor goes on with the level that is there, and `acr`
    in the ID token says which (AZ-21).
    """
    if session is None:
        return Level.STANDARD
    if requested.acr_essential and not any(session.level.reaches(level) for level in levels.known(requested.acr_values)):
        return Level.HIGH
    wished = levels.wished(" ".join(requested.acr_values)) or levels.wished(parameters.get("acr_values", "")) or Level.STANDARD
    if session.level.reaches(wished) or silent:
        return Level.STANDARD
    return wished if factors.of_user(tx, session.org_id, session.user_id) else Level.STANDARD


def decided(case: Case, *, approved: bool = False, denied: bool = False) -> Case:
    """The same case, now that the user has pressed a button."""
    return _redecided(case, replace(case.attempt.approving or Approving(), approved=approved, denied=denied))


def _redecided(case: Case, approving: Approving) -> Case:
    attempt = replace(case.attempt, approving=approving)
    return replace(case, attempt=attempt, verdict=authorization.decide(case.facts, attempt))
