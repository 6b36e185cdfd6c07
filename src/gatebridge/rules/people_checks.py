"""What may be saved of people, profiles and permission sets. Every problem is told at once, at the field that has it."""

from gatebridge.rules import hours, lifetimes, typed_text
from gatebridge.rules.app_checks import found
from gatebridge.rules.people import CustomPermission, PermissionSet, Profile, User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons.reason import FieldProblem

LONGEST_EXTERNAL_ID = 255

# Who holds both can make every other right: with nobody left who does, the org is out of its own hands.
ADMIN_RIGHTS = frozenset({Permission.MANAGE_USERS, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS})


def person_problems(user: User) -> list[FieldProblem]:
    """What is wrong with who a user is. A service user may have no name but its username."""
    return found(
        ("username", typed_text.username_problem(user.username)),
        ("email", typed_text.email_problem(user.email)),
        ("first_name", typed_text.line_problem(user.first_name, may_be_empty=True)),
        ("last_name", typed_text.line_problem(user.last_name, may_be_empty=True)),
        ("timezone", hours.timezone_problem(user.timezone)),
        ("external_id", typed_text.line_problem(user.external_id, LONGEST_EXTERNAL_ID) if user.external_id is not None else None),
    )


def profile_problems(profile: Profile) -> list[FieldProblem]:
    """What is wrong with a profile, its ranges apart, which are read from text."""
    minutes = profile.session_minutes
    return found(
        ("name", typed_text.line_problem(profile.name)),
        ("description", typed_text.text_problem(profile.description)),
        ("session_minutes", lifetimes.access_token_problem("opaque", minutes) if minutes is not None else None),
        ("login_hours", hours.hours_problem(profile.login_hours)),
    )


def permission_set_problems(permission_set: PermissionSet | CustomPermission) -> list[FieldProblem]:
    """What is wrong with a permission set, or with a custom permission, which has the same names."""
    return found(
        ("label", typed_text.line_problem(permission_set.label)),
        ("api_name", typed_text.api_name_problem(permission_set.api_name)),
        ("description", typed_text.text_problem(permission_set.description)),
    )
