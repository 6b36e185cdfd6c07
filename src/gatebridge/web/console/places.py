"""Where one can go in setup: the navigation, by which Quick Find finds pages too. A page stands here once, and nowhere else."""

from collections.abc import Collection
from dataclasses import dataclass

from gatebridge.rules.permissions import Permission


@dataclass(frozen=True, slots=True)
class Place:
    """One page of the navigation. Whoever has one of the rights in `needs`, and `beside`, finds it; `also` are other words for it."""

    word: str
    name: str
    path: str
    group: str
    needs: frozenset[Permission]
    also: str = ""
    beside: frozenset[Permission] = frozenset()

    def opens(self, rights: Collection[Permission]) -> bool:
        """Whether somebody with these rights finds it."""
        return not self.needs.isdisjoint(rights) and self.beside.issubset(rights)


_ANYBODY_HERE = frozenset(Permission) - {Permission.API_ENABLED, Permission.API_ONLY}
_SEES_RIGHTS = frozenset({Permission.VIEW_SETUP, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.MANAGE_USERS})
_SEES_ORG = frozenset({Permission.VIEW_SETUP, Permission.MANAGE_SECURITY})

HOME = Place("home", "Home", "/setup", "", _ANYBODY_HERE, "posture overview start")

PLACES = (
    HOME,
    Place(
        "apps",
        "App Manager",
        "/setup/apps",
        "Apps",
        frozenset({Permission.VIEW_SETUP, Permission.REGISTER_CONNECTED_APPS, Permission.MANAGE_CONNECTED_APPS}),
        "connected apps new register",
    ),
    Place(
        "requests",
        "Requests",
        "/setup/requests",
        "Apps",
        frozenset({Permission.MANAGE_CONNECTED_APPS}),
        "approve refuse waiting install queue",
    ),
    Place("usage", "OAuth Usage", "/setup/usage", "Apps", frozenset({Permission.VIEW_OAUTH_USAGE}), "grants tokens scopes used"),
    Place(
        "login-history",
        "Login History",
        "/setup/login-history",
        "Records",
        frozenset({Permission.MONITOR_LOGIN_HISTORY}),
        "receipts outcomes refused tokens sign-ins",
    ),
    Place("audit", "Setup Audit Trail", "/setup/audit", "Records", frozenset({Permission.VIEW_AUDIT_TRAIL}), "changes who chain"),
    Place(
        "sessions",
        "Sessions",
        "/setup/sessions",
        "Records",
        frozenset({Permission.MANAGE_USERS, Permission.MANAGE_SECURITY}),
        "browsers signed in",
    ),
    Place(
        "explain-access",
        "Explain access",
        "/setup/explain-access",
        "Decide",
        frozenset({Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY, Permission.REGISTER_CONNECTED_APPS}),
        "why refused what would happen gates who may",
    ),
    Place(
        "replay",
        "Policy replay",
        "/setup/replay",
        "Decide",
        frozenset({Permission.VIEW_SETUP}),
        "draft policies simulate who would be refused locked out",
        frozenset({Permission.MONITOR_LOGIN_HISTORY}),
    ),
    Place(
        "users",
        "Users",
        "/setup/users",
        "People",
        frozenset({Permission.VIEW_SETUP, Permission.MANAGE_USERS}),
        "people accounts invite freeze deactivate",
    ),
    Place("profiles", "Profiles", "/setup/profiles", "People", _SEES_RIGHTS, "rights login ranges hours session level"),
    Place("permission-sets", "Permission Sets", "/setup/permission-sets", "People", _SEES_RIGHTS, "rights assignments holders"),
    Place(
        "custom-permissions",
        "Custom Permissions",
        "/setup/custom-permissions",
        "People",
        frozenset({Permission.VIEW_SETUP, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS}),
        "rights of own applications",
    ),
    Place(
        "network-access",
        "Network Access",
        "/setup/network-access",
        "Security",
        _SEES_ORG,
        "trusted ip ranges addresses networks",
    ),
    Place(
        "session-settings",
        "Session Settings",
        "/setup/session-settings",
        "Security",
        _SEES_ORG,
        "timeout idle minutes hours limit fresh reauthenticate",
    ),
    Place(
        "sign-in-methods",
        "Sign-in Methods",
        "/setup/sign-in-methods",
        "Security",
        _SEES_ORG,
        "second factor mfa totp passkey level assurance verify browsers",
    ),
    Place("password-policy", "Password Policy", "/setup/password-policy", "Security", _SEES_ORG, "length lock wrong guesses expiry"),
    Place(
        "oauth-settings",
        "OAuth Settings",
        "/setup/oauth-settings",
        "Security",
        _SEES_ORG,
        "device flow user-agent flow custom scopes claims consent",
    ),
    Place(
        "keys",
        "Keys and Certificates",
        "/setup/keys",
        "Security",
        _SEES_ORG,
        "signing keys jwks rotate kid certificates expire",
    ),
    Place("org", "Org Settings", "/setup/org", "Org", _SEES_ORG, "company information name time zone issuer host"),
    Place("orgs", "Orgs", "/setup/orgs", "Org", frozenset({Permission.MANAGE_INSTALLATION}), "environments sandboxes tenants installation"),
)


def visible(rights: Collection[Permission]) -> tuple[tuple[str, tuple[Place, ...]], ...]:
    """The navigation of somebody with these rights: the groups in their order, each with its pages."""
    groups: dict[str, list[Place]] = {}
    for place in PLACES:
        if place.opens(rights):
            groups.setdefault(place.group, []).append(place)
    return tuple((group, tuple(places)) for group, places in groups.items())


def open_to(rights: Collection[Permission]) -> frozenset[str]:
    """The words of the places that somebody with these rights finds, so that no link leads where one is refused."""
    return frozenset(place.word for _, listed in visible(rights) for place in listed)


def named(word: str) -> Place:
    """The place of this word."""
    return next(place for place in PLACES if place.word == word)


def found(rights: Collection[Permission], text: str) -> tuple[Place, ...]:
    """The pages whose name, or another word for them, holds every word of the text."""
    words = text.lower().split()
    return tuple(each for each in PLACES if each.opens(rights) and all(word in f"{each.name} {each.also}".lower() for word in words))
