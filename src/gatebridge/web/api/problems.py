"""How the admin API refuses: always problem JSON (RFC 9457), whatever went wrong, and never a word about the inside."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gatebridge.rules import ids
from gatebridge.rules.levels import Level
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.web import refusal
from gatebridge.web.api import declined
from gatebridge.web.middleware.faults import reason_for

ADMIN_SCOPE = "setup_api"

# Tokens that were sent in a way that nobody takes: 400, and a challenge all the same (RFC 6750 section 3).
_MALFORMED = frozenset({bearer_reasons.BEARER_MALFORMED, bearer_reasons.BEARER_TWO_WAYS})


def register(api: FastAPI) -> None:
    """Let every kind of error that a route can end in become a problem."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    # The framework sends this answer and raises the error again; the net further out logs it.
    api.add_exception_handler(Exception, _fault)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    receipt = declined.record(request.app.state.house, dict(request.scope), error)
    told = answer(request, error)
    if receipt is not None:
        told.headers["X-Gatebridge-Receipt"] = ids.long(receipt)
    return told


def answer(request: Request, refused: Refused) -> Response:
    """The problem that tells of a refusal."""
    reason = refused.reason
    return refusal.problem(
        reason,
        request.scope,
        detail=refused.detail,
        errors=[{"field": each.field, "problem": each.problem} for each in refused.fields],
        facts=dict(refused.facts),
        headers=refusal.headers_of(reason) | _challenge(request, refused),
    )


def _challenge(request: Request, refused: Refused) -> dict[str, str]:
    """The challenge of RFC 6750 section 3 and RFC 9470 section 3. Who sent no token at all is only told that one is needed."""
    reason = refused.reason
    of_the_token = reason in _MALFORMED or reason.status == 401 or (reason.status == 403 and reason.error == "insufficient_scope")
    if not of_the_token:
        return {}
    parts = [f'realm="{request.scope.get("gatebridge.host", "")}"']
    if reason is not bearer_reasons.BEARER_MISSING:
        parts += [f'error="{reason.error}"', f'error_description="{reason.public_sentence}"']
    if reason.error == "insufficient_scope":
        parts.append(f'scope="{ADMIN_SCOPE}"')
    if reason.error == "insufficient_user_authentication":
        most = refused.facts.get("max_age")
        parts.append(f'acr_values="{Level.HIGH.acr}"' if most is None else f'max_age="{most}"')
    return {"WWW-Authenticate": f"Bearer {', '.join(parts)}"}


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    reasons = {404: request_reasons.PATH_UNKNOWN, 405: request_reasons.METHOD_NOT_ALLOWED, 415: request_reasons.CONTENT_TYPE_WRONG}
    reason = reasons.get(error.status_code, request_reasons.BODY_MALFORMED)
    headers = {"Allow": ", ".join(_methods_at(request))} if error.status_code == 405 else dict(error.headers or {})
    return refusal.problem(reason, request.scope, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Every method that some route at this path answers to; the framework names those of the first one only."""
    known = request.app.openapi()["paths"]
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    found = {method.upper() for pattern, methods in known.items() if _fits(path, pattern) for method in methods}
    return sorted(found or {"GET"})


def _fits(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(each.startswith("{") or each == part for part, each in zip(parts, wanted, strict=True))


def _fault(request: Request, error: Exception) -> Response:
    reason = reason_for(error)
    return refusal.problem(reason, request.scope, headers=refusal.headers_of(reason))


def _invalid(request: Request, error: Exception) -> Response:
    """What the closed shapes refuse: unknown and read-only fields are 400, wrong values 422 (X-AD-08)."""
    if not isinstance(error, RequestValidationError):
        raise error
    return answer(request, refusal_of(error.errors(), _fields_of(request)))


def _fields_of(request: Request) -> Collection[str]:
    """The fields that the body of this request may have."""
    body = getattr(request.scope.get("route"), "body_field", None)
    shape = body.field_info.annotation if body is not None else None
    return list(shape.model_fields) if isinstance(shape, type) and issubclass(shape, BaseModel) else ()


def refusal_of(details: Sequence[Mapping[str, Any]], known: Collection[str]) -> Refused:
    """The refusal that tells all that is wrong with a request's shape, the gravest kind first; `known` are the fields that there are."""
    if any(detail["type"] == "json_invalid" for detail in details):
        return Refused(request_reasons.BODY_MALFORMED)
    extra = [detail for detail in details if detail["type"] == "extra_forbidden"]
    read_only = [detail for detail in extra if str(detail["loc"][-1]) in READ_ONLY]
    if read_only:
        return Refused(setup_reasons.READ_ONLY_FIELD, fields=tuple(FieldProblem(_field(each), "cannot be set") for each in read_only))
    if extra:
        return Refused(setup_reasons.FIELD_UNKNOWN, fields=tuple(FieldProblem(_field(each), _nearest(each, known)) for each in extra))
    return Refused(setup_reasons.FIELD_INVALID, fields=tuple(FieldProblem(_field(each), _words(each)) for each in details))


# What records show and no request sets: whoever sends a whole record back meets one of these first.
READ_ONLY = frozenset(
    {"id", "org_id", "app_id", "user_id", "installation_id", "version", "epoch", "created_at", "created_by", "consumer_key", "initials"}
    | {"has_logo", "blocked", "blocked_at", "blocked_because", "deleted_at", "retired_at", "last_used_at", "issuer", "state", "frozen"}
    | {"effective", "name_shown", "fingerprint", "hint", "live", "settings_version", "policies_version", "installed_at"}
)


def _field(detail: Mapping[str, Any]) -> str:
    """Where the problem is, as a path: `callbacks.0`. The first part only says body, query or path."""
    parts = [str(part) for part in detail["loc"]]
    return ".".join(parts[1:] if parts[:1] in (["body"], ["query"], ["path"], ["header"]) else parts) or "body"


def _words(detail: Mapping[str, Any]) -> str:
    """What is wrong with a value; where we have said so ourselves, without what the validator puts in front of it."""
    return str(detail["msg"]).removeprefix("Value error, ")


def _nearest(detail: Mapping[str, Any], known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
    return f"is not known; did you mean {near[0]}?" if near else "is not known"
