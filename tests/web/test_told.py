"""How recorded moments are told to people."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gatebridge.web import told
from gatebridge.web.console.moments import Moments

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("ended 2026-11-24T08:40:00Z", "ended 24 Nov 2026, 08:40:00 UTC"),
        ("ended 2026-11-24T08:40:00.123456+00:00 by hand", "ended 24 Nov 2026, 08:40:00 UTC by hand"),
        ("Until 2026-11-28 00:00 UTC, 5 lines", "Until 28 Nov 2026, 00:00:00 UTC, 5 lines"),
        ("2026-13-01T00:00:00Z is no day", "2026-13-01T00:00:00Z is no day"),
        ("on 2026-11-24, or at 08:40 UTC", "on 2026-11-24, or at 08:40 UTC"),
    ],
)
def test_moments_in_what_was_recorded_are_told_as_people_tell_them(recorded: str, shown: str) -> None:
    assert told.read(recorded) == shown


def test_they_are_told_on_the_clocks_of_the_reader() -> None:
    berlin = Moments(NOW, ZoneInfo("Europe/Berlin"))
    assert berlin.read("Until 2026-11-28 00:00 UTC") == "Until 28 Nov 2026, 01:00:00 CET"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("ada@acme.example", "ada@<wbr>acme.example"),
        ("Meeting_Room_Screen", "Meeting_<wbr>Room_<wbr>Screen"),
        ("Ledger", "Ledger"),
        ("", ""),
        ("<b>@x", "&lt;b&gt;@<wbr>x"),
    ],
)
def test_a_name_breaks_behind_its_parts_and_nothing_in_it_is_markup(name: str, drawn: str) -> None:
    assert str(told.breakable(name)) == drawn
