"""How an edit says what it changes: a field that it leaves alone is UNCHANGED, since None is a value of its own in many."""

from dataclasses import replace
from enum import Enum
from typing import Any, Final, TypeVar

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


def refuse_invalid(problems: list[FieldProblem]) -> None:
    """Refuse with every problem at once, where there is any. Raises Refused (`callback_invalid` where callback URLs alone are wrong)."""
    if not problems:
        return
    callbacks_alone = all(problem.field.split(".")[0] == "callbacks" for problem in problems)
    raise Refused(setup_reasons.CALLBACK_INVALID if callbacks_alone else setup_reasons.FIELD_INVALID, fields=tuple(problems))


def stale() -> Refused:
    """Somebody else saved the record between our reading and our writing it (X-AD-09)."""
    return Refused(setup_reasons.VERSION_STALE, detail="Somebody else changed this at the same moment; read it again.")
