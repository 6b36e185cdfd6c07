"""Custom attributes of apps, and claims that scopes make known: names, and the expressions that make their values.

The two differ in who answers for them. A custom attribute is the developer's, so it may hold nothing that the app's scopes do not let it
see: each field belongs to a scope. A claim of a scope is the admin's, who also writes the sentence of a custom scope that users agree to.
The scopes that say who somebody is have sentences of ours, and so make known what these say and no more.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from gatebridge.rules import expressions, scopes
from gatebridge.rules.expressions import BadExpression, Node
from gatebridge.rules.functions import Value
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons.reason import FieldProblem

MOST_ATTRIBUTES = 50
MOST_SCOPE_CLAIMS = 100

# Which scope lets an app see each field. None: whoever may know who the user is.
FIELDS: Mapping[str, str | None] = MappingProxyType(
    {
        "user.id": None,
        "user.username": "profile",
        "user.name": "profile",
        "user.first_name": "profile",
        "user.last_name": "profile",
        "user.profile": "profile",
        "user.external_id": "profile",
        "user.locale": "profile",
        "user.timezone": "profile",
        "user.email": "email",
        "user.phone": "phone",
        "user.street": "address",
        "user.city": "address",
        "user.region": "address",
        "user.postal_code": "address",
        "user.country": "address",
        "org.id": None,
        "org.name": None,
        "org.host": None,
        "org.issuer": None,
    }
)

# As Salesforce's formulas call the same.
_ALIASES = {
    "$User.Id": "user.id",
    "$User.Username": "user.username",
    "$User.FirstName": "user.first_name",
    "$User.LastName": "user.last_name",
    "$User.FederationIdentifier": "user.external_id",
    "$User.LocaleSidKey": "user.locale",
    "$User.TimeZoneSidKey": "user.timezone",
    "$User.Email": "user.email",
    "$User.Phone": "user.phone",
    "$User.MobilePhone": "user.phone",
    "$User.Street": "user.street",
    "$User.City": "user.city",
    "$User.State": "user.region",
    "$User.PostalCode": "user.postal_code",
    "$User.Country": "user.country",
    "$Profile.Name": "user.profile",
    "$Organization.Id": "org.id",
    "$Organization.Name": "org.name",
}
SPELLINGS: Mapping[str, str] = MappingProxyType({name: name for name in FIELDS} | {name.lower(): ours for name, ours in _ALIASES.items()})

# Their sentences name what they show, so they can show nothing else (X-CO-08).
SAY_WHO = frozenset({"openid", "id", "custom_permissions", *scopes.CLAIMS})

# What no claim of a scope may be called: what tokens and answers say by themselves, so that an expression can never contradict them.
RESERVED = frozenset(
    {
        *("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "typ", "azp", "nonce", "auth_time", "acr", "amr", "sid", "events"),
        *("at_hash", "c_hash", "s_hash", "cnf", "act", "may_act", "sub_jwk", "sub_id", "scope", "scp", "client_id", "active", "token_type"),
        *("username", "entitlements", "roles", "groups", "authorization_details", "resource", "_claim_names", "_claim_sources"),
        *(claim for claims in scopes.CLAIMS.values() for claim in claims),
        *("custom_permissions", "custom_attributes", "id", "user_id", "organization_id", "asserted_user", "display_name", "nick_name"),
        *("first_name", "last_name", "timezone", "user_type", "is_app_installed", "is_salesforce_integration_user", "photos", "urls"),
        *("profile", "picture", "mobile_phone", "mobile_phone_verified", "addr_street", "addr_city", "addr_state", "addr_country"),
        *("addr_zip", "is_lightning_login_user", "status", "last_modified_date"),
    }
)

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*|https?://[A-Za-z0-9.:-]+/[\x21\x23-\x5b\x5d-\x7e]*")
LONGEST_NAME = 80
LONGEST_CLAIM = 128


@lru_cache(maxsize=2048)
def _parsed(expression: str) -> Node:
    return expressions.parse(expression, SPELLINGS)


def expression_problem(expression: str) -> str | None:
    """Why this cannot be an expression, with the place where it shows; None where it can."""
    try:
        _parsed(expression)
    except BadExpression as error:
        return str(error)
    return None


def value(expression: str, org: Org, standing: Standing) -> Value:
    """What the expression is for this user: a text, true or false, or None where there is nothing to tell.

    An expression that no longer means anything, after it came from an older version or from outside, tells nothing either.
    """
    try:
        made = expressions.evaluate(_parsed(expression), _fields(org, standing))
    except BadExpression:
        return None
    return None if made == "" else made


def needs(expression: str) -> frozenset[str]:
    """The scopes without which an app does not see what this attribute is made of."""
    try:
        read = expressions.reads(_parsed(expression))
    except BadExpression:
        return frozenset()
    return frozenset(scope for scope in map(FIELDS.__getitem__, read) if scope is not None)


def told(attributes: Iterable[tuple[str, str]], org: Org, standing: Standing, held: frozenset[str]) -> dict[str, str | bool]:
    """The custom attributes of an app that are told to who holds these scopes, those that have a value."""
    made = {name: value(text, org, standing) for name, text in attributes if needs(text) <= held}
    return {name: said for name, said in made.items() if said is not None}


def claims(org: Org, standing: Standing, held: frozenset[str]) -> dict[str, str | bool]:
    """What the scopes held make known beside what they mean by themselves, as the org has it; what has no value is left out."""
    made = {claim: value(text, org, standing) for scope, claim, text in org.settings.scope_claims if scope in held}
    return {claim: said for claim, said in made.items() if said is not None and claim not in RESERVED}


def attribute_problems(attributes: tuple[tuple[str, str], ...]) -> list[FieldProblem]:
    """What is wrong with the custom attributes of an app, each at its place."""
    if len(attributes) > MOST_ATTRIBUTES:
        return [FieldProblem("custom_attributes", f"There are {len(attributes)} custom attributes; at most {MOST_ATTRIBUTES} are allowed.")]
    names = [name for name, _ in attributes]
    checked = []
    for place, (name, expression) in enumerate(attributes):
        twice = f"The attribute {name} is there twice." if name in names[:place] else None
        checked.append((f"custom_attributes.{place}", _name_problem(name) or twice or expression_problem(expression)))
    return [FieldProblem(field, problem) for field, problem in checked if problem is not None]


def scope_claim_problems(org: Org) -> list[FieldProblem]:
    """What is wrong with the claims that the org's scopes make known, each at its place."""
    mapped = org.settings.scope_claims
    if len(mapped) > MOST_SCOPE_CLAIMS:
        return [FieldProblem("scope_claims", f"There are {len(mapped)} claims of scopes; at most {MOST_SCOPE_CLAIMS} are allowed.")]
    made: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    problems = []
    for place, (scope, claim, expression) in enumerate(mapped):
        problem = _scope_problem(scope, org.custom_scopes) or _claim_problem(claim) or expression_problem(expression)
        if problem is None:
            problem = _unsaid_problem(scope, expression)
        if problem is None and (scope, claim) in seen:
            problem = f"The scope {scope} makes the claim {claim} known already."
        if problem is None and made.setdefault(claim, expression) != expression:
            problem = f"Another scope makes the claim {claim} of something else; whoever holds both could not tell which it is."
        seen.add((scope, claim))
        if problem is not None:
            problems.append(FieldProblem(f"scope_claims.{place}", problem))
    return problems


def _name_problem(name: str) -> str | None:
    if len(name) <= LONGEST_NAME and _NAME.fullmatch(name):
        return None
    return (
        f"An attribute's name has at most {LONGEST_NAME} characters: it begins with a letter and goes on with letters, digits and single "
        "underscores, and does not end with one."
    )


def _scope_problem(scope: str, custom: frozenset[str]) -> str | None:
    if scope in scopes.REFRESH:
        return f"The scope {scope} says for how long something lasts, and makes nothing known."
    return None if scope in scopes.CATALOGUE or scope in custom else f"This org has no scope {scope}."


def _unsaid_problem(scope: str, expression: str) -> str | None:
    unsaid = needs(expression) - scopes.implied((scope,))
    if scope not in SAY_WHO or not unsaid:
        return None
    return (
        f"Users who agree to the scope {scope} are not told that it shows this, which the scope {scopes.render(unsaid)} does. Take that, "
        "or a scope of the org's own whose sentence says so."
    )


def _claim_problem(claim: str) -> str | None:
    if claim in RESERVED:
        return f"The claim {claim} has a meaning of its own, which no expression may change; choose another name."
    if len(claim) <= LONGEST_CLAIM and _CLAIM.fullmatch(claim):
        return None
    return f"A claim's name has at most {LONGEST_CLAIM} characters: letters, digits, _ . and -, or a web address that is yours."


def _fields(org: Org, standing: Standing) -> dict[str, str | None]:
    user = standing.user
    return {
        "user.id": long(user.id),
        "user.username": user.username,
        "user.name": user.name,
        "user.first_name": user.first_name,
        "user.last_name": user.last_name,
        "user.profile": standing.profile.name,
        "user.external_id": user.external_id,
        "user.locale": user.locale,
        "user.timezone": user.timezone,
        "user.email": user.email,
        "user.phone": user.phone,
        "user.street": user.street,
        "user.city": user.city,
        "user.region": user.region,
        "user.postal_code": user.postal_code,
        "user.country": user.country,
        "org.id": long(org.id),
        "org.name": org.name,
        "org.host": org.host,
        "org.issuer": org.issuer,
    }
