"""One authorization request as a case: what it asks, what is known, and what the gates say about it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatebridge.oauth import authorization_checks, id_token_hint
from gatebridge.oauth.authorization_checks import Parameters
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import access, levels
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import session as reasons
from gatebridge.rules.sessions import Session
from gatebridge.rules.verdict import Finding, Verdict
from gatebridge.storage import factors
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

# What these say of the user who is signed in waits where the request wants another sign-in: somebody else may come back.
_OF_THE_USER = frozenset({Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK})

# What another sign-in mends. With one more factor it is the same user who comes back, of whom those gates say the same.
SIGN_IN_ANEW = (reasons.LOGIN_REQUIRED, reasons.LOGIN_TOO_OLD)

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
            return session if session.reason in SIGN_IN_ANEW else refusal
        return refusal

    @property
    def callback(self) -> str:
        """The proven redirect URI. Raises ValueError where it is not proven."""
        proof = self.attempt.callback
        if proof is None or proof.uri is None:
            raise ValueError("An answer was to be sent to a redirect URI that is not proven")
        return proof.uri


def case_of(tx: Tx, org: Org, request: OAuthRequest, visit: Visit, asked_at: datetime, *, first: bool = False) -> Case:
    """The request as this browser brings it. `asked_at` is when it came in, and `first` whether that is now."""
    parameters = request.parameters
    prompts = authorization_checks.prompts(parameters)
    approving = Approving(
        silent="none" in prompts,
        authenticated_since=_authenticated_since(parameters, asked_at, first=first),
        level=_level_wished(tx, parameters, visit.session),
        ask_consent="consent" in prompts,
    )
    reader, session, hint = FactsReader(tx), visit.session, parameters.get("id_token_hint")
    if session is not None and hint is not None and approving.silent and not id_token_hint.is_about(reader, org, hint, session):
        session = None  # the one whom the app means is not signed in at this browser
    facts = reader.authorizing(org, parameters.get("client_id", ""), session)
    attempt = authorization_checks.attempt(request, facts, approving)
    return Case(org, request, facts, attempt, access.decide(facts, attempt))


def _authenticated_since(parameters: Parameters, asked_at: datetime, *, first: bool) -> datetime | None:
    """Since when the user must have signed in. It is counted from when the request came in, so that one sign-in after that is enough.

    No session that lives when the request comes in is new enough for `prompt=login`, for another account, or for `max_age=0` (AZ-19, 20).
    """
    most = authorization_checks.max_age(parameters)
    if most == 0 or authorization_checks.prompts(parameters) & {"login", "select_account"}:
        return asked_at + _MOMENT if first else asked_at
    return asked_at - timedelta(seconds=most) if most is not None else None


def _level_wished(tx: Tx, parameters: Parameters, session: Session | None) -> Level:
    """The level to which `acr_values` raises the sign-in. It is a wish, and so counts only where the user can fulfil it on a page of ours:

    whoever has no second factor goes on with the level that is there, and `acr` in the ID token says which (AZ-21).
    """
    wished = levels.wished(parameters.get("acr_values", "")) or Level.STANDARD
    if session is None or session.level.reaches(wished) or "none" in authorization_checks.prompts(parameters):
        return Level.STANDARD
    return wished if factors.of_user(tx, session.org_id, session.user_id) else Level.STANDARD


def decided(case: Case, *, approved: bool = False, denied: bool = False) -> Case:
    """The same case, now that the user has pressed a button."""
    approving = replace(case.attempt.approving or Approving(), approved=approved, denied=denied)
    attempt = replace(case.attempt, approving=approving)
    return replace(case, attempt=attempt, verdict=access.decide(case.facts, attempt))
