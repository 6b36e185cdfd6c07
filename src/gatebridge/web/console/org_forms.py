"""What is set for a whole org, as forms. Each page is read first; what it shows is edited on a page of its own, by one and the same verb.

A page gives its questions, what the org has in them, and how each of the verb's fields is read from what was typed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import profiles
from gatebridge.web.console import forms, places, questions
from gatebridge.web.console.desk import Page, Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.places import Place
from gatebridge.web.console.questions import Part
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

READS = (Permission.VIEW_SETUP, Permission.MANAGE_SECURITY)
MOST_PROFILES = 200
SAVED = "Saved. It holds from now on."

Fields = Mapping[str, str]
Read = Callable[[Fields, str], Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form over settings of the org. `reads` has a reader for each field of the verb that it sets."""

    place: Place
    part: Part
    values: Callable[[Org], Mapping[str, str]]
    reads: Mapping[str, Read]

    @property
    def path(self) -> str:
        return f"{self.place.path}/{self.part.word}"


def routes_of(house: House, place: Place, show: Page, *sheets: Sheet) -> list[Route]:
    """The routes of a page and of the forms behind it."""
    return [shows(house, place, place.path, show), *(route for sheet in sheets for route in _form_routes(house, sheet))]


def shown(visit: Visit, place: Place, template: str, values: Mapping[str, object]) -> Shown:
    """The page as it is read, with what every such page says."""
    said = SAVED if visit.request.query_params.get("said") == "saved" else ""
    rights = visit.actor.permissions
    common = {
        "said": said,
        "may_edit": Permission.MANAGE_SECURITY in rights,
        "settings": visit.org.settings,
        "opens": places.open_to(rights),
    }
    return Shown(template, common | dict(values), ((place.name, ""),))


def let_in(visit: Visit) -> None:
    """Whoever may read the org's settings. Raises Refused."""
    permit(visit.actor, *READS)


def profiles_that(visit: Visit, says: Callable[[Profile], bool]) -> list[Profile]:
    """The profiles that say something of their own, which counts for their users before what the org says."""
    return [each for each in profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST_PROFILES) if says(each)]


def yes(fields: Fields, name: str) -> bool:
    """Whether the box is ticked."""
    return forms.text(fields, name) == forms.YES


def chosen(kind: type[StrEnum]) -> Read:
    """A reader of one answer of several. It raises Refused where none of them was chosen."""

    def read(fields: Fields, name: str) -> StrEnum:
        text = forms.text(fields, name)
        if text not in {each.value for each in kind}:
            raise forms.wrong(name, "Choose one of these.")
        return kind(text)

    return read


def number_typed(number: int | None) -> str:
    """A number as it stands in a form; nothing where nothing is set."""
    return "" if number is None else str(number)


def box_typed(ticked: bool) -> str:
    """A box as it stands in a form."""
    return forms.YES if ticked else ""


def _form_routes(house: House, sheet: Sheet) -> list[Route]:
    def show(visit: Visit) -> Shown:
        permit(visit.actor, Permission.MANAGE_SECURITY)
        return _shown(sheet, _standing(visit, sheet))

    def save(visit: Visit) -> RedirectResponse:
        permit(visit.actor, Permission.MANAGE_SECURITY)  # before anything that was typed is told to be wrong
        given = _typed(sheet, visit.fields)
        version, confirmed = forms.version(visit.fields), forms.confirmed(visit.fields)
        edit_org(visit.tx, visit.actor, EditOrg(expected_version=version, confirmed=confirmed, **given))
        return RedirectResponse(f"{sheet.place.path}?said=saved", SEE_OTHER)

    def again(visit: Visit, refused: Refused) -> Shown | None:
        form = forms.again(_standing(visit, sheet), visit.fields, refused)
        return _shown(sheet, replace(form, beside=questions.worded(sheet.part, form))) if form is not None else None

    return [shows(house, sheet.place, sheet.path, show), acts(house, sheet.place, sheet.path, save, again)]


def _standing(visit: Visit, sheet: Sheet) -> Form:
    return Form(sheet.part.labels, sheet.values(visit.org), visit.org.version)


def _typed(sheet: Sheet, fields: Fields) -> dict[str, Any]:
    """What was typed, by the names of the verb. Raises Refused with everything that cannot be read."""
    given: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, read in sheet.reads.items():
        try:
            given[name] = read(fields, name)
        except Refused as refused:
            problems += refused.fields
    if problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    return given


def _shown(sheet: Sheet, form: Form) -> Shown:
    place = sheet.place
    values = {"part": sheet.part, "form": form, "action": sheet.path, "back": place.path}
    return Shown("org_form.html", values, ((place.name, place.path), (sheet.part.heading, "")), form.status)
