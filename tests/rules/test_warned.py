"""Which approvals a page warns of, and what a yes takes there: tables of one-line truths."""

from datetime import UTC, datetime, timedelta

import pytest

from gatebridge.rules.warned import Lack, Sign, Yes, lack, named, signs

NOW = datetime(2026, 3, 3, 9, 42, tzinfo=UTC)
A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
TWIN, STRANGER, ELSEWHERE = Sign.TWIN, Sign.STRANGER, Sign.ELSEWHERE


@pytest.mark.parametrize(
    ("looks_alike", "verified", "here_for", "elsewhere", "found"),
    [
        pytest.param(False, True, A_MINUTE, False, (), id="what an admin let in a minute ago is no stranger"),
        pytest.param(False, False, A_DAY - A_MINUTE, False, (STRANGER,), id="nobody vouches for it, and it came today"),
        pytest.param(False, False, A_DAY, False, (), id="a day later there are others who know it"),
        pytest.param(True, True, 90 * A_DAY, False, (TWIN,), id="a look-alike that an admin let in is one all the same"),
        pytest.param(False, True, 90 * A_DAY, True, (ELSEWHERE,), id="a device elsewhere, of an app that is well known"),
        pytest.param(True, False, A_MINUTE, True, (TWIN, STRANGER, ELSEWHERE), id="everything at once, the worst first"),
    ],
)
def test_what_is_warned_of(looks_alike: bool, verified: bool, here_for: timedelta, elsewhere: bool, found: tuple[Sign, ...]) -> None:
    assert signs(looks_alike=looks_alike, verified=verified, since=NOW - here_for, now=NOW, elsewhere=elsewhere) == found


@pytest.mark.parametrize(
    ("found", "signed_in", "typed", "lacks"),
    [
        pytest.param((), -A_DAY, "", Lack.NOTHING, id="without a warning a yes is a yes"),
        pytest.param((TWIN,), -A_MINUTE, "Fabrikam", Lack.SIGN_IN, id="who signed in before the question does so once more, typed or not"),
        pytest.param((STRANGER,), timedelta(), "", Lack.PUBLISHER, id="who signed in for it types the publisher's name"),
        pytest.param((ELSEWHERE,), A_MINUTE, "Acme", Lack.PUBLISHER, id="and no other name"),
        pytest.param((TWIN, STRANGER), A_MINUTE, "Fabrikam", Lack.NOTHING, id="who did both has said yes"),
    ],
)
def test_what_a_yes_lacks(found: tuple[Sign, ...], signed_in: timedelta, typed: str, lacks: Lack) -> None:
    assert lack(found, Yes(NOW + signed_in, NOW, typed), "Fabrikam") is lacks


@pytest.mark.parametrize(
    ("typed", "publisher", "is_it"),
    [
        ("Fabrikam Ltd", "Fabrikam Ltd", True),
        ("  fabrikam   ltd ", "Fabrikam Ltd.", True),
        ("Fabrikam Ldt", "Fabrikam Ltd", False),
        ("Fabrikam", "Fabrikam Ltd", False),
        ("", "Fabrikam Ltd", False),
        ("   ", "!", False),
        ("Müller & Söhne", "Müller & Söhne", True),
        ("Fabrikam" + " " * 300, "Fabrikam", False),
    ],
)
def test_whose_name_was_typed(typed: str, publisher: str, is_it: bool) -> None:
    assert named(typed, publisher) is is_it
