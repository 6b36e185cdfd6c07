"""The rules of the house that no other tool checks. CONTRIBUTING.md gives the reason of each."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatebridge"
MODULES = sorted(SOURCE.rglob("*.py"))

MOST_LINES = 300
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc", "core"}

# Time and randomness are passed in. These places are where they come from.
SOURCES_OF_TIME_AND_CHANCE = {
    "storage/database.py",  # the clock of the house, and the randomness that goes into every transaction
    "bootstrap.py",
    "demo/people.py",  # their passwords
    "demo/clients.py",  # the verifiers and `jti` of its clients, as any client makes them
    "cli/login.py",  # the verifier and the state of one sign-in, as any client makes them
    "cli/first_admin.py",  # the salt of the first password
}
ROOMS_WITH_DOCUMENTED_FUNCTIONS = {"rules", "records", "setup", "crypto"}

# What would tie the repository to one machine or one network.
FOREIGN = re.compile(
    r"/(?:root|home|Users|work)/(?!ada/)[a-z][\w.-]*/|/tmp/[a-z]|(?:files\.)?pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org",
)


def within(module: Path) -> str:
    return module.relative_to(SOURCE).as_posix()


# A migration is never edited once it has run somewhere, so it cannot be split either.
def test_a_module_is_short_enough_to_be_read_in_one_go() -> None:
    lengths = {within(module): len(module.read_text().splitlines()) for module in MODULES if "versions" not in module.parts}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_a_module_is_named_after_what_it_does() -> None:
    assert [within(module) for module in MODULES if NAMES_THAT_SAY_NOTHING & set(module.relative_to(SOURCE).with_suffix("").parts)] == []


def uses_of_time_and_chance(source: str) -> list[str]:
    """Calls and mentions that read the clock or draw randomness, as `line: name`."""
    wanted = {
        ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"), ("time", "time_ns"),
        ("os", "urandom"), ("uuid", "uuid4"), ("uuid", "uuid1"),
    }  # fmt: skip
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in wanted:
            found.append(f"{node.lineno}: {node.value.id}.{node.attr}")
        elif isinstance(node, ast.Import):
            found += [f"{node.lineno}: {alias.name}" for alias in node.names if alias.name in ("random", "secrets")]
        elif isinstance(node, ast.ImportFrom) and node.module in ("random", "secrets"):
            found.append(f"{node.lineno}: {node.module}")
    return found


def test_std_SC_12_time_and_randomness_are_passed_in() -> None:
    used = {within(module): uses_of_time_and_chance(module.read_text()) for module in MODULES}
    assert {name for name, found in used.items() if found} - SOURCES_OF_TIME_AND_CHANCE == set()


@pytest.mark.parametrize("source", ["datetime.now(UTC)", "x = time.time", "os.urandom(8)", "import secrets", "from random import choice"])
def test_the_check_of_time_and_randomness_finds_them(source: str) -> None:
    assert len(uses_of_time_and_chance(source)) == 1


def undocumented(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield node.name


def test_every_public_function_of_these_rooms_says_what_it_means() -> None:
    there = [module for module in MODULES if module.relative_to(SOURCE).parts[0] in ROOMS_WITH_DOCUMENTED_FUNCTIONS]
    missing = {within(module): list(undocumented(ast.parse(module.read_text()))) for module in there}
    assert {name: functions for name, functions in missing.items() if functions} == {}


def _of_archive() -> Iterator[Path]:
    for room in ("src", "tests", "docs", "bench", "packages", "examples", "requirements", "scripts"):
        yield from (path for path in (ROOT / room).rglob("*") if "__pycache__" not in path.parts)


def tracked_text() -> Iterator[tuple[str, str]]:
    """Every file that git tracks and that is text, as it lies in the working tree; of an archive without git, every file of the product."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else [path.relative_to(ROOT).as_posix() for path in _of_archive()]
    for name in names:
        path = ROOT / name
        if name and path.is_file() and b"\0" not in (content := path.read_bytes())[:4096]:
            yield name, content.decode("utf-8", errors="replace")


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    found = [
        f"{name}:{number}"
        for name, text in tracked_text()
        if name != "tests/contracts/test_house.py"
        for number, line in enumerate(text.splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert found == []


def test_every_requirement_is_pinned_with_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for entry in re.split(r"\n(?=\S)", path.read_text().strip()):
            assert re.match(r"[\w.\[\]-]+==\S+", entry), f"{path.name}: {entry.splitlines()[0]}"
            assert "--hash=sha256:" in entry, f"{path.name}: {entry.splitlines()[0]}"
