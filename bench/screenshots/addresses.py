"""Which page an address is of: its path without the records in it, so that a page added tomorrow is found by itself."""

import re
from urllib.parse import urlsplit

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix

NOT_PAGES = re.compile(r"/(static|api|services|id|metrics|healthz|readyz|\.well-known)(/|$)|/(tail|export)$")
ONE_OF_MANY = re.compile(r"^(/help/reasons|/setup/apps/[^/]+/exposures)/[^/]+$")  # where the last part says which, and is no id
LONG_ID = 18


def page_of(address: str) -> str:
    """The name of the page: `setup-apps-app-policies` for `/setup/apps/0H4…/policies`."""
    path = urlsplit(address).path
    one = ONE_OF_MANY.match(path)
    parts = [_part(part) for part in (f"{one[1]}/one" if one else path).split("/") if part]
    return "-".join(parts) or "start"


def _part(part: str) -> str:
    if len(part) != LONG_ID or ids.parse(part) is None:
        return re.sub(r"[^a-z0-9]+", "-", part.lower())
    return next((prefix.name.lower().replace("_", "-") for prefix in Prefix if part.startswith(prefix)), "record")


def worth_a_visit(address: str, base_url: str) -> bool:
    """Whether this leads to a page of the server. What only narrows, sorts or pages a list is the same page again."""
    here = urlsplit(address)
    return f"{here.scheme}://{here.netloc}" == base_url and not NOT_PAGES.match(here.path) and not NOT_PAGES.search(here.path)
