"""Saved views: an address of a list in setup, with a name that somebody gave it for oneself."""

import re
from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.reasons import FieldProblem
from gatebridge.rules.typed_text import line_problem

MOST = 20  # of one user and one list
MOST_IN_ALL = 200  # of one user
LONGEST_NAME = 40
# A page of setup with filters, order and size; a place in the list is no part of a view.
_ADDRESS = re.compile(r"(/setup(?:/[A-Za-z0-9_-]{1,60}){1,3})\?([A-Za-z0-9%&=+._:~*-]{1,600})")
_PLACE_IN_IT = re.compile(r"(?:^|&)after=")
NO_VIEW = "This is no view of a list. Narrow or sort a list first, and save it from there."


@dataclass(frozen=True, slots=True)
class SavedView:
    """One view of one user. `path` is the list's, which shows it; `address` is all of it."""

    org_id: str
    id: str
    user_id: str
    path: str
    address: str
    name: str
    created_at: datetime


def path_of(address: str) -> str:
    """The list of which this is a view; empty where it is none."""
    found = _ADDRESS.fullmatch(address)
    return found[1] if found is not None and not _PLACE_IN_IT.search(found[2]) else ""


def problems(name: str, address: str) -> tuple[FieldProblem, ...]:
    """What is wrong with a view that somebody would save."""
    name_problem = line_problem(name, LONGEST_NAME)
    found = (FieldProblem("name", name_problem) if name_problem else None, None if path_of(address) else FieldProblem("view", NO_VIEW))
    return tuple(each for each in found if each is not None)
