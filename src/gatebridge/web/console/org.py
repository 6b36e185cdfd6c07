"""Org Settings: what the org is called, on which clocks its login hours are told, and the addresses under which it is known."""

from starlette.routing import Route

from gatebridge.oauth import discovery, jwks
from gatebridge.rules import hours
from gatebridge.rules.orgs import Org
from gatebridge.web.console import forms, org_forms, places
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.org_forms import Sheet
from gatebridge.web.console.questions import Part, Question
from gatebridge.web.house import House

PLACE = places.named("org")
EDIT = Part(
    "edit",
    "Name and time zone",
    (
        Question("line", "name", "Name", "What people read when they sign in and when an app asks them."),
        Question(
            "line",
            "timezone",
            "Time zone",
            "On whose clocks the login hours of profiles are told: a name such as Europe/Berlin, America/New_York or UTC.",
        ),
    ),
    means=(
        "The name is no address: issuer and host stay, and so does every token.",
        "Another time zone moves the login hours of every profile that has any. Whom it would shut out is shown before it is saved.",
        "You are not shut out: a zone in which your own hours are over is refused.",
    ),
)


def _values(org: Org) -> dict[str, str]:
    return {"name": org.name, "timezone": org.settings.timezone}


SHEET = Sheet(PLACE, EDIT, _values, {"name": forms.text, "timezone": forms.text})


def routes(house: House) -> list[Route]:
    return org_forms.routes_of(house, PLACE, show, SHEET)


def show(visit: Visit) -> Shown:
    """What it is, and where it answers."""
    org_forms.let_in(visit)
    org = visit.org
    values = {
        "there": hours.at(org.settings.timezone, visit.tx.now),
        "discovery": org.issuer + discovery.PATHS[1],
        "jwks": org.issuer + jwks.PATH,
        "timed": org_forms.profiles_that(visit, lambda profile: bool(profile.login_hours)),
    }
    return org_forms.shown(visit, PLACE, "org/page.html", values)
