"""What a flow makes of a token request, before anybody has decided about it."""

from dataclasses import dataclass, field, replace

from gatebridge.oauth.endpoint import Caller
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Attempt
from gatebridge.rules.grants import AuthorizationCode, Grant, RefreshToken
from gatebridge.storage.assertions import UsedAssertion

PATH = "/services/oauth2/token"


@dataclass(frozen=True, slots=True)
class Redeeming:
    """Who calls, on which facts what is attempted, and what a yes uses up. A flow's `redeem` answers with it."""

    caller: Caller
    attempt: Attempt
    value: str = field(default="", repr=False)  # the code, device code or refresh token as it was presented
    used: UsedAssertion | None = None  # the assertion of the JWT bearer flow
    parameter: str = ""  # the one that is missing or malformed, where one is

    def with_code(self, code: AuthorizationCode | None, bought: Grant | None) -> "Redeeming":
        """The same request over a code that somebody else has redeemed in the meantime."""
        caller = replace(self.caller, facts=replace(self.caller.facts, grant=bought))
        return replace(self, caller=caller, attempt=replace(self.attempt, code=code))

    def with_device(self, device: DeviceCode | None, bought: Grant | None) -> "Redeeming":
        """The same request over a device code that somebody else has redeemed in the meantime."""
        caller = replace(self.caller, facts=replace(self.caller.facts, grant=bought))
        return replace(self, caller=caller, attempt=replace(self.attempt, device=device))

    def with_refresh(self, refresh: RefreshToken | None) -> "Redeeming":
        """The same request over a refresh token that somebody else has exchanged in the meantime."""
        return replace(self, attempt=replace(self.attempt, refresh=refresh))
