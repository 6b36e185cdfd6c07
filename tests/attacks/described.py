"""The texts that the admin API takes, read from its own description: operation by operation, field by field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# What ends something, each followed by what takes it back: done when everything else has been.
LAST = (
    *("approve", "approve-once", "refuse", "block", "unblock", "freeze", "unfreeze", "deactivate", "activate"),
    *("delete", "restore", "uninstall", "revoke", "remove"),
)
_VALUES = {"boolean": False, "integer": 1}


@dataclass(frozen=True)
class Operation:
    """One operation of the API, with the schema of its body."""

    id: str
    method: str
    path: str
    schema: Mapping[str, Any]

    @property
    def stage(self) -> int:
        word = self.path.rpartition("/")[2]
        return LAST.index(word) + 1 if word in LAST else 0


@dataclass(frozen=True)
class Description:
    """The description of the API as it hands it out."""

    document: Mapping[str, Any]

    def operations(self) -> list[Operation]:
        """Every operation with a text in its body."""
        found = [
            Operation(said["operationId"], method.upper(), path, self._resolved(body["schema"]))
            for path, methods in self.document["paths"].items()
            for method, said in methods.items()
            if (body := said.get("requestBody", {}).get("content", {}).get("application/json")) is not None
        ]
        return sorted((each for each in found if self.texts(each.schema)), key=lambda each: each.stage)

    def texts(self, schema: Mapping[str, Any]) -> list[str]:
        """The properties in which a text of one's own choice may stand, at whatever depth."""
        return [name for name, each in schema.get("properties", {}).items() if self._holds_text(each)]

    def filled(self, schema: Mapping[str, Any], text: Callable[[], str]) -> Any:
        """A value of this shape, with a new text wherever it takes one."""
        schema = self._resolved(schema)
        kind = schema.get("type")
        if kind == "array":
            return [self.filled(schema["items"], text)]
        if kind == "object":
            return {name: self.filled(each, text) for name, each in schema.get("properties", {}).items()}
        if "enum" in schema:
            return schema["enum"][0]
        return text() if kind == "string" else _VALUES.get(str(kind))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            return self._resolved(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        real = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        return self._resolved(real[0]) if real else schema

    def _holds_text(self, schema: Mapping[str, Any]) -> bool:
        schema = self._resolved(schema)
        if schema.get("type") == "array":
            return self._holds_text(schema["items"])
        if schema.get("type") == "object":
            return bool(self.texts(schema))
        return schema.get("type") == "string" and "enum" not in schema and schema.get("format") not in ("date-time", "binary")
