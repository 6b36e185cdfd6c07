"""How an edit says what it changes: a field that it leaves alone is UNCHANGED, since None is a value of its own in many."""

from dataclasses import replace
from enum import Enum
from typing import Any, Final, TypeVar

from gatebridge.rules import typed_ranges
from gatebridge.rules.levels import Requirement
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons

Record = TypeVar("Record")


class Unchanged(Enum):
    """The one value that stands for a field which an edit does not speak of."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


def applied(record: Record, command: object, *fields: str) -> Record:
    """The record with those of the fields that the command sets; both call them by the same names."""
    spoken_of = {field: getattr(command, field) for field in fields if getattr(command, field) is not UNCHANGED}
    changed: Any = record
    edited: Record = replace(changed, **spoken_of)
    return edited


def with_ranges(record: Record, command: object, *fields: str) -> tuple[Record, list[FieldProblem]]:
    """The record with those of its lists of ranges that the command sets, read from what was typed, and what is wrong with them."""
    read = {field: typed_ranges.read(field, getattr(command, field)) for field in fields if getattr(command, field) is not UNCHANGED}
    changed: Any = record
    edited: Record = replace(changed, **{field: ranges for field, (ranges, _) in read.items()})
    return edited, [problem for _, problems in read.values() for problem in problems]


def with_requirement(record: Record, command: object) -> Record:
    """The record with what the command sets of the level that it requires."""
    changed: Any = record
    said = {name: getattr(command, field) for name, field in (("level", "required_level"), ("action", "level_action"))}
    requirement: Requirement = replace(changed.requirement, **{name: value for name, value in said.items() if value is not UNCHANGED})
    edited: Record = replace(changed, requirement=requirement)
    return edited


def told_requirement(requirement: Requirement) -> dict[str, object]:
    """What the audit trail keeps of a required level, by the names of the fields that set it."""
    return {"required_level": requirement.level, "level_action": requirement.action}


def refuse_invalid(problems: list[FieldProblem]) -> None:
    """Refuse with every problem at once, where there is any. Raises Refused (`callback_invalid` where callback URLs alone are wrong)."""
    if not problems:
        return
    callbacks_alone = all(problem.field.split(".")[0] == "callbacks" for problem in problems)
    raise Refused(setup_reasons.CALLBACK_INVALID if callbacks_alone else setup_reasons.FIELD_INVALID, fields=tuple(problems))


def stale() -> Refused:
    """Somebody else saved the record between our reading and our writing it (X-AD-09)."""
    return Refused(setup_reasons.VERSION_STALE, detail="Somebody else changed this at the same moment; read it again.")
