"""Session Settings: how long one stays signed in, at how many browsers, and how fresh a sign-in must be for what is weighty."""

from starlette.routing import Route

from gatebridge.rules import effective, org_checks
from gatebridge.rules.lifetimes import BOUNDS_MINUTES, Source
from gatebridge.rules.orgs import Org
from gatebridge.rules.sessions import DEFAULT_ABSOLUTE_HOURS, DEFAULT_IDLE_MINUTES, DEFAULT_REAUTHENTICATE_MINUTES
from gatebridge.web.console import forms, org_forms, places
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.org_forms import Sheet, number_typed
from gatebridge.web.console.questions import Part, Question
from gatebridge.web.house import House

PLACE = places.named("session-settings")
NUMBERS = ("session_minutes", "session_absolute_hours", "max_sessions_per_user", "reauthenticate_minutes")
SOURCES: dict[Source, str] = {"org": "set here", "default": "the default"}
_LEAST, _MOST = BOUNDS_MINUTES["opaque"]
EDIT = Part(
    "edit",
    "For how long",
    (
        Question(
            "number",
            "session_minutes",
            "A session may rest for",
            f"{_LEAST} to {_MOST:,}. Empty: {DEFAULT_IDLE_MINUTES}. Opaque tokens live so long too, where neither app nor profile says.",
            unit="minutes",
        ),
        Question(
            "number",
            "session_absolute_hours",
            "It lives at most, however busy",
            f"1 to {org_checks.MOST_SESSION_HOURS}. Empty: {DEFAULT_ABSOLUTE_HOURS}. Then one signs in again.",
            unit="hours",
        ),
        Question(
            "number",
            "max_sessions_per_user",
            "Sessions of a user at once",
            f"1 to {org_checks.MOST_SESSIONS_PER_USER}. One more ends the one that was used least recently. Empty: no limit.",
            unit="sessions",
        ),
        Question(
            "yes",
            "lock_sessions_to_address",
            "A session stays at the address at which it began",
            "Turning up elsewhere ends it. People on the move sign in more often.",
        ),
        Question(
            "number",
            "reauthenticate_minutes",
            "A sign-in counts as fresh for",
            f"1 to {org_checks.MOST_REAUTHENTICATE_MINUTES:,}. Empty: {DEFAULT_REAUTHENTICATE_MINUTES}. "
            "Secrets, certificates, keys, second factors, giving rights and ending what others hold take a fresh one.",
            unit="minutes",
            above="What is weighty",
        ),
    ),
    means=(
        "Everybody who is signed in now: a session that is over by the new numbers is over at once.",
        "Users whose profile says for how long a session may rest: there the profile's number counts.",
        "Apps are not asked again: what they hold of a user goes on by its own lifetimes.",
        "You too: where your own sign-in is older than the fresh time, the next weighty thing asks you to prove that it is you.",
    ),
)


def _values(org: Org) -> dict[str, str]:
    settings = org.settings
    numbers = {name: number_typed(getattr(settings, name)) for name in NUMBERS}
    return numbers | {"lock_sessions_to_address": org_forms.box_typed(settings.lock_sessions_to_address)}


SHEET = Sheet(PLACE, EDIT, _values, dict.fromkeys(NUMBERS, forms.number) | {"lock_sessions_to_address": org_forms.yes})


def routes(house: House) -> list[Route]:
    return org_forms.routes_of(house, PLACE, show, SHEET)


def show(visit: Visit) -> Shown:
    """What holds, who says so, and for whom something else does."""
    org_forms.let_in(visit)
    org = visit.org
    values = {
        "rests": effective.session_minutes(org),
        "lives": effective.session_absolute_hours(org),
        "fresh": effective.reauthenticate_minutes(org),
        "token": effective.access_token("opaque", None, None, org.settings.session_minutes),
        "sources": SOURCES,
        "others": org_forms.profiles_that(visit, lambda profile: profile.session_minutes is not None),
    }
    return org_forms.shown(visit, PLACE, "session_settings/page.html", values)
