"""The signature over the identity URL."""

from gatebridge.crypto.signature import salesforce_signature


def test_the_signature_is_what_salesforce_clients_compute() -> None:
    identity = "https://login.salesforce.com/id/00DSG000009FYVd2AO/005SG000008eiAbYAI"
    assert salesforce_signature("example-secret", identity, "1700000000000") == "aEiKMkBVYth3AmBi4Sc/6Uezl5Z5rf25Pk1VqDLfKIU="
