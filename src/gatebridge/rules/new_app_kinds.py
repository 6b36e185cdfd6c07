"""The six kinds of app that can be registered with a few answers: each with what it sets, and the reason for every gate.

`tests/rules/test_new_apps.py` holds every line against what the settings and policies come to.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gatebridge.rules.app_checks import BY_SECRET
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.gates_as_set import Stand
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.new_apps import Connected, GateSet, KindOfApp

_BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
_BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})
_PUBLIC = frozenset({ClientAuthMethod.NONE})
# What somebody gives who is there to say yes; nobody is with a job or a service.
_OF_SOMEBODY_THERE = frozenset({"web", "refresh_token", "openid"})

_EXACT = "The code goes nowhere but where you said."
_ASSIGNED = "Nobody gets in until a profile or a permission set is assigned."
_RANGES = "Enforced: name its ranges"

WEB_APP = KindOfApp(
    kind=Connected.WEB_APP,
    name="Web app",
    means="Runs on a server that can keep a secret; people sign in to it",
    by="Web server",
    lede="A server with people in front of it.",
    gates=(
        GateSet(Gate.CLIENT, Stand.GUARDED, "Consumer secret", "A server can keep one, so it must show one at token and refresh."),
        GateSet(Gate.CALLBACK, Stand.GUARDED, "https, exact match", _EXACT),
        GateSet(Gate.FLOW, Stand.GUARDED, "Web server, refresh token", "The code travels through the browser, the token never does."),
        GateSet(Gate.PKCE, Stand.GUARDED, "S256 required", "A stolen code is worth nothing without its verifier."),
        GateSet(Gate.PERMITTED, Stand.GUARDED, "Admin approved users", _ASSIGNED),
        GateSet(
            Gate.LIFETIME,
            Stand.GUARDED,
            "Refresh: 30 idle days, a year in all",
            "Long enough for a holiday, short enough to be forgotten safely.",
        ),
    ),
    flows=_BROWSER,
    auth_methods=BY_SECRET,
    usual=("openid", "profile", "email", "api", "refresh_token", "web"),
    ticked=("openid", "api", "refresh_token"),
)

IN_PAGE = KindOfApp(
    kind=Connected.IN_PAGE,
    name="Single-page or mobile app",
    means="Runs in a browser or on a phone, where no secret is safe",
    by="Web server without a secret",
    lede="Code in the hands of the user.",
    gates=(
        GateSet(
            Gate.CLIENT,
            Stand.OPEN,
            "Public: no secret is accepted",
            "A secret shipped in an app is known to all; pretending helps nobody.",
        ),
        GateSet(
            Gate.CALLBACK,
            Stand.GUARDED,
            "https, loopback, or a scheme with a dot",
            "A scheme without a dot can be claimed by another app.",
        ),
        GateSet(Gate.FLOW, Stand.GUARDED, "Web server, refresh token", "The old user-agent flow stays off: it puts tokens in addresses."),
        GateSet(Gate.PKCE, Stand.GUARDED, "S256 required, no waiver", "It is the only proof that this app has."),
        GateSet(Gate.PROOF, Stand.GUARDED, "Refresh token used once", "A copied token shows itself, and ends the whole family."),
        GateSet(Gate.PERMITTED, Stand.GUARDED, "Admin approved users", _ASSIGNED),
    ),
    flows=_BROWSER,
    auth_methods=_PUBLIC,
    usual=("openid", "profile", "email", "api", "refresh_token"),
    ticked=("openid", "api", "refresh_token"),
)

JOB = KindOfApp(
    kind=Connected.JOB,
    name="Nightly job",
    means="Runs on its own, for users you name, on a machine you control",
    by="JWT bearer",
    lede="Nobody is there to sign in.",
    gates=(
        GateSet(Gate.CLIENT, Stand.GUARDED, "Certificate: it signs", "The private key never leaves the job; there is no secret to leak."),
        GateSet(Gate.CALLBACK, Stand.GUARDED, "None", "No browser takes part, so there is nowhere to send a code."),
        GateSet(Gate.FLOW, Stand.GUARDED, "JWT bearer only", "One request, one token, no refresh token to lose."),
        GateSet(
            Gate.PROOF,
            Stand.GUARDED,
            "Valid 5 min, used once",
            "A captured assertion cannot be played again; that of a Salesforce client can, while it lives.",
        ),
        GateSet(Gate.PERMITTED, Stand.GUARDED, "Admin approved users", "The job can act only for users whom an admin approved."),
        GateSet(Gate.NETWORK, Stand.GUARDED, _RANGES, "A job has an address; elsewhere it is somebody else.", ruled=True),
        GateSet(Gate.LIFETIME, Stand.GUARDED, "Access 15 min; no refresh", "It can always ask again.", ruled=True),
    ),
    flows=frozenset({Flow.JWT_BEARER}),
    auth_methods=_BY_KEY,
    usual=("api", "id"),
    ticked=("api",),
    never=_OF_SOMEBODY_THERE,
    policies={"access_token_minutes": 15},
)

SERVICE = KindOfApp(
    kind=Connected.SERVICE,
    name="Service account",
    means="Another service that acts as itself, not for a person",
    by="Client credentials",
    lede="One service, one run-as user.",
    gates=(
        GateSet(Gate.CLIENT, Stand.GUARDED, "Consumer secret", "It is the whole proof, so rotate it: two may live, with a day's overlap."),
        GateSet(Gate.FLOW, Stand.GUARDED, "Client credentials only", "No user takes part, so no user flow is on."),
        GateSet(Gate.SCOPES, Stand.GUARDED, "Never full, web or refresh_token", "Nobody is there to say no to a wide token."),
        GateSet(Gate.USER, Stand.GUARDED, "A run-as user", "What it does stands in the records under a name of its own.", ruled=True),
        GateSet(Gate.NETWORK, Stand.GUARDED, _RANGES, "A service has an address; elsewhere it is somebody else.", ruled=True),
        GateSet(Gate.LIFETIME, Stand.GUARDED, "Access tokens only", "It can always ask again."),
    ),
    flows=frozenset({Flow.CLIENT_CREDENTIALS}),
    auth_methods=BY_SECRET,
    usual=("api", "id"),
    ticked=("api",),
    never=_OF_SOMEBODY_THERE,
)

DEVICE = KindOfApp(
    kind=Connected.DEVICE,
    name="Device",
    means="No browser or no keyboard: a scanner, a screen, a command line",
    by="Device",
    lede="Approved from another screen.",
    gates=(
        GateSet(Gate.CLIENT, Stand.OPEN, "Public: no secret is accepted", "A device in the field cannot keep one."),
        GateSet(
            Gate.FLOW,
            Stand.LOOSENED,
            "Device: opens a flow that is off",
            "It is the flow phishers like best, so it stands among the exposures until somebody answers for it.",
        ),
        GateSet(
            Gate.PROOF,
            Stand.GUARDED,
            "Code lives 10 min, once",
            "Whoever approves sees from where the device asks, and is warned of another network.",
        ),
        GateSet(Gate.PERMITTED, Stand.GUARDED, "Admin approved users", "A stranger’s code cannot be approved by everyone."),
        GateSet(Gate.LIFETIME, Stand.GUARDED, "Refresh: 7 idle days", "A lost device is forgotten within a week.", ruled=True),
    ),
    flows=frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN}),
    auth_methods=_PUBLIC,
    usual=("openid", "profile", "api", "refresh_token"),
    ticked=("api", "refresh_token"),
    policies={"refresh_policies": (RefreshPolicy("idle", 7, "days"), RefreshPolicy("absolute", 365, "days"))},
)

AGENT = KindOfApp(
    kind=Connected.AGENT,
    name="AI agent",
    means="A model that acts for a person, with tools",
    by="Web server, narrow",
    lede="Acts for a person, within limits.",
    gates=(
        GateSet(Gate.CLIENT, Stand.GUARDED, "Private key", "Every call is bound to one agent, by name."),
        GateSet(Gate.FLOW, Stand.GUARDED, "Web server, refresh token", "A person starts it."),
        GateSet(Gate.PKCE, Stand.GUARDED, "S256 required", "As for every app."),
        GateSet(Gate.SCOPES, Stand.GUARDED, "Few scopes, and never full", "An agent does what it can. Let it be able to do little."),
        GateSet(Gate.PERMITTED, Stand.GUARDED, "Admin approved users", "It acts for people whom an admin approved, and for nobody else."),
        GateSet(
            Gate.LIFETIME,
            Stand.GUARDED,
            "Access 15 min; refresh ends in 24 h",
            "A day’s work, and then the person starts it again.",
            ruled=True,
        ),
    ),
    flows=_BROWSER,
    auth_methods=_BY_KEY,
    usual=("openid", "mcp_api", "sfap_api", "api", "refresh_token"),
    ticked=("openid", "refresh_token"),
    never=frozenset({"web"}),
    policies={
        "access_token_minutes": 15,
        "refresh_policies": (RefreshPolicy("idle", 12, "hours"), RefreshPolicy("absolute", 24, "hours")),
    },
)

KINDS: Mapping[Connected, KindOfApp] = MappingProxyType({each.kind: each for each in (WEB_APP, IN_PAGE, JOB, SERVICE, DEVICE, AGENT)})
