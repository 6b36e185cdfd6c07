"""The admin API as one application, mounted at `/api/v1`."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from gatebridge import __version__
from gatebridge.web.api import (
    access_requests,
    app_logo,
    app_policies,
    app_settings,
    app_state,
    apps,
    audit,
    certificates,
    connect,
    containment,
    custom_permissions,
    docs,
    explain,
    exports,
    exposures,
    login_history,
    me,
    me_factors,
    me_requests,
    orgs,
    permission_sets,
    problems,
    profiles,
    replay,
    revoke,
    secrets,
    sessions,
    signing_keys,
    tries,
    usage,
    user_apps,
    user_factors,
    users,
    validation,
)
from gatebridge.web.house import House

# In the order in which the docs page shows them.
RESOURCES = (
    *(me, me_factors, me_requests),
    *(apps, app_state, containment, app_logo, app_settings, app_policies, secrets, certificates, tries, validation, access_requests),
    *(
        revoke,
        usage,
        exposures,
        login_history,
        explain,
        connect,
        replay,
        users,
        user_apps,
        user_factors,
        sessions,
        profiles,
        permission_sets,
        custom_permissions,
        orgs,
        signing_keys,
        audit,
        exports,
    ),
)

ABOUT = """Everything that the command line and the console can do, and with the same rights.

Every request carries an access token with the scope `setup_api`, of an app whose policy *May administer this org* is on:
`Authorization: Bearer <token>`. What it may do is what the user of the token may do. What is weighty, such as credentials, keys, second
factors, giving rights and ending what others have, also wants a person behind the token who signed in lately
(`reauthentication_needed`). Ids leave in 18 characters and are accepted in 15 as well.

Times are UTC, such as `2026-11-28T09:42:11Z`. Lists are paged, by a `limit` of 25, 50 or 100: follow `next` with `cursor`. Edits need
`If-Match` with the ETag that was read. A POST that creates something takes an `Idempotency-Key`; repeated under the same key it does
nothing again, and what is shown once is not shown twice. Refusals are problems (RFC 9457) with a stable `reason`, whose page is `type`."""


# What the ids in paths are, with the prefix by which each is known.
IDS_IN_PATHS = {
    "app_id": "The app, `0H4...`.",
    "certificate_id": "The certificate, `0P1...`.",
    "factor_id": "The second factor, `0FA...`.",
    "grant_id": "The grant, `0GR...`.",
    "holder_id": "A profile, `00e...`, or a permission set, `0PS...`.",
    "key_id": "The signing key, `0SG...`: the `kid` of tokens and of the published keys.",
    "line_id": "The line of the audit trail, `0Ym...`.",
    "loosening_id": "The acceptance of an exposure, `0LO...`.",
    "permission_id": "The custom permission, `0CP...`.",
    "profile_id": "The profile, `00e...`.",
    "receipt_id": "The receipt, `0Ya...`, as `X-Gatebridge-Receipt` and `error_uri` tell it.",
    "request_id": "The request, `0RQ...`.",
    "secret_id": "The secret, `0SK...`; not the secret itself.",
    "session_id": "The session, `0Ak...`.",
    "set_id": "The permission set, `0PS...`.",
    "token_id": "The access token, by the id of the receipt of its issue: `jti` in a JWT and at introspection.",
    "try_id": "The run, `0TR...`.",
    "user_id": "The user, `005...`.",
}


class FieldProblemShown(BaseModel):
    """What is wrong with one field, and what to change."""

    field: str
    problem: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). `type` is the page of the reason."""

    type: str
    title: str
    status: int
    reason: str
    operation_id: str
    detail: str | None = None
    hint: str | None = None
    remedy: str | None = None
    errors: list[FieldProblemShown] = []
    facts: dict[str, Any] = {}


REFUSED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused, with a stable reason.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


class DescribedApi(FastAPI):
    """FastAPI whose description also says how to authenticate, what the ids in paths are, and how every request is refused."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            components = document.setdefault("components", {})
            schemas = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components.setdefault("schemas", {}).update(schemas.pop("$defs", {}) | {"Problem": schemas})
            components["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer", "description": "An access token with the scope setup_api."}
            }
            document["security"] = [{"token": []}]
            named = (each for path in document["paths"].values() for method in path.values() for each in method.get("parameters", ()))
            for parameter in named:
                if parameter["in"] == "path":
                    parameter.setdefault("description", IDS_IN_PATHS.get(parameter["name"], ""))
        assert self.openapi_schema is not None  # noqa: S101 - the framework has just set it
        return self.openapi_schema


def _operation_id(route: APIRoute) -> str:
    return route.name


def make_api(house: House) -> FastAPI:
    """The API of this house. Its description is at `openapi.json`, its page at `docs`; both are in the source, so neither needs a token."""
    api = DescribedApi(
        title="Gatebridge admin API",
        version=__version__,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": "/api/v1"}],
        strict_content_type=False,
        responses=REFUSED,
        generate_unique_id_function=_operation_id,
    )
    api.state.house = house
    for resource in RESOURCES:
        api.include_router(resource.router)
    problems.register(api)
    api.router.routes.extend(docs.routes(api))
    return api
