"""What the documents point at is there: files of the code, other documents, headings in them, and targets of make."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatebridge"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("packages/*/README.md")])

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
FILE = re.compile(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def within(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=within)


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made where Markdown is shown."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(document.read_text())}


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for link in LINK.findall(document.read_text()):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        # The report is measured on the reader's own machine before it exists.
        if (not target.exists() and target != ROOT / "bench" / "report.md") or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_file_that_the_architecture_names_is_in_the_house() -> None:
    named = FILE.findall((ROOT / "docs" / "architecture.md").read_text())
    places = [SOURCE, ROOT, SOURCE / "web"]
    assert len(named) > 30
    assert [name for name in named if not any((place / name).exists() or list(place.glob(f"*/{name}")) for place in places)] == []


@every_document
def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall(document.read_text())) <= targets
