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

    TOKEN = "token"  # the token endpoint: something new is about to be issued
    CALLER = "caller"  # a client that authenticates itself to introspect or revoke
    INTROSPECT = "introspect"  # a live token, as a resource server asks about it
    API = "api"  # a live token, presented to our own API
