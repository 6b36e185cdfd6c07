"""What an authorization request can ask to be answered with, and how it is kept while it waits for its user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gatebridge.rules import access, granted, scopes
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.asks import terms
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.lockouts import Limit
from gatebridge.rules.orgs import Org
from gatebridge.rules.verdict import Verdict

# What is kept of an authorization request. An allow list: what nobody thought of is neither kept nor obeyed later (X-RU-19, X-CA-10).
KEPT = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "prompt", "immediate", "max_age", "login_hint", "id_token_hint", "acr_values", "claims"),
)

# How many requests are kept for those of one network who are not signed in. Anybody can send one, and it is kept for an hour.
OF_STRANGERS = Limit(2_000)


class ResponseMode(StrEnum):
    """How an answer reaches the app (OAuth 2.0 Multiple Response Types section 2.1, Form Post Response Mode)."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class ResponseType:
    """One thing that can be asked for. `modes` are those that fit it; the first is taken where the request names none."""

    name: str
    flow: Flow
    modes: tuple[ResponseMode, ...]
    id_token: bool = False  # whether an ID token comes from here, and not from the token endpoint

    @property
    def mode(self) -> ResponseMode:
        return self.modes[0]


CODE = ResponseType("code", Flow.WEB_SERVER, tuple(ResponseMode))
# Tokens never travel in a query, which servers log (standards AZ-35), and these two in nothing else than the fragment (wire.md).
TOKEN = ResponseType("token", Flow.USER_AGENT, (ResponseMode.FRAGMENT,))
ID_TOKEN_AND_TOKEN = ResponseType("id_token token", Flow.USER_AGENT, (ResponseMode.FRAGMENT,), id_token=True)

TYPES = (CODE, TOKEN, ID_TOKEN_AND_TOKEN)

_BY_WORDS = {frozenset(each.name.split(" ")): each for each in TYPES}


def response_type(text: str, dialect: Dialect) -> ResponseType | None:
    """What this `response_type` asks for; None where nobody knows it. The order of its words says nothing (RFC 6749 section 3.1.1).

    Clients of Salesforce may add `refresh_token` to `token`. It is read there as if it were not: no refresh token is given in an address.
    """
    words = text.split(" ")
    if dialect is Dialect.SALESFORCE and "token" in words and "refresh_token" in words:
        words.remove("refresh_token")
    return _BY_WORDS.get(frozenset(words)) if len(set(words)) == len(words) else None


def mode_of_errors(text: str) -> ResponseMode:
    """Where an app that sent a `response_type` which nobody knows looks for the answer (OAuth 2.0 Multiple Response Types section 5)."""
    return ResponseMode.QUERY if {"token", "id_token"}.isdisjoint(text.split(" ")) else ResponseMode.FRAGMENT


def offered(org: Org) -> tuple[ResponseType, ...]:
    """What some app of the org may ask for."""
    return tuple(each for each in TYPES if not org.switched_off(each.flow))


def decide(facts: Facts, attempt: Attempt) -> Verdict:
    """The access decision of an authorization request. One that is answered with a token itself also hears for how long (gate 15)."""
    verdict = access.decide(facts, attempt)
    told = terms.lifetime(facts, attempt) if attempt.flow is Flow.USER_AGENT else None
    if told is None:
        return verdict
    lifetime = terms.access_token_lifetime(facts) if verdict.reason is None else None
    return replace(verdict, findings=(*verdict.findings, told), lifetime=lifetime)


def beyond(facts: Facts, attempt: Attempt, claims: Iterable[str]) -> tuple[str, ...]:
    """The scopes whose sentences say what these single claims make known, where the request does not ask for the scopes themselves.

    Of the claims only those count that the app may be told here (docs/decisions/0024).
    """
    asked = scopes.implied(granted.scopes(facts, attempt), facts.org.custom_scopes)
    return tuple(scope for scope in scopes.covering(granted.singly(facts, claims)) if scope not in asked)


def asks_for_claims(facts: Facts, beyond: tuple[str, ...]) -> bool:
    """Whether the user must be asked about claims beyond the scopes: neither the user nor, for all, the admin has said yes to them."""
    if facts.policies is None or facts.policies.permitted_users is PermittedUsers.ADMIN_APPROVED:
        return False
    approved = facts.approval.scopes if facts.approval is not None else frozenset()
    return not scopes.implied(approved, facts.org.custom_scopes).issuperset(beyond)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request that waits for sign-in or consent. It belongs to the browser that brought it, and gets one answer (AZ-29, AZ-37).

    The value in the address of the pages is not here: only its digest is stored, in the storage room.
    """

    org_id: str
    browser: bytes  # the digest of the browser's cookie
    parameters: Mapping[str, str]  # those of KEPT that were sent, as they were sent
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None = None
