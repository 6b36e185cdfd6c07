"""The list of standards, docs/standards.md: what each line asks is written by hand, and the tests that show it are found by their names.

`test_std_AZ_02_X_RU_05_only_this_is_so` names line AZ-02 (`X_...` are rows of the abuse cases, which are not listed). `make standards`
puts the tests under their lines.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "standards.md"

TEST = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
NAMED = re.compile(r"_std((?:_(?:std_)?(?!X_)[A-Z]{1,2}_\d{2})+)")
LINE = re.compile(r"^- \*\*([A-Z]{1,2})-(\d\d)(?: to \1-(\d\d))?\*\* ")
SHOWN = "  - `"  # how a line begins that tells a test; other lines are written by hand


def ids_in(name: str) -> list[str]:
    """The lines that a test names: `test_X_AC_02_std_CG_04_SC_13_one_wins` names CG-04 and SC-13."""
    named = (part for run in NAMED.findall(name) for part in re.findall(r"[A-Z]{1,2}_\d{2}", run))
    return [part.replace("_", "-") for part in dict.fromkeys(named)]


def truth_in(name: str) -> str:
    """What a test states: its name without the lines and rows that it stands for."""
    return re.sub(r"^test_|(?:std_)|(?:X_)?[A-Z]{1,2}_\d{2}_(?:to_\d{2}_)?", "", name).replace("_", " ")


def named_tests() -> dict[str, list[str]]:
    """Under each line the tests that name it, as they are listed."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in TEST.findall(path.read_text("utf-8")):
            for line_id in ids_in(name):
                found.setdefault(line_id, []).append(f"{SHOWN}{path.relative_to(ROOT / 'tests').as_posix()}`: {truth_in(name)}")
    return found


def ids_of(line: str) -> list[str]:
    """The ids that a line of the list stands for: one, or a range of what is alike; none where it begins no entry."""
    found = LINE.match(line)
    if found is None:
        return []
    prefix, first, last = found[1], int(found[2]), int(found[3] or found[2])
    return [f"{prefix}-{number:02}" for number in range(first, last + 1)]


def entries(text: str) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Each entry of the list: its ids, the tests under it, and what is written under it by hand."""
    ids: list[str] = []
    shown: list[str] = []
    said: list[str] = []
    for line in [*text.splitlines(), "- **ZZ-00** "]:
        if begun := ids_of(line):
            if ids:
                yield ids, shown, said
            ids, shown, said = begun, [], []
        elif line.startswith(SHOWN):
            shown.append(line)
        elif line.startswith("  - "):
            said.append(line.removeprefix("  - "))


def with_tests(text: str) -> str:
    """The list with the tests of today under its lines, and everything that is written by hand as it was."""
    tests, written = named_tests(), []
    for line in text.splitlines():
        if line.startswith(SHOWN):
            continue
        written.append(line)
        written += [each for line_id in ids_of(line) for each in tests.get(line_id, [])]
    return "\n".join(written) + "\n"


if __name__ == "__main__":
    LIST.write_text(with_tests(LIST.read_text("utf-8")), "utf-8")
