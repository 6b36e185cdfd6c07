"""The package is a house of its own: it imports nothing of the server, and agrees with it about what both must know."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

from gatebridge.crypto import secrets
from gatebridge.rules import lifetimes, scopes
from gatebridge.rules.levels import Level as ServersLevel
from gatebridge_guard import Level, bearer, claims
from gatebridge_guard import scopes as guards_scopes

PACKAGE = Path(__file__).parents[2] / "packages" / "gatebridge-guard"
MODULES = sorted((PACKAGE / "src").rglob("*.py"))
MAY_IMPORT = {"httpx", "joserfc", "gatebridge_guard", "_typeshed"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_nothing_of_the_server_and_is_short_enough_to_read(module: Path) -> None:
    import sys

    source = module.read_text()
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    assert names - set(sys.stdlib_module_names) <= MAY_IMPORT
    assert len(source.splitlines()) <= 300


def test_the_package_says_what_it_needs() -> None:
    declared = re.findall(r'"([a-z]+)>=', re.search(r"^dependencies = (.*)$", (PACKAGE / "pyproject.toml").read_text(), re.MULTILINE)[1])  # type: ignore[index]
    assert {"httpx", "joserfc"} <= set(declared) <= {"httpx", "joserfc", "cryptography"}


HELD = [frozenset(), *({name} for name in scopes.CATALOGUE), {"orders"}, {"profile", "email", "address", "phone"}, {"profile", "email"}]


@pytest.mark.parametrize("needed", [*scopes.CATALOGUE, "orders"])
def test_guard_and_server_agree_on_what_implies_what(needed: str) -> None:
    for held in HELD:
        assert guards_scopes.covers(frozenset(held), needed) == scopes.covers(held, needed, frozenset({"orders"})), held


def test_guard_and_server_agree_on_levels() -> None:
    assert {level.value: level.acr for level in Level} == {level.value: level.acr for level in ServersLevel}


@pytest.mark.parametrize("dialect", ["standard", "salesforce"])
def test_the_guard_knows_an_opaque_token_when_it_sees_one(dialect: str) -> None:
    token = secrets.opaque_access_token("00D000000000001", dialect, lambda count: bytes(range(count)))
    assert bearer.could_be_opaque(token)
    assert not bearer.is_jwt(token)
    assert bearer.read([f"Bearer {token}"]) == token
    assert not bearer.could_be_opaque(secrets.new(secrets.Kind.REFRESH_TOKEN, lambda count: bytes(range(count))))


def test_no_jwt_lives_longer_than_the_guard_remembers() -> None:
    assert lifetimes.access_token_problem("jwt", claims.LONGEST_LIFE // 60) is None
    assert lifetimes.access_token_problem("jwt", claims.LONGEST_LIFE // 60 + 1) is not None


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL))
def test_what_the_readme_shows_is_python(block: str) -> None:
    compile("async def shown():\n" + textwrap.indent(block, "    "), "README.md", "exec")
