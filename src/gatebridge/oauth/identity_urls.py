"""The addresses that Salesforce's identity answers name, by the names that its clients look for (protocol file 6.5).

They are where Salesforce has these things. Clients put them together with what they know; that one is named does not promise that
somebody answers there.
"""

import re

from gatebridge.rules.api_versions import LATEST
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org

PLACEHOLDER = "{version}"

_VERSION = re.compile(r"([0-9]{1,3})(?:\.0)?")


def version_asked(text: str | None) -> str:
    """What stands in the addresses for the version: a number, or the placeholder for the client to fill in where it named none."""
    if text == "latest":
        return LATEST
    matched = _VERSION.fullmatch(text) if text is not None else None
    return f"{int(matched[1])}.0" if matched is not None else PLACEHOLDER


def urls(org: Org, user_id: str, version: str = PLACEHOLDER) -> dict[str, str]:
    """Every address, for one user. SOAP addresses end in the 15 characters of the org."""
    soap, rest = f"{org.issuer}/services/Soap", f"{org.issuer}/services/data/v{version}/"
    return {
        "enterprise": f"{soap}/c/{version}/{org.id}",
        "metadata": f"{soap}/m/{version}/{org.id}",
        "partner": f"{soap}/u/{version}/{org.id}",
        "rest": rest,
        "sobjects": f"{rest}sobjects/",
        "search": f"{rest}search/",
        "query": f"{rest}query/",
        "recent": f"{rest}recent/",
        "tooling_soap": f"{soap}/T/{version}/{org.id}",
        "tooling_rest": f"{rest}tooling/",
        "profile": f"{org.issuer}/{long(user_id)}",
        "feeds": f"{rest}chatter/feeds",
        "groups": f"{rest}chatter/groups",
        "users": f"{rest}chatter/users",
        "feed_items": f"{rest}chatter/feed-items",
        "feed_elements": f"{rest}chatter/feed-elements",
        "custom_domain": org.issuer,
    }


def photos(org: Org) -> dict[str, str]:
    """One picture for everybody. Never null: a client appends its token to the address without looking."""
    picture = f"{org.issuer}/static/person.svg"
    return {"picture": picture, "thumbnail": picture}
