"""A part of what is set of an app, as a form on a page of its own: shown as the record stands, and shown again where it was refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatebridge.monitoring import exposures
from gatebridge.rules.exposed.kinds import BY_HAND, Mend
from gatebridge.rules.reasons import Refused
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.console import app_tabs, forms, questions
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.forms import Beside, Form
from gatebridge.web.console.questions import Part

SMALLER = "The smaller setting is filled in"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part at hand: of which app, under which tab, as the record fills it; where it is sent, and where one goes from it."""

    found: ListedApp
    tab: str
    part: Part
    values: Mapping[str, str]
    version: int
    action: str
    back: str

    @property
    def form(self) -> Form:
        return Form(self.part.labels, self.values, self.version)


def show(visit: Visit, sheet: Sheet, filled: Mapping[str, str] | None = None, words: str = SMALLER) -> Shown:
    """The form as the record stands; or with a setting filled in, for whoever comes from what tells of it and has only to save it."""
    if filled is None:
        return _shown(visit, sheet, sheet.form)
    both = ((label, sheet.form.value(name), filled.get(name, "")) for name, label in sheet.part.labels.items())
    changed = tuple(Beside(label, now, then) for label, now, then in both if now != then)
    worded = questions.worded(sheet.part, replace(sheet.form, beside=changed))
    return _shown(visit, sheet, replace(sheet.form, values=filled), worded, words)


def mend(visit: Visit, sheet: Sheet) -> Mend:
    """The smaller setting that would end the exposure which the address names; nothing where the app has no such exposure now."""
    code = visit.request.query_params.get("smaller", "")
    judged = exposures.of_app(visit.tx, visit.org, sheet.found.app.id) if code else None
    exposure = judged.of(code) if judged is not None else None
    return exposure.mend if exposure is not None else BY_HAND


def again(visit: Visit, sheet: Sheet, refused: Refused) -> Shown | None:
    """The form with what was typed and what is wrong with it, beside what somebody else saved, or above whom it would shut out."""
    form = forms.again(sheet.form, visit.fields, refused)
    return _shown(visit, sheet, replace(form, beside=questions.worded(sheet.part, form))) if form is not None else None


def _shown(visit: Visit, sheet: Sheet, form: Form, filled: tuple[Beside, ...] = (), words: str = "") -> Shown:
    values = {"part": sheet.part, "form": form, "action": sheet.action, "back": sheet.back, "filled": filled, "filled_words": words}
    return app_tabs.shown(visit, sheet.found, sheet.tab, "app/form.html", values, page=sheet.part.heading, status=form.status)
