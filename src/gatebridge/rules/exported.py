"""A list as a file: CSV that no spreadsheet takes for formulas, or JSON that says where it comes from and whether it is all of it.

It is written piece by piece, so that nobody has to hold all of it: `begun`, then `row` for each record, then `ended`.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

# With one of these in front a spreadsheet computes a cell instead of showing it, with the rights of whoever opens it (X-XS-07). A line
# feed is passed over by some, and the wide forms of the signs are read as signs where people write so.
COMPUTES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where lists are separated by semicolons, as in much of Europe, a cell is cut at its own ones, and a quoted one at its line breaks too.
_CUT = re.compile("(?<=[;\t\r\n])(?=[=+@\uff1d\uff0b\uff0d\uff20-])")
MARK = "\ufeff"  # spreadsheets read a CSV file as UTF-8 only if it begins with this
BETWEEN = "; "  # between the values of one cell


class Style(StrEnum):
    CSV = "csv"
    JSON = "json"


MEDIA = {Style.CSV: "text/csv; charset=utf-8", Style.JSON: "application/json"}


@dataclass(frozen=True, slots=True)
class About:
    """What a file holds: which list of which org, narrowed by what, read when."""

    name: str
    org: str
    address: str
    filters: tuple[str, ...]
    at: datetime


def file_name(about: About, ending: str) -> str:
    """`acme-setup-audit-trail-2026-11-28.csv`, in characters that mean nothing to any header or file system."""
    words = (_plain_word(about.org) or "org", _plain_word(about.name), about.at.date().isoformat())
    return f"{'-'.join(words)}.{ending}"


def _plain_word(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:60]


def safe(text: str) -> str:
    """The text as a cell that shows it: where a spreadsheet would compute, an apostrophe stands in front."""
    uncut = _CUT.sub("'", text)
    return f"'{uncut}" if text.startswith(COMPUTES) else uncut


def cell(value: object) -> str:
    """A value as a cell. Numbers stay numbers, whatever their sign; nothing is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return _moment(value)
    return safe(BETWEEN.join(str(each) for each in value) if isinstance(value, list | tuple) else str(value))


def begun(style: Style, about: About, names: Sequence[str]) -> str:
    """What stands before the first record."""
    if style is Style.CSV:
        return MARK + _csv_line(names)
    head = {"list": about.name, "org": about.org, "address": about.address, "filters": about.filters, "at": _moment(about.at)}
    return f'{_json(head)[:-1]},\n"rows": ['


def row(style: Style, names: Sequence[str], values: Sequence[object], *, first: bool) -> str:
    """One record."""
    if style is Style.CSV:
        return _csv_line([cell(value) for value in values])
    return f"{'' if first else ','}\n{_json(dict(zip(names, values, strict=True)))}"


def ended(style: Style, cut: str) -> str:
    """What stands behind the last record. `cut` is why there is no more of it, empty where it is the whole list."""
    if style is Style.CSV:
        return _csv_line([f"({cut})"]) if cut else ""
    told: Mapping[str, object] = {"complete": not cut} | ({"cut": cut} if cut else {})
    return f"\n],\n{_json(told)[1:]}\n"


def _csv_line(cells: Sequence[str]) -> str:
    """A line of RFC 4180."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_in_json)


def _in_json(value: object) -> object:
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
