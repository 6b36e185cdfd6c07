"""What may be saved of an org."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gatebridge.rules.org_checks import org_problems
from gatebridge.rules.orgs import Org, OrgKind, OrgSettings

GOOD = Org(
    "00D000000000001", "Acme", OrgKind.PRODUCTION, "acme.example.com", "https://acme.example.com", 0, datetime(2026, 1, 1, tzinfo=UTC)
)


def fields(org: Org) -> list[str]:
    return [problem.field for problem in org_problems(org)]


def with_settings(**settings: Any) -> Org:
    return replace(GOOD, settings=OrgSettings(**settings))


@pytest.mark.parametrize(
    ("org", "wrong"),
    [
        pytest.param(GOOD, [], id="an ordinary org"),
        pytest.param(replace(GOOD, name=""), ["name"], id="a name is needed"),
        pytest.param(replace(GOOD, issuer="https://other.example.com"), ["issuer"], id="the issuer is the address of the host"),
        pytest.param(replace(GOOD, host="Acme.example.com"), ["host"], id="of a wrong host and its issuer only the host is told"),
        pytest.param(replace(GOOD, name="a\nb", host="-", issuer=""), ["name", "host"], id="all problems are told at once"),
        pytest.param(with_settings(session_minutes=15), [], id="15 minutes are the shortest session"),
        pytest.param(with_settings(session_minutes=14), ["session_minutes"], id="14 are too few"),
        pytest.param(with_settings(session_minutes=1440), [], id="24 hours are the longest session"),
        pytest.param(with_settings(session_minutes=1441), ["session_minutes"], id="a minute more is too long"),
        *(
            pytest.param(with_settings(**{field: number}), wrong, id=f"{field} of {number}")
            for field, most in (("session_absolute_hours", 720), ("max_sessions_per_user", 100), ("reauthenticate_minutes", 1440))
            for number, wrong in ((1, []), (most, []), (0, [field]), (-1, [field]), (most + 1, [field]))
        ),
        pytest.param(with_settings(timezone="Europe/Berlin"), [], id="a time zone that people know"),
        pytest.param(with_settings(timezone="Mars/Base"), ["timezone"], id="a time zone that nobody knows"),
        pytest.param(with_settings(custom_scopes=(("crm_read", "Read your CRM data"),)), [], id="a custom scope with its sentence"),
        pytest.param(with_settings(custom_scopes=(("api", "Use the API"),)), ["custom_scopes.0"], id="a built-in scope is not redefined"),
        pytest.param(with_settings(custom_scopes=(("a b", "Read"),)), ["custom_scopes.0"], id="a scope's name has no blank"),
        pytest.param(with_settings(custom_scopes=(("crm", ""),)), ["custom_scopes.0"], id="people are told what a scope means"),
        pytest.param(with_settings(custom_scopes=(("crm", "A"), ("crm", "B"))), ["custom_scopes.1"], id="no name is there twice"),
        pytest.param(with_settings(custom_scopes=(("c" * 129, "A"),)), ["custom_scopes.0"], id="a scope's name is not endless"),
        pytest.param(
            with_settings(custom_scopes=tuple((f"crm_{number}", "Read") for number in range(201))),
            ["custom_scopes"],
            id="200 custom scopes are enough",
        ),
    ],
)
def test_an_org_is_saved_only_whole(org: Org, wrong: list[str]) -> None:
    assert fields(org) == wrong
