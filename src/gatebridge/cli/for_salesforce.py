"""`gatebridge apps create --salesforce CLIENT`: what the client needs of its app is said for whoever types."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gatebridge.cli.exits import Exit, Stop
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_guides import GuidedClient
from gatebridge.rules.client_settings import registered, way_of

Client = Annotated[
    str | None,
    typer.Option(
        "--salesforce",
        metavar="CLIENT",
        help=f"For a client of Salesforce's ({', '.join(GuidedClient)}), perhaps with how it signs in: jsforce:jwt. "
        "It says dialect, flows, scopes and proof.",
    ),
]

# What the client's needs leave no choice in, by the option that would say it.
SAID_BY_CLIENT = {
    "dialect": "--dialect",
    "flows": "--flow",
    "auth_methods": "--auth-method",
    "pkce_required": "--pkce",
    "introspect_all_tokens": "--resource-server",
}


def completed(client: str | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a new app: those that were typed, and beside them what this client needs. Raises Stop where they contradict."""
    if client is None:
        return dict(typed)
    way = way_of(client)
    if isinstance(way, str):
        raise Stop(Exit.USAGE, way)
    twice = [option for field, option in SAID_BY_CLIENT.items() if field in typed]
    if twice:
        raise Stop(Exit.USAGE, f"--salesforce {client} says this already: leave out {', '.join(twice)}, or say all of it yourself.")
    fields = registered(way) | {
        "scopes": list(dict.fromkeys([*way.scopes, *typed.get("scopes", ())])),
        "callbacks": [*([way.callback] if way.callback is not None else []), *typed.get("callbacks", ())],
    }
    if way.flow is Flow.WEB_SERVER and not fields["callbacks"]:
        raise Stop(Exit.USAGE, f"{client} comes back to an address of its own: say --callback.")
    if "full" in way.scopes and "full_scope_reason" not in typed:
        words = "This client asks for the scope full by name, which gives everything away. Say why it may: --full-scope-reason"
        raise Stop(Exit.USAGE, words)
    return dict(typed) | fields
