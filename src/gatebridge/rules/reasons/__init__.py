"""Every refusal that the product knows: a file per gate, and one each for malformed requests, our API, the setup verbs and outages.

`REASONS` is the catalogue by code. Each has a page of the same name in `web/help/reasons/`, where `error_uri` leads.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType

from gatebridge.rules.reasons import (
    app,
    assertion,
    bearer,
    callback,
    client,
    consent,
    data,
    device,
    flow,
    grant,
    hours,
    identity,
    installed,
    level,
    logout,
    network,
    outage,
    permitted,
    pkce,
    proof,
    request,
    resource,
    scopes,
    session,
    setup,
    sign_in,
    sobjects,
    soql,
    strangers,
    tries,
    user,
    user_codes,
)
from gatebridge.rules.reasons.reason import Compared, FieldProblem, Reason, Refused

__all__ = [
    "REASONS",
    "Compared",
    "FieldProblem",
    "Reason",
    "Refused",
    "app",
    "assertion",
    "bearer",
    "callback",
    "client",
    "consent",
    "data",
    "device",
    "flow",
    "get",
    "grant",
    "hours",
    "identity",
    "installed",
    "level",
    "logout",
    "network",
    "outage",
    "permitted",
    "pkce",
    "proof",
    "public",
    "request",
    "resource",
    "scopes",
    "session",
    "setup",
    "sign_in",
    "sobjects",
    "soql",
    "tries",
    "user",
    "user_codes",
]


def catalogue(modules: Iterable[ModuleType]) -> Mapping[str, Reason]:
    """All reasons that the modules define, by code. Raises ValueError where two have one code, since a code is for ever."""
    found: dict[str, Reason] = {}
    for module in modules:
        for value in vars(module).values():
            if not isinstance(value, Reason):
                continue
            if value.code in found:
                raise ValueError(f"two reasons are called {value.code}")
            found[value.code] = value
    return MappingProxyType(found)


REASONS = catalogue(
    (
        *(request, outage, client, assertion, callback, app, installed, flow, pkce, proof, grant, device),
        *(scopes, user, permitted, hours, network, session, level, consent, bearer, identity, sign_in, setup, tries, user_codes, logout),
        *(resource, data, soql, sobjects),
    )
)


def public(code: str) -> Reason | None:
    """What the page of this code is about: a reason, or the shared face of several that a stranger may not tell apart."""
    return REASONS.get(code) or strangers.SHARED.get(code)


def get(code: str) -> Reason:
    """The reason of this code. Raises KeyError for one that never was."""
    return REASONS[code]
