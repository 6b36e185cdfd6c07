"""What a resource server wants of a live token beside that it lives: scopes, an audience, how surely and how lately its user signed in.

What is said in several places adds up and never replaces: whoever can add a need, such as a client whose headers a proxy passes on, can
make it harder for itself and for nobody easier.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatebridge.rules import scopes
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.asks.answers import refused
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import level as level_reasons
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.reasons import resource as reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding, State, Verdict

LONGEST_AGE = 10  # digits of a number of seconds


@dataclass(frozen=True, slots=True)
class Needs:
    """What is wanted. Nothing of it: every live token that the resource server may see."""

    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()  # the token must be for each of them, so two that differ let nobody in
    level: Level | None = None  # None: also tokens for which nobody signed in
    max_age: int | None = None  # seconds since the user signed in


def read(said: Iterable[tuple[str, str]]) -> Needs | str:
    """The needs in these pairs of name and value, or the name of one whose value cannot be read. Names that nobody knows are ignored.

    A value that is empty is as wrong as one that is misspelt: who means to need something must not get nothing.
    """
    needs = Needs()
    for name, value in said:
        if name == "scope":
            listed = scopes.parse(value)
            if listed is None:
                return name
            needs = replace(needs, scopes=scopes.ordered((*needs.scopes, *listed)))
        elif name == "aud":
            if not value:
                return name
            needs = replace(needs, audiences=(*needs.audiences, value))
        elif name == "level":
            if value not in tuple(Level):
                return name
            needs = replace(needs, level=Level.HIGH if Level.HIGH in (needs.level, value) else Level.STANDARD)
        elif name == "max_age":
            if not (value.isascii() and value.isdecimal() and len(value) <= LONGEST_AGE):
                return name
            needs = replace(needs, max_age=min(int(value), needs.max_age if needs.max_age is not None else int(value)))
    return needs


def may_see(asking: Facts, token: AccessToken) -> bool:
    """Whether an app may learn about this token: its own, those for the API that it is, and all where its settings say so (IN-04, X-MX-06).

    What is for the issuer is meant for no app: it is what tokens have that are for nobody, and an app that is called so would see them all.
    """
    if asking.app is None or asking.settings is None:
        return False
    if token.app_id == asking.app.id or asking.settings.introspect_all_tokens:
        return True
    return token.audience == api_of(asking.settings) and token.audience not in ("", asking.org.issuer)


def api_of(settings: AppSettings) -> str:
    """The audience whose tokens the app takes, or an empty text: one that has no flow is an API, any other calls APIs (decision 39)."""
    return settings.audience if not settings.flows else ""


def becomes_api_of(before: AppSettings | None, after: AppSettings) -> str:
    """The audience whose tokens the app will see and did not before; empty where there is none. `before` is None for a new app."""
    taken = api_of(after)
    return taken if before is None or taken != api_of(before) else ""


def scope_to_ask(needs: Needs, held: Iterable[str], custom: frozenset[str]) -> str | None:
    """The one scope that the access decision is to ask for: the first that is not covered, else the first; None where none is needed."""
    held = tuple(held)
    return next((scope for scope in needs.scopes if not scopes.covers(held, scope, custom)), next(iter(needs.scopes), None))


def placed(verdict: Verdict, org: Org, used_from: Address | None) -> Verdict:
    """Where the org holds its ranges against every use, a use from nowhere is none: the proxy is then to be named as a trusted one."""
    if used_from is not None or not org.settings.ranges_on_every_request:
        return verdict
    nowhere = refused(Gate.NETWORK, network_reasons.ADDRESS_UNKNOWN, "no trusted proxy told from where the token is used")
    return replace(verdict, findings=tuple(nowhere if each.gate is Gate.NETWORK else each for each in verdict.findings))


def judged(verdict: Verdict, facts: Facts, token: AccessToken, needs: Needs) -> Verdict:
    """The verdict over a live token, with what the resource server needs beside it. It can only turn a yes into a no."""
    found = [each for each in (_audience(token, needs), _sign_in(facts, needs)) if each is not None]
    at = {finding.gate: finding for finding in found}
    findings = tuple(at.get(finding.gate, finding) if finding.state is State.PASSED else finding for finding in verdict.findings)
    return replace(verdict, findings=findings)


def _audience(token: AccessToken, needs: Needs) -> Finding | None:
    wrong = next((each for each in needs.audiences if each != token.audience), None)
    if wrong is None:
        return None
    return refused(Gate.PROOF, reasons.TOKEN_OF_OTHER_AUDIENCE, "", Compared("audience", token.audience, wrong))


def _sign_in(facts: Facts, needs: Needs) -> Finding | None:
    """Where nobody signed in, nobody did so surely enough, or lately enough."""
    grant = facts.grant
    signed_in_at = grant.authenticated_at if grant is not None else None
    reached = grant.level if grant is not None and signed_in_at is not None else None
    if needs.level is not None and (reached is None or not reached.reaches(needs.level)):
        words = f"{needs.level} is needed by the resource server"
        return refused(Gate.SESSION, level_reasons.LEVEL_TOO_LOW, words, Compared("level", reached, needs.level))
    if needs.max_age is None or (signed_in_at is not None and (facts.now - signed_in_at).total_seconds() <= needs.max_age):
        return None
    when = signed_in_at.isoformat() if signed_in_at is not None else None
    compared = Compared("auth_time", when, f"at most {needs.max_age} s ago")
    return refused(Gate.SESSION, bearer_reasons.REAUTHENTICATION_NEEDED, "the resource server needs a newer sign-in", compared)
