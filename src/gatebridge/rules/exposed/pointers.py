"""Where a smaller setting is made: the request of the API and the command that make it, ready to be copied."""

import json
import shlex
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from gatebridge.rules import ids
from gatebridge.rules.exposed.kinds import Kind, Mend
from gatebridge.rules.levels import Requirement

# What is typed to make a field safe, where there is one safe value; what goes by itself with another edit is not typed at all.
_TYPED: Mapping[str, tuple[str, ...]] = {
    "refresh_exception_reason": (),
    "refresh_exception_until": (),
    "jwt_access_token_minutes": ("--jwt-minutes", "0"),
    "authorization_code_seconds": ("--code-seconds", "0"),
    "may_administer": ("--may-not-administer",),
    "full_scope_reason": ("--full-scope-reason", ""),
    "pkce_required": ("--pkce",),
    "require_secret_for_web_server": ("--web-server-secret",),
    "require_secret_for_refresh": ("--refresh-secret",),
    "introspect_all_tokens": ("--no-resource-server",),
    "assertion_audiences": ("--assertion-audience", ""),
}
# And where the value is typed.
_OPTIONS: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    "permitted_users": lambda value: ("--permitted-users", value),
    "ip_relaxation": lambda value: ("--ip-relaxation", value),
    "requirement": lambda value: ("--required-level", value.level),
    "refresh_policies": lambda value: tuple(word for policy in value for word in ("--refresh-policy", str(policy))),
    "refresh_grace_seconds": lambda value: ("--refresh-grace", str(value)),
    "flows": lambda value: tuple(word for flow in sorted(value) for word in ("--flow", flow)),
    "scopes": lambda value: tuple(word for scope in value for word in ("--scope", scope)),
}


def to_api(app_id: str, kind: Kind, mend: Mend) -> str:
    """The request that makes the smaller setting, or the address where it is made by hand."""
    shown = ids.long(app_id)
    if not mend:
        place = kind.field.partition(".")[0]
        return f"/api/v1/apps/{shown}" + ("" if place == "app" else f"/{place}")
    part, changes = ("settings", mend.settings) if mend.settings else ("policies", mend.policies)
    body = {name: value for field, each in changes.items() for name, value in _sent(field, each)}
    return f"PATCH /api/v1/apps/{shown}/{part} {json.dumps(body)}"


def to_command_line(app_id: str, kind: Kind, mend: Mend) -> str:
    """The command that makes the smaller setting, or with which it is made by hand; empty where there is none."""
    shown = ids.long(app_id)
    if not mend:
        return kind.command.format(app=shown)
    part, changes = ("settings", mend.settings) if mend.settings else ("policies", mend.policies)
    if not changes.keys() <= _TYPED.keys() | _OPTIONS.keys():
        return ""  # what only a program sets
    words = [str(word) for field, value in changes.items() for word in _typed(field, value)]
    return shlex.join(["gatebridge", "apps", part, shown, *words])


def _typed(field: str, value: Any) -> tuple[str, ...]:
    return _TYPED[field] if field in _TYPED else _OPTIONS[field](value)


def _sent(field: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Requirement):
        return [("required_level", str(value.level)), ("level_action", str(value.action))]
    if isinstance(value, frozenset):
        return [(field, sorted(str(each) for each in value))]
    if isinstance(value, tuple):
        return [(field, [str(each) for each in value])]
    return [(field, str(value) if isinstance(value, Enum) else value)]
