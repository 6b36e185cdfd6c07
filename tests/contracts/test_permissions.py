"""Every permission is demanded by something. One that nothing asks for would be a promise that nobody keeps."""

import ast
from functools import cache
from pathlib import Path

import pytest

from gatebridge.rules.permissions import LATER, Permission

SOURCE = Path(__file__).parents[2] / "src" / "gatebridge"

# Who hands rights out or shows them does not ask for them: the catalogue, the profiles that an org begins with, the demo, what is typed,
# and the pages that list them.
GIVES = (
    *("rules/permissions.py", "setup/manage_profiles.py", "setup/found_org.py", "demo/", "cli/", "rules/remedies.py"),
    *("web/console/rights.py", "web/console/places.py"),
)


@cache
def demanded() -> dict[Permission, set[str]]:
    """Where each permission is asked for: every mention of it in a room that acts or decides."""
    found: dict[Permission, set[str]] = {permission: set() for permission in Permission}
    for module in sorted(SOURCE.rglob("*.py")):
        within = module.relative_to(SOURCE).as_posix()
        if within.startswith(GIVES):
            continue
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Permission":
                found[Permission[node.attr]].add(within)
    return found


@pytest.mark.parametrize("permission", sorted(set(Permission) - LATER))
def test_every_permission_is_asked_for_somewhere(permission: Permission) -> None:
    assert demanded()[permission]


@pytest.mark.parametrize("permission", sorted(LATER))
def test_what_comes_later_is_taken_off_the_list_when_it_is_there(permission: Permission) -> None:
    assert demanded()[permission] == set()


def test_the_right_to_apis_is_asked_for_by_the_decision_itself() -> None:
    assert any(place.startswith("rules/asks/") for place in demanded()[Permission.API_ENABLED])
