"""What a request presents to prove its client, before anybody compared it with anything."""

from dataclasses import dataclass, field

from gatebridge.rules.app_settings import ClientAuthMethod


@dataclass(frozen=True, slots=True)
class Presented:
    """One method with its material: the secret, or the assertion; nothing for a public client."""

    consumer_key: str
    method: ClientAuthMethod
    material: str = field(default="", repr=False)
