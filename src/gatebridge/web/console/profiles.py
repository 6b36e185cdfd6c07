"""Profiles: what every user has exactly one of; and a new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import hours, ids
from gatebridge.rules.hours import WEEKDAYS, OpenHours, clock, parse_hours
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.storage import profiles
from gatebridge.storage.profiles import ProfileOrder
from gatebridge.web.api.profiles import READS
from gatebridge.web.console import exports, forms, places, questions, rights
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("profiles")
NEW = f"{PLACE.path}/new"
FILTERS = (Filter("q", "Find", placeholder="In the name"),)
SORTS = (Sort(ProfileOrder.NAME, "Profile"), Sort(ProfileOrder.AGE, "Since", "time"))
LABELS = {
    "name": "Name",
    "description": "Description",
    **rights.LABELS,
    "login_ranges": "Login addresses",
    "monitored_ranges": "Addresses that are tried out",
    "login_hours": "Login hours",
    "required_level": "How surely to sign in",
    "session_minutes": "Minutes that a session may rest",
}
LEVELS = (
    (Level.STANDARD, "A password is enough", "Unless the org or an app asks for more."),
    (
        LevelAction.RAISE,
        "A second factor is asked for",
        "Whoever has none yet sets one up. Where nobody sits at a browser, the request is refused.",
    ),
    (LevelAction.BLOCK, "Without a second factor, nothing", "Nobody is asked: a request that does not reach it is refused."),
)
# What stands in the form as a code, in words.
WORDS: Mapping[str, Mapping[str, str]] = rights.WORDS | {LABELS["required_level"]: {str(value): words for value, words, _ in LEVELS}}
NO_HOURS = "This is no span of hours such as mon-fri 08:00-18:00."


@dataclass(frozen=True, slots=True)
class Line:
    """One profile of the list."""

    profile: Profile
    address: str
    gives: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        exports.route(house, LIST),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, make, again),
    ]


def show(visit: Visit) -> Shown:
    """The list."""
    values = {"listed": LIST.page(visit, LIST.view(visit)), "may_add": may_edit(visit)}
    return Shown("profiles/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Line]:
    """The profiles behind a position, in the order of the view. Raises Refused."""
    permit(visit.actor, *READS)
    found = profiles.list_page(
        visit.tx,
        visit.org.id,
        after=ids.parse(after, Prefix.PROFILE) if after else None,
        limit=count,
        search=view.value("q"),
        by=ProfileOrder(view.sort),
        descending=view.descending,
    )
    return [Line(each, address_of(each.id), rights.summed(each.permissions)) for each in found]


def show_new(visit: Visit) -> Shown:
    """The form for a new profile."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return _form(visit, Form(LABELS, {"required_level": Level.STANDARD}))


def make(visit: Visit) -> RedirectResponse:
    """Make it; nobody has it yet."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    made = create_profile(visit.tx, visit.actor, CreateProfile(**typed(visit.fields)))
    return RedirectResponse(address_of(made.id, "created"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(visit, form) if form is not None else None


def may_edit(visit: Visit) -> bool:
    """Whether who looks may change profiles and permission sets at all."""
    return Permission.MANAGE_PROFILES_AND_PERMISSION_SETS in visit.actor.permissions


def address_of(profile_id: str, said: str = "") -> str:
    """The page of a profile, and what it is to say on arrival."""
    return f"{PLACE.path}/{ids.long(profile_id)}{f'?said={said}' if said else ''}"


def standing(profile: Profile) -> Form:
    """The form as the profile stands."""
    requirement = profile.requirement
    values = {
        "name": profile.name,
        "description": profile.description,
        **rights.values(profile.permissions),
        "login_ranges": questions.ranges_typed(profile.login_ranges),
        "monitored_ranges": questions.ranges_typed(profile.monitored_ranges),
        "login_hours": hours_typed(profile.login_hours),
        "required_level": Level.STANDARD if requirement.level is Level.STANDARD else requirement.action,
        "session_minutes": str(profile.session_minutes or ""),
    }
    return Form(LABELS, values, profile.version)


def typed(fields: Mapping[str, str]) -> dict[str, Any]:
    """A profile as it was typed, by the names of the verbs. Raises Refused for what cannot even be read, all of it at once."""
    problems: list[FieldProblem] = []
    spans = _hours(fields, problems)
    minutes = None
    try:
        minutes = forms.number(fields, "session_minutes")
    except Refused as refused:
        problems += refused.fields
    if problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    requirement = _requirement(fields)
    return {
        "name": forms.text(fields, "name"),
        "description": forms.text(fields, "description"),
        "permissions": rights.read(fields),
        "login_ranges": questions.ranges(fields, "login_ranges"),
        "monitored_ranges": questions.ranges(fields, "monitored_ranges"),
        "login_hours": spans,
        "required_level": requirement.level,
        "level_action": requirement.action,
        "session_minutes": minutes,
    }


def hours_typed(spans: tuple[OpenHours, ...]) -> str:
    """Hours as they are typed: `mon-fri 08:00-18:00`, one span of following days a line."""
    said = []
    ordered = sorted(spans, key=lambda span: (span.start, span.end, span.weekday))
    for (start, end, _), run in groupby(enumerate(ordered), lambda each: (each[1].start, each[1].end, each[1].weekday - each[0])):
        days = [span.weekday for _, span in run]
        named = "-".join(WEEKDAYS[day][:3] for day in dict.fromkeys((days[0], days[-1])))
        said.append((days[0], start, f"{named} {clock(start)}-{clock(end)}"))
    return "\n".join(line for _, _, line in sorted(said))


def form_values(visit: Visit, form: Form, now: Form) -> dict[str, object]:
    """What the form of a profile is drawn from."""
    return {
        "form": form,
        "groups": rights.boxes(visit.actor, now.values, form.values),
        "levels": LEVELS,
        "zone": visit.org.settings.timezone,
        "org_minutes": visit.org.settings.session_minutes,
    }


def _hours(fields: Mapping[str, str], problems: list[FieldProblem]) -> tuple[OpenHours, ...]:
    found: list[OpenHours] = []
    for place, line in enumerate(forms.lines(fields, "login_hours")):
        spans = parse_hours(line)
        if spans is None:
            problems.append(FieldProblem(f"login_hours.{place}", NO_HOURS))
        found += spans or ()
    return hours.in_order(found)


def _requirement(fields: Mapping[str, str]) -> Requirement:
    said = fields.get("required_level", "")
    if said not in tuple(LevelAction):
        return Requirement()
    return Requirement(Level.HIGH, LevelAction(said))


def _form(visit: Visit, form: Form) -> Shown:
    values = {"here": NEW, "back": PLACE.path, "name": "", "save": "Make the profile"}
    crumbs = ((PLACE.name, PLACE.path), ("New profile", ""))
    return Shown("profiles/form.html", values | form_values(visit, form, Form(LABELS, {})), crumbs, form.status)


COLUMNS: tuple[Column[Line], ...] = (
    Column("profile", lambda line: line.profile.name),
    Column("description", lambda line: line.profile.description),
    Column("rights", lambda line: sorted(line.profile.permissions)),
    Column("login_ranges", lambda line: [str(each) for each in line.profile.login_ranges]),
    Column("monitored_ranges", lambda line: [str(each) for each in line.profile.monitored_ranges]),
    Column("login_hours", lambda line: hours_typed(line.profile.login_hours).split("\n") if line.profile.login_hours else ()),
    Column("required_level", lambda line: line.profile.requirement.level),
    Column("level_action", lambda line: line.profile.requirement.action),
    Column("session_minutes", lambda line: line.profile.session_minutes),
    Column("created_at", lambda line: line.profile.created_at),
    Column("id", lambda line: ids.long(line.profile.id)),
)
LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.profile.id))
