"""The guides for Salesforce's clients say what `gatebridge connect` says: the same commands, the same tables, the same reasons."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gatebridge.cli.main import make_cli
from gatebridge.rules import client_steps, reasons
from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.client_differences import DIFFERENCES, TROUBLES
from gatebridge.rules.client_guides import SF_WEB, WAYS, GuidedClient, Speaks, Way
from gatebridge.rules.client_values import NO_KEY, Step, Values

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
CLIENTS = Path(__file__).parents[1] / "clients"
PAGES = {
    GuidedClient.SF: "salesforce-cli.md",
    GuidedClient.JSFORCE: "jsforce.md",
    GuidedClient.SIMPLE_SALESFORCE: "simple-salesforce.md",
    GuidedClient.CUMULUSCI: "cumulusci.md",
}
CASES = [pytest.param(client, way, id=f"{client}-{way.name}") for client, ways in WAYS.items() for way in ways]


def page(client: GuidedClient) -> str:
    return (GUIDES / PAGES[client]).read_text("utf-8")


def values_of(client: GuidedClient, way: Way) -> Values:
    """What stands on the pages in place of an org's own values."""
    issuer = "https://acme.my.salesforce.com" if way.speaks is Speaks.SALESFORCE else "https://acme.example.com"
    key = PLATFORM_CLI if client is GuidedClient.SF and not way.signs else NO_KEY
    return Values(issuer, key, "ada@acme.example", way.callback or "https://portal.example/callback")


def block(step: Step) -> str:
    return f"{step.words}\n\n```{step.language}\n{step.code}\n```\n"


def unwrapped(text: str) -> str:
    """The page with each paragraph in one line, but for what is code."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else re.sub(r"(?<=\S)\n(?=[^\n|#-])", " ", part) for part in parts)


@pytest.mark.parametrize(("client", "way"), CASES)
def test_a_page_has_each_way_with_the_commands_that_are_printed(client: GuidedClient, way: Way) -> None:
    text = unwrapped(page(client))
    assert f"\n## {way.title}\n" in text
    for step in client_steps.steps(client, way, values_of(client, way)):
        assert block(step) in text, step.code
    if client is not GuidedClient.SF or way.signs:
        assert block(client_steps.registration(client, way)) in text


@pytest.mark.parametrize("client", GuidedClient)
def test_a_page_has_both_tables(client: GuidedClient) -> None:
    lines = page(client).split("\n")
    for each in DIFFERENCES[client]:
        assert f"| {each.what} | {each.salesforce} | {each.here} |" in lines
    for trouble in TROUBLES[client]:
        code = reasons.get(trouble.code).public_code
        assert f"| `{trouble.shown}` | {trouble.cause} | `/help/reasons/{code}` |" in lines


@pytest.mark.parametrize("name", [*PAGES.values(), "migrate-from-salesforce.md"])
def test_every_command_of_ours_on_a_page_is_one_with_these_options(name: str) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (GUIDES / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    typed = [line for block in blocks for line in block.replace("\\\n", " ").split("\n") if line.startswith("gatebridge ")]
    assert typed
    for line in typed:
        _, *words = shlex.split(line)
        command = get_command(make_cli())
        while isinstance(command, TyperGroup):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--url"}
        assert {word for word in words if word.startswith("--")} <= known, line


def pinned(client: GuidedClient) -> tuple[str, str]:
    """The package that the tests run, and its version."""
    directory = CLIENTS / {GuidedClient.SF: "salesforce_cli"}.get(client, client.replace("-", "_"))
    if (directory / "package.json").exists():
        ((name, version),) = json.loads((directory / "package.json").read_text())["dependencies"].items()
        return str(name), str(version)
    found = re.search(rf"^{client}==(\S+)", (directory / "requirements.txt").read_text(), re.MULTILINE)
    assert found is not None
    return client, found[1]


@pytest.mark.parametrize("client", GuidedClient)
def test_a_page_says_which_version_the_tests_run(client: GuidedClient) -> None:
    name, version = pinned(client)
    assert f"- **Versions.** The tests run `{name}` {version}." in page(client)


def test_the_app_of_the_cli_has_the_callback_and_the_scopes_of_the_guide() -> None:
    from gatebridge.setup import platform_cli

    assert SF_WEB.callback == platform_cli.CALLBACK
    assert SF_WEB.callback in page(GuidedClient.SF)


@pytest.mark.parametrize("name", [*PAGES.values(), "migrate-from-salesforce.md"])
def test_what_a_page_leads_to_is_there(name: str) -> None:
    text = (GUIDES / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert (GUIDES / target).exists(), target
    codes = {reason.public_code for reason in reasons.REASONS.values()} | set(reasons.REASONS)
    assert set(re.findall(r"/help/reasons/([a-z_]+)", text)) <= codes
    assert name in (GUIDES.parent / "README.md").read_text("utf-8")
