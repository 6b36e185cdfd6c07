"""Scopes: what an app may be allowed to do, what implies what, and how a request narrows it.

The catalogue is Salesforce's, by the names on the wire; an org adds custom scopes, which its own resource servers enforce. Functions
that need to know the org's custom scopes take their names as `custom`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope as the consent page shows it.

    The weight says how much it gives away: 1 who you are, 2 your data, 3 everything, other people's accounts, or access for long.
    """

    name: str
    sentence: str
    weight: int


CATALOGUE: Mapping[str, Scope] = MappingProxyType(
    {
        scope.name: scope
        for scope in (
            Scope("setup_api", "Administer this org: its apps, users, policies and records, as far as your own rights go", 3),
            Scope("full", "Do everything that you can do, with all your data", 3),
            Scope("refresh_token", "Keep this access while you are away, until it is revoked or runs out", 3),
            Scope("offline_access", "Keep this access while you are away, until it is revoked or runs out", 3),
            Scope("web", "Use your access on web pages, as if you had signed in there", 3),
            Scope("api", "Read and change your data through the API", 2),
            Scope("openid", "Know who you are when you sign in", 1),
            Scope("id", "See your name, e-mail address, postal address and phone number", 1),
            Scope("profile", "See your name and your public profile", 1),
            Scope("email", "See your e-mail address", 1),
            Scope("address", "See your postal address", 1),
            Scope("phone", "See your phone number", 1),
            Scope("custom_permissions", "See which custom permissions you hold for this app", 1),
            Scope("chatter_api", "Read and write your feeds, groups and files through the Connect API", 2),
            Scope("visualforce", "Open the custom pages of your org as you", 2),
            Scope("content", "Open files and content in a session of your own", 2),
            Scope("lightning", "Open Lightning pages in a session of your own", 2),
            Scope("wave_api", "Read and change your analytics data and dashboards", 2),
            Scope("eclair_api", "Read the map data of your charts", 1),
            Scope("pardot_api", "Read and change your marketing data in Account Engagement", 2),
            Scope("chatbot_api", "Talk to the chatbots of your org as you", 2),
            Scope("cdp_api", "Read and change everything that you can reach in Data Cloud", 2),
            Scope("cdp_ingest_api", "Add and replace data in Data Cloud", 2),
            Scope("cdp_query_api", "Run queries on your data in Data Cloud", 2),
            Scope("cdp_profile_api", "Read customer profiles in Data Cloud", 2),
            Scope("cdp_segment_api", "Read and change segments in Data Cloud", 2),
            Scope("cdp_identityresolution_api", "Read and change the rules that match identities in Data Cloud", 2),
            Scope("cdp_calculated_insight_api", "Read and change calculated insights in Data Cloud", 2),
            Scope("interaction_api", "Take part in your customer interactions as you", 2),
            Scope("scrt_api", "Read and send service messages as you", 2),
            Scope("sfap_api", "Call the platform and agent APIs as you", 2),
            Scope("einstein_gpt_api", "Send your data to the generative AI models of your org", 2),
            Scope("mcp_api", "Let AI agents use the tools that your org offers them, as you", 2),
            Scope("user_registration_api", "Register new users", 3),
            Scope("forgot_password", "Reset the passwords of users who forgot them", 3),
            Scope("pwdless_login_api", "Sign users in without a password", 3),
        )
    }
)

# Which claims about a person each scope makes known (OpenID Connect Core section 5.4; the last three of `profile` are Salesforce's).
CLAIMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "profile": (
            *("name", "given_name", "family_name", "preferred_username", "zoneinfo", "locale", "updated_at"),
            *("language", "nickname", "utcOffset"),
        ),
        "email": ("email", "email_verified"),
        "address": ("address",),
        "phone": ("phone_number", "phone_number_verified"),
    }
)

REFRESH = frozenset({"refresh_token", "offline_access"})  # two names of one scope
IDENTITY = frozenset({"profile", "email", "address", "phone"})  # together the same as `id`
NEVER_IMPLIED = REFRESH | {"setup_api"}

# An org may have 200 scopes of its own, and there are some forty beside: whoever wants them all need not name any.
MOST_NAMED = 256
LONGEST = 8_192  # characters

_WITHOUT_USER = frozenset({"full", "web"}) | REFRESH
_ORDER = {name: place for place, name in enumerate(CATALOGUE)}
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def parse(text: str) -> tuple[str, ...] | None:
    """The scopes of a `scope` parameter in the order sent, each once, or None when it breaks the grammar of RFC 6749 section 3.3.

    An empty text is no list of scopes: who receives one treats the parameter as absent (RFC 6749 section 3.1). Nor is one that is longer
    than what anybody could mean, since what is asked for is remembered here before anybody has proven to be somebody (`_ordered`).
    """
    if len(text) > LONGEST:
        return None
    tokens = text.split(" ")
    if len(tokens) > MOST_NAMED or not all(_TOKEN.fullmatch(token) for token in tokens):
        return None
    return tuple(dict.fromkeys(tokens))


def ordered(scopes: Iterable[str]) -> tuple[str, ...]:
    """Each scope once, in the order of the catalogue, then custom scopes by name."""
    return _ordered(frozenset(scopes))


# The few sets of scopes that an installation uses come back with every request; the bound keeps a stranger's inventions few.
@lru_cache(maxsize=2048)
def _ordered(scopes: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(scopes, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)))


def render(scopes: Iterable[str]) -> str:
    """The `scope` parameter for these scopes: the same set is always the same text."""
    return " ".join(ordered(scopes))


def implied(scopes: Iterable[str], custom: frozenset[str] = frozenset()) -> frozenset[str]:
    """Everything that holding `scopes` amounts to, themselves included (wire.md, "Scopes").

    Only being held gives `refresh_token` (under either name) and `setup_api`; `full` does not.
    """
    return _implied(frozenset(scopes), custom)


@lru_cache(maxsize=2048)
def _implied(scopes: frozenset[str], custom: frozenset[str]) -> frozenset[str]:
    held = set(scopes)
    if "full" in held:
        held |= (CATALOGUE.keys() | custom) - NEVER_IMPLIED
    if "api" in held:
        held.add("chatter_api")
    if "web" in held:
        held.add("visualforce")
    if held & REFRESH:
        held |= REFRESH
    if "id" in held or held >= IDENTITY:
        held |= IDENTITY | {"id"}
    return frozenset(held)


def covers(held: Iterable[str], needed: str, custom: frozenset[str] = frozenset()) -> bool:
    """Whether who holds `held` may do what `needed` names."""
    return needed in implied(held, custom)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a request may have of what it asked for. It is refused with `invalid_scope` unless the last two are empty."""

    granted: tuple[str, ...]
    unknown: tuple[str, ...]  # no scope of this org
    unassigned: tuple[str, ...]  # a scope of this org that the app has not been given


def narrow(app_scopes: Iterable[str], asked: tuple[str, ...] | None, custom: frozenset[str] = frozenset()) -> Narrowed:
    """What is left of the app's scopes when `asked` is wanted; None means that nothing was asked, which wants them all.

    A scope that the app's scopes imply is granted under the name that was asked, so that an app with `full` can ask for `api` alone.
    Granted scopes come in the order of the catalogue, the others in the order asked.
    """
    assigned = frozenset(app_scopes)
    if asked is None:
        return Narrowed(ordered(assigned), (), ())
    within = implied(assigned, custom)
    outside = tuple(name for name in dict.fromkeys(asked) if name not in within)
    known = CATALOGUE.keys() | custom
    return Narrowed(
        granted=ordered(name for name in asked if name in within),
        unknown=tuple(name for name in outside if name not in known),
        unassigned=tuple(name for name in outside if name in known),
    )


def covering(claims: Iterable[str]) -> tuple[str, ...]:
    """The scopes that make these claims known, in the order of the catalogue: what somebody says yes to who is asked for the claims."""
    wanted = frozenset(claims)
    return ordered(scope for scope, told in CLAIMS.items() if not wanted.isdisjoint(told))


def unused(granted: Iterable[str], exercised: Iterable[str], custom: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Of what is granted, what nothing was done with: neither under its own name nor under that of something that it implies.

    That access lasts is no use that could be made of it, so the scopes for that are never among them.
    """
    used = frozenset(exercised)
    return ordered(scope for scope in granted if scope not in REFRESH and used.isdisjoint(implied((scope,), custom)))


def without_user(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes that a client acting for itself may have, in their order: no browser, no absence, not everything (wire.md)."""
    return tuple(name for name in scopes if name not in _WITHOUT_USER)


def still_held(granted: Iterable[str], app_scopes: Iterable[str], custom: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """What a live grant may still do after its app's scopes were edited: only what it was granted and the app still has.

    A granted scope that the app has lost leaves behind those of the app's scopes that it implied: of `full`, an app that was cut down
    to `api` keeps `api`. Nothing is ever gained.
    """
    assigned = frozenset(app_scopes)
    if assigned.issuperset(granted):
        return ordered(granted)
    within = implied(assigned, custom)
    kept = {name for name in granted if name in within}
    lost = {name for name in granted if name not in within}
    return ordered(kept | (assigned & implied(lost, custom)))


def custom_name_problem(name: str) -> str | None:
    """Why an org cannot call a custom scope so, as a sentence for its admin; None when it can."""
    if _TOKEN.fullmatch(name) is None:
        return "A scope's name is made of printable ASCII characters without blanks, quotation marks and backslashes."
    if name in CATALOGUE:
        return f"The scope {name} is built in; give the custom scope another name."
    return None
