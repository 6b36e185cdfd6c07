"""One authorization request as a case: what it asks, what is known, and what the gates say about it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatebridge.oauth import authorization_checks, id_token_hint
from gatebridge.oauth.authorization_checks import Parameters
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import access
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.orgs import Org
from gatebridge.rules.sessions import Session
from gatebridge.rules.verdict import Finding, State, Verdict
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

# What these say of the user who is signed in waits where the request wants another sign-in: somebody else may come back.
_OF_THE_USER = frozenset({Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK})

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
            return session if session.state is State.REFUSED else refusal
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


def decided(case: Case, *, approved: bool = False, denied: bool = False) -> Case:
    """The same case, now that the user has pressed a button."""
    approving = replace(case.attempt.approving or Approving(), approved=approved, denied=denied)
    attempt = replace(case.attempt, approving=approving)
    return replace(case, attempt=attempt, verdict=access.decide(case.facts, attempt))
