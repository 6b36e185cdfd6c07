"""What a guide is made of: an org's values, one step, and how a text is quoted for where it stands.

No secret is among them: one is typed at a prompt, or read from the environment (X-SX-03).
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum

from gatebridge.rules.client_guides import domain_of

# Words in capitals are for the reader to fill in, as in the commands of an explanation.
NO_KEY, NO_USER, NO_CALLBACK = "CONSUMER_KEY", "USERNAME", "CALLBACK"
NEW_KEY = 'openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj "/CN=acme" -keyout server.key -out server.crt'
SHORT_QUERY = "SELECT LoginTime, Application, Status FROM LoginHistory ORDER BY LoginTime DESC LIMIT 10"


class Language(StrEnum):
    """What a step is written in."""

    SHELL = "sh"
    PYTHON = "python"
    JAVASCRIPT = "javascript"


@dataclass(frozen=True, slots=True)
class Values:
    """What an org puts into a guide. Whatever is not known stands there as a word in capitals."""

    issuer: str
    consumer_key: str = NO_KEY
    username: str = NO_USER
    callback: str = NO_CALLBACK
    alias: str = "acme"  # what the client's user calls the org
    secret: bool = True  # the app proves itself with a consumer secret
    certified: bool = True  # the app has the certificate of a key that the client can sign with

    @property
    def domain(self) -> str:
        """What simple-salesforce is told instead of an address."""
        return domain_of(self.issuer) or "DOMAIN"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what it is for, and what to type."""

    words: str
    code: str
    language: Language = field(default=Language.SHELL)


def new_key(values: Values) -> tuple[Step, ...]:
    """How a key is made, where the app has no certificate yet."""
    if values.certified:
        return ()
    return (Step("Make a key and its certificate, and register the certificate as said above. The key stays where it is used.", NEW_KEY),)


def quoted(text: str) -> str:
    """A text as JavaScript and Python read it: what JSON writes of one, in ASCII, is read alike."""
    return json.dumps(text)
