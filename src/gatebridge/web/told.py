"""How a moment, a browser and a flow are told to the person whose they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gatebridge.rules.app_settings import Flow

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
    """The moment to the second, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def day(moment: datetime) -> str:
    """The day, such as 7 Mar 2026."""
    return f"{moment.day} {moment:%b %Y}"


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
