"""What may be typed into a field of text. Each function answers with the sentence that says what is wrong, or None.

Names are compared byte for byte everywhere, so two that a reader cannot tell apart must not both be possible: no blanks at the ends, no
characters that show nothing (X-JB-06, X-BF-04).
"""

import re
from datetime import date, datetime, timedelta
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from gatebridge.rules.network import parse_address

LONGEST_NAME = 80
LONGEST_TEXT = 1000
LONGEST_EMAIL = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LONGEST_HOST = 253
LAST_ZONE = timedelta(hours=-12)  # from UTC: where a day ends last

_USERNAME = re.compile(r"[A-Za-z0-9._@+-]{2,80}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_API_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::([1-9][0-9]{0,4}))?")
_LINE_BREAKS_AND_TABS = str.maketrans("", "", "\r\n\t")


def username_problem(text: str) -> str | None:
    """Why this cannot be a username."""
    if _USERNAME.fullmatch(text):
        return None
    return "A username has 2 to 80 characters: letters A to Z, digits, and . _ @ + -, no blanks; upper and lower case count."


def email_problem(text: str) -> str | None:
    """Why mail cannot be sent to this. Only the addresses that every mail server takes: ASCII, unquoted, one @ (RFC 5321 section 4.1.2)."""
    local, at, domain = text.partition("@")
    if len(text) > LONGEST_EMAIL or len(local) > 64:
        return f"An e-mail address has at most {LONGEST_EMAIL} characters, 64 of them before the @."
    if not at or not _LOCAL_PART.fullmatch(local) or not _is_host_name(domain.lower()):
        return "This is not an e-mail address such as ada@example.com."
    return None


def line_problem(text: str, longest: int = LONGEST_NAME, *, may_be_empty: bool = False) -> str | None:
    """Why this cannot be one line of text, such as a name or a label."""
    if not text:
        return None if may_be_empty else "This must not be empty."
    if text != text.strip():
        return "This must not begin or end with a blank."
    if len(text) > longest:
        return f"This has {len(text)} characters; at most {longest} are allowed."
    if not text.isprintable():
        return "This must be one line without control characters or characters that show nothing."
    return None


def text_problem(text: str, longest: int = LONGEST_TEXT) -> str | None:
    """Why this cannot be a text of several lines, such as a description, which may also be empty."""
    if len(text) > longest:
        return f"This has {len(text)} characters; at most {longest} are allowed."
    if not text.translate(_LINE_BREAKS_AND_TABS).isprintable():
        return "This must not hold control characters or characters that show nothing."
    return None


def api_name_problem(text: str) -> str | None:
    """Why programs cannot call a record so."""
    if len(text) <= LONGEST_NAME and _API_NAME.fullmatch(text):
        return None
    return (
        f"An API name has at most {LONGEST_NAME} characters: it begins with a letter and goes on with letters, digits and single "
        "underscores, and does not end with one."
    )


def day_problem(text: str, now: datetime) -> str | None:
    """Why this is no day of the calendar that is to come, or today, wherever that is. It may be empty."""
    if not text:
        return None
    if not _DAY.fullmatch(text) or not _is_in_the_calendar(text):
        return "This must be a day such as 2027-03-31, or empty."
    return "This day has passed; choose one that is to come, or none." if text < (now + LAST_ZONE).date().isoformat() else None


def reason_problem(text: str, longest: int = 512) -> str | None:
    """Why this says nothing to whoever reads the audit trail a year from now."""
    if not any(character.isalnum() for character in text):
        return "Write in a sentence why this is done."
    return text_problem(text, longest)


def host_problem(host: str) -> str | None:
    """Why no org can answer at this host. The port belongs to the host, unless it is the scheme's own."""
    found = _HOST_AND_PORT.fullmatch(host)
    if found is not None and (_is_host_name(found[1]) or _is_bracketed_address(found[1])) and int(found[2] or 1) < 65_536:
        return None
    return "A host is a name in lower case, such as crm.example.com, with :port where it is not the scheme's own."


def issuer_problem(issuer: str, host: str) -> str | None:
    """Why the org at this host cannot issue tokens under this name. They are checked against it byte for byte (RFC 8414 section 2)."""
    scheme, separator, rest = issuer.partition("://")
    if not separator or scheme not in ("http", "https") or rest != host:
        return f"The issuer is the address of the org, and nothing after the host: https://{host}."
    if host.endswith({"https": ":443", "http": ":80"}[scheme]):
        return "Leave out the port that the scheme implies: clients leave it out of the Host header."
    if scheme == "http" and not _is_this_machine(urlsplit(issuer).hostname or ""):
        return "Plain http is for addresses of this machine only, such as http://localhost:8080."
    return None


def _is_in_the_calendar(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_host_name(text: str) -> bool:
    return len(text) <= LONGEST_HOST and all(_HOST_LABEL.fullmatch(label) for label in text.split("."))


def _is_bracketed_address(text: str) -> bool:
    return text.startswith("[") and isinstance(parse_address(text[1:-1]), IPv6Address)


def _is_this_machine(name: str) -> bool:
    address = parse_address(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)
