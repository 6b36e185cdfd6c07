"""Reading the settings of one process, and saying all that is wrong with them at once.

A setting comes from the environment (`GATEBRIDGE_<NAME>`), or else from the TOML file named by `GATEBRIDGE_SETTINGS_FILE` (`<name> = ...`),
or else it has its default. `PORT`, which many hosts set, is read as `GATEBRIDGE_LISTEN_PORT`. A name that nobody knows is refused, because
a misspelt limit that silently keeps its default is worse than a server that does not start. Variables that begin with `GATEBRIDGE_CLI_`
belong to the command line client and are left alone.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gatebridge.settings.catalogue import PREFIX, Settings, describe
from gatebridge.settings.checks import open_to_others

CLIENT_PREFIX = "GATEBRIDGE_CLI_"
SETTINGS_FILE = "GATEBRIDGE_SETTINGS_FILE"


class SettingsRefused(Exception):  # noqa: N818 - the answer to a wrong configuration, not a fault of the program
    """The server does not start with these settings. `problems` holds every one of them, a plain sentence each, without any secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(environ: Mapping[str, str]) -> Settings:
    """The settings of these environment variables and of the file they name. Raises SettingsRefused with all problems at once."""
    problems: list[str] = []
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    path = environ.get(SETTINGS_FILE)
    if path is not None:
        for name, value in _read_file(Path(path), problems).items():
            values[name], origins[name] = value, f"{name} in {path}"
    for variable, value in sorted(environ.items()):
        if variable == "PORT" and PREFIX + "LISTEN_PORT" not in environ:
            values["listen_port"], origins["listen_port"] = value, variable
        elif variable.startswith(PREFIX) and not variable.startswith(CLIENT_PREFIX) and variable != SETTINGS_FILE:
            name = variable.removeprefix(PREFIX).lower()
            values[name], origins[name] = value, variable
    for name in [name for name in values if name not in Settings.model_fields]:
        problems.append(_unknown(name, origins[name]))
        del values[name]
    if values.get("master_key") is not None and values.get("master_key_file") is not None:
        problems.append(f"Only one of {origins['master_key']} and {origins['master_key_file']} can be given.")
    if values.get("environment") == "production" and values.get("master_key") is None and values.get("master_key_file") is None:
        problems.append(f"In production {PREFIX}MASTER_KEY_FILE or {PREFIX}MASTER_KEY must be given: a key is never invented there.")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        # A default that builds on a refused setting is not itself a problem.
        problems += [_sentence(detail, origins) for detail in error.errors() if detail["type"] != "default_factory_not_called"]
        raise SettingsRefused(problems) from None  # the original error would show values
    if problems:
        raise SettingsRefused(problems)
    return settings


def _read_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        exposed = open_to_others(path)
    except OSError as error:
        problems.append(f"The settings file {path} cannot be read: {error.strerror}.")
        return {}
    except ValueError as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        problems.append(f"The settings file {path} is not valid TOML: {where}.")
        return {}
    secrets = [line.name for line in describe() if line.secret and line.name in values]
    if secrets and exposed:
        problems.append(f"The settings file {path} holds {' and '.join(secrets)} but can be read by others: chmod 600 {path}")
    return values


def _unknown(name: str, origin: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
    if not near:
        return f"{origin} is no setting; docs/settings.md lists them all."
    meant = PREFIX + near[0].upper() if origin.startswith(PREFIX) else near[0]
    return f"{origin} is no setting. Did you mean {meant}?"


def _sentence(detail: ErrorDetails, origins: Mapping[str, str]) -> str:
    name = str(detail["loc"][0])
    cause = detail.get("ctx", {}).get("error")
    wrong = str(cause) if isinstance(cause, ValueError) else detail["msg"].replace("Input should be", "must be")
    if not wrong.startswith("must"):
        wrong = f"is not valid: {wrong}"
    return f"{origins.get(name, PREFIX + name.upper())} {wrong}."
