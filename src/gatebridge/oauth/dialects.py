"""What is right in one dialect and wrong in the other, as far as it is found out only when the app of a request is known (wire.md)."""

from dataclasses import replace

from gatebridge.crypto import secrets
from gatebridge.oauth import endpoint
from gatebridge.oauth.outcome import Outcome
from gatebridge.oauth.request import Malformed, OAuthRequest
from gatebridge.rules.apps import Dialect
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage.facts import FactsReader


def unfit(reader: FactsReader, org: Org, request: OAuthRequest, event: str) -> Outcome:
    """The refusal of a body of a type that only apps of the salesforce dialect may send.

    It is the answer that everybody gets whose body cannot be read, so it tells nobody whether the app that was named exists.
    """
    unread = replace(request, parameters={}, malformed=Malformed(request_reasons.CONTENT_TYPE_WRONG))
    return endpoint.malformed(org, unread, event, reader.bare_facts(org))


def spoken_by(token: str, org: Org) -> Dialect:
    """The dialect of a token that nobody knows any more, by its shape: its record is cleared away some time after its end, and its
    client must still read what makes it get a new one."""
    salesforce = "!" in token and secrets.access_token_org(token) == org.id
    return Dialect.SALESFORCE if salesforce else Dialect.STANDARD
