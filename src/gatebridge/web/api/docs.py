"""The API's description in OpenAPI 3.1, and a page made from it on the server: no script, nothing from elsewhere."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatebridge.web import pages

CACHED = {"Cache-Control": "public, max-age=300"}
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of a body or an answer, with the fields inside it."""

    name: str
    type: str
    required: bool
    description: str
    place: str = ""
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that the API knows."""

    id: str
    method: str
    path: str
    summary: str
    description: Markup
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer_status: str
    answer: tuple[Field, ...]
    example: str


def routes(api: FastAPI) -> list[Route]:
    """The description and the page."""

    def description(_: Request) -> Response:
        return JSONResponse(api.openapi(), headers=CACHED)

    def page(request: Request) -> Response:
        issuer = request.scope["gatebridge.issuer"]
        document = api.openapi()
        about = _markdown(document["info"]["description"])
        groups = by_tag(document, issuer)
        return pages.page("api.html", headers=CACHED, about=about, groups=groups, title=document["info"]["title"])

    return [Route("/openapi.json", description), Route("/docs", page)]


def by_tag(document: Schema, issuer: str) -> list[tuple[str, list[Operation]]]:
    """The operations of a document, by their first tag, in the order in which they stand."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            groups.setdefault((said.get("tags") or ["other"])[0], []).append(_operation(document, issuer, path, method, said))
    return list(groups.items())


def _operation(document: Schema, issuer: str, path: str, method: str, said: Schema) -> Operation:
    parameters = tuple(_parameter(document, each) for each in said.get("parameters", ()))
    body_schema = _json_schema(said.get("requestBody", {}).get("content", {}))
    answers: dict[str, Any] = {code: each for code, each in said["responses"].items() if code.startswith("2")}
    status = next(iter(answers), "")
    return Operation(
        id=said["operationId"],
        method=method,
        path=f"/api/v1{path}",
        summary=said.get("summary", ""),
        description=_markdown(said.get("description", "")),
        parameters=parameters,
        body=_fields(document, body_schema),
        answer_status=status,
        answer=_fields(document, _json_schema(answers[status].get("content", {}) if status else {})),
        example=_curl(document, issuer, path, method, parameters, body_schema),
    )


def _parameter(document: Schema, said: Schema) -> Field:
    # What is not sent is not sent as null either, in an address or a header.
    kind = _type(document, said["schema"]).removesuffix(", or null")
    return Field(said["name"], kind, said.get("required", False), said.get("description", ""), said["in"])


def _json_schema(content: Schema) -> Schema:
    schema: Schema = content.get("application/json", {}).get("schema", {})
    return schema


def _resolved(document: Schema, schema: Schema) -> Schema:
    """The schema that a reference leads to; of several alternatives, the one that is not null."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next((each for each in schema["anyOf"] if each.get("type") != "null"), {})
        else:
            return schema


def _fields(document: Schema, schema: Schema, depth: int = 0) -> tuple[Field, ...]:
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema = _resolved(document, schema["items"])
    required = schema.get("required", ())
    return tuple(
        Field(
            name=name,
            type=_type(document, each),
            required=name in required,
            description=each.get("description", ""),
            fields=_fields(document, each, depth + 1) if depth < 2 else (),
        )
        for name, each in schema.get("properties", {}).items()
    )


def _type(document: Schema, schema: Schema) -> str:
    """A type in words: `text`, `list of text`, `one of a, b`."""
    nullable = any(each.get("type") == "null" for each in schema.get("anyOf", ()))
    found = _resolved(document, schema)
    words = {"string": "text", "integer": "number", "boolean": "yes or no", "object": "object"}
    if "enum" in found:
        said = "one of " + ", ".join(str(each) for each in found["enum"])
    elif "const" in found:
        said = str(found["const"])
    elif found.get("type") == "array":
        said = "list of " + _type(document, found["items"])
    elif found.get("format") == "date-time":
        said = "time"
    else:
        said = words.get(found.get("type", ""), "any")
    return f"{said}, or null" if nullable else said


def _curl(document: Schema, issuer: str, path: str, method: str, parameters: tuple[Field, ...], body: Schema) -> str:
    """A request to copy; the token comes from a variable, so that it is not in the shell's history."""
    lines = [f"curl {shlex.quote(f'{issuer}/api/v1{path}')}"]
    if method != "get":
        lines[0] += f" -X {method.upper()}"
    lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(each.name == "If-Match" for each in parameters):
        lines.append("-H 'If-Match: \"1\"'")
    if any(each.name == "Idempotency-Key" for each in parameters):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if body:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(_example(document, body)))}")
    return " \\\n  ".join(lines)


def _example(document: Schema, schema: Schema, depth: int = 0) -> Any:
    given = schema.get("examples") or schema.get("example")
    if given:
        return given[0] if isinstance(given, list) else given
    found = _resolved(document, schema)
    if found is not schema and (found.get("examples")):
        return found["examples"][0]
    if "enum" in found:
        return found["enum"][0]
    kind = found.get("type")
    if kind == "object" or "properties" in found:
        required = found.get("required") or list(found.get("properties", {}))[:2]
        return {name: _example(document, found["properties"][name], depth + 1) for name in required} if depth < 4 else {}
    if kind == "array":
        return [_example(document, found["items"], depth + 1)]
    return {"string": "text", "integer": 1, "boolean": True}.get(str(kind), "text")


def _markdown(text: str) -> Markup:
    return Markup(MarkdownIt("commonmark", {"html": False}).render(text))  # noqa: S704 - our own words, rendered without raw HTML
