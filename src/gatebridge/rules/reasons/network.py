"""Gate 12, Network: does the request come from an address that the policy allows?"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

_network = partial(
    Reason, gate=Gate.NETWORK, error="invalid_grant", status=400, salesforce_error="invalid_grant", salesforce_text="ip restricted"
)

ADDRESS_OUTSIDE_RANGES = _network(
    code="address_outside_ranges",
    sentence="The request comes from an address that the policy does not allow.",
    hint="Find the outgoing address of the client, as the receipt shows it; a VPN, a new data centre or a proxy changes it.",
    remedy="Add the address to the login ranges of the user's profile or to the org's trusted ranges, or relax IP in the app's Policies.",
)
# A rule that cannot be evaluated denies (X-IP-02, X-AD-11).
ADDRESS_UNKNOWN = _network(
    code="address_unknown",
    sentence="The address of the caller cannot be told, and the policy allows only certain addresses.",
    hint="Nothing in the client's code will help, unless it sends forwarding headers of its own; remove those.",
    remedy="Operator: name the proxy in GATEBRIDGE_TRUSTED_PROXIES, and let it send one well-formed X-Forwarded-For.",
)
ADDRESS_OUTSIDE_APP_RANGES = _network(
    code="address_outside_app_ranges",
    sentence="The app may not be used from the address that the request comes from.",
    hint="Find the outgoing address of the client, as the receipt shows it: this app may be used from addresses of its own alone.",
    remedy="Add the address to the app's IP ranges on its Policies page, if the app really runs there now.",
)
# A list that no relaxation waives: who writes one means it.
REFRESH_ADDRESS_REFUSED = _network(
    code="refresh_address_refused",
    sentence="A refresh token of this app may not be used from the address that the request comes from.",
    hint="Refresh from the servers that the org has listed. If you never use a refresh token elsewhere, somebody else has it: revoke it.",
    remedy="Add the address to the app's refresh ranges, if it is one of the app's own servers; no relaxation waives them.",
)
