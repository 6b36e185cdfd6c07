"""Lists as files: no cell computes, every line can be read again, and the end says whether it is the end of the list."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gatebridge.rules import exported
from gatebridge.rules.exported import About, Style

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ABOUT = About("OAuth Usage", "Acme", "/setup/usage?q=a", ("Find: a",), NOON)
NAMES = ("name", "count", "at", "on", "scopes", "none")
# As it must stand in the file, to the byte.
GOLDEN = (
    "\ufeffname,count,at,on,scopes,none\r\n"
    "Ledger,3,2026-11-28T12:00:00Z,true,api; openid,\r\n"
    '"\'=1+1,""x""",-3,,false,\'-a; b,\r\n'
    '"two\r\nlines",0,,,,\r\n'
)
ROWS: tuple[tuple[object, ...], ...] = (
    ("Ledger", 3, NOON, True, ("api", "openid"), None),
    ('=1+1,"x"', -3, None, False, ["-a", "b"], None),
    ("two\r\nlines", 0, None, None, (), None),
)


def written(style: Style, *, cut: str = "") -> str:
    rows = "".join(exported.row(style, NAMES, row, first=not number) for number, row in enumerate(ROWS))
    return exported.begun(style, ABOUT, NAMES) + rows + exported.ended(style, cut)


class TestCells:
    @pytest.mark.parametrize("head", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
    def test_X_XS_07_a_text_that_would_be_computed_begins_with_an_apostrophe(self, head: str) -> None:
        assert exported.safe(f"{head}cmd|' /C calc'!A0") == f"'{head}cmd|' /C calc'!A0"

    @pytest.mark.parametrize(
        ("text", "shown"),
        [("x;=1+1;", "x;'=1+1;"), ("x\n@SUM(1)", "x\n'@SUM(1)"), ("=1;=2", "'=1;'=2"), ("a;-b;\uff1dc", "a;'-b;'\uff1dc")],
    )
    def test_X_XS_07_nor_does_what_is_left_of_it_where_semicolons_separate(self, text: str, shown: str) -> None:
        assert exported.safe(text) == shown

    @pytest.mark.parametrize("text", ["", "Ledger", " =1", "1+1", "a@b.example", "'quoted'", "X11; Linux; +http://a.example", "a;b\nc"])
    def test_any_other_text_stays_as_it_is(self, text: str) -> None:
        assert exported.safe(text) == text

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (None, ""),
            (True, "true"),
            (False, "false"),
            (-3, "-3"),  # a number computes nothing
            ("-3", "'-3"),
            (("=a", "b"), "'=a; b"),
            (Style.CSV, "csv"),
            (NOON.astimezone(timezone(timedelta(hours=1))), "2026-11-28T12:00:00Z"),
        ],
    )
    def test_a_value_is_told_so_that_a_program_knows_it_again(self, value: object, told: str) -> None:
        assert exported.cell(value) == told


class TestCsv:
    def test_X_XS_07_the_file_is_this_to_the_byte(self) -> None:
        assert written(Style.CSV) == GOLDEN

    def test_X_XS_07_it_is_read_back_cell_by_cell(self) -> None:
        read = list(csv.reader(io.StringIO(written(Style.CSV).removeprefix(exported.MARK), newline="")))
        assert read[1:] == [[exported.cell(value) for value in row] for row in ROWS]

    def test_a_file_that_is_cut_says_so_in_its_last_line(self) -> None:
        assert written(Style.CSV, cut="cut off after 3 rows") == f"{GOLDEN}(cut off after 3 rows)\r\n"


class TestJson:
    def test_it_says_what_it_is_and_that_it_is_all(self) -> None:
        read = json.loads(written(Style.JSON))
        rows = read.pop("rows")
        assert read == {
            "list": "OAuth Usage",
            "org": "Acme",
            "address": "/setup/usage?q=a",
            "filters": ["Find: a"],
            "at": "2026-11-28T12:00:00Z",
            "complete": True,
        }
        assert rows[0] == {
            "name": "Ledger",
            "count": 3,
            "at": "2026-11-28T12:00:00Z",
            "on": True,
            "scopes": ["api", "openid"],
            "none": None,
        }

    def test_text_stays_as_it_is(self) -> None:
        assert json.loads(written(Style.JSON))["rows"][1]["name"] == '=1+1,"x"'

    def test_an_empty_list_is_whole_too(self) -> None:
        assert json.loads(exported.begun(Style.JSON, ABOUT, NAMES) + exported.ended(Style.JSON, ""))["rows"] == []

    def test_one_that_is_cut_says_why(self) -> None:
        read = json.loads(written(Style.JSON, cut="the session ended"))
        assert (read["complete"], read["cut"]) == (False, "the session ended")


@pytest.mark.parametrize(
    ("org", "name", "told"),
    [
        ("Acme", "Setup Audit Trail", "acme-setup-audit-trail-2026-11-28.csv"),
        ('A/..\\"\r\nB', "x", "a-b-x-2026-11-28.csv"),
        ("日本", "x", "org-x-2026-11-28.csv"),
    ],
)
def test_a_file_is_named_in_plain_characters(org: str, name: str, told: str) -> None:
    assert exported.file_name(About(name, org, "", (), NOON), Style.CSV) == told
