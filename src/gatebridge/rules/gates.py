"""The fifteen gates that every request passes, in their order, and the doors it may come in at."""

from enum import StrEnum


class Gate(StrEnum):
    """One station of the access decision. The order of the members is the order of the gates."""

    CLIENT = "client"
    CALLBACK = "callback"
    APP = "app"
    INSTALLED = "installed"
    FLOW = "flow"
    PKCE = "pkce"
    PROOF = "proof"
    SCOPES = "scopes"
    USER = "user"
    PERMITTED = "permitted"
    HOURS = "hours"
    NETWORK = "network"
    SESSION = "session"
    CONSENT = "consent"
    LIFETIME = "lifetime"

    @property
    def number(self) -> int:
        """The gate's fixed number, from 1; Proof is always 7, also at a door that lacks some gates."""
        return NUMBERS[self]


NUMBERS = {gate: number for number, gate in enumerate(Gate, start=1)}


class Door(StrEnum):
    """Where a request comes in. `access.GATES_AT` says which gates stand at which door."""

    AUTHORIZE = "authorize"  # a browser brings a request for a user's approval
    TOKEN = "token"  # the token endpoint, where a client asks for itself, or in a way that nobody knows
    CODE = "code"  # the token endpoint, where a client redeems an authorization code
    REFRESH = "refresh"  # the token endpoint, where a client presents a refresh token
    ASSERTION = "assertion"  # the token endpoint, where a client presents an assertion that names a user
    DEVICE_START = "device_start"  # the device endpoint, where a client asks for a pair of codes
    CONNECT = "connect"  # a page of ours, where a user has typed a device's code and decides about it
    DEVICE = "device"  # the token endpoint, where a client waits for what its device's user decides
    CALLER = "caller"  # a client that authenticates itself to ask about tokens
    REVOKE = "revoke"  # a client that wants one of its tokens ended; a public app may, by its name alone
    INTROSPECT = "introspect"  # a live token, as a resource server asks about it
    IDENTITY = "identity"  # a live token, presented at userinfo or the identity URL
    API = "api"  # a live token, presented to our own API
