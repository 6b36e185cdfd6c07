"""The versions of Salesforce's API that the resource surface answers to. All of them alike: what is offered has not changed between them.

The oldest is the oldest that Salesforce itself still answers to: clients of today write 50.0 (jsforce) or 51.0 (the Salesforce CLI) into
their requests without asking. The newest is the one whose shapes ours follow.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

EARLIEST, NEWEST = 31, 67

_NUMBER = re.compile(r"v([1-9][0-9]{1,2}\.0)")

# Three a year, called after the season in the northern hemisphere: 51 was the spring of 2021.
_SEASONS = ("Spring", "Summer", "Winter")


def _label(number: int) -> str:
    year, season = divmod(number, 3)
    # Winter comes out in the autumn before, and is called after the year in which it ends.
    return f"{_SEASONS[season]} '{year + 4 + (season == 2)}"


# By number as clients write it, such as `51.0`, in ascending order: clients take the last one for the newest.
VERSIONS: Mapping[str, str] = MappingProxyType({f"{number}.0": _label(number) for number in range(EARLIEST, NEWEST + 1)})
LATEST = f"{NEWEST}.0"


def known(segment: str) -> str | None:
    """The version that one segment of an address names, such as `v51.0`; None where it names none that is answered to."""
    matched = _NUMBER.fullmatch(segment)
    return matched[1] if matched is not None and matched[1] in VERSIONS else None
