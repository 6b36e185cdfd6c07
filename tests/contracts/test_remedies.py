"""What an explanation says to do can be done: each command is one of ours with these options, each request one of the admin API."""

import re
import shlex
from functools import cache
from typing import Any

import click
import pytest
from tests.rules import test_remedies, test_remedies_of_terms
from tests.rules.test_remedies import setting
from typer.main import get_command

from gatebridge.cli.main import make_cli
from gatebridge.rules.settable import Setting
from gatebridge.web.api.application import make_api

every_setting = pytest.mark.parametrize(
    "case",
    [pytest.param(case.values[:4], id=str(case.id)) for case in (*test_remedies.CASES, *test_remedies_of_terms.CASES)],
)


def told(case: Any) -> Setting:
    found = setting(*case)
    assert found is not None
    return found


@cache
def operations() -> list[tuple[str, re.Pattern[str]]]:
    paths = make_api(object()).openapi()["paths"]  # type: ignore[arg-type]
    return [(method.upper(), re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path))) for path, methods in paths.items() for method in methods]


@cache
def cli() -> Any:
    return get_command(make_cli())


@every_setting
def test_its_request_is_one_of_the_admin_api(case: Any) -> None:
    method, _, path = told(case).api.partition(" /api/v1")
    assert any(method == known and pattern.fullmatch(path) for known, pattern in operations()), told(case).api


@every_setting
def test_its_command_is_one_of_ours_with_these_options(case: Any) -> None:
    words = shlex.split(told(case).cli)
    if not words:
        return
    command = cli()
    assert words.pop(0) == "gatebridge"
    while hasattr(command, "commands"):
        assert words[0] in command.commands, told(case).cli
        command = command.commands[words.pop(0)]
    context = click.Context(command, info_name="gatebridge")
    known = {name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known, told(case).cli
