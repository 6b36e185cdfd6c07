"""Who may import what from outside. The floors themselves are held by the contract in `.importlinter`, which `make lint` checks."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "gatebridge"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Rooms that may import a package; everyone else gets what they need as values or through these rooms.
ALLOWED = {
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "psycopg": {"storage"},
    "pysqlite3": {"storage"},
    "sqlite3": {"storage"},
    "starlette": {"web", "bootstrap", "demo"},  # these two name the type of the application and nothing else
    "fastapi": {"web"},
    "python_multipart": {"oauth"},  # where the parameters of a body are read, whatever their form
    "jinja2": {"web", "delivery"},
    "markdown_it": {"web"},
    "lark": {"salesforce"},
    "prometheus_client": {"web"},
    "cryptography": {"crypto", "demo"},  # the demo is a client too, with a key of its own
    "joserfc": {"crypto"},
    "argon2": {"crypto"},
    "boto3": {"delivery"},
    "hvac": {"delivery"},
    "typer": {"cli"},
    "rich": {"cli"},
    "uvicorn": {"cli", "bootstrap", "demo"},
}


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_packages(source: str) -> set[str]:
    """The first parts of all absolute imports, wherever in the file they stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def forbidden(room: str, source: str) -> set[str]:
    """The imports in a module of this room that it may not have."""
    packages = imported_packages(source)
    wrong = {package for package in packages if package in ALLOWED and room not in ALLOWED[package]}
    if room == "rules":
        wrong |= packages - set(sys.stdlib_module_names) - {"gatebridge"}
    return wrong


def test_a_module_imports_only_what_its_room_may() -> None:
    wrong = {str(module.relative_to(PACKAGE)): forbidden(room_of(module), module.read_text()) for module in MODULES}
    assert {name: packages for name, packages in wrong.items() if packages} == {}


@pytest.mark.parametrize(
    ("room", "source", "wrong"),
    [
        pytest.param("rules", "import hashlib\nfrom gatebridge.rules import ids", set(), id="rules may use the standard library"),
        pytest.param("rules", "import pydantic", {"pydantic"}, id="rules may use nothing else"),
        pytest.param("setup", "def f():\n    import sqlalchemy.orm", {"sqlalchemy"}, id="an import inside a function counts"),
        pytest.param("storage", "from sqlalchemy import select", set(), id="storage speaks SQL"),
        pytest.param("oauth", "from starlette.requests import Request", {"starlette"}, id="the protocol knows no HTTP library"),
    ],
)
def test_this_check_finds_what_it_looks_for(room: str, source: str, wrong: set[str]) -> None:
    assert forbidden(room, source) == wrong
