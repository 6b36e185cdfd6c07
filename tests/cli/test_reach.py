"""Nothing of the API is out of reach of the command line: every operation is sent by a command, and every field and filter is said by one.

Read from the source of the commands: an operation that nobody could type is found here, whatever it does.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gatebridge import cli
from gatebridge.web.api.application import make_api

SOURCES = {path.name: path.read_text() for path in Path(cli.__file__).parent.glob("*.py")}


def document() -> dict[str, Any]:
    return make_api(object()).openapi()  # type: ignore[arg-type]


def texts(source: str) -> set[str]:
    """The texts of a module; what is put into one at run time is `{}`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
    return found


def paths_sent() -> Iterator[str]:
    for source in SOURCES.values():
        said = texts(source)
        whole = {text for text in said if text.startswith("/")}
        yield from whole
        # `f"{path}/users"`, with what `path` may be in the same module.
        yield from (start + text.removeprefix("{}") for text in said if text.startswith("{}/") for start in whole)


def test_every_operation_has_a_command() -> None:
    sent = set(paths_sent())
    assert [path for path in document()["paths"] if re.sub(r"\{\w+\}", "{}", path) not in sent] == []


def test_every_field_and_every_filter_can_be_said() -> None:
    found, everything, missing = document(), "\n".join(SOURCES.values()), []
    for path, methods in found["paths"].items():
        for method, said in methods.items():
            names = [each["name"] for each in said.get("parameters", ()) if each["in"] == "query"]
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" in body:
                names += found["components"]["schemas"][body["$ref"].rpartition("/")[2]]["properties"]
            missing += [(method, path, name) for name in names if not re.search(rf"\b{name}\b", everything)]
    assert missing == []
