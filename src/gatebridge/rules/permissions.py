"""The rights inside the product. Profiles and permission sets give them; nobody bypasses them."""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """One right, by the name that admins read. The value is what is stored and sent."""

    VIEW_SETUP = "view_setup"
    REGISTER_CONNECTED_APPS = "register_connected_apps"
    MANAGE_CONNECTED_APPS = "manage_connected_apps"
    ROTATE_CONSUMER_CREDENTIALS = "rotate_consumer_credentials"
    APPROVE_UNINSTALLED_CONNECTED_APPS = "approve_uninstalled_connected_apps"
    MANAGE_USERS = "manage_users"
    MANAGE_PROFILES_AND_PERMISSION_SETS = "manage_profiles_and_permission_sets"
    MANAGE_SECURITY = "manage_security"
    VIEW_OAUTH_USAGE = "view_oauth_usage"
    MONITOR_LOGIN_HISTORY = "monitor_login_history"
    VIEW_AUDIT_TRAIL = "view_audit_trail"
    MANAGE_ALERTS = "manage_alerts"
    PROMOTE = "promote"
    APPROVE_PROMOTIONS = "approve_promotions"
    API_ENABLED = "api_enabled"
    API_ONLY = "api_only"
    MANAGE_INSTALLATION = "manage_installation"


SENTENCES = {
    Permission.VIEW_SETUP: "Read apps, settings and policies",
    Permission.REGISTER_CONNECTED_APPS: "Create connected apps, and edit the settings of those one owns",
    Permission.MANAGE_CONNECTED_APPS: "Edit any connected app, its policies and access; install, block and revoke",
    Permission.ROTATE_CONSUMER_CREDENTIALS: "Add and retire consumer secrets and certificates",
    Permission.APPROVE_UNINSTALLED_CONNECTED_APPS: "Use a connected app that is not installed",
    Permission.MANAGE_USERS: "Create, invite, deactivate and freeze users",
    Permission.MANAGE_PROFILES_AND_PERMISSION_SETS: "Decide what profiles and permission sets hold, and who holds them",
    Permission.MANAGE_SECURITY: "Networks, session settings, sign-in methods and keys",
    Permission.VIEW_OAUTH_USAGE: "See which app is used by whom",
    Permission.MONITOR_LOGIN_HISTORY: "Read login history and receipts",
    Permission.VIEW_AUDIT_TRAIL: "Read and verify the setup audit trail",
    Permission.MANAGE_ALERTS: "Alerts, which are to come: it opens nothing yet",
    Permission.PROMOTE: "Carrying settings from sandbox to production, which is to come: it opens nothing yet",
    Permission.APPROVE_PROMOTIONS: "Approving what somebody else would carry there, which is to come: it opens nothing yet",
    Permission.API_ENABLED: "Use APIs",
    Permission.API_ONLY: "Use nothing but APIs",
    Permission.MANAGE_INSTALLATION: "Make orgs, and see all those of the installation",
}

# Nothing asks for these yet, so no form offers them; who holds one keeps it.
LATER = frozenset({Permission.MANAGE_ALERTS, Permission.PROMOTE, Permission.APPROVE_PROMOTIONS})

# API Only narrows what its holder may do, so it is no power that an editor would have to hold before giving it.
NARROWING = frozenset({Permission.API_ONLY})

EVERY_POWER = frozenset(Permission) - NARROWING


def beyond_own(own: Iterable[Permission], given: Iterable[Permission]) -> tuple[Permission, ...]:
    """The rights in `given` that an editor with `own` rights may not hand out, in the order of the catalogue (X-AD-04)."""
    missing = frozenset(given) - frozenset(own) - NARROWING
    return tuple(right for right in Permission if right in missing)


def gains(before: frozenset[Permission], after: frozenset[Permission]) -> bool:
    """Whether holders may do more after than before: a power more, or a narrowing less."""
    return bool(after - before - NARROWING or (before & NARROWING) - after)
