"""What to type for each of Salesforce's clients, with an org's own values in it: a guide's steps, ready to be copied.

Every value goes in quoted for where it stands, a shell, Python or JavaScript.
"""

import shlex
from collections.abc import Callable, Mapping

from gatebridge.rules import client_steps_node, client_steps_python
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_guides import REASONED, SF_AUTH_URL, SF_WEB, GuidedClient, Way
from gatebridge.rules.client_values import NEW_KEY, NO_CALLBACK, Step, Values


def steps(client: GuidedClient, way: Way, values: Values) -> tuple[Step, ...]:
    """The steps of one way, in order."""
    return _STEPS[client, way.name](values)


def registration(client: GuidedClient, way: Way) -> Step:
    """How an app for this way is registered and let in. APP is its id, which `apps create` shows."""
    api_name = f"{client.value}_{way.name}".replace("-", "_")
    create = [f"gatebridge apps create {shlex.quote(f'{client.called}, {way.name}')}", f"--salesforce {client}:{way.name}"]
    create.append(f"--api-name {api_name} --contact you@example.com")
    if way.flow is Flow.WEB_SERVER and way.callback is None:
        create.append(f"--callback {NO_CALLBACK}")
    if "full" in way.scopes:
        create.append(REASONED)
    commands = [" \\\n  ".join(create)]
    if way.signs:
        commands = [NEW_KEY, *commands, "gatebridge certs add APP server.crt"]
    if way.flow is Flow.CLIENT_CREDENTIALS:
        commands.append("gatebridge apps policies APP --run-as USER")
    commands.append("gatebridge access assign APP HOLDER")
    key = "Make a key and its certificate. " if way.signs else ""
    words = f"{key}Register an app, and say who may use it: HOLDER is the id of a profile or permission set."
    return Step(words, "\n".join(commands))


_STEPS: Mapping[tuple[GuidedClient, str], Callable[[Values], tuple[Step, ...]]] = {
    (GuidedClient.SF, SF_WEB.name): client_steps_node.sf_web,
    (GuidedClient.SF, SF_AUTH_URL.name): client_steps_node.sf_auth_url,
    (GuidedClient.SF, "jwt"): client_steps_node.sf_jwt,
    (GuidedClient.JSFORCE, "web"): client_steps_node.jsforce_web,
    (GuidedClient.JSFORCE, "jwt"): client_steps_node.jsforce_jwt,
    (GuidedClient.SIMPLE_SALESFORCE, "client-credentials"): client_steps_python.simple_client_credentials,
    (GuidedClient.SIMPLE_SALESFORCE, "jwt"): client_steps_python.simple_jwt,
    (GuidedClient.SIMPLE_SALESFORCE, "session"): client_steps_python.simple_session,
    (GuidedClient.CUMULUSCI, "web"): client_steps_python.cumulusci_web,
    (GuidedClient.CUMULUSCI, "jwt"): client_steps_python.cumulusci_jwt,
}
