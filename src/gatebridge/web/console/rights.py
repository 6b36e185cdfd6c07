"""The rights inside the product as people read them: by name, as a sentence, the weighty ones first; and as boxes to tick in a form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gatebridge.rules import settable
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import LATER, NARROWING, SENTENCES, Permission, beyond_own
from gatebridge.web.console.forms import YES, YES_OR_NO

GROUPS = (
    (
        "Apps",
        (
            Permission.REGISTER_CONNECTED_APPS,
            Permission.MANAGE_CONNECTED_APPS,
            Permission.ROTATE_CONSUMER_CREDENTIALS,
            Permission.APPROVE_UNINSTALLED_CONNECTED_APPS,
        ),
    ),
    ("People", (Permission.MANAGE_USERS, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)),
    ("Security", (Permission.MANAGE_SECURITY, Permission.MANAGE_INSTALLATION)),
    (
        "Records",
        (
            Permission.VIEW_SETUP,
            Permission.VIEW_OAUTH_USAGE,
            Permission.MONITOR_LOGIN_HISTORY,
            Permission.VIEW_AUDIT_TRAIL,
            Permission.MANAGE_ALERTS,
        ),
    ),
    ("Promotion", (Permission.PROMOTE, Permission.APPROVE_PROMOTIONS)),
    ("APIs", (Permission.API_ENABLED, Permission.API_ONLY)),
)

# Who holds a heavy one can come to every other, or open the org to anybody; a light one changes nothing.
_HEAVY = frozenset(
    {
        Permission.MANAGE_CONNECTED_APPS,
        Permission.MANAGE_USERS,
        Permission.MANAGE_PROFILES_AND_PERMISSION_SETS,
        Permission.MANAGE_SECURITY,
        Permission.MANAGE_INSTALLATION,
    }
)
_LIGHT = frozenset(
    {
        Permission.VIEW_SETUP,
        Permission.VIEW_OAUTH_USAGE,
        Permission.MONITOR_LOGIN_HISTORY,
        Permission.VIEW_AUDIT_TRAIL,
        Permission.API_ENABLED,
        Permission.API_ONLY,
    }
)
_WEIGHTS = ("heavy", "medium", "light")


@dataclass(frozen=True, slots=True)
class Right:
    """One right in words. `weight` is heavy, medium or light."""

    permission: Permission
    name: str
    sentence: str
    weight: str


@dataclass(frozen=True, slots=True)
class Box:
    """One right in a form. `shut`: who looks at it does not hold it, and so cannot give it."""

    field: str
    right: Right
    ticked: bool
    shut: bool


def right(permission: Permission) -> Right:
    """One right in words."""
    weight = "heavy" if permission in _HEAVY else "light" if permission in _LIGHT else "medium"
    return Right(permission, settable.name_of(permission), SENTENCES[permission], weight)


def told(permissions: Collection[Permission]) -> list[Right]:
    """Rights in words, the weighty ones first and else in the order of the catalogue."""
    return sorted((right(each) for each in Permission if each in permissions), key=lambda each: _WEIGHTS.index(each.weight))


def summed(permissions: Collection[Permission]) -> str:
    """Rights in a few words, for a line of a list."""
    names = [each.name for each in told(permissions)]
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def field_of(permission: Permission) -> str:
    """The name of a right's box."""
    return f"right_{permission.value}"


LABELS: Mapping[str, str] = {field_of(each): settable.name_of(each) for _, group in GROUPS for each in group}
WORDS = dict.fromkeys(LABELS.values(), YES_OR_NO)  # what a box says where two versions stand beside each other


def values(permissions: Collection[Permission]) -> dict[str, str]:
    """What stands in the boxes for these rights."""
    return {field_of(each): YES for each in permissions}


def read(fields: Mapping[str, str]) -> frozenset[Permission]:
    """The rights whose boxes were ticked."""
    return frozenset(each for each in Permission if fields.get(field_of(each)) == YES)


def boxes(actor: Actor, standing: Mapping[str, str], ticked: Mapping[str, str]) -> list[tuple[str, list[Box]]]:
    """The boxes of a form by group: what is ticked, and which are shut since the actor may not give what the record has not yet.

    What nothing asks for yet has a box where the record holds it, and nowhere else.
    """
    missing = frozenset(beyond_own(actor.permissions, Permission)) - NARROWING

    def box(permission: Permission) -> Box:
        name = field_of(permission)
        return Box(name, right(permission), ticked.get(name) == YES, permission in missing and standing.get(name) != YES)

    def offered(permission: Permission) -> bool:
        return permission not in LATER or standing.get(field_of(permission)) == YES

    found = [(group, [box(each) for each in permissions if offered(each)]) for group, permissions in GROUPS]
    return [(group, of_group) for group, of_group in found if of_group]
