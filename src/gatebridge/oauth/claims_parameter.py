"""The parameter `claims` (OpenID Connect Core section 5.5): single claims that an app asks for, and how the user must have signed in.

What a member of it says about a claim that we do not know is ignored, and so is whether a claim is essential: what may be told is told
either way, and what may not be told is not told because somebody calls it essential. Only `acr` and `sub` can be insisted on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatebridge.crypto.strict_json import NotStrictJson, parse_object
from gatebridge.rules.scopes import CLAIMS

PARAMETER = "claims"
LONGEST = 8_192  # characters
MOST_VALUES = 20  # of one claim

# What can be asked for one by one. A claim of the org's own is told by its scope alone (docs/decisions/0024).
ASKABLE = frozenset(claim for claims in CLAIMS.values() for claim in claims)


@dataclass(frozen=True, slots=True)
class Requested:
    """What the parameter asks for, as far as we know it."""

    userinfo: tuple[str, ...] = ()  # names of ASKABLE, sorted, each once
    id_token: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()  # how the user should have signed in, the most wanted first
    acr_essential: bool = False  # one of them must be reached (section 5.5.1.1)
    auth_time: bool = False  # the ID token must say when
    subject: str | None = None  # nobody else may be answered for (section 3.1.2.2)


def parse(text: str) -> Requested | None:
    """What the parameter asks for; None where it is not a JSON object of the form that section 5.5 gives it."""
    if len(text) > LONGEST:
        return None
    try:
        said = parse_object(text.encode())
        at_userinfo, in_id_token = _members(said, "userinfo"), _members(said, "id_token")
        acr = _wanted(in_id_token, "acr")
        subjects = _wanted(in_id_token, "sub").values + _wanted(at_userinfo, "sub").values
        return Requested(
            userinfo=_askable(at_userinfo),
            id_token=_askable(in_id_token),
            acr_values=acr.values,
            acr_essential=acr.essential and bool(acr.values),
            auth_time="auth_time" in in_id_token and _wanted(in_id_token, "auth_time").essential,
            subject=_one(subjects),
        )
    except (NotStrictJson, _Malformed, UnicodeEncodeError):
        return None


class _Malformed(ValueError):  # noqa: N818 - never leaves this file
    """A member that we read does not have the form that it must have."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    essential: bool = False
    values: tuple[str, ...] = ()


def _members(said: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    found = said.get(place)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _Malformed
    return found


def _askable(members: Mapping[str, Any]) -> tuple[str, ...]:
    names = sorted(ASKABLE & members.keys())
    for name in names:
        _wanted(members, name)
    return tuple(names)


def _wanted(members: Mapping[str, Any], name: str) -> _Wanted:
    """What is said about one claim: null, or an object whose `essential`, `value` and `values` are of their kinds."""
    said = members.get(name)
    if said is None:
        return _Wanted()
    if not isinstance(said, dict) or not isinstance(said.get("essential", False), bool):
        raise _Malformed
    values = said.get("values", [])
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        raise _Malformed
    if "value" in said:
        values = [said["value"], *values]
    # A value that is no text is of a claim that we have no such value of, and so cannot be met.
    return _Wanted(said.get("essential", False), tuple(dict.fromkeys(value if isinstance(value, str) else "" for value in values)))


def _one(subjects: tuple[str, ...]) -> str | None:
    """The one subject that is asked for. Two that differ are nobody, whom nobody can be."""
    wanted = dict.fromkeys(subjects)
    return next(iter(wanted)) if len(wanted) == 1 else "" if wanted else None
