"""What is told of a user, by scope (OpenID Connect Core sections 5.1 and 5.4; protocol file 6.4). What is empty is not told at all.

Beside the claims of the standard there are those that the org's scopes make known, the custom attributes that the app's developer wrote,
and what the app asked for claim by claim with the parameter `claims`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatebridge.oauth import identity_urls
from gatebridge.oauth.subjects import subject
from gatebridge.rules import attributes, granted
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, User, UserState
from gatebridge.rules.scopes import CLAIMS, IDENTITY, implied

# Everything that any app can be told, for discovery. The first are in ID tokens, the last in the Salesforce dialect alone.
OF_ID_TOKENS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid")
OF_PEOPLE = (
    *("name", "given_name", "family_name", "preferred_username", "zoneinfo", "locale", "updated_at"),
    *("email", "email_verified", "address", "phone_number", "phone_number_verified", "custom_permissions", "custom_attributes"),
)
OF_SALESFORCE = (
    *("user_id", "organization_id", "nickname", "language", "utcOffset", "profile", "picture", "photos", "urls"),
    *("active", "user_type", "is_app_installed", "is_salesforce_integration_user"),
)


def of_org(org: Org) -> tuple[str, ...]:
    """The claims of the org's own, for discovery."""
    return tuple(dict.fromkeys(claim for _, claim, _ in org.settings.scope_claims))


def told_by(scopes: tuple[str, ...], org: Org, dialect: Dialect) -> frozenset[str]:
    """Which of the identity scopes these amount to.

    Salesforce's clients ask for `api` alone and read names at userinfo. Whoever holds it may read the user's own record anyway.
    """
    held = implied(scopes, org.custom_scopes)
    return held | IDENTITY if dialect is Dialect.SALESFORCE and "api" in held else held


def userinfo(facts: Facts, scopes: tuple[str, ...], custom: tuple[str, ...]) -> dict[str, object]:
    """The claims about the user of a live token, for the app that holds it. `custom`: the custom permissions of the user.

    Raises ValueError where the facts know no user or no app.
    """
    app, standing = facts.app, facts.standing
    if app is None or standing is None:
        raise ValueError("Claims were asked for without app or user")
    org, user = facts.org, standing.user
    told = told_by(scopes, org, app.dialect)
    claims: dict[str, object] = {"sub": subject(org, user.id, app.dialect)}
    if app.dialect is Dialect.SALESFORCE:
        claims |= _salesforce(facts, user)
    asked = granted.singly(facts, facts.grant.userinfo_claims) if facts.grant is not None else ()
    claims |= _standard(user, app.dialect, facts.now, _made_known_by(told).union(asked))
    if "custom_permissions" in told:
        claims["custom_permissions"] = dict.fromkeys(custom, True)
    # What the org or the developer has added never takes the place of what we say ourselves.
    return _own(facts, standing, told) | {name: value for name, value in claims.items() if value not in ("", None, {})}


def id_token_extra(facts: Facts, requested: tuple[str, ...], scopes: tuple[str, ...], custom: tuple[str, ...]) -> dict[str, object]:
    """What an ID token tells of the user beside the claims that it must have.

    `requested`: the claims that the app asked for in it, one by one; what its scopes ask for is told at userinfo (OpenID Connect Core
    section 5.4). `custom`: the custom permissions of the user, none where the scope is not held. Raises ValueError as `userinfo` does.
    """
    app, standing = facts.app, facts.standing
    if app is None or standing is None:
        raise ValueError("Claims were asked for without app or user")
    told = told_by(scopes, facts.org, app.dialect)
    asked = _standard(standing.user, app.dialect, facts.now, granted.singly(facts, requested))
    claims = _own(facts, standing, told) | {name: value for name, value in asked.items() if value not in ("", None, {})}
    return claims | ({"custom_permissions": dict.fromkeys(custom, True)} if custom else {})


def custom_attributes(facts: Facts, standing: Standing, told: frozenset[str]) -> dict[str, str | bool]:
    """What the app's developer wants to be told, as far as the scopes let it."""
    return attributes.told(facts.settings.custom_attributes, facts.org, standing, told) if facts.settings is not None else {}


def exercised(held: frozenset[str], org: Org, admitted_by: str) -> tuple[str, ...]:
    """The scopes of which an answer about the token's own user makes use: the one that lets it in, and each of those held that tells."""
    return _exercised(held, tuple(scope for scope, _, _ in org.settings.scope_claims), admitted_by)


# The same few sets of scopes come back with every request.
@lru_cache(maxsize=2048)
def _exercised(held: frozenset[str], telling: tuple[str, ...], admitted_by: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((admitted_by, *(scope for scope in (*CLAIMS, "custom_permissions", *telling) if scope in held))))


def postal_address(user: User) -> dict[str, str]:
    """The parts of the address by their names in OpenID Connect Core section 5.1.1, empty ones too."""
    return {
        "street_address": user.street,
        "locality": user.city,
        "region": user.region,
        "postal_code": user.postal_code,
        "country": user.country,
    }


def nickname(user: User) -> str:
    """What comes before the @ of the username: Salesforce's clients expect some short name, and ours have none of their own."""
    return user.username.partition("@")[0]


def changed_at(user: User) -> datetime:
    """When what is told of the user was changed last."""
    return user.updated_at or user.created_at


def utc_offset(user: User, now: datetime) -> int | None:
    """How far the user's standard time is from UTC, in milliseconds and without summer time. None: the machine knows no such zone."""
    try:
        local = now.astimezone(ZoneInfo(user.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return None
    standard = (local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))
    return int(standard.total_seconds() * 1000)


def active(user: User) -> bool:
    return user.state is UserState.ACTIVE and not user.frozen


@lru_cache(maxsize=2048)
def _made_known_by(told: frozenset[str]) -> frozenset[str]:
    return frozenset(claim for scope, claims in CLAIMS.items() if scope in told for claim in claims)


def _own(facts: Facts, standing: Standing, told: frozenset[str]) -> dict[str, object]:
    """The claims of the org's own, and the custom attributes of the app."""
    own: dict[str, object] = {**attributes.claims(facts.org, standing, told)}
    written = custom_attributes(facts, standing, told)
    return own | ({"custom_attributes": written} if written else {})


def _standard(user: User, dialect: Dialect, now: datetime, wanted: Iterable[str]) -> dict[str, object]:
    """Those of the standard's claims about a person that are wanted, empty ones too."""
    names = frozenset(wanted)
    if not names:
        return {}
    claims = _profile(user, dialect, now)
    claims |= {"email": user.email, "email_verified": user.email_verified_at is not None}
    claims["address"] = {name: value for name, value in postal_address(user).items() if value}
    if user.phone:
        # Nobody calls to find out whose number it is.
        claims |= {"phone_number": user.phone, "phone_number_verified": False}
    return {name: value for name, value in claims.items() if name in names}


def _profile(user: User, dialect: Dialect, now: datetime) -> dict[str, object]:
    claims: dict[str, object] = {
        "name": user.name,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "preferred_username": user.username,
        "zoneinfo": user.timezone,
        "locale": user.locale.replace("_", "-"),  # BCP 47, as OpenID Connect Core section 5.1 asks for
        "updated_at": int(changed_at(user).timestamp()),
    }
    if dialect is Dialect.SALESFORCE:
        claims |= {"locale": user.locale, "language": user.locale, "nickname": nickname(user), "utcOffset": utc_offset(user, now)}
    return claims


def _salesforce(facts: Facts, user: User) -> dict[str, object]:
    """What Salesforce's clients read whatever the scopes are: ids, addresses and flags, and nothing about the person."""
    urls = identity_urls.urls(facts.org, user.id)
    photos = identity_urls.photos(facts.org)
    return {
        "user_id": long(user.id),
        "organization_id": long(facts.org.id),
        "profile": urls["profile"],
        "picture": photos["picture"],
        "photos": photos,
        "urls": urls,
        "active": active(user),
        "user_type": "STANDARD",
        "is_app_installed": facts.installation is not None,
        "is_salesforce_integration_user": False,
    }
