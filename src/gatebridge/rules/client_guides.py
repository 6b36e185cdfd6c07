"""Salesforce's clients: how each can sign in, and what it needs of its app for that.

It is a property of the client, so nobody can set it: at which address it listens, which scopes it asks for, whether it sends a challenge, a
secret or a signature, and to which hosts it will speak. What an app lacks of it is told by `client_gaps`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gatebridge.rules.app_settings import AppSettings, Flow

SALESFORCE_HOST = ".salesforce.com"
ON_THE_SAME_MACHINE = ("http://localhost:", "http://127.0.0.1:")


class GuidedClient(StrEnum):
    """A client that was written for Salesforce, by the name under which its guide is asked for."""

    SF = "sf"
    JSFORCE = "jsforce"
    SIMPLE_SALESFORCE = "simple-salesforce"
    CUMULUSCI = "cumulusci"

    @property
    def called(self) -> str:
        """What people call it."""
        return _CALLED[self]


_CALLED: Mapping[GuidedClient, str] = {
    GuidedClient.SF: "Salesforce CLI",
    GuidedClient.JSFORCE: "jsforce",
    GuidedClient.SIMPLE_SALESFORCE: "simple-salesforce",
    GuidedClient.CUMULUSCI: "CumulusCI",
}


class Speaks(StrEnum):
    """To which issuers a client can speak at all."""

    ANY = "any"
    HTTPS = "https"  # it puts https in front of the host, whatever the issuer says
    SALESFORCE = "salesforce"  # it asks at https://{domain}.salesforce.com and nowhere else


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a client signs in, and what it needs of its app. The first flow is the one by which it gets its first token."""

    name: str
    title: str
    flows: tuple[Flow, ...]
    scopes: tuple[str, ...]  # what it asks for by name, or calls right after it has signed in
    callback: str | None = None  # the address at which it listens; None: whichever is registered
    movable: bool = False  # it can be told to listen at another address of the same machine
    challenge: bool = True  # it sends a PKCE challenge; False where it goes through a browser without one
    secret: bool = False  # it cannot do without a consumer secret
    speaks: Speaks = Speaks.ANY

    @property
    def flow(self) -> Flow:
        return self.flows[0]

    @property
    def signs(self) -> bool:
        return self.flow is Flow.JWT_BEARER

    @property
    def names_a_user(self) -> bool:
        """Whether it acts for somebody: who signs in, or whom it names. Client credentials act for the run-as user."""
        return self.flow is not Flow.CLIENT_CREDENTIALS


_BROWSER = (Flow.WEB_SERVER, Flow.REFRESH_TOKEN)

# What `full` gives goes beyond what the client does. It asks for it by name all the same, and an app that has it not is refused.
REASONED = '--full-scope-reason "The client asks for it by name."'

# By these an app acts for itself or for who is not there, so it must be able to prove itself.
NEEDS_A_CREDENTIAL = frozenset({Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER})

# What the Salesforce CLI listens at and asks for is in its code, so there is nothing to choose.
SF_CALLBACK = "http://localhost:1717/OauthRedirect"
SF_SCOPES = ("refresh_token", "api", "web")
SF_WEB = Way("web", "Sign in with a browser", _BROWSER, SF_SCOPES, SF_CALLBACK)
SF_AUTH_URL = Way("auth-url", "Sign in with an SFDX auth URL", _BROWSER, SF_SCOPES, SF_CALLBACK, speaks=Speaks.HTTPS)

WAYS: Mapping[GuidedClient, tuple[Way, ...]] = {
    GuidedClient.SF: (SF_WEB, SF_AUTH_URL, Way("jwt", "Sign in with a key (JWT bearer)", (Flow.JWT_BEARER,), ("api",))),
    GuidedClient.JSFORCE: (
        Way("web", "Sign a user in with a browser", _BROWSER, ("api", "refresh_token")),
        Way("jwt", "Act for a user with a key (JWT bearer)", (Flow.JWT_BEARER,), ("api",)),
    ),
    GuidedClient.SIMPLE_SALESFORCE: (
        Way(
            "client-credentials",
            "Act as the app itself (client credentials)",
            (Flow.CLIENT_CREDENTIALS,),
            ("api",),
            secret=True,
            speaks=Speaks.SALESFORCE,
        ),
        Way("jwt", "Act for a user with a key (JWT bearer)", (Flow.JWT_BEARER,), ("api",), speaks=Speaks.SALESFORCE),
        Way("session", "Bring a token of one's own", (Flow.CLIENT_CREDENTIALS,), ("api",), secret=True, speaks=Speaks.HTTPS),
    ),
    GuidedClient.CUMULUSCI: (
        Way(
            "web",
            "Sign in with a browser",
            _BROWSER,
            ("web", "full", "refresh_token"),
            "http://localhost:8080/callback",
            movable=True,
            challenge=False,
            secret=True,
            speaks=Speaks.HTTPS,
        ),
        Way("jwt", "Sign in with a key (JWT bearer), as pipelines do", (Flow.JWT_BEARER,), ("api",), speaks=Speaks.HTTPS),
    ),
}


def can_serve(settings: AppSettings, way: Way) -> bool:
    """Whether an app of this kind can be set up for the way at all."""
    return not (settings.public and way.flow in NEEDS_A_CREDENTIAL)


def callback_of(settings: AppSettings, way: Way) -> str | None:
    """Where the client is to listen: at its own address, or another of the same machine that is registered, or at any. None: nowhere."""
    if way.callback is None:
        return next(iter(settings.callbacks), None)
    if way.callback in settings.callbacks or not way.movable:
        return way.callback
    return next((each for each in settings.callbacks if each.startswith(ON_THE_SAME_MACHINE)), way.callback)


def domain_of(issuer: str) -> str | None:
    """What simple-salesforce calls the domain of an issuer: the part of its host before `.salesforce.com`. None for any other host."""
    scheme, _, host = issuer.partition("://")
    domain = host.removesuffix(SALESFORCE_HOST)
    return domain if scheme == "https" and domain and domain != host else None
