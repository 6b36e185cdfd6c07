"""What guides and pages of reasons name is there: commands with their options, addresses of the API, settings, metrics, reasons."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from gatebridge.cli.main import make_cli
from gatebridge.rules import reasons
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.exposures import KINDS
from gatebridge.settings.catalogue import describe
from gatebridge.web.api.application import make_api

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatebridge"
PLACES = (ROOT / "docs" / "guides", SOURCE / "web" / "help", ROOT / "examples", ROOT / "packages" / "gatebridge-guard")
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "docs" / "security.md"]
DOCUMENTS = sorted([*PAGES, *(page for place in PLACES for page in place.rglob("*.md"))])

BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(gatebridge [^`]*)`")
TYPED = re.compile(r"(?:^|\$ |\$\(|^as_gatebridge |&& )(gatebridge [^#\n]*)", re.MULTILINE)
ADDRESS = re.compile(r"\b(?:(GET|POST|PUT|PATCH|DELETE) )?(/api/v1/[^\s`?'\"<>,)]+)")
EVERYWHERE = {"--url", "--json", "--credentials", "--help", "--yes", "--install-completion"}
OF_THE_API_ITSELF = {"/openapi.json", "/docs", "/…"}


def found(named: Callable[[str], Iterable[str]]) -> list[str]:
    """What `named` finds in the text of each document, with the document's name in front."""
    return [f"{document.relative_to(ROOT)}: {each}" for document in DOCUMENTS for each in named(document.read_text("utf-8"))]


def typed(text: str) -> list[str]:
    """Every command of ours that a text has to copy, each in one line."""
    blocks = "\n".join(BLOCK.findall(text)).replace("\\\n", " ")
    return [*TYPED.findall(blocks), *(each.replace("\n", " ") for each in INLINE.findall(text))]


@cache
def commands() -> Any:
    return get_command(make_cli())


@cache
def described() -> dict[str, dict[str, Any]]:
    """What the API says of itself, by path and method."""
    paths: dict[str, dict[str, Any]] = make_api(object()).openapi()["paths"]  # type: ignore[arg-type]
    return paths


@cache
def operations() -> set[tuple[str, str]]:
    """Method and path of every operation of the API, with `{}` for what a path names."""
    return {(method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, methods in described().items() for method in methods}


def commands_that_are_not(text: str) -> Iterator[str]:
    for line in typed(text):
        words = shlex.split(line.split(" | ")[0].rstrip(")").replace("…", "x"))[1:]
        command = commands()
        while isinstance(command, TyperGroup) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        if isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            yield line
        known = EVERYWHERE | {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        yield from (f"{word} of {line}" for word in words if word.startswith("--") and word.partition("=")[0] not in known)


def addresses_that_are_not(text: str) -> Iterator[str]:
    for method, address in ADDRESS.findall(text):
        # What stands for an id is written {id} or $APP, begins as an id does, or is left out at the end.
        named = re.sub(r"/(?:\{[^}]*\}|\$[A-Z]+|0[0-9A-Za-z]{2,17}(?:\.\.\.)?)(?=/|$)", "/{}", address.rstrip(".;:"))
        named = re.sub(r"/$", "/{}", named).removeprefix("/api/v1")
        if named not in OF_THE_API_ITSELF and not any(path == named and method in ("", verb) for verb, path in operations()):
            yield f"{method} {address}"


def test_every_command_that_a_document_names_is_there_with_its_options() -> None:
    assert sum(len(typed(document.read_text("utf-8"))) for document in DOCUMENTS) > 250
    assert found(commands_that_are_not) == []


def test_every_address_of_the_api_that_a_document_names_is_there() -> None:
    assert found(addresses_that_are_not) == []


def test_every_setting_metric_and_reason_that_a_document_names_is_there() -> None:
    settings = {each.variable for each in describe()}
    counted = re.findall(r'"(gatebridge_\w+)"', (SOURCE / "web" / "metrics.py").read_text("utf-8"))
    metrics = {name + end for name in counted for end in ("", "_total")} | {"gatebridge_guard", "gatebridge_cli"}
    codes = {reason.public_code for reason in reasons.REASONS.values()} | set(reasons.REASONS)
    assert found(lambda text: set(re.findall(r"GATEBRIDGE_(?!CLI_|GUARD_|SETTINGS_FILE)[A-Z_]*[A-Z]", text)) - settings) == []
    assert found(lambda text: set(re.findall(r"`(gatebridge_\w+)`", text)) - metrics) == []
    assert found(lambda text: set(re.findall(r"/help/reasons/([a-z0-9_]+)", text)) - codes) == []


def test_the_api_says_of_every_operation_what_it_does_and_of_every_parameter_what_it_is() -> None:
    said = {f"{method} {path}": each for path, methods in described().items() for method, each in methods.items()}
    silent = [name for name, each in said.items() if not (each.get("summary") and each.get("description"))]
    silent += [
        f"{name}: {given['name']}" for name, each in said.items() for given in each.get("parameters", ()) if not given.get("description")
    ]
    assert silent == []


def test_the_guide_of_terms_has_every_setting_and_policy_and_the_guide_of_exposures_every_exposure() -> None:
    guides = ROOT / "docs" / "guides"
    terms = {each.name for each in (*fields(AppSettings), *fields(AppPolicies))} - {"app_id", "installation_id", "version", "requirement"}
    assert terms - set(re.findall(r"`(\w+)`", (guides / "app-terms.md").read_text("utf-8"))) == set()
    rows = re.findall(r"^\| (`.*`) \| (\d) \|", (guides / "exposures.md").read_text("utf-8"), re.MULTILINE)
    listed = {(code, int(weight)) for codes, weight in rows for code in re.findall(r"\w+", codes)}
    assert listed == {(kind.code, kind.weight) for kind in KINDS.values()}


def test_every_guide_is_listed_for_its_reader() -> None:
    docs = ROOT / "docs"
    listed = re.findall(r"\]\((guides/[^)#]+)", (docs / "README.md").read_text("utf-8"))
    assert {page.relative_to(docs).as_posix() for page in (docs / "guides").glob("*.md")} == set(listed)
