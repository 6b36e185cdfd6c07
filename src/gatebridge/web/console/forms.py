"""Forms in setup: what stands in each field, what is wrong with it, and what somebody else saved while it was filled in.

A page says what its record has in each field, by name; the same names are in the verb's command and in what it says of fields that are
wrong. All else is the same for every form, and drawn by the macros of `templates/console/form.html`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any

from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as setup_reasons

YES = "yes"
YES_OR_NO: Mapping[str, str] = MappingProxyType({"": "no", YES: "yes"})  # what stands in a box, in words
NOTHING: Mapping[str, str] = MappingProxyType({})
NO_VERSION = 0  # of a form that does not say on which version it was begun: no record ever had it
# What no other entry in the form would mend.
_NOT_MENDABLE = frozenset({setup_reasons.PERMISSION_MISSING, setup_reasons.RECORD_NOT_FOUND, bearer_reasons.REAUTHENTICATION_NEEDED})
# Detail that speaks of other ways to send an edit than a form.
_IN_OWN_WORDS = {
    setup_reasons.VERSION_STALE: "Somebody else saved this while you were at it. Nothing is done yet, and what you typed is still here.",
    setup_reasons.FIELD_INVALID: "Nothing was saved. Change what is marked, and save again.",
    setup_reasons.NAME_TAKEN: "Nothing was saved. Change what is marked, and save again.",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """One field that stands differently now than it was typed."""

    label: str
    now: str
    typed: str
    ours: bool = False  # both are words of ours, and no data


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown. `labels` are its fields by name, in their order; `values` is what stands in them."""

    labels: Mapping[str, str]
    values: Mapping[str, str]
    version: int = NO_VERSION
    problems: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None  # why it is shown again
    told: str = ""
    beside: tuple[Beside, ...] = ()  # only where somebody else saved meanwhile
    same: bool = False  # somebody else saved meanwhile, and saved what was typed here

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def problem(self, name: str) -> str:
        return self.problems.get(name, "")

    @property
    def hits(self) -> Mapping[str, Any] | None:
        """Whom the change would shut out, where it must be confirmed."""
        if self.refused is None or self.refused.reason is not setup_reasons.LOCKS_OUT:
            return None
        facts: Mapping[str, Any] = self.refused.facts
        return {**facts, "first": [each | {"last_at": datetime.fromisoformat(each["last_at"])} for each in facts["first"]]}

    @property
    def status(self) -> int:
        return self.refused.reason.status if self.refused is not None else 200


def mendable(refused: Refused) -> bool:
    """Whether another entry could mend it; if not, there may be no record to show the form of, or no right to see it."""
    return refused.reason not in _NOT_MENDABLE


def again(now: Form, fields: Mapping[str, str], refused: Refused) -> Form | None:
    """The form once more with what was typed, over the form as the record stands now. None: no other entry would mend it."""
    if not mendable(refused):
        return None
    typed = {name: text(fields, name) for name in now.labels}
    problems = _at_fields(now.labels, typed, refused.fields)
    elsewhere = [each.problem for each in refused.fields if each.field.partition(".")[0] not in now.labels]
    stale = refused.reason is setup_reasons.VERSION_STALE
    # A form that only asks whether it is meant has nothing of the record in it.
    beside = tuple(_differences(now, typed)) if stale and now.values else ()
    told = " ".join(elsewhere) or _IN_OWN_WORDS.get(refused.reason) or refused.detail or refused.reason.remedy
    return Form(
        now.labels,
        typed,
        now.version if stale else version(fields),
        problems,
        refused,
        told,
        beside,
        stale and bool(now.values) and not beside,
    )


def worded(form: Form, words: Mapping[str, Mapping[str, str]], *, ours: bool = True) -> tuple[Beside, ...]:
    """Both versions as people read them. `words` are those of each value that is a code, by the label of its field."""

    def told(each: Beside) -> Beside:
        known = words.get(each.label)
        return Beside(each.label, known.get(each.now, each.now), known.get(each.typed, each.typed), ours) if known is not None else each

    return tuple(told(each) for each in form.beside)


def text(fields: Mapping[str, str], name: str) -> str:
    """What was typed into a field, without the blanks around it, which nobody sees; line breaks are one character."""
    return fields.get(name, "").replace("\r\n", "\n").strip()


def lines(fields: Mapping[str, str], name: str) -> list[str]:
    """The lines of a field that hold anything."""
    return [line.strip() for line in text(fields, name).split("\n") if line.strip()]


def version(fields: Mapping[str, str]) -> int:
    """The version on which the form was begun."""
    said = fields.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else NO_VERSION


def confirmed(fields: Mapping[str, str]) -> bool:
    """Whether the button was pressed that says: all the same."""
    return fields.get("confirmed") == YES


def number(fields: Mapping[str, str], name: str) -> int | None:
    """A whole number, or None where nothing was typed. Raises Refused."""
    typed = text(fields, name)
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
        raise wrong(name, "This must be a whole number, or empty.")
    return int(typed)


def moment(fields: Mapping[str, str], name: str, zone: tzinfo) -> datetime | None:
    """A day and a time on the clocks of a zone, or None where nothing was typed. Raises Refused."""
    typed = text(fields, name)
    if not typed:
        return None
    try:
        found = datetime.fromisoformat(typed)
        return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):  # the last days of the calendar are in no year any more elsewhere
        raise wrong(name, "This must be a day and a time such as 2027-03-31T18:00, or empty.") from None


def moment_typed(found: datetime | None, zone: tzinfo) -> str:
    """A moment as such a field holds it."""
    return found.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if found is not None else ""


def wrong(name: str, problem: str) -> Refused:
    """A field that cannot even be read."""
    return Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem(name, problem),))


def _at_fields(labels: Mapping[str, str], typed: Mapping[str, str], found: Iterable[FieldProblem]) -> dict[str, str]:
    problems: dict[str, str] = {}
    for each in found:
        name, _, place = each.field.partition(".")
        if name not in labels:
            continue
        listed = lines(typed, name)
        which = f"{listed[int(place)]}: " if place.isdecimal() and int(place) < len(listed) else ""
        problems[name] = f"{problems[name]}\n{which}{each.problem}" if name in problems else f"{which}{each.problem}"
    return problems


def _differences(now: Form, typed: Mapping[str, str]) -> Iterable[Beside]:
    for name, label in now.labels.items():
        if now.value(name) != typed[name]:
            yield Beside(label, now.value(name), typed[name])
