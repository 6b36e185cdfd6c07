"""What an app is registered with for one of Salesforce's clients, so that nothing but what only its owner knows is left to say."""

from collections.abc import Mapping
from types import MappingProxyType

from gatebridge.rules.app_checks import BY_SECRET
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.client_guides import WAYS, GuidedClient, Way

# How each client mostly signs in. The Salesforce CLI has an app of its own for its browser, so one that is registered is for scripts.
USUAL: Mapping[GuidedClient, str] = MappingProxyType(
    {
        GuidedClient.SF: "jwt",
        GuidedClient.JSFORCE: "web",
        GuidedClient.SIMPLE_SALESFORCE: "client-credentials",
        GuidedClient.CUMULUSCI: "web",
    }
)


def way_of(text: str) -> Way | str:
    """The way that is meant by a client's name, or by client and way with a colon between; else what there is, as a sentence."""
    name, _, wished = text.partition(":")
    client = next((client for client in GuidedClient if client == name), None)
    if client is None:
        return f"There is no client called {name[:40]}; it is one of {', '.join(GuidedClient)}."
    way = next((way for way in WAYS[client] if way.name == (wished or USUAL[client])), None)
    return way or f"{client.called} does not sign in by {wished[:40]}; it does by {', '.join(way.name for way in WAYS[client])}."


def registered(way: Way) -> dict[str, object]:
    """The fields of a new app for this way, by their names at the admin API. A reason for the scope `full` is left to a person."""
    return {
        "dialect": Dialect.SALESFORCE,
        "flows": list(way.flows),
        "scopes": list(way.scopes),
        "callbacks": [way.callback] if way.callback is not None else [],
        "auth_methods": [ClientAuthMethod.PRIVATE_KEY_JWT] if way.signs else sorted(BY_SECRET),
        "pkce_required": way.challenge,  # waived for a client that sends none; it stands among the app's exposures then
    }
