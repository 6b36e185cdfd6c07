"""How a moment, a browser and a flow are told to the person whose they are."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from gatebridge.rules.app_settings import Flow
from gatebridge.web import languages

# How days are written: texts like others, so that each language has its own way.
DATE, DATE_OF_THIS_YEAR = "%(day)s %(month)s %(year)s", "%(day)s %(month)s"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# In this order: one that is built on another names it too.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 60
_BREAKS = re.compile(r"(?<=[@_])")
_RECORDED = re.compile(r"\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)| \d\d:\d\d UTC)")

# What a user has shown, by the names of RFC 8176.
_SHOWN = {"pwd": "your password", "otp": "a code", "hwk": "a passkey"}

FLOWS = {
    Flow.WEB_SERVER: "in a browser",
    Flow.USER_AGENT: "in a browser",
    Flow.DEVICE: "on a device",
    Flow.CLIENT_CREDENTIALS: "as a service",
    Flow.JWT_BEARER: "by assertion",
    Flow.REFRESH_TOKEN: "in a browser",
}


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `just now`, `12 min ago`, `3 days ago`."""
    passed = max(now - moment, timedelta())
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    days = passed.days
    return "yesterday" if days == 1 else f"{days:,} days ago"


def exactly(moment: datetime) -> str:
    """To the second, with the zone: `23 Nov 2026, 10:42:11 UTC`."""
    return f"{day(moment)}, {moment:%H:%M:%S %Z}"


def day(moment: datetime) -> str:
    """The day, such as 7 Mar 2026."""
    return _written(DATE, moment)


def day_of_this_year(moment: datetime) -> str:
    """The day, such as 7 Mar."""
    return _written(DATE_OF_THIS_YEAR, moment)


def read(words: str, exactly: Callable[[datetime], str] = exactly) -> str:
    """What was recorded, with the moments in it as they are told to people."""
    return _RECORDED.sub(lambda found: _read(found[0], exactly), words)


def _read(recorded: str, exactly: Callable[[datetime], str]) -> str:
    try:
        return exactly(datetime.fromisoformat(recorded.replace(" UTC", "Z")))
    except (ValueError, OverflowError):  # of an assertion that somebody made up
        return recorded


def _written(shape: str, moment: datetime) -> str:
    said = {"day": moment.day, "month": languages.text(MONTHS[moment.month - 1]), "year": moment.year}
    return languages.text(shape) % said


def breakable(name: str) -> Markup:
    """A username, an address or an API name, which a narrow page breaks behind an `@` or a `_` and not within a word."""
    return Markup("<wbr>").join(_BREAKS.split(name))


def shown(methods: Sequence[str]) -> str:
    """What a session began with: `your password and a code`."""
    known = [_SHOWN[method] for method in methods if method in _SHOWN]
    return " and ".join(known) if len(known) <= 2 else f"{', '.join(known[:-1])} and {known[-1]}"


def browser(user_agent: str) -> str:
    """A browser by what it says of itself. It may say anything, so this helps to tell one's own browsers apart and proves nothing."""
    name = next((shown for sign, shown in _BROWSERS if sign in user_agent), None)
    system = next((shown for sign, shown in _SYSTEMS if sign in user_agent), None)
    if name is None:
        return user_agent[:LONGEST] or "a browser that does not say which"
    return f"{name} on {system}" if system is not None else name
